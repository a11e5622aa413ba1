/* hook_runner.h - the process that runs hooks: forked before anything else is there, one program at a time, only out of the
 * folder it was given at its start. The daemon asks by one datagram and is answered by one a hook. */
#ifndef KEDGE_GATE_HOOK_RUNNER_H
#define KEDGE_GATE_HOOK_RUNNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/base/err.h"

enum { HOOK_NAME_CAP = 64, HOOK_SAID_CAP = 240, HOOK_EVENT_CAP = 16, HOOK_JOB_MAX = 64 * 1024, HOOKS_MAX = 16,
       HOOK_FIELDS_MAX = 37 /* lines for the environment; what is more is left out */ };

/* Followed by fields_bytes of lines "NAME=value\n" for the environment and json_bytes for the standard input. */
struct hook_job {
	char event[HOOK_EVENT_CAP];      /* its argument; of "confirm" those are asked whose name holds the word, and no others */
	uint32_t limit_ms, fields_bytes, json_bytes;
};

enum hook_did {
	HOOK_RAN, HOOK_TIMED_OUT,
	HOOK_UNSAFE,                     /* somebody else than its owner could have written it; not run */
	HOOK_BROKEN,                     /* it or the folder could not be read or started; said says why */
	HOOK_ALL_DONE                    /* no hook: the job is over */
};

struct hook_word {
	enum hook_did did;
	char name[HOOK_NAME_CAP];
	int32_t exit_code, signal;       /* as struct spawn_end */
	uint32_t took_ms;
	char said[HOOK_SAID_CAP];        /* the first line it printed */
};

/* Forks it. *fd: the daemon's end, non-blocking; the runner ends when that is closed. KERR_IO. */
KERR_CHECK enum kerr hook_runner_fork(const char *folder, int *fd, pid_t *pid, struct why *why);

#endif
