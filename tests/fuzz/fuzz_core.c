/* The core driven from bytes: any order of events, late and wrong answers, clocks that jump, restarts from its own records.
 * After every step the state must be whole, the actions sound and the deadline honest, and at the end it must show as it is. */
#include "agent/core/core.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_views.h"

#include <stddef.h>
#include <string.h>

#define BOOT_MS   UINT64_C(100000)
#define UNIX_MS   INT64_C(1800000000000)
#define SPIN_MAX  64                     /* ticks without time passing: every table emptied through 32 actions a tick */
#define ASKED_MAX 24
#define KEPT_MAX  160

enum { N_TASKS = 8, N_SERVICES = 3, N_DEPS = 6, N_REVISIONS = 4 };

struct bytes { const uint8_t *p; size_t n; };

struct cloud_dep { uint32_t revision; enum sd_status status; int64_t created_unix_ms; };

/* What the bytes play: a control plane per service, the questions it was asked, a disk. */
struct game {
	struct bytes in;
	struct core core;
	struct core_params params;
	uint64_t now_ms;
	int64_t skew_ms;
	struct cloud_dep dep[N_SERVICES][N_DEPS];    /* newest first */
	uint32_t n_deps[N_SERVICES], number[N_SERVICES];
	struct action asked[ASKED_MAX];
	uint32_t n_asked;
	struct record kept[KEPT_MAX];
	uint32_t n_kept, n_durable;
	uint64_t newest_seq;
	uint32_t boots;
};

static struct game g;

static void fail(const char *what)
{
	fuzz_broken(what);
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */
static uint32_t u8(void)
{
	if (g.in.n == 0)
		return 0;
	g.in.n--;
	return *g.in.p++;
}

static uint32_t below(uint32_t n)
{
	return u8() % n;
}

static bool flag(void)
{
	return (u8() & 1) != 0;
}

static enum tri tri(void)
{
	return (enum tri)below(3);
}

#define NUMBERED(dst, words, number) numbered((dst), sizeof(dst), (words), (number))
static void numbered(char *dst, size_t cap, const char *words, uint32_t number)
{
	struct text t = text_on(dst, cap);

	text_s(&t, words);
	text_u64(&t, number);
}

#define WORD(dst, word) (void)str_put((dst), sizeof(dst), slice_of(word))

static const char *service_name(uint32_t n)
{
	static const char *const name[] = { "web", "api", "db" };

	return name[n % N_SERVICES];
}

static void deployment_arn(char arn[ARN_CAP], uint32_t service, uint32_t number)
{
	struct text t = text_on(arn, ARN_CAP);

	text_s(&t, "arn:aws:ecs:eu-west-1:1:service-deployment/edge/");
	text_s(&t, service_name(service));
	text_c(&t, '/');
	text_u64(&t, number);
}

static void revision_arn(char arn[ARN_CAP], uint32_t service, uint32_t revision)
{
	struct text t = text_on(arn, ARN_CAP);

	text_s(&t, "arn:aws:ecs:eu-west-1:1:service-revision/edge/");
	text_s(&t, service_name(service));
	text_c(&t, '/');
	text_u64(&t, revision);
}

static uint32_t any_task(char arn[ARN_CAP])
{
	uint32_t n = u8(), task = n < 192 ? n % N_TASKS : n;

	if (n % 31 == 30)
		numbered(arn, ARN_CAP, "", 1000 + task);   /* only an id */
	else
		numbered(arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/", 1000 + task);
	return task;
}

static uint32_t family_of(uint32_t task)
{
	return task % N_SERVICES;
}

/* --- what must hold after every step ------------------------------------------------------------------------------ */
static void ends(const char *s, size_t cap, const char *what)
{
	if (memchr(s, '\0', cap) == NULL)
		fail(what);
}

static void in(unsigned value, unsigned count, const char *what)
{
	if (value >= count)
		fail(what);
}

static void points(int32_t index, int32_t rows, const char *what)
{
	if (index != NONE && (index < 0 || index >= rows))
		fail(what);
}

#define ENDS(s) ends((s), sizeof(s), "a string without an end: " #s)
#define IN(value, count) in((unsigned)(value), (unsigned)(count), "a word out of its list: " #value)
#define INDEX(value, rows) points((value), (rows), "an index to nowhere: " #value)

static void whole_tasks(const struct core *c)
{
	for (int32_t i = 0; i < c->rows.tasks; i++) {
		const struct task *t = &c->task[i];

		ENDS(t->arn), ENDS(t->family), ENDS(t->service), ENDS(t->started_by);
		IN(t->kind, FAIL_KINDS), IN(t->desired, TS_STOPPED + 1), IN(t->known, TS_STOPPED + 1);
		INDEX(t->release, c->rows.releases);
		if (t->used && t->release != NONE && !c->release[t->release].used)
			fail("a task of a release that is gone");
	}
	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];

		ENDS(k->id), ENDS(k->name), ENDS(k->image), ENDS(k->image_id);
		IN(k->state, CS_OTHER + 1), IN(k->essential, TRI_YES + 1);
		INDEX(k->task, c->rows.tasks);
	}
}

