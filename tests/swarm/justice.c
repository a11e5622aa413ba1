/* What kedge did and said, compared with what is true in the world. */
#include "tests/swarm/parts.h"

#include <stdlib.h>
#include <string.h>

static uint32_t number_of(const char *arn)
{
	const char *slash = strrchr(arn, '/');

	return slash == NULL ? 0 : (uint32_t)strtoul(slash + 1, NULL, 10);
}

static int32_t told_at(struct swarm *w, const struct failure *f)
{
	uint32_t task = number_of(f->task), at = (task * 61 + (uint32_t)f->class) % SWARM_TOLD;

	for (uint32_t i = 0; i < SWARM_TOLD; i++, at = (at + 1) % SWARM_TOLD) {
		if (w->told[at].task == task && w->told[at].class == (uint8_t)f->class)
			return (int32_t)at;
		if (w->told[at].task == 0) {
			w->told[at].task = task;
			w->told[at].class = (uint8_t)f->class;
			w->told[at].life = UINT32_MAX;
			return (int32_t)at;
		}
	}
	return -1;
}

static const struct swarm_task *task_of(const struct swarm *w, const struct failure *f)
{
	uint32_t number = number_of(f->task);

	for (uint32_t i = 0; i < SWARM_TASKS; i++)
		if (w->task[i].phase != PH_NONE && w->task[i].number == number)
			return &w->task[i];
	return NULL;
}

void swarm_reported(struct swarm *w, const struct failure *f)
{
	int32_t at = told_at(w, f);

	w->score->told++;
	swarm_say(w, "kedge tells f%u task %u :%u %s blame %s%s: %s", f->id, number_of(f->task), f->revision, class_name(f->class),
		  blame_name(f->blame), f->counted ? " counted" : "", f->reason);
	if (at < 0 || f->task[0] == '\0')   /* a state of the node may come again */
		return;
	/* the memory holds FAILURES_MAX rows; and with a clock that stepped nobody can order an old log against what is forgotten: said again, not lost */
	if (w->told[at].durable && (w->clock_was_wrong || f->id > FAILURES_MAX))
		w->score->told_again++;
	else if (w->told[at].durable)
		swarm_broke(w, "told twice although on disk: task %u %s", number_of(f->task), class_name(f->class));
	if (w->told[at].life == w->life)
		swarm_broke(w, "told twice in one life: task %u %s", number_of(f->task), class_name(f->class));
	w->told[at].durable = false;
	w->told[at].life = w->life;
	w->told[at].id = f->id;
}

/* A record that reached the disk. */
void swarm_recorded(struct swarm *w, const struct failure *f)
{
	int32_t at = told_at(w, f);
	const struct swarm_task *t = task_of(w, f);

	if (at < 0 || f->task[0] == '\0')
		return;
	w->told[at].durable = w->told[at].life != UINT32_MAX;
	if (t == NULL || w->told[at].misjudged || !f->counted || f->blame != BLAME_RELEASE || t->cause == CAUSE_NONE ||
	    t->cause == CAUSE_FLAW || w->dep[t->of].flaw != FLAW_NONE)
		return;
	w->told[at].misjudged = true;
	w->score->blamed_wrong++;
	swarm_say(w, "MISJUDGED: task %u %s cause %d is the release's to kedge", t->number, class_name(f->class), (int)t->cause);
}

void swarm_stop_accepted(struct swarm *w, uint32_t dep, bool by_person)
{
	struct swarm_dep *d = &w->dep[dep];
	enum rb_mode mode = w->params.policy.mode;

	swarm_say(w, "ECS accepts the stop of d%u", dep);
	if (++d->accepted > 1)
		swarm_broke(w, "a second stop was accepted for d%u", dep);
	if (!by_person && mode != MODE_AUTO)
		swarm_broke(w, "a stop of d%u that nobody allowed, mode %s", dep, rb_mode_name(mode));
	if (dep + 1 != w->service[d->service].newest)
		swarm_broke(w, "d%u was overtaken, yet stopped", dep);
	if (d->flaw == FLAW_NONE && by_person) {
		w->score->misled++;
		return;
	}
	if (d->flaw == FLAW_NONE) {
		w->score->wrong++;
		swarm_broke(w, "WRONG: d%u of web%u is a good release, deployed by %d", dep, d->service, (int)d->by);
		return;
	}
	w->score->right++;
	for (uint32_t i = 0; i < dep && !by_person; i++)
		if (w->dep[i].image == d->image && w->dep[i].by_auto && w->now_ms - w->dep[i].created_ms < 24 * SWARM_HOUR)
			swarm_broke(w, "image %u hauled back twice within a day (d%u, d%u)", d->image, i, dep);
	d->by_auto = !by_person;
}

