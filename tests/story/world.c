#include "tests/story/world.h"

#include <stdio.h>
#include <string.h>

#define CLUSTER "edge"
#define SERVICE "web"

static struct record journal[4096];
static uint32_t journal_n;

static void say(struct world *w, const char *what, const char *detail)
{
	unsigned long long tenths = (w->now_ms + 49) / 100;
	char at[24];

	snprintf(at, sizeof(at), "[%6llu.%llu] ", tenths / 10, tenths % 10);
	text_s(&w->text, at);
	text_s(&w->text, what);
	text_s(&w->text, detail);
	text_c(&w->text, '\n');
}

static void later(struct world *w, uint32_t ms, struct event ev)
{
	if (w->queued == WORLD_QUEUE) {
		w->broken = "the world's queue is full";
		return;
	}
	ev.now_ms = w->now_ms + ms;
	w->queue[w->queued++] = ev;
}

static void refuse(struct world *w, const struct action *a, enum aws_op op, enum aws_error error, const char *detail)
{
	struct event ev = { .type = EV_AWS_FAILED };

	ev.u.aws_failed.service = a->index;
	ev.u.aws_failed.ask = a->ask;
	ev.u.aws_failed.op = op;
	ev.u.aws_failed.error = error;
	snprintf(ev.u.aws_failed.detail, sizeof(ev.u.aws_failed.detail), "%s", detail);
	if (op == OP_TASK)
		snprintf(ev.u.aws_failed.task, ARN_CAP, "%s", w->core.task[a->index].arn);
	later(w, w->aws_ms, ev);
}

static void answer_list(struct world *w, const struct action *a)
{
	struct event ev = { .type = EV_AWS_LIST };
	struct ev_aws_list *l = &ev.u.aws_list;

	l->service = a->index;
	l->ask = a->ask;
	for (uint32_t i = w->hidden; i < w->n_deps && l->n < HISTORY_MAX; i++) {
		struct sd_brief *item = &l->item[l->n];

		if (!a->full && w->dep[i].created_unix_ms <= w->core.service[a->index].dep.created_unix_ms)
			break;
		l->n++;
		snprintf(item->arn, ARN_CAP, "%s", w->dep[i].arn);
		snprintf(item->target_revision, ARN_CAP, "%s", w->dep[i].revision_arn);
		item->status = w->dep[i].status;
		item->created_unix_ms = w->dep[i].created_unix_ms;
	}
	later(w, w->aws_ms, ev);
}

static void answer_deployment(struct world *w, const struct action *a)
{
	struct event ev = { .type = EV_AWS_DEPLOYMENT };
	struct ev_aws_deployment *d = &ev.u.aws_deployment;

	d->service = a->index;
	d->ask = a->ask;
	d->missing = true;
	for (uint32_t i = 0; i < w->n_deps; i++) {
		const struct world_deployment *x = &w->dep[i];

		if (strcmp(x->arn, w->core.service[a->index].look.arn) != 0)
			continue;
		d->missing = false;
		snprintf(d->arn, ARN_CAP, "%s", x->arn);
		snprintf(d->target_revision, ARN_CAP, "%s", x->revision_arn);
		snprintf(d->source_revision, ARN_CAP, "%s", x->source_arn);
		snprintf(d->rollback_revision, ARN_CAP, "%s", x->rollback_arn);
		d->status = x->status;
		d->requested = x->requested;
		d->created_unix_ms = x->created_unix_ms;
		d->cb_enabled = d->cb_rollback = x->cb_enabled;
		d->cb_status = x->cb_enabled ? CB_MONITORING : CB_DISABLED;
		d->cb_failures = x->cb_failures;
		d->cb_threshold = 3;
		d->source_running = x->source_running;
		d->running = x->running;
		d->pending = x->pending;
	}
	later(w, w->aws_ms, ev);
}

