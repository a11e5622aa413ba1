/* What this node found out about a failure: facts only, weighed elsewhere. */
#include "agent/core/blame.h"

#include "agent/base/image_ref.h"
#include "agent/core/parts.h"

#define MEANWHILE_MS INT64_C(120000)     /* what falls within this of each other may have one cause */
#define SERVED_MS    INT64_C(600000)     /* a registry that served so long ago serves still */
#define PROVEN_MS    INT64_C(3600000)    /* a release that ran for so long did not break by itself */

static bool is_no(const struct core *c, enum fact fact) { return c->fact[fact].yes == TRI_NO; }
static bool is_yes(const struct core *c, enum fact fact) { return c->fact[fact].yes == TRI_YES; }

struct slice blame_host(const char *image)
{
	struct slice host = image_ref_host(slice_of(image));

	return host.n > 0 ? host : slice_of("docker.io");
}

static bool is_mirror(const struct policy *p, struct slice host)
{
	struct slice rest = slice_of(p->site_registries), one;

	while (slice_next(&rest, ' ', &one))
		if (one.n > 0 && slice_eq(one, host))
			return true;
	return false;
}

/* AWS's history: the same definition ran, here or elsewhere, so the registry had its image. */
static bool succeeded(const struct service *s, const struct release *r)
{
	for (uint32_t i = 0; i < s->n_history; i++) {
		const struct revision *rev = look_revision(s, s->history[i].target_revision);

		if (s->history[i].status == SD_SUCCESSFUL && rev != NULL && !rev->missing && rev->revision == r->revision &&
		    str_eq(rev->family, r->family))
			return true;
	}
	return false;
}

static bool ever_ran(const struct core *c, int32_t release)
{
	const struct release *r;

	if (release == NONE)
		return false;
	r = &c->release[release];
	/* a definition names one reference: that any deployment of it started here shows that the registry had it */
	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *o = &c->release[i];

		if (o->used && (o->good || o->starts > 0) && o->revision == r->revision && str_eq(o->family, r->family))
			return true;
	}
	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && str_eq(c->service[i].m.name, r->service) &&
		    ((c->service[i].dep.running > 0 && r->deployment[0] != '\0' && str_eq(c->service[i].dep.arn, r->deployment)) ||
		     succeeded(&c->service[i], r)))
			return true;
	return false;
}

static bool apart(int64_t a_ms, int64_t b_ms, int64_t by_ms)
{
	return a_ms > b_ms ? a_ms - b_ms > by_ms : b_ms - a_ms > by_ms;
}

static uint32_t when(bool holds, uint32_t finding)
{
	return holds ? finding : 0;
}

static uint32_t find_registry(const struct core *c, const struct failure *f)
{
	const struct known_fact *probe = &c->fact[FACT_REGISTRY];
	struct slice host = blame_host(f->image), reason = slice_of(f->reason);
	bool refused = slice_find_nocase(reason, "connection refused") != SIZE_MAX || slice_find_nocase(reason, "connection reset") != SIZE_MAX;

	return when(is_mirror(core_policy(c, f->service), host), FIND(MIRROR)) | when(refused, FIND(HOST_REFUSED)) |
	       when(probe->yes == TRI_YES && slice_eq(slice_of(probe->about), host) && probe->unix_ms >= f->first_unix_ms - 1000,
		    FIND(REGISTRY_ANSWERS)) |
	       when(slice_eq(slice_of(c->served.host), host) && !apart(c->served.unix_ms, f->first_unix_ms, SERVED_MS), FIND(REGISTRY_SERVED));
}

static uint32_t find_before(const struct core *c, const struct fail_slot *slot)
{
	int32_t release = slot->release, at = release == NONE ? NONE : release_predecessor(c, release);
	const struct release *p = at == NONE ? NULL : &c->release[at];
	uint32_t found = 0;

	if (p == NULL)
		return 0;
	if (p->last_start_ms > slot->seen_ms)
		found = FIND(BEFORE_STARTED) | when(slot->f.link_bad && release_running(c, at) > 0, FIND(BEFORE_SAME_LINE));
	else if (p->starts > 0)
		found = FIND(BEFORE_THIS_BOOT);
	else if (release_running(c, at) > 0)
		found = FIND(BEFORE_RUNS);
	else if (p->good)
		found = FIND(BEFORE_WORKED);
	return found | when(p->bad && !p->good, FIND(BEFORE_BAD));
}

