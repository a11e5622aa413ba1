#include "agent/cmd/say.h"

#include <stdarg.h>

int (say_to)(FILE *to, const char *format, ...)
{
	char buf[PACKED_MAX];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vfprintf(to, packed_format(buf, format), ap);
	va_end(ap);
	return n;
}
