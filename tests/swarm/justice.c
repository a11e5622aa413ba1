/* What kedge did and said, compared with what is true in the world. */
#include "tests/swarm/parts.h"

#include <string.h>

static int32_t told_at(struct swarm *w, const struct failure *f)
{
	uint32_t task = swarm_last_number(f->task), at = (task * 61 + (uint32_t)f->class) % SWARM_TOLD;

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
	uint32_t number = swarm_last_number(f->task);

	for (uint32_t i = 0; i < w->rows; i++)
		if (w->task[i].phase != PH_NONE && w->task[i].number == number)
			return &w->task[i];
	return NULL;
}

/* A state of the node has no task, and may come again. */
static bool of_task(const struct failure *f) { return f->task[0] != '\0'; }

void swarm_reported(struct swarm_node *n, const struct failure *f)
{
	struct swarm *w = n->w;
	int32_t at = of_task(f) ? told_at(w, f) : -1;

	w->score->told++;
	swarm_say(w, "node %u: kedge tells f%u task %u :%u %s blame %s%s: %s", n->at, f->id, swarm_last_number(f->task), f->revision,
		  class_name(f->class), blame_name(f->blame), f->counted ? " counted" : "", f->reason);
	if (at < 0)
		return;
	/* the memory holds FAILURES_MAX rows; and with a clock that stepped nobody can order an old log against what is forgotten:
	 * said again, not lost */
	if (w->told[at].durable && (n->clock_was_wrong || f->id > FAILURES_MAX))
		w->score->told_again++;
	else if (w->told[at].durable)
		swarm_broke(w, "told twice although on disk: task %u %s", swarm_last_number(f->task), class_name(f->class));
	if (w->told[at].life == n->life && f->id - w->told[at].id < FAILURES_MAX)
		swarm_broke(w, "told twice in one life: task %u %s", swarm_last_number(f->task), class_name(f->class));
	w->told[at].durable = false;
	w->told[at].life = n->life;
	w->told[at].id = f->id;
}

/* A record that reached the disk. */
void swarm_recorded(struct swarm_node *n, const struct failure *f)
{
	struct swarm *w = n->w;
	int32_t at = of_task(f) ? told_at(w, f) : -1;
	const struct swarm_task *t = task_of(w, f);

	if (at < 0)
		return;
	w->told[at].durable = w->told[at].life != UINT32_MAX;
	if (t == NULL || w->told[at].misjudged || !f->counted || f->blame != BLAME_RELEASE || t->cause == CAUSE_NONE ||
	    t->cause == CAUSE_FLAW || w->dep[t->of].flaw != FLAW_NONE)
		return;
	w->told[at].misjudged = true;
	w->score->blamed_wrong++;
	swarm_say(w, "node %u: MISJUDGED: task %u %s cause %d is the release's to kedge", n->at, t->number, class_name(f->class), (int)t->cause);
}

/* Whether node or AWS can know at all that `old` was hauled back: who sent it does, and who reads the last five deployments. */
static bool knowable(const struct swarm *w, const struct swarm_dep *old, const struct swarm_dep *d, uint32_t node)
{
	enum sd_status status = swarm_status_at(old, w->now_ms);

	return old->by_node == node || (d->number - old->number < HISTORY_MAX &&
	       (status == SD_ROLLBACK_IN_PROGRESS || status == SD_ROLLBACK_SUCCESSFUL || status == SD_ROLLBACK_FAILED));
}

static void came_back(struct swarm *w, uint32_t dep, uint32_t node)
{
	const struct swarm_dep *d = &w->dep[dep];

	for (uint32_t i = 0; i < dep; i++) {
		const struct swarm_dep *old = &w->dep[i];

		if (old->image == d->image && old->by_auto && w->now_ms - old->created_ms < 24 * SWARM_HOUR && knowable(w, old, d, node))
			swarm_broke(w, "node %u: image %u hauled back twice within a day (d%u, d%u)", node, d->image, i, dep);
	}
}

