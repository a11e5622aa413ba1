/* A PEM bundle as it lies on the disk. Every block that is told is inside its bound and decodes to fewer bytes than it had letters. */
#include "platform/pem.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct seen { size_t n, bytes; };

static void each(void *arg, struct slice der)
{
	struct seen *s = arg;
	uint8_t sum = 0;

	for (size_t i = 0; i < der.n; i++)       /* so that the sanitizer looks at every byte */
		sum = (uint8_t)(sum + (uint8_t)der.p[i]);
	s->n++;
	s->bytes += der.n + (sum & 0);
	if (der.n == 0 || der.n > PEM_DER_MAX)
		fuzz_broken("a certificate out of its bound");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static FILE *f;
	struct seen s = { 0, 0 };
	struct why why = { "" };
	uint64_t oversize = 0;
	enum kerr e;

	if (f == NULL && (f = tmpfile()) != NULL)
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	if (f == NULL || ftruncate(fileno(f), 0) != 0 || pwrite(fileno(f), data, size, 0) != (ssize_t)size)
		abort();
	e = pem_each(path, each, &s, &oversize, &why);
	if (e == KERR_OK ? s.n == 0 : why.text[0] == '\0')
		fuzz_broken("no certificate and no words");
	if (s.bytes > size)
		fuzz_broken("more bytes than there were letters");
	return 0;
}
