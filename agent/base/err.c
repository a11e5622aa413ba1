#include "agent/base/err.h"

#include <stdarg.h>
#include <stdio.h>

const char *kerr_name(enum kerr kind)
{
	static const char *const names[] = {
		"ok", "again", "refused", "denied", "gone", "bad-input", "too-big",
		"no-space", "timeout", "unreachable", "io",
	};
	_Static_assert(sizeof(names) / sizeof(names[0]) == KERR_KINDS, "a name for each kind");

	return (unsigned)kind < KERR_KINDS ? names[kind] : "unknown";
}

enum kerr (why_set)(struct why *why, enum kerr kind, const char *fmt, ...)
{
	char buf[PACKED_MAX];
	va_list ap;

	if (why == NULL)
		return kind;
	va_start(ap, fmt);
	(void)vsnprintf(why->text, sizeof(why->text), packed_format(buf, fmt), ap);
	va_end(ap);
	return kind;
}
