/* What goes wrong at a site, or in the world all sites share. */
#include "tests/swarm/parts.h"

#include <string.h>

const char *swarm_fault_name(enum fault fault)
{
	static const char *const name[FAULTS] = {
		"line", "route", "dns", "mirror", "mirror-lags", "disk", "clock", "power", "dockerd", "dockerd-upgrade", "agent", "agent-stall",
		"re-registration", "kill", "credentials", "port", "docker-kill", "lost-answer", "prune", "no-room", "registry", "throttle",
		"denied", "tag-deleted",
	};

	return name[fault];
}

static bool of_world(enum fault fault) { return fault >= FAULT_REGISTRY; }

static uint64_t *until(struct swarm_node *n, enum fault fault)
{
	return of_world(fault) ? &n->w->until_ms[fault] : &n->until_ms[fault];
}

bool swarm_has(const struct swarm_node *n, enum fault fault)
{
	return (of_world(fault) ? n->w->until_ms[fault] : n->until_ms[fault]) > n->w->now_ms;
}

void swarm_fault_again(struct swarm_node *n, enum fault fault)
{
	double rate = of_world(fault) ? n->w->rate[fault] : n->rate[fault];

	if (rate > 0)
		swarm_later_at(n, swarm_between(n->w, 1000, (uint64_t)(2 * (double)SWARM_HOUR / rate)), HAP_FAULT, fault, 0);
}

/* The line is back: agent and ECS tell each other what happened meanwhile. */
static void everybody_looks(struct swarm_node *n)
{
	struct swarm *w = n->w;

	for (uint32_t i = 0; i < w->rows; i++) {
		struct swarm_task *t = &w->task[i];

		if (t->phase == PH_NONE || t->node != n->at)
			continue;
		swarm_later(w, swarm_between(w, 500, 20000), HAP_TELL_ECS, i, 0);
		swarm_later(w, swarm_between(w, 1000, 40000), HAP_TELL_ECS, i, 1);
		if (t->site_sick)
			swarm_later(w, swarm_between(w, 1000, 30000), HAP_TASK, i, ++t->gen);
	}
	for (uint32_t i = 0; i < w->n_services; i++)
		swarm_later(w, swarm_between(w, 5000, 60000), HAP_SCHEDULE, i, 0);
}

/* An app that needs its cloud notices after a while that it is gone. */
static void cloud_lost(struct swarm_node *n)
{
	struct swarm *w = n->w;

	for (uint32_t i = 0; i < w->rows; i++) {
		struct swarm_task *t = &w->task[i];

		if (t->phase == PH_RUNNING && t->node == n->at && w->service[t->service].needs_cloud && w->dep[t->of].flaw == FLAW_NONE &&
		    !t->down && !t->stop_ordered)
			swarm_later(w, swarm_between(w, 3000, 60000), HAP_TASK, i, ++t->gen);
	}
	if (swarm_has(n, FAULT_STALL))
		swarm_freeze(n);
}

static void somebody_kills(struct swarm_node *n)
{
	struct swarm *w = n->w;
	uint32_t at = (uint32_t)swarm_dice(w, w->rows);
	struct swarm_task *t = &w->task[at];

	if (t->phase != PH_RUNNING || t->node != n->at || t->down || !n->engine_up)
		return;
	swarm_tell(w, at, C_KILLED, 9);
	swarm_end_task(w, at, CAUSE_ASKED, 137, true);
}

/* docker image prune -a: what no container was made from is gone. */
static void prune(struct swarm_node *n)
{
	struct swarm *w = n->w;
	bool used;

	for (uint32_t i = 0; i < w->n_deps; i++) {
		used = false;
		for (uint32_t k = 0; k < w->rows && !used; k++)
			used = w->task[k].phase != PH_NONE && w->task[k].node == n->at && w->task[k].created &&
			       w->dep[w->task[k].of].image == w->dep[i].image;
		if (!used)
			w->dep[i].here &= ~(1U << n->at);
	}
}

static void delete_tag(struct swarm *w)
{
	uint32_t at = w->n_deps < 2 ? 0 : (uint32_t)swarm_dice(w, w->n_deps);
	bool pruned = swarm_chance(w, 70);

	/* one that never ran anywhere is a release without an image, whoever deleted it */
	if (at >= w->n_deps || swarm_last_good(w, w->dep[at].service, at + 1) != at + 1)
		return;
	for (uint32_t i = 0; i < w->n_deps; i++)
		if (w->dep[i].image == w->dep[at].image) {
			w->dep[i].gone = true;
			w->dep[i].here = pruned ? 0 : w->dep[i].here;
		}
}

static uint64_t lasts_ms(struct swarm *w, enum fault fault)
{
	switch (fault) {
	case FAULT_DOCKERD: case FAULT_UPGRADE:
		return swarm_between(w, 3000, 60000);
	case FAULT_AGENT:
		return swarm_between(w, 5000, 600000);
	case FAULT_KILL:
		return swarm_between(w, 100, 20000);
	case FAULT_STALL:
		return swarm_between(w, 1, 180) * SWARM_MIN;
	case FAULT_LINE: case FAULT_ROUTE: case FAULT_DNS: case FAULT_MIRROR: case FAULT_MIRROR_LAGS: case FAULT_DISK: case FAULT_CLOCK:
	case FAULT_POWER: case FAULT_REREGISTER: case FAULT_CREDS: case FAULT_PORT: case FAULT_DOCKER_KILL: case FAULT_LOST_ANSWER:
	case FAULT_PRUNE: case FAULT_NO_ROOM: case FAULT_REGISTRY: case FAULT_THROTTLE: case FAULT_DENIED: case FAULT_TAG_DELETED: case FAULTS:
		break;
	}
	return swarm_between(w, 20000, UINT64_C(60000) << swarm_dice(w, 8));
}

