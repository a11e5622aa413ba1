#include "agent/wire/agent_reason.h"

#include "agent/wire/classify.h"

/* The agent's error names. `class` stands in where the message's own words say nothing. */
static const struct error_name { const char *name; enum stage stage; enum class class; } names[] = {
	{ "CannotPullContainerError", STAGE_PULL, CLASS_PULL_UNKNOWN },
	{ "CannotPullImageManifestError", STAGE_PULL, CLASS_PULL_UNKNOWN },
	{ "CannotPullECRContainerError", STAGE_PULL, CLASS_PULL_UNKNOWN },
	{ "CannotPullContainerAuthError", STAGE_PULL, CLASS_REGISTRY_AUTH },
	{ "CannotCreateContainerError", STAGE_CREATE, CLASS_CREATE_FAILED },
	{ "CannotStartContainerError", STAGE_START, CLASS_START_UNKNOWN },
	{ "DockerStateError", STAGE_START, CLASS_START_UNKNOWN },
	{ "OutOfMemoryError", STAGE_RUN, CLASS_OOM },
	{ "CannotInspectContainerError", STAGE_START, CLASS_START_UNKNOWN },
	{ "ContainerNetworkingError", STAGE_START, CLASS_NETWORK_MISSING },
	{ "ResourceInitializationError", STAGE_CREATE, CLASS_CREATE_FAILED },
	{ "TaskDependencyError", STAGE_CREATE, CLASS_CREATE_FAILED },
	{ "HostConfigError", STAGE_CREATE, CLASS_CREATE_FAILED },
	{ "DockerClientConfigError", STAGE_CREATE, CLASS_CREATE_FAILED },
	{ "UnrecognizedTransportProtocol", STAGE_CREATE, CLASS_CREATE_FAILED },
	{ "UnparsablePort", STAGE_CREATE, CLASS_CREATE_FAILED },
	{ "CgroupError", STAGE_CREATE, CLASS_CGROUP },
	{ "VolumeError", STAGE_CREATE, CLASS_MOUNT_FAILED },
	{ "InvalidVolumeError", STAGE_CREATE, CLASS_MOUNT_FAILED },
	{ "CannotCreateVolumeError", STAGE_CREATE, CLASS_MOUNT_FAILED },
	{ "CannotInspectVolumeError", STAGE_CREATE, CLASS_MOUNT_FAILED },
	{ "CannotListPluginsError", STAGE_CREATE, CLASS_MOUNT_FAILED },
	{ "CannotGetDockerclientError", STAGE_CREATE, CLASS_ENGINE_DOWN },
};

/* Where the agent's own time-outs struck: "Could not transition to X; timed out after waiting D". */
static const struct transition { const char *to; enum stage stage; enum class class; } transitions[] = {
	{ "transition to pull", STAGE_PULL, CLASS_PULL_TIMEOUT },
	{ "transition to manifest_pulled", STAGE_PULL, CLASS_PULL_TIMEOUT },
	{ "transition to created", STAGE_CREATE, CLASS_START_TIMEOUT },
	{ "transition to started", STAGE_START, CLASS_START_TIMEOUT },
};

/* The name before ": ": one capitalised word. Empty when there is none. */
static struct slice name_of(struct slice reason)
{
	size_t n = slice_find(reason, ": ");

	if (n == SIZE_MAX || n == 0 || reason.p[0] < 'A' || reason.p[0] > 'Z')
		return slice_to(reason, 0);
	for (size_t i = 0; i < n; i++)
		if (!ch_alnum(reason.p[i]))
			return slice_to(reason, 0);
	return slice_to(reason, n);
}

static struct agent_reason timed_out(struct slice message)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++)
		if (slice_find_nocase(message, transitions[i].to) != SIZE_MAX)
			return (struct agent_reason){ transitions[i].stage, transitions[i].class };
	return (struct agent_reason){ STAGE_RUN, CLASS_NONE };
}

static bool says_nothing(enum class class)
{
	return class == CLASS_NONE || class == CLASS_PULL_UNKNOWN || class == CLASS_CREATE_FAILED || class == CLASS_START_UNKNOWN;
}

bool agent_reason_benign(struct slice reason)
{
	return slice_starts(reason, "TaskStoppedBeforePullBeginError") ||
	       slice_find(reason, "Task stopped before image pull could begin") != SIZE_MAX;
}

struct agent_reason agent_reason_of(struct slice reason)
{
	struct slice name = name_of(reason), message = name.n > 0 ? slice_from(reason, name.n + 2) : reason;
	enum class class;

	if (agent_reason_benign(reason))
		return (struct agent_reason){ STAGE_PULL, CLASS_NONE };
	if (slice_is(name, "DockerTimeoutError"))
		return timed_out(message);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!slice_is(name, names[i].name))
			continue;
		class = classify(names[i].stage, message);
		return (struct agent_reason){ names[i].stage, says_nothing(class) ? names[i].class : class };
	}
	/* failed secrets and environment files come as sentences without a name */
	if (name.n == 0 && classify(STAGE_CREATE, message) == CLASS_SECRET_UNAVAILABLE)
		return (struct agent_reason){ STAGE_CREATE, CLASS_SECRET_UNAVAILABLE };
	return (struct agent_reason){ STAGE_RUN, classify(STAGE_RUN, message) };
}