static void whole_releases(const struct core *c)
{
	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		ENDS(r->service), ENDS(r->family), ENDS(r->deployment), ENDS(r->started_by);
		IN(r->n_images, TASK_CONTAINERS + 1);
		for (uint32_t k = 0; k < r->n_images && k < TASK_CONTAINERS; k++) {
			ENDS(r->image[k].container), ENDS(r->image[k].image_id), ENDS(r->image[k].digest), ENDS(r->image[k].arch);
		}
	}
	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct failure *f = &c->failure[i].f;

		if (!c->failure[i].used)
			continue;
		ENDS(f->service), ENDS(f->cluster), ENDS(f->family), ENDS(f->task), ENDS(f->container), ENDS(f->deployment);
		ENDS(f->started_by), ENDS(f->image), ENDS(f->digest), ENDS(f->reason);
		IN(f->kind, FAIL_KINDS), IN(f->stage, STAGES), IN(f->class, CLASSES), IN(f->blame, BLAMES), IN(f->n_evidence, EVIDENCE_MAX + 1);
		INDEX(c->failure[i].release, c->rows.releases);
		for (uint32_t k = 0; k < f->n_evidence && k < EVIDENCE_MAX; k++) {
			ENDS(f->evidence[k]);
			if (f->evidence[k][0] == '\0')
				fail("an empty sentence of evidence");
		}
		if (f->id == 0 || f->id >= c->next_id)
			fail("a failure with an id never given");
	}
}

static void whole_services(const struct core *c)
{
	char words[600];

	for (int32_t i = 0; i < c->rows.services; i++) {
		const struct service *s = &c->service[i];
		struct text t = text_on(words, sizeof(words));

		if (!s->used)
			continue;
		ENDS(s->m.name), ENDS(s->m.deployment), ENDS(s->rb.service), ENDS(s->rb.family), ENDS(s->rb.deployment), ENDS(s->rb.reason);
		ENDS(s->rb.target_revision_arn), ENDS(s->rb.target_family), ENDS(s->rb.target_digest), ENDS(s->look.arn), ENDS(s->dep.arn);
		IN(s->m.n_families, SERVICE_FAMILIES + 1), IN(s->m.status, SD_STATUSES), IN(s->look.step, LOOK_REVISION + 1);
		IN(s->look.n_want, REVISIONS_MAX + 1), IN(s->n_history, HISTORY_MAX + 1), IN(s->n_revisions, REVISIONS_MAX + 1);
		IN(s->rb.state, RB_STATES), IN(s->rb.verified, VERIFIED_NO + 1), IN(s->verdict, VERDICTS), IN(s->serving, SERVING_NEW + 1);
		if (rb_open(s->rb.state) && s->rb.id == 0)
			fail("an open intent without an id");
		core_explain(c, (uint32_t)i, &t);
	}
}

static uint32_t rows_of(const struct core *c, const struct action *a)
{
	switch (a->type) {
	case ACT_REPORT: case ACT_SUSPECT: case ACT_PROBE:
		return (uint32_t)c->rows.failures;
	case ACT_INSPECT: case ACT_IMAGE: case ACT_LAST_WORDS:
		return (uint32_t)c->rows.containers;
	case ACT_AWS_TASK:
		return (uint32_t)c->rows.tasks;
	case ACT_JOURNAL:
		return a->kind == REC_FAILURE ? (uint32_t)c->rows.failures : a->kind == REC_RELEASE ? (uint32_t)c->rows.releases
		     : a->kind == REC_SERVICE || a->kind == REC_ROLLBACK ? (uint32_t)c->rows.services : 1;
	case ACT_NOTE: case ACT_TARGET_IMAGE: case ACT_REGISTRY: case ACT_AWS_LIST: case ACT_AWS_DEPLOYMENT: case ACT_AWS_REVISION: case ACT_AWS_QUORUM:
	case ACT_AWS_STOP: case ACT_AWS_UPDATE: case ACT_AWS_SERVICE: case ACT_AWS_DEPLOY: case ACT_DEPLOYED:
		return (uint32_t)c->rows.services;
	case ACT_TYPES:
		break;
	}
	return 0;
}

static void take_actions(const struct core *c, const struct action *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct action *a = &out[i];

		IN(a->type, ACT_TYPES);
		IN(a->index, rows_of(c, a));
		if (a->type == ACT_JOURNAL) {
			IN(a->kind, REC_KINDS);
			if (a->seq <= g.newest_seq)
				fail("a record number given twice");
			g.newest_seq = a->seq;
			if (g.n_kept == KEPT_MAX) {
				memmove(&g.kept[0], &g.kept[1], (KEPT_MAX - 1) * sizeof(g.kept[0]));
				g.n_kept--;
				g.n_durable -= g.n_durable > 0;
			}
			core_record(c, a->kind, a->index, &g.kept[g.n_kept]);
			g.kept[g.n_kept++].seq = a->seq;
		} else if (a->type != ACT_REPORT && a->type != ACT_NOTE && a->type != ACT_SUSPECT) {
			if (g.n_asked == ASKED_MAX) {
				memmove(&g.asked[0], &g.asked[1], (ASKED_MAX - 1) * sizeof(g.asked[0]));
				g.n_asked--;
			}
			g.asked[g.n_asked++] = *a;
		}
	}
}