static void answer_revisions(struct world *w, const struct action *a)
{
	const struct service *s = &w->core.service[a->index];

	for (uint32_t i = 0; i < s->look.n_want; i++) {
		struct event ev = { .type = EV_AWS_REVISION };
		struct ev_aws_revision *r = &ev.u.aws_revision;
		const char *want = s->want[REVISIONS_MAX - 1 - i];

		r->service = a->index;
		r->ask = a->ask;
		r->missing = true;
		r->last = i + 1 == s->look.n_want;
		snprintf(r->arn, ARN_CAP, "%s", want);
		for (uint32_t k = 0; k < w->n_deps; k++) {
			const struct world_deployment *x = &w->dep[k];

			if (strcmp(x->revision_arn, want) != 0)
				continue;
			r->missing = false;
			snprintf(r->family, NAME_CAP, "%s", x->family);
			r->revision = x->revision;
			r->n = 1;   /* its digest appears once a task has resolved it */
			snprintf(r->image[0].container, NAME_CAP, "app");
			r->image[0].reference = x->reference;
			r->image[0].tagged = true;
			snprintf(r->image[0].digest, DIGEST_CAP, "%s", x->digest);
		}
		later(w, w->aws_ms, ev);
	}
}

static void answer_stop(struct world *w, const struct action *a)
{
	struct service *s = &w->core.service[a->index];
	struct event ev = { .type = EV_AWS_STOPPED };

	w->stops++;
	if (w->conflict || w->n_deps == 0 || strcmp(w->dep[0].arn, s->rb.deployment) != 0 ||
	    !sd_ongoing(w->dep[0].status)) {
		refuse(w, a, OP_STOP, AE_CONFLICT, "ConflictException");
		return;
	}
	w->dep[0].status = SD_ROLLBACK_IN_PROGRESS;
	snprintf(w->dep[0].rollback_arn, ARN_CAP, "%s", w->dep[0].source_arn);
	ev.u.aws_stopped.service = a->index;
	ev.u.aws_stopped.ask = a->ask;
	snprintf(ev.u.aws_stopped.arn, ARN_CAP, "%s", s->rb.deployment);
	later(w, w->aws_ms, ev);
}

static void answer_service(struct world *w, const struct action *a)
{
	struct event ev = { .type = EV_AWS_SERVICE };

	ev.u.aws_service = w->said;
	ev.u.aws_service.service = a->index;
	ev.u.aws_service.ask = a->ask;
	later(w, w->aws_ms, ev);
}

static void answer_update(struct world *w, const struct action *a)
{
	const struct rollback *rb = &w->core.service[a->index].rb;
	struct event ev = { .type = EV_AWS_UPDATED };
	char digest[DIGEST_CAP] = "";

	for (uint32_t i = 0; i < w->n_deps; i++)
		if (w->dep[i].revision == rb->target_revision)
			snprintf(digest, sizeof(digest), "%s", w->dep[i].digest);
	w->updates++;
	if (w->update_said != NULL) {
		refuse(w, a, OP_UPDATE, w->refuse_update, w->update_said);
		return;
	}
	if (a->type == ACT_AWS_DEPLOY)
		world_deploy(w, w->core.deploy.family, w->core.deploy.revision, "sha256:deployed");
	else
		world_deploy(w, rb->target_family, rb->target_revision, digest);
	if (w->update_lost) {
		refuse(w, a, OP_UPDATE, AE_UNREACHABLE, "the connection was lost");
		return;
	}
	ev.u.aws_updated.service = a->index;
	ev.u.aws_updated.ask = a->ask;
	later(w, w->aws_ms, ev);
}

