/* outbox.h - what one channel still has to tell. Bounded: a consumer that is slow or dead costs nothing but its own news.
 * What waits and is told again is told once, as it then stands. */
#ifndef KEDGE_RUN_OUTBOX_H
#define KEDGE_RUN_OUTBOX_H

#include "agent/wire/notice.h"

enum { OUTBOX_MAX = 32 };                /* full: the oldest goes, counted */

struct outbox {
	struct notice item[OUTBOX_MAX];  /* oldest first */
	uint32_t n;
	uint64_t folded, dropped;        /* over the daemon's life */
};

void outbox_put(struct outbox *o, struct notice n);
/* The oldest one that still stands, taken out; false: nothing waits. What no longer stands is dropped, counted. */
bool outbox_take(struct outbox *o, const struct core *c, struct notice *out);
/* Puts one that was taken back to the front: it could not be told yet. */
void outbox_back(struct outbox *o, struct notice n);
/* How long a channel waits before it tries its consumer again, after so many tries: drawn between 1 s and a bound that doubles
 * from 2 s to 5 min, and not less than the consumer asked for (0: nothing). */
uint64_t outbox_wait_ms(uint32_t tries, uint64_t asked_ms);

#endif
