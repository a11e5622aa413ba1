/* say.h - printf for the verbs: the format is a packed text of ours (agent/base/packed.h), of less than PACKED_MAX bytes. */
#ifndef KEDGE_CMD_SAY_H
#define KEDGE_CMD_SAY_H

#include <stdio.h>

#include "agent/base/packed.h"

/* As fprintf. */
int say_to(FILE *to, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
#define say_to(to, ...) say_to(to, PACKED_FORMAT __VA_ARGS__)
#define say(...)        say_to(stdout, __VA_ARGS__)

#endif
