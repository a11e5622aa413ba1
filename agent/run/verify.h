/* verify.h - the answer of `kedge verify`, schema kedge.verify/1: would the images of a revision pull on this node? */
#ifndef KEDGE_RUN_VERIFY_H
#define KEDGE_RUN_VERIFY_H

#include "agent/run/registry.h"
#include "agent/wire/taskdef_in.h"

/* said: of each container. Its exit code: 0 all would pull, 1 one would not, 3 of one nobody can say. */
void verify_answer(struct node *n, uint32_t connection, const struct taskdef *def, const struct registry_answer *said);

#endif