/* A deleted image that neither this node nor the last five deployments knew to have run looks like one that never was. */
static bool deleted_unseen(const struct swarm *w, const struct swarm_dep *d, uint32_t node)
{
	for (uint32_t i = 0; d->gone && i < w->n_deps; i++) {
		const struct swarm_dep *o = &w->dep[i];

		if (o->image == d->image && ((o->ran_on >> node & 1) != 0 ||
		    (d->number - o->number < HISTORY_MAX && swarm_status_at(o, w->now_ms) == SD_SUCCESSFUL)))
			return false;
	}
	return d->gone;
}

/* What is hauled back is bad, nobody overtook it, somebody allowed it, and it had not come back from the same within a day. */
void swarm_stop_accepted(struct swarm *w, uint32_t dep, uint32_t node, bool by_person)
{
	struct swarm_dep *d = &w->dep[dep];
	enum rb_mode mode = w->params.policy.mode;

	swarm_say(w, "ECS accepts the stop of d%u", dep);
	if (++d->accepted > 1)
		swarm_broke(w, "a second stop took effect for d%u", dep);
	if (!by_person && mode != MODE_AUTO)
		swarm_broke(w, "a stop of d%u that nobody allowed, mode %s", dep, rb_mode_name(mode));
	if (dep + 1 != w->service[d->service].newest)
		swarm_broke(w, "d%u was overtaken, yet stopped", dep);
	d->by_word = by_person;
	d->by_auto = !by_person;
	d->by_node = node;
	if (by_person || (d->flaw == FLAW_NONE && deleted_unseen(w, d, node))) {
		w->score->misled += d->flaw == FLAW_NONE;
		d->by_auto = false;
		d->by_word = true;
		return;
	}
	if (d->flaw == FLAW_NONE)
		swarm_broke(w, "WRONG: d%u of web%u is a good release%s, deployed by %d", dep, d->service,
			    d->site_failed ? " that a site failed" : "", (int)d->by);
	came_back(w, dep, node);
}

static uint32_t dep_of(const struct swarm *w, const struct service *s)
{
	uint32_t dep = swarm_last_number(s->rb.deployment);

	return s->rb.deployment[0] == '\0' || dep >= w->n_deps ? UINT32_MAX : dep;
}

static bool asks(enum rb_state state)
{
	switch (state) {
	case RB_AWAITING_CONFIRMATION: case RB_QUORUM_WAIT: case RB_REFUSED: case RB_DENIED: case RB_EXPIRED: case RB_CANCELLED:
	case RB_ROLLBACK_FAILED: case RB_HELD:
		return true;
	case RB_NONE: case RB_SUSPECT: case RB_DECIDED: case RB_SHADOW: case RB_QUEUED_OFFLINE: case RB_BREAKER_WAIT: case RB_ACTING:
	case RB_WATCHING: case RB_ROLLED_BACK: case RB_SUPERSEDED: case RB_ADOPTED: case RB_STATES:
		break;
	}
	return false;
}

void swarm_noted(struct swarm_node *n, const struct service *s)
{
	struct swarm *w = n->w;
	uint32_t dep = dep_of(w, s);

	swarm_say(w, "node %u: kedge: %s %s/%s r%u :%u d%d %s", n->at, s->m.name, verdict_name(s->verdict), rb_state_name(s->rb.state), s->rb.id,
		  s->rb.revision, (int)dep, s->rb.reason);
	if (dep == UINT32_MAX || s->rb.by_operator || s->rb.state == RB_NONE)
		return;
	w->dep[dep].asked = w->dep[dep].asked || asks(s->rb.state);
	w->score->decided_wrong += !w->dep[dep].decided && w->dep[dep].flaw == FLAW_NONE;
	w->dep[dep].decided = true;
}

static uint32_t service_of(const struct service *s) { return (uint32_t)(s->m.name[3] - '0'); }

static void patience(struct swarm_node *n, const struct service *s)
{
	struct swarm *w = n->w;
	bool stuck = s->rb.state == RB_QUEUED_OFFLINE || s->rb.state == RB_DECIDED || s->rb.state == RB_ACTING;
	uint64_t *since_ms = &w->service[service_of(s)].stuck_ms[n->at];

	if (!stuck)
		*since_ms = 0;
	else if (*since_ms == 0)
		*since_ms = w->now_ms;
	else if (w->now_ms - *since_ms > SWARM_HOUR)
		swarm_broke(w, "node %u: %s: %s for an hour of a healed world", n->at, s->m.name, rb_state_name(s->rb.state));
}

