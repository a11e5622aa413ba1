#include "agent/base/arena.h"

#include <stdalign.h>
#include <stdint.h>

void arena_init(struct arena *a, void *buf, size_t cap_bytes)
{
	*a = (struct arena){ .base = buf, .cap = cap_bytes };
}

void *arena_take(struct arena *a, size_t n_bytes)
{
	const size_t align = alignof(max_align_t);
	size_t skew = (size_t)((uintptr_t)(a->base + a->used) % align);
	size_t pad = skew == 0 ? 0 : align - skew;

	if (pad > a->cap - a->used || n_bytes > a->cap - a->used - pad) {
		a->refused++;
		return NULL;
	}
	a->used += pad + n_bytes;
	if (a->used > a->high)
		a->high = a->used;
	return a->base + a->used - n_bytes;
}

size_t arena_mark(const struct arena *a)
{
	return a->used;
}

void arena_reset(struct arena *a, size_t mark)
{
	if (mark <= a->used)
		a->used = mark;
}
