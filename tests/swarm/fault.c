/* What goes wrong at a site, and what people and their machines do meanwhile. */
#include "tests/swarm/parts.h"

#include <string.h>

bool swarm_has(const struct swarm *w, enum fault fault) { return w->until_ms[fault] > w->now_ms; }

static void again(struct swarm *w, enum fault fault)
{
	if (w->rate[fault] > 0)
		swarm_later(w, swarm_between(w, 1000, (uint64_t)(2 * (double)SWARM_HOUR / w->rate[fault])), HAP_FAULT, fault, 0);
}

/* Each seed has its own weather, policy and services. */
void swarm_draw(struct swarm *w)
{
	struct policy *p = &w->params.policy;
	static const uint64_t hold_ms[] = { 0, 30000, 120000, HOLD_DOWN_AUTO };
	static const uint32_t caps[] = { 300, 900, 1620 }, cleanups[] = { 30, 120, 1200 };

	*p = policy_default();
	p->mode = swarm_chance(w, 55) ? MODE_AUTO : (enum rb_mode)swarm_dice(w, 3);
	p->failures = (uint32_t)swarm_between(w, 1, 4);
	p->hold_down_ms = hold_ms[swarm_dice(w, 4)];
	p->quorum_auto = !swarm_chance(w, 30);
	w->knows_family = swarm_chance(w, 60);
	w->params.heartbeat_ms = swarm_chance(w, 50) ? 0 : swarm_between(w, 5, 60) * SWARM_MIN;
	w->n_services = (uint32_t)swarm_between(w, 1, SWARM_SERVICES);
	for (uint32_t i = 0; i < w->n_services; i++) {
		w->service[i] = (struct swarm_service){ .desired = swarm_chance(w, 75) ? 1 : 2, .stop_first = swarm_chance(w, 50),
			.cb = swarm_chance(w, 40), .cb_rollback = swarm_chance(w, 70), .needs_cloud = swarm_chance(w, 40),
			.restarts = swarm_chance(w, 25), .local_registry = swarm_chance(w, 40) };
		if (!w->knows_family)
			continue;
		w->params.n_services = i + 1;
		snprintf(w->params.service[i].service, NAME_CAP, "web%u", i);
		snprintf(w->params.service[i].family, NAME_CAP, "web%u", i);
		w->params.service[i].policy = *p;
	}
	w->bad_percent = (uint32_t)swarm_between(w, 10, 70);
	w->backoff_cap_s = caps[swarm_dice(w, 3)];
	w->cleanup_s = cleanups[swarm_dice(w, 3)];
	w->aws_ms = (uint32_t)swarm_between(w, 50, 3000);
	w->deploy_gap_min = (uint32_t)swarm_between(w, 20, 240);
	w->kill_ppm = swarm_chance(w, 40) ? 10000 : 0;
	for (int f = 0; f < FAULTS; f++) {
		w->rate[f] = swarm_chance(w, 55) ? 0 : (double)swarm_between(w, 5, 100) / 100;
		again(w, (enum fault)f);
	}
	w->heal_ms = w->now_ms + swarm_between(w, 6, 24) * SWARM_HOUR;
	w->end_ms = w->heal_ms + 2 * SWARM_HOUR;
	for (uint32_t i = 0; i < w->n_services; i++) {
		swarm_later(w, swarm_between(w, 1000, 20000), HAP_DEPLOY, i, 1);
		swarm_later(w, swarm_between(w, 10, 60) * SWARM_MIN, HAP_PERSON, i, 0);
	}
}

static void everybody_looks(struct swarm *w)
{
	for (uint32_t i = 0; i < SWARM_TASKS; i++)
		if (w->task[i].phase != PH_NONE) {
			swarm_later(w, swarm_between(w, 500, 20000), HAP_TELL_ECS, i, 0);
			swarm_later(w, swarm_between(w, 1000, 40000), HAP_TELL_ECS, i, 1);
		}
	for (uint32_t i = 0; i < w->n_services; i++)
		swarm_later(w, swarm_between(w, 5000, 60000), HAP_SCHEDULE, i, 0);
}

