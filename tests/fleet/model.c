/* A fleet too large for one machine's processes: N real cores under one modelled account, with its throttling buckets and reads
 * that lag 0-2 s. One service, a task of it on every node; a bad release fails at start on all of them within a minute,
 * and half of them lose their line in the moment its rollback is asked for.
 * model NODES[/CANARIES]...: prints TAP, and what it cost the account. With canaries only so many may roll back by themselves,
 * each within a minute (hold_down = 60s); for all others a person decides. A core that nothing happens to costs no time, its
 * unused tables no page. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "agent/core/core.h"
#include "tests/tap.h"

#include <sys/mman.h>

#define UNIX_MS   INT64_C(1800000000000)
#define SEC       UINT64_C(1000)
#define LAG_MS    2000
#define RTT_MS    150            /* a call and its answer */
#define PER_S     5              /* nodes that kedge is brought to in a second */
#define PLACED_MS (60 * SEC)     /* the bad release's tasks are placed within so long */
#define CUT_MS    (60 * SEC)     /* once a rollback is asked for, nodes with odd numbers have no line for so long */
#define WINDOW    10             /* seconds a peak is counted over */
#define ALONE     36000          /* nodes whose heartbeat, of an hour at least, leaves room for a look of all of them */
#define ARN       "arn:aws:ecs:eu-west-1:1:"

enum bucket { B_DEPLOYMENT, B_REVISION, B_MODIFY, B_RESOURCE, BUCKETS };
enum what { W_TICK, W_START, W_BAD, W_FAILS, W_SAVED, W_INSPECT, W_IMAGE, W_TARGET, W_PROBE, W_ARRIVES, W_ANSWER };

/* ecs-api.md 7.1; where StopServiceDeployment counts is not documented: with the service's other changes */
static const struct { const char *name; uint32_t burst, rate; } quota[BUCKETS] = {
	{ "service-deployment", 50, 20 }, { "service-revision", 50, 20 }, { "service-modify", 50, 5 },
	{ "cluster-resource-read", 100, 20 },
};

struct used { double level, lowest; uint64_t at_ms, calls, refused; uint32_t *second; };

struct asked {
	enum act_type type;
	bool full;
	uint32_t index, ask, n_want;
	enum aws_error error;
	uint64_t as_of_ms;
	int64_t after;
	char arn[ARN_CAP], want[REVISIONS_MAX][48];
};

struct node {
	struct core *core;
	uint64_t tick_ms, failed_ms, closed_ms, saved_seq, seq;
	struct asked asked;
};

struct item { uint64_t ms, order; uint32_t node; enum what what; uint32_t a; };

static struct {
	struct node *node;
	struct item *queue;
	size_t queued, room;
	uint64_t now_ms, order, rng, deployed_ms, accepted_ms, end_ms, steps, sent, accepted, conflicts, fails;
	uint32_t n, canaries;
	struct used used[BUCKETS];
	struct event ev;
} w;

static uint64_t dice(uint64_t below)
{
	uint64_t z = w.rng += UINT64_C(0x9E3779B97F4A7C15);   /* splitmix64 (Steele, Lea, Flood 2014) */

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return below == 0 ? 0 : (z ^ (z >> 31)) % below;
}

/* The queue */

static bool before(const struct item *a, const struct item *b)
{
	return a->ms < b->ms || (a->ms == b->ms && a->order < b->order);
}

static void later(uint64_t ms, uint32_t node, enum what what, uint32_t a)
{
	struct item item = { w.now_ms + ms, w.order++, node, what, a };
	size_t at = w.queued++;

	if (w.queued > w.room) {
		w.room = w.room * 2 + 1024;
		w.queue = realloc(w.queue, w.room * sizeof(*w.queue));
		if (w.queue == NULL)
			abort();
	}
	for (; at > 0 && before(&item, &w.queue[(at - 1) / 2]); at = (at - 1) / 2)
		w.queue[at] = w.queue[(at - 1) / 2];
	w.queue[at] = item;
}

