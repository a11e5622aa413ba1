#include "agent/base/backoff.h"

uint64_t backoff_ms(uint32_t retry, uint64_t base_ms, uint64_t cap_ms, uint64_t random)
{
	uint64_t top = base_ms;

	for (; retry > 0 && top < cap_ms; retry--)
		top *= 2;
	if (top > cap_ms)
		top = cap_ms;
	/* 32 bits of the dice are plenty, and what is drawn from stays below 2^31 ms: the product fits */
	return (top * (random >> 32)) >> 32;
}

uint64_t backoff_obey(uint64_t delay_ms, uint64_t asked_ms)
{
	if (asked_ms <= delay_ms)
		return delay_ms;
	return asked_ms < delay_ms + BACKOFF_OBEYED_MS ? asked_ms : delay_ms + BACKOFF_OBEYED_MS;
}

bool backoff_take(struct backoff *b, uint32_t tokens)
{
	if (b->spent + tokens > BACKOFF_TOKENS)
		return false;
	b->spent += tokens;
	b->last = tokens;
	return true;
}

void backoff_refund(struct backoff *b)
{
	uint32_t back = b->last != 0 ? b->last : 1;

	b->spent -= back < b->spent ? back : b->spent;
	b->last = 0;
}
