/* fuzz.h - what every fuzz target offers and gets. A target is one file tests/fuzz/fuzz_NAME.c with the libFuzzer entry; its
 * corpus is tests/fuzz/corpus/NAME/. A target of a parser judges more than memory: what one call says, another must not deny. */
#ifndef KEDGE_TESTS_FUZZ_H
#define KEDGE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

/* Never keeps what it is given; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what must never be and ends the process, so that the fuzzer keeps the input. */
void fuzz_broken(const char *what);

/* The first byte of *in, which is taken off; 0 when nothing is left. */
uint8_t fuzz_byte(struct slice *in);
/* A text member must end inside its room and hold no control byte. */
void fuzz_text(const char *p, size_t cap, const char *what);

/* The first four bytes of an input say how large the pieces are that the rest comes in, in turn: 0 (then 1) to 63 bytes. */
struct fuzz_pieces { uint8_t size[4]; };
struct fuzz_pieces fuzz_pieces(struct slice *in);
/* feed gets the text in pieces, each in memory of just its size, until one is refused. p NULL: in one piece. */
enum kerr fuzz_feed(const struct fuzz_pieces *p, struct slice text, enum kerr (*feed)(void *arg, struct slice part), void *arg);

#endif
