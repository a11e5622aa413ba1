#include "agent/wire/classify.h"

#include <stdint.h>

/* Sets of stages. */
enum { P = 1 << STAGE_PULL, C = 1 << STAGE_CREATE, S = 1 << STAGE_START, R = 1 << STAGE_RUN, CS = C | S, ANY = P | C | S | R };

enum { WORDS = 2 };

struct row {
	uint8_t stages;
	const char *all_of[WORDS];  /* lower case; a leading '=' asks for the whole text, without its prefixes */
	enum class class;
};

/* First fit wins, so within a stage the rows go from what can only mean one thing to the ambiguous. Words were seen on
 * dockerd 20.10, 26.1 and 28.5 (graph driver and containerd store) unless their origin is named. */
static const struct row rows[] = {
	/* the node itself, at any stage */
	{ ANY, { "no space left on device" }, CLASS_DISK_FULL },
	{ ANY, { "disk quota exceeded" }, CLASS_DISK_FULL },               /* EDQUOT, strerror */
	{ ANY, { "cannot connect to the docker daemon" }, CLASS_ENGINE_DOWN }, /* docker client library */

	/* pull: given up, or nothing came in any more */
	{ P, { "context canceled" }, CLASS_PULL_CANCELLED },
	{ P, { "inactivity time exceeded" }, CLASS_PULL_TIMEOUT },         /* ECS agent */
	{ P, { "could not transition to", "timed out" }, CLASS_PULL_TIMEOUT }, /* ECS agent */
	/* pull: the image does not fit the machine */
	{ P, { "no matching manifest for" }, CLASS_IMAGE_WRONG_ARCH },
	{ P, { "no match for platform in manifest" }, CLASS_IMAGE_WRONG_ARCH },
	{ P, { "cannot be used on this platform" }, CLASS_IMAGE_WRONG_ARCH },
	/* pull: the reference cannot be one */
	{ P | C, { "invalid reference format" }, CLASS_IMAGE_BAD_REFERENCE },
	{ P | C, { "invalid tag format" }, CLASS_IMAGE_BAD_REFERENCE },
	/* pull: quota */
	{ P, { "toomanyrequests" }, CLASS_REGISTRY_THROTTLED },
	{ P, { "429 too many requests" }, CLASS_REGISTRY_THROTTLED },
	{ P, { "http 429" }, CLASS_REGISTRY_THROTTLED },
	{ P, { "rate exceeded" }, CLASS_REGISTRY_THROTTLED },
	/* pull: a web page, or no JSON where JSON must be: something between here and the registry answered. An XML
	 * error of S3, where ECR keeps its layers, is the registry's own */
	{ P, { "<?xml", "accessdenied" }, CLASS_REGISTRY_AUTH },
	{ P, { "<html" }, CLASS_REGISTRY_BLOCKED },
	{ P, { "<!doctype" }, CLASS_REGISTRY_BLOCKED },
	{ P, { "text/html" }, CLASS_REGISTRY_BLOCKED },
	{ P, { "invalid character '<'" }, CLASS_REGISTRY_BLOCKED },
	/* pull: the way there */
	{ P, { "x509:" }, CLASS_REGISTRY_TLS },
	{ P, { "server gave http response to https client" }, CLASS_REGISTRY_TLS },
	{ P, { "first record does not look like a tls" }, CLASS_REGISTRY_TLS },
	{ P, { "tls:" }, CLASS_REGISTRY_TLS },
	{ P, { "no such host" }, CLASS_REGISTRY_DNS },
	{ P, { "server misbehaving" }, CLASS_REGISTRY_DNS },
	{ P, { "lookup ", "i/o timeout" }, CLASS_REGISTRY_DNS },
	{ P, { "dial tcp: lookup " }, CLASS_REGISTRY_DNS },                /* Go net: whatever kept the name server away */
	{ P, { "connection refused" }, CLASS_REGISTRY_UNREACHABLE },
	{ P, { "network is unreachable" }, CLASS_REGISTRY_UNREACHABLE },
	{ P, { "no route to host" }, CLASS_REGISTRY_UNREACHABLE },         /* EHOSTUNREACH, strerror */
	{ P, { "i/o timeout" }, CLASS_REGISTRY_UNREACHABLE },
	{ P, { "connection timed out" }, CLASS_REGISTRY_UNREACHABLE },     /* ETIMEDOUT, strerror */
	{ P, { "connection reset by peer" }, CLASS_REGISTRY_UNREACHABLE },
	{ P, { "tls handshake timeout" }, CLASS_REGISTRY_UNREACHABLE },    /* Go net/http */
	{ P, { "client.timeout exceeded" }, CLASS_REGISTRY_UNREACHABLE },
	{ P, { "context deadline exceeded" }, CLASS_REGISTRY_UNREACHABLE },
	{ P, { "unexpected eof" }, CLASS_REGISTRY_UNREACHABLE },
	{ P, { "expected http 206" }, CLASS_REGISTRY_UNREACHABLE },
	/* pull: the registry's own trouble. ": 50": a status, not a port, which has no blank before it */
	{ P, { "received unexpected http status: 5" }, CLASS_REGISTRY_ERROR },
	{ P, { "unexpected status from", ": 50" }, CLASS_REGISTRY_ERROR },
	{ P, { "error from registry: unknown" }, CLASS_REGISTRY_ERROR },
	/* pull: not there */
	{ P, { "manifest unknown" }, CLASS_IMAGE_NOT_FOUND },
	{ P, { "name unknown" }, CLASS_IMAGE_NOT_FOUND },
	{ P, { "manifest for ", " not found" }, CLASS_IMAGE_NOT_FOUND },
	{ P, { "failed to resolve reference", ": not found" }, CLASS_IMAGE_NOT_FOUND },
	{ P | C, { "no such image" }, CLASS_IMAGE_NOT_FOUND },
	/* pull: not allowed; a repository that does not exist says so too, and nobody can tell from the words */
	{ P, { "authorization token has expired" }, CLASS_REGISTRY_AUTH_EXPIRED },
	{ P, { "expiredtoken" }, CLASS_REGISTRY_AUTH_EXPIRED },            /* AWS API, while asking ECR for a token */
	{ P, { "no basic auth credentials" }, CLASS_REGISTRY_AUTH },
	{ P, { "pull access denied" }, CLASS_REGISTRY_AUTH },
	{ P, { "unauthorized" }, CLASS_REGISTRY_AUTH },
	{ P, { "not authorized to perform" }, CLASS_REGISTRY_AUTH },
	{ P, { "403 forbidden" }, CLASS_REGISTRY_AUTH },
	{ P, { "insufficient_scope" }, CLASS_REGISTRY_AUTH },
	{ P, { "requested access to the resource is denied" }, CLASS_REGISTRY_AUTH },
	{ P, { "credentials: not found" }, CLASS_REGISTRY_AUTH },          /* ECS agent */
	{ P, { "nocredentialproviders" }, CLASS_REGISTRY_AUTH },           /* AWS SDK in the ECS agent */
	{ P, { "=denied" }, CLASS_REGISTRY_AUTH },
	{ P, { "denied: " }, CLASS_REGISTRY_AUTH },
	/* pull: there, but not usable */
	{ P, { "verification failed for digest" }, CLASS_IMAGE_CORRUPT },
	{ P, { "unexpected commit digest" }, CLASS_IMAGE_CORRUPT },
	{ P, { "unknown blob" }, CLASS_IMAGE_CORRUPT },
	{ P, { "could not fetch content descriptor" }, CLASS_IMAGE_CORRUPT },
	{ P, { "invalid tar header" }, CLASS_IMAGE_CORRUPT },
	{ P, { "wrong diff id" }, CLASS_IMAGE_CORRUPT },
	{ P, { "don't match image configuration" }, CLASS_IMAGE_CORRUPT },
	{ P, { "short read" }, CLASS_IMAGE_CORRUPT },
	{ P, { "invalid character '", "looking for beginning" }, CLASS_IMAGE_CORRUPT },
	{ P, { "unsupported media type" }, CLASS_IMAGE_UNSUPPORTED },
	{ P, { "encountered remote \"", "when fetching" }, CLASS_IMAGE_UNSUPPORTED },   /* 20.10, by digest */
	{ P, { "missing signature key" }, CLASS_IMAGE_UNSUPPORTED },
	{ P, { "mediatype" }, CLASS_IMAGE_UNSUPPORTED },
	{ P, { "error unmarshalling content" }, CLASS_IMAGE_UNSUPPORTED },
	/* pull: only the sentence the ECS agent (1.84.0 on) puts before the engine's words is left */
	{ P, { "pull the image. check your network configuration" }, CLASS_REGISTRY_UNREACHABLE },
	{ P, { "pull the image. check that the role has the permissions" }, CLASS_REGISTRY_AUTH },
	{ P, { "pull the image. check whether the image exists" }, CLASS_REGISTRY_AUTH },

	/* create and start; log drivers first, their errors quote networks and credentials */
	{ CS, { "failed to initialize logging driver" }, CLASS_LOG_DRIVER },
	{ CS, { "logging plugin" }, CLASS_LOG_DRIVER },
	{ CS, { "log opt '" }, CLASS_LOG_DRIVER },
	{ CS, { "could not transition to", "timed out" }, CLASS_START_TIMEOUT }, /* ECS agent */
	{ C, { "conflict. the container name" }, CLASS_NAME_CONFLICT },
	{ CS, { "cannot start a stopped process" }, CLASS_START_OOM },
	{ CS, { "container init was oom-killed" }, CLASS_START_OOM },      /* runc 1.1 on */
	{ CS, { "bind source path does not exist" }, CLASS_MOUNT_FAILED },
	{ CS, { "error while creating mount source path" }, CLASS_MOUNT_FAILED },
	{ CS, { "error while mounting volume" }, CLASS_MOUNT_FAILED },
	{ CS, { "error mounting" }, CLASS_MOUNT_FAILED },
	{ CS, { "invalid mount config" }, CLASS_MOUNT_FAILED },
	{ CS, { "volume plugin" }, CLASS_MOUNT_FAILED },
	{ CS, { "executable file not found in $path" }, CLASS_EXEC_NOT_FOUND },
	{ CS, { "exec: \"", "no such file or directory" }, CLASS_EXEC_NOT_FOUND },
	{ CS, { "exec: \"", "permission denied" }, CLASS_EXEC_DENIED },
	{ CS, { "exec: \"", "is a directory" }, CLASS_EXEC_DENIED },
	{ S | R, { "exec format error" }, CLASS_EXEC_FORMAT },
	{ CS, { "unable to find user" }, CLASS_USER_MISSING },
	{ CS, { "unable to find group" }, CLASS_USER_MISSING },
	{ CS, { "address already in use" }, CLASS_PORT_IN_USE },
	{ CS, { "port is already allocated" }, CLASS_PORT_IN_USE },
	{ CS, { "error gathering device information" }, CLASS_DEVICE_MISSING },
	{ CS, { "could not select device driver" }, CLASS_DEVICE_MISSING },
	{ CS, { "failed to set up container networking" }, CLASS_NETWORK_MISSING },
	{ CS, { "driver failed programming" }, CLASS_NETWORK_MISSING },
	{ CS, { "joining network namespace" }, CLASS_NETWORK_MISSING },
	{ CS, { "network ", " not found" }, CLASS_NETWORK_MISSING },
	{ CS, { "unknown or invalid runtime" }, CLASS_RUNTIME_MISSING },
	{ CS, { "unknown runtime specified" }, CLASS_RUNTIME_MISSING },
	{ CS, { "minimum memory limit" }, CLASS_RESOURCE_LIMITS },
	{ CS, { "range of cpus" }, CLASS_RESOURCE_LIMITS },
	{ CS, { "requested cpus are not available" }, CLASS_RESOURCE_LIMITS },
	{ CS, { "invalid value", "for cpuset" }, CLASS_RESOURCE_LIMITS },
	{ CS, { "error setting rlimit" }, CLASS_RESOURCE_LIMITS },
	{ CS, { "sysctl" }, CLASS_RESOURCE_LIMITS },
	{ CS, { "/proc/sys" }, CLASS_RESOURCE_LIMITS },
	{ C, { "platform resources" }, CLASS_CGROUP },                     /* ECS agent, CgroupError */
	{ CS, { "cgroup" }, CLASS_CGROUP },                                /* runc */
	{ C, { "volume resources" }, CLASS_MOUNT_FAILED },                 /* ECS agent, VolumeError */
	{ C, { "secret" }, CLASS_SECRET_UNAVAILABLE },                     /* ECS agent: SSM and Secrets Manager, */
	{ C, { "ssm " }, CLASS_SECRET_UNAVAILABLE },                       /* its task resources ssm, asm, */
	{ C, { "ssm:getparameters" }, CLASS_SECRET_UNAVAILABLE },
	{ C, { "environment file" }, CLASS_SECRET_UNAVAILABLE },           /* and environment files in S3 */
	{ C, { "execution role credentials" }, CLASS_SECRET_UNAVAILABLE },

	/* run */
	{ R, { "container killed due to memory usage" }, CLASS_OOM },      /* ECS agent, OutOfMemoryError */
	/* last words of a container whose interpreter or loader is missing: that of another machine or libc */
	{ R, { "exec /", ": no such file or directory" }, CLASS_EXEC_FORMAT },
};

