/* Engine, agent and power of a node: how they go and come, and what the agent then sees. */
#include "tests/swarm/parts.h"

bool swarm_cloud_away(const struct swarm_node *n)
{
	return !swarm_online(n) || n->wall_error_ms < -INT64_C(8640000000);
}

/* An agent that cannot submit what it saw stops looking: introspection freezes, the log falls silent. */
bool swarm_stalled(const struct swarm_node *n)
{
	return swarm_has(n, FAULT_STALL) && n->agent_up && !swarm_online(n);
}

static bool of_node(const struct swarm_node *n, uint32_t task)
{
	return n->w->task[task].phase != PH_NONE && n->w->task[task].node == n->at;
}

/* What a stalled agent will show from now on. */
void swarm_freeze(struct swarm_node *n)
{
	for (uint32_t i = 0; i < n->w->rows; i++)
		if (of_node(n, i)) {
			n->w->task[i].shown = n->w->task[i].phase;
			n->w->task[i].shown_stop = n->w->task[i].stop_ordered;
		}
}

void swarm_all_see(struct swarm_node *n, uint64_t within_ms)
{
	for (uint32_t i = 0; i < n->w->rows; i++)
		if (of_node(n, i))
			swarm_later(n->w, swarm_between(n->w, 100, within_ms), HAP_TELL_ECS, i, 0);
}

void swarm_dockerd_down(struct swarm_node *n, bool graceful)
{
	static const int codes[] = { 0, 143, 137, 1, 2 };
	struct swarm *w = n->w;
	bool seen = graceful && swarm_chance(w, 50);

	for (uint32_t i = 0; i < w->rows; i++) {
		if (!of_node(n, i) || w->task[i].phase != PH_RUNNING)
			continue;
		if (seen)
			swarm_tell(w, i, C_KILLED, 15);
		swarm_end_task(w, i, CAUSE_HOST, graceful ? codes[swarm_dice(w, 5)] : swarm_chance(w, 50) ? 255 : 137, seen);
	}
	n->engine_up = false;
	swarm_source(n, SRC_ENGINE, SS_REFUSED);
}

void swarm_dockerd_up(struct swarm_node *n)
{
	if (!n->powered || n->engine_up)
		return;
	n->engine_up = true;
	if (n->kedge_up) {
		swarm_identify(n);
		swarm_list(n);
	}
	swarm_all_see(n, 5000);
}

static void everybody_schedules(struct swarm *w, uint64_t ms)
{
	for (uint32_t i = 0; i < w->n_services; i++)
		swarm_later(w, ms, HAP_SCHEDULE, i, 0);
}

/* The agent cannot start without its control plane (ECS Anywhere registers first). */
void swarm_agent_up(struct swarm_node *n)
{
	if (!n->powered || n->agent_up)
		return;
	if (!swarm_online(n) || !n->engine_up || swarm_cloud_away(n)) {
		swarm_later_at(n, 30 * SWARM_SEC, HAP_AGENT_UP, 0, 0);
		return;
	}
	n->agent_up = true;
	swarm_identify(n);
	swarm_all_see(n, 5000);
	everybody_schedules(n->w, 3000);
}

/* The host is removed from the cluster and registered anew: ECS stops counting its tasks, whose containers stay. */
void swarm_reregister(struct swarm_node *n)
{
	struct swarm *w = n->w;

	n->registrations++;
	n->agent_up = false;
	for (uint32_t i = 0; i < w->rows; i++) {
		struct swarm_task *t = &w->task[i];

		if (!of_node(n, i) || t->orphan)
			continue;
		t->orphan = t->told_end = true;
		swarm_later(w, swarm_between(w, 1, 60) * SWARM_MIN, HAP_ORPHAN_GONE, i, t->number);
	}
	swarm_later_at(n, swarm_between(w, 5, 60) * SWARM_SEC, HAP_AGENT_UP, 0, 0);
	everybody_schedules(w, 5000);
}

/* Somebody clears away what the old registration left: docker rm -f. */
void swarm_orphan_gone(struct swarm *w, uint32_t task, uint32_t number)
{
	struct swarm_task *t = &w->task[task];

	if (t->phase == PH_NONE || t->number != number)
		return;
	if (!w->node[t->node].engine_up) {
		swarm_later(w, SWARM_MIN, HAP_ORPHAN_GONE, task, number);
		return;
	}
	if (t->phase == PH_RUNNING) {
		swarm_tell(w, task, C_KILLED, 9);
		swarm_end_task(w, task, CAUSE_ASKED, 137, true);
	}
	swarm_forget(w, task);
}

void swarm_power_cut(struct swarm_node *n)
{
	swarm_kedge_down(n);
	swarm_dockerd_down(n, false);
	n->powered = n->agent_up = false;
	/* without a clock chip time stands still, or starts at the epoch */
	if (swarm_chance(n->w, 40))
		n->wall_error_ms = -SWARM_UNIX_MS, n->clock_was_wrong = true;
	swarm_later_at(n, swarm_between(n->w, 10, 1800) * SWARM_SEC, HAP_BOOTED, 0, 0);
}

void swarm_booted(struct swarm_node *n)
{
	n->powered = true;
	n->boots++;
	n->boot_ms = n->w->now_ms - 15000;
	n->engine_up = true;
	swarm_later_at(n, swarm_between(n->w, 100, 20000), HAP_KEDGE_UP, 0, 0);
	swarm_later_at(n, swarm_between(n->w, 1000, 30000), HAP_AGENT_UP, 0, 0);
	swarm_later_at(n, swarm_between(n->w, 20000, 600000), HAP_NTP, 0, 0);
}

void swarm_ntp(struct swarm_node *n)
{
	if (!swarm_online(n)) {
		swarm_later_at(n, swarm_between(n->w, 60000, 300000), HAP_NTP, 0, 0);
		return;
	}
	n->wall_error_ms = 0;
	swarm_fact(n, FACT_CLOCK, TRI_YES, 0, "", false);
}

/* The agent catches up with what the engine shows; then ECS learns it as soon as the line allows. */
static void agent_sees(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];
	struct swarm_node *n = &w->node[t->node];

	if (t->phase == PH_NONE || t->orphan || !n->agent_up || !n->engine_up || swarm_stalled(n))
		return;
	if (t->started_ms != 0 && !t->logged_run) {
		t->logged_run = true;
		swarm_log_change(w, task, TS_RUNNING);
	}
	if (t->phase == PH_ENDED && !t->logged_end) {
		t->logged_end = true;
		swarm_log_change(w, task, TS_STOPPED);
	}
	if ((t->logged_run && !t->told_run) || (t->logged_end && !t->told_end))
		swarm_later(w, swarm_between(w, 50, 2000), HAP_TELL_ECS, task, 1);
	swarm_sync_soon(n);
}

/* what: 0 the agent looks at its engine, 1 ECS learns, more: the agent cleans up the task of that number - 2. */
void swarm_tell_ecs(struct swarm *w, uint32_t task, uint32_t what)
{
	struct swarm_task *t = &w->task[task];
	const struct swarm_node *n = &w->node[t->node];

	if (what == 0) {
		agent_sees(w, task);
	} else if (what == 1) {
		if (t->phase == PH_RUNNING && (t->sick || t->site_sick) && !t->stop_ordered)
			swarm_stop_task(w, task);
		swarm_ecs_learns(w, task);
	} else if (t->number == what - 2 && t->phase == PH_ENDED) {
		if (t->told_end && n->engine_up && n->agent_up)
			swarm_forget(w, task);
		else
			swarm_later(w, 600 * SWARM_SEC, HAP_TELL_ECS, task, what);
	}
}
