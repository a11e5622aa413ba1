/* acts.h - the acting verbs: what a person asks for, audited with the uid the kernel vouches for. */
#ifndef KEDGE_RUN_ACTS_H
#define KEDGE_RUN_ACTS_H

#include "agent/core/event.h"
#include "platform/unixsock.h"

struct node;

/* Each tells the core, and answers the connection with what became of it. what: a service, or an id like "r3"; for_ms:
 * of a hold. confirm of a rollback that is UpdateService, and rollback --to, need allow_update_service = yes: else exit
 * 4 and the command for a person's own credentials. */
void acts_do(struct node *n, uint32_t connection, const struct unixsock_peer *peer, enum op_verb verb, struct slice what,
	     uint64_t for_ms);
/* seen: "SERVICE DEPLOYMENT|- FAMILY:REV|-", what is confirmed as whoever confirms has seen it; refused if it is another by now. */
void acts_confirm(struct node *n, uint32_t connection, const struct unixsock_peer *peer, struct slice what, struct slice seen);
/* how: "", "to FAMILY:REVISION", and behind either "dry-run": then the request is shown as it would be sent, with the
 * same as an aws command, and nothing is told to anybody. */
void acts_rollback(struct node *n, uint32_t connection, const struct unixsock_peer *peer, struct slice service,
		   struct slice how);
/* how: "to FAMILY:REVISION", behind it "force" and "dry-run". It is answered when it has come to its end, by acts_deployed;
 * refused at once where policy does not allow it, and while another one is under way. */
void acts_deploy(struct node *n, uint32_t connection, const struct unixsock_peer *peer, struct slice service,
		 struct slice how);
/* ACT_DEPLOYED: whoever asked is told what became of it. */
void acts_deployed(struct node *n);

#endif
