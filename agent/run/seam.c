#include "agent/run/node.h"

#include <string.h>

static const struct slice nothing = { NULL, 0 };

/* Takes the first of the line out of it. */
static struct seam_job pop(struct seam *s)
{
	struct seam_job job = s->queue[s->head];

	s->busy = false;
	s->count--;
	s->head = s->count > 0 ? (s->head + 1) % SEAM_QUEUE : 0;      /* the same pages again */
	return job;
}

static void next(struct node *n)
{
	struct seam *s = &n->seam;
	struct why why = { "" };

	while (!s->busy && s->count > 0) {
		const struct seam_job *first = &s->queue[s->head];
		struct ask q = { .what = ASK_ENGINE, .u.engine.get = first->get };
		struct seam_job job;
		enum kerr err;

		memcpy(q.u.engine.arg, first->arg, sizeof(q.u.engine.arg));
		err = asking_only(n, &q, &why);
		s->busy = err == KERR_OK;
		if (s->busy)
			return;
		job = pop(s);
		job.fn(n, err, job.arg, nothing, why.text);
	}
}

/* A slow engine is not asked the same again while the first question has not even left. */
static bool is_waiting(const struct seam *s, enum engine_get get, const char *arg, seam_fn *fn)
{
	for (uint32_t i = s->busy; i < s->count; i++) {
		const struct seam_job *job = &s->queue[(s->head + i) % SEAM_QUEUE];

		if (job->get == get && job->fn == fn && str_eq(job->arg, arg))
			return true;
	}
	return false;
}

enum kerr seam_get(struct node *n, enum engine_get get, const char *arg, seam_fn *fn, struct why *why)
{
	struct seam *s = &n->seam;
	struct seam_job *job = &s->queue[(s->head + s->count) % SEAM_QUEUE];

	if (is_waiting(s, get, arg, fn))
		return KERR_OK;
	if (s->count == SEAM_QUEUE)
		return why_set(why, KERR_TOO_BIG, "%d questions to the engine are waiting", SEAM_QUEUE);
	memset(job->arg, 0, sizeof(job->arg));
	if (!str_put(job->arg, sizeof(job->arg), slice_of(arg)))
		return why_set(why, KERR_BAD_INPUT, "an id of the engine is too long");
	job->get = get;
	job->fn = fn;
	s->count++;
	next(n);
	return KERR_OK;
}

static void on_answer(struct node *n, const struct news *news, struct slice tail)
{
	struct seam *s = &n->seam;
	struct seam_job job;
	struct slice body = tail;

	if (!s->busy)
		return;
	job = pop(s);
	if (news->u.engine.bytes > 0 && news->u.engine.bytes <= sizeof(n->asking.board->body))
		body = (struct slice){ n->asking.board->body, news->u.engine.bytes };
	job.fn(n, news->err, job.arg, news->err == KERR_OK ? body : nothing, news->why.text);
	next(n);
}

void seam_news(struct node *n, const struct news *news, struct slice tail)
{
	struct seam *s = &n->seam;

	if (news->what == NEWS_ENGINE || news->what == NEWS_EVENT) {
		s->malformed = news->u.engine.malformed;
		s->oversize = news->u.engine.oversize;
	}
	if (news->what == NEWS_ENGINE)
		on_answer(n, news, tail);
	else if (news->what == NEWS_STREAM_OPEN)
		src_engine_open(n, news->u.engine.status);
	else if (news->what == NEWS_EVENT && tail.n == 0)
		return;
	else if (news->what == NEWS_EVENT)
		src_engine_line(n, tail);
	else {
		s->stream = false;
		src_engine_end(n, news->err, news->why.text);
	}
}

enum kerr seam_stream(struct node *n, int64_t since_unix_ms, struct why *why)
{
	struct ask q = { .what = ASK_STREAM, .u.engine.since_unix_ms = since_unix_ms };
	enum kerr err = asking_only(n, &q, why);

	n->seam.stream = err == KERR_OK;
	return err;
}

void seam_close(struct node *n)
{
	struct ask q = { .what = ASK_STREAM_END };
	struct why why;

	if (n->seam.stream && asking_only(n, &q, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_DEBUG, "engine: %s", why.text);
	n->seam.stream = false;
}
