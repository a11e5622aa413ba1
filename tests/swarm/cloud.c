/* The control plane as its API shows it: late, now and then a step back, sometimes not at all. */
#include "tests/swarm/parts.h"

#include <stdlib.h>
#include <string.h>

#define LAG_MS 2000

bool swarm_online(const struct swarm *w)
{
	return !swarm_has(w, FAULT_LINE) && !swarm_has(w, FAULT_ROUTE) && !swarm_has(w, FAULT_DNS);
}

enum sd_status swarm_status_at(const struct swarm_dep *d, uint64_t ms)
{
	enum sd_status status = SD_NONE;

	for (uint32_t i = 0; i < d->n_status && d->status[i].ms <= ms; i++)
		status = d->status[i].status;
	return status;
}

void swarm_set_status(struct swarm *w, uint32_t dep, enum sd_status status)
{
	struct swarm_dep *d = &w->dep[dep];

	if (d->n_status == SWARM_STATUSES || swarm_status_at(d, w->now_ms) == status)
		return;
	d->status[d->n_status++] = (struct swarm_change){ w->now_ms, status };
	swarm_say(w, "ECS: web%u d%u (:%u %s) %s", d->service, dep, d->revision, d->flaw == FLAW_NONE ? "good" : "BAD",
		  sd_status_name(status));
}

/* Index + 1 of the newest deployment before `before` that ended SUCCESSFUL; 0: none. */
uint32_t swarm_last_good(const struct swarm *w, uint32_t service, uint32_t before)
{
	for (uint32_t i = before; i-- > 0;)
		if (w->dep[i].service == service && swarm_status_at(&w->dep[i], w->now_ms) == SD_SUCCESSFUL)
			return i + 1;
	return 0;
}

static void take_over(struct swarm *w, uint32_t service)
{
	struct swarm_service *s = &w->service[service];
	struct swarm_dep *old = s->newest == 0 ? NULL : &w->dep[s->newest - 1];

	if (old != NULL && sd_ongoing(swarm_status_at(old, w->now_ms))) {
		swarm_set_status(w, s->newest - 1, SD_STOP_REQUESTED);
		swarm_later(w, swarm_between(w, 500, 5000), HAP_STATUS, s->newest - 1, SD_STOPPED);
	}
}

/* same_as: index + 1 of a deployment whose very image is deployed again; 0: a new image. */
void swarm_deploy(struct swarm *w, uint32_t service, enum who by, uint32_t same_as, enum flaw flaw)
{
	struct swarm_service *s = &w->service[service];
	struct swarm_dep *d, *last = s->newest == 0 ? NULL : &w->dep[s->newest - 1];

	if (w->n_deps == SWARM_DEPS || w->healed)
		return;
	take_over(w, service);
	d = &w->dep[w->n_deps++];
	*d = (struct swarm_dep){ .service = service, .number = ++s->n_deps, .by = by, .flaw = flaw, .created_ms = w->now_ms,
				 .began = w->n_deps, .try_ms = w->now_ms + swarm_between(w, 500, 8000) };
	if (same_as != 0) {
		d->revision = w->dep[same_as - 1].revision;
		d->image = w->dep[same_as - 1].image;
		d->flaw = w->dep[same_as - 1].flaw;
		d->gone = w->dep[same_as - 1].gone;
		d->seen = w->dep[same_as - 1].seen;
	} else {
		/* a forced deployment on a mutable tag keeps family:revision and brings another image */
		d->revision = last != NULL && flaw != FLAW_NO_IMAGE && swarm_chance(w, 10) ? last->revision : ++s->definition;
		d->image = ++w->images;
	}
	d->source = last == NULL ? 0 : last->rollback != 0 ? last->rollback : s->newest;
	s->newest = w->n_deps;
	w->score->deployments++;
	w->score->bad += d->flaw != FLAW_NONE;
	swarm_set_status(w, s->newest - 1, swarm_chance(w, 50) ? SD_PENDING : SD_IN_PROGRESS);
	if (d->status[0].status == SD_PENDING)
		swarm_later(w, 400, HAP_STATUS, s->newest - 1, SD_IN_PROGRESS);
	swarm_say(w, "deploy web%u d%u :%u image %u flaw %d by %d", service, s->newest - 1, d->revision, d->image, (int)d->flaw, (int)by);
	swarm_later(w, 500, HAP_SCHEDULE, service, 0);
}