static struct item pop(void)
{
	struct item first = w.queue[0], last = w.queue[--w.queued];
	size_t at = 0, child;

	for (; (child = at * 2 + 1) < w.queued; at = child) {
		child += child + 1 < w.queued && before(&w.queue[child + 1], &w.queue[child]);
		if (before(&last, &w.queue[child]))
			break;
		w.queue[at] = w.queue[child];
	}
	w.queue[at] = last;
	return first;
}

/* The account */

static bool take(enum bucket b)
{
	struct used *u = &w.used[b];
	double level = u->level + (double)(w.now_ms - u->at_ms) / 1000 * quota[b].rate;

	u->level = level < quota[b].burst ? level : quota[b].burst;
	u->at_ms = w.now_ms;
	u->calls++;
	u->second[w.now_ms / 1000]++;
	if (u->level < 1) {
		u->lowest = 0;
		u->refused++;
		return false;
	}
	u->level -= 1;
	if (u->level < u->lowest)
		u->lowest = u->level;
	return true;
}

/* What a look at it shows as of a moment: 0 the good release's, 1 the bad one's. */
static enum sd_status status_at(uint32_t dep, uint64_t ms)
{
	if (dep == 0)
		return SD_SUCCESSFUL;
	if (w.deployed_ms == 0 || ms < w.deployed_ms)
		return SD_NONE;
	if (w.accepted_ms == 0 || ms < w.accepted_ms)
		return SD_IN_PROGRESS;
	return ms < w.accepted_ms + 2 * SEC ? SD_ROLLBACK_REQUESTED : ms < w.accepted_ms + 8 * SEC ? SD_ROLLBACK_IN_PROGRESS
													   : SD_ROLLBACK_SUCCESSFUL;
}

static void dep_arn(char *out, uint32_t dep) { snprintf(out, ARN_CAP, ARN "service-deployment/edge/wide/%u", dep); }
static void rev_arn(char *out, uint32_t dep) { snprintf(out, ARN_CAP, ARN "service-revision/edge/wide/%u", dep); }
static int64_t unix_of(uint64_t ms) { return UNIX_MS + (int64_t)ms; }
static int64_t created(uint32_t dep) { return dep == 0 ? UNIX_MS - 86400000 : unix_of(w.deployed_ms); }
static uint32_t last_of(const char *arn) { return (uint32_t)strtoul(strrchr(arn, '/') + 1, NULL, 10); }

/* A node */

static struct event *event(enum ev_type type)
{
	memset(&w.ev, 0, sizeof(w.ev));
	w.ev.type = type;
	return &w.ev;
}

static void obey(uint32_t at, const struct action *a);

static void feed(uint32_t at, struct event *ev)
{
	struct node *n = &w.node[at];
	struct action out[CORE_MAX_ACTIONS];
	const char *broken;
	uint64_t due;
	size_t got;

	ev->now_ms = w.now_ms;
	ev->now_unix_ms = unix_of(w.now_ms);
	got = core_step(n->core, ev, out);
	w.steps++;
	broken = (const char *)core_check(n->core, out, got);
	if (broken != NULL && w.fails++ == 0)
		printf("# node %u core_check: %s\n", at, broken);
	for (size_t i = 0; i < got; i++)
		obey(at, &out[i]);
	due = core_deadline(n->core);
	if (due < n->tick_ms) {
		n->tick_ms = due;
		later(due > w.now_ms ? due - w.now_ms : 0, at, W_TICK, 0);
	}
	if (n->failed_ms != 0 && n->closed_ms == 0 && n->core->service[0].rb.state == RB_ROLLED_BACK)
		n->closed_ms = w.now_ms;
}

