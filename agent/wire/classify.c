#include "agent/wire/classify.h"

#include <stdint.h>

#include "agent/wire/plain.h"

/* Sets of stages. */
enum { P = 1 << STAGE_PULL, C = 1 << STAGE_CREATE, S = 1 << STAGE_START, R = 1 << STAGE_RUN, CS = C | S, ANY = P | C | S | R };

/* Patterns of plain_says(); `and` may be NULL. */
struct row { const char *says, *and; uint8_t stages, class; };
_Static_assert(CLASSES <= UINT8_MAX, "a class fits its member");

/* First fit wins, so within a stage the rows go from what can only mean one thing to the ambiguous. Words were seen on
 * dockerd 20.10, 26.1 and 28.5 (graph driver and containerd store) unless their origin is named. What the kernel says
 * (errno) and what a registry's error codes say stands where a clause begins; names never do. */
static const struct row rows[] = {
	/* the node itself, at any stage */
	{ "^no space left on device", NULL, ANY, CLASS_DISK_FULL },
	{ "^disk quota exceeded", NULL, ANY, CLASS_DISK_FULL },               /* EDQUOT, strerror */
	{ "cannot connect to the docker daemon", NULL, ANY, CLASS_ENGINE_DOWN }, /* docker client library */
	{ "^dial unix *: connect:", NULL, P, CLASS_ENGINE_DOWN },             /* the same; no registry is a unix socket */

	/* pull: given up, or nothing came in any more */
	{ "^context canceled", NULL, P, CLASS_PULL_CANCELLED },
	{ "inactivity time exceeded", NULL, P, CLASS_PULL_TIMEOUT },          /* ECS agent */
	/* pull: the image does not fit the machine */
	{ "no matching manifest for", NULL, P, CLASS_IMAGE_WRONG_ARCH },
	{ "no match for platform in manifest", NULL, P, CLASS_IMAGE_WRONG_ARCH },
	{ "cannot be used on this platform", NULL, P, CLASS_IMAGE_WRONG_ARCH },
	/* pull: the reference cannot be one */
	{ "^invalid reference format", NULL, P | C, CLASS_IMAGE_BAD_REFERENCE },
	{ "^invalid tag format", NULL, P | C, CLASS_IMAGE_BAD_REFERENCE },
	/* pull: quota */
	{ "^toomanyrequests", NULL, P, CLASS_REGISTRY_THROTTLED },
	{ "429 too many requests", NULL, P, CLASS_REGISTRY_THROTTLED },
	{ "parsing http 429", NULL, P, CLASS_REGISTRY_THROTTLED },
	{ "^rate exceeded", NULL, P, CLASS_REGISTRY_THROTTLED },
	/* pull: a web page, or no JSON where JSON must be: something between here and the registry answered. An XML
	 * error of S3, where ECR keeps its layers, is the registry's own */
	{ "<?xml", "accessdenied", P, CLASS_REGISTRY_AUTH },
	{ "<html", NULL, P, CLASS_REGISTRY_BLOCKED },
	{ "<!doctype", NULL, P, CLASS_REGISTRY_BLOCKED },
	{ "text/html", NULL, P, CLASS_REGISTRY_BLOCKED },
	{ "invalid character '<'", NULL, P, CLASS_REGISTRY_BLOCKED },
	{ "proxy authentication required", NULL, P, CLASS_REGISTRY_BLOCKED }, /* HTTP 407 */
	{ "^forbidden$", NULL, P, CLASS_REGISTRY_BLOCKED },                   /* Go net/http: a proxy's 403; a registry's has its number */
	/* pull: the way there */
	{ "^x509:", NULL, P, CLASS_REGISTRY_TLS },
	{ "server gave http response to https client", NULL, P, CLASS_REGISTRY_TLS },
	{ "^tls:", NULL, P, CLASS_REGISTRY_TLS },
	{ "^no such host", NULL, P, CLASS_REGISTRY_DNS },
	{ "^server misbehaving", NULL, P, CLASS_REGISTRY_DNS },
	{ "lookup *", "i/o timeout", P, CLASS_REGISTRY_DNS },
	{ "^dial tcp: lookup ", NULL, P, CLASS_REGISTRY_DNS },                /* Go net: whatever kept the name server away */
	{ "^connection refused", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "^network is unreachable", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "^network is down", NULL, P, CLASS_REGISTRY_UNREACHABLE },          /* ENETDOWN, strerror */
	{ "^no route to host", NULL, P, CLASS_REGISTRY_UNREACHABLE },         /* EHOSTUNREACH, strerror */
	{ "^i/o timeout", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "^connection timed out", NULL, P, CLASS_REGISTRY_UNREACHABLE },     /* ETIMEDOUT, strerror */
	{ "^connection reset by peer", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "^broken pipe", NULL, P, CLASS_REGISTRY_UNREACHABLE },              /* EPIPE, strerror */
	{ "^tls handshake timeout", NULL, P, CLASS_REGISTRY_UNREACHABLE },    /* Go net/http */
	{ "exceeded while ", NULL, P, CLASS_REGISTRY_UNREACHABLE },           /* Go net/http, its Client.Timeout */
	{ "canceled while waiting for connection", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "cancellation while reading body", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "^context deadline exceeded", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "^unexpected eof", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "^eof$", NULL, P, CLASS_REGISTRY_UNREACHABLE },                     /* Go io: the peer hung up */
	{ "expected http 206", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	/* pull: the registry's own trouble. ": 50": a status, not a port, which has no blank before it */
	{ "received unexpected http status: 5", NULL, P, CLASS_REGISTRY_ERROR },
	{ "unexpected status ", ": 50", P, CLASS_REGISTRY_ERROR },
	{ "error from registry: unknown$", NULL, P, CLASS_REGISTRY_ERROR },
	/* pull: not there */
	{ "^manifest unknown", NULL, P, CLASS_IMAGE_NOT_FOUND },
	{ "^name unknown", NULL, P, CLASS_IMAGE_NOT_FOUND },
	{ "manifest for * not found", NULL, P, CLASS_IMAGE_NOT_FOUND },
	{ "^artifact * not found", NULL, P, CLASS_IMAGE_NOT_FOUND },          /* Harbor */
	{ "^repository * not found", NULL, P, CLASS_IMAGE_NOT_FOUND },        /* Harbor */
	{ "failed to resolve reference \"*\": *: not found", NULL, P, CLASS_IMAGE_NOT_FOUND },
	{ "^no such image", NULL, P | C, CLASS_IMAGE_NOT_FOUND },
	/* pull: not allowed; a repository that does not exist says so too, and nobody can tell from the words */
	{ "authorization token has expired", NULL, P, CLASS_REGISTRY_AUTH_EXPIRED },
	{ "expiredtoken", NULL, P, CLASS_REGISTRY_AUTH_EXPIRED },             /* AWS API, while asking ECR for a token; */
	{ "^signature expired", NULL, P, CLASS_REGISTRY_AUTH_EXPIRED },       /* so it says when the clock is wrong */
	{ "no basic auth credentials", NULL, P, CLASS_REGISTRY_AUTH },
	{ "pull access denied", NULL, P, CLASS_REGISTRY_AUTH },
	{ "^unauthorized", NULL, P, CLASS_REGISTRY_AUTH },
	{ "401 unauthorized", NULL, P, CLASS_REGISTRY_AUTH },
	{ "403 forbidden", NULL, P, CLASS_REGISTRY_AUTH },
	{ "parsing http 401", NULL, P, CLASS_REGISTRY_AUTH },
	{ "parsing http 403", NULL, P, CLASS_REGISTRY_AUTH },
	{ "not authorized to perform", NULL, P, CLASS_REGISTRY_AUTH },
	{ "insufficient_scope", NULL, P, CLASS_REGISTRY_AUTH },
	{ "requested access to the resource is denied", NULL, P, CLASS_REGISTRY_AUTH },
	{ "credentials: not found", NULL, P, CLASS_REGISTRY_AUTH },           /* ECS agent */
	{ "error getting credentials", NULL, P, CLASS_REGISTRY_AUTH },        /* docker credential helpers */
	{ "nocredentialproviders", NULL, P, CLASS_REGISTRY_AUTH },            /* AWS SDK in the ECS agent */
	{ "^denied", NULL, P, CLASS_REGISTRY_AUTH },
	/* pull: an answer that only its number tells, and that says nothing of the image */
	{ "parsing http 4", NULL, P, CLASS_PULL_UNKNOWN },
	/* pull: there, but not usable */
	{ "verification failed for digest", NULL, P, CLASS_IMAGE_CORRUPT },
	{ "^unexpected commit digest", NULL, P, CLASS_IMAGE_CORRUPT },
	{ "^unknown blob", NULL, P, CLASS_IMAGE_CORRUPT },
	{ "could not fetch content descriptor", NULL, P, CLASS_IMAGE_CORRUPT },
	{ "invalid tar header", NULL, P, CLASS_IMAGE_CORRUPT },
	{ "^wrong diff id", NULL, P, CLASS_IMAGE_CORRUPT },
	{ "don't match image configuration", NULL, P, CLASS_IMAGE_CORRUPT },
	{ "^short read", NULL, P, CLASS_IMAGE_CORRUPT },
	{ "^invalid character '", "looking for beginning", P, CLASS_IMAGE_CORRUPT },
	{ "^unsupported media type", NULL, P, CLASS_IMAGE_UNSUPPORTED },
	{ "^encountered remote \"", "when fetching", P, CLASS_IMAGE_UNSUPPORTED },   /* 20.10, by digest */
	{ "^missing signature key", NULL, P, CLASS_IMAGE_UNSUPPORTED },
	{ "mediatype", NULL, P, CLASS_IMAGE_UNSUPPORTED },
	{ "error unmarshalling content", NULL, P, CLASS_IMAGE_UNSUPPORTED },
	/* pull: only the sentence the ECS agent (1.84.0 on) puts before the engine's words is left */
	{ "pull the image. check your network configuration", NULL, P, CLASS_REGISTRY_UNREACHABLE },
	{ "pull the image. check that the role has the permissions", NULL, P, CLASS_REGISTRY_AUTH },
	{ "pull the image. check whether the image exists", NULL, P, CLASS_REGISTRY_AUTH },

	/* create and start; log drivers first, their errors quote networks and credentials */
	{ "failed to initialize logging driver", NULL, CS, CLASS_LOG_DRIVER },
	{ "looking up logging plugin", NULL, CS, CLASS_LOG_DRIVER },
	{ "log opt '", NULL, CS, CLASS_LOG_DRIVER },
	{ "no log driver named", NULL, CS, CLASS_LOG_DRIVER },                /* dockerd, daemon/logger */
	{ "^conflict. the container name", NULL, C, CLASS_NAME_CONFLICT },
	{ "cannot start a stopped process", NULL, CS, CLASS_START_OOM },
	{ "container init was oom-killed", NULL, CS, CLASS_START_OOM },       /* runc 1.1 on */
	{ "error mounting \"cgroup", NULL, CS, CLASS_CGROUP },                /* runc: the host mounts it otherwise */
	{ "mounting \"cgroup", "to rootfs", CS, CLASS_CGROUP },
	{ "bind source path does not exist", NULL, CS, CLASS_MOUNT_FAILED },
	{ "error while creating mount source path", NULL, CS, CLASS_MOUNT_FAILED },
	{ "error while mounting volume", NULL, CS, CLASS_MOUNT_FAILED },
	{ "mounting \"*\"", "to rootfs", CS, CLASS_MOUNT_FAILED },
	{ "^invalid mount config", NULL, CS, CLASS_MOUNT_FAILED },
	{ "^invalid volume spec", NULL, CS, CLASS_MOUNT_FAILED },             /* dockerd, volume/mounts */
	{ "looking up volume plugin", NULL, CS, CLASS_MOUNT_FAILED },
	/* the node's own programs before the container's: shim, runtime, iptables are looked for on the host */
	{ "unknown or invalid runtime", NULL, CS, CLASS_RUNTIME_MISSING },
	{ "unknown runtime specified", NULL, CS, CLASS_RUNTIME_MISSING },
	{ "failed to start shim", "executable file not found in $path", CS, CLASS_RUNTIME_MISSING },                  /* containerd */
	{ "unable to retrieve oci runtime error", "executable file not found in $path", CS, CLASS_RUNTIME_MISSING },
	{ "unable to retrieve oci runtime error", ": * *: no such file or directory", CS, CLASS_RUNTIME_MISSING },
	{ "^address already in use", NULL, CS, CLASS_PORT_IN_USE },
	{ "port is already allocated", NULL, CS, CLASS_PORT_IN_USE },
	{ "failed to set up container networking", NULL, CS, CLASS_NETWORK_MISSING },
	{ "driver failed programming", NULL, CS, CLASS_NETWORK_MISSING },
	{ "joining network namespace", NULL, CS, CLASS_NETWORK_MISSING },
	{ "network * not found", NULL, CS, CLASS_NETWORK_MISSING },
	{ "executable file not found in $path", NULL, CS, CLASS_EXEC_NOT_FOUND },
	{ "executable file `", "not found in $path", CS, CLASS_EXEC_NOT_FOUND },       /* crun */
	{ "^exec: \"", "^no such file or directory", CS, CLASS_EXEC_NOT_FOUND },
	{ "^exec: \"", "^permission denied", CS, CLASS_EXEC_DENIED },
	{ "^exec: \"", "^is a directory", CS, CLASS_EXEC_DENIED },
	{ "^exec format error", NULL, S | R, CLASS_EXEC_FORMAT },
	{ "^unable to find user", NULL, CS, CLASS_USER_MISSING },
	{ "^unable to find group", NULL, CS, CLASS_USER_MISSING },
	{ "error gathering device information", NULL, CS, CLASS_DEVICE_MISSING },
	{ "could not select device driver", NULL, CS, CLASS_DEVICE_MISSING },
	{ "unresolvable cdi devices", NULL, CS, CLASS_DEVICE_MISSING },       /* dockerd, by its CDI library */
	{ "^nvidia-container-cli:", NULL, CS, CLASS_DEVICE_MISSING },         /* its hook of runc */
	{ "^minimum memory limit", NULL, CS, CLASS_RESOURCE_LIMITS },
	{ "^range of cpus", NULL, CS, CLASS_RESOURCE_LIMITS },
	{ "requested cpus are not available", NULL, CS, CLASS_RESOURCE_LIMITS },
	{ "^invalid value", "for cpuset", CS, CLASS_RESOURCE_LIMITS },
	{ "error setting rlimit", NULL, CS, CLASS_RESOURCE_LIMITS },
	{ "^sysctl \"", NULL, CS, CLASS_RESOURCE_LIMITS },
	{ "^open sysctl ", NULL, CS, CLASS_RESOURCE_LIMITS },
	{ " /proc/sys/", NULL, CS, CLASS_RESOURCE_LIMITS },
	{ "s platform resources", NULL, C, CLASS_CGROUP },                    /* ECS agent, CgroupError */
	{ "cgroup", NULL, CS, CLASS_CGROUP },                                 /* runc */
	{ " /sys/fs/cgroup", NULL, CS, CLASS_CGROUP },
	{ "s volume resources", NULL, C, CLASS_MOUNT_FAILED },                /* ECS agent, VolumeError */
	{ "fetching secret data", NULL, C, CLASS_SECRET_UNAVAILABLE },        /* ECS agent: its task resources ssm, asm */
	{ "retrieve secret", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "secret resource: ", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "secrets manager", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "ssm client", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "ssm parameter", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "secretsmanager:get", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "ssm:get", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "environment file", NULL, C, CLASS_SECRET_UNAVAILABLE },            /* and environment files in S3 */
	{ "env file", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "s3 client for bucket", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "execution role credentials", NULL, C, CLASS_SECRET_UNAVAILABLE },
	{ "^context deadline exceeded", NULL, CS, CLASS_START_TIMEOUT },      /* containerd, its shim */

	/* run */
	{ "container killed due to memory usage", NULL, R, CLASS_OOM },       /* ECS agent, OutOfMemoryError */
	/* last words of a container whose interpreter or loader is missing: that of another machine or libc */
	{ "^exec *: no such file or directory", NULL, R, CLASS_EXEC_FORMAT },
	{ "exec user process caused", "no such file or directory", R, CLASS_EXEC_FORMAT },   /* runc until 1.0 */
};

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
	char words[CLASSIFY_TEXT_MAX];
	struct slice plain;

	text = slice_trim(slice_to(text, sizeof(words)));
	if (text.n == 0)
		return CLASS_NONE;
	plain = (struct slice){ words, plain_text(text, words) };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((rows[i].stages >> stage & 1) != 0 && plain_says(plain, rows[i].says) &&
		    (rows[i].and == NULL || plain_says(plain, rows[i].and)))
			return (enum class)rows[i].class;
	return unknown(stage);
}