/* What engine and agent put before a registry's words. */
static struct slice bare(struct slice text)
{
	static const char *const prefix[] = { "CannotPullContainerError: ", "CannotPullImageManifestError: ",
					      "CannotPullECRContainerError: ", "Error response from daemon: " };

	text = slice_trim(text);
	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
		if (slice_starts(text, prefix[i]))
			text = slice_from(text, slice_of(prefix[i]).n);
	return text;
}

static bool fits(const struct row *row, struct slice text, struct slice core)
{
	for (size_t i = 0; i < WORDS && row->all_of[i] != NULL; i++) {
		const char *word = row->all_of[i];

		if (word[0] == '=' && (core.n != slice_of(word + 1).n || slice_find_nocase(core, word + 1) != 0))
			return false;
		if (word[0] != '=' && slice_find_nocase(text, word) == SIZE_MAX)
			return false;
	}
	return true;
}

static enum class unknown(enum stage stage)
{
	switch (stage) {
	case STAGE_PULL:
		return CLASS_PULL_UNKNOWN;
	case STAGE_CREATE:
		return CLASS_CREATE_FAILED;
	case STAGE_START:
		return CLASS_START_UNKNOWN;
	case STAGE_RUN:
	case STAGE_DEPLOY:
	case STAGE_NODE:
	case STAGES:
		break;
	}
	return CLASS_NONE;
}

enum class classify(enum stage stage, struct slice text)
{
	struct slice core;

	text = slice_trim(slice_to(text, CLASSIFY_TEXT_MAX));
	core = bare(text);
	if (core.n == 0)
		return CLASS_NONE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((rows[i].stages >> stage & 1) != 0 && fits(&rows[i], text, core))
			return rows[i].class;
	return unknown(stage);
}
