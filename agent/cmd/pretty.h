/* pretty.h - a JSON tree as the files of deploy tools have it: two blanks a level, members by name. */
#ifndef KEDGE_CMD_PRETTY_H
#define KEDGE_CMD_PRETTY_H

#include "agent/wire/json.h"

/* Appends the tree and a newline; skip: a member of the root that is left out. What does not fit shows in t->full. */
void pretty_json(struct text *t, const cJSON *root, const char *skip);

#endif
