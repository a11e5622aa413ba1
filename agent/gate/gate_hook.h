/* gate_hook.h - the process that runs hooks, between it and the worker: only known names reach its environment, and the yes of
 * a hook that was asked is noted here. */
#ifndef KEDGE_GATE_HOOK_H
#define KEDGE_GATE_HOOK_H

#include <sys/types.h>

#include "agent/gate/hook_runner.h"
#include "agent/gate/talk.h"

struct gate;

struct gate_hook {
	int fd;                          /* to the runner; -1: there is none */
	pid_t pid;
	bool busy, asked, no;            /* asked: the job asks for a yes; no: one of them did not say it */
	bool orphan;                     /* whoever gave the job has ended */
	uint32_t yes;
	char service[NAME_CAP], deployment[ARN_CAP];   /* of the question */
};

/* Before anything else is opened. */
void gate_hook_fork(struct gate *g);
void gate_hook_start(struct gate *g);
void gate_hook_close(struct gate *g);
/* The worker has ended: what its hooks still say is not told to the next one, which asks again. */
void gate_hook_forget(struct gate *g);
/* ASK_HOOK. */
void gate_hook_ask(struct gate *g, struct slice job, struct answer *a);

#endif
