/* The ECS agent's configuration: what hides reasons from its log, and what deletes images. */
#include "agent/wire/agent_config.h"

#include "tests/tap.h"

static struct ev_fact fact;

static void reasons(const char *user, const char *instance, enum tri want, const char *about)
{
	agent_config_reasons(&(struct agent_config){ slice_of(user), slice_of(instance) }, &fact);
	ok(fact.fact == FACT_REASONS && fact.yes == want && str_eq(fact.about, about), "reasons %d, by %s", (int)fact.yes, fact.about);
}

static void images(const char *user, enum tri want, const char *about)
{
	agent_config_images(&(struct agent_config){ slice_of(user), slice_of("") }, &fact);
	ok(fact.fact == FACT_IMAGES_KEPT && fact.yes == want && str_eq(fact.about, about), "images %d, by %s", (int)fact.yes, fact.about);
}

int main(void)
{
	reasons("", "", TRI_YES, "ECS_LOGLEVEL is not set");
	reasons("ECS_LOGLEVEL=info\n", "", TRI_YES, "ECS_LOGLEVEL=info");
	reasons("ECS_LOGLEVEL=debug\n", "ECS_LOGLEVEL=error\n", TRI_YES, "ECS_LOGLEVEL=debug");
	reasons("ECS_CLUSTER=x\n", "ECS_LOGLEVEL=error\n", TRI_NO, "ECS_LOGLEVEL=error");
	reasons("ECS_LOGLEVEL=WARN\n", "", TRI_NO, "ECS_LOGLEVEL=WARN");
	reasons("ECS_LOGLEVEL=crit\n", "", TRI_NO, "ECS_LOGLEVEL=crit");
	reasons("ECS_LOGLEVEL=none\n", "", TRI_NO, "ECS_LOGLEVEL=none");
	reasons("ECS_LOGLEVEL=loud\n", "", TRI_YES, "ECS_LOGLEVEL=loud");
	reasons("ECS_LOGLEVEL=info\nECS_LOGLEVEL_ON_INSTANCE=error\n", "", TRI_NO, "ECS_LOGLEVEL_ON_INSTANCE=error");
	reasons("ECS_LOGLEVEL=error\nECS_LOGLEVEL_ON_INSTANCE=info\n", "", TRI_YES, "ECS_LOGLEVEL_ON_INSTANCE=info");
	reasons("ECS_LOG_DRIVER=awslogs\n", "", TRI_NO, "ECS_LOG_DRIVER=awslogs");
	reasons("ECS_LOG_DRIVER=awslogs\nECS_LOGLEVEL_ON_INSTANCE=debug\n", "", TRI_YES, "ECS_LOGLEVEL_ON_INSTANCE=debug");
	reasons("ECS_LOG_DRIVER=\n", "", TRI_YES, "ECS_LOGLEVEL is not set");

	images("", TRI_NO, "ECS_DISABLE_IMAGE_CLEANUP is not set");
	images("ECS_DISABLE_IMAGE_CLEANUP=true\n", TRI_YES, "ECS_DISABLE_IMAGE_CLEANUP=true");
	images("ECS_DISABLE_IMAGE_CLEANUP=false\n", TRI_NO, "ECS_DISABLE_IMAGE_CLEANUP=false");
	images("ECS_IMAGE_PULL_BEHAVIOR=prefer-cached\n", TRI_YES, "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached");
	images("ECS_IMAGE_PULL_BEHAVIOR=once\n", TRI_NO, "ECS_DISABLE_IMAGE_CLEANUP is not set");
	images("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=24h\n", TRI_YES, "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=24h");
	images("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=23h59m59s\n", TRI_NO, "ECS_DISABLE_IMAGE_CLEANUP is not set");
	images("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=1440m\n", TRI_YES, "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=1440m");
	images("ECS_IMAGE_MINIMUM_CLEANUP_AGE=720h\n", TRI_YES, "ECS_IMAGE_MINIMUM_CLEANUP_AGE=720h");
	images("ECS_IMAGE_MINIMUM_CLEANUP_AGE=1h30m\n", TRI_NO, "ECS_IMAGE_MINIMUM_CLEANUP_AGE=1h30m");
	images("ECS_IMAGE_MINIMUM_CLEANUP_AGE=forever\n", TRI_NO, "ECS_IMAGE_MINIMUM_CLEANUP_AGE=forever");
	images("ECS_IMAGE_MINIMUM_CLEANUP_AGE=99999999999999999999h\n", TRI_NO, "ECS_IMAGE_MINIMUM_CLEANUP_AGE=99999999999999999999h");
	images("ECS_IMAGE_CLEANUP_INTERVAL=72h\n", TRI_NO, "ECS_DISABLE_IMAGE_CLEANUP is not set");
	images("ECS_EXCLUDE_UNTRACKED_IMAGE=r/app:1\n", TRI_UNKNOWN, "ECS_EXCLUDE_UNTRACKED_IMAGE=r/app:1");
	return done();
}
