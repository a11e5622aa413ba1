/* backoff.h - when a call that did not get through is tried again: full jitter, a quota of retries, the server's own word.
 * Figures: the AWS SDKs' standard retry mode ("2026" form). Pure; the dice are the caller's. */
#ifndef KEDGE_BASE_BACKOFF_H
#define KEDGE_BASE_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BACKOFF_TOKENS = 500,            /* the whole quota */
	BACKOFF_TRANSIENT = 14,          /* tokens of a retry after a lost answer or a 5xx ... */
	BACKOFF_THROTTLED = 5,           /* ... and after a throttle */
	BACKOFF_ATTEMPTS = 3,            /* of one call that changes something, the first included */
	BACKOFF_TRANSIENT_MS = 50, BACKOFF_THROTTLED_MS = 1000, BACKOFF_CAP_MS = 20000,
	BACKOFF_OBEYED_MS = 5000         /* so much longer than drawn a server may ask to wait */
};

struct backoff { uint32_t spent, last; };/* tokens taken and not given back; those of the newest retry. Zero: the whole quota */

/* min(cap, base * 2^retry) milliseconds, times random / 2^64; retry counts from 0. */
uint64_t backoff_ms(uint32_t retry, uint64_t base_ms, uint64_t cap_ms, uint64_t random);
/* The drawn delay, or what the server asked for (0: nothing) within [delay, delay + 5 s]. */
uint64_t backoff_obey(uint64_t delay_ms, uint64_t asked_ms);
/* Takes tokens for a retry; false, and nothing taken: the quota does not hold them. */
bool backoff_take(struct backoff *b, uint32_t tokens);
/* A call got through: gives back what its retry took, or one token when it needed none. */
void backoff_refund(struct backoff *b);

#endif
