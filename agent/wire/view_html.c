/* The one way text comes onto the page. */
#include "agent/wire/view_parts.h"

#include <stdarg.h>

/* Nothing but these two begins anything in text, or in a quoted attribute of ours. */
static void escaped(struct text *t, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '&' || *s == '<')
			text_packed(t, *s == '&' ? PACKED("&amp;") : PACKED("&lt;"));
		else
			text_c(t, (unsigned char)*s < ' ' || *s == 0x7f ? ' ' : *s);
	}
}

void (view_html)(struct text *t, const char *form, ...)
{
	struct packed_at at = packed_on((const struct packed *)form);
	va_list args;

	va_start(args, form);
	for (char c; (c = packed_next(&at)) != '\0';) {
		if (c == '%')
			escaped(t, va_arg(args, const char *));
		else if (c == '#')
			text_u64(t, (uintptr_t)va_arg(args, const void *));
		else
			text_c(t, c);
	}
	va_end(args);
}
