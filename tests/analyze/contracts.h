/* What a function of another file promises, for analyzers that look into one file at a time. Not for err.c, which defines it. */
#ifndef KEDGE_TESTS_CONTRACTS_H
#define KEDGE_TESTS_CONTRACTS_H

#include "agent/base/err.h"

/* Returns the kind it is given. */
#define why_set(why, kind, ...) ((void)why_set(why, kind, __VA_ARGS__), (kind))

#endif
