/* What the ECS agent and AWS say about tasks, and whose service a task is. */
#include "agent/core/parts.h"

#define MISSING_ASKS 6
#define ASKS_BEFORE_MEMORY 2

/* An unanswered question is repeated, ever more rarely: a task of no known service costs little. */
static uint64_t ask_gap_ms(uint32_t asks)
{
	return asks < 6 ? (15 * SEC) << asks : 15 * 60 * SEC;
}

static bool service_has_family(const struct service *s, const char *family)
{
	for (uint8_t i = 0; i < s->m.n_families; i++)
		if (str_eq(s->m.family[i], family))
			return true;
	return false;
}

/* Keeps the one name that was found; two different ones are no answer. */
static bool only(const char **found, const char *name)
{
	bool other = *found != NULL && !str_eq(*found, name);

	*found = name;
	return !other;
}

/* What is as good as told: the conf names the family's service, or an earlier task of this very revision has one. */
static const char *service_known(const struct core *c, const struct task *t)
{
	const char *found = NULL;

	for (uint32_t i = 0; i < c->params.n_services; i++)
		if (str_eq(c->params.service[i].family, t->family) && !only(&found, c->params.service[i].service))
			return NULL;
	if (found != NULL)
		return found;
	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (c->task[i].used && c->task[i].service[0] != '\0' && c->task[i].revision == t->revision &&
		    str_eq(c->task[i].family, t->family) && !only(&found, c->task[i].service))
			return NULL;
	return found;
}

/* The one service this family was ever seen with: for a node that cannot ask. Two candidates stay two. */
static const char *service_remembered(const struct core *c, const struct task *t)
{
	const char *found = NULL;

	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && service_has_family(&c->service[i], t->family) && !only(&found, c->service[i].m.name))
			return NULL;
	return found;
}

static void remember_family(struct service *s, const char *family)
{
	if (family[0] == '\0' || service_has_family(s, family))
		return;
	if (s->m.n_families == SERVICE_FAMILIES) {
		for (uint8_t i = 1; i < SERVICE_FAMILIES; i++)
			PUT(s->m.family[i - 1], s->m.family[i]);
		s->m.n_families--;
	}
	PUT(s->m.family[s->m.n_families], family);
	s->m.n_families++;
	s->save = true;
}

void task_service(struct core *c, int32_t task, const char *service)
{
	struct task *t = &c->task[task];
	int32_t at;

	if (str_eq(t->service, service))
		return;
	at = service_add(c, service);
	if (at == NONE)
		return;
	PUT(t->service, service);
	t->kind = FK_SERVICE;
	t->ask_ms = 0;
	remember_family(&c->service[at], t->family);
	if (t->release != NONE) {
		struct release *r = &c->release[t->release];

		if (r->service[0] == '\0')
			PUT(r->service, service);
		else if (!str_eq(r->service, service))
			t->release = NONE;
	}
	judge_task(c, task);
}

static void resolve_service(struct core *c, int32_t task)
{
	struct task *t = &c->task[task];
	const char *service;

	if (t->kind != FK_UNKNOWN || t->family[0] == '\0')
		return;
	service = service_known(c, t);
	if (service == NULL && (!core_online(c) || t->asks >= ASKS_BEFORE_MEMORY))
		service = service_remembered(c, t);
	if (service != NULL) {
		task_service(c, task, service);
		return;
	}
	if (t->ask_ms == 0 && t->asks == 0)
		t->ask_ms = c->now_ms + dice(c, pace_spread_ms(c, 0) / 2);
}

/* Once RUNNING, or ended, every container of the task was created: a sole one must be essential (ECS requires one). */
static void sole_container(struct core *c, int32_t task)
{
	const struct task *t = &c->task[task];

	if (t->n_containers != 1 || task_containers(c, task) != 1)
		return;
	for (int32_t i = 0; i < c->rows.containers; i++)
		if (c->container[i].used && c->container[i].task == task && c->container[i].essential == TRI_UNKNOWN) {
			c->container[i].essential = TRI_YES;
			judge_essential(c, task, c->container[i].name, TRI_YES);
		}
}

static void status(struct core *c, int32_t task, const struct ev_task *ev)
{
	struct task *t = &c->task[task];

	t->in_agent = t->in_listing = true;
	t->desired = ev->desired;
	t->known = ev->known;
	if (ev->known == TS_RUNNING) {
		t->n_containers = ev->containers;
		judge_retract(c, task);
		sole_container(c, task);
	}
	if (ev->known == TS_STOPPED && !t->ended) {
		t->n_containers = ev->containers;
		sole_container(c, task);
		t->ended = true;
		t->ended_unix_ms = c->now_unix_ms;
	}
}

void on_task(struct core *c, const struct ev_task *ev)
{
	int32_t task = task_find(c, ev->task);
	struct task *t;

	/* a stop order for a task never heard of, or an id without its ARN, tells nothing worth a row */
	if (task == NONE && (ev->what == T_STOP_ORDER || !slice_starts(slice_of(ev->task), "arn:")))
		return;
	if (task == NONE)
		task = task_add(c, ev->task, c->now_unix_ms);
	if (task == NONE)
		return;
	t = &c->task[task];
	if (t->revision == 0)
		t->revision = ev->revision;
	if (t->family[0] == '\0' && ev->family[0] != '\0') {
		PUT(t->family, ev->family);
		judge_task(c, task);
	}
	switch (ev->what) {
	case T_STATUS:
		status(c, task, ev);
		break;
	case T_PLACED:
		t->from_log = true;
		if (ev->time_unix_ms != 0 && ev->time_unix_ms < t->first_unix_ms)
			t->first_unix_ms = ev->time_unix_ms;
		break;
	case T_STOP_ORDER:
		t->stop_ordered = true;
		break;
	case T_SERVICE:
		task_service(c, task, ev->service);
		break;
	case T_WHATS:
		break;
	}
}

void on_aws_task(struct core *c, const struct ev_aws_task *ev)
{
	int32_t task = task_find(c, ev->task);

	if (task == NONE)
		return;
	c->task[task].ask_ms = 0;
	if (ev->missing) {
		/* AWS's reads lag its writes by seconds; a task it forgot is asked for a few times more, then never */
		if (c->task[task].asks < MISSING_ASKS)
			c->task[task].ask_ms = c->now_ms + ((3 * SEC) << c->task[task].asks);
		return;
	}
	PUT(c->task[task].started_by, ev->started_by);
	if (ev->service[0] != '\0') {
		task_service(c, task, ev->service);
		return;
	}
	c->task[task].kind = FK_STANDALONE;
	judge_task(c, task);
}

void on_aws_task_failed(struct core *c, const struct ev_aws_failed *ev)
{
	int32_t task = task_find(c, ev->task);

	if (task != NONE && c->task[task].kind == FK_UNKNOWN)
		c->task[task].ask_ms = c->now_ms + ask_gap_ms(c->task[task].asks);
}

void tasks_tick(struct core *c)
{
	for (int32_t i = 0; i < c->rows.tasks; i++) {
		struct task *t = &c->task[i];
		uint64_t need_ms;

		if (!t->used)
			continue;
		resolve_service(c, i);
		if (t->steady || t->running_ms == 0)
			continue;
		need_ms = core_policy(c, t->service)->early_exit_ms;
		need_ms = need_ms > STEADY_MS ? need_ms : STEADY_MS;
		if (c->now_ms - t->running_ms >= need_ms) {
			t->steady = true;
			if (t->release != NONE)
				release_good(c, t->release);
		}
	}
}
