/* What the control plane's answers show: of a moment that has passed. */
#include "tests/swarm/parts.h"

#define WELL_MS (100 * SWARM_SEC)         /* 40 s, and the default early_exit */

static void dep_arn(char *out, uint32_t service, uint32_t dep)
{
	snprintf(out, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-deployment/edge/web%u/%u", service, dep);
}

static void rev_arn(char *out, uint32_t service, uint32_t dep)
{
	snprintf(out, ARN_CAP, "arn:aws:ecs:eu-west-1:1:service-revision/edge/web%u/%u", service, dep);
}

static bool of_service(const struct swarm_ask *q, const struct swarm_dep *d)
{
	return q->name[0] == 'w' && (uint32_t)(q->name[3] - '0') == d->service;
}

static void list(struct swarm_node *n, const struct swarm_ask *q)
{
	struct swarm *w = n->w;
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
	swarm_feed(n, ev);
}

static uint32_t count(const struct swarm *w, uint32_t dep, bool of_target, bool running)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->rows; i++)
		n += w->task[i].phase != PH_NONE && !w->task[i].told_end && w->task[i].told_run == running &&
		     (of_target ? w->task[i].of == dep : w->task[i].of + 1 == w->dep[dep].source);
	return n;
}

static void deployment(struct swarm_node *n, const struct swarm_ask *q)
{
	struct swarm *w = n->w;
	struct event *ev = swarm_event(w, EV_AWS_DEPLOYMENT);
	struct ev_aws_deployment *a = &ev->u.aws_deployment;
	uint32_t dep = swarm_last_number(q->arn);
	const struct swarm_dep *d = &w->dep[dep < w->n_deps ? dep : 0];
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
		a->running = count(w, dep, true, true);
		a->pending = count(w, dep, true, false);
		a->source_running = count(w, dep, false, true);
		a->source_requested = d->source != 0 ? s->desired : 0;
		a->min_percent = s->stop_first ? 0 : 100;
		a->max_percent = s->stop_first ? 100 : 200;
		a->cb_enabled = s->cb;
		a->cb_rollback = s->cb_rollback;
		a->cb_status = s->cb ? CB_MONITORING : CB_DISABLED;
		a->cb_failures = d->cb_failures;
		a->cb_threshold = 3;
		a->created_unix_ms = swarm_true_unix_ms(d->created_ms);
	}
	swarm_feed(n, ev);
}

static void revisions(struct swarm_node *n, const struct swarm_ask *q)
{
	struct swarm *w = n->w;

	for (uint32_t i = 0; i < q->n_want; i++) {
		struct event *ev = swarm_event(w, EV_AWS_REVISION);
		struct ev_aws_revision *r = &ev->u.aws_revision;
		uint32_t dep = swarm_last_number(q->want[i]);
		const struct swarm_dep *d = &w->dep[dep < w->n_deps ? dep : 0];

		r->service = q->service;
		r->ask = q->ask;
		r->last = i + 1 == q->n_want;
		snprintf(r->arn, ARN_CAP, "%s", q->want[i]);
		r->missing = dep >= w->n_deps;
		if (!r->missing) {
			snprintf(r->family, NAME_CAP, "web%u", d->service);
			r->revision = d->revision;
			r->n = 1;
			snprintf(r->image[0].container, NAME_CAP, "app");
			if (d->seen)   /* a digest appears once a task has resolved it */
				snprintf(r->image[0].digest, DIGEST_CAP, "sha256:d%u", d->image);
			r->image[0].reference = d->service * 1000 + d->revision;
			r->image[0].tagged = true;
		}
		swarm_feed(n, ev);
	}
}

static void task(struct swarm_node *n, const struct swarm_ask *q)
{
	struct swarm *w = n->w;
	struct event *ev = swarm_event(w, EV_AWS_TASK);
	uint32_t number = swarm_last_number(q->arn);

	snprintf(ev->u.aws_task.task, ARN_CAP, "%s", q->arn);
	ev->u.aws_task.missing = true;
	for (uint32_t i = 0; i < w->rows; i++) {
		const struct swarm_task *t = &w->task[i];

		if (t->phase == PH_NONE || t->number != number)
			continue;
		ev->u.aws_task.missing = t->told_end && w->now_ms > t->ended_ms + SWARM_HOUR;
		snprintf(ev->u.aws_task.service, NAME_CAP, "web%u", t->service);
		snprintf(ev->u.aws_task.started_by, STARTED_BY_CAP, "ecs-svc/%u", t->dep * 2 + t->from_rollback);
	}
	swarm_feed(n, ev);
}

