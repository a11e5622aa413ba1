#include "agent/gate/gate_state.h"

#include <poll.h>
#include <string.h>

#include "agent/wire/agent_log.h"

#define HISTORY_BYTES (1024 * 1024)      /* of the log read at the start: what happened before kedge ran */
#define TURN_BYTES    (16 * 1024)        /* read in one go: with what the kernel adds to each line, less than there is room for */

static void on_line(void *arg, struct slice line)
{
	struct gate *g = arg;
	struct news news = gate_new(NEWS_LINE);

	/* half of the room is kept free for this turn, so that a line is lost only with the worker */
	if (gate_news(g, &news, slice_to(line, TALK_TAIL_MAX)) == KERR_AGAIN)
		g->agent_log.tail.count.lost++;
}

static void tell(struct gate *g, enum kerr err, const struct why *why)
{
	struct gate_log *l = &g->agent_log;
	struct news news = gate_new(NEWS_LOG);

	if (l->told_once && err == l->told && str_eq(why->text, l->why.text) && l->tail.count.oversize == l->oversize &&
	    l->tail.count.lost == l->lost)
		return;
	news.err = err;
	news.why = *why;
	news.u.log.oversize = l->tail.count.oversize;
	news.u.log.lost = l->tail.count.lost;
	if (gate_news(g, &news, (struct slice){ NULL, 0 }) != KERR_OK)
		return;
	l->told_once = true;
	l->told = err;
	l->why = *why;
	l->oversize = l->tail.count.oversize;
	l->lost = l->tail.count.lost;
}

static void on_readable(void *arg, int fd, short revents);

static void read_on(struct gate *g)
{
	struct gate_log *l = &g->agent_log;
	struct why why = { "" };
	bool more = false;
	enum kerr err;

	if (!gate_has_room(g)) {
		/* it stays readable: the loop would spin */
		loop_unwatch(&g->loop, tail_fd(&l->tail));
		l->waits = true;
		gate_wait_for_room(g);
		return;
	}
	err = tail_read(&l->tail, on_line, g, TURN_BYTES, &more, &why);
	tell(g, err, &why);
}

static void on_readable(void *arg, int fd, short revents)
{
	(void)fd;
	(void)revents;
	read_on(arg);
}

static enum kerr watch(struct gate *g, struct why *why)
{
	return loop_watch(&g->loop, tail_fd(&g->agent_log.tail), POLLIN, on_readable, g, why);
}

void gate_log_go_on(struct gate *g)
{
	struct gate_log *l = &g->agent_log;
	struct why why = { "" };   /* all of it goes to the worker, also what no text fills */

	if (!l->open || !l->waits)
		return;
	l->waits = false;
	if (watch(g, &why) == KERR_OK)
		read_on(g);
	else
		tell(g, KERR_IO, &why);
}

void gate_log_ask(struct gate *g, struct answer *a)
{
	struct gate_log *l = &g->agent_log;
	const char *const *needle;
	size_t needles;

	gate_log_forget(g);
	a->err = tail_open(&l->tail, g->conf->agent_log, HISTORY_BYTES, NULL, &a->why);
	l->open = a->err == KERR_OK;
	needle = agent_log_needles(&needles);
	for (size_t i = 0; a->err == KERR_OK && i < needles; i++)
		a->err = tail_needle(&l->tail, needle[i], &a->why);
	if (a->err == KERR_OK)
		a->err = watch(g, &a->why);
	if (a->err != KERR_OK)
		gate_log_forget(g);
}

void gate_log_forget(struct gate *g)
{
	struct gate_log *l = &g->agent_log;

	if (l->open) {
		loop_unwatch(&g->loop, tail_fd(&l->tail));
		tail_close(&l->tail);
	}
	l->open = l->waits = l->told_once = false;
}
