/* daemon.h - the one place where core, wire and platform meet. */
#ifndef KEDGE_RUN_DAEMON_H
#define KEDGE_RUN_DAEMON_H

#include <stdbool.h>

#include "agent/wire/conf.h"

/* conf is borrowed, and changed by a reload. Runs until SIGTERM or SIGINT (exit 0), in the foreground; SIGHUP reads conf_path again and keeps the old conf
 * when the new one is wrong. once: one pass over all sources, then the failures on stdout. Returns the exit code. */
int daemon_run(struct conf *conf, const char *conf_path, bool once);

#endif
