#include "agent/base/packed.h"

#include <stdbool.h>

#ifdef KEDGE_PACKED

#include "agent/base/packed_parts.h"

#define LAST 0x80                        /* set in the last letter of a part */

enum { RAW = 1, PARTS = 160 };           /* the next byte stands for itself */

static const char *part_of(uint8_t byte)
{
	unsigned i = (uint8_t)(byte - 0x80);
	const char *p = parts + part_at[i / 16];

	for (i %= 16; i > 0; p++)
		i -= (*p & LAST) != 0;
	return p;
}

static bool stands_for_part(uint8_t byte)
{
	return (uint8_t)(byte - 0x80) < PARTS;
}

char packed_next(struct packed_at *at)
{
	char c;

	if (at->part == NULL) {
		if (*at->p == RAW)
			at->p++;
		else if (stands_for_part((uint8_t)*at->p) && *at->p != '\0')
			at->part = part_of((uint8_t)*at->p++);
		if (at->part == NULL)
			return *at->p == '\0' ? '\0' : *at->p++;
	}
	c = *at->part++;
	if ((c & LAST) != 0)
		at->part = NULL;
	return (char)(c & ~LAST);
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