static void ask_aws(uint32_t at, const struct action *a)
{
	struct node *n = &w.node[at];
	const struct service *s = &n->core->service[a->index];
	struct asked *q = &n->asked;

	if (a->type == ACT_AWS_TASK) {       /* beside a look, so not in its place */
		later(RTT_MS / 2, at, W_ARRIVES, a->index + 1);
		return;
	}
	*q = (struct asked){ .type = a->type, .index = a->index, .ask = a->ask, .full = a->full };
	q->after = s->n_history > 0 ? s->history[0].created_unix_ms : s->dep.created_unix_ms;
	snprintf(q->arn, sizeof(q->arn), "%s", a->type == ACT_AWS_STOP ? s->rb.deployment : s->look.arn);
	for (; a->type == ACT_AWS_REVISION && q->n_want < s->look.n_want; q->n_want++)
		snprintf(q->want[q->n_want], sizeof(q->want[0]), "%u", last_of(s->want[REVISIONS_MAX - 1 - q->n_want]));
	later(RTT_MS / 2 + dice(RTT_MS), at, W_ARRIVES, 0);
}

static void obey(uint32_t at, const struct action *a)
{
	switch (a->type) {
	case ACT_JOURNAL:
		w.node[at].seq = a->seq;
		later(10, at, W_SAVED, 0);
		break;
	case ACT_INSPECT:
		later(20, at, W_INSPECT, a->index);
		break;
	case ACT_IMAGE:
		later(20, at, W_IMAGE, a->index);
		break;
	case ACT_TARGET_IMAGE:
		later(20, at, W_TARGET, a->ask);
		break;
	case ACT_PROBE:
		later(20, at, W_PROBE, 0);
		break;
	case ACT_AWS_TASK: case ACT_AWS_LIST: case ACT_AWS_DEPLOYMENT: case ACT_AWS_REVISION: case ACT_AWS_QUORUM: case ACT_AWS_STOP:
		ask_aws(at, a);
		break;
	case ACT_REPORT: case ACT_NOTE: case ACT_SUSPECT: case ACT_LAST_WORDS: case ACT_REGISTRY: case ACT_AWS_UPDATE:
	case ACT_AWS_SERVICE: case ACT_AWS_DEPLOY: case ACT_DEPLOYED: case ACT_TYPES:
		break;
	}
}

static void fact(uint32_t at, enum fact what, bool last)
{
	struct event *ev = event(EV_FACT);

	ev->u.fact = (struct ev_fact){ .fact = what, .yes = TRI_YES, .last = last, .value = INT64_C(4) << 30 };
	feed(at, ev);
}

static void source(uint32_t at, enum source what)
{
	struct event *ev = event(EV_SOURCE);

	ev->u.source = (struct ev_source){ .source = what, .state = SS_UP };
	feed(at, ev);
}

static struct event *container(uint32_t at, enum container_what what, uint32_t dep)
{
	struct event *ev = event(EV_CONTAINER);
	struct ev_container *k = &ev->u.container;

	k->what = what;
	snprintf(k->id, sizeof(k->id), "%063u%u", at, dep);
	snprintf(k->task, sizeof(k->task), ARN "task/edge/%031u%u", at, dep);
	snprintf(k->cluster, sizeof(k->cluster), "edge");
	snprintf(k->family, sizeof(k->family), "wide");
	snprintf(k->name, sizeof(k->name), "app");
	snprintf(k->image, sizeof(k->image), "registry:5000/wide:%u", dep);
	k->revision = dep + 1;
	k->time_unix_ms = what == C_LISTED ? 0 : unix_of(w.now_ms);
	return ev;
}

static void inspected(uint32_t at, uint32_t dep)
{
	struct event *ev = container(at, C_LISTED, dep);
	struct ev_container *k = &ev->u.container;

	k->inspected = true;
	snprintf(k->image_id, sizeof(k->image_id), "sha256:%u", dep);
	k->state = dep == 0 ? CS_RUNNING : CS_CREATED;
	k->created_unix_ms = k->started_unix_ms = dep == 0 ? UNIX_MS - 80000000 : unix_of(w.now_ms - 500);
	if (dep == 1) {
		k->started_unix_ms = 0;
		k->has_exit = true;
		k->exit_code = 127;
		k->class = CLASS_EXEC_NOT_FOUND;
		snprintf(k->reason, sizeof(k->reason), "exec: \"/nosuch\": no such file or directory");
	}
	feed(at, ev);
}

