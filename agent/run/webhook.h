/* webhook.h - each notice as a JSON POST to [report] webhook, in order, one at a time, again until it is taken: 1 s to 5 min
 * apart. With webhook_secret each carries "X-Kedge-Signature: sha256=HEX", the HMAC of the body. */
#ifndef KEDGE_RUN_WEBHOOK_H
#define KEDGE_RUN_WEBHOOK_H

#include "agent/run/outbox.h"
#include "platform/http.h"

struct node;

enum { WEBHOOK_BODY_MAX = 24 * 1024, WEBHOOK_ANSWER_MAX = 1024 };

struct webhook {
	struct outbox out;
	bool busy;
	struct notice doing;
	uint32_t tries;                  /* that failed since one was taken */
	uint64_t next_ms;                /* not before that */
	uint64_t sent, failed;           /* POSTs, over the daemon's life */
	char body[WEBHOOK_BODY_MAX], answer[WEBHOOK_ANSWER_MAX];
};

/* Once a turn: sends the next one, if it is time. */
void webhook_tick(struct node *n);
/* When that will be, boot clock in ms; UINT64_MAX: nothing waits. */
uint64_t webhook_due(const struct node *n);
/* The line is another: what waits is tried at once. */
void webhook_again(struct node *n);

#endif