static uint32_t last_number(const char *arn)
{
	const char *slash = strrchr(arn, '/');

	return slash == NULL ? UINT32_MAX : (uint32_t)strtoul(slash + 1, NULL, 10);
}

static void dep_arn(char *out, uint32_t service, uint32_t dep)
{
	snprintf(out, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-deployment/edge/web%u/%u", service, dep);
}

static void rev_arn(char *out, uint32_t service, uint32_t dep)
{
	snprintf(out, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-revision/edge/web%u/%u", service, dep);
}

void swarm_ask_aws(struct swarm *w, const struct action *a)
{
	const struct service *s = a->type == ACT_AWS_TASK ? NULL : &w->core.service[a->index];
	uint32_t at = 0;
	struct swarm_ask *q;

	while (at < SWARM_ASKS && w->ask[at].used)
		at++;
	if (at == SWARM_ASKS)
		return;   /* as the daemon with a full queue: no answer ever comes */
	q = &w->ask[at];
	*q = (struct swarm_ask){ .type = a->type, .used = true, .full = a->full, .service = a->index, .ask = a->ask, .life = w->life };
	if (s == NULL) {
		memcpy(q->arn, w->core.task[a->index].arn, ARN_CAP);
	} else {
		snprintf(q->name, NAME_CAP, "%s", s->m.name);
		snprintf(q->arn, ARN_CAP, "%s", a->type == ACT_AWS_STOP ? s->rb.deployment : s->look.arn);
		q->by_person = s->rb.confirmed || s->rb.by_operator;
		q->after_unix_ms = s->n_history > 0 ? s->history[0].created_unix_ms : s->dep.created_unix_ms;
	}
	for (; a->type == ACT_AWS_REVISION && q->n_want < s->look.n_want; q->n_want++)
		snprintf(q->want[q->n_want], ARN_CAP, "%s", s->look.want[q->n_want]);
	if (a->type == ACT_AWS_STOP)
		swarm_say(w, "kedge sends STOP %s", q->arn);
	swarm_later(w, swarm_between(w, 20, w->aws_ms), HAP_ARRIVES, at, 0);
}

/* The newest deployment goes back as AWS does it: to the newest one that succeeded. */
static enum aws_error stop(struct swarm *w, struct swarm_ask *q)
{
	uint32_t dep = last_number(q->arn);
	struct swarm_dep *d = &w->dep[dep];
	enum sd_status status = dep < w->n_deps ? swarm_status_at(d, w->now_ms) : SD_NONE;

	w->score->stops++;
	if (dep >= w->n_deps)
		return AE_NOT_FOUND;
	if (status != SD_PENDING && status != SD_IN_PROGRESS)
		return AE_CONFLICT;
	d->rollback = swarm_last_good(w, d->service, dep);
	if (d->rollback == 0)
		return AE_INVALID;
	swarm_stop_accepted(w, dep, q->by_person);
	swarm_set_status(w, dep, SD_ROLLBACK_IN_PROGRESS);
	d->tries = 0;
	d->try_ms = w->now_ms + swarm_between(w, 500, 4000);
	d->steady_ms = 0;
	d->by_kedge = true;
	swarm_later(w, 600, HAP_SCHEDULE, d->service, 0);
	return AWS_ERRORS;
}

void swarm_arrives(struct swarm *w, uint32_t ask)
{
	struct swarm_ask *q = &w->ask[ask];
	uint64_t lag = swarm_dice(w, LAG_MS + 1);

	q->as_of_ms = w->now_ms > lag ? w->now_ms - lag : 0;
	q->error = AWS_ERRORS;
	if (!swarm_online(w))
		q->error = AE_UNREACHABLE;
	else if (w->wall_error_ms < -INT64_C(8640000000))
		q->error = AE_CLOCK;   /* no certificate is valid yet */
	else if (swarm_has(w, FAULT_CREDS))
		q->error = AE_CREDENTIALS;
	else if (swarm_has(w, FAULT_THROTTLE) && swarm_chance(w, 80))
		q->error = AE_THROTTLED;
	else if (swarm_has(w, FAULT_DENIED) && (q->type == ACT_AWS_STOP || w->rate[FAULT_DENIED] > 0.2))
		q->error = AE_DENIED;
	else if (q->type == ACT_AWS_STOP)
		q->error = stop(w, q);
	q->lost = q->error == AWS_ERRORS && swarm_has(w, FAULT_LOST_ANSWER) && swarm_chance(w, 50);
	swarm_later(w, q->error == AE_UNREACHABLE || q->lost ? swarm_between(w, 100, 30000) : swarm_between(w, 20, w->aws_ms),
		    HAP_ANSWER, ask, 0);
}

static void failed(struct swarm *w, const struct swarm_ask *q, enum aws_error error)
{
	static const enum aws_op op[ACT_TYPES] = {
		[ACT_AWS_TASK] = OP_TASK, [ACT_AWS_LIST] = OP_LIST, [ACT_AWS_DEPLOYMENT] = OP_DEPLOYMENT,
		[ACT_AWS_REVISION] = OP_REVISION, [ACT_AWS_QUORUM] = OP_QUORUM, [ACT_AWS_STOP] = OP_STOP,
	};
	struct event *ev;

	if (swarm_has(w, FAULT_DNS))
		swarm_fact(w, FACT_DNS, TRI_NO, 0, "ecs.eu-west-1.amazonaws.com", false);
	swarm_source(w, SRC_AWS, error == AE_UNREACHABLE ? SS_UNREACHABLE : SS_UP);
	ev = swarm_event(w, EV_AWS_FAILED);
	ev->u.aws_failed.service = q->type == ACT_AWS_TASK ? UINT32_MAX : q->service;
	ev->u.aws_failed.ask = q->ask;
	ev->u.aws_failed.op = op[q->type];
	ev->u.aws_failed.error = error;
	snprintf(ev->u.aws_failed.detail, REASON_CAP, "%s", aws_error_name(error));
	if (q->type == ACT_AWS_TASK)
		snprintf(ev->u.aws_failed.task, ARN_CAP, "%s", q->arn);
	swarm_feed(w, ev);
}

static bool of_service(const struct swarm_ask *q, const struct swarm_dep *d)
{
	return q->name[0] == 'w' && (uint32_t)(q->name[3] - '0') == d->service;
}

static void answer_list(struct swarm *w, const struct swarm_ask *q)
{
	struct event *ev = swarm_event(w, EV_AWS_LIST);
	struct ev_aws_list *l = &ev->u.aws_list;

	l->service = q->service;
	l->ask = q->ask;
	for (uint32_t i = w->n_deps; i-- > 0 && l->n < HISTORY_MAX;) {
		const struct swarm_dep *d = &w->dep[i];
		struct sd_brief *item = &l->item[l->n];

		if (!of_service(q, d) || d->created_ms > q->as_of_ms ||
		    (!q->full && swarm_true_unix_ms(d->created_ms) <= q->after_unix_ms))
			continue;
		dep_arn(item->arn, d->service, i);
		rev_arn(item->target_revision, d->service, i);
		item->status = swarm_status_at(d, q->as_of_ms);
		item->created_unix_ms = swarm_true_unix_ms(d->created_ms);
		l->n++;
	}
	swarm_feed(w, ev);
}

static uint32_t count(const struct swarm *w, uint32_t dep, bool of_target)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SWARM_TASKS; i++)
		n += w->task[i].phase != PH_NONE && !w->task[i].told_end && w->task[i].told_run &&
		     (of_target ? w->task[i].of == dep : w->task[i].of + 1 == w->dep[dep].source);
	return n;
}