static void to_aws(struct world *w, const struct action *a)
{
	static const enum aws_op op[ACT_TYPES] = {
		[ACT_AWS_TASK] = OP_TASK, [ACT_AWS_LIST] = OP_LIST, [ACT_AWS_DEPLOYMENT] = OP_DEPLOYMENT,
		[ACT_AWS_REVISION] = OP_REVISION, [ACT_AWS_QUORUM] = OP_QUORUM, [ACT_AWS_STOP] = OP_STOP,
		[ACT_AWS_UPDATE] = OP_UPDATE, [ACT_AWS_SERVICE] = OP_SERVICES, [ACT_AWS_DEPLOY] = OP_UPDATE,
	};
	struct event ev = { .type = EV_SOURCE };

	ev.u.source.source = SRC_AWS;
	ev.u.source.state = w->line_up ? SS_UP : SS_UNREACHABLE;
	later(w, w->aws_ms, ev);
	if (!w->line_up)
		refuse(w, a, op[a->type], AE_UNREACHABLE, "no answer");
	else if (w->denied)
		refuse(w, a, op[a->type], AE_DENIED, "not authorized to perform: ecs:StopServiceDeployment");
	else if (a->type == ACT_AWS_LIST && w->no_deployments)
		refuse(w, a, OP_LIST, AE_UNSUPPORTED, "UnsupportedFeatureException");
	else if (a->type == ACT_AWS_LIST)
		answer_list(w, a);
	else if (a->type == ACT_AWS_DEPLOYMENT)
		answer_deployment(w, a);
	else if (a->type == ACT_AWS_REVISION)
		answer_revisions(w, a);
	else if (a->type == ACT_AWS_STOP)
		answer_stop(w, a);
	else if (a->type == ACT_AWS_SERVICE)
		answer_service(w, a);
	else if (a->type == ACT_AWS_UPDATE || a->type == ACT_AWS_DEPLOY)
		answer_update(w, a);
	else if (a->type == ACT_AWS_QUORUM) {
		struct event quorum = { .type = EV_AWS_QUORUM };

		quorum.u.aws_quorum = w->quorum;
		quorum.u.aws_quorum.service = a->index;
		quorum.u.aws_quorum.ask = a->ask;
		later(w, w->aws_ms, quorum);
	} else if (a->type == ACT_AWS_TASK) {
		struct event task = { .type = EV_AWS_TASK };

		snprintf(task.u.aws_task.task, ARN_CAP, "%s", w->core.task[a->index].arn);
		snprintf(task.u.aws_task.service, NAME_CAP, SERVICE);
		later(w, w->aws_ms, task);
	}
}

static void tell(struct world *w, const struct action *a)
{
	const struct core *c = &w->core;
	char line[1200], why[400];
	struct text t = text_on(why, sizeof(why));

	if (a->type == ACT_REPORT || a->type == ACT_SUSPECT) {
		const struct failure *f = &c->failure[a->index].f;

		snprintf(line, sizeof(line), "f%u %s:%u %s %s blame=%s%s", f->id, f->family, f->revision, class_name(f->class),
			 f->container, blame_name(f->blame), f->counted ? " counted" : "");
		say(w, a->type == ACT_REPORT ? "FAILURE " : "suspect ", line);
	} else if (a->type == ACT_NOTE) {
		const struct service *s = &c->service[a->index];

		core_explain(c, a->index, &t);
		snprintf(line, sizeof(line), "%s %s/%s", s->m.name, verdict_name(s->verdict), rb_state_name(s->rb.state));
		say(w, "service ", line);
	} else if (a->type == ACT_AWS_STOP) {
		say(w, "STOP ", c->service[a->index].rb.deployment);
	} else if (a->type == ACT_AWS_UPDATE) {
		snprintf(line, sizeof(line), "%s to %s:%u", c->service[a->index].m.name, c->service[a->index].rb.target_family,
			 c->service[a->index].rb.target_revision);
		say(w, "UPDATE ", line);
	} else if (a->type == ACT_AWS_DEPLOY) {
		snprintf(line, sizeof(line), "%s to %s:%u", c->service[a->index].m.name, c->deploy.family, c->deploy.revision);
		say(w, "DEPLOY ", line);
	} else if (a->type == ACT_DEPLOYED) {
		const char *made = strrchr(c->deploy.deployment, '/'), *over = strrchr(c->deploy.before, '/');

		snprintf(line, sizeof(line), "%s%s%s%s: %s", deploy_end_name(c->deploy.end), made != NULL ? " as " : "", made != NULL ? made + 1 : "",
			 c->deploy.overtook == SD_NONE ? "" : " over ", c->deploy.reason);
		say(w, "deploy ", line);
		if (c->deploy.overtook != SD_NONE)
			say(w, "overtook ", over + 1);
	} else if (w->reads && a->type >= ACT_AWS_TASK) {
		say(w, "ask ", act_name(a->type));
	}
}