static uint32_t dep_of(const struct swarm *w, const struct service *s)
{
	uint32_t dep = number_of(s->rb.deployment);

	return s->rb.deployment[0] == '\0' || dep >= w->n_deps ? UINT32_MAX : dep;
}

void swarm_noted(struct swarm *w, const struct service *s)
{
	uint32_t dep = dep_of(w, s);

	swarm_say(w, "kedge: %s %s/%s r%u :%u d%d %s", s->m.name, verdict_name(s->verdict), rb_state_name(s->rb.state), s->rb.id,
		  s->rb.revision, (int)dep, s->rb.reason);
	if (dep == UINT32_MAX || w->dep[dep].decided || s->rb.by_operator || s->rb.state == RB_NONE)
		return;
	w->dep[dep].decided = true;
	w->score->decided_wrong += w->dep[dep].flaw == FLAW_NONE;
}

/* In a healed world an intent moves, or asks somebody. */
void swarm_patience(struct swarm *w)
{
	for (uint32_t i = 0; i < SERVICES_MAX && w->kedge_up; i++) {
		const struct service *s = &w->core.service[i];
		uint32_t n = (uint32_t)(s->m.name[3] - '0');
		bool stuck = s->rb.state == RB_QUEUED_OFFLINE || s->rb.state == RB_DECIDED || s->rb.state == RB_ACTING;

		if (!s->used || n >= w->n_services)
			continue;
		if (!stuck)
			w->service[n].stuck_ms = 0;
		else if (w->service[n].stuck_ms == 0)
			w->service[n].stuck_ms = w->now_ms;
		else if (w->now_ms - w->service[n].stuck_ms > SWARM_HOUR)
			swarm_broke(w, "%s: %s for an hour of a healed world", s->m.name, rb_state_name(s->rb.state));
	}
}

static bool covered(enum flaw flaw)
{
	return flaw != FLAW_NONE && flaw != FLAW_LATE && flaw != FLAW_OOM;
}

static bool dealt_with(struct swarm *w, const struct service *s, uint32_t dep)
{
	const struct swarm_dep *d = &w->dep[dep];
	bool about_it = dep_of(w, s) == dep || (s->rb.deployment[0] == '\0' && s->rb.revision == d->revision);

	switch (s->rb.state) {
	case RB_AWAITING_CONFIRMATION: case RB_QUORUM_WAIT: case RB_REFUSED: case RB_DENIED: case RB_EXPIRED: case RB_CANCELLED:
	case RB_ROLLBACK_FAILED: case RB_HELD:
		w->score->asked += about_it;
		return about_it;
	case RB_WATCHING: case RB_ADOPTED: case RB_ROLLED_BACK: case RB_BREAKER_WAIT:
		return about_it;
	case RB_NONE: case RB_SUSPECT: case RB_DECIDED: case RB_SHADOW: case RB_QUEUED_OFFLINE: case RB_ACTING: case RB_SUPERSEDED:
	case RB_STATES:
		break;
	}
	return false;
}

static void liveness(struct swarm *w, uint32_t service)
{
	uint32_t dep = w->service[service].newest - 1;
	const struct swarm_dep *d = &w->dep[dep];
	enum sd_status status = swarm_status_at(d, w->now_ms);
	bool due = d->failed_healed > w->params.policy.failures && w->now_ms - d->last_fail_ms > 5 * SWARM_MIN;

	if (w->params.policy.mode != MODE_AUTO || !covered(d->flaw) || !due || (status != SD_PENDING && status != SD_IN_PROGRESS))
		return;
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		if (w->core.service[i].used && (uint32_t)(w->core.service[i].m.name[3] - '0') == service &&
		    dealt_with(w, &w->core.service[i], dep))
			return;
	w->score->missed++;
	swarm_broke(w, "MISSED: web%u d%u (:%u flaw %d) still goes on, nobody was asked; %u failed in the healed world", service, dep,
		    d->revision, (int)d->flaw, d->failed_healed);
}

void swarm_verdict(struct swarm *w)
{
	if (!w->kedge_up && w->broken[0] == '\0')
		swarm_broke(w, "kedge is down at the end");
	for (uint32_t i = 0; i < w->n_services && w->broken[0] == '\0'; i++)
		if (w->service[i].newest != 0)
			liveness(w, i);
}
