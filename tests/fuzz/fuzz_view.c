/* From the bytes of real sources to what people read: each line is a letter and what that source said, the real parsers make events
 * of it, the real core takes them, and at the end every view of its state is written and judged. Letters: j a record of the journal
 * (first ones), p a conf, m the agent's metadata, c the engine's list, i an inspect, g an image, e an engine event, t the agent's
 * tasks, l a line of its log, w seconds to wait, d DescribeServices, n what AWS denied, s a fact, v a verb, r a
 * revision as AWS would tell it ("web 11 1 7 sha256:... app": tagged, its reference), which no event brings without a question. */
#include "agent/core/core.h"
#include "agent/wire/agent_log.h"
#include "agent/wire/conf.h"
#include "agent/wire/engine_in.h"
#include "agent/wire/introspection_in.h"
#include "agent/wire/json.h"
#include "agent/wire/record.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_event.h"
#include "tests/fuzz/fuzz_views.h"

#include <string.h>

#define UNIX_MS INT64_C(1800000000000)
#define LINES   60

static struct core core;
static struct conf conf;
static struct event ev, told;
static struct agent_log lines;
static struct arena arena;
static struct record rec;
static struct dep_table table;
static struct deployments_in in;
static struct iam_denied denied;
static char memory[512 * 1024], scratch[4096], frame[RECORD_FRAME_MAX];
static uint64_t now_ms;
static bool restoring;

static void take(const struct event *e)
{
	struct action out[CORE_MAX_ACTIONS];
	const char *broken;
	size_t n;

	ev = *e;
	ev.now_ms = now_ms;
	ev.now_unix_ms = UNIX_MS + (int64_t)now_ms;
	fuzz_event(&ev);
	n = core_step(&core, &ev, out);
	broken = (const char *)core_check(&core, out, n);
	if (broken != NULL)
		fuzz_broken(broken);
}

static void put(void *arg, const struct event *e)
{
	(void)arg;
	take(e);
}

static const struct ev_out out = { &told, put, NULL };

static struct event *fresh(enum ev_type type)
{
	memset(&told, 0, sizeof(told));
	told.type = type;
	return &told;
}

static bool restore(void *ctx, const struct record *r, size_t offset, size_t n)
{
	(void)ctx, (void)offset, (void)n;
	fresh(EV_RESTORE)->u.restore.record = *r;
	take(&told);
	return true;
}

static void journal(struct slice payload)
{
	struct text t = text_on(frame, sizeof(frame));
	struct record_scan scan;
	uint32_t crc;

	if (!restoring || payload.n > RECORD_FRAME_MAX - RECORD_FRAME_HEAD - 1)
		return;
	text_c(&t, (char)RECORD_MAGIC);
	text_c(&t, RECORD_VERSION);
	for (unsigned i = 0; i < 4; i++)
		text_c(&t, (char)(payload.n >> 8 * i & 0xff));
	crc = record_crc32(record_crc32(0, frame, 6), payload.p, payload.n);
	for (unsigned i = 0; i < 4; i++)
		text_c(&t, (char)(crc >> 8 * i & 0xff));
	text_slice(&t, payload);
	record_scan(text_get(&t), &arena, &rec, restore, NULL, &scan);
}

static void restored(void)
{
	if (restoring)
		fresh(EV_RESTORE)->u.restore.last = true, take(&told);
	restoring = false;
}

static void wait(struct slice seconds)
{
	uint64_t s = 0, until;

	until = now_ms + 1000 * (slice_u64(seconds, &s) && s < 100000 ? s : 1);
	for (unsigned i = 0; i < 60 && core_deadline(&core) <= until; i++) {
		now_ms = core_deadline(&core) > now_ms ? core_deadline(&core) : now_ms;
		take(fresh(EV_TICK));
	}
	now_ms = until;
	take(fresh(EV_TICK));
}

static void deployments(struct slice body)
{
	struct why why = { "" };

	deployments_in_begin(&in, &arena, &table, core.now_unix_ms);
	if (deployments_in_feed(&in, body, &why) != KERR_OK || deployments_in_end(&in, &why) != KERR_OK)
		table.asked_unix_ms = 0;
}

/* Two figures and what it is about: "0 2 registry:5000". */
static void fact(struct slice text)
{
	struct slice which = SLICE(""), yes = SLICE("");
	uint64_t n = 0, how = 0;
	struct event *e = fresh(EV_FACT);

	(void)slice_next(&text, ' ', &which);
	(void)slice_next(&text, ' ', &yes);
	if (!slice_u64(which, &n) || !slice_u64(yes, &how))
		return;
	e->u.fact = (struct ev_fact){ .fact = (enum fact)(n % FACTS), .yes = (enum tri)(how % 3), .value = (int64_t)(how & SHED_POLLS), .last = true };
	(void)json_clean(e->u.fact.about, sizeof(e->u.fact.about), text);
	take(e);
	if (n >= FACTS) {
		*fresh(EV_SOURCE) = (struct event){ .type = EV_SOURCE, .u.source = { .source = (enum source)(n % SOURCES), .state = (enum source_state)(how % SOURCE_STATES) } };
		(void)json_clean(told.u.source.detail, sizeof(told.u.source.detail), text);
		take(&told);
	}
}

