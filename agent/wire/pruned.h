/* pruned.h - one JSON answer of which little is wanted: pruned while it streams in, kept whole in the caller's room, then
 * read as a tree. For answers whose rest is secret (environment, commands) or long. */
#ifndef KEDGE_WIRE_PRUNED_H
#define KEDGE_WIRE_PRUNED_H

#include "agent/wire/json.h"
#include "agent/wire/prune.h"

struct pruned {
	struct prune prune;
	struct text kept;
};

/* list and room are borrowed; room[cap] holds what is kept, and is the caller's to zero when that is secret. */
void pruned_begin(struct pruned *p, const struct prune_list *list, char *room, size_t cap_bytes);
/* The next bytes, in any chunking. KERR_BAD_INPUT: no JSON; KERR_TOO_BIG: more is kept than the room holds. Both are final. */
enum kerr pruned_feed(struct pruned *p, struct slice bytes, struct why *why) KERR_CHECK;
/* The answer is whole: *root is an object on the arena. */
enum kerr pruned_end(struct pruned *p, struct arena *a, const cJSON **root, struct why *why) KERR_CHECK;

#endif