static void answer_deployment(struct swarm *w, const struct swarm_ask *q)
{
	struct event *ev = swarm_event(w, EV_AWS_DEPLOYMENT);
	struct ev_aws_deployment *a = &ev->u.aws_deployment;
	uint32_t dep = last_number(q->arn);
	const struct swarm_dep *d = &w->dep[dep];
	const struct swarm_service *s;

	a->service = q->service;
	a->ask = q->ask;
	snprintf(a->arn, ARN_CAP, "%s", q->arn);
	a->missing = dep >= w->n_deps || d->created_ms > q->as_of_ms || !of_service(q, d);
	if (!a->missing) {
		s = &w->service[d->service];
		a->status = swarm_status_at(d, q->as_of_ms);
		rev_arn(a->target_revision, d->service, dep);
		if (d->source != 0)
			rev_arn(a->source_revision, d->service, d->source - 1);
		if (d->rollback != 0 && (a->status == SD_ROLLBACK_IN_PROGRESS || a->status == SD_ROLLBACK_SUCCESSFUL))
			rev_arn(a->rollback_revision, d->service, d->rollback - 1);
		a->requested = s->desired;
		a->running = count(w, dep, true);
		a->source_running = count(w, dep, false);
		a->cb_enabled = s->cb;
		a->cb_rollback = s->cb_rollback;
		a->cb_status = s->cb ? CB_MONITORING : CB_DISABLED;
		a->cb_failures = d->cb_failures;
		a->cb_threshold = 3;
		a->created_unix_ms = swarm_true_unix_ms(d->created_ms);
	}
	swarm_feed(w, ev);
}

