/* The invariants of design 3, as code. They are judged from the state alone, apart from the paths that led
 * there, so that a mistake in a path cannot hide itself. */
#include "agent/core/parts.h"

static const struct failure *cause(const struct core *c, const struct service *s)
{
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].f.id == s->rb.failure)
			return &c->failure[i].f;
	return NULL;
}

static bool history_shows_success(const struct service *s)
{
	for (uint32_t i = 1; i < s->n_history; i++)
		if (s->history[i].status == SD_SUCCESSFUL)
			return true;
	return false;
}

static bool source_is_bad(const struct core *c, const struct service *s)
{
	const struct revision *rev = look_revision(s, s->dep.source_revision);
	int32_t release = rev == NULL ? NONE : release_of_revision(c, s->m.name, rev);

	return release != NONE && c->release[release].bad && !c->release[release].good;
}

static const struct packed *check_stop(const struct core *c, const struct service *s)
{
	const struct failure *f = cause(c, s);
	const struct policy *p = core_policy(c, s->m.name);

	if (s->dep_ms == 0 || c->now_ms - s->dep_ms >= 10 * SEC || s->dep_ms < s->work.decided_ms)
		return PACKED("1: a stop on an answer that is not fresh");
	if (!str_eq(s->dep.arn, s->rb.deployment) || (s->dep.status != SD_PENDING && s->dep.status != SD_IN_PROGRESS))
		return PACKED("1: a stop for a deployment that AWS does not name as ongoing");
	if (rollback_was_accepted(c, s->rb.deployment) || s->rb.accepted)
		return PACKED("2: a second stop for a deployment that one was accepted for");
	if (source_is_bad(c, s) && !history_shows_success(s))
		return PACKED("3: a stop that leads back to a revision known bad");
	if (s->work.seq == 0 || s->work.save || s->work.seq > c->saved_seq)
		return PACKED("4: a stop before its intent is durable");
	if (!s->rb.by_operator && !s->rb.confirmed && (f == NULL || f->blame != BLAME_RELEASE))
		return PACKED("5: a stop for a failure that is not the release's");
	if (!s->rb.confirmed && !s->rb.by_operator && p->mode != MODE_AUTO)
		return PACKED("6: a stop that nobody allowed");
	return NULL;
}

/* Invariants 1, 2, 4 and 6 of the call that names no deployment: a person's word, a fresh answer, once. */
static const struct packed *check_update(const struct core *c, const struct service *s)
{
	if (!s->rb.confirmed || !s->rb.update || !core_policy(c, s->m.name)->allow_update_service)
		return PACKED("6: an UpdateService that nobody allowed");
	if (s->dep_ms == 0 || c->now_ms - s->dep_ms > 5 * SEC || s->dep_ms < s->work.decided_ms)
		return PACKED("1: an UpdateService on an answer that is not fresh");
	if (s->rb.accepted)
		return PACKED("2: a second UpdateService for one word");
	if (s->work.seq == 0 || s->work.save || s->work.seq > c->saved_seq)
		return PACKED("4: an UpdateService before its intent is durable");
	return NULL;
}

/* The same of a deploy, whose word is durable as its audit record. */
static const struct packed *check_deploy(const struct core *c, const struct service *s)
{
	const struct deploy *d = &c->deploy;

	if (d->step != DEPLOY_SENT || !core_policy(c, s->m.name)->allow_update_service)
		return PACKED("6: a deploy that nobody allowed");
	if (s->dep_ms == 0 || c->now_ms - s->dep_ms > 5 * SEC || s->dep_ms < d->asked_ms)
		return PACKED("1: a deploy on an answer that is not fresh");
	if (d->seq == 0 || d->seq > c->saved_seq)
		return PACKED("4: a deploy before its audit is durable");
	return NULL;
}

static const struct packed *check_told(const struct core *c, uint32_t index)
{
	const struct failure *f = &c->failure[index].f;

	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && (uint32_t)i != index && c->failure[i].f.class == f->class && !c->failure[i].f.over &&
		    str_eq(c->failure[i].f.deployment, f->deployment) && str_eq(c->failure[i].f.task, f->task) && str_eq(c->failure[i].f.container, f->container))
			return PACKED("7: the same failure told twice");
	return NULL;
}

const struct packed *core_check(const struct core *c, const struct action *out, size_t n)
{
	const struct packed *broken = NULL;

	for (size_t i = 0; i < n && broken == NULL; i++) {
		if (out[i].type == ACT_AWS_STOP)
			broken = check_stop(c, &c->service[out[i].index]);
		else if (out[i].type == ACT_AWS_UPDATE)
			broken = check_update(c, &c->service[out[i].index]);
		else if (out[i].type == ACT_AWS_DEPLOY)
			broken = check_deploy(c, &c->service[out[i].index]);
		else if (out[i].type == ACT_REPORT)
			broken = check_told(c, out[i].index);
	}
	return broken;
}
