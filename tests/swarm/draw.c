/* What a seed is made of: its nodes, services, policy, and how often each thing goes wrong at each site. */
#include "tests/swarm/parts.h"

static void policy(struct swarm *w)
{
	static const uint64_t hold_ms[] = { 0, 30000, 120000, HOLD_DOWN_AUTO };
	struct policy *p = &w->params.policy;

	*p = policy_default();
	p->mode = swarm_chance(w, 55) ? MODE_AUTO : (enum rb_mode)swarm_dice(w, 3);
	p->failures = (uint32_t)swarm_between(w, 1, 4);
	p->hold_down_ms = hold_ms[swarm_dice(w, 4)];
	p->quorum_auto = !swarm_chance(w, 30);
	p->allow_update_service = swarm_chance(w, 50);
	p->probe = w->seed % 2 == 0;
	w->params.heartbeat_ms = swarm_chance(w, 50) ? 0 : swarm_between(w, 5, 60) * SWARM_MIN;
	w->params.fleet = swarm_chance(w, 50) ? w->n_nodes : 0;
}

/* Spread services run one task a node, on at least two of them. */
static void service(struct swarm *w, uint32_t i)
{
	struct swarm_service *s = &w->service[i];
	bool spread = w->n_nodes > 1 && swarm_chance(w, 50);

	*s = (struct swarm_service){ .home = spread ? -1 : (int32_t)swarm_dice(w, w->n_nodes),
		.desired = spread ? (uint32_t)swarm_between(w, 2, w->n_nodes) : swarm_chance(w, 75) ? 1 : 2,
		.stop_first = swarm_chance(w, 50), .cb = swarm_chance(w, 40), .cb_rollback = swarm_chance(w, 70),
		.needs_cloud = swarm_chance(w, 40), .restarts = swarm_chance(w, 25), .mirror = swarm_chance(w, 40) };
	s->sickens = s->needs_cloud && !s->restarts && swarm_chance(w, 40);
	/* a mirror kedge was not told of is told from a bad release by other nodes only */
	if (s->mirror && !spread && w->odd >= 0)
		s->mirror = false;
	if (!w->knows_family)
		return;
	w->params.n_services = i + 1;
	snprintf(w->params.service[i].service, NAME_CAP, "web%u", i);
	snprintf(w->params.service[i].family, NAME_CAP, "web%u", i);
	w->params.service[i].policy = w->params.policy;
}

static void mirrors(struct swarm *w)
{
	struct policy *p = &w->params.policy;

	w->odd = w->n_nodes > 1 && p->quorum_auto && swarm_chance(w, 25) ? (int32_t)swarm_dice(w, w->n_nodes) : -1;
	if (w->odd < 0)
		snprintf(p->site_registries, NAME_CAP, "%s", swarm_chance(w, 50) ? "mirror:5000" : "10.1.1.1:5000 mirror:5000");
}

static double rate(struct swarm *w)
{
	return swarm_chance(w, 55) ? 0 : (double)swarm_between(w, 5, 100) / 100;
}

/* Of several nodes each has less of it: the world stays about as bad as that of one. */
static void weather(struct swarm *w)
{
	for (uint32_t i = 0; i < w->n_nodes; i++) {
		struct swarm_node *n = &w->node[i];

		n->kill_ppm = swarm_chance(w, 40) ? 10000 : 0;
		for (int f = 0; f < FAULT_REGISTRY; f++) {
			n->rate[f] = i == 0 || swarm_chance(w, 60) ? rate(w) : 0;
			if (f == FAULT_REREGISTER)
				n->rate[f] /= 4;
			if (f == FAULT_MIRROR_LAGS && w->odd >= 0 && w->odd != (int32_t)i)
				n->rate[f] = 0;
			swarm_fault_again(n, (enum fault)f);
		}
	}
	for (int f = FAULT_REGISTRY; f < FAULTS; f++) {
		w->rate[f] = rate(w);
		swarm_fault_again(&w->node[0], (enum fault)f);
	}
}

void swarm_draw(struct swarm *w)
{
	static const uint32_t caps[] = { 300, 900, 1620 }, cleanups[] = { 30, 120, 1200 };
	uint64_t dice = swarm_dice(w, 100);

	w->n_nodes = dice < 50 ? 1 : dice < 75 ? 2 : dice < 90 ? 3 : SWARM_NODES;
	policy(w);
	mirrors(w);
	w->knows_family = swarm_chance(w, 60);
	w->n_services = (uint32_t)swarm_between(w, 1, SWARM_SERVICES);
	for (uint32_t i = 0; i < w->n_services; i++)
		service(w, i);
	w->bad_percent = (uint32_t)swarm_between(w, 10, 70);
	w->backoff_cap_s = caps[swarm_dice(w, 3)];
	w->cleanup_s = cleanups[swarm_dice(w, 3)];
	w->aws_ms = (uint32_t)swarm_between(w, 50, 3000);
	w->deploy_gap_min = (uint32_t)swarm_between(w, 20, 240);
	weather(w);
	w->heal_ms = w->now_ms + swarm_between(w, 6, 24) * SWARM_HOUR;
	w->end_ms = w->heal_ms + 2 * SWARM_HOUR;
	for (uint32_t i = 0; i < w->n_services; i++) {
		swarm_later(w, swarm_between(w, 1000, 20000), HAP_DEPLOY, i, 1);
		swarm_later(w, swarm_between(w, 10, 60) * SWARM_MIN, HAP_PERSON, i, 0);
	}
}
