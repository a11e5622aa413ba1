/* What a service is advised, from hand-made states: each bit alone, and that what is not known gives none. */
#include "agent/core/advice.h"

#include "tests/tap.h"

static struct core core;

static struct service *fresh(void)
{
	struct service *s = &core.service[0];

	core = (struct core){ .rows = { .tasks = 2, .containers = 3, .services = 1 } };
	for (int32_t i = 0; i < 3; i++)
		core.container[i].task = NONE;
	s->used = true;
	(void)str_put(s->m.name, sizeof(s->m.name), SLICE("web"));
	return s;
}

/* One task of the service and its container. */
static struct container *runs(enum tri health_check)
{
	struct container *k = &core.container[0];

	core.task[0].used = true;
	(void)str_put(core.task[0].service, sizeof(core.task[0].service), SLICE("web"));
	*k = (struct container){ .used = true, .task = 0, .state = CS_RUNNING, .health_check = health_check };
	return k;
}

static struct service *deployed(void)
{
	struct service *s = fresh();

	s->dep_ms = 1;
	s->dep.cb_enabled = true;
	(void)str_put(s->dep.target_revision, sizeof(s->dep.target_revision), SLICE("arn:12"));
	(void)str_put(s->revision[0].arn, sizeof(s->revision[0].arn), SLICE("arn:12"));
	s->revision[0].n = s->n_revisions = 1;
	return s;
}

static void is(uint32_t want, const char *name)
{
	uint32_t got = core_advice(&core, 0);

	ok(got == want, "%s: %#x, want %#x", name, (unsigned)got, (unsigned)want);
}
#define A(what) (UINT32_C(1) << ADVICE_##what)

static void health(void)
{
	(void)fresh();
	is(0, "nothing known, nothing advised");
	runs(TRI_NO);
	is(A(NO_HEALTH_CHECK), "a container without a check");
	core.container[1] = (struct container){ .used = true, .task = 0, .state = CS_RUNNING, .health_check = TRI_YES };
	is(0, "another of the task has one");
	core.container[1].state = CS_EXITED;
	is(A(NO_HEALTH_CHECK), "but it does not run");
	(void)str_put(core.task[0].service, sizeof(core.task[0].service), SLICE("other"));
	is(0, "another service's");
	(void)fresh();
	runs(TRI_UNKNOWN);
	is(0, "a container nobody inspected yet");
}

static void deployment(void)
{
	struct service *s = deployed();

	is(0, "a deployment with breaker");
	s->dep.cb_enabled = false;
	is(A(NO_BREAKER), "one without");
	s->dep_ms = 0;
	is(0, "known from before the start only");
	s = deployed();
	runs(TRI_YES)->fixed_port = true;
	s->dep.min_percent = 100;
	s->dep.max_percent = 200;
	is(A(FIXED_PORT), "a fixed port at 100 and 200 percent");
	s->dep.max_percent = 100;
	is(0, "at another percentage the old one goes first");
}

static void images(void)
{
	struct service *s = deployed();

	s->revision[0].image[0].tagged = true;
	is(A(MUTABLE_TAG), "a tag that no task has resolved yet");
	s->dep.running = 1;
	is(A(MUTABLE_TAG) | A(VERSION_CONSISTENCY_OFF), "and that ran without a digest");
	(void)str_put(s->revision[0].image[0].digest, DIGEST_CAP, SLICE("sha256:1"));
	is(A(MUTABLE_TAG), "resolved");
	s->revision[0].image[0].tagged = false;
	is(0, "named by digest");
	s->revision[0].image[0].tagged = s->revision[0].missing = true;
	is(0, "a revision AWS no longer has");
}

static void agent(void)
{
	(void)fresh();
	core.fact[FACT_IMAGES_KEPT].yes = core.fact[FACT_REASONS].yes = TRI_NO;
	is(A(IMAGE_CLEANUP) | A(LOG_LEVEL), "what the ECS agent's configuration says");
	core.fact[FACT_IMAGES_KEPT].yes = core.fact[FACT_REASONS].yes = TRI_YES;
	is(0, "or says well");
}

static void words(void)
{
	for (int i = 0; i < ADVICES; i++) {
		char buf[PACKED_MAX];
		struct slice text = slice_of(packed_copy(buf, sizeof(buf), advice_text((enum advice)i)));

		ok(text.n > 60 && text.n < 320 && slice_ends(text, ".") && slice_find(text, ": ") != SIZE_MAX,
		   "one sentence with what to do: %.40s...", text.p);
	}
}

int main(void)
{
	health();
	deployment();
	images();
	agent();
	words();
	return done();
}
