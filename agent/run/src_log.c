#include "agent/run/node_feed.h"

static void on_line(struct node *n, struct slice line)
{
	struct ev_out out = node_out(n);
	enum agent_log_link link;
	struct why why;

	if (agent_log_line(&n->agent_log.parser, line, &out, &link, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_DEBUG, "ecs agent log: %s", why.text);
	else
		src_introspection_soon(n);
}

static void on_state(struct node *n, enum kerr err, const char *detail)
{
	node_source(n, SRC_AGENT_LOG, err == KERR_OK ? SS_UP : err == KERR_GONE ? SS_ABSENT : err == KERR_DENIED ? SS_DENIED : SS_BROKEN,
		    err == KERR_OK ? "" : detail);
}

void src_log_news(struct node *n, const struct news *news, struct slice tail)
{
	if (news->what == NEWS_LINE) {
		on_line(n, tail);
		return;
	}
	n->agent_log.oversize = news->u.log.oversize;
	n->agent_log.lost = news->u.log.lost;
	on_state(n, news->err, news->why.text);
}

void src_log_start(struct node *n)
{
	struct ask q = { .what = ASK_LOG };
	struct why why;

	agent_log_init(&n->agent_log.parser, n->agent_log.scratch, sizeof(n->agent_log.scratch));
	if (asking_only(n, &q, &why) != KERR_OK)
		on_state(n, KERR_IO, why.text);
}
