#include "agent/run/node_feed.h"
#include "agent/run/probe.h"

#include "agent/wire/engine_in.h"

/* So long after its newest word the engine is asked for the listing again: its events may have stopped though its stream is open.
 * What it did meanwhile is known by then at the latest. */
#define SILENT_MS (10 * 60 * 1000)

static uint64_t retry_gap_ms(uint32_t failures)
{
	static const uint16_t gap[] = { 250, 500, 1000, 2000, 5000, 10000, 30000 };
	const uint32_t n = sizeof(gap) / sizeof(gap[0]);

	return gap[failures < n ? failures : n - 1];
}

static void later(struct node *n)
{
	n->engine.retry_ms = n->now_ms + retry_gap_ms(n->engine.failures++);
}

static void ask(struct node *n, enum engine_get get, const char *arg, seam_fn *fn)
{
	struct why why;

	if (seam_get(n, get, arg, fn, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "engine: %s", why.text);
}

static void on_version(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail)
{
	struct why why;

	(void)key;
	(void)detail;
	if (err == KERR_OK && engine_in_version(&n->arena, body, &n->ev, &why) == KERR_OK)
		node_feed(n, &n->ev);
}

static void on_info(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail)
{
	struct engine_in_host host = { .data_root = "" };
	struct why why;

	(void)key;
	(void)detail;
	if (err != KERR_OK || engine_in_info(&n->arena, body, &n->ev, &host, &why) != KERR_OK)
		return;
	n->engine.identified = true;
	(void)str_put(n->engine.data_root, sizeof(n->engine.data_root), slice_of(host.data_root));
	node_feed(n, &n->ev);
}

static void sync_event(struct node *n, bool end)
{
	struct event *ev = node_event(n, EV_SYNC);

	ev->u.sync.source = SRC_ENGINE;
	ev->u.sync.asked_ms = n->engine.listed_ms;
	ev->u.sync.end = end;
	node_feed(n, ev);
}

static void on_list(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail)
{
	struct engine_in_counts counts = { 0 };
	struct ev_out out = node_out(n);
	struct why why = { "" };

	(void)key;
	if (err == KERR_OK) {
		sync_event(n, false);
		err = engine_in_list(&n->arena, body, &out, &counts, &why);
		detail = why.text;
	}
	if (counts.refused > 0)
		log_line(&n->log, LOG_LEVEL_WARN, "engine: %u containers of the listing were passed over: %s", counts.refused, why.text);
	if (err == KERR_OK) {
		sync_event(n, true);
		node_source(n, SRC_ENGINE, SS_UP, "");
		return;
	}
	node_source(n, SRC_ENGINE, SS_BROKEN, detail);
	seam_close(n);
	later(n);
}

static void list(struct node *n)
{
	n->engine.heard_ms = n->engine.listed_ms = n->now_ms;
	ask(n, EG_LIST, "", on_list);
}

void src_engine_open(struct node *n, unsigned status)
{
	if (status != 200)
		return;   /* the end tells */
	n->engine.failures = 0;
	ask(n, EG_VERSION, "", on_version);
	ask(n, EG_INFO, "", on_info);
	list(n);
}

void src_engine_line(struct node *n, struct slice line)
{
	bool told;
	struct why why;

	n->engine.events++;
	n->engine.heard_ms = n->now_ms;
	if (engine_in_event(&n->arena, line, &n->ev, &told, &why) != KERR_OK) {
		n->seam.malformed_here++;
		log_line(&n->log, LOG_LEVEL_WARN, "engine: an event was passed over: %s", why.text);
		return;
	}
	if (!told)
		return;
	if (n->ev.u.container.time_unix_ms > n->engine.last_unix_ms)
		n->engine.last_unix_ms = n->ev.u.container.time_unix_ms;
	if (n->ev.u.container.what != C_NETWORK_LEFT)
		src_introspection_soon(n);
	node_feed(n, &n->ev);
}

void src_engine_end(struct node *n, enum kerr err, const char *detail)
{
	node_source(n, SRC_ENGINE, err == KERR_GONE ? SS_ABSENT : err == KERR_DENIED ? SS_DENIED : SS_REFUSED, detail);
	later(n);
}

uint64_t src_engine_tick(struct node *n)
{
	struct why why = { "" };

	if (n->seam.stream) {
		if (n->now_ms >= n->engine.heard_ms + SILENT_MS)
			list(n);
		return n->engine.heard_ms + SILENT_MS;
	}
	if (n->now_ms < n->engine.retry_ms)
		return n->engine.retry_ms;
	n->engine.heard_ms = n->now_ms;
	if (seam_stream(n, n->engine.last_unix_ms == 0 ? 0 : n->engine.last_unix_ms + 1, &why) != KERR_OK)
		src_engine_end(n, KERR_IO, why.text);
	return n->seam.stream ? n->engine.heard_ms + SILENT_MS : n->engine.retry_ms;
}

static void on_inspect(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail)
{
	bool told;
	struct why why = { "" };

	if (err == KERR_GONE) {
		struct event *ev = node_event(n, EV_CONTAINER);

		ev->u.container.what = C_DESTROYED;
		(void)str_put(ev->u.container.id, sizeof(ev->u.container.id), slice_of(key));
		node_feed(n, ev);
		return;
	}
	if (err == KERR_OK)
		err = engine_in_inspect(&n->arena, body, &n->ev, &told, &why);
	if (err == KERR_OK && told)
		node_feed(n, &n->ev);
	else if (err != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "engine: inspect of %.12s: %s", key, why.text[0] != '\0' ? why.text : detail);
}

void src_engine_inspect(struct node *n, uint32_t container)
{
	ask(n, EG_INSPECT, n->core.container[container].id, on_inspect);
}

/* The reference that picks the digest is read when the answer is there: by image id, from any container of it. */
static void on_image(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail)
{
	const char *image = "";
	struct why why = { "" };

	(void)detail;
	for (int32_t i = 0; i < n->core.rows.containers && image[0] == '\0'; i++)
		if (n->core.container[i].used && str_eq(n->core.container[i].image_id, key))
			image = n->core.container[i].image;
	if (err != KERR_OK)
		return;   /* the image may be gone already; its digest stays unknown */
	if (engine_in_image(&n->arena, body, image, &n->ev, &why) == KERR_OK)
		node_feed(n, &n->ev);
	else
		log_line(&n->log, LOG_LEVEL_WARN, "engine: image %.19s: %s", key, why.text);
}

void src_engine_image(struct node *n, uint32_t container)
{
	ask(n, EG_IMAGE, n->core.container[container].image_id, on_image);
}

/* A log that cannot be read (driver none, awslogs ...) or is gone says nothing. */
static void on_last_words(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail)
{
	struct event *ev = node_event(n, EV_LAST_WORDS);

	(void)err;
	(void)detail;
	(void)str_put(ev->u.last_words.id, sizeof(ev->u.last_words.id), slice_of(key));
	if (!class_from(body, &ev->u.last_words.class))
		ev->u.last_words.class = CLASS_NONE;
	node_feed(n, ev);
}

void src_engine_last_words(struct node *n, uint32_t container)
{
	ask(n, EG_LOGS, n->core.container[container].id, on_last_words);
}

/* For each service that asked for this image: several may want to go back to the same. */
static void on_target(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail)
{
	char arch[16] = "";
	struct why why = { "" };

	if (err == KERR_OK)
		err = engine_in_image(&n->arena, body, "", &n->ev, &why);
	if (err == KERR_OK)
		(void)str_put(arch, sizeof(arch), slice_of(n->ev.u.image.arch));
	for (uint32_t i = 0; i < (uint32_t)n->core.rows.services; i++) {
		const struct service *s = &n->core.service[i];

		if (!s->used || !s->work.image_sent || !str_eq(s->work.target_image, key) || image_check_pending(n, i))
			continue;
		if (err == KERR_OK)
			image_check_target_is(n, i, TRI_YES, arch, "the engine has it");
		else if (err == KERR_GONE)
			image_check_target(n, i);
		else
			image_check_target_is(n, i, TRI_UNKNOWN, "", why.text[0] != '\0' ? why.text : detail);
	}
}

void src_engine_target(struct node *n, uint32_t service)
{
	const char *image = n->core.service[service].work.target_image;
	struct why why;
	enum kerr err = seam_get(n, EG_IMAGE, image, on_target, &why);

	if (err != KERR_OK)
		on_target(n, err, image, (struct slice){ NULL, 0 }, why.text);
}
