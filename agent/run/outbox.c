#include "agent/run/outbox.h"

#include <string.h>

#include "agent/base/backoff.h"
#include "platform/crypto.h"

enum { FIRST_MS = 2000, CAP_MS = 300000 };

static void remove_first(struct outbox *o)
{
	o->n--;
	memmove(o->item, o->item + 1, o->n * sizeof(o->item[0]));
}

static bool waits(const struct outbox *o, struct notice n)
{
	for (uint32_t i = 0; i < o->n; i++)
		if (o->item[i].kind == n.kind && o->item[i].what == n.what)
			return true;
	return false;
}

void outbox_put(struct outbox *o, struct notice n)
{
	if (waits(o, n)) {
		o->folded++;
		return;
	}
	if (o->n == OUTBOX_MAX) {
		o->dropped++;
		remove_first(o);
	}
	o->item[o->n++] = n;
}

bool outbox_take(struct outbox *o, const struct core *c, struct notice *out)
{
	while (o->n > 0) {
		*out = o->item[0];
		remove_first(o);
		if (notice_stands(c, *out))
			return true;
		o->dropped++;
	}
	return false;
}

void outbox_back(struct outbox *o, struct notice n)
{
	if (waits(o, n)) {
		o->folded++;
		return;
	}
	if (o->n == OUTBOX_MAX) {
		o->dropped++;   /* it would be the oldest */
		return;
	}
	memmove(o->item + 1, o->item, o->n * sizeof(o->item[0]));
	o->item[0] = n;
	o->n++;
}

uint64_t outbox_wait_ms(uint32_t tries, uint64_t asked_ms)
{
	uint64_t dice = 0, ms;

	if (crypto_random_u64(&dice, NULL) != KERR_OK)
		dice = UINT64_MAX / 2;
	ms = FIRST_MS / 2 + backoff_ms(tries, FIRST_MS, CAP_MS - FIRST_MS / 2, dice);
	return asked_ms > ms ? asked_ms : ms;
}
