/* Dice, time, and the one ordered queue of everything that will happen. */
#include "tests/swarm/parts.h"

#include <stdarg.h>

uint64_t swarm_dice(struct swarm *w, uint64_t below)
{
	uint64_t z = w->rng += UINT64_C(0x9E3779B97F4A7C15);   /* splitmix64 (Steele, Lea, Flood 2014) */

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	z ^= z >> 31;
	return below == 0 ? 0 : z % below;
}

uint64_t swarm_between(struct swarm *w, uint64_t from, uint64_t to) { return from + swarm_dice(w, to - from + 1); }
bool swarm_chance(struct swarm *w, uint32_t percent) { return swarm_dice(w, 100) < percent; }
int64_t swarm_true_unix_ms(uint64_t ms) { return SWARM_UNIX_MS + (int64_t)ms; }
int64_t swarm_wall_ms(const struct swarm_node *n) { return swarm_true_unix_ms(n->w->now_ms) + n->wall_error_ms; }

static bool before(const struct swarm_item *a, const struct swarm_item *b)
{
	return a->ms < b->ms || (a->ms == b->ms && a->order < b->order);
}

static void push(struct swarm *w, uint64_t ms, uint32_t node, enum happening what, uint32_t a, uint32_t b)
{
	struct swarm_item item = { w->now_ms + ms, w->order++, a, b, (uint8_t)node, what };
	uint32_t at = w->queued;

	if (w->queued == SWARM_QUEUE) {
		swarm_broke(w, "the world's queue is full");
		return;
	}
	w->queued++;
	for (; at > 0 && before(&item, &w->queue[(at - 1) / 2]); at = (at - 1) / 2)
		w->queue[at] = w->queue[(at - 1) / 2];
	w->queue[at] = item;
}

void swarm_later(struct swarm *w, uint64_t ms, enum happening what, uint32_t a, uint32_t b)
{
	push(w, ms, 0, what, a, b);
}

void swarm_later_at(struct swarm_node *n, uint64_t ms, enum happening what, uint32_t a, uint32_t b)
{
	push(n->w, ms, n->at, what, a, b);
}

uint64_t swarm_next_ms(const struct swarm *w)
{
	return w->queued == 0 ? UINT64_MAX : w->queue[0].ms;
}

bool swarm_pop(struct swarm *w, uint64_t until_ms, struct swarm_item *out)
{
	struct swarm_item last;
	uint32_t at = 0, child;

	if (swarm_next_ms(w) > until_ms)
		return false;
	*out = w->queue[0];
	last = w->queue[--w->queued];
	for (; (child = at * 2 + 1) < w->queued; at = child) {
		child += child + 1 < w->queued && before(&w->queue[child + 1], &w->queue[child]);
		if (before(&last, &w->queue[child]))
			break;
		w->queue[at] = w->queue[child];
	}
	w->queue[at] = last;
	return true;
}

void swarm_say(struct swarm *w, const char *format, ...)
{
	va_list args;

	if (!w->verbose)
		return;
	printf("# [%2u:%02u:%06.3f] ", (unsigned)(w->now_ms / SWARM_HOUR), (unsigned)(w->now_ms / SWARM_MIN % 60),
	       (double)(w->now_ms % SWARM_MIN) / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void swarm_broke(struct swarm *w, const char *format, ...)
{
	va_list args;

	if (w->broken[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(w->broken, sizeof(w->broken), format, args);
	va_end(args);
	swarm_say(w, "BROKEN: %s", w->broken);
}
