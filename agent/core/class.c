/* The table of classes: how each is judged before an experiment speaks, and what a person does about it. */
#include "agent/core/class.h"

enum { DETERMINISTIC = 1, BREAKER = 2, ROLLBACK = 4 };

struct class_row {
	uint8_t stage, blame, flags, fix_by;
	const char *words;       /* its name, and behind the NUL the next step */
};

#define D DETERMINISTIC
#define B BREAKER
#define R ROLLBACK
static const struct class_row row[] = {
[CLASS_NONE] = { STAGE_RUN, BLAME_UNKNOWN, 0, FIX_NOBODY, "none\0" PACKED_TEXT("Nothing to do.") },
[CLASS_IMAGE_NOT_FOUND] = { STAGE_PULL, BLAME_RELEASE, B | R, FIX_DEVELOPER,
	"image-not-found\0" PACKED_TEXT("Push the image under this name, or deploy a task definition that names an image that exists.") },
[CLASS_IMAGE_BAD_REFERENCE] = { STAGE_PULL, BLAME_RELEASE, D | B | R, FIX_DEVELOPER,
	"image-bad-reference\0" PACKED_TEXT("Correct the image reference in the task definition; it can never be pulled as it is written.") },
[CLASS_IMAGE_WRONG_ARCH] = { STAGE_PULL, BLAME_RELEASE, D | B | R, FIX_DEVELOPER,
	"image-wrong-arch\0" PACKED_TEXT("Build and push the image for this node's architecture.") },
[CLASS_IMAGE_UNSUPPORTED] = { STAGE_PULL, BLAME_RELEASE, B, FIX_DEVELOPER,
	"image-unsupported\0" PACKED_TEXT("Push a container image this engine can read; what the tag names is something else.") },
[CLASS_IMAGE_CORRUPT] = { STAGE_PULL, BLAME_REGISTRY, B, FIX_CLOUD,
	"image-corrupt\0" PACKED_TEXT("Push the image again; if other nodes pull it well, look at the proxy or mirror in between.") },
[CLASS_REGISTRY_AUTH] = { STAGE_PULL, BLAME_CREDENTIALS, B, FIX_CLOUD,
	"registry-auth\0" PACKED_TEXT("Check that the execution role or the registry credentials may pull this repository, and that it exists.") },
[CLASS_REGISTRY_AUTH_EXPIRED] = { STAGE_PULL, BLAME_CREDENTIALS, B, FIX_SITE,
	"registry-auth-expired\0" PACKED_TEXT("Check the node's clock and that the SSM agent refreshes its credentials.") },
[CLASS_REGISTRY_THROTTLED] = { STAGE_PULL, BLAME_REGISTRY, B, FIX_CLOUD,
	"registry-throttled\0" PACKED_TEXT("Wait, or give the node credentials with a higher pull limit, or a mirror.") },
[CLASS_REGISTRY_UNREACHABLE] = { STAGE_PULL, BLAME_NETWORK, B, FIX_SITE,
	"registry-unreachable\0" PACKED_TEXT("Check the line and any firewall between this node and the registry.") },
[CLASS_REGISTRY_DNS] = { STAGE_PULL, BLAME_NETWORK, B, FIX_SITE,
	"registry-dns\0" PACKED_TEXT("Check the node's name server; the registry's name could not be resolved.") },
[CLASS_REGISTRY_TLS] = { STAGE_PULL, BLAME_REGISTRY, B, FIX_SITE,
	"registry-tls\0" PACKED_TEXT("Check the node's clock, its CA certificates, and proxies that intercept TLS.") },
[CLASS_REGISTRY_ERROR] = { STAGE_PULL, BLAME_REGISTRY, B, FIX_CLOUD,
	"registry-error\0" PACKED_TEXT("The registry fails by itself; wait for it or look at its status.") },
[CLASS_REGISTRY_BLOCKED] = { STAGE_PULL, BLAME_NETWORK, B, FIX_SITE,
	"registry-blocked\0" PACKED_TEXT("Something in between answers for the registry (captive portal or proxy); let this node through.") },
[CLASS_PULL_TIMEOUT] = { STAGE_PULL, BLAME_NETWORK, B, FIX_SITE,
	"pull-timeout\0" PACKED_TEXT("The line was too slow for this image; make the image smaller or the line better.") },
[CLASS_PULL_CANCELLED] = { STAGE_PULL, BLAME_UNKNOWN, 0, FIX_NOBODY,
	"pull-cancelled\0" PACKED_TEXT("Somebody stopped the pull; look for an earlier failure of the same task.") },
[CLASS_DISK_FULL] = { STAGE_PULL, BLAME_NODE, B, FIX_SITE,
	"disk-full\0" PACKED_TEXT("Free space on the engine's data root (docker system df shows what uses it).") },
[CLASS_STALE_IMAGE] = { STAGE_PULL, BLAME_UNKNOWN, 0, FIX_SITE,
	"stale-image\0" PACKED_TEXT("The node runs an older image under the new revision, because the pull failed; mend the pull.") },
[CLASS_PULL_UNKNOWN] = { STAGE_PULL, BLAME_UNKNOWN, B, FIX_NOBODY,
	"pull-unknown\0" PACKED_TEXT("Read the reason; this text is new to kedge.") },
[CLASS_NAME_CONFLICT] = { STAGE_CREATE, BLAME_NODE, B, FIX_SITE,
	"name-conflict\0" PACKED_TEXT("Remove the container that holds the name (docker rm).") },
[CLASS_CREATE_FAILED] = { STAGE_CREATE, BLAME_UNKNOWN, B, FIX_NOBODY,
	"create-failed\0" PACKED_TEXT("Read the reason; the engine refused to create the container.") },
[CLASS_EXEC_NOT_FOUND] = { STAGE_START, BLAME_RELEASE, D | B | R, FIX_DEVELOPER,
	"exec-not-found\0" PACKED_TEXT("Correct the command or entry point; the image holds no such program.") },
[CLASS_EXEC_DENIED] = { STAGE_START, BLAME_RELEASE, D | B | R, FIX_DEVELOPER,
	"exec-denied\0" PACKED_TEXT("Make the program in the image executable, or name a program and not a directory.") },
[CLASS_EXEC_FORMAT] = { STAGE_START, BLAME_RELEASE, D | R, FIX_DEVELOPER,
	"exec-format\0" PACKED_TEXT("Build the image for this node's architecture, and give scripts a #! line.") },
[CLASS_USER_MISSING] = { STAGE_START, BLAME_RELEASE, D | B | R, FIX_DEVELOPER,
	"user-missing\0" PACKED_TEXT("Name a user and group that exist in the image.") },
[CLASS_MOUNT_FAILED] = { STAGE_START, BLAME_UNKNOWN, B, FIX_SITE,
	"mount-failed\0" PACKED_TEXT("Check that the path or volume the task mounts exists on this node and is of the right kind.") },
[CLASS_PORT_IN_USE] = { STAGE_START, BLAME_NODE, B, FIX_SITE,
	"port-in-use\0" PACKED_TEXT("Find what holds the port (ss -ltnp) and stop it, or let the task use a dynamic host port.") },
[CLASS_DEVICE_MISSING] = { STAGE_START, BLAME_NODE, B, FIX_SITE,
	"device-missing\0" PACKED_TEXT("Plug in the device or load its driver.") },
[CLASS_NETWORK_MISSING] = { STAGE_START, BLAME_NODE, B, FIX_SITE,
	"network-missing\0" PACKED_TEXT("Create the network the task names, or restart the engine if it lost its own.") },
[CLASS_RUNTIME_MISSING] = { STAGE_START, BLAME_NODE, B, FIX_SITE,
	"runtime-missing\0" PACKED_TEXT("Install the container runtime the task asks for.") },
[CLASS_RESOURCE_LIMITS] = { STAGE_START, BLAME_CAPACITY, B, FIX_DEVELOPER,
	"resource-limits\0" PACKED_TEXT("Ask for limits this node can give.") },
[CLASS_LOG_DRIVER] = { STAGE_START, BLAME_NODE, B, FIX_SITE,
	"log-driver\0" PACKED_TEXT("Make the task's log destination reachable, or use a non-blocking log driver.") },
[CLASS_CGROUP] = { STAGE_START, BLAME_NODE, B, FIX_SITE,
	"cgroup\0" PACKED_TEXT("Enable the memory cgroup (on a Raspberry Pi: cgroup_enable=memory in cmdline.txt) and reboot.") },
[CLASS_SECRET_UNAVAILABLE] = { STAGE_CREATE, BLAME_CREDENTIALS, B, FIX_CLOUD,
	"secret-unavailable\0" PACKED_TEXT("Check that the secret exists and that the execution role may read it.") },
[CLASS_START_TIMEOUT] = { STAGE_START, BLAME_NODE, B, FIX_SITE,
	"start-timeout\0" PACKED_TEXT("The engine did not answer in time; look at the load and the disk of this node.") },
[CLASS_START_OOM] = { STAGE_START, BLAME_RELEASE, B, FIX_DEVELOPER,
	"start-oom\0" PACKED_TEXT("Give the container more memory; it died before it could start.") },
[CLASS_START_UNKNOWN] = { STAGE_START, BLAME_UNKNOWN, B, FIX_NOBODY,
	"start-unknown\0" PACKED_TEXT("Read the reason; this text is new to kedge.") },
[CLASS_EXITED_EARLY] = { STAGE_RUN, BLAME_RELEASE, R, FIX_DEVELOPER,
	"exited-early\0" PACKED_TEXT("Read the application's own log; it ended soon after its start.") },
[CLASS_EXITED] = { STAGE_RUN, BLAME_UNKNOWN, 0, FIX_DEVELOPER,
	"exited\0" PACKED_TEXT("Read the application's own log; it ended although nobody asked it to.") },
[CLASS_CRASH_LOOP] = { STAGE_RUN, BLAME_RELEASE, R, FIX_DEVELOPER,
	"crash-loop\0" PACKED_TEXT("Read the application's own log; task after task of this release ends.") },
[CLASS_RESTART_LOOP] = { STAGE_RUN, BLAME_RELEASE, R, FIX_DEVELOPER,
	"restart-loop\0" PACKED_TEXT("Read the application's own log; the restart policy hides that it keeps ending.") },
[CLASS_OOM] = { STAGE_RUN, BLAME_RELEASE, 0, FIX_DEVELOPER,
	"oom\0" PACKED_TEXT("Give the container more memory, or mend the leak.") },
[CLASS_KILLED_BY_SIGNAL] = { STAGE_RUN, BLAME_UNKNOWN, 0, FIX_DEVELOPER,
	"killed-by-signal\0" PACKED_TEXT("Find who sent the signal: the application itself, the kernel, or somebody on this host.") },
[CLASS_UNHEALTHY] = { STAGE_RUN, BLAME_RELEASE, B | R, FIX_DEVELOPER,
	"unhealthy\0" PACKED_TEXT("Look at what the health check tests; it said no often enough for ECS to stop the task.") },
[CLASS_STUCK] = { STAGE_DEPLOY, BLAME_UNKNOWN, 0, FIX_NOBODY,
	"stuck\0" PACKED_TEXT("The deployment makes no progress; look at the newest service event and at other nodes.") },
[CLASS_PLACEMENT_FAILED] = { STAGE_DEPLOY, BLAME_CAPACITY, 0, FIX_CLOUD,
	"placement-failed\0" PACKED_TEXT("Make room for the task, or free the fixed host port it asks for.") },
[CLASS_ENDED_WITH_HOST] = { STAGE_NODE, BLAME_NODE, 0, FIX_NOBODY,
	"ended-with-host\0" PACKED_TEXT("Nothing; the task ended with the host or the engine.") },
[CLASS_ORPHAN] = { STAGE_NODE, BLAME_UNKNOWN, 0, FIX_SITE,
	"orphan\0" PACKED_TEXT("The ECS agent no longer knows this container; remove it when nobody needs it.") },
[CLASS_ENGINE_DOWN] = { STAGE_NODE, BLAME_NODE, 0, FIX_SITE, "engine-down\0" PACKED_TEXT("Start the container engine.") },
[CLASS_ECS_AGENT_DOWN] = { STAGE_NODE, BLAME_NODE, 0, FIX_SITE,
	"ecs-agent-down\0" PACKED_TEXT("Start the ECS agent; after a reboot without a line it cannot start before the line is back.") },
[CLASS_AGENT_STALLED] = { STAGE_NODE, BLAME_NODE, 0, FIX_SITE,
	"agent-stalled\0" PACKED_TEXT("The ECS agent and the engine disagree; it catches up when the line is back, or restart it.") },
[CLASS_CLOCK_UNSET] = { STAGE_NODE, BLAME_NODE, 0, FIX_SITE, "clock-unset\0" PACKED_TEXT("Set the node's clock (NTP).") },
};
#undef D
#undef B
#undef R
_Static_assert(sizeof(row) / sizeof(row[0]) == CLASSES, "a row for each class");

