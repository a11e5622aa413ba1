/* spawn.h - runs one program to its end: with an input, an environment and a time limit of its own, without a shell. For a
 * process that has nothing else to do: it waits. */
#ifndef KEDGE_PLATFORM_SPAWN_H
#define KEDGE_PLATFORM_SPAWN_H

#include "agent/base/err.h"
#include "agent/base/str.h"

enum { SPAWN_FLOOD_BYTES = 64 * 1024 };  /* who prints more finds nobody listening (SIGPIPE) */

struct spawn {
	const char *path;
	char *const *argv, *const *envp; /* as of execve(2) */
	struct slice input;              /* its standard input; it need not read it */
	uint64_t limit_ms;               /* then it and all of its process group are killed */
	int quit_fd;                     /* its peer has closed: killed at once; -1: nobody says so */
	char *output;                    /* what it printed first, both streams together, NUL-terminated ... */
	size_t output_cap;               /* ... cut here; more than 0 */
};

struct spawn_end {
	bool timed_out, quit;            /* it was killed for that */
	int exit_code;                   /* -1: it ended by a signal; 127: it could not be started */
	int signal;
	uint64_t output_bytes;           /* all it printed and somebody read */
};

/* Runs it in a process group of its own, in "/", with default signals and no other open file; what it leaves behind is killed.
 * Never closes or reads anything of the caller's but quit_fd, which is only watched. SIGCHLD has to be blocked.
 * KERR_IO: no process or no pipes could be made. */
KERR_CHECK enum kerr spawn_run(const struct spawn *s, struct spawn_end *end, struct why *why);

#endif
