/* DescribeServices as it streams in: any chunking gives the same table, and the kept form of a table reads back as that table.
 * The first byte says whether the rest is an answer or a kept file. */
#include "agent/wire/deployments_in.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ASKED_UNIX_MS INT64_C(1800000000000)

struct run { struct deployments_in in; struct dep_table table; struct why why; struct event ev; };

static struct run whole, parts;
static struct dep_table again;
static char memory[DEP_ARENA], kept[DEP_CACHE_MAX];

static enum kerr feed(void *arg, struct slice part)
{
	struct run *r = arg;

	return deployments_in_feed(&r->in, part, &r->why);
}

static enum kerr run(struct run *r, const struct fuzz_pieces *p, struct slice text)
{
	struct arena a;
	enum kerr e;

	memset(&r->table, 0, sizeof(r->table));
	memset(&r->why, 0, sizeof(r->why));
	arena_init(&a, memory, sizeof(memory));
	deployments_in_begin(&r->in, &a, &r->table, ASKED_UNIX_MS);
	e = fuzz_feed(p, text, feed, r);
	if (e == KERR_OK)
		e = deployments_in_end(&r->in, &r->why);
	if (arena_mark(&a) != 0)
		fuzz_broken("the arena is not as it was");
	return e;
}

static void check_row(const struct dep_row *d)
{
	fuzz_text(d->id, sizeof(d->id), "an id");
	fuzz_text(d->status, sizeof(d->status), "a status");
	fuzz_text(d->family, sizeof(d->family), "a family");
	fuzz_text(d->launch_type, sizeof(d->launch_type), "a launch type");
	fuzz_text(d->rollout, sizeof(d->rollout), "a rollout state");
	fuzz_text(d->rollout_reason, sizeof(d->rollout_reason), "a rollout's reason");
}

static void check(const struct dep_table *t)
{
	if (t->n > DEP_SERVICES || t->missing > DEP_SERVICES)
		fuzz_broken("more services than a table holds");
	for (uint32_t i = 0; i < t->n; i++) {
		const struct dep_service *s = &t->service[i];

		fuzz_text(s->name, sizeof(s->name), "a name");
		fuzz_text(s->cluster, sizeof(s->cluster), "a cluster");
		if (s->n > DEP_ROWS || s->events > DEP_EVENTS)
			fuzz_broken("more rows than a service holds");
		if (i > 0 && strcmp(t->service[i - 1].name, s->name) > 0)
			fuzz_broken("services are not sorted");
		for (uint32_t k = 0; k < s->n; k++)
			check_row(&s->row[k]);
		for (uint32_t k = 0; k < s->events; k++)
			fuzz_text(s->event[k].text, sizeof(s->event[k].text), "an event");
	}
	for (uint32_t i = 0; i < t->missing; i++)
		fuzz_text(t->missing_name[i], sizeof(t->missing_name[i]), "a missing name");
}

/* A time is kept to the millisecond and read through a double: it may move by one, no member may otherwise. */
static void reads_back(const struct dep_table *t)
{
	static const struct dep_table none;
	struct text out = text_on(kept, sizeof(kept));
	struct arena a;
	struct why why = { "" };

	arena_init(&a, memory, sizeof(memory));
	if (deployments_write(t, &out, &why) != KERR_OK)
		fuzz_broken("a table cannot be kept");
	/* bytes that are no UTF-8 are kept as U+FFFD, three for one: a name may be another one or too long then */
	if (slice_find(text_get(&out), "\xEF\xBF\xBD") != SIZE_MAX || slice_find(text_get(&out), "\\ufffd") != SIZE_MAX)
		return;
	if (deployments_read(text_get(&out), "kept", &whole.in, &a, &again, &why) != KERR_OK)
		fuzz_broken(why.text);
	if (memcmp(t, &none, sizeof(none)) != 0 && (again.n != t->n || again.missing != t->missing))
		fuzz_broken("a kept table came back smaller");
	for (uint32_t i = 0; i < t->n; i++)
		if (strcmp(again.service[i].name, t->service[i].name) != 0 || again.service[i].n != t->service[i].n ||
		    again.service[i].events != t->service[i].events || again.service[i].running != t->service[i].running)
			fuzz_broken("a kept service came back as another");
}

static void kept_file(struct slice text)
{
	struct arena a;

	arena_init(&a, memory, sizeof(memory));
	memset(&whole.table, 0, sizeof(whole.table));
	if (deployments_read(text, "kept", &whole.in, &a, &whole.table, &whole.why) != KERR_OK) {
		if (whole.table.n != 0)
			fuzz_broken("a table that is refused is not empty");
		return;
	}
	check(&whole.table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	bool file = (fuzz_byte(&in) & 1) != 0;
	struct fuzz_pieces p = fuzz_pieces(&in);
	enum kerr e, told;

	if (file) {
		kept_file(in);
		return 0;
	}
	e = run(&whole, NULL, in);
	if (run(&parts, &p, in) != e || strcmp(whole.why.text, parts.why.text) != 0)
		fuzz_broken("pieces were judged otherwise than the whole");
	if (memcmp(&whole.table, &parts.table, sizeof(whole.table)) != 0)
		fuzz_broken("pieces gave another table than the whole");
	if (e != KERR_OK && whole.table.n != 0)
		fuzz_broken("a table that is refused is not empty");
	check(&whole.table);
	if (e != KERR_OK)
		return 0;
	told = deployments_in_service(&parts.in, (struct ecs_asked){ 3, 7 }, "web", &parts.ev, &parts.why);
	if (told == KERR_OK)
		fuzz_text(parts.ev.u.aws_service.placement, sizeof(parts.ev.u.aws_service.placement), "a placement event");
	reads_back(&parts.table);
	return 0;
}
