/* capture.h - reads a recorded file below tests/captures/wire, wherever the tests are run from. */
#ifndef KEDGE_TEST_CAPTURE_H
#define KEDGE_TEST_CAPTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/str.h"

#ifndef KEDGE_SRCDIR
#define KEDGE_SRCDIR "."
#endif

/* The whole file, in memory that lasts; a test without its captures must not pass, so it ends here. */
static inline struct slice capture(const char *name)
{
	static char pool[2 * 1024 * 1024];
	static size_t used;
	const char *root = getenv("KEDGE_SRCDIR");
	char path[512], *buf = pool + used;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/captures/wire/%s", root != NULL ? root : KEDGE_SRCDIR, name);
	f = fopen(path, "rb");
	n = f == NULL ? 0 : fread(buf, 1, sizeof(pool) - used, f);
	if (f == NULL || ferror(f) || !feof(f) || n == 0) {
		printf("Bail out! %s cannot be read whole\n", path);
		exit(1);
	}
	fclose(f);
	used += n;
	return (struct slice){ buf, n };
}

#endif
