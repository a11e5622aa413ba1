/* What one life of kedge is told by the site, and what the site does with what it wants. */
#include "tests/crash/site.h"

#include <stdio.h>
#include <string.h>

void (*on_step)(struct run *r);

void broke(struct run *r, const char *what, const char *detail)
{
	if (r->broken[0] == '\0')
		snprintf(r->broken, sizeof(r->broken), "%s%s%s", what, detail[0] != '\0' ? ": " : "", detail);
}

bool site_online(const struct site *s)
{
	const struct story *y = s->story;

	return y->line_down_s == 0 || s->now_ms < s->zero_ms + y->line_down_s * 1000 || s->now_ms >= s->zero_ms + y->line_up_s * 1000;
}

void site_arn(char arn[ARN_CAP], const char *what, uint32_t number)
{
	snprintf(arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:%s/edge/%s%032u", what, strcmp(what, "task") == 0 ? "" : "web/", number);
}

static uint32_t task_number(const char *arn)
{
	unsigned n = 0;

	(void)sscanf(arn + strlen(arn) - 9, "%u", &n);
	return n;
}

/* --- what is on the disk, read by its own reader, never by the core ------------------------------------------- */
struct look_for { const char *deployment; uint32_t task; enum class class; bool intent, failure; };

static bool each_record(void *ctx, const struct record *r, size_t offset, size_t n)
{
	struct look_for *f = ctx;

	(void)offset;
	(void)n;
	if (r->kind == REC_ROLLBACK && f->deployment != NULL && strcmp(r->u.rollback.deployment, f->deployment) == 0)
		f->intent = true;
	if (r->kind == REC_FAILURE && f->deployment == NULL && r->u.failure.class == f->class && task_number(r->u.failure.task) == f->task)
		f->failure = true;
	return true;
}

/* True when the whole file is sound frames. */
static bool on_disk(const struct site *s, struct look_for *f)
{
	static char room[RECORD_ARENA];
	static struct record record;
	struct record_scan scan;
	struct arena arena;

	arena_init(&arena, room, sizeof(room));
	record_scan((struct slice){ s->disk.file, s->disk.n }, &arena, &record, each_record, f, &scan);
	return scan.tail_bytes == 0 && scan.damaged == 0 && scan.foreign == 0;
}

/* --- what kedge wants done -------------------------------------------------------------------------------------- */
static void told(struct run *r, uint32_t index)
{
	const struct failure *f = &r->node->core.failure[index].f;
	struct site *s = &r->s;
	uint32_t task = task_number(f->task), i;

	for (i = 0; i < s->n_told && (s->told[i].task != task || s->told[i].class != f->class); i++)
		continue;
	if (i == SITE_TOLD) {
		broke(r, "the site cannot note what is told", "");
		return;
	}
	if (i == s->n_told)
		s->told[s->n_told++] = (struct site_told){ .task = task, .class = f->class };
	if (s->told[i].durable)
		broke(r, "told again although its record was on disk", class_name(f->class));
	if (++s->told[i].times > r->lives)
		broke(r, "told twice in one life", class_name(f->class));
}

static void stop(struct run *r, const struct action *a)
{
	struct site *s = &r->s;
	const struct rollback *rb = &r->node->core.service[a->index].rb;
	struct look_for want = { .deployment = rb->deployment };
	uint32_t dep = task_number(rb->deployment);

	if (!on_disk(s, &want))
		broke(r, "a journal that is damaged", "");
	if (!want.intent)
		broke(r, "a stop whose intent is not on disk", rb->deployment);
	if (dep >= s->n_deps || s->dep[dep].how == RUNS_WELL)
		broke(r, "a stop of a good release", rb->deployment);
	else if (s->dep[dep].stops > 0)
		broke(r, "a second stop for one deployment", rb->deployment);
	s->sent++;
	if (!site_online(s) || dep + 1 != s->n_deps || s->dep[dep].status != SD_IN_PROGRESS)
		return;
	s->dep[dep].stops++;     /* AWS has it now, whether or not anybody lives to hear so */
	s->dep[dep].status = SD_ROLLBACK_IN_PROGRESS;
	s->dep[dep].status_ms = s->now_ms + 30000;
}

static void carry_out(struct run *r, const struct action *a)
{
	switch (a->type) {
	case ACT_JOURNAL:
		journal_add(r->node, a);
		if (r->flush_ms == 0)
			r->flush_ms = r->s.now_ms + 5;
		break;
	case ACT_REPORT:
		told(r, a->index);
		break;
	case ACT_AWS_STOP: case ACT_INSPECT: case ACT_IMAGE: case ACT_PROBE: case ACT_LAST_WORDS: case ACT_TARGET_IMAGE: case ACT_REGISTRY:
	case ACT_AWS_TASK: case ACT_AWS_LIST: case ACT_AWS_DEPLOYMENT: case ACT_AWS_REVISION: case ACT_AWS_QUORUM:
	case ACT_AWS_UPDATE: case ACT_AWS_SERVICE: case ACT_AWS_DEPLOY:
		if (a->type == ACT_AWS_STOP)
			stop(r, a);
		if (r->asks == SITE_ASKS)
			broke(r, "too many questions at once", act_name(a->type));
		else
			r->ask[r->asks++] = (struct queued){ r->s.now_ms + (a->type >= ACT_AWS_TASK ? 80 : 3), *a };
		break;
	case ACT_NOTE: case ACT_SUSPECT: case ACT_DEPLOYED: case ACT_TYPES:
		break;
	}
	if (r->verbose && a->type != ACT_JOURNAL && a->type != ACT_INSPECT)
		printf("# [%6llu.%llu] %s\n", (unsigned long long)r->s.now_ms / 1000, (unsigned long long)r->s.now_ms / 100 % 10,
		       act_name(a->type));
}

struct event *node_event(struct node *n, enum ev_type type)
{
	memset(&n->ev, 0, sizeof(n->ev));
	n->ev.type = type;
	return &n->ev;
}

void node_feed(struct node *n, struct event *ev)
{
	struct action out[CORE_MAX_ACTIONS];
	struct run *r = alive;
	const char *wrong;
	size_t count;

	ev->now_ms = n->now_ms = r->s.now_ms - r->s.boot_ms;
	ev->now_unix_ms = SITE_UNIX_MS + (int64_t)r->s.now_ms;
	count = core_step(&n->core, ev, out);
	wrong = (const char *)core_check(&n->core, out, count);
	if (wrong != NULL)
		broke(r, "invariant", wrong);
	for (size_t i = 0; i < count; i++)
		carry_out(r, &out[i]);
	r->steps++;
	if (on_step != NULL)
		on_step(r);
}

/* --- what kedge is told ----------------------------------------------------------------------------------------- */
static const char *const NOEXEC = "exec: \"/nosuch\": stat /nosuch: no such file or directory";
static const char *const NOIMAGE = "manifest for registry:5000/web:nosuch not found: manifest unknown";

static int64_t unix_ms(uint64_t ms) { return ms == 0 ? 0 : SITE_UNIX_MS + (int64_t)ms; }

void site_tell_task(struct run *r, uint32_t task)
{
	const struct site_task *t = &r->s.task[task];
	struct event *ev = node_event(r->node, EV_TASK);
	struct ev_task *x = &ev->u.task;

	x->what = T_STATUS;
	site_arn(x->task, "task", task);
	snprintf(x->family, NAME_CAP, "web");
	x->revision = r->s.dep[t->dep].revision;
	x->desired = t->state == TASK_ENDED || t->stop_ordered ? TS_STOPPED : TS_RUNNING;
	x->known = t->state == TASK_ENDED ? TS_STOPPED : t->state >= TASK_RUNS ? TS_RUNNING : TS_PENDING;
	x->containers = t->state >= TASK_CREATED;
	x->restarts = t->restarts;
	node_feed(r->node, ev);
}

void site_container(struct run *r, uint32_t task, enum container_what what, bool inspected)
{
	const struct site_task *t = &r->s.task[task];
	const struct site_dep *d = &r->s.dep[t->dep];
	struct event *ev = node_event(r->node, EV_CONTAINER);
	struct ev_container *x = &ev->u.container;

	x->what = what;
	snprintf(x->id, DOCKER_ID_CAP, "%064u", task);
	site_arn(x->task, "task", task);
	snprintf(x->family, NAME_CAP, "web");
	snprintf(x->name, NAME_CAP, "app");
	snprintf(x->image, IMAGE_CAP, "registry:5000/web:%u", d->revision);
	x->revision = d->revision;
	x->time_unix_ms = unix_ms(r->s.now_ms);
	x->exit_code = t->exit_code;
	x->has_exit = what == C_DIED;
	x->signal = 15;
	if (what == C_LISTED) {
		snprintf(x->image_id, DIGEST_CAP, "sha256:image%u", d->revision);
		x->state = t->started_ms == 0 ? CS_CREATED : t->state == TASK_RUNS ? CS_RUNNING : CS_EXITED;
		x->inspected = inspected;
	}
	if (inspected) {
		x->started_unix_ms = unix_ms(t->started_ms);
		x->finished_unix_ms = x->state == CS_EXITED ? unix_ms(t->ended_ms) : 0;
		x->has_exit = x->state == CS_EXITED;
		if (x->state == CS_CREATED && d->how == NO_EXEC && r->s.now_ms >= t->created_ms + 100) {
			x->class = CLASS_EXEC_NOT_FOUND;
			x->has_exit = true;
			x->exit_code = 127;
			snprintf(x->reason, REASON_CAP, "%s", NOEXEC);
		}
	}
	node_feed(r->node, ev);
}

static void pull_line(struct run *r, uint32_t task)
{
	struct event *ev = node_event(r->node, EV_PULL);

	ev->u.pull.what = P_ATTEMPT_FAILED;
	site_arn(ev->u.pull.task, "task", task);
	snprintf(ev->u.pull.container, NAME_CAP, "app");
	snprintf(ev->u.pull.image, IMAGE_CAP, "registry:5000/web:nosuch");
	ev->u.pull.class = CLASS_IMAGE_NOT_FOUND;
	snprintf(ev->u.pull.reason, REASON_CAP, "%s", NOIMAGE);
	ev->u.pull.time_unix_ms = unix_ms(r->s.task[task].placed_ms + 15000);
	node_feed(r->node, ev);
}

/* The newest line of the agent's log about the task. */
void site_line(struct run *r, uint32_t task)
{
	const struct site_task *t = &r->s.task[task];
	enum behaviour how = r->s.dep[t->dep].how;
	struct event *ev;
	struct ev_change *x;

	if (t->state != TASK_ENDED) {
		if (t->told_pull)
			pull_line(r, task);
		return;
	}
	ev = node_event(r->node, EV_CHANGE);
	x = &ev->u.change;
	site_arn(x->task, "task", task);
	snprintf(x->container, NAME_CAP, "app");
	x->task_status = x->status = TS_STOPPED;
	x->essential = TRI_YES;
	x->time_unix_ms = unix_ms(t->ended_ms);
	x->has_exit = t->exit_code >= 0;
	x->exit_code = t->exit_code;
	x->stage = how == NO_IMAGE ? STAGE_PULL : how == NO_EXEC ? STAGE_START : STAGE_RUN;
	if (!t->stop_ordered && !t->with_host && (how == NO_IMAGE || how == NO_EXEC)) {
		x->class = how == NO_IMAGE ? CLASS_IMAGE_NOT_FOUND : CLASS_EXEC_NOT_FOUND;
		snprintf(x->reason, REASON_CAP, "%s", how == NO_IMAGE ? NOIMAGE : NOEXEC);
	}
	node_feed(r->node, ev);
}

static void whole_log(struct run *r)
{
	for (uint32_t i = 0; i < SITE_TASKS; i++) {
		const struct site_task *t = &r->s.task[i];
		struct event *ev = node_event(r->node, EV_TASK);

		if (t->state == TASK_FREE)
			continue;
		ev->u.task.what = T_PLACED;
		site_arn(ev->u.task.task, "task", i);
		snprintf(ev->u.task.family, NAME_CAP, "web");
		ev->u.task.revision = r->s.dep[t->dep].revision;
		ev->u.task.time_unix_ms = unix_ms(t->placed_ms);
		node_feed(r->node, ev);
		if (t->stop_ordered) {
			ev = node_event(r->node, EV_TASK);
			ev->u.task.what = T_STOP_ORDER;
			site_arn(ev->u.task.task, "task", i);
			node_feed(r->node, ev);
		}
		site_line(r, i);
	}
}

static void sync(struct run *r, enum source source, bool end)
{
	struct event *ev = node_event(r->node, EV_SYNC);

	ev->u.sync.source = source;
	ev->u.sync.end = end;
	node_feed(r->node, ev);
}

static void fact(struct run *r, enum fact which)
{
	struct event *ev = node_event(r->node, EV_FACT);

	ev->u.fact.fact = which;
	ev->u.fact.yes = TRI_YES;
	node_feed(r->node, ev);
}

static void source_up(struct run *r, enum source source)
{
	struct event *ev = node_event(r->node, EV_SOURCE);

	ev->u.source.source = source;
	ev->u.source.state = SS_UP;
	node_feed(r->node, ev);
}

static void list_all(struct run *r)
{
	sync(r, SRC_ENGINE, false);
	for (uint32_t i = 0; i < SITE_TASKS; i++)
		if (r->s.task[i].state != TASK_FREE && r->s.task[i].created_ms != 0)
			site_container(r, i, C_LISTED, false);
	sync(r, SRC_ENGINE, true);
	source_up(r, SRC_ENGINE);
	sync(r, SRC_INTROSPECTION, false);
	for (uint32_t i = 0; i < SITE_TASKS; i++)
		if (r->s.task[i].state != TASK_FREE && r->s.task[i].state != TASK_ENDED)
			site_tell_task(r, i);
	sync(r, SRC_INTROSPECTION, true);
	whole_log(r);
}

/* Which of the failures told so far the disk remembers: those must never be told again. */
static void note_durable(struct site *s)
{
	for (uint32_t i = 0; i < s->n_told; i++) {
		struct look_for f = { .task = s->told[i].task, .class = s->told[i].class };

		(void)on_disk(s, &f);
		s->told[i].durable = f.failure;
	}
}

void site_start(struct run *r)
{
	static struct core_params params;
	struct node *n = r->node;
	struct event *ev;

	params = (struct core_params){ .policy = policy_default(), .seed = 7, .n_services = 1 };
	params.policy.mode = r->s.story->mode;
	snprintf(params.service[0].service, NAME_CAP, "web");
	snprintf(params.service[0].family, NAME_CAP, "web");
	params.service[0].policy = params.policy;
	memset(&n->core, 0, sizeof(n->core));
	n->journal.bytes = n->journal.seq = n->journal.batched = n->journal.retry_ms = 0;
	n->journal.failing = false;
	n->conf = r->conf;
	r->asks = 0;
	r->flush_ms = 0;
	r->lives++;
	note_durable(&r->s);
	core_init(&n->core, &params);
	journal_open(n);
	if (!on_disk(&r->s, &(struct look_for){ .task = 0 }))
		broke(r, "a start that leaves a torn journal", "");
	ev = node_event(n, EV_EPOCH);
	snprintf(ev->u.epoch.boot_id, sizeof(ev->u.epoch.boot_id), "boot-%u", r->s.boots);
	snprintf(ev->u.epoch.cluster, NAME_CAP, "edge");
	snprintf(ev->u.epoch.arch, sizeof(ev->u.epoch.arch), "amd64");
	node_feed(n, ev);
	fact(r, FACT_CLOCK);
	fact(r, FACT_ROUTE);
	fact(r, FACT_CREDENTIALS);
	list_all(r);
}

/* --- answers ---------------------------------------------------------------------------------------------------- */
static void revision_of(const struct site *s, uint32_t dep, char arn[ARN_CAP])
{
	site_arn(arn, "service-revision", s->dep[dep].revision);
}

static void answer_list(struct run *r, const struct action *a, struct event *ev)
{
	const struct site *s = &r->s;
	struct ev_aws_list *l = &ev->u.aws_list;

	ev->type = EV_AWS_LIST;
	l->service = a->index;
	l->ask = a->ask;
	for (uint32_t i = s->n_deps; a->full && i-- > 0 && l->n < HISTORY_MAX;) {
		struct sd_brief *item = &l->item[l->n++];

		site_arn(item->arn, "service-deployment", i);
		revision_of(s, i, item->target_revision);
		item->status = s->dep[i].status;
		item->created_unix_ms = unix_ms(s->dep[i].created_ms);
	}
}

static void answer_deployment(struct run *r, const struct action *a, struct event *ev)
{
	struct ev_aws_deployment *d = &ev->u.aws_deployment;
	uint32_t i = task_number(r->node->core.service[a->index].look.arn);
	const struct site_dep *x = &r->s.dep[i < SITE_DEPS ? i : 0];

	ev->type = EV_AWS_DEPLOYMENT;
	d->service = a->index;
	d->ask = a->ask;
	d->missing = i >= r->s.n_deps;
	site_arn(d->arn, "service-deployment", i);
	revision_of(&r->s, i, d->target_revision);
	if (x->source != i)
		revision_of(&r->s, x->source, d->source_revision);
	if (x->status == SD_ROLLBACK_IN_PROGRESS || x->status == SD_ROLLBACK_SUCCESSFUL)
		revision_of(&r->s, x->source, d->rollback_revision);
	d->status = x->status;
	d->requested = 1;
	d->created_unix_ms = unix_ms(x->created_ms);
	d->cb_status = CB_DISABLED;
}

static void answer_revisions(struct run *r, const struct action *a)
{
	static char want[REVISIONS_MAX][ARN_CAP];
	const struct service *s = &r->node->core.service[a->index];
	uint32_t n = s->look.n_want;

	memcpy(want, s->want, sizeof(want));
	for (uint32_t i = 0; i < n; i++) {
		struct event *ev = node_event(r->node, EV_AWS_REVISION);
		struct ev_aws_revision *x = &ev->u.aws_revision;

		x->service = a->index;
		x->ask = a->ask;
		x->last = i + 1 == n;
		(void)str_put(x->arn, ARN_CAP, slice_of(want[REVISIONS_MAX - 1 - i]));
		snprintf(x->family, NAME_CAP, "web");
		x->revision = task_number(want[REVISIONS_MAX - 1 - i]);
		x->n = 1;
		snprintf(x->image[0].container, NAME_CAP, "app");
		snprintf(x->image[0].digest, DIGEST_CAP, "sha256:digest%u", x->revision);
		node_feed(r->node, ev);
	}
}

static void answer_stop(struct run *r, const struct action *a, struct event *ev)
{
	const char *arn = r->node->core.service[a->index].rb.deployment;
	uint32_t i = task_number(arn);

	if (i >= r->s.n_deps || r->s.dep[i].stops == 0) {
		ev->type = EV_AWS_FAILED;
		ev->u.aws_failed = (struct ev_aws_failed){ .service = a->index, .ask = a->ask, .op = OP_STOP, .error = AE_CONFLICT };
		return;
	}
	ev->type = EV_AWS_STOPPED;
	ev->u.aws_stopped.service = a->index;
	ev->u.aws_stopped.ask = a->ask;
	snprintf(ev->u.aws_stopped.arn, ARN_CAP, "%s", arn);
}

static void answer_here(struct run *r, const struct action *a)
{
	const struct container *k = &r->node->core.container[a->index];
	uint32_t task = task_number(k->id);
	struct event *ev;

	if (a->type == ACT_INSPECT && k->used) {
		site_container(r, task, C_LISTED, true);
	} else if (a->type == ACT_IMAGE && k->used) {
		ev = node_event(r->node, EV_IMAGE);
		snprintf(ev->u.image.image_id, DIGEST_CAP, "sha256:image%u", r->s.dep[r->s.task[task].dep].revision);
		snprintf(ev->u.image.digest, DIGEST_CAP, "sha256:digest%u", r->s.dep[r->s.task[task].dep].revision);
		snprintf(ev->u.image.arch, sizeof(ev->u.image.arch), "amd64");
		node_feed(r->node, ev);
	} else if (a->type == ACT_PROBE) {
		ev = node_event(r->node, EV_FACT);
		ev->u.fact.fact = FACT_DISK;
		ev->u.fact.yes = TRI_YES;
		ev->u.fact.value = INT64_C(4000) << 20;
		ev->u.fact.last = true;
		node_feed(r->node, ev);
	} else if (a->type == ACT_LAST_WORDS && k->used) {
		ev = node_event(r->node, EV_LAST_WORDS);
		snprintf(ev->u.last_words.id, DOCKER_ID_CAP, "%s", k->id);
		node_feed(r->node, ev);
	} else if (a->type == ACT_TARGET_IMAGE) {
		ev = node_event(r->node, EV_TARGET_IMAGE);
		ev->u.target_image.service = a->index;
		ev->u.target_image.ask = a->ask;
		ev->u.target_image.there = TRI_YES;
		node_feed(r->node, ev);
	}
}

static const struct { enum act_type act; enum aws_op op; } ops[] = {
	{ ACT_AWS_TASK, OP_TASK }, { ACT_AWS_LIST, OP_LIST }, { ACT_AWS_DEPLOYMENT, OP_DEPLOYMENT }, { ACT_AWS_REVISION, OP_REVISION },
	{ ACT_AWS_QUORUM, OP_QUORUM }, { ACT_AWS_STOP, OP_STOP }, { ACT_AWS_UPDATE, OP_UPDATE }, { ACT_AWS_SERVICE, OP_SERVICES },
};

static void unreachable(struct run *r, const struct action *a)
{
	struct event *ev = node_event(r->node, EV_AWS_FAILED);

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i].act == a->type)
			ev->u.aws_failed.op = ops[i].op;
	ev->u.aws_failed.service = a->index;
	ev->u.aws_failed.ask = a->ask;
	ev->u.aws_failed.error = AE_UNREACHABLE;
	if (a->type == ACT_AWS_TASK)
		snprintf(ev->u.aws_failed.task, ARN_CAP, "%s", r->node->core.task[a->index].arn);
	node_feed(r->node, ev);
}

