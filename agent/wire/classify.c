#include "agent/wire/classify.h"

#include <stdint.h>
#include <string.h>

#include "agent/wire/plain.h"

/* Sets of stages. */
enum { P = 1 << STAGE_PULL, C = 1 << STAGE_CREATE, S = 1 << STAGE_START, R = 1 << STAGE_RUN, CS = C | S, ANY = P | C | S | R };

enum { AND = 1 << STAGES };
_Static_assert(AND <= UINT8_MAX, "one more bit fits beside the stages");

/* A pattern of plain_says(); with AND a second one stands behind its NUL, and both have to fit. */
struct row { const char *says; uint8_t stages, class; };
_Static_assert(CLASSES <= UINT8_MAX, "a class fits its member");

/* First fit wins, so within a stage the rows go from what can only mean one thing to the ambiguous. Words were seen on
 * dockerd 20.10, 26.1 and 28.5 (graph driver and containerd store) unless their origin is named. What the kernel says
 * (errno) and what a registry's error codes say stands where a clause begins; names never do. */
static const struct row rows[] = {
	/* the node itself, at any stage */
	{ "^no space left on device", ANY, CLASS_DISK_FULL },
	{ "^disk quota exceeded", ANY, CLASS_DISK_FULL },               /* EDQUOT, strerror */
	{ "cannot connect to the docker daemon", ANY, CLASS_ENGINE_DOWN }, /* docker client library */
	{ "^dial unix *: connect:", P, CLASS_ENGINE_DOWN },             /* the same; no registry is a unix socket */

	/* pull: given up, or nothing came in any more */
	{ "^context canceled", P, CLASS_PULL_CANCELLED },
	{ "inactivity time exceeded", P, CLASS_PULL_TIMEOUT },          /* ECS agent */
	/* pull: the image does not fit the machine */
	{ "no matching manifest for", P, CLASS_IMAGE_WRONG_ARCH },
	{ "no match for platform in manifest", P, CLASS_IMAGE_WRONG_ARCH },
	{ "cannot be used on this platform", P, CLASS_IMAGE_WRONG_ARCH },
	/* pull: the reference cannot be one */
	{ "^invalid reference format", P | C, CLASS_IMAGE_BAD_REFERENCE },
	{ "^invalid tag format", P | C, CLASS_IMAGE_BAD_REFERENCE },
	/* pull: quota */
	{ "^toomanyrequests", P, CLASS_REGISTRY_THROTTLED },
	{ "429 too many requests", P, CLASS_REGISTRY_THROTTLED },
	{ "parsing http 429", P, CLASS_REGISTRY_THROTTLED },
	{ "^rate exceeded", P, CLASS_REGISTRY_THROTTLED },
	/* pull: a web page, or no JSON where JSON must be: something between here and the registry answered. An XML
	 * error of S3, where ECR keeps its layers, is the registry's own */
	{ "<?xml\0" "accessdenied", AND | P, CLASS_REGISTRY_AUTH },
	{ "<html", P, CLASS_REGISTRY_BLOCKED },
	{ "<!doctype", P, CLASS_REGISTRY_BLOCKED },
	{ "text/html", P, CLASS_REGISTRY_BLOCKED },
	{ "invalid character '<'", P, CLASS_REGISTRY_BLOCKED },
	{ "proxy authentication required", P, CLASS_REGISTRY_BLOCKED }, /* HTTP 407 */
	{ "^forbidden$", P, CLASS_REGISTRY_BLOCKED },                   /* Go net/http: a proxy's 403; a registry's has its number */
	/* pull: the way there */
	{ "^x509:", P, CLASS_REGISTRY_TLS },
	{ "server gave http response to https client", P, CLASS_REGISTRY_TLS },
	{ "^tls:", P, CLASS_REGISTRY_TLS },
	{ "^no such host", P, CLASS_REGISTRY_DNS },
	{ "^server misbehaving", P, CLASS_REGISTRY_DNS },
	{ "lookup *\0" "i/o timeout", AND | P, CLASS_REGISTRY_DNS },
	{ "^dial tcp: lookup ", P, CLASS_REGISTRY_DNS },                /* Go net: whatever kept the name server away */
	{ "^connection refused", P, CLASS_REGISTRY_UNREACHABLE },
	{ "^network is unreachable", P, CLASS_REGISTRY_UNREACHABLE },
	{ "^network is down", P, CLASS_REGISTRY_UNREACHABLE },          /* ENETDOWN, strerror */
	{ "^no route to host", P, CLASS_REGISTRY_UNREACHABLE },         /* EHOSTUNREACH, strerror */
	{ "^i/o timeout", P, CLASS_REGISTRY_UNREACHABLE },
	{ "^connection timed out", P, CLASS_REGISTRY_UNREACHABLE },     /* ETIMEDOUT, strerror */
	{ "^connection reset by peer", P, CLASS_REGISTRY_UNREACHABLE },
	{ "^broken pipe", P, CLASS_REGISTRY_UNREACHABLE },              /* EPIPE, strerror */
	{ "^tls handshake timeout", P, CLASS_REGISTRY_UNREACHABLE },    /* Go net/http */
	{ "exceeded while ", P, CLASS_REGISTRY_UNREACHABLE },           /* Go net/http, its Client.Timeout */
	{ "canceled while waiting for connection", P, CLASS_REGISTRY_UNREACHABLE },
	{ "cancellation while reading body", P, CLASS_REGISTRY_UNREACHABLE },
	{ "^context deadline exceeded", P, CLASS_REGISTRY_UNREACHABLE },
	{ "^unexpected eof", P, CLASS_REGISTRY_UNREACHABLE },
	{ "^eof$", P, CLASS_REGISTRY_UNREACHABLE },                     /* Go io: the peer hung up */
	{ "expected http 206", P, CLASS_REGISTRY_UNREACHABLE },
	/* pull: the registry's own trouble. ": 50": a status, not a port, which has no blank before it */
	{ "received unexpected http status: 5", P, CLASS_REGISTRY_ERROR },
	{ "unexpected status \0" ": 50", AND | P, CLASS_REGISTRY_ERROR },
	{ "error from registry: unknown$", P, CLASS_REGISTRY_ERROR },
	/* pull: not there */
	{ "^manifest unknown", P, CLASS_IMAGE_NOT_FOUND },
	{ "^name unknown", P, CLASS_IMAGE_NOT_FOUND },
	{ "manifest for * not found", P, CLASS_IMAGE_NOT_FOUND },
	{ "^artifact * not found", P, CLASS_IMAGE_NOT_FOUND },          /* Harbor */
	{ "^repository * not found", P, CLASS_IMAGE_NOT_FOUND },        /* Harbor */
	{ "failed to resolve reference \"*\": *: not found", P, CLASS_IMAGE_NOT_FOUND },
	{ "^no such image", P | C, CLASS_IMAGE_NOT_FOUND },
	/* pull: not allowed; a repository that does not exist says so too, and nobody can tell from the words */
	{ "authorization token has expired", P, CLASS_REGISTRY_AUTH_EXPIRED },
	{ "expiredtoken", P, CLASS_REGISTRY_AUTH_EXPIRED },             /* AWS API, while asking ECR for a token; */
	{ "^signature expired", P, CLASS_REGISTRY_AUTH_EXPIRED },       /* so it says when the clock is wrong */
	{ "no basic auth credentials", P, CLASS_REGISTRY_AUTH },
	{ "pull access denied", P, CLASS_REGISTRY_AUTH },
	{ "^unauthorized", P, CLASS_REGISTRY_AUTH },
	{ "401 unauthorized", P, CLASS_REGISTRY_AUTH },
	{ "403 forbidden", P, CLASS_REGISTRY_AUTH },
	{ "parsing http 401", P, CLASS_REGISTRY_AUTH },
	{ "parsing http 403", P, CLASS_REGISTRY_AUTH },
	{ "not authorized to perform", P, CLASS_REGISTRY_AUTH },
	{ "insufficient_scope", P, CLASS_REGISTRY_AUTH },
	{ "requested access to the resource is denied", P, CLASS_REGISTRY_AUTH },
	{ "credentials: not found", P, CLASS_REGISTRY_AUTH },           /* ECS agent */
	{ "error getting credentials", P, CLASS_REGISTRY_AUTH },        /* docker credential helpers */
	{ "nocredentialproviders", P, CLASS_REGISTRY_AUTH },            /* AWS SDK in the ECS agent */
	{ "^denied", P, CLASS_REGISTRY_AUTH },
	/* pull: an answer that only its number tells, and that says nothing of the image */
	{ "parsing http 4", P, CLASS_PULL_UNKNOWN },
	/* pull: there, but not usable */
	{ "verification failed for digest", P, CLASS_IMAGE_CORRUPT },
	{ "^unexpected commit digest", P, CLASS_IMAGE_CORRUPT },
	{ "^unknown blob", P, CLASS_IMAGE_CORRUPT },
	{ "could not fetch content descriptor", P, CLASS_IMAGE_CORRUPT },
	{ "invalid tar header", P, CLASS_IMAGE_CORRUPT },
	{ "^wrong diff id", P, CLASS_IMAGE_CORRUPT },
	{ "don't match image configuration", P, CLASS_IMAGE_CORRUPT },
	{ "^short read", P, CLASS_IMAGE_CORRUPT },
	{ "^invalid character '\0" "looking for beginning", AND | P, CLASS_IMAGE_CORRUPT },
	{ "^unsupported media type", P, CLASS_IMAGE_UNSUPPORTED },
	{ "^encountered remote \"\0" "when fetching", AND | P, CLASS_IMAGE_UNSUPPORTED },   /* 20.10, by digest */
	{ "^missing signature key", P, CLASS_IMAGE_UNSUPPORTED },
	{ "mediatype", P, CLASS_IMAGE_UNSUPPORTED },
	{ "error unmarshalling content", P, CLASS_IMAGE_UNSUPPORTED },
	/* pull: only the sentence the ECS agent (1.84.0 on) puts before the engine's words is left */
	{ "pull the image. check your network configuration", P, CLASS_REGISTRY_UNREACHABLE },
	{ "pull the image. check that the role has the permissions", P, CLASS_REGISTRY_AUTH },
	{ "pull the image. check whether the image exists", P, CLASS_REGISTRY_AUTH },

	/* create and start; log drivers first, their errors quote networks and credentials */
	{ "failed to initialize logging driver", CS, CLASS_LOG_DRIVER },
	{ "looking up logging plugin", CS, CLASS_LOG_DRIVER },
	{ "log opt '", CS, CLASS_LOG_DRIVER },
	{ "no log driver named", CS, CLASS_LOG_DRIVER },                /* dockerd, daemon/logger */
	{ "^conflict. the container name", C, CLASS_NAME_CONFLICT },
	{ "cannot start a stopped process", CS, CLASS_START_OOM },
	{ "container init was oom-killed", CS, CLASS_START_OOM },       /* runc 1.1 on */
	{ "error mounting \"cgroup", CS, CLASS_CGROUP },                /* runc: the host mounts it otherwise */
	{ "mounting \"cgroup\0" "to rootfs", AND | CS, CLASS_CGROUP },
	{ "bind source path does not exist", CS, CLASS_MOUNT_FAILED },
	{ "error while creating mount source path", CS, CLASS_MOUNT_FAILED },
	{ "error while mounting volume", CS, CLASS_MOUNT_FAILED },
	{ "mounting \"*\"\0" "to rootfs", AND | CS, CLASS_MOUNT_FAILED },
	{ "^invalid mount config", CS, CLASS_MOUNT_FAILED },
	{ "^invalid volume spec", CS, CLASS_MOUNT_FAILED },             /* dockerd, volume/mounts */
	{ "looking up volume plugin", CS, CLASS_MOUNT_FAILED },
	/* the node's own programs before the container's: shim, runtime, iptables are looked for on the host */
	{ "unknown or invalid runtime", CS, CLASS_RUNTIME_MISSING },
	{ "unknown runtime specified", CS, CLASS_RUNTIME_MISSING },
	{ "failed to start shim\0" "executable file not found in $path", AND | CS, CLASS_RUNTIME_MISSING },                  /* containerd */
	{ "unable to retrieve oci runtime error\0" "executable file not found in $path", AND | CS, CLASS_RUNTIME_MISSING },
	{ "unable to retrieve oci runtime error\0" ": * *: no such file or directory", AND | CS, CLASS_RUNTIME_MISSING },
	{ "^address already in use", CS, CLASS_PORT_IN_USE },
	{ "port is already allocated", CS, CLASS_PORT_IN_USE },
	{ "failed to set up container networking", CS, CLASS_NETWORK_MISSING },
	{ "driver failed programming", CS, CLASS_NETWORK_MISSING },
	{ "joining network namespace", CS, CLASS_NETWORK_MISSING },
	{ "network * not found", CS, CLASS_NETWORK_MISSING },
	{ "executable file not found in $path", CS, CLASS_EXEC_NOT_FOUND },
	{ "executable file `\0" "not found in $path", AND | CS, CLASS_EXEC_NOT_FOUND },       /* crun */
	{ "^exec: \"\0" "^no such file or directory", AND | CS, CLASS_EXEC_NOT_FOUND },
	{ "^exec: \"\0" "^permission denied", AND | CS, CLASS_EXEC_DENIED },
	{ "^exec: \"\0" "^is a directory", AND | CS, CLASS_EXEC_DENIED },
	{ "^exec format error", S | R, CLASS_EXEC_FORMAT },
	{ "^unable to find user", CS, CLASS_USER_MISSING },
	{ "^unable to find group", CS, CLASS_USER_MISSING },
	{ "error gathering device information", CS, CLASS_DEVICE_MISSING },
	{ "could not select device driver", CS, CLASS_DEVICE_MISSING },
	{ "unresolvable cdi devices", CS, CLASS_DEVICE_MISSING },       /* dockerd, by its CDI library */
	{ "^nvidia-container-cli:", CS, CLASS_DEVICE_MISSING },         /* its hook of runc */
	{ "^minimum memory limit", CS, CLASS_RESOURCE_LIMITS },
	{ "^range of cpus", CS, CLASS_RESOURCE_LIMITS },
	{ "requested cpus are not available", CS, CLASS_RESOURCE_LIMITS },
	{ "^invalid value\0" "for cpuset", AND | CS, CLASS_RESOURCE_LIMITS },
	{ "error setting rlimit", CS, CLASS_RESOURCE_LIMITS },
	{ "^sysctl \"", CS, CLASS_RESOURCE_LIMITS },
	{ "^open sysctl ", CS, CLASS_RESOURCE_LIMITS },
	{ " /proc/sys/", CS, CLASS_RESOURCE_LIMITS },
	{ "s platform resources", C, CLASS_CGROUP },                    /* ECS agent, CgroupError */
	{ "cgroup", CS, CLASS_CGROUP },                                 /* runc */
	{ " /sys/fs/cgroup", CS, CLASS_CGROUP },
	{ "s volume resources", C, CLASS_MOUNT_FAILED },                /* ECS agent, VolumeError */
	{ "fetching secret data", C, CLASS_SECRET_UNAVAILABLE },        /* ECS agent: its task resources ssm, asm */
	{ "retrieve secret", C, CLASS_SECRET_UNAVAILABLE },
	{ "secret resource: ", C, CLASS_SECRET_UNAVAILABLE },
	{ "secrets manager", C, CLASS_SECRET_UNAVAILABLE },
	{ "ssm client", C, CLASS_SECRET_UNAVAILABLE },
	{ "ssm parameter", C, CLASS_SECRET_UNAVAILABLE },
	{ "secretsmanager:get", C, CLASS_SECRET_UNAVAILABLE },
	{ "ssm:get", C, CLASS_SECRET_UNAVAILABLE },
	{ "environment file", C, CLASS_SECRET_UNAVAILABLE },            /* and environment files in S3 */
	{ "env file", C, CLASS_SECRET_UNAVAILABLE },
	{ "s3 client for bucket", C, CLASS_SECRET_UNAVAILABLE },
	{ "execution role credentials", C, CLASS_SECRET_UNAVAILABLE },
	{ "^context deadline exceeded", CS, CLASS_START_TIMEOUT },      /* containerd, its shim */

	/* run */
	{ "container killed due to memory usage", R, CLASS_OOM },       /* ECS agent, OutOfMemoryError */
	/* last words of a container whose interpreter or loader is missing: that of another machine or libc */
	{ "^exec *: no such file or directory", R, CLASS_EXEC_FORMAT },
	{ "exec user process caused\0" "no such file or directory", AND | R, CLASS_EXEC_FORMAT },   /* runc until 1.0 */
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
		    ((rows[i].stages & AND) == 0 || plain_says(plain, rows[i].says + strlen(rows[i].says) + 1)))
			return (enum class)rows[i].class;
	return unknown(stage);
}