static void sync(uint32_t at, enum source what, bool end)
{
	struct event *ev = event(EV_SYNC);

	ev->u.sync = (struct ev_sync){ .source = what, .end = end };
	feed(at, ev);
}

static void start(uint32_t at)
{
	struct core_params *p = calloc(1, sizeof(*p));
	struct event *ev = event(EV_RESTORE);

	if (p == NULL)
		abort();
	p->policy = policy_default();
	p->policy.mode = w.canaries == 0 || at < w.canaries ? MODE_AUTO : MODE_MANUAL;
	if (w.canaries != 0)
		p->policy.hold_down_ms = 60 * SEC;
	p->seed = dice(UINT64_MAX);
	core_init(w.node[at].core, p);
	free(p);
	ev->u.restore.last = true;
	feed(at, ev);
	ev = event(EV_EPOCH);
	snprintf(ev->u.epoch.boot_id, sizeof(ev->u.epoch.boot_id), "boot");
	snprintf(ev->u.epoch.arch, sizeof(ev->u.epoch.arch), "amd64");
	snprintf(ev->u.epoch.cluster, sizeof(ev->u.epoch.cluster), "edge");
	snprintf(ev->u.epoch.engine_id, sizeof(ev->u.epoch.engine_id), "engine-%u", at);
	snprintf(ev->u.epoch.engine_version, sizeof(ev->u.epoch.engine_version), "28.5.2");
	snprintf(ev->u.epoch.agent_version, sizeof(ev->u.epoch.agent_version), "1.105.1");
	snprintf(ev->u.epoch.container_instance, sizeof(ev->u.epoch.container_instance), ARN "container-instance/edge/%u", at);
	feed(at, ev);
	fact(at, FACT_CLOCK, false);
	fact(at, FACT_ROUTE, false);
	fact(at, FACT_CREDENTIALS, false);
	source(at, SRC_AGENT_LOG);
	sync(at, SRC_ENGINE, false);
	inspected(at, 0);
	sync(at, SRC_ENGINE, true);
	source(at, SRC_ENGINE);
	source(at, SRC_INTROSPECTION);
	source(at, SRC_AWS);
}

static void placed(uint32_t at)
{
	struct event *ev = event(EV_TASK);

	ev->u.task.what = T_PLACED;
	snprintf(ev->u.task.task, sizeof(ev->u.task.task), ARN "task/edge/%031u1", at);
	snprintf(ev->u.task.family, sizeof(ev->u.task.family), "wide");
	ev->u.task.revision = 2;
	ev->u.task.desired = TS_RUNNING;
	ev->u.task.time_unix_ms = unix_of(w.now_ms);
	feed(at, ev);
	feed(at, container(at, C_CREATED, 1));
	later(200, at, W_FAILS, 0);
}

static void start_fails(uint32_t at)
{
	struct event *ev;
	struct ev_change *x;

	w.node[at].failed_ms = w.now_ms;
	feed(at, container(at, C_NETWORK_LEFT, 1));
	ev = event(EV_CHANGE);
	x = &ev->u.change;
	snprintf(x->task, sizeof(x->task), ARN "task/edge/%031u1", at);
	snprintf(x->container, sizeof(x->container), "app");
	x->task_status = x->status = TS_STOPPED;
	x->essential = TRI_YES;
	x->stage = STAGE_START;
	x->class = CLASS_EXEC_NOT_FOUND;
	x->time_unix_ms = unix_of(w.now_ms);
	snprintf(x->reason, sizeof(x->reason), "CannotStartContainerError: exec: \"/nosuch\": no such file or directory");
	snprintf(x->runtime_id, sizeof(x->runtime_id), "%063u1", at);
	feed(at, ev);
}

/* AWS's answers */