static void feed(struct event *ev)
{
	struct action out[CORE_MAX_ACTIONS];
	const char *broken;
	size_t n;

	ev->now_ms = g.now_ms;
	ev->now_unix_ms = UNIX_MS + (int64_t)g.now_ms + g.skew_ms;
	n = core_step(&g.core, ev, out);
	if (n > CORE_MAX_ACTIONS)
		fail("too many actions");
	broken = (const char *)core_check(&g.core, out, n);
	if (broken != NULL)
		fail(broken);
	take_actions(&g.core, out, n);
	if (core_deadline(&g.core) < g.now_ms)
		fail("a deadline in the past");
	whole_tasks(&g.core);
	whole_releases(&g.core);
	whole_services(&g.core);
}

static struct event event(enum ev_type type)
{
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.type = type;
	return ev;
}

/* Ticks at the core's own deadlines for that long: it must let time pass. */
static void quiet(uint64_t ms, uint32_t ticks)
{
	uint64_t until = g.now_ms + ms;
	uint32_t spun = 0;

	for (uint32_t i = 0; i < ticks; i++) {
		uint64_t at = core_deadline(&g.core);
		struct event ev = event(EV_TICK);

		if (at > until)
			break;
		spun = at > g.now_ms ? 0 : spun + 1;
		if (spun > SPIN_MAX)
			fail("ticks at its own deadline bring it no further");
		g.now_ms = at;
		feed(&ev);
	}
	g.now_ms = until;
}

/* --- the node ----------------------------------------------------------------------------------------------------- */
static void play_epoch(void)
{
	struct event ev = event(EV_EPOCH);
	uint32_t what = u8();

	if (what & 1)
		NUMBERED(ev.u.epoch.boot_id, "boot-", g.boots += (what & 2) != 0);
	if (what & 4)
		WORD(ev.u.epoch.cluster, (what & 8) ? "edge" : "other");
	if (what & 16)
		WORD(ev.u.epoch.arch, "amd64");
	if (what & 32)
		NUMBERED(ev.u.epoch.engine_version, "28.", what >> 6);
	feed(&ev);
}

static void play_source(void)
{
	struct event ev = event(EV_SOURCE);

	ev.u.source.source = (enum source)below(SOURCES);
	ev.u.source.state = (enum source_state)below(SOURCE_STATES);
	feed(&ev);
}

static void play_sync(void)
{
	struct event ev = event(EV_SYNC);

	ev.u.sync.source = flag() ? SRC_ENGINE : SRC_INTROSPECTION;
	ev.u.sync.end = flag();
	feed(&ev);
}

static void container_id(char id[DOCKER_ID_CAP], uint32_t task, bool second)
{
	numbered(id, DOCKER_ID_CAP, second ? "side-" : "main-", task);
}

static void play_container(void)
{
	struct event ev = event(EV_CONTAINER);
	struct ev_container *k = &ev.u.container;
	uint32_t task = any_task(k->task), more = u8();

	k->what = (enum container_what)below(C_WHATS);
	container_id(k->id, task, (more & 1) != 0);
	WORD(k->name, (more & 1) ? "side" : "app");
	NUMBERED(k->family, "family", family_of(task));
	k->revision = 1 + ((more >> 1) & 3);
	if (more & 8)
		NUMBERED(k->image_id, "sha256:image", k->revision + ((more >> 4) & 1));
	WORD(k->image, (more & 32) ? "registry:5000/web:1" : "web@sha256:1");
	if ((more & 192) == 192)
		k->task[0] = '\0';
	k->exit_code = (int32_t)u8();
	k->signal = k->exit_code % 32;
	k->has_exit = k->what == C_DIED || (k->exit_code & 1) != 0;
	k->time_unix_ms = UNIX_MS + (int64_t)g.now_ms;
	if (k->what == C_LISTED) {
		uint32_t how = u8();

		k->state = (enum container_state)(how % 5);
		k->inspected = (how & 8) != 0;
		k->oom_killed = (how & 16) != 0;
		k->started_unix_ms = (how & 32) ? k->time_unix_ms - 1000 : 0;
		k->finished_unix_ms = (how & 64) ? k->time_unix_ms : 0;
		k->fixed_port = (how & 128) != 0;
		k->health_check = k->inspected ? (enum tri)(1 + how % 2) : TRI_UNKNOWN;
		if (k->inspected && (how & 4)) {
			k->class = (enum class)below(CLASSES);
			WORD(k->reason, "what the engine says");
		}
	}
	feed(&ev);
}

