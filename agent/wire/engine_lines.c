#include "agent/wire/engine_lines.h"

#include <string.h>

void engine_lines_init(struct engine_lines *l, char *buf, size_t cap_bytes)
{
	*l = (struct engine_lines){ .buf = buf, .cap = cap_bytes };
}

/* Keeps a piece of an unfinished line; too long: from here on the line is only waited out. */
static void hold(struct engine_lines *l, struct slice piece)
{
	if (l->skipping)
		return;
	if (piece.n > l->cap - l->len) {
		l->skipping = true;
		l->oversize++;
		l->len = 0;
		return;
	}
	if (piece.n > 0)
		memcpy(l->buf + l->len, piece.p, piece.n);
	l->len += piece.n;
}

/* The line that `piece` completes; empty when there is none to tell. */
static struct slice complete(struct engine_lines *l, struct slice piece)
{
	struct slice line = piece;

	if (l->len > 0 || l->skipping || piece.n > l->cap) {
		hold(l, piece);
		line = (struct slice){ l->buf, l->len };
	}
	l->len = 0;
	l->skipping = false;
	return slice_trim(line);
}

bool engine_lines_next(struct engine_lines *l, struct slice *in, struct slice *line)
{
	while (in->n > 0) {
		const char *newline = memchr(in->p, '\n', in->n);
		size_t n = newline == NULL ? in->n : (size_t)(newline - in->p);
		struct slice piece = slice_to(*in, n);

		*in = slice_from(*in, newline == NULL ? n : n + 1);
		if (newline == NULL) {
			hold(l, piece);
			return false;
		}
		*line = complete(l, piece);
		if (line->n > 0)
			return true;
	}
	return false;
}
