/* log_fields.h - one log line as named fields: logfmt as Go programs write it, or a flat JSON object.
 * Facts: amazon-ecs-agent ecs-agent/logger (log.go, format.go): keys in random order, strings in Go's %q, other
 * values bare and possibly with blanks; in JSON, too, msg is written with %q, so \x1b and \a can occur. */
#ifndef KEDGE_WIRE_LOG_FIELDS_H
#define KEDGE_WIRE_LOG_FIELDS_H

#include "agent/base/err.h"
#include "agent/base/str.h"

enum { LOG_FIELDS_MAX = 48 };   /* fields of a line; more: KERR_TOO_BIG */

struct log_field { struct slice key, value; };

struct log_fields {
	size_t n;
	struct log_field field[LOG_FIELDS_MAX];
};

/* Values with escapes are decoded into scratch[cap] (never longer than the line), the others point into line.
 * A bare value of several words ends where " key=" follows. KERR_BAD_INPUT names the byte; KERR_TOO_BIG. */
KERR_CHECK enum kerr log_fields_parse(struct log_fields *f, struct slice line, char *scratch, size_t cap, struct why *why);
/* The value of the first field so named; p is NULL when there is none. */
struct slice log_fields_get(const struct log_fields *f, const char *key);
/* A value whose quotes were left behind: its escapes (Go's %q, JSON) taken out, into scratch where *value points.
 * KERR_BAD_INPUT: an escape that is none; KERR_TOO_BIG: it does not fit cap. */
KERR_CHECK enum kerr log_fields_unescape(struct slice raw, char *scratch, size_t cap, struct slice *value, struct why *why);

#endif
