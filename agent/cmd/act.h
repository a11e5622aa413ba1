/* act.h - what the acting verbs share: one request to the daemon, its answer told. */
#ifndef KEDGE_CMD_ACT_H
#define KEDGE_CMD_ACT_H

#include "agent/cmd/ask.h"

/* Asks "VERB WORD MORE" (more may be NULL) and prints the answer; returns the exit code the daemon gave, or its failure's. */
int act_ask(const struct cmd *c, const char *word, const char *more, bool json, struct answer *answer);

/* In the answer to `services`: the rollback of that id, *service the name of its service; NULL, and *service NULL: there is none. */
const cJSON *act_rollback_of(const cJSON *root, const char *id, const char **service);

#endif