static const char *const stages[] = { "pull", "create", "start", "run", "deploy", "node" };
static const char *const blames[] = {
	"unknown", "release", "node", "registry", "network", "credentials", "capacity",
};
static const char *const fixers[] = { "nobody", "site", "developer", "cloud" };
_Static_assert(sizeof(stages) / sizeof(stages[0]) == STAGES, "names");
_Static_assert(sizeof(blames) / sizeof(blames[0]) == BLAMES, "names");
_Static_assert(sizeof(fixers) / sizeof(fixers[0]) == FIXERS, "names");

const char *class_name(enum class class) { return row[class].words; }
const char *stage_name(enum stage stage) { return stages[stage]; }
const char *blame_name(enum blame blame) { return blames[blame]; }
const char *fix_by_name(enum fix_by who) { return fixers[who]; }

bool class_from(struct slice name, enum class *out)
{
	for (int i = CLASS_NONE + 1; i < CLASSES; i++)
		if (slice_is(name, row[i].words)) {
			*out = (enum class)i;
			return true;
		}
	return false;
}

static bool find_name(struct slice name, const char *const *names, int n, int *out)
{
	for (*out = 0; *out < n; (*out)++)
		if (slice_is(name, names[*out]))
			return true;
	return false;
}

bool stage_from(struct slice name, enum stage *out)
{
	int i;
	bool found = find_name(name, stages, STAGES, &i);

	*out = (enum stage)(found ? i : 0);
	return found;
}