/* Stopped tasks are shown for an hour. */
static bool shown(const struct swarm_seen *s, uint64_t as_of_ms)
{
	return s->first_ms != 0 && s->first_ms <= as_of_ms && s->last_ms + SWARM_HOUR > as_of_ms;
}

/* ListTasks and DescribeTasks over all nodes, as ECS knows their tasks. */
static void quorum(struct swarm_node *n, const struct swarm_ask *q)
{
	struct swarm *w = n->w;
	struct event *ev = swarm_event(w, EV_AWS_QUORUM);
	struct ev_aws_quorum *a = &ev->u.aws_quorum;
	uint32_t service = (uint32_t)(q->name[3] - '0'), dep = w->service[service].newest - 1;
	const struct swarm_dep *d = &w->dep[dep];

	w->score->quorums++;
	a->service = q->service;
	a->ask = q->ask;
	for (uint32_t k = 0; k < w->n_nodes; k++) {
		bool tried = shown(&d->tried[k], q->as_of_ms), well = shown(&d->well[k], q->as_of_ms);

		for (uint32_t i = 0; i < w->rows; i++) {
			const struct swarm_task *t = &w->task[i];

			if (t->phase == PH_NONE || t->node != k || t->dep != dep || t->from_rollback || t->told_end)
				continue;
			tried = true;
			well = well || (t->told_run && !t->sick && t->told_run_ms + WELL_MS <= q->as_of_ms);
		}
		a->tried += tried;
		a->ran_well += well;
		a->failed += !well && shown(&d->bad[k], q->as_of_ms);
	}
	swarm_say(w, "node %u: quorum of web%u d%u: tried %u failed %u well %u", n->at, service, dep, a->tried, a->failed, a->ran_well);
	swarm_feed(n, ev);
}

static void service(struct swarm_node *n, const struct swarm_ask *q)
{
	struct swarm *w = n->w;
	struct event *ev = swarm_event(w, EV_AWS_SERVICE);
	struct ev_aws_service *a = &ev->u.aws_service;
	uint32_t at = (uint32_t)(q->name[3] - '0'), dep = w->service[at].newest - 1;
	const struct swarm_service *s = &w->service[at];

	a->service = q->service;
	a->ask = q->ask;
	a->controller = CTL_ECS;
	if (s->placement_ms != 0 && s->placement_ms <= q->as_of_ms) {
		a->placement_unix_ms = swarm_true_unix_ms(s->placement_ms);
		snprintf(a->placement, sizeof(a->placement), "(service web%u) was unable to place a task because no container instance met all of "
			 "its requirements.", at);
	}
	a->failed_tasks = w->dep[dep].failed;
	a->running = count(w, dep, true, true);
	a->pending = count(w, dep, true, false);
	swarm_feed(n, ev);
}

static void stopped(struct swarm_node *n, const struct swarm_ask *q)
{
	struct event *ev = swarm_event(n->w, EV_AWS_STOPPED);

	ev->u.aws_stopped.service = q->service;
	ev->u.aws_stopped.ask = q->ask;
	snprintf(ev->u.aws_stopped.arn, ARN_CAP, "%s", q->arn);
	swarm_feed(n, ev);
}

static void updated(struct swarm_node *n, const struct swarm_ask *q)
{
	struct event *ev = swarm_event(n->w, EV_AWS_UPDATED);

	ev->u.aws_updated.service = q->service;
	ev->u.aws_updated.ask = q->ask;
	swarm_feed(n, ev);
}

void swarm_answered(struct swarm_node *n, const struct swarm_ask *q)
{
	if (q->type == ACT_AWS_LIST)
		list(n, q);
	else if (q->type == ACT_AWS_DEPLOYMENT)
		deployment(n, q);
	else if (q->type == ACT_AWS_REVISION)
		revisions(n, q);
	else if (q->type == ACT_AWS_TASK)
		task(n, q);
	else if (q->type == ACT_AWS_QUORUM)
		quorum(n, q);
	else if (q->type == ACT_AWS_SERVICE)
		service(n, q);
	else if (q->type == ACT_AWS_STOP)
		stopped(n, q);
	else
		updated(n, q);
}
