/* Operators, and the machines that deploy for them. */
#include "tests/swarm/parts.h"

#include <string.h>

static struct service *core_row(struct swarm_node *n, uint32_t service)
{
	char name[NAME_CAP];

	snprintf(name, sizeof(name), "web%u", service);
	for (int32_t i = 0; n->kedge_up && i < SERVICES_MAX; i++)
		if (n->core->service[i].used && strcmp(n->core->service[i].m.name, name) == 0)
			return &n->core->service[i];
	return NULL;
}

static void verb(struct swarm_node *n, uint32_t service, enum op_verb what, uint32_t to)
{
	struct swarm *w = n->w;
	struct event *ev = swarm_event(w, EV_OPERATOR);
	struct ev_operator *o = &ev->u.operator;

	swarm_say(w, "node %u: a person types verb %d for web%u, to :%u", n->at, (int)what, service, to);
	o->verb = what;
	o->uid = 1000;
	o->for_ms = what == OPV_HOLD ? swarm_between(w, 1, 60) * SWARM_MIN : 0;
	snprintf(o->service, NAME_CAP, "web%u", service);
	if (to != 0) {
		snprintf(o->to_family, NAME_CAP, "web%u", service);
		o->to_revision = to;
	}
	swarm_feed(n, ev);
}

static void by_cloud(struct swarm *w, uint32_t service, bool back)
{
	uint32_t good = swarm_last_good(w, service, w->service[service].newest - 1);

	w->score->by_people++;
	if (back && good != 0)
		swarm_deploy(w, service, WHO_BACK, good, FLAW_NONE);
	else
		swarm_deploy(w, service, WHO_FIX, 0, FLAW_NONE);
}

static bool waits(enum rb_state state)
{
	return state == RB_AWAITING_CONFIRMATION || state == RB_SHADOW || state == RB_QUORUM_WAIT || state == RB_REFUSED ||
	       state == RB_DENIED || state == RB_EXPIRED || state == RB_ROLLBACK_FAILED;
}

/* The node whose kedge the person is at: one that asks, if there is one. */
static struct swarm_node *desk(struct swarm *w, uint32_t service)
{
	uint32_t first = (uint32_t)swarm_dice(w, w->n_nodes);

	for (uint32_t i = 0; i < w->n_nodes; i++) {
		struct swarm_node *n = &w->node[(first + i) % w->n_nodes];
		const struct service *s = core_row(n, service);

		if (s != NULL && waits(s->rb.state))
			return n;
	}
	return &w->node[first];
}

static void by_hand(struct swarm *w, struct swarm_node *n, uint32_t service)
{
	uint32_t good = swarm_last_good(w, service, w->service[service].newest - 1);

	verb(n, service, OPV_ROLLBACK, good != 0 && swarm_chance(w, 40) ? w->dep[good - 1].revision : 0);
}

/* A person looks now and then, knows what is true, and does one of the things people do. */
void swarm_person(struct swarm *w, uint32_t service)
{
	struct swarm_node *n = desk(w, service);
	const struct service *s = core_row(n, service);
	const struct swarm_dep *d = w->service[service].newest == 0 ? NULL : &w->dep[w->service[service].newest - 1];
	uint64_t dice = swarm_dice(w, 100);
	bool bad;

	swarm_later(w, swarm_between(w, 10, 90) * SWARM_MIN, HAP_PERSON, service, 0);
	if (d == NULL || w->healed)
		return;
	bad = d->flaw != FLAW_NONE && d->rollback == 0;
	if (s != NULL && waits(s->rb.state)) {
		if (bad && dice < 50)
			verb(n, service, OPV_CONFIRM, 0);
		else if (dice < (bad ? 55 : 70))
			verb(n, service, OPV_CANCEL, 0);
		else if (bad && dice < 80)
			by_cloud(w, service, dice < 68);
		else if (bad && dice < 85)
			by_hand(w, n, service);
	} else if (bad && w->now_ms - d->created_ms > 20 * SWARM_MIN) {
		if (dice < 20)
			by_cloud(w, service, dice < 10);
		else if (dice < 28 && s != NULL)
			by_hand(w, n, service);
	} else if (dice < 3 && s != NULL) {
		verb(n, service, dice < 1 ? OPV_CANCEL : OPV_HOLD, 0);
	} else if (dice < 5 && w->service[service].newest > 1) {
		by_cloud(w, service, true);   /* a way back without need */
	}
}

void swarm_ci(struct swarm *w, uint32_t service)
{
	enum flaw flaw = FLAW_NONE;
	uint32_t last_bad = 0;

	swarm_later(w, swarm_between(w, 5, 2 * w->deploy_gap_min) * SWARM_MIN, HAP_DEPLOY, service, 0);
	for (uint32_t i = 0; i < w->n_deps; i++)
		if (w->dep[i].service == service && w->dep[i].flaw != FLAW_NONE)
			last_bad = i + 1;
	if (last_bad != 0 && swarm_chance(w, 15)) {
		swarm_deploy(w, service, WHO_AGAIN, last_bad, FLAW_NONE);
		return;
	}
	if (swarm_chance(w, w->service[service].newest == 0 ? 10 : w->bad_percent))
		flaw = (enum flaw)swarm_between(w, 1, FLAWS - 1);
	swarm_deploy(w, service, WHO_CI, 0, flaw);
}