/* How other nodes fare with it, once they were asked: ListTasks and DescribeTasks of this very deployment. */
static uint32_t find_elsewhere(const struct core *c, int32_t release)
{
	const struct release *r = release == NONE ? NULL : &c->release[release];
	int32_t at = r == NULL || r->service[0] == '\0' ? NONE : service_find(c, r->service);
	const struct service *s = at == NONE ? NULL : &c->service[at];

	if (s == NULL || s->work.quorum_ms == 0 || r->deployment[0] == '\0' || !str_eq(s->rb.deployment, r->deployment))
		return 0;
	return when(s->work.quorum.ran_well > 0, FIND(RUNS_ELSEWHERE)) | when(s->work.quorum.failed > 1, FIND(FAILS_ELSEWHERE));
}

/* The index of a failure of another service's proven release that fell together with this one, or NONE. */
int32_t blame_other_failing(const struct core *c, const struct failure *f)
{
	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct fail_slot *o = &c->failure[i];
		const struct release *r = !o->used || o->release == NONE ? NULL : &c->release[o->release];

		if (r != NULL && o->f.stage == STAGE_RUN && r->good && !r->bad && o->f.service[0] != '\0' && !str_eq(o->f.service, f->service) &&
		    !apart(o->f.first_unix_ms, f->first_unix_ms, MEANWHILE_MS))
			return i;
	}
	return NONE;
}

int32_t blame_other_started(const struct core *c, const struct fail_slot *slot)
{
	for (int32_t i = 0; i < c->rows.releases; i++)
		if (c->release[i].used && c->release[i].service[0] != '\0' && !str_eq(c->release[i].service, slot->f.service) &&
		    c->release[i].last_start_ms > slot->seen_ms)
			return i;
	return NONE;
}

static uint32_t find_killer(const struct core *c, const struct failure *f)
{
	int32_t task = task_find(c, f->task), at = task == NONE ? NONE : container_of(c, task, f->container);

	if (f->class != CLASS_KILLED_BY_SIGNAL)
		return 0;
	if (at != NONE && c->container[at].killed)
		return FIND(KILLED_BY_HAND);
	return when(f->exit_code == 137 || f->exit_code == 143, FIND(NOBODY_KILLED));
}

static uint32_t find_release(const struct core *c, const struct failure *f, int32_t release)
{
	const struct release *r = release == NONE ? NULL : &c->release[release];

	return when(ever_ran(c, release), FIND(RAN_BEFORE)) | when(class_deterministic(f->class), FIND(DEFINITION_ONLY)) |
	       when(r != NULL && r->good && f->first_unix_ms - r->first_unix_ms > PROVEN_MS, FIND(WORKED_HERE)) |
	       find_killer(c, f);
}

static uint32_t find_site(const struct core *c, const struct failure *f)
{
	return when(is_no(c, FACT_ROUTE), FIND(NO_ROUTE)) | when(is_no(c, FACT_DNS), FIND(NO_DNS)) |
	       when(is_no(c, FACT_CLOCK), FIND(CLOCK_UNSET)) | when(f->link_bad, FIND(LINE_BAD)) | when(f->unseen, FIND(UNSEEN)) |
	       when(c->source[SRC_AWS].state == SS_UP, FIND(AWS_ANSWERS)) |
	       when(is_no(c, FACT_DISK) || is_no(c, FACT_INODES), FIND(NO_SPACE)) | when(is_no(c, FACT_MEMORY), FIND(NO_MEMORY)) |
	       when(is_yes(c, FACT_DISK), FIND(ROOM)) |
	       when(is_yes(c, FACT_ROUTE) && is_yes(c, FACT_CLOCK) && !f->link_bad, FIND(SITE_GOOD));
}

uint32_t blame_find(const struct core *c, const struct fail_slot *slot)
{
	const struct failure *f = &slot->f;

	return find_site(c, f) | find_registry(c, f) | find_before(c, slot) | find_elsewhere(c, slot->release) |
	       find_release(c, f, slot->release) | when(blame_other_failing(c, f) != NONE, FIND(OTHERS_FAIL)) |
	       when(blame_other_started(c, slot) != NONE, FIND(OTHERS_START));
}
