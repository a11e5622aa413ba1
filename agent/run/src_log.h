/* src_log.h - the ECS agent's log, followed through its rotations. */
#ifndef KEDGE_RUN_SRC_LOG_H
#define KEDGE_RUN_SRC_LOG_H

#include "agent/wire/agent_log.h"
#include "platform/tail.h"

struct node;

struct src_log {
	struct tail tail;
	struct agent_log parser;
	bool open;
	char scratch[TAIL_LINE_MAX];
};

/* Opens the log and has the loop watch it; a file that is not there is waited for. */
void src_log_start(struct node *n);

#endif
