/* src_log.h - the ECS agent's log, line by line from the gate. */
#ifndef KEDGE_RUN_SRC_LOG_H
#define KEDGE_RUN_SRC_LOG_H

#include "agent/wire/agent_log.h"

struct node;

struct src_log {
	struct agent_log parser;
	uint64_t oversize, lost;         /* as the gate counts */
	char scratch[AGENT_LINE_MAX];
};

/* Asks for the log; a file that is not there is waited for. */
void src_log_start(struct node *n);

#endif