void site_answer(struct run *r, const struct action *a)
{
	struct event *ev;

	if (a->type < ACT_AWS_TASK) {
		answer_here(r, a);
		return;
	}
	ev = node_event(r->node, EV_SOURCE);
	ev->u.source.source = SRC_AWS;
	ev->u.source.state = site_online(&r->s) ? SS_UP : SS_UNREACHABLE;
	node_feed(r->node, ev);
	if (!site_online(&r->s)) {
		unreachable(r, a);
		return;
	}
	if (a->type == ACT_AWS_REVISION) {
		answer_revisions(r, a);
		return;
	}
	ev = node_event(r->node, EV_AWS_TASK);
	if (a->type == ACT_AWS_LIST)
		answer_list(r, a, ev);
	else if (a->type == ACT_AWS_DEPLOYMENT)
		answer_deployment(r, a, ev);
	else if (a->type == ACT_AWS_STOP)
		answer_stop(r, a, ev);
	else if (a->type == ACT_AWS_SERVICE) {
		ev->type = EV_AWS_SERVICE;
		ev->u.aws_service = (struct ev_aws_service){ .service = a->index, .ask = a->ask, .controller = CTL_ECS };
	} else if (a->type == ACT_AWS_TASK) {
		snprintf(ev->u.aws_task.task, ARN_CAP, "%s", r->node->core.task[a->index].arn);
		snprintf(ev->u.aws_task.service, NAME_CAP, "web");
	} else {
		broke(r, "a question nobody expects in these stories", act_name(a->type));
		return;
	}
	node_feed(r->node, ev);
}