static void verb(struct slice text)
{
	struct slice which = SLICE("");
	uint64_t n = 0;
	struct event *e = fresh(EV_OPERATOR);

	(void)slice_next(&text, ' ', &which);
	if (core_service(&core, text) == NONE || !slice_u64(which, &n))
		return;
	e->u.operator.verb = (enum op_verb)(n % OPV_DEPLOY);
	e->u.operator.for_ms = n > OPV_DEPLOY ? 600000 : 0;
	(void)str_put(e->u.operator.service, sizeof(e->u.operator.service), slice_of(core.service[core_service(&core, text)].m.name));
	take(e);
}

static void revision(struct slice text)
{
	struct service *s = &core.service[0];
	struct slice word[5] = { SLICE(""), SLICE(""), SLICE(""), SLICE(""), SLICE("") };
	uint64_t number = 0, tagged = 0, reference = 0;
	struct revision *r;

	for (int i = 0; i < 5; i++)
		(void)slice_next(&text, ' ', &word[i]);
	if (!s->used || s->n_revisions == REVISIONS_MAX || !slice_u64(word[1], &number) || !slice_u64(word[2], &tagged) ||
	    !slice_u64(word[3], &reference))
		return;
	r = &s->revision[s->n_revisions++];
	r->revision = (uint32_t)number;
	r->n = 1;
	r->image[0] = (struct image_pin){ .reference = reference, .tagged = tagged != 0 };
	(void)json_clean(r->family, sizeof(r->family), word[0]);
	(void)json_clean(r->image[0].digest, sizeof(r->image[0].digest), word[4]);
	(void)json_clean(r->image[0].container, sizeof(r->image[0].container), text);
	s->asked.said.controller = (enum controller)(number / 100 % CONTROLLERS);
}

static void say(char who, struct slice text)
{
	struct engine_in_counts n = { 0, 0, 0 };
	struct introspection_in_counts m = { 0, 0 };
	struct iam_names names = { 0 };
	enum agent_log_link link;
	struct why why = { "" };
	bool is = true;
	enum kerr e = KERR_GONE;

	if (who == 'j')
		journal(text);
	else
		restored();
	memset(&told, 0, sizeof(told));
	if (who == 'p' && conf_parse(text, "conf", &conf, &why) == KERR_OK)
		core_reload(&core, &conf.core);
	else if (who == 'm')
		e = introspection_in_metadata(&arena, text, &told, &why);
	else if (who == 'c')
		(void)!engine_in_list(&arena, text, &out, &n, &why);
	else if (who == 'i')
		e = engine_in_inspect(&arena, text, &told, &is, &why);
	else if (who == 'g')
		e = engine_in_image(&arena, text, "web", &told, &why);
	else if (who == 'e')
		e = engine_in_event(&arena, text, &told, &is, &why);
	else if (who == 't')
		(void)!introspection_in_tasks(&arena, text, &out, &m, &why);
	else if (who == 'l')
		(void)!agent_log_line(&lines, text, &out, &link, &why);
	else if (who == 'w')
		wait(text);
	else if (who == 'd')
		deployments(text);
	else if (who == 'n')
		iam_denied_from(text, "ecs:StopServiceDeployment", &names, &denied);
	else if (who == 's')
		fact(text);
	else if (who == 'v')
		verb(text);
	else if (who == 'r')
		revision(text);
	if (e == KERR_OK && is)
		take(&told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = { (const char *)data, size }, line;
	struct view v;

	memset(&core, 0, sizeof(core));
	memset(&denied, 0, sizeof(denied));
	table.asked_unix_ms = 0;
	arena_init(&arena, memory, sizeof(memory));
	agent_log_init(&lines, scratch, sizeof(scratch));
	conf_default(&conf);
	now_ms = 1000;
	restoring = true;
	core_init(&core, &conf.core);
	for (unsigned i = 0; i < LINES && slice_next(&all, '\n', &line); i++)
		if (line.n > 0)
			say(line.p[0], slice_from(line, 2));
	restored();
	v = fuzz_view_of(&core, table.asked_unix_ms == 0 ? NULL : &table);
	v.denied = &denied;
	v.n_denied = denied.action[0] != '\0';
	fuzz_views(&v);
	return 0;
}
