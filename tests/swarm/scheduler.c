/* ECS's service scheduler: it knows of a task only what the agent could tell it, backs off, counts, completes. */
#include "tests/swarm/parts.h"

#define STEADY (40 * SWARM_SEC)

static bool connected(const struct swarm *w)
{
	return w->powered && w->agent_up && w->engine_up && swarm_online(w);
}

static bool wanted(const struct swarm_dep *d, uint32_t dep, const struct swarm_task *t, bool back)
{
	return back ? t->of + 1 == d->rollback : t->of == dep && t->dep == dep && !t->from_rollback;
}

static void stop_others(struct swarm *w, uint32_t service, uint32_t dep, bool back)
{
	for (uint32_t i = 0; i < SWARM_TASKS; i++) {
		struct swarm_task *t = &w->task[i];

		if (t->phase != PH_NONE && !t->told_end && t->service == service && !t->stop_ordered &&
		    !wanted(&w->dep[dep], dep, t, back))
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

void swarm_schedule(struct swarm *w, uint32_t service)
{
	struct swarm_service *s = &w->service[service];
	struct swarm_dep *d = &w->dep[s->newest - 1];
	enum sd_status status = swarm_status_at(d, w->now_ms);
	bool back = d->rollback != 0;
	uint32_t alive = 0, running = 0, others = 0;

	for (uint32_t i = 0; i < SWARM_TASKS; i++) {
		const struct swarm_task *t = &w->task[i];

		if (t->phase == PH_NONE || t->told_end || t->service != service)
			continue;
		others += !wanted(d, s->newest - 1, t, back);
		alive += wanted(d, s->newest - 1, t, back);
		running += wanted(d, s->newest - 1, t, back) && t->told_run && !t->stop_ordered;
	}
	if (sd_ongoing(status))
		settle(w, service, s->newest - 1, back, running, others);
	if (!connected(w) || status == SD_STOPPED || status == SD_STOP_REQUESTED || status == SD_NONE ||
	    (s->cb && d->cb_failures >= 3 && !back))
		return;
	if (s->stop_first && others > 0) {
		stop_others(w, service, s->newest - 1, back);
		return;
	}
	if (alive >= s->desired)
		return;
	if (d->try_ms > w->now_ms) {
		swarm_later(w, d->try_ms - w->now_ms, HAP_SCHEDULE, service, 0);
		return;
	}
	for (; alive < s->desired; alive++)
		swarm_place(w, service, s->newest - 1, back ? d->rollback - 1 : s->newest - 1);
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

static void ended(struct swarm *w, struct swarm_task *t)
{
	struct swarm_dep *d = &w->dep[t->dep];
	uint64_t wait_ms = swarm_between(w, 2000, swarm_chance(w, 30) ? 10000 : 180000);
	bool failed = !t->stop_ordered || t->sick;

	if (failed && !t->from_rollback && d->rollback == 0 && ((!t->told_run && !d->ran) || t->sick))
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

	if (t->phase == PH_NONE || !w->agent_up || !swarm_online(w))
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
