#include "agent/base/packed.h"

#ifdef KEDGE_PACKED

enum { RAW = 1 };                        /* the next byte stands for itself */

/* By the byte less 0x80, modulo 256; {0, 0}: it is not a pair. */
static const uint8_t pairs[][2] = {
#include "agent/base/packed_pairs.h"
};

static char unpacked(struct packed_at *at, uint8_t byte)
{
	for (;;) {
		uint8_t i = (uint8_t)(byte - 0x80);

		if (i >= sizeof(pairs) / sizeof(pairs[0]) || pairs[i][0] == 0 || at->n == PACKED_DEPTH)
			return (char)byte;
		at->later[at->n++] = pairs[i][1];
		byte = pairs[i][0];
	}
}

char packed_next(struct packed_at *at)
{
	if (at->n > 0)
		return unpacked(at, at->later[--at->n]);
	if (*at->p != RAW)
		return *at->p == '\0' ? '\0' : unpacked(at, (uint8_t)*at->p++);
	at->p++;
	return *at->p == '\0' ? '\0' : *at->p++;
}

const char *packed_format(char buf[PACKED_MAX], const char *format)
{
	return packed_copy(buf, PACKED_MAX, (const struct packed *)format);
}

#else

char packed_next(struct packed_at *at)
{
	return *at->p == '\0' ? '\0' : *at->p++;
}

const char *packed_format(char buf[PACKED_MAX], const char *format)
{
	(void)buf;
	return format;
}

#endif

struct packed_at packed_on(const struct packed *text)
{
	return (struct packed_at){ .p = (const char *)text };
}

const char *packed_copy(char *dst, size_t cap, const struct packed *text)
{
	struct packed_at at = packed_on(text);
	size_t n = 0;

	do
		dst[n] = n + 1 < cap ? packed_next(&at) : '\0';
	while (dst[n++] != '\0');
	return dst;
}
