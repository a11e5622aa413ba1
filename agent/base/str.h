/* str.h - text without surprises: slices that know their length, and a bounded writer.
 * Nothing here allocates, reads the locale or needs more of libc than memcpy, memcmp, memmove,
 * memset and strlen, so that agent/core may use all of it. */
#ifndef KEDGE_BASE_STR_H
#define KEDGE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/packed.h"

/* A borrowed run of bytes; not NUL-terminated; p may be NULL when n is 0. */
struct slice {
	const char *p;
	size_t n;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

struct slice slice_of(const char *s);                          /* s NUL-terminated, or NULL = empty */
bool slice_eq(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *s);
bool slice_starts(struct slice a, const char *prefix);
bool slice_ends(struct slice a, const char *suffix);
/* Position of the first (last) occurrence of needle, or SIZE_MAX. */
size_t slice_find(struct slice hay, const char *needle);
size_t slice_rfind(struct slice hay, const char *needle);
/* The same, ASCII letters compared without regard to case. */
size_t slice_find_nocase(struct slice hay, const char *needle);
struct slice slice_from(struct slice a, size_t from);          /* past the end = empty */
struct slice slice_to(struct slice a, size_t to);
struct slice slice_trim(struct slice a);                       /* blanks, tabs, CR and LF at both ends */
/* Takes the bytes up to sep off the front of *rest (and sep itself); false when nothing is left. */
bool slice_next(struct slice *rest, char sep, struct slice *part);

/* FNV-1a, 64 bits: to know a text again without keeping it. */
uint64_t slice_hash(struct slice a);

/* Decimal, whole slice, no sign for u64; false on anything else or overflow. */
bool slice_u64(struct slice a, uint64_t *out);
bool slice_i64(struct slice a, int64_t *out);

/* The text behind the NUL of this one, in a literal that holds several: a pointer less for each. */
const char *str_behind(const char *s);
bool str_eq(const char *a, const char *b);                     /* both NUL-terminated, not NULL */
/* Copies into dst[cap] with its NUL; false, and dst left empty, when it does not fit. */
bool str_put(char *dst, size_t cap, struct slice src);
/* Copies what fits, always NUL-terminated; true when something was cut. For text meant for people. */
bool str_cut(char *dst, size_t cap, struct slice src);

/* ASCII classes that ignore the locale. */
bool ch_digit(char c);
bool ch_alnum(char c);
char ch_lower(char c);

/* A bounded writer. Once something did not fit, `full` stays set and nothing more is written;
 * p is NUL-terminated whenever cap > 0. */
struct text {
	char *p;
	size_t cap, len;
	bool full;
};

struct text text_on(char *buf, size_t cap);
void text_c(struct text *t, char c);
void text_s(struct text *t, const char *s);
void text_slice(struct text *t, struct slice s);
void text_packed(struct text *t, const struct packed *words);
bool packed_is(const struct packed *words, struct slice s);       /* the same text? */
#define text_say(t, literal) text_packed(t, PACKED(literal))
void text_u64(struct text *t, uint64_t v);
void text_i64(struct text *t, int64_t v);
void text_u64_pad(struct text *t, uint64_t v, unsigned digits); /* zero-padded */
void text_hex(struct text *t, const uint8_t *bytes, size_t n);  /* lower case */
void text_base64(struct text *t, struct slice bytes);            /* RFC 4648 section 4, with padding */
void text_percent_decoded(struct text *t, struct slice s);       /* %XX of a URL; what is no such code stays as it is */
struct slice text_get(const struct text *t);

#endif
