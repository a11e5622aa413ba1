/* view_byhand.h - members that say what a person can do by hand, made from the state of the core. */
#ifndef KEDGE_WIRE_VIEW_BYHAND_H
#define KEDGE_WIRE_VIEW_BYHAND_H

#include "agent/core/state.h"
#include "agent/wire/iam.h"
#include "agent/wire/json.h"

/* What the node knows of its names in IAM's policies; service NONE: none of them. Borrowed from the core. */
void view_iam_names(const struct core *c, int32_t service, struct iam_names *out);

/* Members of an object: "command", what a person can run when kedge may or can not act (null: nothing), "command_note",
 * what is known of where it leads, and "pin_commands", what starts the recorded digests where a tag may have changed.
 * For the state the service's rollback is in, or for going to family:revision by UpdateService. */
void view_by_hand(const struct core *c, uint32_t service, struct jw *w);
void view_by_update(const struct core *c, uint32_t service, const char *family, uint32_t revision, struct jw *w);
/* "statement": what would allow what AWS denied of the deploy that has just ended; null: it denied nothing, or none helps. */
void view_denied_deploy(const struct core *c, struct jw *w);

#endif
