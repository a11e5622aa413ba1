/* gate_log.h - the ECS agent's log, which only root may read: followed through its rotations, the lines that say anything of
 * a task handed on. */
#ifndef KEDGE_GATE_LOG_H
#define KEDGE_GATE_LOG_H

#include "agent/gate/talk.h"
#include "platform/tail.h"

struct gate;

struct gate_log {
	struct tail tail;
	bool open, waits;                /* waits: the worker does not keep up; goes on when it has read */
	bool told_once;
	enum kerr told;                  /* the state told last, with: */
	struct why why;
	uint64_t oversize, lost;
};

/* ASK_LOG: opens it (anew for a new worker) and has the loop watch it. */
void gate_log_ask(struct gate *g, struct answer *a);
/* The worker reads again. */
void gate_log_go_on(struct gate *g);
void gate_log_forget(struct gate *g);

#endif