/* In a healed world an intent moves, or asks somebody. */
void swarm_patience(struct swarm *w)
{
	for (uint32_t k = 0; k < w->n_nodes; k++)
		for (int32_t i = 0; i < SERVICES_MAX && w->node[k].kedge_up; i++)
			if (w->node[k].core->service[i].used && service_of(&w->node[k].core->service[i]) < w->n_services)
				patience(&w->node[k], &w->node[k].core->service[i]);
}

/* A release that policy lets kedge haul back. That a mirror lacks an image says nothing of the release. */
static bool covered(const struct swarm *w, const struct swarm_dep *d)
{
	return d->flaw != FLAW_NONE && d->flaw != FLAW_LATE && d->flaw != FLAW_OOM &&
	       (d->flaw != FLAW_NO_IMAGE || !w->service[d->service].mirror || w->odd >= 0);
}

static bool dealt_with(const struct swarm *w, const struct service *s, uint32_t dep)
{
	const struct swarm_dep *d = &w->dep[dep];
	bool about_it = dep_of(w, s) == dep || (s->rb.deployment[0] == '\0' && s->rb.revision == d->revision);
	enum rb_state state = s->rb.state;

	return about_it && (asks(state) || state == RB_WATCHING || state == RB_ADOPTED || state == RB_ROLLED_BACK || state == RB_BREAKER_WAIT);
}

static bool anybody_deals(const struct swarm *w, uint32_t service, uint32_t dep)
{
	for (uint32_t k = 0; k < w->n_nodes; k++)
		for (int32_t i = 0; i < SERVICES_MAX; i++) {
			const struct service *s = &w->node[k].core->service[i];

			if (s->used && service_of(s) == service && dealt_with(w, s, dep))
				return true;
		}
	return false;
}

static void liveness(struct swarm *w, uint32_t service)
{
	uint32_t dep = w->service[service].newest - 1;
	struct swarm_dep *d = &w->dep[dep];
	enum sd_status status = swarm_status_at(d, w->now_ms);
	bool due = false;

	for (uint32_t k = 0; k < w->n_nodes; k++)
		due = due || d->failed_healed[k] > w->params.policy.failures;
	if (w->params.policy.mode != MODE_AUTO || !covered(w, d) || !due || w->now_ms - d->last_fail_ms <= 5 * SWARM_MIN ||
	    (status != SD_PENDING && status != SD_IN_PROGRESS) || anybody_deals(w, service, dep))
		return;
	d->missed = true;
	swarm_broke(w, "MISSED: web%u d%u (:%u flaw %d) still goes on, nobody was asked", service, dep, d->revision, (int)d->flaw);
}

static void weigh(struct swarm *w)
{
	for (uint32_t i = 0; i < w->n_deps; i++) {
		const struct swarm_dep *d = &w->dep[i];
		enum truth truth = d->flaw != FLAW_NONE ? TRUTH_BAD : d->site_failed ? TRUTH_SITE : TRUTH_GOOD;
		enum outcome out = d->by_auto || d->by_word ? (truth == TRUTH_BAD ? OUT_RIGHT : d->by_auto ? OUT_WRONG : OUT_ASKED)
				 : d->missed ? OUT_MISSED : d->asked ? OUT_ASKED : OUT_ALONE;

		w->score->matrix[truth][out]++;
	}
}

void swarm_verdict(struct swarm *w)
{
	for (uint32_t i = 0; i < w->n_nodes; i++)
		if (!w->node[i].kedge_up && w->broken[0] == '\0')
			swarm_broke(w, "node %u: kedge is down at the end", i);
	for (uint32_t i = 0; i < w->n_services && w->broken[0] == '\0'; i++)
		if (w->service[i].newest != 0)
			liveness(w, i);
	weigh(w);
}