static void answer_task(uint32_t at, uint32_t index)
{
	struct event *ev = event(EV_AWS_TASK);
	const struct task *t = &w.node[at].core->task[index];

	snprintf(ev->u.aws_task.task, sizeof(ev->u.aws_task.task), "%s", t->arn);
	snprintf(ev->u.aws_task.service, sizeof(ev->u.aws_task.service), "wide");
	snprintf(ev->u.aws_task.started_by, sizeof(ev->u.aws_task.started_by), "ecs-svc/%c", t->arn[strlen(t->arn) - 1]);
	feed(at, ev);
}

static void answer_list(uint32_t at, const struct asked *q)
{
	struct event *ev = event(EV_AWS_LIST);
	struct ev_aws_list *l = &ev->u.aws_list;

	l->service = q->index;
	l->ask = q->ask;
	for (uint32_t dep = 2; dep-- > 0;) {
		if (status_at(dep, q->as_of_ms) == SD_NONE || (!q->full && created(dep) <= q->after))
			continue;
		dep_arn(l->item[l->n].arn, dep);
		rev_arn(l->item[l->n].target_revision, dep);
		l->item[l->n].status = status_at(dep, q->as_of_ms);
		l->item[l->n++].created_unix_ms = created(dep);
	}
	feed(at, ev);
}

static void answer_deployment(uint32_t at, const struct asked *q)
{
	struct event *ev = event(EV_AWS_DEPLOYMENT);
	struct ev_aws_deployment *a = &ev->u.aws_deployment;
	uint32_t dep = last_of(q->arn);

	a->service = q->index;
	a->ask = q->ask;
	snprintf(a->arn, sizeof(a->arn), "%s", q->arn);
	a->status = status_at(dep, q->as_of_ms);
	a->missing = a->status == SD_NONE;
	rev_arn(a->target_revision, dep);
	if (dep == 1)
		rev_arn(a->source_revision, 0);
	if (a->status == SD_ROLLBACK_IN_PROGRESS || a->status == SD_ROLLBACK_SUCCESSFUL)
		rev_arn(a->rollback_revision, 0);
	a->requested = w.n;
	a->running = dep == 0 ? w.n : 0;
	a->source_running = a->source_requested = dep == 0 ? 0 : w.n;
	a->min_percent = 100;
	a->max_percent = 200;
	a->cb_status = CB_DISABLED;
	a->created_unix_ms = created(dep);
	feed(at, ev);
}

static void answer_revisions(uint32_t at, const struct asked *q)
{
	for (uint32_t i = 0; i < q->n_want; i++) {
		struct event *ev = event(EV_AWS_REVISION);
		struct ev_aws_revision *r = &ev->u.aws_revision;
		uint32_t dep = (uint32_t)strtoul(q->want[i], NULL, 10);

		r->service = q->index;
		r->ask = q->ask;
		r->last = i + 1 == q->n_want;
		rev_arn(r->arn, dep);
		snprintf(r->family, sizeof(r->family), "wide");
		r->revision = dep + 1;
		r->n = 1;
		snprintf(r->image[0].container, sizeof(r->image[0].container), "app");
		snprintf(r->image[0].digest, sizeof(r->image[0].digest), "sha256:d%u", dep);
		r->image[0].tagged = true;
		feed(at, ev);
	}
}

/* No task of it runs, and one page of those that stopped is read: agent/run/aws_body.c */
static void answer_quorum(uint32_t at, const struct asked *q)
{
	struct event *ev = event(EV_AWS_QUORUM);
	uint64_t share = (w.now_ms - w.deployed_ms) * w.n / PLACED_MS;
	uint32_t failed = (uint32_t)(share < 100 ? share : 100);

	ev->u.aws_quorum = (struct ev_aws_quorum){ .service = q->index, .ask = q->ask, .tried = failed, .failed = failed };
	feed(at, ev);
}

