#include "agent/run/node.h"

#include <poll.h>

#define HISTORY_BYTES (1024 * 1024)      /* of the log read at the start: what happened before kedge ran */
#define TURN_BYTES    (512 * 1024)       /* read in one go, so that a log storm does not starve the rest */

static void on_line(void *arg, struct slice line)
{
	struct node *n = arg;
	struct ev_out out = node_out(n);
	enum agent_log_link link;
	struct why why;

	if (agent_log_line(&n->agent_log.parser, line, &out, &link, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_DEBUG, "ecs agent log: %s", why.text);
	else
		src_introspection_soon(n);
}

static void read_on(struct node *n)
{
	struct src_log *l = &n->agent_log;
	struct why why = { "" };
	bool more = false;
	enum kerr err = tail_read(&l->tail, on_line, n, TURN_BYTES, &more, &why);

	if (err == KERR_OK)
		node_source(n, SRC_AGENT_LOG, SS_UP, "");
	else if (err == KERR_GONE)
		node_source(n, SRC_AGENT_LOG, SS_ABSENT, why.text);
	else
		node_source(n, SRC_AGENT_LOG, err == KERR_DENIED ? SS_DENIED : SS_BROKEN, why.text);
}

static void on_readable(void *arg, int fd, short revents)
{
	(void)fd;
	(void)revents;
	read_on(arg);
}

void src_log_start(struct node *n)
{
	struct src_log *l = &n->agent_log;
	const char *const *needle;
	size_t needles;
	struct why why;
	enum kerr err = tail_open(&l->tail, n->conf->agent_log, HISTORY_BYTES, NULL, &why);

	agent_log_init(&l->parser, l->scratch, sizeof(l->scratch));
	needle = agent_log_needles(&needles);
	for (size_t i = 0; err == KERR_OK && i < needles; i++)
		err = tail_needle(&l->tail, needle[i], &why);
	if (err == KERR_OK)
		err = loop_watch(&n->loop, tail_fd(&l->tail), POLLIN, on_readable, n, &why);
	l->open = err == KERR_OK;
	if (l->open)
		read_on(n);
	else
		node_source(n, SRC_AGENT_LOG, SS_BROKEN, why.text);
}
