/* gate_keys.h - the AWS keys: read from where the settings say, or fetched by a process that lives for one answer; signed with
 * here, and never told. */
#ifndef KEDGE_GATE_KEYS_H
#define KEDGE_GATE_KEYS_H

#include <sys/types.h>

#include "agent/gate/talk_news.h"

struct gate;

struct gate_keys {
	struct credentials now, incoming;
	bool have;
	bool any_refused;
	uint8_t refused[SIGV4_HASH];     /* what is known of those AWS refused last */
	struct sigv4_key key;            /* derived from now */
	pid_t fetch_pid;                 /* the process that fetches; 0: none, and the members down to fetching say nothing */
	bool fetch_ended;                /* its end has been taken: the number may be another's by now */
	int fetch_fd, fetch_timer_fd;    /* from it; ends its time */
	struct talk_keys fetching;       /* what was asked */
	bool untold;                     /* there was no room for: */
	struct news news;
	char work[SIGV4_WORK];
};

/* ASK_KEYS_*. Answers of a fetch come as NEWS_KEYS. */
void gate_keys_ask(struct gate *g, const struct ask *q, struct answer *a);
/* ASK_SIGN: an operation on the list, and one that changes something only as gate_permit.h lets it. */
void gate_sign_ask(struct gate *g, const struct ask *q, struct slice body, struct answer *a);
/* A fetch whose worker has ended is of no use. */
void gate_keys_forget(struct gate *g);
/* Some process of this one's has ended (SIGCHLD). */
void gate_keys_ended(struct gate *g, pid_t pid);
void gate_keys_wipe(struct gate *g);

/* What signing hashes with. */
extern const struct sigv4_hash gate_hash;

#endif
