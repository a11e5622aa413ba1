#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

uint8_t fuzz_byte(struct slice *in)
{
	uint8_t v = in->n > 0 ? (uint8_t)in->p[0] : 0;

	*in = slice_from(*in, 1);
	return v;
}

void fuzz_text(const char *p, size_t cap, const char *what)
{
	for (size_t i = 0; i < cap; i++) {
		if (p[i] == '\0')
			return;
		if ((unsigned char)p[i] < ' ' || p[i] == 127)
			fuzz_broken(what);
	}
	fuzz_broken(what);
}

struct fuzz_pieces fuzz_pieces(struct slice *in)
{
	struct fuzz_pieces p;

	for (size_t i = 0; i < sizeof(p.size); i++)
		p.size[i] = fuzz_byte(in) & 63;
	return p;
}

/* A copy of its own, so that the sanitizer sees each byte read past its end. */
static enum kerr one(struct slice part, enum kerr (*feed)(void *arg, struct slice part), void *arg)
{
	char *copy = malloc(part.n > 0 ? part.n : 1);
	enum kerr e;

	if (copy == NULL)
		abort();
	if (part.n > 0)
		memcpy(copy, part.p, part.n);
	e = feed(arg, (struct slice){ copy, part.n });
	free(copy);
	return e;
}

enum kerr fuzz_feed(const struct fuzz_pieces *p, struct slice text, enum kerr (*feed)(void *arg, struct slice part), void *arg)
{
	enum kerr e = KERR_OK;
	size_t turn = 0;

	if (p == NULL)
		return one(text, feed, arg);
	while (text.n > 0 && e == KERR_OK) {
		size_t n = p->size[turn++ % sizeof(p->size)];

		if (n == 0)
			e = one(slice_to(text, 0), feed, arg);
		n = n > 0 ? n : 1;
		if (e == KERR_OK)
			e = one(slice_to(text, n), feed, arg);
		text = slice_from(text, n);
	}
	return e;
}
