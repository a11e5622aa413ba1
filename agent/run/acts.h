/* acts.h - the acting verbs: what a person asks for, audited with the uid the kernel vouches for. */
#ifndef KEDGE_RUN_ACTS_H
#define KEDGE_RUN_ACTS_H

#include "agent/core/event.h"
#include "platform/unixsock.h"

struct node;

/* Tells the core, and answers the connection with what became of it. what: a service, or an id like "r3";
 * for_ms: of a hold. */
void acts_do(struct node *n, uint32_t connection, const struct unixsock_peer *peer, enum op_verb verb, struct slice what,
	     uint64_t for_ms);
/* What a rollback of that service would send, and that nothing is sent. */
void acts_dry_run(struct node *n, uint32_t connection, struct slice service);

#endif
