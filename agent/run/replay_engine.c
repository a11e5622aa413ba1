#include "agent/run/replay_engine.h"

#include "agent/wire/engine_in.h"

#define YEAR_10000_MS INT64_C(253402300800000)

static PRUNE_LIST(head, "t inspect/Id");
static PRUNE_LIST(body, "inspect/**");

enum kerr replay_stamp(const cJSON *root, int64_t *unix_ms, struct why *why)
{
	enum kerr err = json_unix_s(root, "t", unix_ms, why);

	if (err == KERR_GONE || (err == KERR_OK && (*unix_ms <= 0 || *unix_ms >= YEAR_10000_MS)))
		return why_set(why, KERR_BAD_INPUT, "there is no time in \"t\"");
	return err;
}

static enum kerr collect(void *arg, struct slice bytes)
{
	struct text *t = arg;

	text_slice(t, bytes);
	return t->full ? KERR_TOO_BIG : KERR_OK;
}

static enum kerr through(struct replay_engine *e, const struct prune_list *list, struct slice in, char *buf, size_t cap,
			 struct slice *out, struct why *why)
{
	struct text t = text_on(buf, cap);
	enum kerr err;

	prune_init(&e->prune, list, collect, &t);
	err = prune_feed(&e->prune, in, why);
	if (err == KERR_OK)
		err = prune_end(&e->prune, why);
	*out = text_get(&t);
	return err;
}

enum kerr replay_engine_event(struct replay_engine *e, struct slice line, struct event *ev, bool *told, struct why *why)
{
	struct slice pruned;
	enum kerr err = through(e, &prune_event, line, e->pruned, sizeof(e->pruned), &pruned, why);

	*told = false;
	return err != KERR_OK ? err : engine_in_event(e->arena, pruned, ev, told, why);
}

static enum kerr index_line(struct replay_engine *e, struct slice line, struct why *why)
{
	struct replay_inspect *new = &e->inspect[e->n];
	size_t mark = arena_mark(e->arena);
	const cJSON *root;
	struct slice pruned;
	enum kerr err = through(e, &head, line, e->pruned, sizeof(e->pruned), &pruned, why);

	if (err == KERR_OK && e->n == REPLAY_INSPECTS_MAX)
		err = why_set(why, KERR_TOO_BIG, "more than %d inspects", REPLAY_INSPECTS_MAX);
	if (err == KERR_OK)
		err = json_parse(e->arena, pruned, &root, why);
	if (err == KERR_OK)
		err = replay_stamp(root, &new->at_ms, why);
	if (err == KERR_OK)
		err = json_str(json_object(root, "inspect"), "Id", new->id, sizeof(new->id), why);
	arena_reset(e->arena, mark);
	if (err != KERR_OK)
		return err == KERR_GONE ? why_set(why, KERR_BAD_INPUT, "there is no inspect with an Id in it") : err;
	new->from_ms = 0;
	new->until_ms = INT64_MAX;
	new->offset = e->inspects.offset;
	e->n++;
	return KERR_OK;
}

static void bound(struct replay_engine *e, const char *id, int64_t event_ms)
{
	for (uint32_t i = 0; i < e->n; i++) {
		struct replay_inspect *k = &e->inspect[i];

		if (!str_eq(k->id, id))
			continue;
		if (event_ms <= k->at_ms && event_ms > k->from_ms)
			k->from_ms = event_ms;
		if (event_ms > k->at_ms && event_ms < k->until_ms)
			k->until_ms = event_ms;
	}
}

enum kerr replay_engine_index(struct replay_engine *e, struct event *ev, struct why *why)
{
	enum kerr err = KERR_OK;
	struct slice line;
	struct why passed;
	bool told = false;

	while (e->inspects.fd >= 0 && (err = replay_lines_next(&e->inspects, &line, why)) == KERR_OK)
		if (index_line(e, line, &passed) != KERR_OK)
			replay_lines_bad(&e->inspects, passed.text);
	if (err != KERR_OK && err != KERR_GONE)
		return err;
	e->events.quiet = true;          /* they are named when they are played */
	while (e->events.fd >= 0 && e->n > 0 && (err = replay_lines_next(&e->events, &line, why)) == KERR_OK)
		if (replay_engine_event(e, line, ev, &told, &passed) == KERR_OK && told)
			bound(e, ev->u.container.id, ev->u.container.time_unix_ms);
	return err == KERR_GONE ? KERR_OK : err;
}

/* Of several that are true at that moment the newest one before it, else the first one after it. */
static const struct replay_inspect *true_at(const struct replay_engine *e, const char *id, int64_t at_ms)
{
	const struct replay_inspect *best = NULL;

	for (uint32_t i = 0; i < e->n; i++) {
		const struct replay_inspect *k = &e->inspect[i];

		if (!str_eq(k->id, id) || at_ms < k->from_ms || at_ms >= k->until_ms)
			continue;
		if (best == NULL || (k->at_ms <= at_ms ? k->at_ms >= best->at_ms || best->at_ms > at_ms
						       : best->at_ms > at_ms && k->at_ms < best->at_ms))
			best = k;
	}
	return best;
}

enum kerr replay_engine_inspect(struct replay_engine *e, const char *id, int64_t at_ms, struct event *ev, struct why *why)
{
	const struct slice before = SLICE("{\"inspect\":");
	const struct replay_inspect *k = true_at(e, id, at_ms);
	struct slice line, whole, pruned;
	enum kerr err;
	bool told = false;

	if (k == NULL)
		return why_set(why, KERR_GONE, "no answer is recorded");
	err = replay_lines_again(&e->inspects, k->offset, e->again, sizeof(e->again), &line, why);
	if (err == KERR_OK)
		err = through(e, &body, line, e->whole, sizeof(e->whole), &whole, why);
	if (err != KERR_OK)
		return err;
	if (whole.n <= before.n || !slice_starts(whole, before.p))
		return why_set(why, KERR_BAD_INPUT, "%s: a recorded inspect is no object", e->inspects.path);
	whole = slice_to(slice_from(whole, before.n), whole.n - before.n - 1);
	err = through(e, &prune_container, whole, e->pruned, sizeof(e->pruned), &pruned, why);
	if (err == KERR_OK)
		err = engine_in_inspect(e->arena, pruned, ev, &told, why);
	return err == KERR_OK && !told ? why_set(why, KERR_BAD_INPUT, "a recorded inspect is of no ECS container") : err;
}
