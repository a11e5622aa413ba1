/* One word for each service, from all that is known of its newest release and of its rollback. */
#include "agent/core/parts.h"

static bool of_service(const struct core *c, int32_t release, const struct service *s)
{
	return c->release[release].used && str_eq(c->release[release].service, s->m.name);
}

int32_t core_current(const struct core *c, const struct service *s)
{
	int32_t newest = NONE, named = NONE;

	for (int32_t i = 0; i < c->rows.releases; i++) {
		if (!of_service(c, i, s))
			continue;
		if (s->m.deployment[0] != '\0' && str_eq(c->release[i].deployment, s->m.deployment))
			named = i;
		if (newest == NONE || c->release[i].first_unix_ms > c->release[newest].first_unix_ms)
			newest = i;
	}
	if (named == NONE || c->release[newest].first_unix_ms > s->m.asked_unix_ms)
		return newest;
	return named;
}

static bool unsteady(const struct core *c, int32_t release)
{
	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (c->task[i].used && !c->task[i].ended && c->task[i].release == release && !c->task[i].steady)
			return true;
	return false;
}

static bool pending(const struct core *c, const struct service *s)
{
	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (c->task[i].used && !c->task[i].ended && c->task[i].known == TS_PENDING &&
		    str_eq(c->task[i].service, s->m.name))
			return true;
	return false;
}

/* What runs here: of the current release, else of another one of the service. */
static enum serving serving(const struct core *c, const struct service *s, int32_t now)
{
	enum serving best = SERVING_NONE;

	for (int32_t i = 0; i < c->rows.tasks; i++) {
		const struct task *t = &c->task[i];

		if (!t->used || t->ended || t->running_ms == 0 || t->release == NONE)
			continue;
		if (t->release == now)
			return SERVING_NEW;
		if (best == SERVING_NONE && of_service(c, t->release, s))
			best = SERVING_OLD;
	}
	return best;
}

/* Its newest deployment, or a task of it here, is over its deadline. */
static bool stuck(const struct core *c, const struct service *s)
{
	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (c->task[i].used && c->task[i].stuck && !c->task[i].ended && c->task[i].running_ms == 0 && str_eq(c->task[i].service, s->m.name))
			return true;
	return s->stuck;
}

static enum verdict judge(const struct core *c, const struct service *s, int32_t now)
{
	enum rb_state state = s->rb.state;

	if (state == RB_ACTING || state == RB_WATCHING || state == RB_ADOPTED)
		return V_ROLLING_BACK;
	if (state == RB_ROLLED_BACK && (s->rb.deployment[0] == '\0' || str_eq(s->rb.deployment, s->m.deployment)))
		return V_ROLLED_BACK;
	if (now == NONE && stuck(c, s))
		return V_STUCK;
	if (now == NONE)
		return sd_ongoing((enum sd_status)s->m.status) && s->dep_ms != 0 ? V_ROLLING : V_UNKNOWN;
	if (c->release[now].bad && !(c->release[now].good && release_running(c, now) > 0))
		return V_FAILING;
	if (stuck(c, s))
		return V_STUCK;
	if (release_suspect(c, now) && !c->release[now].good)
		return V_SUSPECT;
	if ((s->dep_ms != 0 && sd_ongoing(s->dep.status)) || unsteady(c, now) || pending(c, s))
		return V_ROLLING;
	return release_running(c, now) > 0 ? V_OK : V_UNKNOWN;
}

void verdict_tick(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	int32_t now = core_current(c, s);
	enum verdict verdict = judge(c, s, now);

	s->serving = serving(c, s, now);
	if (verdict != s->verdict || s->rb.state != s->noted)
		s->note = true;
	s->verdict = verdict;
	s->noted = s->rb.state;
}

enum rb_state core_rollback_shown(const struct service *s)
{
	return s->verdict == V_SUSPECT && !rb_open(s->rb.state) ? RB_SUSPECT : s->rb.state;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const words[] = {
		"unknown", "ok", "rolling", "suspect", "failing", "stuck", "rolling-back", "rolled-back",
	};
	_Static_assert(sizeof(words) / sizeof(words[0]) == VERDICTS, "a word for each value");

	return words[verdict];
}

const char *serving_name(enum serving serving)
{
	return serving == SERVING_NEW ? "new" : serving == SERVING_OLD ? "old" : "none";
}
