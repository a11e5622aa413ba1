/* ECS's service scheduler: it knows of a task only what its agent could tell it, backs off, counts, completes. */
#include "tests/swarm/parts.h"

#define STEADY  (40 * SWARM_SEC)
#define WELL_MS (100 * SWARM_SEC)

static bool connected(const struct swarm_node *n)
{
	return n->powered && n->agent_up && n->engine_up && swarm_online(n);
}

static bool wanted(const struct swarm_dep *d, uint32_t dep, const struct swarm_task *t, bool back)
{
	return back ? t->of + 1 == d->rollback : t->of == dep && t->dep == dep && !t->from_rollback;
}

static bool alive(const struct swarm_task *t, uint32_t service)
{
	return t->phase != PH_NONE && !t->told_end && t->service == service;
}

static void stop_others(struct swarm *w, uint32_t service, uint32_t dep, bool back)
{
	for (uint32_t i = 0; i < w->rows; i++) {
		struct swarm_task *t = &w->task[i];

		if (alive(t, service) && !t->stop_ordered && !wanted(&w->dep[dep], dep, t, back))
			swarm_stop_task(w, i);
	}
}

static void settle(struct swarm *w, uint32_t service, uint32_t dep, bool back, uint32_t running, uint32_t others)
{
	struct swarm_dep *d = &w->dep[dep];
	const struct swarm_service *s = &w->service[service];

	if (running < s->desired) {
		d->steady_ms = 0;
		return;
	}
	stop_others(w, service, dep, back);
	if (d->steady_ms == 0) {
		d->steady_ms = w->now_ms;
		swarm_later(w, STEADY + 10, HAP_SCHEDULE, service, 0);
		return;
	}
	if (w->now_ms - d->steady_ms >= STEADY && others == 0)
		swarm_set_status(w, dep, back ? SD_ROLLBACK_SUCCESSFUL : SD_SUCCESSFUL);
}

static bool takes(struct swarm *w, const struct swarm_node *n, uint32_t service, uint32_t dep, bool back)
{
	const struct swarm_service *s = &w->service[service];

	if (!connected(n) || swarm_has(n, FAULT_NO_ROOM) || (s->home >= 0 && (uint32_t)s->home != n->at))
		return false;
	for (uint32_t i = 0; i < w->rows && s->home < 0; i++)
		if (alive(&w->task[i], service) && w->task[i].node == n->at && wanted(&w->dep[dep], dep, &w->task[i], back))
			return false;   /* spread: one a node */
	return true;
}

static bool place_one(struct swarm *w, uint32_t service, uint32_t dep, bool back)
{
	uint32_t first = (uint32_t)swarm_dice(w, w->n_nodes);

	for (uint32_t i = 0; i < w->n_nodes; i++) {
		struct swarm_node *n = &w->node[(first + i) % w->n_nodes];

		if (!takes(w, n, service, dep, back))
			continue;
		swarm_place(n, service, dep, back ? w->dep[dep].rollback - 1 : dep);
		return true;
	}
	w->service[service].placement_ms = w->now_ms;
	return false;
}

void swarm_schedule(struct swarm *w, uint32_t service)
{
	struct swarm_service *s = &w->service[service];
	uint32_t dep = s->newest - 1, here = 0, running = 0, others = 0;
	struct swarm_dep *d = &w->dep[dep];
	enum sd_status status = swarm_status_at(d, w->now_ms);
	bool back = d->rollback != 0;

	for (uint32_t i = 0; i < w->rows; i++) {
		const struct swarm_task *t = &w->task[i];

		if (!alive(t, service))
			continue;
		others += !wanted(d, dep, t, back);
		here += wanted(d, dep, t, back);
		running += wanted(d, dep, t, back) && t->told_run && !t->stop_ordered;
	}
	if (sd_ongoing(status))
		settle(w, service, dep, back, running, others);
	if (status == SD_STOPPED || status == SD_STOP_REQUESTED || status == SD_NONE || (s->cb && d->cb_failures >= 3 && !back))
		return;
	if (s->stop_first && others > 0) {
		stop_others(w, service, dep, back);
		return;
	}
	if (here >= s->desired)
		return;
	if (d->try_ms > w->now_ms) {
		swarm_later(w, d->try_ms - w->now_ms, HAP_SCHEDULE, service, 0);
		return;
	}
	while (here < s->desired && place_one(w, service, dep, back))
		here++;
	if (here < s->desired)
		swarm_later(w, swarm_between(w, 60000, 300000), HAP_SCHEDULE, service, 0);
}