bool blame_from(struct slice name, enum blame *out)
{
	int i;
	bool found = find_name(name, blames, BLAMES, &i);

	*out = (enum blame)(found ? i : 0);
	return found;
}

bool class_deterministic(enum class class) { return (row[class].flags & DETERMINISTIC) != 0; }
bool class_breaker_counts(enum class class) { return (row[class].flags & BREAKER) != 0; }
enum blame class_blame(enum class class) { return (enum blame)row[class].blame; }
enum stage class_stage(enum class class) { return (enum stage)row[class].stage; }

uint64_t class_default_set(void)
{
	uint64_t set = 0;

	for (int i = 0; i < CLASSES; i++)
		if ((row[i].flags & ROLLBACK) != 0)
			set |= CLASS_BIT(i);
	return set;
}

/* Where an experiment moved the blame away from the class's own, the blame knows better who can help. */
enum fix_by class_fix_by(enum class class, enum blame blame)
{
	if (blame == class_blame(class))
		return (enum fix_by)row[class].fix_by;
	switch (blame) {
	case BLAME_RELEASE:
		return FIX_DEVELOPER;
	case BLAME_NODE:
	case BLAME_NETWORK:
		return FIX_SITE;
	case BLAME_REGISTRY:
	case BLAME_CREDENTIALS:
	case BLAME_CAPACITY:
		return FIX_CLOUD;
	case BLAME_UNKNOWN:
	case BLAMES:
		break;
	}
	return FIX_NOBODY;
}

const struct packed *class_next_step(enum class class, enum blame blame)
{
	if (blame == class_blame(class))
		return (const struct packed *)str_behind(row[class].words);
	switch (blame) {
	case BLAME_RELEASE:
		return PACKED("Deploy a corrected release; this one fails here while its predecessor works.");
	case BLAME_NODE:
		return PACKED("Look at this node first (disk, memory, clock); the release is not to blame.");
	case BLAME_REGISTRY:
		return PACKED("Look at the registry; the release itself is not to blame.");
	case BLAME_NETWORK:
		return PACKED("Restore the line; the application or the pull needs it. The release is not to blame.");
	case BLAME_CREDENTIALS:
		return PACKED("Restore this node's credentials; the release itself is not to blame.");
	case BLAME_CAPACITY:
		return PACKED("Make room on this node or place the task elsewhere.");
	case BLAME_UNKNOWN:
	case BLAMES:
		break;
	}
	return PACKED("Read the reason and the evidence; nothing here proves whose fault it is.");
}
