/* What a function of another file promises, for analyzers that look into one file at a time. Not for err.c, which defines it. */
#ifndef KEDGE_TESTS_CONTRACTS_H
#define KEDGE_TESTS_CONTRACTS_H

#define _GNU_SOURCE /* as the files that need it say, but what is included first decides */
#include "agent/base/err.h"

/* the file may say so itself */
#undef _GNU_SOURCE
#undef _DEFAULT_SOURCE
#undef why_set /* err.h's own only packs the format */
/* Returns the kind it is given. */
#define why_set(why, kind, ...) ((void)why_set(why, kind, __VA_ARGS__), (kind))

#endif
