#include "agent/gate/gate_state.h"

#include <string.h>
#include <unistd.h>

#include "agent/core/class.h"

#define BRIEF_S 2                        /* what lived longer had time to write other things than why it cannot run */

static PRUNE_LIST(lifetime, "State/Status|StartedAt|FinishedAt");

static enum kerr ask_engine(struct gate *g, enum engine_get get, const char *arg, int64_t since_unix_ms, struct http_request *r,
			    uint32_t *id, struct why *why)
{
	char path[ENGINE_URL_CAP], url[ENGINE_URL_CAP + 32];
	struct text t = text_on(url, sizeof(url));
	enum kerr err = engine_out_url(get, slice_of(arg), since_unix_ms, path, sizeof(path), why);

	if (err != KERR_OK)
		return err;
	text_say(&t, "http://localhost");
	text_s(&t, path);
	r->method = HTTP_GET;
	r->url = url;
	r->unix_path = g->conf->engine_socket;
	r->arg = g;
	r->connect_ms = 5000;
	return http_start(&g->http, r, id, why);
}

/* ---- questions ---- */

/* Straight to where the worker reads it; what is only for this process stays in it. */
static enum kerr collect(void *arg, struct slice bytes)
{
	struct gate *g = arg;
	struct gate_engine *e = &g->engine;
	bool own = e->get == EG_LOGS;

	if (bytes.n > (own ? sizeof(e->life) : sizeof(g->board->body)) - e->got)
		return KERR_TOO_BIG;
	memcpy((own ? e->life : g->board->body) + e->got, bytes.p, bytes.n);
	e->got += bytes.n;
	return KERR_OK;
}

static bool on_body(void *arg, struct slice part)
{
	struct gate_engine *e = &((struct gate *)arg)->engine;

	if (e->listening) {
		last_words_feed(&e->words, part);
		return true;
	}
	e->failed = prune_feed(&e->prune, part, &e->failed_why);
	return e->failed == KERR_OK;
}

static const struct prune_list *list_of(enum engine_get get)
{
	switch (get) {
	case EG_LIST:
		return &prune_containers;
	case EG_INSPECT:
		return &prune_container;
	case EG_IMAGE:
		return &prune_image;
	case EG_INFO:
		return &prune_info;
	case EG_LOGS:            /* first how long it lived; the log itself is no JSON */
		return &lifetime;
	case EG_EVENTS:
	case EG_VERSION:
	case EG_PING:
	case ENGINE_GETS:
		break;
	}
	return &prune_version;
}

static bool time_of(struct slice life, const char *member, int64_t *unix_s)
{
	size_t at = slice_find(life, member);
	struct slice rest = at == SIZE_MAX ? life : slice_from(life, at + strlen(member)), text = SLICE("");

	return at != SIZE_MAX && slice_next(&rest, '"', &text) && sigv4_date_parse(text, unix_s);
}

/* What was started again within a second has an end that is no earlier than its start, and lives. */
static bool is_over(struct slice life)
{
	return slice_find(life, "\"Status\":\"exited\"") != SIZE_MAX || slice_find(life, "\"Status\":\"restarting\"") != SIZE_MAX ||
	       slice_find(life, "\"Status\":\"dead\"") != SIZE_MAX;
}

/* A log is only looked at of what died at once: the engine says whether it did, not the worker. */
static bool was_brief(const struct gate_engine *e)
{
	struct slice life = { e->life, e->got };
	int64_t from, to;

	return is_over(life) && time_of(life, "\"StartedAt\":\"", &from) && time_of(life, "\"FinishedAt\":\"", &to) && to >= from &&
	       to - from <= BRIEF_S;
}

static void on_done(void *arg, const struct http_result *r);

static enum kerr begin(struct gate *g, enum engine_get sent, struct why *why)
{
	struct gate_engine *e = &g->engine;
	struct http_request r = { .total_ms = 30000, .on_body = on_body, .on_done = on_done };
	enum kerr err;

	e->listening = sent == EG_LOGS;
	e->got = 0;
	e->failed = KERR_OK;
	prune_init(&e->prune, list_of(e->get), collect, g);
	last_words_init(&e->words);
	r.max_body_bytes = e->listening ? ANSWER_MAX : 0;
	err = ask_engine(g, sent, e->arg, 0, &r, &e->asked, why);
	e->busy = err == KERR_OK;
	return err;
}

static void count(struct gate_engine *e, struct news *news)
{
	news->u.engine.malformed = e->told_malformed = e->malformed;
	news->u.engine.oversize = e->told_oversize = e->lines.oversize;
}

static void tell(struct gate *g, struct news *news, struct slice tail)
{
	news->what = NEWS_ENGINE;
	count(&g->engine, news);
	/* one question is under way at a time, so that there is always room for its answer; a worker that is gone needs none */
	(void)!gate_news(g, news, tail);
}

static enum kerr judge(struct gate *g, const struct http_result *r, struct why *why)
{
	struct gate_engine *e = &g->engine;

	if (e->failed != KERR_OK) {
		e->malformed++;
		return why_set(why, e->failed, "%s", e->failed_why.text);
	}
	if (r->err != KERR_OK)
		return why_set(why, r->err, "%s", r->why.text);
	if (r->status == 404)
		return why_set(why, KERR_GONE, "the engine does not know it");
	if (r->status != 200)
		return why_set(why, KERR_REFUSED, "the engine answered with an error");
	if (e->listening || prune_end(&e->prune, NULL) == KERR_OK)
		return KERR_OK;
	e->malformed++;
	return why_set(why, KERR_BAD_INPUT, "the engine's answer ends in the middle");
}