static void play_image(void)
{
	struct event ev = event(EV_IMAGE);

	NUMBERED(ev.u.image.image_id, "sha256:image", 1 + below(5));
	NUMBERED(ev.u.image.digest, "sha256:digest", 1 + below(5));
	WORD(ev.u.image.arch, flag() ? "arm64" : "amd64");
	feed(&ev);
}

static void play_task(void)
{
	struct event ev = event(EV_TASK);
	struct ev_task *t = &ev.u.task;
	uint32_t task = any_task(t->task), more = u8();

	t->what = (enum task_what)below(T_WHATS);
	if ((more & 192) != 192)
		NUMBERED(t->family, "family", family_of(task));
	t->revision = more & 3;
	t->desired = (enum task_status)((more >> 2) & 3);
	t->known = (enum task_status)((more >> 4) & 3);
	t->containers = more % 3;
	t->restarts = more % 5;
	if (t->what == T_SERVICE)
		WORD(t->service, service_name(below(N_SERVICES)));
	if (t->what == T_PLACED)
		t->time_unix_ms = flag() ? UNIX_MS + (int64_t)g.now_ms - 5000 : 0;
	feed(&ev);
}

static void play_pull(void)
{
	struct event ev = event(EV_PULL);
	uint32_t more;

	(void)any_task(ev.u.pull.task);
	more = u8();
	ev.u.pull.what = (enum pull_what)(more % P_WHATS);
	WORD(ev.u.pull.container, (more & 64) ? "side" : "app");
	WORD(ev.u.pull.image, (more & 128) ? "mirror:5000/web:1" : "web");
	ev.u.pull.class = (enum class)(1 + below(CLASS_PULL_UNKNOWN));
	WORD(ev.u.pull.reason, (more & 32) ? "dial tcp: connection refused" : "no answer");
	ev.u.pull.time_unix_ms = (more & 16) ? UNIX_MS + (int64_t)g.now_ms : 0;
	feed(&ev);
}

static void play_change(void)
{
	struct event ev = event(EV_CHANGE);
	struct ev_change *x = &ev.u.change;
	uint32_t more;

	(void)any_task(x->task);
	more = u8();
	x->task_status = (more & 1) ? TS_STOPPED : (enum task_status)((more >> 1) & 3);
	x->status = (more & 8) ? TS_STOPPED : TS_RUNNING;
	WORD(x->container, (more & 16) ? "side" : "app");
	x->essential = (more & 32) ? TRI_YES : tri();
	x->exit_code = (int32_t)u8();
	x->has_exit = (x->exit_code & 128) != 0;
	x->exit_code &= 127 | (more & 64 ? 128 : 0);
	x->cut = more == 255;
	if (flag()) {
		x->class = (enum class)below(CLASSES);
		x->stage = flag() ? class_stage(x->class) : (enum stage)below(STAGES);
		WORD(x->reason, "what the agent says");
	} else {
		x->stage = STAGE_RUN;
	}
	x->time_unix_ms = (more & 128) ? UNIX_MS + (int64_t)g.now_ms : 0;
	feed(&ev);
}

static void play_fact(void)
{
	struct event ev = event(EV_FACT);
	uint32_t more = u8();

	ev.u.fact.fact = (enum fact)(more % FACTS);
	ev.u.fact.yes = tri();
	ev.u.fact.last = (more & 64) != 0;
	ev.u.fact.value = ev.u.fact.fact == FACT_DATA ? more >> 4 & SHED_POLLS : (int64_t)(more >> 4) << 20;
	WORD(ev.u.fact.about, (more & 128) ? "mirror:5000" : "registry:5000");
	feed(&ev);
}

static void play_last_words(void)
{
	struct event ev = event(EV_LAST_WORDS);

	container_id(ev.u.last_words.id, below(N_TASKS), flag());
	ev.u.last_words.class = (enum class)below(CLASSES);
	feed(&ev);
}

/* --- the control plane -------------------------------------------------------------------------------------------- */
static void play_deploy(void)
{
	uint32_t s = below(N_SERVICES);

	memmove(&g.dep[s][1], &g.dep[s][0], (N_DEPS - 1) * sizeof(g.dep[s][0]));
	g.n_deps[s] += g.n_deps[s] < N_DEPS;
	g.number[s]++;
	g.dep[s][0] = (struct cloud_dep){ 1 + below(N_REVISIONS), SD_IN_PROGRESS, UNIX_MS + (int64_t)g.now_ms };
}

static void play_status(void)
{
	g.dep[below(N_SERVICES)][below(2)].status = (enum sd_status)below(SD_STATUSES);
}

/* Which of the cloud's services the core's row is; a row the bytes made up is none. */
static uint32_t cloud_of(uint32_t row)
{
	for (uint32_t s = 0; s < N_SERVICES && row < SERVICES_MAX; s++)
		if (str_eq(g.core.service[row].m.name, service_name(s)))
			return s;
	return 0;
}

