#include "agent/run/node.h"

#include <string.h>

static void next(struct node *n);

static enum kerr collect(void *arg, struct slice bytes)
{
	struct node *n = arg;

	if (bytes.n > sizeof(n->seam.body) - n->seam.got)
		return KERR_TOO_BIG;
	memcpy(n->seam.body + n->seam.got, bytes.p, bytes.n);
	n->seam.got += bytes.n;
	return KERR_OK;
}

static bool on_body(void *arg, struct slice part)
{
	struct node *n = arg;

	if (n->seam.queue[n->seam.head].get == EG_LOGS) {
		last_words_feed(&n->seam.words, part);
		return true;
	}
	n->seam.failed = prune_feed(&n->seam.prune, part, &n->seam.failed_why);
	return n->seam.failed == KERR_OK;
}

static void on_done(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	struct seam *s = &n->seam;
	struct seam_job job = s->queue[s->head];
	enum kerr err = r->err;
	struct slice body = { NULL, 0 };
	const char *detail = r->why.text;
	enum class said = job.get == EG_LOGS ? last_words_end(&s->words) : CLASS_NONE;
	struct why why;

	s->busy = false;
	s->head = (s->head + 1) % SEAM_QUEUE;
	s->count--;
	if (s->failed != KERR_OK) {
		s->malformed++;
		err = s->failed;
		detail = s->failed_why.text;
	} else if (err == KERR_OK && r->status == 404) {
		err = KERR_GONE;
	} else if (err == KERR_OK && r->status != 200) {
		err = KERR_REFUSED;
		detail = "the engine answered with an error";
	} else if (err == KERR_OK && job.get == EG_LOGS) {
		body = slice_of(class_name(said));
	} else if (err == KERR_OK && prune_end(&s->prune, &why) != KERR_OK) {
		s->malformed++;
		err = KERR_BAD_INPUT;
		detail = "the engine's answer ends in the middle";
	} else if (err == KERR_OK) {
		body = (struct slice){ s->body, s->got };
	}
	job.fn(n, err, job.arg, body, detail);
	next(n);
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
	case EG_EVENTS:
		return &prune_event;
	case EG_VERSION:
	case EG_LOGS:            /* no JSON: never pruned */
	case EG_PING:
	case ENGINE_GETS:
		break;
	}
	return &prune_version;
}

static enum kerr start(struct node *n, enum engine_get get, const char *arg, int64_t since_unix_ms,
		       struct http_request *r, uint32_t *id, struct why *why)
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
	r->unix_path = n->conf->engine_socket;
	r->arg = n;
	r->connect_ms = 5000;
	r->purpose = PURPOSE_ENGINE;
	return http_start(&n->http, r, id, why);
}

static void next(struct node *n)
{
	struct seam *s = &n->seam;
	struct http_request r = { .total_ms = 30000, .on_body = on_body, .on_done = on_done };
	uint32_t id;
	struct why why = { "" };

	while (!s->busy && s->count > 0) {
		struct seam_job job = s->queue[s->head];
		enum kerr err;

		prune_init(&s->prune, list_of(job.get), collect, n);
		if (job.get == EG_LOGS)
			last_words_init(&s->words);
		s->got = 0;
		s->failed = KERR_OK;
		r.max_body_bytes = job.get == EG_LOGS ? ANSWER_MAX : 0;
		err = start(n, job.get, job.arg, 0, &r, &id, &why);
		if (err == KERR_OK) {
			s->busy = true;
			return;
		}
		s->head = (s->head + 1) % SEAM_QUEUE;
		s->count--;
		job.fn(n, err, job.arg, (struct slice){ NULL, 0 }, why.text);
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
	if (!str_put(job->arg, sizeof(job->arg), slice_of(arg)))
		return why_set(why, KERR_BAD_INPUT, "an id of the engine is too long");
	job->get = get;
	job->fn = fn;
	s->count++;
	next(n);
	return KERR_OK;
}

static enum kerr collect_event(void *arg, struct slice bytes)
{
	struct text *t = arg;

	text_slice(t, bytes);
	return t->full ? KERR_TOO_BIG : KERR_OK;
}

static void one_event(struct node *n, struct slice line)
{
	struct text t = text_on(n->seam.one, sizeof(n->seam.one));
	struct why why;

	prune_init(&n->seam.event_prune, &prune_event, collect_event, &t);
	if (prune_feed(&n->seam.event_prune, line, &why) != KERR_OK ||
	    prune_end(&n->seam.event_prune, &why) != KERR_OK) {
		n->seam.malformed++;
		log_line(&n->log, LOG_LEVEL_WARN, "engine: an event that is no JSON was passed over: %s", why.text);
		return;
	}
	src_engine_line(n, text_get(&t));
}

static bool on_stream(void *arg, struct slice part)
{
	struct node *n = arg;
	struct slice line;

	while (engine_lines_next(&n->seam.lines, &part, &line))
		one_event(n, line);
	return true;
}

static void on_stream_open(void *arg, unsigned status)
{
	src_engine_open(arg, status);
}

static void on_stream_done(void *arg, const struct http_result *r)
{
	struct node *n = arg;

	n->seam.stream = HTTP_NONE;
	src_engine_end(n, r->err, r->why.text);
}

enum kerr seam_stream(struct node *n, int64_t since_unix_ms, struct why *why)
{
	struct http_request r = { .on_body = on_stream, .on_open = on_stream_open, .on_done = on_stream_done };

	seam_close(n);
	engine_lines_init(&n->seam.lines, n->seam.line, sizeof(n->seam.line));
	return start(n, EG_EVENTS, "", since_unix_ms, &r, &n->seam.stream, why);
}

void seam_close(struct node *n)
{
	if (n->seam.stream != HTTP_NONE)
		http_cancel(&n->http, n->seam.stream);
	n->seam.stream = HTTP_NONE;
}
