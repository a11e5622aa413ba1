/* gate_keys.h - the AWS keys: read from where the settings say, or fetched by a process that lives for one answer; signed with
 * here, and never told. */
#ifndef KEDGE_GATE_KEYS_H
#define KEDGE_GATE_KEYS_H

#include "agent/gate/talk.h"

struct gate;

struct gate_keys {
	struct credentials now, incoming, refused;
	bool have;
	struct sigv4_key key;            /* derived from now */
	int fetch_fd;                    /* to the process that fetches; -1: none */
	int fetch_pid;
	char work[SIGV4_WORK];
};

/* ASK_KEYS_*. */
void gate_keys_ask(struct gate *g, const struct ask *q, struct answer *a);
/* ASK_SIGN: an operation on the list, and one that changes something only as gate_permit.h lets it. */
void gate_sign_ask(struct gate *g, const struct ask *q, struct slice body, struct answer *a);
/* A fetch whose worker has ended is of no use. */
void gate_keys_forget(struct gate *g);
void gate_keys_wipe(struct gate *g);

#endif