static void answer_list(const struct action *a)
{
	struct event ev = event(EV_AWS_LIST);
	uint32_t s = cloud_of(a->index);

	ev.u.aws_list.service = a->index;
	ev.u.aws_list.ask = a->ask;
	for (uint32_t i = 0; (a->full || flag()) && i < g.n_deps[s] && i < HISTORY_MAX; i++) {
		struct sd_brief *item = &ev.u.aws_list.item[ev.u.aws_list.n++];

		deployment_arn(item->arn, s, g.number[s] - i);
		revision_arn(item->target_revision, s, g.dep[s][i].revision);
		item->status = g.dep[s][i].status;
		item->created_unix_ms = g.dep[s][i].created_unix_ms;
	}
	feed(&ev);
}

static void answer_deployment(const struct action *a)
{
	struct event ev = event(EV_AWS_DEPLOYMENT);
	struct ev_aws_deployment *d = &ev.u.aws_deployment;
	uint32_t s = cloud_of(a->index), more = u8();

	d->service = a->index;
	d->ask = a->ask;
	d->missing = g.n_deps[s] == 0 || more == 255;
	deployment_arn(d->arn, s, g.number[s]);
	revision_arn(d->target_revision, s, g.dep[s][0].revision);
	if (g.n_deps[s] > 1)
		revision_arn(d->source_revision, s, g.dep[s][1].revision);
	if (g.dep[s][0].status >= SD_ROLLBACK_REQUESTED && g.dep[s][0].status <= SD_ROLLBACK_FAILED && g.n_deps[s] > 1)
		revision_arn(d->rollback_revision, s, g.dep[s][1 + (more & 1 && g.n_deps[s] > 2)].revision);
	d->status = g.dep[s][0].status;
	d->created_unix_ms = g.dep[s][0].created_unix_ms;
	d->requested = 1 + ((more >> 1) & 3);
	d->running = (more >> 3) & 1;
	d->cb_enabled = (more & 16) != 0;
	d->cb_rollback = (more & 32) != 0;
	d->cb_status = d->cb_enabled ? CB_MONITORING : CB_DISABLED;
	d->cb_failures = more >> 6;
	d->cb_threshold = 3;
	d->paused = (more & 7) == 7;
	d->source_running = (more & 8) ? 0 : 1;
	d->source_requested = 1;
	feed(&ev);
}

static uint32_t number_at_end(const char *arn)
{
	size_t n = strlen(arn);

	return n == 0 ? 0 : (uint32_t)(arn[n - 1] - '0') % 10;
}

static void answer_revisions(const struct action *a)
{
	static char want[REVISIONS_MAX][ARN_CAP];
	uint32_t n = a->index < SERVICES_MAX ? g.core.service[a->index].look.n_want : 0, more = u8();

	if (n > 0)
		memcpy(want, g.core.service[a->index].want, sizeof(want));
	for (uint32_t i = 0; i < n; i++) {
		struct event ev = event(EV_AWS_REVISION);
		struct ev_aws_revision *r = &ev.u.aws_revision;

		r->service = a->index;
		r->ask = a->ask;
		r->last = i + 1 == n;
		r->missing = (more & 15) == 15;
		WORD(r->arn, want[REVISIONS_MAX - 1 - i]);
		NUMBERED(r->family, "family", cloud_of(a->index));
		r->revision = number_at_end(want[REVISIONS_MAX - 1 - i]);
		r->n = (more & 48) == 48 ? 0 : 1;
		WORD(r->image[0].container, "app");
		NUMBERED(r->image[0].digest, "sha256:digest", r->revision);
		r->image[0].tagged = (more & 64) != 0;
		r->image[0].reference = r->image[0].tagged ? 7 + (more & 1) * r->revision : 0;
		feed(&ev);
	}
}

static void refuse(const struct action *a, enum aws_op op)
{
	struct event ev = event(EV_AWS_FAILED);

	ev.u.aws_failed.service = a->index;
	ev.u.aws_failed.ask = a->ask;
	ev.u.aws_failed.op = op;
	ev.u.aws_failed.error = (enum aws_error)below(AWS_ERRORS);
	WORD(ev.u.aws_failed.detail, "what AWS says");
	if (op == OP_TASK && a->index < TASKS_MAX)
		WORD(ev.u.aws_failed.task, g.core.task[a->index].arn);
	feed(&ev);
}

static enum aws_op op_of(enum act_type type)
{
	static const enum aws_op op[ACT_TYPES] = {
		[ACT_AWS_TASK] = OP_TASK, [ACT_AWS_LIST] = OP_LIST, [ACT_AWS_DEPLOYMENT] = OP_DEPLOYMENT, [ACT_AWS_REVISION] = OP_REVISION,
		[ACT_AWS_QUORUM] = OP_QUORUM, [ACT_AWS_STOP] = OP_STOP, [ACT_AWS_UPDATE] = OP_UPDATE, [ACT_AWS_SERVICE] = OP_SERVICES,
		[ACT_AWS_DEPLOY] = OP_UPDATE,
	};