static void carry_out(struct world *w, const struct action *a)
{
	struct event ev = { .type = EV_SAVED };

	tell(w, a);
	switch (a->type) {
	case ACT_JOURNAL:
		if (w->disk_full) {
			ev.type = EV_SAVE_FAILED;
		} else if (journal_n < 4096) {
			core_record(&w->core, a->kind, a->index, &journal[journal_n]);
			journal[journal_n++].seq = a->seq;
		}
		ev.u.saved.seq = a->seq;
		later(w, w->disk_ms, ev);
		break;
	case ACT_PROBE:
		ev = (struct event){ .type = EV_FACT };
		ev.u.fact.fact = FACT_DISK;
		ev.u.fact.yes = TRI_YES;
		ev.u.fact.value = INT64_C(4000) << 20;
		ev.u.fact.last = true;
		later(w, 200, ev);
		break;
	case ACT_AWS_TASK: case ACT_AWS_LIST: case ACT_AWS_DEPLOYMENT: case ACT_AWS_REVISION: case ACT_AWS_QUORUM:
	case ACT_AWS_STOP: case ACT_AWS_UPDATE: case ACT_AWS_SERVICE: case ACT_AWS_DEPLOY:
		to_aws(w, a);
		break;
	case ACT_TARGET_IMAGE:
		ev = (struct event){ .type = EV_TARGET_IMAGE };
		ev.u.target_image.service = a->index;
		ev.u.target_image.ask = a->ask;
		ev.u.target_image.there = w->target_there;
		later(w, w->image_ms, ev);
		break;
	case ACT_REGISTRY:
		ev = (struct event){ .type = EV_REGISTRY };
		ev.u.registry = (struct ev_registry){ .ask = a->ask, .word = w->registry, .essential = TRI_YES, .container = "app",
						      .image = "registry.example/web:2" };
		if (w->registry != IW_NONE)
			later(w, w->image_ms, ev);
		break;
	case ACT_REPORT: case ACT_NOTE: case ACT_SUSPECT: case ACT_INSPECT: case ACT_IMAGE: case ACT_LAST_WORDS: case ACT_DEPLOYED: case ACT_TYPES:
		break;
	}
}

void world_feed(struct world *w, struct event *ev)
{
	struct action out[CORE_MAX_ACTIONS];
	const char *broken;
	size_t n;

	ev->now_ms = w->now_ms;
	ev->now_unix_ms = WORLD_UNIX_MS + (int64_t)w->now_ms;
	n = core_step(&w->core, ev, out);
	broken = (const char *)core_check(&w->core, out, n);
	if (broken != NULL && w->broken == NULL)
		w->broken = broken;
	for (size_t i = 0; i < n; i++)
		carry_out(w, &out[i]);
	w->steps++;
}

/* A kill -9 falls between two steps; whatever was on its way to the node then is lost. */
static void maybe_restart(struct world *w)
{
	if (w->restart_at == 0 || w->steps < w->restart_at)
		return;
	w->restart_at = 0;
	world_restart(w);
	if (w->after_restart != NULL)
		w->after_restart(w);
}

void world_run(struct world *w, uint64_t ms)
{
	uint64_t until = w->now_ms + ms;

	maybe_restart(w);
	while (w->broken == NULL) {
		uint64_t at = core_deadline(&w->core);
		uint32_t first = w->queued;
		struct event ev = { .type = EV_TICK };

		for (uint32_t i = 0; i < w->queued; i++)
			if (first == w->queued || w->queue[i].now_ms < w->queue[first].now_ms)
				first = i;
		if (first < w->queued && w->queue[first].now_ms <= at) {
			ev = w->queue[first];
			at = ev.now_ms;
		} else {
			first = w->queued;
		}
		if (at > until)
			break;
		if (first < w->queued) {
			memmove(&w->queue[first], &w->queue[first + 1], (w->queued - first - 1) * sizeof(ev));
			w->queued--;
		}
		w->now_ms = at > w->now_ms ? at : w->now_ms + (first == w->queued && ev.type == EV_TICK);
		world_feed(w, &ev);
		maybe_restart(w);
	}
	w->now_ms = until > w->now_ms ? until : w->now_ms;
}

const char *world_trace(struct world *w)
{
	static char copy[sizeof(w->trace)];

	memcpy(copy, w->trace, w->text.len + 1);
	w->text = text_on(w->trace, sizeof(w->trace));
	return copy;
}

void world_fact(struct world *w, enum fact which, enum tri yes)
{
	struct event ev = { .type = EV_FACT };

	ev.u.fact.fact = which;
	ev.u.fact.yes = yes;
	world_feed(w, &ev);
}

