/* agent_log.h - the ECS agent's own log: one line into the events it stands for.
 * Facts: amazon-ecs-agent 1.50.0 to 1.105.1, ecs-agent/logger (logfmt and json), agent/engine, agent/dockerclient,
 * agent/api/statechange.go. Duplicates (each resubmission repeats its line) are the core's business. */
#ifndef KEDGE_WIRE_AGENT_LOG_H
#define KEDGE_WIRE_AGENT_LOG_H

#include "agent/base/err.h"
#include "agent/wire/ev_out.h"

enum { AGENT_LOG_NEEDLES_MAX = 24 };

/* What a line says of the agent's own links; NONE for nearly all lines. */
enum agent_log_link {
	AGENT_LINK_NONE,
	AGENT_LINK_UP,          /* connected to its control plane (ACS) */
	AGENT_LINK_DOWN,        /* lost it, or cannot reach it; the ordinary recycling of the socket is not told */
	AGENT_LINK_STARTED      /* the agent has just started */
};

struct agent_log {
	char *scratch;          /* caller's, for unescaping */
	size_t cap;
	char resource_task[NAME_CAP];     /* the task's id of the resource that failed last, and how: */
	char resource_error[REASON_CAP];  /* until 1.71.0 the state change that follows does not say it */
	uint64_t lines;         /* lines of interest */
	uint64_t events;
	uint64_t bad;           /* of interest but not to be understood: cut off, wrong quotes, no task */
	uint64_t dropped;       /* events dropped for a member that did not fit its bound */
};

/* scratch must hold the longest line: AGENT_LINE_MAX, only touched for lines of interest. */
void agent_log_init(struct agent_log *l, char *scratch, size_t cap_bytes);

/* Strings of which every line of interest contains one, as raw bytes: the tail's cheap first sieve.
 * *n <= AGENT_LOG_NEEDLES_MAX; static. */
const char *const *agent_log_needles(size_t *n);

/* One line without its newline, logfmt or JSON. Calls out->put once for each event (a state change: one a container);
 * *link is always set. KERR_OK also for lines of no interest; KERR_BAD_INPUT (counted): of interest but broken, why says where;
 * KERR_TOO_BIG: longer than scratch, or a member longer than its bound (counted, nothing told of it). */
KERR_CHECK enum kerr agent_log_line(struct agent_log *l, struct slice line, const struct ev_out *out,
				    enum agent_log_link *link, struct why *why);

#endif