static void on_done(void *arg, const struct http_result *r)
{
	struct gate *g = arg;
	struct gate_engine *e = &g->engine;
	struct news news = gate_new(NEWS_ENGINE);
	enum class said = e->listening ? last_words_end(&e->words) : CLASS_NONE;
	struct slice tail = { NULL, 0 };

	news.u.engine.status = r->status;
	e->busy = false;
	news.err = judge(g, r, &news.why);
	if (news.err == KERR_OK && e->get == EG_LOGS && !e->listening) {
		news.err = was_brief(e) ? begin(g, EG_LOGS, &news.why) : why_set(&news.why, KERR_DENIED, "it lived too long for its log to be looked at");
		if (news.err == KERR_OK)
			return;
	}
	if (news.err == KERR_OK && e->get == EG_LOGS)
		tail = slice_of(class_name(said));
	else if (news.err == KERR_OK)
		news.u.engine.bytes = (uint32_t)e->got;
	tell(g, &news, tail);
}

/* ---- the event stream ---- */

static enum kerr collect_event(void *arg, struct slice bytes)
{
	struct text *t = arg;

	text_slice(t, bytes);
	return t->full ? KERR_TOO_BIG : KERR_OK;
}

static bool one_event(struct gate *g, struct slice line)
{
	struct gate_engine *e = &g->engine;
	struct text t = text_on(e->one, sizeof(e->one));
	struct news news = gate_new(NEWS_EVENT);
	struct why why;

	prune_init(&e->event_prune, &prune_event, collect_event, &t);
	if (prune_feed(&e->event_prune, line, &why) != KERR_OK || prune_end(&e->event_prune, &why) != KERR_OK) {
		e->malformed++;
		log_line(&g->log, LOG_LEVEL_WARN, "engine: an event that is no JSON was passed over: %s", why.text);
		return true;
	}
	count(e, &news);
	return gate_has_room(g) && gate_news(g, &news, text_get(&t)) == KERR_OK;
}

/* What was passed over is counted at once, also when no other event follows: as one of no bytes. */
static void tell_counts(struct gate *g)
{
	struct gate_engine *e = &g->engine;
	struct news news = gate_new(NEWS_EVENT);

	if (e->malformed == e->told_malformed && e->lines.oversize == e->told_oversize)
		return;
	count(e, &news);
	(void)!gate_news(g, &news, (struct slice){ NULL, 0 });
}

/* A worker that does not keep up opens the stream again from where it was: the engine remembers its last 256 events. */
static bool on_stream(void *arg, struct slice part)
{
	struct gate *g = arg;
	struct slice line;

	while (engine_lines_next(&g->engine.lines, &part, &line))
		if (!one_event(g, line))
			return false;
	tell_counts(g);
	return true;
}

static void on_stream_open(void *arg, unsigned status)
{
	struct news news = gate_new(NEWS_STREAM_OPEN);

	news.u.engine.status = status;
	(void)!gate_news(arg, &news, (struct slice){ NULL, 0 });
}

/* Why, as seen by who may look: the worker may not. */
static enum kerr stream_end(const struct gate *g, const struct http_result *r, struct why *why)
{
	const char *path = g->conf->engine_socket;

	if (access(path, F_OK) != 0)
		return why_set(why, KERR_GONE, "%.150s", path);
	if (access(path, R_OK | W_OK) != 0)
		return why_set(why, KERR_DENIED, "the engine socket may not be opened by this user");
	if (r->err == KERR_OK)
		return why_set(why, KERR_REFUSED, "the engine closed its event stream");
	return why_set(why, KERR_REFUSED, "%s", r->cause == HTTP_ABORTED ? "events came faster than they could be judged" : r->why.text);
}

static void on_stream_done(void *arg, const struct http_result *r)
{
	struct gate *g = arg;
	struct news news = gate_new(NEWS_STREAM_END);

	g->engine.stream = HTTP_NONE;
	news.err = stream_end(g, r, &news.why);
	(void)!gate_news(g, &news, (struct slice){ NULL, 0 });
}

static void close_stream(struct gate *g)
{
	if (g->engine.stream != HTTP_NONE)
		http_cancel(&g->http, g->engine.stream);
	g->engine.stream = HTTP_NONE;
}

static enum kerr open_stream(struct gate *g, int64_t since_unix_ms, struct why *why)
{
	struct http_request r = { .on_body = on_stream, .on_open = on_stream_open, .on_done = on_stream_done };

	close_stream(g);
	engine_lines_init(&g->engine.lines, g->engine.line, sizeof(g->engine.line));
	return ask_engine(g, EG_EVENTS, "", since_unix_ms, &r, &g->engine.stream, why);
}

void gate_engine_ask(struct gate *g, const struct ask *q, struct answer *a)
{
	struct gate_engine *e = &g->engine;
	enum engine_get get = q->u.engine.get;

	if (q->what == ASK_STREAM_END)
		close_stream(g);
	else if (q->what == ASK_STREAM)
		a->err = open_stream(g, q->u.engine.since_unix_ms, &a->why);
	else if (e->busy)
		a->err = why_set(&a->why, KERR_AGAIN, "the engine is being asked");
	else if (get == EG_EVENTS || (unsigned)get >= ENGINE_GETS || memchr(q->u.engine.arg, '\0', sizeof(q->u.engine.arg)) == NULL)
		a->err = why_set(&a->why, KERR_BAD_INPUT, "no such question to the engine");
	else {
		e->get = get;
		memcpy(e->arg, q->u.engine.arg, sizeof(e->arg));
		a->err = begin(g, get == EG_LOGS ? EG_INSPECT : get, &a->why);
	}
}

void gate_engine_forget(struct gate *g)
{
	close_stream(g);
	if (g->engine.busy)
		http_cancel(&g->http, g->engine.asked);
	g->engine.busy = false;
}