static void refuse(uint32_t at, const struct asked *q)
{
	static const enum aws_op op[ACT_TYPES] = {
		[ACT_AWS_LIST] = OP_LIST, [ACT_AWS_DEPLOYMENT] = OP_DEPLOYMENT, [ACT_AWS_REVISION] = OP_REVISION,
		[ACT_AWS_QUORUM] = OP_QUORUM, [ACT_AWS_STOP] = OP_STOP,
	};
	struct event *ev = event(EV_AWS_FAILED);

	ev->u.aws_failed.service = q->index;
	ev->u.aws_failed.ask = q->ask;
	ev->u.aws_failed.op = op[q->type];
	ev->u.aws_failed.error = q->error;
	feed(at, ev);
}

static enum aws_error stop(void)
{
	enum sd_status status = status_at(1, w.now_ms);

	w.sent++;
	if (status == SD_ROLLBACK_SUCCESSFUL) {
		w.conflicts++;
		return AE_CONFLICT;
	}
	w.accepted++;
	if (w.accepted_ms == 0)
		w.accepted_ms = w.now_ms;
	return AWS_ERRORS;
}

static bool cut(uint32_t at)
{
	return at % 2 == 1 && w.accepted_ms != 0 && w.now_ms < w.accepted_ms + CUT_MS;
}

static void task_refused(uint32_t at, uint32_t task, enum aws_error error)
{
	struct event *ev = event(EV_AWS_FAILED);

	ev->u.aws_failed.service = UINT32_MAX;
	ev->u.aws_failed.op = OP_TASK;
	ev->u.aws_failed.error = error;
	snprintf(ev->u.aws_failed.task, sizeof(ev->u.aws_failed.task), "%s", w.node[at].core->task[task].arn);
	feed(at, ev);
}

static void arrives(uint32_t at, uint32_t task)
{
	struct asked *q = &w.node[at].asked;
	uint64_t lag = dice(LAG_MS + 1);
	bool taken = true;

	if (task != 0) {
		if (cut(at) || !take(B_RESOURCE))
			task_refused(at, task - 1, cut(at) ? AE_UNREACHABLE : AE_THROTTLED);
		else
			later(RTT_MS / 2, at, W_ANSWER, task);
		return;
	}
	if (cut(at)) {
		q->error = AE_UNREACHABLE;
		later(RTT_MS, at, W_ANSWER, 0);
		return;
	}
	q->as_of_ms = w.now_ms > lag ? w.now_ms - lag : 0;
	for (int calls = q->type == ACT_AWS_QUORUM ? 3 : 1; calls > 0 && taken; calls--)
		taken = take(q->type == ACT_AWS_QUORUM ? B_RESOURCE : q->type == ACT_AWS_STOP ? B_MODIFY
			     : q->type == ACT_AWS_REVISION ? B_REVISION : B_DEPLOYMENT);
	q->error = !taken ? AE_THROTTLED : q->type == ACT_AWS_STOP ? stop() : AWS_ERRORS;
	later(RTT_MS / 2 + dice(RTT_MS), at, W_ANSWER, 0);
}

static void answered(uint32_t at, uint32_t task)
{
	struct asked q = w.node[at].asked;
	struct event *ev;

	if (task != 0) {
		answer_task(at, task - 1);
	} else if (q.error != AWS_ERRORS) {
		refuse(at, &q);
	} else if (q.type == ACT_AWS_LIST) {
		answer_list(at, &q);
	} else if (q.type == ACT_AWS_DEPLOYMENT) {
		answer_deployment(at, &q);
	} else if (q.type == ACT_AWS_REVISION) {
		answer_revisions(at, &q);
	} else if (q.type == ACT_AWS_QUORUM) {
		answer_quorum(at, &q);
	} else {
		ev = event(EV_AWS_STOPPED);
		ev->u.aws_stopped.service = q.index;
		ev->u.aws_stopped.ask = q.ask;
		snprintf(ev->u.aws_stopped.arn, sizeof(ev->u.aws_stopped.arn), "%s", q.arn);
		feed(at, ev);
	}
}

static void image(uint32_t at, uint32_t index)
{
	struct event *ev = event(EV_IMAGE);
	const char *id = w.node[at].core->container[index].image_id;

	snprintf(ev->u.image.image_id, sizeof(ev->u.image.image_id), "%s", id);
	snprintf(ev->u.image.digest, sizeof(ev->u.image.digest), "sha256:d%s", id[0] == '\0' ? "" : id + 7);
	snprintf(ev->u.image.arch, sizeof(ev->u.image.arch), "amd64");
	feed(at, ev);
}

