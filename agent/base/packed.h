/* packed.h - kedge's own texts at about half their bytes. In what is shipped, packaging/pack stands between preprocessor and
 * compiler and rewrites the literal that stands behind PACKED_FORMAT, if one does: each byte that no text has (a control
 * byte, or 0x80 and above) stands for a part of a text that many have, like "the " or "Service"; packed_parts.h lists them.
 * Every other build (sanitizers, clang, analyzers, fuzz) compiles the texts as they are, and there the compiler checks formats.
 * Plain ASCII is its own packed form, so a packed text needs no mark, and only what is known to be one may be unpacked:
 * it has a type of its own, or is the format of a function below whose name is a macro, too. */
#ifndef KEDGE_BASE_PACKED_H
#define KEDGE_BASE_PACKED_H

#include <stddef.h>
#include <stdint.h>

/* A text of ours that text_packed() and its like print; made by PACKED only. */
struct packed;

#ifdef KEDGE_PACKED
#define PACKED_FORMAT kedge_pack
#else
#define PACKED_FORMAT
#endif
/* Of a literal; PACKED_TEXT is the same as const char *, to stand beside other literals. */
#define PACKED_TEXT(literal) PACKED_FORMAT "" literal
#define PACKED(literal)      ((const struct packed *)(PACKED_TEXT(literal)))

enum { PACKED_MAX = 384 };       /* bytes of a format with its NUL */

/* Where a reader stands in a packed text. */
struct packed_at {
	const char *p;
	const char *part;                /* the rest of what a byte stands for; NULL: the next byte has to be looked at */
};

struct packed_at packed_on(const struct packed *text);
/* The next byte of the text; 0 at its end, again and again. */
char packed_next(struct packed_at *at);
/* All of it, cut to cap - 1 bytes, with a NUL; returns dst. cap > 0. */
const char *packed_copy(char *dst, size_t cap, const struct packed *text);
/* A format as vsnprintf takes it, or a name as it is compared: in buf where it was packed. */
const char *packed_format(char buf[PACKED_MAX], const char *format) __attribute__((format_arg(2)));

#endif
