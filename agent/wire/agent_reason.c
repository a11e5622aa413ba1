#include "agent/wire/agent_reason.h"

#include "agent/wire/classify.h"

/* The agent's error names. The class stands in where the message's own words say nothing. */
#define ERRORS(E) \
	E("CannotPullContainerError", STAGE_PULL, CLASS_PULL_UNKNOWN) \
	E("CannotPullImageManifestError", STAGE_PULL, CLASS_PULL_UNKNOWN) \
	E("CannotPullECRContainerError", STAGE_PULL, CLASS_PULL_UNKNOWN) \
	E("CannotPullContainerAuthError", STAGE_PULL, CLASS_REGISTRY_AUTH) \
	E("CannotCreateContainerError", STAGE_CREATE, CLASS_CREATE_FAILED) \
	E("CannotStartContainerError", STAGE_START, CLASS_START_UNKNOWN) \
	E("DockerStateError", STAGE_START, CLASS_START_UNKNOWN) \
	E("OutOfMemoryError", STAGE_RUN, CLASS_OOM) \
	E("CannotInspectContainerError", STAGE_START, CLASS_START_UNKNOWN) \
	E("ContainerNetworkingError", STAGE_START, CLASS_NETWORK_MISSING) \
	E("ResourceInitializationError", STAGE_CREATE, CLASS_CREATE_FAILED) \
	E("TaskDependencyError", STAGE_CREATE, CLASS_CREATE_FAILED) \
	E("HostConfigError", STAGE_CREATE, CLASS_CREATE_FAILED) \
	E("DockerClientConfigError", STAGE_CREATE, CLASS_CREATE_FAILED) \
	E("UnrecognizedTransportProtocol", STAGE_CREATE, CLASS_CREATE_FAILED) \
	E("UnparsablePort", STAGE_CREATE, CLASS_CREATE_FAILED) \
	E("CgroupError", STAGE_CREATE, CLASS_CGROUP) \
	E("VolumeError", STAGE_CREATE, CLASS_MOUNT_FAILED) \
	E("InvalidVolumeError", STAGE_CREATE, CLASS_MOUNT_FAILED) \
	E("CannotCreateVolumeError", STAGE_CREATE, CLASS_MOUNT_FAILED) \
	E("CannotInspectVolumeError", STAGE_CREATE, CLASS_MOUNT_FAILED) \
	E("CannotListPluginsError", STAGE_CREATE, CLASS_MOUNT_FAILED) \
	E("CannotGetDockerclientError", STAGE_CREATE, CLASS_ENGINE_DOWN)

#define ERROR_NAME(name, stage, class) PACKED_TEXT(name) "\0"
#define ERROR_MEANS(name, stage, class) { stage, class },
static const char names[] = ERRORS(ERROR_NAME);   /* a NUL behind each: a pointer for each would be longer than the packed name */
static const struct error_means { uint8_t stage, class; } means[] = { ERRORS(ERROR_MEANS) };

/* Where the agent's own time-outs struck: "Could not transition to X; timed out after waiting D". */
#define TIMED_OUT "could not transition to "
static const struct transition { const char *to; enum stage stage; enum class class; } transitions[] = {
	{ TIMED_OUT "pull", STAGE_PULL, CLASS_PULL_TIMEOUT },                /* pullBegin, pulled */
	{ TIMED_OUT "manifest_pulled;", STAGE_PULL, CLASS_PULL_TIMEOUT },
	{ TIMED_OUT "created;", STAGE_CREATE, CLASS_START_TIMEOUT },
	{ TIMED_OUT "started;", STAGE_START, CLASS_START_TIMEOUT },
	{ TIMED_OUT, STAGE_RUN, CLASS_NONE },                                /* stopped, inspecting, removing: no failure's cause */
};

/* The name before ": ", or before a ':' with nothing behind it: one capitalised word. Empty when there is none. */
static struct slice name_of(struct slice reason)
{
	size_t n = slice_find(reason, ":");

	if (n == SIZE_MAX || n == 0 || (n + 1 < reason.n && reason.p[n + 1] != ' ') || reason.p[0] < 'A' || reason.p[0] > 'Z')
		return slice_to(reason, 0);
	for (size_t i = 0; i < n; i++)
		if (!ch_alnum(reason.p[i]))
			return slice_to(reason, 0);
	return slice_to(reason, n);
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

/* What the agent itself says of a text: its own time-outs and error names. False: it says nothing. */
static bool own_words(struct slice reason, struct agent_reason *r)
{
	struct slice name = name_of(reason), message = name.n > 0 ? slice_from(reason, name.n + 2) : reason;
	const char *at = names;

	*r = (struct agent_reason){ STAGE_PULL, CLASS_NONE };
	if (agent_reason_benign(reason))
		return true;
	for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
		*r = (struct agent_reason){ transitions[i].stage, transitions[i].class };
		if (slice_find_nocase(slice_to(message, slice_of(transitions[i].to).n), transitions[i].to) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(means) / sizeof(means[0]); i++, at = str_behind(at)) {
		if (!packed_is((const struct packed *)at, name))
			continue;
		r->stage = (enum stage)means[i].stage;
		r->class = classify(r->stage, message);
		if (says_nothing(r->class))
			r->class = (enum class)means[i].class;
		return true;
	}
	return false;
}

enum class agent_reason_class(enum stage stage, struct slice text)
{
	struct agent_reason r;

	text = slice_trim(text);
	return own_words(text, &r) ? r.class : classify(stage, text);
}

struct agent_reason agent_reason_of(struct slice reason)
{
	struct agent_reason r;

	reason = slice_trim(reason);
	if (own_words(reason, &r))
		return r;
	/* failed secrets and environment files come as sentences without a name */
	if (classify(STAGE_CREATE, reason) == CLASS_SECRET_UNAVAILABLE)
		return (struct agent_reason){ STAGE_CREATE, CLASS_SECRET_UNAVAILABLE };
	return (struct agent_reason){ STAGE_RUN, classify(STAGE_RUN, reason) };
}
