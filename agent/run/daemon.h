/* daemon.h - the worker: the one place where core, wire and platform meet. */
#ifndef KEDGE_RUN_DAEMON_H
#define KEDGE_RUN_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent/wire/conf.h"

/* How the gate wants it. */
struct worker {
	const char *conf_path;           /* for messages, and a reload; NULL: there is none */
	uid_t uid;                       /* as whom it works; this process's own: nothing is changed */
	gid_t gid;
	const char *missing;             /* what the gate lacks for that, for people; "": nothing */
	bool once;                       /* one pass over all sources, then the failures on stdout */
};

/* Of a process the gate has started (talk.h). conf is borrowed, and changed by a reload: one that is wrong leaves the old one
 * in force. Runs until SIGTERM, SIGINT or the gate ends it; returns the exit code. */
int daemon_run(struct conf *conf, const struct worker *w);

#endif
