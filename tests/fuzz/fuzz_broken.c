#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void fuzz_broken(const char *what)
{
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}