static void target(uint32_t at, uint32_t ask)
{
	struct event *ev = event(EV_TARGET_IMAGE);

	ev->u.target_image.ask = ask;
	ev->u.target_image.there = TRI_YES;
	snprintf(ev->u.target_image.arch, sizeof(ev->u.target_image.arch), "amd64");
	feed(at, ev);
}

static void happens(const struct item *i)
{
	struct node *n = &w.node[i->node];
	struct event *ev;

	switch (i->what) {
	case W_TICK:
		if (n->tick_ms > w.now_ms)
			return;
		n->tick_ms = CORE_NEVER;
		feed(i->node, event(EV_TICK));
		break;
	case W_START:
		start(i->node);
		break;
	case W_BAD:
		placed(i->node);
		break;
	case W_FAILS:
		start_fails(i->node);
		break;
	case W_SAVED:
		if (n->saved_seq == n->seq)
			return;
		ev = event(EV_SAVED);
		ev->u.saved.seq = n->saved_seq = n->seq;
		feed(i->node, ev);
		break;
	case W_INSPECT:
		inspected(i->node, (uint32_t)(n->core->container[i->a].id[63] - '0'));
		break;
	case W_IMAGE:
		image(i->node, i->a);
		break;
	case W_TARGET:
		target(i->node, i->a);
		break;
	case W_PROBE:
		fact(i->node, FACT_INODES, false);
		fact(i->node, FACT_DISK, false);
		fact(i->node, FACT_MEMORY, true);
		break;
	case W_ARRIVES:
		arrives(i->node, i->a);
		break;
	case W_ANSWER:
		answered(i->node, i->a);
		break;
	}
}

static void run_until(uint64_t ms)
{
	while (w.queued > 0 && w.queue[0].ms <= ms) {
		struct item i = pop();

		w.now_ms = i.ms;
		happens(&i);
	}
	w.now_ms = ms;
}

static void marks(uint64_t end_ms)
{
	for (int b = 0; b < BUCKETS; b++) {
		w.used[b].level = w.used[b].lowest = quota[b].burst;
		w.used[b].at_ms = w.now_ms;
		w.used[b].calls = w.used[b].refused = 0;
		free(w.used[b].second);
		w.used[b].second = calloc(end_ms / 1000 + WINDOW + 2, sizeof(uint32_t));
		if (w.used[b].second == NULL)
			abort();
	}
}

static double peak(const struct used *u, uint64_t end_ms)
{
	uint64_t sum = 0, most = 0;

	for (uint64_t s = 0; s <= end_ms / 1000; s++) {
		sum += u->second[s];
		sum -= s >= WINDOW ? u->second[s - WINDOW] : 0;
		most = sum > most ? sum : most;
	}
	return (double)most / WINDOW;
}

