/* log_ways.h - where the lines of both processes go, beside stderr. */
#ifndef KEDGE_GATE_LOG_WAYS_H
#define KEDGE_GATE_LOG_WAYS_H

#include "agent/wire/conf.h"
#include "platform/log.h"

/* Opens the log's ways as [report] journald and syslog say; auto: journald where there is one, else syslog where somebody reads it and
 * no person looks at the terminal. In the worker before it shuts itself in: after that it only chooses among them (the conf was read
 * again). What cannot be opened is said on stderr. */
void log_ways(struct log *log, const struct conf *conf);

#endif