	return op[type];
}

static void answer_stop(const struct action *a)
{
	struct event ev = event(EV_AWS_STOPPED);
	uint32_t s = cloud_of(a->index);

	ev.u.aws_stopped.service = a->index;
	ev.u.aws_stopped.ask = a->ask;
	if (a->index < SERVICES_MAX)
		WORD(ev.u.aws_stopped.arn, g.core.service[a->index].rb.deployment);
	if (sd_ongoing(g.dep[s][0].status))
		g.dep[s][0].status = SD_ROLLBACK_IN_PROGRESS;
	feed(&ev);
}

/* The answer a sound AWS or engine gives; to a question whose row or number the bytes bent it is a stray one. */
static void answer(const struct action *a)
{
	struct event ev;

	switch (a->type) {
	case ACT_AWS_LIST:
		answer_list(a);
		break;
	case ACT_AWS_DEPLOYMENT:
		answer_deployment(a);
		break;
	case ACT_AWS_REVISION:
		answer_revisions(a);
		break;
	case ACT_AWS_STOP:
		answer_stop(a);
		break;
	case ACT_AWS_UPDATE:
	case ACT_AWS_DEPLOY:
		ev = event(EV_AWS_UPDATED);
		ev.u.aws_updated = (struct ev_aws_updated){ a->index, a->ask };
		feed(&ev);
		break;
	case ACT_AWS_QUORUM:
		ev = event(EV_AWS_QUORUM);
		ev.u.aws_quorum = (struct ev_aws_quorum){ a->index, a->ask, below(8), below(4), below(2) };
		feed(&ev);
		break;
	case ACT_AWS_TASK:
		ev = event(EV_AWS_TASK);
		if (a->index < TASKS_MAX)
			WORD(ev.u.aws_task.task, g.core.task[a->index].arn);
		ev.u.aws_task.missing = below(8) == 7;
		if (below(8) != 7)
			WORD(ev.u.aws_task.service, service_name(a->index));
		NUMBERED(ev.u.aws_task.started_by, "ecs-svc/", g.number[a->index % N_SERVICES]);
		feed(&ev);
		break;
	case ACT_AWS_SERVICE:
		ev = event(EV_AWS_SERVICE);
		ev.u.aws_service = (struct ev_aws_service){ .service = a->index, .ask = a->ask, .missing = below(8) == 7,
							    .controller = (enum controller)below(CONTROLLERS) };
		ev.u.aws_service.placement_unix_ms = flag() ? UNIX_MS + (int64_t)g.now_ms : 0;
		WORD(ev.u.aws_service.placement, "was unable to place a task");
		feed(&ev);
		break;
	case ACT_TARGET_IMAGE:
		ev = event(EV_TARGET_IMAGE);
		ev.u.target_image = (struct ev_target_image){ .service = a->index, .ask = a->ask, .there = tri() };
		feed(&ev);
		break;
	case ACT_REGISTRY:
		for (uint32_t i = below(3); i < 3; i++) {
			ev = event(EV_REGISTRY);
			ev.u.registry = (struct ev_registry){ .ask = a->ask, .word = (enum image_word)below(IMAGE_WORDS), .essential = tri() };
			WORD(ev.u.registry.container, i == 0 ? "app" : "side");
			WORD(ev.u.registry.image, flag() ? "registry.example/web:2" : "web@sha256:11");
			feed(&ev);
		}
		break;
	case ACT_PROBE:
		ev = event(EV_FACT);
		ev.u.fact = (struct ev_fact){ .fact = FACT_DISK, .yes = tri(), .last = true, .value = 1 << 30 };
		feed(&ev);
		break;
	case ACT_INSPECT: case ACT_IMAGE: case ACT_LAST_WORDS:
	case ACT_JOURNAL: case ACT_REPORT: case ACT_NOTE: case ACT_SUSPECT: case ACT_DEPLOYED: case ACT_TYPES:
		break;
	}
}

static void play_answer(bool bent)
{
	struct action a;
	uint32_t i;

	if (g.n_asked == 0)
		return;
	i = below(g.n_asked);
	a = g.asked[i];
	if (bent) {
		uint32_t how = u8();

		a.ask += (how & 3) == 1;
		a.index = (how & 12) == 4 ? SERVICES_MAX + (how >> 4) : (how & 12) == 8 ? (how >> 4) : a.index;
		if (a.type >= ACT_AWS_TASK && (how & 16)) {
			refuse(&a, op_of(a.type));
			return;
		}
	} else {
		memmove(&g.asked[i], &g.asked[i + 1], (--g.n_asked - i) * sizeof(a));
	}
	answer(&a);
}

static void play_refusal(void)
{
	struct action a;

	if (g.n_asked == 0)
		return;
	a = g.asked[--g.n_asked];
	if (a.type >= ACT_AWS_TASK)
		refuse(&a, op_of(a.type));
}

