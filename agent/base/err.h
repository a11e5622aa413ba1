/* err.h - what went wrong, as a kind the caller can act on plus one sentence for people. */
#ifndef KEDGE_BASE_ERR_H
#define KEDGE_BASE_ERR_H

#include "agent/base/packed.h"

enum kerr {
	KERR_OK,
	KERR_AGAIN,      /* not now: the same call may succeed later */
	KERR_REFUSED,    /* the peer is there and said no (connection refused, 4xx) */
	KERR_DENIED,     /* permission: file mode, IAM, authentication */
	KERR_GONE,       /* the thing asked for does not exist (any more) */
	KERR_BAD_INPUT,  /* bytes that do not parse; why names file, line or field */
	KERR_TOO_BIG,    /* a bound of limits.h or of the caller was passed */
	KERR_NOSPACE,    /* disk full or read-only */
	KERR_TIMEOUT,    /* nothing came within the time given */
	KERR_UNREACHABLE,/* no route, DNS, connect or TLS failed before the peer could answer */
	KERR_IO,         /* any other failure of the operating system */
	KERR_KINDS
};

#define KERR_CHECK __attribute__((warn_unused_result))

/* The text is written once, where the failure is seen, and only travels afterwards. */
struct why {
	char text[240];
};

/* Stable lower-case name of a kind, for logs and JSON; never NULL. */
const char *kerr_name(enum kerr kind);

/* Writes a formatted sentence into why (NULL allowed), cut at its end; returns kind, so that
 * `return why_set(why, KERR_IO, ...)` is the usual form. */
enum kerr why_set(struct why *why, enum kerr kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define why_set(why, kind, ...) why_set(why, kind, PACKED_FORMAT __VA_ARGS__)

#endif