/* An app that needs its cloud notices after a while that it is gone. */
static void cloud_lost(struct swarm *w)
{
	for (uint32_t i = 0; i < SWARM_TASKS; i++)
		if (w->task[i].phase == PH_RUNNING && w->service[w->task[i].service].needs_cloud &&
		    w->dep[w->task[i].of].flaw == FLAW_NONE && !w->task[i].down && !w->task[i].stop_ordered)
			swarm_later(w, swarm_between(w, 3000, 60000), HAP_TASK, i, ++w->task[i].gen);
}

static void somebody_kills(struct swarm *w)
{
	uint32_t at = (uint32_t)swarm_dice(w, SWARM_TASKS);
	struct swarm_task *t = &w->task[at];

	if (t->phase != PH_RUNNING || t->down || !w->engine_up)
		return;
	swarm_killed(w, at);
}

static void power_cut(struct swarm *w)
{
	swarm_kedge_down(w);
	swarm_dockerd_down(w, false);
	w->powered = w->agent_up = false;
	/* without a clock chip time stands still, or starts at the epoch */
	if (swarm_chance(w, 40))
		w->wall_error_ms = -SWARM_UNIX_MS, w->clock_was_wrong = true;
	swarm_later(w, swarm_between(w, 10, 1800) * SWARM_SEC, HAP_BOOTED, 0, 0);
}

void swarm_booted(struct swarm *w)
{
	w->powered = true;
	w->boots++;
	w->boot_ms = w->now_ms - 15000;
	w->engine_up = true;
	swarm_later(w, swarm_between(w, 100, 20000), HAP_KEDGE_UP, w->life, 0);
	swarm_later(w, swarm_between(w, 1000, 30000), HAP_AGENT_UP, 0, 0);
	swarm_later(w, swarm_between(w, 20000, 600000), HAP_NTP, 0, 0);
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
			w->dep[i].here = w->dep[i].here && !pruned;
		}
}

static uint64_t lasts_ms(struct swarm *w, enum fault fault)
{
	switch (fault) {
	case FAULT_DOCKERD:
		return swarm_between(w, 3000, 60000);
	case FAULT_AGENT:
		return swarm_between(w, 5000, 600000);
	case FAULT_KILL:
		return swarm_between(w, 100, 20000);
	case FAULT_LINE: case FAULT_ROUTE: case FAULT_DNS: case FAULT_REGISTRY: case FAULT_DISK: case FAULT_CLOCK: case FAULT_POWER:
	case FAULT_THROTTLE: case FAULT_DENIED: case FAULT_CREDS: case FAULT_PORT: case FAULT_DOCKER_KILL: case FAULT_LOST_ANSWER:
	case FAULT_TAG_DELETED: case FAULTS:
		break;
	}
	return swarm_between(w, 20000, UINT64_C(60000) << swarm_dice(w, 8));
}

void swarm_fault(struct swarm *w, enum fault fault)
{
	uint64_t ms = lasts_ms(w, fault);

	again(w, fault);
	if (w->healed || swarm_has(w, fault) || !w->powered)
		return;
	w->score->faults[fault]++;
	w->until_ms[fault] = w->now_ms + ms;
	swarm_say(w, "fault %d begins for %u s", (int)fault, (unsigned)(ms / 1000));
	swarm_later(w, ms, HAP_MEND, fault, 0);
	if (fault == FAULT_LINE || fault == FAULT_ROUTE || fault == FAULT_DNS)
		cloud_lost(w);
	if (fault == FAULT_ROUTE)
		swarm_fact(w, FACT_ROUTE, TRI_NO, 0, "", false);
	else if (fault == FAULT_CREDS)
		swarm_fact(w, FACT_CREDENTIALS, TRI_NO, 0, "", false);
	else if (fault == FAULT_CLOCK)
		w->clock_was_wrong = true, w->wall_error_ms = (int64_t)swarm_between(w, 0, 86400000) - 43200000;
	else if (fault == FAULT_POWER)
		power_cut(w);
	else if (fault == FAULT_DOCKERD)
		swarm_dockerd_down(w, swarm_chance(w, 70));
	else if (fault == FAULT_AGENT)
		w->agent_up = false;
	else if (fault == FAULT_KILL)
		swarm_kedge_down(w);
	else if (fault == FAULT_DOCKER_KILL)
		somebody_kills(w);
	else if (fault == FAULT_TAG_DELETED)
		delete_tag(w);
}

