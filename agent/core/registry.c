/* What the registry itself says of the images of a revision that waits here without a container: told long before the
 * agent gives up, as evidence. It makes a failure suspect and nothing else; the agent's own error makes it final. */
#include "agent/core/parts.h"

#define PATIENCE_MS (5 * SEC)            /* most tasks have their first container by then */
#define LEFT_MS     (10 * SEC)           /* the agent's own last word on a task comes by then */

static bool ran_here(const struct core *c, const struct task *t)
{
	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		if (r->used && (r->good || r->starts > 0) && r->revision == t->revision && str_eq(r->family, t->family))
			return true;
	}
	return false;
}

static bool is_about(const struct asked_registry *a, const char *family, uint32_t revision)
{
	return a->revision == revision && str_eq(a->family, family);
}

static bool waits_bare(const struct core *c, int32_t task)
{
	return task_waits(c, &c->task[task]) && task_containers(c, task) == 0;
}

/* The service of a task that is a reason to ask, or NONE. */
static int32_t reason_to_ask(const struct core *c, int32_t task)
{
	const struct task *t = &c->task[task];

	if (t->service[0] == '\0' || t->revision == 0 || !core_policy(c, t->service)->probe || !waits_bare(c, task) || ran_here(c, t))
		return NONE;
	return service_find(c, t->service);
}

/* The first that is due makes its revision the one to be asked about, once. */
void registry_tick(struct core *c)
{
	for (int32_t i = 0; i < c->rows.tasks; i++) {
		const struct task *t = &c->task[i];
		int32_t at = c->now_ms - t->first_ms < PATIENCE_MS ? NONE : reason_to_ask(c, i);
		struct asked_registry *a = at == NONE ? NULL : &c->service[at].registry;

		if (a == NULL || is_about(a, t->family, t->revision) || (a->revision != 0 && t->first_ms <= a->first_ms))
			continue;
		*a = (struct asked_registry){ .revision = t->revision, .first_ms = t->first_ms };
		PUT(a->family, t->family);
	}
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];
		int32_t task = slot->used && slot->own ? task_find(c, slot->f.task) : NONE;

		/* the pull came through, or the task went without a word of the agent */
		if (task != NONE && (task_containers(c, task) > 0 || c->task[task].stop_ordered ||
				     (c->task[task].ended && c->now_unix_ms - c->task[task].ended_unix_ms > (int64_t)LEFT_MS)))
			slot->used = false;
	}
}

bool registry_wanted(const struct core *c, uint32_t service)
{
	const struct service *s = &c->service[service];

	return s->used && s->registry.revision != 0 && s->registry.ask == 0 && core_online(c) &&
	       core_shed(c) < SHED_EXTRAS;
}

uint64_t registry_due(const struct core *c)
{
	uint64_t at = CORE_NEVER;

	for (int32_t i = 0; i < c->rows.tasks; i++) {
		const struct task *t = &c->task[i];
		uint64_t ms = t->first_ms + PATIENCE_MS;

		if (ms > c->now_ms && ms < at && reason_to_ask(c, i) != NONE)
			at = ms;
	}
	return at;
}

/* The suspect is told with the registry's words as its reason, until the agent has its own. */
static void suspect(struct core *c, int32_t task, const struct ev_registry *ev)
{
	bool missing = ev->word == IW_MISSING;
	char reason[PACKED_MAX];

	packed_copy(reason, sizeof(reason), missing
		? PACKED("the registry itself says that it has no such image; the ECS agent still tries to pull it")
		: PACKED("the registry itself says that the image has no variant for this node; the ECS agent still tries to pull it"));
	(void)judge_sighting(c, &(struct sighting){
		.task = task, .container = ev->container, .image = ev->image, .stage = STAGE_PULL,
		.reason = reason,
		.class = missing ? CLASS_IMAGE_NOT_FOUND : CLASS_IMAGE_WRONG_ARCH,
		.essential = ev->essential, .provisional = true, .own = true,
	});
}

static bool fails_already(const struct core *c, const char *task, const char *container)
{
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && str_eq(c->failure[i].f.task, task) && str_eq(c->failure[i].f.container, container))
			return true;
	return false;
}

void on_registry(struct core *c, const struct ev_registry *ev)
{
	struct service *s = NULL;
	struct asked_registry *a;

	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && c->service[i].registry.ask == ev->ask && ev->ask != 0)
			s = &c->service[i];
	if (s == NULL || s->registry.n == TASK_CONTAINERS) {
		c->counter.stale_answers++;
		return;
	}
	a = &s->registry;
	a->unix_ms = c->now_unix_ms;
	a->word[a->n++] = (struct registry_word){ .container = slice_hash(slice_of(ev->container)), .word = ev->word };
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].f.stage == STAGE_PULL && str_eq(c->failure[i].f.service, s->m.name) &&
		    is_about(a, c->failure[i].f.family, c->failure[i].f.revision))
			judge_weigh(c, &c->failure[i]);
	for (int32_t i = 0; i < c->rows.tasks && (ev->word == IW_MISSING || ev->word == IW_OTHER_ARCH); i++)
		if (is_about(a, c->task[i].family, c->task[i].revision) && str_eq(c->task[i].service, s->m.name) && waits_bare(c, i) &&
		    !fails_already(c, c->task[i].arn, ev->container))
			suspect(c, i, ev);
}

enum image_word registry_said(const struct core *c, const struct failure *f, int64_t *unix_ms)
{
	int32_t at = f->stage != STAGE_PULL || f->service[0] == '\0' || f->image[0] == '\0' ? NONE : service_find(c, f->service);
	const struct asked_registry *a = at == NONE ? NULL : &c->service[at].registry;

	if (a == NULL || a->revision == 0 || !is_about(a, f->family, f->revision))
		return IW_NONE;
	if (a->ask == 0)
		return IW_OFFLINE;
	*unix_ms = a->unix_ms;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->word[i].container == slice_hash(slice_of(f->container)))
			return a->word[i].word;
	return IW_NONE;
}