static void sources(struct world *w)
{
	struct event ev = { .type = EV_EPOCH };

	snprintf(ev.u.epoch.cluster, NAME_CAP, CLUSTER);
	snprintf(ev.u.epoch.boot_id, 40, "boot-1");
	snprintf(ev.u.epoch.arch, 16, "amd64");
	world_feed(w, &ev);
	world_fact(w, FACT_CLOCK, TRI_YES);
	world_fact(w, FACT_ROUTE, TRI_YES);
	world_fact(w, FACT_CREDENTIALS, TRI_YES);
}

static struct core_params params;

void world_init(struct world *w, enum rb_mode mode)
{
	memset(w, 0, sizeof(*w));
	journal_n = 0;
	params = (struct core_params){ .policy = policy_default(), .seed = 7, .n_services = 1, .fleet = 1 };
	params.policy.mode = mode;
	snprintf(params.service[0].service, NAME_CAP, SERVICE);
	snprintf(params.service[0].family, NAME_CAP, "web");
	params.service[0].policy = params.policy;
	w->line_up = true;
	w->target_there = TRI_YES;
	w->disk_ms = 5;
	w->image_ms = 20;
	w->aws_ms = 80;
	w->now_ms = 100000;
	w->text = text_on(w->trace, sizeof(w->trace));
	core_init(&w->core, &params);
	sources(w);
}

/* The journal keeps the newest record of a key only, once it was rewritten. */
static bool superseded(uint32_t at)
{
	for (uint32_t i = at + 1; journal[at].kind == REC_ROLLBACK && i < journal_n; i++)
		if (journal[i].kind == REC_ROLLBACK && strcmp(journal[i].u.rollback.service, journal[at].u.rollback.service) == 0)
			return true;
	return false;
}

void world_restart(struct world *w)
{
	struct event ev = { .type = EV_RESTORE };

	memset(&w->core, 0, sizeof(w->core));
	w->queued = 0;
	core_init(&w->core, &params);
	for (uint32_t i = 0; i < journal_n; i++) {
		ev.u.restore.record = journal[i];
		if (!superseded(i))
			world_feed(w, &ev);
	}
	ev.u.restore.last = true;
	world_feed(w, &ev);
	say(w, "restarted", "");
	sources(w);
}