static void strikes(struct swarm_node *n, enum fault fault)
{
	struct swarm *w = n->w;

	switch (fault) {
	case FAULT_ROUTE:
		swarm_fact(n, FACT_ROUTE, TRI_NO, 0, "", false);
		cloud_lost(n);
		break;
	case FAULT_LINE: case FAULT_DNS: case FAULT_STALL:
		cloud_lost(n);
		break;
	case FAULT_CREDS:
		swarm_fact(n, FACT_CREDENTIALS, TRI_NO, 0, "", false);
		break;
	case FAULT_CLOCK:
		n->clock_was_wrong = true;
		n->wall_error_ms = (int64_t)swarm_between(w, 0, 86400000) - 43200000;
		break;
	case FAULT_POWER:
		swarm_power_cut(n);
		break;
	case FAULT_UPGRADE:
		n->engines++;
		swarm_dockerd_down(n, true);
		break;
	case FAULT_DOCKERD:
		swarm_dockerd_down(n, swarm_chance(w, 70));
		break;
	case FAULT_AGENT:
		n->agent_up = false;
		break;
	case FAULT_REREGISTER:
		swarm_reregister(n);
		break;
	case FAULT_KILL:
		swarm_kedge_down(n);
		break;
	case FAULT_DOCKER_KILL:
		somebody_kills(n);
		break;
	case FAULT_PRUNE:
		prune(n);
		break;
	case FAULT_MIRROR_LAGS:
		n->lag_ms = w->now_ms;
		break;
	case FAULT_TAG_DELETED:
		delete_tag(w);
		break;
	case FAULT_MIRROR: case FAULT_DISK: case FAULT_PORT: case FAULT_LOST_ANSWER: case FAULT_NO_ROOM: case FAULT_REGISTRY:
	case FAULT_THROTTLE: case FAULT_DENIED: case FAULTS:
		break;
	}
}

void swarm_fault(struct swarm_node *n, enum fault fault)
{
	struct swarm *w = n->w;
	uint64_t ms = lasts_ms(w, fault);

	swarm_fault_again(n, fault);
	if (w->healed || swarm_has(n, fault) || (!n->powered && !of_world(fault)) ||
	    (fault == FAULT_REREGISTER && !n->agent_up))
		return;
	w->score->faults[fault]++;
	*until(n, fault) = w->now_ms + ms;
	swarm_say(w, "node %u: fault %s begins for %u s", n->at, swarm_fault_name(fault), (unsigned)(ms / 1000));
	swarm_later_at(n, ms, HAP_MEND, fault, 0);
	strikes(n, fault);
}

void swarm_mend(struct swarm_node *n, enum fault fault)
{
	if (swarm_has(n, fault))
		return;
	swarm_say(n->w, "node %u: fault %s ends", n->at, swarm_fault_name(fault));
	if (fault == FAULT_LINE || fault == FAULT_ROUTE || fault == FAULT_DNS || fault == FAULT_STALL)
		everybody_looks(n);
	if (fault == FAULT_ROUTE)
		swarm_fact(n, FACT_ROUTE, TRI_YES, 0, "", false);
	else if (fault == FAULT_CREDS)
		swarm_fact(n, FACT_CREDENTIALS, TRI_YES, 0, "", false);
	else if (fault == FAULT_CLOCK)
		n->wall_error_ms = 0;
	else if (fault == FAULT_DOCKERD || fault == FAULT_UPGRADE)
		swarm_dockerd_up(n);
	else if (fault == FAULT_AGENT)
		swarm_agent_up(n);
	else if (fault == FAULT_KILL)
		swarm_kedge_up(n);
}

static void heal_node(struct swarm_node *n)
{
	n->wall_error_ms = 0;
	for (int f = 0; f < FAULT_REGISTRY; f++)
		n->until_ms[f] = 0;
	for (int f = 0; f < FAULT_REGISTRY; f++)
		swarm_mend(n, (enum fault)f);
	if (!n->powered)
		swarm_booted(n);
	swarm_kedge_up(n);
	swarm_fact(n, FACT_CLOCK, TRI_YES, 0, "", false);
}

void swarm_heal(struct swarm *w)
{
	swarm_say(w, "the world is healed");
	w->healed = true;
	memset(w->until_ms, 0, sizeof(w->until_ms));
	for (uint32_t i = 0; i < w->n_nodes; i++)
		heal_node(&w->node[i]);
	for (uint32_t i = 0; i < w->n_deps; i++)
		w->dep[i].gone = false;
	for (uint64_t at = 5; at < 120; at += 5)
		swarm_later(w, at * SWARM_MIN, HAP_PATIENCE, 0, 0);
}