/* Everything asked so far is answered, and what those answers ask for, too. */
static void play_all_answers(void)
{
	for (uint32_t i = 0; i < 32 && g.n_asked > 0; i++) {
		struct action a = g.asked[0];

		memmove(&g.asked[0], &g.asked[1], --g.n_asked * sizeof(a));
		answer(&a);
	}
}

/* --- the disk, the person, the conf, the process ------------------------------------------------------------------- */
static void play_saved(void)
{
	struct event ev = event(EV_SAVED);

	g.n_durable = g.n_kept;
	ev.u.saved.seq = g.newest_seq;
	feed(&ev);
}

static void play_operator(void)
{
	struct event ev = event(EV_OPERATOR);
	uint32_t more = u8();

	ev.u.operator.verb = (enum op_verb)(more % 6);
	WORD(ev.u.operator.service, (more & 16) ? "nobody" : service_name(more >> 5));
	if ((more & 8) && g.core.rows.services > 0)
		NUMBERED(ev.u.operator.id, "r", g.core.service[0].rb.id);
	if (ev.u.operator.verb == OPV_HOLD)
		ev.u.operator.for_ms = flag() ? 600000 : 0;
	if (ev.u.operator.verb == OPV_DEPLOY || (ev.u.operator.verb == OPV_ROLLBACK && flag())) {
		ev.u.operator.force = ev.u.operator.verb == OPV_DEPLOY && flag();
		NUMBERED(ev.u.operator.to_family, "family", below(N_SERVICES));
		ev.u.operator.to_revision = 1 + below(N_REVISIONS);
	}
	ev.u.operator.uid = 1000;
	feed(&ev);
}

static void draw_params(void)
{
	uint32_t more = u8();

	g.params = (struct core_params){ .policy = policy_default(), .seed = 7, .n_services = 1 };
	g.params.policy.mode = (enum rb_mode)(more & 3);
	g.params.policy.failures = 1 + ((more >> 2) & 3);
	g.params.policy.quorum_auto = (more & 16) != 0;
	g.params.policy.hold_down_ms = (more & 32) ? HOLD_DOWN_AUTO : 0;
	g.params.policy.window_ms = (more & 64) ? 600000 : 0;
	g.params.policy.probe = (more & 32) != 0;
	g.params.fleet = (more & 128) ? 1000 : 0;
	WORD(g.params.policy.site_registries, "mirror:5000 other");
	g.params.service[0].policy = g.params.policy;
	g.params.service[0].policy.mode = MODE_AUTO;
	WORD(g.params.service[0].service, "web");
	if (more & 8)
		WORD(g.params.service[0].family, "family0");
}

static void play_reload(void)
{
	struct event ev = event(EV_TICK);

	draw_params();
	core_reload(&g.core, &g.params);
	feed(&ev);
}

/* core_init wants zeroed memory; rows that were never used still are. */
static void clear_core(void)
{
	struct rows rows = g.core.rows;

	memset(&g.core, 0, offsetof(struct core, task));
	memset(g.core.task, 0, (size_t)rows.tasks * sizeof(g.core.task[0]));
	memset(g.core.container, 0, (size_t)rows.containers * sizeof(g.core.container[0]));
	memset(g.core.release, 0, (size_t)rows.releases * sizeof(g.core.release[0]));
	memset(g.core.service, 0, (size_t)rows.services * sizeof(g.core.service[0]));
	memset(g.core.failure, 0, (size_t)rows.failures * sizeof(g.core.failure[0]));
}

static void play_restart(void)
{
	struct event ev = event(EV_RESTORE);
	uint32_t n = g.n_kept = g.n_durable;

	clear_core();
	core_init(&g.core, &g.params);
	g.n_asked = 0;
	g.newest_seq = n > 0 ? g.kept[n - 1].seq : 0;
	for (uint32_t i = 0; i < n; i++) {
		ev.u.restore.record = g.kept[i];
		feed(&ev);
	}
	ev.u.restore.last = true;
	feed(&ev);
}

static void play_wait(void)
{
	static const uint64_t ms[] = { 1, 50, 1000, 5000, 15000, 60000, 600000, 3600000, 90000000 };

	quiet(ms[below(sizeof(ms) / sizeof(ms[0]))], 40);
}

static void play_jump(void)
{
	static const int64_t ms[] = { -3600000, 3600000, -UNIX_MS, 86400000, 0 };
	uint32_t i = below(5);

	g.skew_ms = ms[i] == 0 ? 0 : g.skew_ms + ms[i] < -UNIX_MS ? -UNIX_MS : g.skew_ms + ms[i];
}