void world_deploy(struct world *w, const char *family, uint32_t revision, const char *digest)
{
	struct world_deployment *d = &w->dep[0];
	static unsigned number;

	memmove(&w->dep[1], &w->dep[0], sizeof(w->dep) - sizeof(w->dep[0]));
	w->n_deps += w->n_deps < 8;
	memset(d, 0, sizeof(*d));
	number = w->n_deps == 1 ? 1 : number + 1;
	snprintf(d->arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-deployment/edge/web/d%u", number);
	snprintf(d->revision_arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-revision/edge/web/%u", number);
	if (w->n_deps > 1)
		snprintf(d->source_arn, ARN_CAP, "%s", w->dep[1].rollback_arn[0] ? w->dep[1].rollback_arn : w->dep[1].revision_arn);
	snprintf(d->family, sizeof(d->family), "%s", family);
	snprintf(d->digest, sizeof(d->digest), "%s", digest);
	d->revision = revision;
	d->requested = 1;
	d->source_running = w->n_deps > 1;
	d->status = SD_IN_PROGRESS;
	d->created_unix_ms = WORLD_UNIX_MS + (int64_t)w->now_ms;
}

void world_status(struct world *w, enum sd_status status)
{
	w->dep[0].status = status;
}

void world_line(struct world *w, bool up)
{
	w->line_up = up;
}

static void arn_of(char *arn, unsigned task)
{
	snprintf(arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", task);
}

static void container(struct world *w, unsigned task, enum container_what what, struct event *ev)
{
	ev->type = EV_CONTAINER;
	ev->u.container.what = what;
	arn_of(ev->u.container.task, task);
	snprintf(ev->u.container.id, DOCKER_ID_CAP, "%064u", task);
	snprintf(ev->u.container.name, NAME_CAP, "app");
	ev->u.container.time_unix_ms = WORLD_UNIX_MS + (int64_t)w->now_ms;
	world_feed(w, ev);
}

void world_place(struct world *w, unsigned task, const char *family, uint32_t revision)
{
	struct event ev = { .type = EV_TASK };

	ev.u.task.what = T_STATUS;
	arn_of(ev.u.task.task, task);
	snprintf(ev.u.task.family, NAME_CAP, "%s", family);
	ev.u.task.revision = revision;
	ev.u.task.desired = TS_RUNNING;
	ev.u.task.known = TS_PENDING;
	world_feed(w, &ev);
}

void world_create(struct world *w, unsigned task, const char *family, uint32_t revision, const char *image_id)
{
	struct event ev = { 0 };

	snprintf(ev.u.container.family, NAME_CAP, "%s", family);
	snprintf(ev.u.container.image, IMAGE_CAP, "registry:5000/%s:%u", family, revision);
	ev.u.container.revision = revision;
	container(w, task, C_CREATED, &ev);
	snprintf(ev.u.container.image_id, DIGEST_CAP, "%s", image_id);
	ev.u.container.state = CS_CREATED;
	container(w, task, C_LISTED, &ev);
}

void world_listed(struct world *w, unsigned task, const char *family, uint32_t revision, const char *image_id)
{
	struct event ev = { 0 };

	snprintf(ev.u.container.family, NAME_CAP, "%s", family);
	snprintf(ev.u.container.image, IMAGE_CAP, "registry:5000/%s:%u", family, revision);
	snprintf(ev.u.container.image_id, DIGEST_CAP, "%s", image_id);
	ev.u.container.revision = revision;
	ev.u.container.state = CS_RUNNING;
	ev.u.container.started_unix_ms = WORLD_UNIX_MS + 1000;
	container(w, task, C_LISTED, &ev);
}

void world_start(struct world *w, unsigned task)
{
	struct event ev = { 0 };

	container(w, task, C_STARTED, &ev);
}

void world_die(struct world *w, unsigned task, int exit_code)
{
	struct event ev = { 0 };

	ev.u.container.has_exit = true;
	ev.u.container.exit_code = exit_code;
	container(w, task, C_DIED, &ev);
}

void world_kill(struct world *w, unsigned task, int signal)
{
	struct event ev = { 0 };

	ev.u.container.signal = signal;
	container(w, task, C_KILLED, &ev);
}

void world_start_failed(struct world *w, unsigned task, enum class class, const char *reason)
{
	struct event ev = { 0 };

	ev.u.container.state = CS_CREATED;
	ev.u.container.inspected = ev.u.container.has_exit = true;
	ev.u.container.exit_code = 127;
	ev.u.container.class = class;
	snprintf(ev.u.container.reason, REASON_CAP, "%s", reason);
	container(w, task, C_LISTED, &ev);
}

void world_image(struct world *w, const char *image_id, const char *digest)
{
	struct event ev = { .type = EV_IMAGE };

	snprintf(ev.u.image.image_id, DIGEST_CAP, "%s", image_id);
	snprintf(ev.u.image.digest, DIGEST_CAP, "%s", digest);
	snprintf(ev.u.image.arch, 16, "amd64");
	world_feed(w, &ev);
}

void world_good(struct world *w, unsigned task, const char *family, uint32_t revision, const char *image_id, const char *digest)
{
	world_deploy(w, family, revision, digest);
	world_place(w, task, family, revision);
	world_create(w, task, family, revision, image_id);
	world_image(w, image_id, digest);
	world_start(w, task);
	world_running(w, task);
	world_run(w, 65000);
	world_status(w, SD_SUCCESSFUL);
	world_run(w, 40000);
}

void world_stopped(struct world *w, unsigned task, enum stage stage, enum class class, const char *reason, int exit_code)
{
	struct event ev = { .type = EV_CHANGE };
	struct ev_change *x = &ev.u.change;

	arn_of(x->task, task);
	snprintf(x->container, NAME_CAP, "app");
	x->task_status = x->status = TS_STOPPED;
	x->essential = TRI_YES;
	x->stage = stage;
	x->class = class;
	x->has_exit = exit_code >= 0;
	x->exit_code = exit_code;
	snprintf(x->reason, REASON_CAP, "%s", reason);
	world_feed(w, &ev);
}

void world_pull_attempt(struct world *w, unsigned task, enum class class, const char *reason)
{
	struct event ev = { .type = EV_PULL };

	ev.u.pull.what = P_ATTEMPT_FAILED;
	arn_of(ev.u.pull.task, task);
	snprintf(ev.u.pull.container, NAME_CAP, "app");
	snprintf(ev.u.pull.image, IMAGE_CAP, "registry:5000/web:nosuch");
	ev.u.pull.class = class;
	snprintf(ev.u.pull.reason, REASON_CAP, "%s", reason);
	world_feed(w, &ev);
}

void world_running(struct world *w, unsigned task)
{
	struct event ev = { .type = EV_TASK };

	ev.u.task.what = T_STATUS;
	arn_of(ev.u.task.task, task);
	ev.u.task.desired = ev.u.task.known = TS_RUNNING;
	ev.u.task.containers = 1;
	world_feed(w, &ev);
}

void world_operator(struct world *w, enum op_verb verb, const char *service, const char *id)
{
	struct event ev = { .type = EV_OPERATOR };

	ev.u.operator.verb = verb;
	ev.u.operator.uid = 1000;
	snprintf(ev.u.operator.service, NAME_CAP, "%s", service);
	snprintf(ev.u.operator.id, sizeof(ev.u.operator.id), "%s", id);
	world_feed(w, &ev);
}

void world_deploy_to(struct world *w, const char *family, uint32_t revision, bool force)
{
	struct event ev = { .type = EV_OPERATOR };

	ev.u.operator.verb = OPV_DEPLOY;
	ev.u.operator.uid = 1000;
	ev.u.operator.to_revision = revision;
	ev.u.operator.force = force;
	snprintf(ev.u.operator.service, NAME_CAP, SERVICE);
	snprintf(ev.u.operator.to_family, NAME_CAP, "%s", family);
	world_feed(w, &ev);
}

void world_rollback_to(struct world *w, const char *service, const char *family, uint32_t revision)
{
	struct event ev = { .type = EV_OPERATOR };

	ev.u.operator.verb = OPV_ROLLBACK;
	ev.u.operator.uid = 1000;
	ev.u.operator.to_revision = revision;
	snprintf(ev.u.operator.service, NAME_CAP, "%s", service);
	snprintf(ev.u.operator.to_family, NAME_CAP, "%s", family);
	world_feed(w, &ev);
}

void world_pull(struct world *w, unsigned task, enum pull_what what, const char *image)
{
	struct event ev = { .type = EV_PULL };

	ev.u.pull.what = what;
	arn_of(ev.u.pull.task, task);
	snprintf(ev.u.pull.container, NAME_CAP, "app");
	snprintf(ev.u.pull.image, IMAGE_CAP, "%s", image);
	world_feed(w, &ev);
}

void world_health(struct world *w, unsigned task, bool healthy)
{
	struct event ev = { 0 };

	container(w, task, healthy ? C_HEALTHY : C_UNHEALTHY, &ev);
}

void world_source(struct world *w, enum source source, enum source_state state)
{
	struct event ev = { .type = EV_SOURCE };

	ev.u.source.source = source;
	ev.u.source.state = state;
	world_feed(w, &ev);
}

static void sync(struct world *w, enum source source, bool end)
{
	struct event ev = { .type = EV_SYNC };

	ev.u.sync.source = source;
	ev.u.sync.end = end;
	world_feed(w, &ev);
}

void world_sync(struct world *w, unsigned from, unsigned to)
{
	sync(w, SRC_INTROSPECTION, false);
	for (unsigned task = from; task <= to; task++)
		world_running(w, task);
	sync(w, SRC_INTROSPECTION, true);
}

void world_last_words(struct world *w, unsigned task, enum class class)
{
	struct event ev = { .type = EV_LAST_WORDS };

	snprintf(ev.u.last_words.id, DOCKER_ID_CAP, "%064u", task);
	ev.u.last_words.class = class;
	world_feed(w, &ev);
}

void world_found_dead(struct world *w, unsigned task, const char *family, uint32_t revision, int64_t started_unix_ms, int exit_code)
{
	struct event ev = { 0 };

	snprintf(ev.u.container.family, NAME_CAP, "%s", family);
	ev.u.container.revision = revision;
	ev.u.container.state = CS_EXITED;
	ev.u.container.inspected = ev.u.container.has_exit = true;
	ev.u.container.exit_code = exit_code;
	ev.u.container.started_unix_ms = started_unix_ms;
	ev.u.container.finished_unix_ms = WORLD_UNIX_MS + (int64_t)w->now_ms;
	container(w, task, C_LISTED, &ev);
}