static void answer_revisions(struct swarm *w, const struct swarm_ask *q)
{
	for (uint32_t i = 0; i < q->n_want; i++) {
		struct event *ev = swarm_event(w, EV_AWS_REVISION);
		struct ev_aws_revision *r = &ev->u.aws_revision;
		uint32_t dep = last_number(q->want[i]);
		const struct swarm_dep *d = &w->dep[dep];

		r->service = q->service;
		r->ask = q->ask;
		r->last = i + 1 == q->n_want;
		snprintf(r->arn, ARN_CAP, "%s", q->want[i]);
		r->missing = dep >= w->n_deps;
		if (!r->missing) {
			snprintf(r->family, NAME_CAP, "web%u", d->service);
			r->revision = d->revision;
			r->n = d->seen ? 1 : 0;
			snprintf(r->image[0].container, NAME_CAP, "app");
			snprintf(r->image[0].digest, DIGEST_CAP, "sha256:d%u", d->image);
		}
		swarm_feed(w, ev);
	}
}

static void answer_task(struct swarm *w, const struct swarm_ask *q)
{
	struct event *ev = swarm_event(w, EV_AWS_TASK);
	uint32_t number = last_number(q->arn);

	snprintf(ev->u.aws_task.task, ARN_CAP, "%s", q->arn);
	ev->u.aws_task.missing = true;
	for (uint32_t i = 0; i < SWARM_TASKS; i++) {
		const struct swarm_task *t = &w->task[i];

		if (t->phase == PH_NONE || t->number != number)
			continue;
		ev->u.aws_task.missing = t->told_end && w->now_ms > t->ended_ms + SWARM_HOUR;
		snprintf(ev->u.aws_task.service, NAME_CAP, "web%u", t->service);
		snprintf(ev->u.aws_task.started_by, STARTED_BY_CAP, "ecs-svc/%u", t->dep * 2 + t->from_rollback);
	}
	swarm_feed(w, ev);
}

static void answer_quorum(struct swarm *w, const struct swarm_ask *q)
{
	struct event *ev = swarm_event(w, EV_AWS_QUORUM);

	ev->u.aws_quorum = (struct ev_aws_quorum){ .service = q->service, .ask = q->ask, .tried = 1, .failed = 1 };
	swarm_feed(w, ev);
}

static void answer_stop(struct swarm *w, const struct swarm_ask *q)
{
	struct event *ev = swarm_event(w, EV_AWS_STOPPED);

	ev->u.aws_stopped.service = q->service;
	ev->u.aws_stopped.ask = q->ask;
	snprintf(ev->u.aws_stopped.arn, ARN_CAP, "%s", q->arn);
	swarm_feed(w, ev);
}

void swarm_answer(struct swarm *w, uint32_t ask)
{
	static struct swarm_ask copy;
	const struct swarm_ask *q = &copy;

	copy = w->ask[ask];
	w->ask[ask].used = false;
	if (!w->kedge_up || q->life != w->life)
		return;
	if (q->error != AWS_ERRORS || q->lost) {
		failed(w, q, q->lost ? AE_UNREACHABLE : q->error);
		return;
	}
	w->server_known = true;
	swarm_fact(w, FACT_CLOCK, TRI_YES, 0, "", false);
	if (w->core.fact[FACT_DNS].yes != TRI_YES)
		swarm_fact(w, FACT_DNS, TRI_YES, 0, "ecs.eu-west-1.amazonaws.com", false);
	swarm_source(w, SRC_AWS, SS_UP);
	if (!w->kedge_up)
		return;
	if (q->type == ACT_AWS_LIST)
		answer_list(w, q);
	else if (q->type == ACT_AWS_DEPLOYMENT)
		answer_deployment(w, q);
	else if (q->type == ACT_AWS_REVISION)
		answer_revisions(w, q);
	else if (q->type == ACT_AWS_TASK)
		answer_task(w, q);
	else if (q->type == ACT_AWS_QUORUM)
		answer_quorum(w, q);
	else
		answer_stop(w, q);
}