void swarm_mend(struct swarm *w, enum fault fault)
{
	if (swarm_has(w, fault))
		return;
	swarm_say(w, "fault %d ends", (int)fault);
	if (fault == FAULT_LINE || fault == FAULT_ROUTE || fault == FAULT_DNS)
		everybody_looks(w);
	if (fault == FAULT_ROUTE)
		swarm_fact(w, FACT_ROUTE, TRI_YES, 0, "", false);
	else if (fault == FAULT_CREDS)
		swarm_fact(w, FACT_CREDENTIALS, TRI_YES, 0, "", false);
	else if (fault == FAULT_CLOCK)
		w->wall_error_ms = 0;
	else if (fault == FAULT_DOCKERD)
		swarm_dockerd_up(w);
	else if (fault == FAULT_AGENT)
		swarm_agent_up(w);
	else if (fault == FAULT_KILL)
		swarm_kedge_up(w);
}

void swarm_heal(struct swarm *w)
{
	swarm_say(w, "the world is healed");
	w->healed = true;
	w->wall_error_ms = 0;
	for (int f = 0; f < FAULTS; f++) {
		w->until_ms[f] = 0;
		swarm_mend(w, (enum fault)f);
	}
	for (uint32_t i = 0; i < w->n_deps; i++)
		w->dep[i].gone = false;
	if (!w->powered)
		swarm_booted(w);
	swarm_kedge_up(w);
	swarm_fact(w, FACT_CLOCK, TRI_YES, 0, "", false);
	for (uint64_t at = 5; at < 120; at += 5)
		swarm_later(w, at * SWARM_MIN, HAP_PERSON, UINT32_MAX, 0);
}

static struct service *core_row(struct swarm *w, uint32_t service)
{
	char name[NAME_CAP];

	snprintf(name, sizeof(name), "web%u", service);
	for (int32_t i = 0; w->kedge_up && i < SERVICES_MAX; i++)
		if (w->core.service[i].used && strcmp(w->core.service[i].m.name, name) == 0)
			return &w->core.service[i];
	return NULL;
}

static void verb(struct swarm *w, uint32_t service, enum op_verb what)
{
	struct event *ev = swarm_event(w, EV_OPERATOR);

	swarm_say(w, "a person types verb %d for web%u", (int)what, service);
	ev->u.operator.verb = what;
	ev->u.operator.uid = 1000;
	ev->u.operator.for_ms = what == OPV_HOLD ? swarm_between(w, 1, 60) * SWARM_MIN : 0;
	snprintf(ev->u.operator.service, NAME_CAP, "web%u", service);
	swarm_feed(w, ev);
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

/* A person looks now and then, knows what is true, and does one of the things people do. */
void swarm_person(struct swarm *w, uint32_t service)
{
	const struct service *s = core_row(w, service);
	const struct swarm_dep *d = w->service[service].newest == 0 ? NULL : &w->dep[w->service[service].newest - 1];
	uint64_t dice = swarm_dice(w, 100);
	bool bad;

	swarm_later(w, swarm_between(w, 10, 90) * SWARM_MIN, HAP_PERSON, service, 0);
	if (d == NULL || w->healed)
		return;
	bad = d->flaw != FLAW_NONE && d->rollback == 0;
	if (s != NULL && waits(s->rb.state)) {
		if (bad && dice < 50)
			verb(w, service, OPV_CONFIRM);
		else if (dice < (bad ? 55 : 70))
			verb(w, service, OPV_CANCEL);
		else if (bad && dice < 80)
			by_cloud(w, service, dice < 68);
	} else if (bad && w->now_ms - d->created_ms > 20 * SWARM_MIN) {
		if (dice < 20)
			by_cloud(w, service, dice < 10);
		else if (dice < 26 && s != NULL)
			verb(w, service, OPV_ROLLBACK);
	} else if (dice < 3 && s != NULL) {
		verb(w, service, dice < 1 ? OPV_CANCEL : OPV_HOLD);
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