/* A node that is online, as most are. */
static void play_online(void)
{
	static const enum fact good[] = { FACT_ROUTE, FACT_CLOCK, FACT_CREDENTIALS };
	struct event ev = event(EV_EPOCH);

	WORD(ev.u.epoch.cluster, "edge");
	WORD(ev.u.epoch.arch, "amd64");
	feed(&ev);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ev = event(EV_FACT);
		ev.u.fact.fact = good[i];
		ev.u.fact.yes = TRI_YES;
		feed(&ev);
	}
}

/* --- what bytes alone seldom spell: a release that works, and one that cannot start ----------------------------------- */
static struct event of_container(enum container_what what, uint32_t task, uint32_t service, uint32_t revision)
{
	struct event ev = event(EV_CONTAINER);

	ev.u.container.what = what;
	numbered(ev.u.container.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/", 2000 + task);
	container_id(ev.u.container.id, 2000 + task, false);
	WORD(ev.u.container.name, "app");
	NUMBERED(ev.u.container.family, "family", service);
	ev.u.container.revision = revision;
	ev.u.container.time_unix_ms = UNIX_MS + (int64_t)g.now_ms;
	if (what == C_LISTED)
		NUMBERED(ev.u.container.image_id, "sha256:image", revision);
	return ev;
}

static void of_task(uint32_t task, uint32_t service, uint32_t revision, enum task_status known)
{
	struct event ev = event(EV_TASK);

	numbered(ev.u.task.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/", 2000 + task);
	NUMBERED(ev.u.task.family, "family", service);
	ev.u.task.revision = revision;
	ev.u.task.desired = TS_RUNNING;
	ev.u.task.known = known;
	ev.u.task.containers = 1;
	feed(&ev);
	ev.u.task.what = T_SERVICE;
	WORD(ev.u.task.service, service_name(service));
	feed(&ev);
}

static void play_good_release(void)
{
	uint32_t more = u8(), service = more % N_SERVICES, task = more & 63, revision = 1 + ((more >> 6) & 1);
	struct event ev;

	of_task(task, service, revision, TS_PENDING);
	ev = of_container(C_LISTED, task, service, revision);
	ev.u.container.state = CS_CREATED;
	feed(&ev);
	ev = of_container(C_STARTED, task, service, revision);
	feed(&ev);
	of_task(task, service, revision, TS_RUNNING);
	quiet(70000, 40);
	g.dep[service][0].status = SD_SUCCESSFUL;
}

static void play_bad_release(void)
{
	uint32_t more = u8(), service = more % N_SERVICES, task = 64 + (more & 63), revision = 3 + ((more >> 6) & 1);
	struct event ev;

	of_task(task, service, revision, TS_PENDING);
	ev = of_container(C_LISTED, task, service, revision);
	ev.u.container.state = CS_CREATED;
	ev.u.container.inspected = ev.u.container.has_exit = true;
	ev.u.container.exit_code = 127;
	ev.u.container.class = CLASS_EXEC_NOT_FOUND;
	WORD(ev.u.container.reason, "exec: no such file");
	feed(&ev);
	ev = event(EV_CHANGE);
	numbered(ev.u.change.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/", 2000 + task);
	WORD(ev.u.change.container, "app");
	ev.u.change.task_status = ev.u.change.status = TS_STOPPED;
	ev.u.change.essential = TRI_YES;
	ev.u.change.stage = STAGE_START;
	ev.u.change.class = CLASS_EXEC_NOT_FOUND;
	WORD(ev.u.change.reason, "exec: no such file");
	feed(&ev);
}

static void play(void)
{
	static void (*const move[])(void) = {
		play_wait, play_jump, play_epoch, play_source, play_sync, play_container, play_image, play_last_words, play_task,
		play_pull, play_change, play_fact, play_saved, play_deploy, play_status, play_operator, play_reload, play_restart,
		play_online, play_all_answers, play_refusal, play_container, play_change, play_wait, play_all_answers, play_saved,
		play_good_release, play_bad_release, play_bad_release,
	};
	uint32_t which = u8() % (sizeof(move) / sizeof(move[0]) + 3);
	struct event ev;

	if (which < sizeof(move) / sizeof(move[0])) {
		move[which]();
	} else if (which == sizeof(move) / sizeof(move[0])) {
		ev = event(EV_SAVE_FAILED);
		feed(&ev);
	} else {
		play_answer(which & 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view shown;

	clear_core();
	memset(g.dep, 0, sizeof(g.dep));
	memset(g.n_deps, 0, sizeof(g.n_deps));
	memset(g.number, 0, sizeof(g.number));
	g.n_asked = g.n_kept = g.n_durable = g.boots = 0;
	g.newest_seq = 0;
	g.now_ms = BOOT_MS;
	g.skew_ms = 0;
	g.in = (struct bytes){ data, size };
	draw_params();
	core_init(&g.core, &g.params);
	play_online();
	for (uint32_t i = 0; i < 400 && g.in.n > 0; i++)
		play();
	shown = fuzz_view_of(&g.core, NULL);
	fuzz_views(&shown);
	/* left alone it must come to rest between its own deadlines */
	quiet(UINT64_C(7200000), 200);
	return 0;
}
