#include "agent/core/advice.h"

#include "agent/core/parts.h"

const struct packed *advice_text(enum advice advice)
{
	static const struct packed *const words[] = {
		PACKED("ECS has no deployment circuit breaker for this service, so a bad release is started again and again: enable it, "
		"with rollback, in the service's deployment configuration."),
		PACKED("None of its containers has a health check, so a release that runs but does not work looks well: give the essential "
		"container a healthCheck in the task definition."),
		PACKED("The task definition names its image by a tag, which can mean another image tomorrow: name it by digest, or never "
		"push a tag twice."),
		PACKED("Version consistency is disabled, so nodes may run different images under one tag: set versionConsistency to enabled "
		"in the container definition."),
		PACKED("It asks for a fixed host port while 100 to 200 percent of its tasks must run, so on one node the new task never "
		"finds the port free: let ECS choose the host port, or set the minimum to 0 and the maximum to 100 percent."),
		PACKED("The ECS agent deletes the previous image soon after a deployment, so a rollback must pull it again: set "
		"ECS_IMAGE_MINIMUM_CLEANUP_AGE to some days, or ECS_DISABLE_IMAGE_CLEANUP=true, in /etc/ecs/ecs.config."),
		PACKED("The ECS agent's log leaves out why tasks fail: set ECS_LOGLEVEL and ECS_LOGLEVEL_ON_INSTANCE to info in "
		"/etc/ecs/ecs.config and restart the agent."),
	};
	_Static_assert(sizeof(words) / sizeof(words[0]) == ADVICES, "a sentence for each advice");
	return words[advice];
}

struct running { bool any, checked, unchecked, fixed_port; };

static struct running running_here(const struct core *c, const struct service *s)
{
	struct running r = { false };

	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];

		if (!k->used || k->state != CS_RUNNING || !str_eq(c->task[k->task].service, s->m.name))
			continue;
		r.any = true;
		r.checked = r.checked || k->health_check == TRI_YES;
		r.unchecked = r.unchecked || k->health_check == TRI_NO;
		r.fixed_port = r.fixed_port || k->fixed_port;
	}
	return r;
}

static uint32_t of_images(const struct service *s, const struct running *here)
{
	const struct revision *rev = look_revision(s, s->dep.target_revision);
	uint32_t set = 0;

	if (rev == NULL || rev->missing)
		return 0;
	for (uint32_t i = 0; i < rev->n && i < TASK_CONTAINERS; i++) {
		if (!rev->image[i].tagged)
			continue;
		set |= UINT32_C(1) << ADVICE_MUTABLE_TAG;
		/* ECS records the digest once the first task has pulled it */
		if (rev->image[i].digest[0] == '\0' && (s->dep.running > 0 || here->any))
			set |= UINT32_C(1) << ADVICE_VERSION_CONSISTENCY_OFF;
	}
	return set;
}

uint32_t core_advice(const struct core *c, uint32_t service)
{
	const struct service *s = &c->service[service];
	bool told = s->dep_ms != 0 && !s->dep.missing;
	struct running here = running_here(c, s);
	uint32_t set = told ? of_images(s, &here) : 0;

	if (told && !s->dep.cb_enabled)
		set |= UINT32_C(1) << ADVICE_NO_BREAKER;
	if (here.unchecked && !here.checked)
		set |= UINT32_C(1) << ADVICE_NO_HEALTH_CHECK;
	if (told && here.fixed_port && s->dep.min_percent == 100 && s->dep.max_percent == 200)
		set |= UINT32_C(1) << ADVICE_FIXED_PORT;
	if (c->fact[FACT_IMAGES_KEPT].yes == TRI_NO)
		set |= UINT32_C(1) << ADVICE_IMAGE_CLEANUP;
	if (c->fact[FACT_REASONS].yes == TRI_NO)
		set |= UINT32_C(1) << ADVICE_LOG_LEVEL;
	return set;
}