static double account(const char *what, uint64_t end_ms)
{
	double worst = 0;

	for (int b = 0; b < BUCKETS; b++) {
		const struct used *u = &w.used[b];
		double percent = 100 * (quota[b].burst - u->lowest) / quota[b].burst;

		if (u->calls == 0)
			continue;
		printf("# %s, %u nodes: %s: %llu calls, at most %.0f %% of the burst of %u used, busiest %d s %.1f/s of %u/s, %llu refused\n",
		       what, w.n, quota[b].name, (unsigned long long)u->calls, percent, quota[b].burst, WINDOW, peak(u, end_ms),
		       quota[b].rate, (unsigned long long)u->refused);
		worst = percent > worst ? percent : worst;
	}
	return worst;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void verdict(uint64_t end_ms)
{
	uint64_t *took = calloc(w.n, sizeof(*took));
	uint32_t closed = 0;
	double worst;

	if (took == NULL)
		abort();
	for (uint32_t i = 0; i < w.n; i++)
		if (w.node[i].closed_ms != 0)
			took[closed++] = w.node[i].closed_ms - w.node[i].failed_ms;
	qsort(took, closed, sizeof(*took), by_time);
	ok(w.accepted_ms != 0 && (closed == w.n || w.n > ALONE), "%u nodes: one rollback takes effect, and %u come to say so", w.n, closed);
	ok(w.accepted >= 1 && w.accepted <= w.n / 100, "%u nodes: %llu stops were taken of %llu sent, %u allowed", w.n,
	   (unsigned long long)w.accepted, (unsigned long long)w.sent, w.n / 100);
	worst = account("bad release", end_ms);
	if (w.n <= ALONE)
		ok(worst <= 50, "%u nodes: half of each bucket stays free (%.0f %% used)", w.n, worst);
	else
		printf("# %u nodes are too many to ask one account by themselves: README.md\n", w.n);
	ok(w.fails == 0, "no invariant broke in %llu steps", (unsigned long long)w.steps);
	printf("# %u nodes: deployment to the stop %.1f s; first failure on a node to hauled back and known there: p50 %.0f s, "
	       "p99 %.0f s\n", w.n, (double)(w.accepted_ms - w.deployed_ms) / 1000, closed == 0 ? 0.0 : (double)took[closed / 2] / 1000,
	       closed == 0 ? 0.0 : (double)took[closed / 100 * 99] / 1000);
	if (w.canaries == 0)
		printf("# figures fleet_model%u_stop_calls=%llu fleet_model%u_bucket_percent=%.0f fleet_model%u_stop_s=%.1f\n", w.n,
		       (unsigned long long)w.accepted, w.n, worst, w.n, (double)(w.accepted_ms - w.deployed_ms) / 1000);
	free(took);
}

static void forget(char *cores, size_t bytes)
{
	for (int b = 0; b < BUCKETS; b++)
		free(w.used[b].second);
	free(w.node);
	free(w.queue);
	munmap(cores, bytes);
	memset(&w, 0, sizeof(w));
}

static bool fleet(const char *size)
{
	char *rest;
	uint32_t nodes = (uint32_t)strtoul(size, &rest, 10);
	size_t bytes = (size_t)nodes * sizeof(struct core);
	char *cores = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t started_ms, end_ms;
	enum beat_why why;

	w.n = nodes;
	w.canaries = *rest == '/' ? (uint32_t)strtoul(rest + 1, NULL, 10) : 0;
	w.rng = 1;
	w.now_ms = 100000;
	w.node = calloc(nodes, sizeof(*w.node));
	if (w.node == NULL || cores == MAP_FAILED)
		return false;
	started_ms = w.now_ms + (uint64_t)nodes * 1000 / PER_S + 600 * SEC;
	end_ms = started_ms + (uint64_t)nodes * 1000 + 3600 * SEC;   /* five times what a fleet spreads its looks over */
	marks(end_ms);
	for (uint32_t i = 0; i < nodes; i++) {
		w.node[i].core = (struct core *)(cores + (size_t)i * sizeof(struct core));
		w.node[i].tick_ms = CORE_NEVER;
		later((uint64_t)i * 1000 / PER_S, i, W_START, 0);
	}
	run_until(started_ms);
	(void)account("start", end_ms);
	printf("# %u nodes: a quiet service is looked at every %.0f s: %.1f calls/s of %u/s\n", nodes,
	       (double)core_heartbeat_ms(w.node[0].core, &why) / 1000, nodes * 1000.0 / (double)core_heartbeat_ms(w.node[0].core, &why),
	       quota[B_DEPLOYMENT].rate);
	marks(end_ms);
	w.deployed_ms = w.now_ms;
	for (uint32_t i = 0; i < nodes; i++)
		later(dice(PLACED_MS), i, W_BAD, 0);
	run_until(end_ms);
	verdict(end_ms);
	forget(cores, bytes);
	return true;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		ok(fleet(argv[i]), "%s nodes fit into this machine", argv[i]);
	return done();
}
