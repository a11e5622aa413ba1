/* gate_worker.h - the process that does the work: started out of this same binary with an empty environment and three
 * descriptors, and started anew when it ends. */
#ifndef KEDGE_GATE_WORKER_H
#define KEDGE_GATE_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/base/err.h"

struct gate;

struct gate_worker {
	pid_t pid;                       /* 0: none */
	int ask_fd, news_fd, board_fd;   /* the gate's ends; -1: none */
	bool settled;                    /* one of them has said that it is ready */
	uint64_t started_ms, again_ms;   /* boot clock; again_ms: when the next one is started */
	uint64_t asked_ms;               /* boot clock: its last question, by which it is seen to be alive */
	uint32_t failures;               /* in a row */
	uid_t uid;
	gid_t gid;
	const char *missing;             /* what there is not for that, for people; "": nothing */
};

enum kerr gate_worker_start(struct gate *g, struct why *why) KERR_CHECK;
/* What is due: a new one. */
void gate_worker_tick(struct gate *g);
uint64_t gate_worker_due(const struct gate *g);
/* With a signal it cannot hold off; gate_worker_ended follows. */
void gate_worker_kill(struct gate *g);
/* It has ended (SIGCHLD): its descriptors are closed, what it had asked for is forgotten. */
void gate_worker_ended(struct gate *g, int status);

#endif
