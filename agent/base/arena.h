/* arena.h - a bump allocator on the caller's buffer: one request, one arena, one reset. */
#ifndef KEDGE_BASE_ARENA_H
#define KEDGE_BASE_ARENA_H

#include <stddef.h>

struct arena {
	char *base;
	size_t cap, used;
	size_t high;        /* most bytes ever used: the figure the bound is chosen from */
	size_t refused;     /* allocations that did not fit since the start */
};

/* buf is borrowed for the arena's life. */
void arena_init(struct arena *a, void *buf, size_t cap_bytes);
/* n bytes aligned for any object, uninitialised; NULL (and counted) when they do not fit. */
void *arena_take(struct arena *a, size_t n_bytes);
/* Forgets everything taken since the mark that arena_mark returned; 0 empties it. */
size_t arena_mark(const struct arena *a);
void arena_reset(struct arena *a, size_t mark);

#endif
