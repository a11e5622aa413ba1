/* fuzz.h - what every fuzz target offers and gets. A target is one file tests/fuzz/fuzz_NAME.c with the libFuzzer entry; its
 * corpus is tests/fuzz/corpus/NAME/. */
#ifndef KEDGE_TESTS_FUZZ_H
#define KEDGE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Never keeps what it is given; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what must never be and ends the process, so that the fuzzer keeps the input. */
void fuzz_broken(const char *what);

#endif