static void breaker(struct swarm *w, uint32_t dep)
{
	struct swarm_dep *d = &w->dep[dep];
	const struct swarm_service *s = &w->service[d->service];
	enum sd_status status = swarm_status_at(d, w->now_ms);

	if (!s->cb || ++d->cb_failures != 3 || (status != SD_PENDING && status != SD_IN_PROGRESS))
		return;
	if (!s->cb_rollback) {
		swarm_set_status(w, dep, SD_STOP_REQUESTED);
		swarm_later(w, 5000, HAP_STATUS, dep, SD_STOPPED);
		return;
	}
	d->rollback = swarm_last_good(w, d->service, dep);
	if (d->rollback == 0)
		return;   /* stalled: no new tasks, for ever in progress */
	w->score->by_breaker++;
	swarm_set_status(w, dep, SD_ROLLBACK_REQUESTED);
	swarm_later(w, 2000, HAP_STATUS, dep, SD_ROLLBACK_IN_PROGRESS);
	d->tries = 0;
	d->steady_ms = 0;
	d->try_ms = w->now_ms + 3000;
	swarm_later(w, 3000, HAP_SCHEDULE, d->service, 0);
}

static void stamp(struct swarm_seen *s, uint64_t now_ms)
{
	s->last_ms = now_ms;
	if (s->first_ms == 0)
		s->first_ms = now_ms;
}

/* What DescribeTasks will show of it: an essential container's exit always, a failed start only by its reason. */
static void remember(struct swarm *w, const struct swarm_task *t)
{
	struct swarm_dep *d = &w->dep[t->dep];
	bool exited = t->exit_code >= 0, never = t->stage != STAGE_RUN && t->class != CLASS_NONE && class_blame(t->class) == BLAME_RELEASE;

	if (t->from_rollback)
		return;
	stamp(&d->tried[t->node], w->now_ms);
	if (t->told_run && !t->sick && !t->site_sick && t->ended_ms > t->told_run_ms + WELL_MS)
		stamp(&d->well[t->node], w->now_ms);
	if (t->sick || t->site_sick || (!t->stop_ordered && (exited || never)))
		stamp(&d->bad[t->node], w->now_ms);
}

static void ended(struct swarm *w, struct swarm_task *t)
{
	struct swarm_dep *d = &w->dep[t->dep];
	uint64_t wait_ms = swarm_between(w, 2000, swarm_chance(w, 30) ? 10000 : 180000);
	bool sick = t->sick || t->site_sick, failed = !t->stop_ordered || sick;

	remember(w, t);
	if (failed && !t->from_rollback && d->rollback == 0 && ((!t->told_run && !d->ran) || sick))
		breaker(w, t->dep);
	if (failed && !t->told_run && !t->stop_ordered) {
		wait_ms = (UINT64_C(5000) << (d->tries < 12 ? d->tries : 12)) + wait_ms;
		if (wait_ms > w->backoff_cap_s * SWARM_SEC)
			wait_ms = w->backoff_cap_s * SWARM_SEC;
		d->tries++;
	}
	d->ran = d->ran || t->told_run;
	d->steady_ms = 0;
	if (d->try_ms < w->now_ms + wait_ms)
		d->try_ms = w->now_ms + wait_ms;
	swarm_later(w, 100, HAP_SCHEDULE, t->service, 0);
}

/* The agent tells what changed, if it is there and the line is. */
void swarm_ecs_learns(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];
	const struct swarm_node *n = &w->node[t->node];

	if (t->phase == PH_NONE || t->orphan || !n->agent_up || !swarm_online(n))
		return;
	if (t->logged_run && !t->told_run) {
		t->told_run = true;
		t->told_run_ms = w->now_ms;
		w->dep[t->dep].ran = true;
		swarm_later(w, 100, HAP_SCHEDULE, t->service, 0);
	}
	if (t->logged_end && !t->told_end) {
		t->told_end = true;
		ended(w, t);
	}
}
