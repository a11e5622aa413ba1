#include "agent/wire/classify.h"

#include <stdint.h>
#include <string.h>

#include "agent/wire/plain.h"

/* Sets of stages. */
enum { P = 1 << STAGE_PULL, C = 1 << STAGE_CREATE, S = 1 << STAGE_START, R = 1 << STAGE_RUN, CS = C | S, ANY = P | C | S | R };

enum { AND = 1 << STAGES };
_Static_assert(AND <= UINT8_MAX, "one more bit fits beside the stages");

/* A packed pattern of plain_says(); with AND a second one stands behind its NUL, and both have to fit. */
struct row { const char *says; uint8_t stages, class; };
_Static_assert(CLASSES <= UINT8_MAX, "a class fits its member");

/* First fit wins, so within a stage the rows go from what can only mean one thing to the ambiguous. Words were seen on
 * dockerd 20.10, 26.1 and 28.5 (graph driver and containerd store) unless their origin is named. What the kernel says
 * (errno) and what a registry's error codes say stands where a clause begins; names never do. */
static const struct row rows[] = {
	/* the node itself, at any stage */
	{ PACKED_TEXT("^no space left on device"), ANY, CLASS_DISK_FULL },
	{ PACKED_TEXT("^disk quota exceeded"), ANY, CLASS_DISK_FULL },               /* EDQUOT, strerror */
	{ PACKED_TEXT("cannot connect to the docker daemon"), ANY, CLASS_ENGINE_DOWN }, /* docker client library */
	{ PACKED_TEXT("^dial unix *: connect:"), P, CLASS_ENGINE_DOWN },             /* the same; no registry is a unix socket */

	/* pull: given up, or nothing came in any more */
	{ PACKED_TEXT("^context canceled"), P, CLASS_PULL_CANCELLED },
	{ PACKED_TEXT("inactivity time exceeded"), P, CLASS_PULL_TIMEOUT },          /* ECS agent */
	/* pull: the image does not fit the machine */
	{ PACKED_TEXT("no matching manifest for"), P, CLASS_IMAGE_WRONG_ARCH },
	{ PACKED_TEXT("no match for platform in manifest"), P, CLASS_IMAGE_WRONG_ARCH },
	{ PACKED_TEXT("cannot be used on this platform"), P, CLASS_IMAGE_WRONG_ARCH },
	/* pull: the reference cannot be one */
	{ PACKED_TEXT("^invalid reference format"), P | C, CLASS_IMAGE_BAD_REFERENCE },
	{ PACKED_TEXT("^invalid tag format"), P | C, CLASS_IMAGE_BAD_REFERENCE },
	/* pull: quota */
	{ PACKED_TEXT("^toomanyrequests"), P, CLASS_REGISTRY_THROTTLED },
	{ PACKED_TEXT("429 too many requests"), P, CLASS_REGISTRY_THROTTLED },
	{ PACKED_TEXT("parsing http 429"), P, CLASS_REGISTRY_THROTTLED },
	{ PACKED_TEXT("^rate exceeded"), P, CLASS_REGISTRY_THROTTLED },
	/* pull: a web page, or no JSON where JSON must be: something between here and the registry answered. An XML
	 * error of S3, where ECR keeps its layers, is the registry's own */
	{ PACKED_TEXT("<?xml") "\0" PACKED_TEXT("accessdenied"), AND | P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("<html"), P, CLASS_REGISTRY_BLOCKED },
	{ PACKED_TEXT("<!doctype"), P, CLASS_REGISTRY_BLOCKED },
	{ PACKED_TEXT("text/html"), P, CLASS_REGISTRY_BLOCKED },
	{ PACKED_TEXT("invalid character '<'"), P, CLASS_REGISTRY_BLOCKED },
	{ PACKED_TEXT("proxy authentication required"), P, CLASS_REGISTRY_BLOCKED }, /* HTTP 407 */
	{ PACKED_TEXT("^forbidden$"), P, CLASS_REGISTRY_BLOCKED },                   /* Go net/http: a proxy's 403; a registry's has its number */
	/* pull: the way there */
	{ PACKED_TEXT("^x509:"), P, CLASS_REGISTRY_TLS },
	{ PACKED_TEXT("server gave http response to https client"), P, CLASS_REGISTRY_TLS },
	{ PACKED_TEXT("^tls:"), P, CLASS_REGISTRY_TLS },
	{ PACKED_TEXT("^no such host"), P, CLASS_REGISTRY_DNS },
	{ PACKED_TEXT("^server misbehaving"), P, CLASS_REGISTRY_DNS },
	{ PACKED_TEXT("lookup *") "\0" PACKED_TEXT("i/o timeout"), AND | P, CLASS_REGISTRY_DNS },
	{ PACKED_TEXT("^dial tcp: lookup "), P, CLASS_REGISTRY_DNS },                /* Go net: whatever kept the name server away */
	{ PACKED_TEXT("^connection refused"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("^network is unreachable"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("^network is down"), P, CLASS_REGISTRY_UNREACHABLE },          /* ENETDOWN, strerror */
	{ PACKED_TEXT("^no route to host"), P, CLASS_REGISTRY_UNREACHABLE },         /* EHOSTUNREACH, strerror */
	{ PACKED_TEXT("^i/o timeout"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("^connection timed out"), P, CLASS_REGISTRY_UNREACHABLE },     /* ETIMEDOUT, strerror */
	{ PACKED_TEXT("^connection reset by peer"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("^broken pipe"), P, CLASS_REGISTRY_UNREACHABLE },              /* EPIPE, strerror */
	{ PACKED_TEXT("^tls handshake timeout"), P, CLASS_REGISTRY_UNREACHABLE },    /* Go net/http */
	{ PACKED_TEXT("exceeded while "), P, CLASS_REGISTRY_UNREACHABLE },           /* Go net/http, its Client.Timeout */
	{ PACKED_TEXT("canceled while waiting for connection"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("cancellation while reading body"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("^context deadline exceeded"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("^unexpected eof"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("^eof$"), P, CLASS_REGISTRY_UNREACHABLE },                     /* Go io: the peer hung up */
	{ PACKED_TEXT("expected http 206"), P, CLASS_REGISTRY_UNREACHABLE },
	/* pull: the registry's own trouble. ": 50": a status, not a port, which has no blank before it */
	{ PACKED_TEXT("received unexpected http status: 5"), P, CLASS_REGISTRY_ERROR },
	{ PACKED_TEXT("unexpected status ") "\0" PACKED_TEXT(": 50"), AND | P, CLASS_REGISTRY_ERROR },
	{ PACKED_TEXT("error from registry: unknown$"), P, CLASS_REGISTRY_ERROR },
	/* pull: not there */
	{ PACKED_TEXT("^manifest unknown"), P, CLASS_IMAGE_NOT_FOUND },
	{ PACKED_TEXT("^name unknown"), P, CLASS_IMAGE_NOT_FOUND },
	{ PACKED_TEXT("manifest for * not found"), P, CLASS_IMAGE_NOT_FOUND },
	{ PACKED_TEXT("^artifact * not found"), P, CLASS_IMAGE_NOT_FOUND },          /* Harbor */
	{ PACKED_TEXT("^repository * not found"), P, CLASS_IMAGE_NOT_FOUND },        /* Harbor */
	{ PACKED_TEXT("failed to resolve reference \"*\": *: not found"), P, CLASS_IMAGE_NOT_FOUND },
	{ PACKED_TEXT("^no such image"), P | C, CLASS_IMAGE_NOT_FOUND },
	/* pull: not allowed; a repository that does not exist says so too, and nobody can tell from the words */
	{ PACKED_TEXT("authorization token has expired"), P, CLASS_REGISTRY_AUTH_EXPIRED },
	{ PACKED_TEXT("expiredtoken"), P, CLASS_REGISTRY_AUTH_EXPIRED },             /* AWS API, while asking ECR for a token; */
	{ PACKED_TEXT("^signature expired"), P, CLASS_REGISTRY_AUTH_EXPIRED },       /* so it says when the clock is wrong */
	{ PACKED_TEXT("no basic auth credentials"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("pull access denied"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("^unauthorized"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("401 unauthorized"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("403 forbidden"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("parsing http 401"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("parsing http 403"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("not authorized to perform"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("insufficient_scope"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("requested access to the resource is denied"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("credentials: not found"), P, CLASS_REGISTRY_AUTH },           /* ECS agent */
	{ PACKED_TEXT("error getting credentials"), P, CLASS_REGISTRY_AUTH },        /* docker credential helpers */
	{ PACKED_TEXT("nocredentialproviders"), P, CLASS_REGISTRY_AUTH },            /* AWS SDK in the ECS agent */
	{ PACKED_TEXT("^denied"), P, CLASS_REGISTRY_AUTH },
	/* pull: an answer that only its number tells, and that says nothing of the image */
	{ PACKED_TEXT("parsing http 4"), P, CLASS_PULL_UNKNOWN },
	/* pull: there, but not usable */
	{ PACKED_TEXT("verification failed for digest"), P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("^unexpected commit digest"), P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("^unknown blob"), P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("could not fetch content descriptor"), P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("invalid tar header"), P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("^wrong diff id"), P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("don't match image configuration"), P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("^short read"), P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("^invalid character '") "\0" PACKED_TEXT("looking for beginning"), AND | P, CLASS_IMAGE_CORRUPT },
	{ PACKED_TEXT("^unsupported media type"), P, CLASS_IMAGE_UNSUPPORTED },
	{ PACKED_TEXT("^encountered remote \"") "\0" PACKED_TEXT("when fetching"), AND | P, CLASS_IMAGE_UNSUPPORTED },   /* 20.10, by digest */
	{ PACKED_TEXT("^missing signature key"), P, CLASS_IMAGE_UNSUPPORTED },
	{ PACKED_TEXT("mediatype"), P, CLASS_IMAGE_UNSUPPORTED },
	{ PACKED_TEXT("error unmarshalling content"), P, CLASS_IMAGE_UNSUPPORTED },
	/* pull: only the sentence the ECS agent (1.84.0 on) puts before the engine's words is left */
	{ PACKED_TEXT("pull the image. check your network configuration"), P, CLASS_REGISTRY_UNREACHABLE },
	{ PACKED_TEXT("pull the image. check that the role has the permissions"), P, CLASS_REGISTRY_AUTH },
	{ PACKED_TEXT("pull the image. check whether the image exists"), P, CLASS_REGISTRY_AUTH },

	/* create and start; log drivers first, their errors quote networks and credentials */
	{ PACKED_TEXT("failed to initialize logging driver"), CS, CLASS_LOG_DRIVER },
	{ PACKED_TEXT("looking up logging plugin"), CS, CLASS_LOG_DRIVER },
	{ PACKED_TEXT("log opt '"), CS, CLASS_LOG_DRIVER },
	{ PACKED_TEXT("no log driver named"), CS, CLASS_LOG_DRIVER },                /* dockerd, daemon/logger */
	{ PACKED_TEXT("^conflict. the container name"), C, CLASS_NAME_CONFLICT },
	{ PACKED_TEXT("cannot start a stopped process"), CS, CLASS_START_OOM },
	{ PACKED_TEXT("container init was oom-killed"), CS, CLASS_START_OOM },       /* runc 1.1 on */
	{ PACKED_TEXT("error mounting \"cgroup"), CS, CLASS_CGROUP },                /* runc: the host mounts it otherwise */
	{ PACKED_TEXT("mounting \"cgroup") "\0" PACKED_TEXT("to rootfs"), AND | CS, CLASS_CGROUP },
	{ PACKED_TEXT("bind source path does not exist"), CS, CLASS_MOUNT_FAILED },
	{ PACKED_TEXT("error while creating mount source path"), CS, CLASS_MOUNT_FAILED },
	{ PACKED_TEXT("error while mounting volume"), CS, CLASS_MOUNT_FAILED },
	{ PACKED_TEXT("mounting \"*\"") "\0" PACKED_TEXT("to rootfs"), AND | CS, CLASS_MOUNT_FAILED },
	{ PACKED_TEXT("^invalid mount config"), CS, CLASS_MOUNT_FAILED },
	{ PACKED_TEXT("^invalid volume spec"), CS, CLASS_MOUNT_FAILED },             /* dockerd, volume/mounts */
	{ PACKED_TEXT("looking up volume plugin"), CS, CLASS_MOUNT_FAILED },
	/* the node's own programs before the container's: shim, runtime, iptables are looked for on the host */
	{ PACKED_TEXT("unknown or invalid runtime"), CS, CLASS_RUNTIME_MISSING },
	{ PACKED_TEXT("unknown runtime specified"), CS, CLASS_RUNTIME_MISSING },
	{ PACKED_TEXT("failed to start shim") "\0" PACKED_TEXT("executable file not found in $path"), AND | CS, CLASS_RUNTIME_MISSING },                  /* containerd */
	{ PACKED_TEXT("unable to retrieve oci runtime error") "\0" PACKED_TEXT("executable file not found in $path"), AND | CS, CLASS_RUNTIME_MISSING },
	{ PACKED_TEXT("unable to retrieve oci runtime error") "\0" PACKED_TEXT(": * *: no such file or directory"), AND | CS, CLASS_RUNTIME_MISSING },
	{ PACKED_TEXT("^address already in use"), CS, CLASS_PORT_IN_USE },
	{ PACKED_TEXT("port is already allocated"), CS, CLASS_PORT_IN_USE },
	{ PACKED_TEXT("failed to set up container networking"), CS, CLASS_NETWORK_MISSING },
	{ PACKED_TEXT("driver failed programming"), CS, CLASS_NETWORK_MISSING },
	{ PACKED_TEXT("joining network namespace"), CS, CLASS_NETWORK_MISSING },
	{ PACKED_TEXT("network * not found"), CS, CLASS_NETWORK_MISSING },
	{ PACKED_TEXT("executable file not found in $path"), CS, CLASS_EXEC_NOT_FOUND },
	{ PACKED_TEXT("executable file `") "\0" PACKED_TEXT("not found in $path"), AND | CS, CLASS_EXEC_NOT_FOUND },       /* crun */
	{ PACKED_TEXT("^exec: \"") "\0" PACKED_TEXT("^no such file or directory"), AND | CS, CLASS_EXEC_NOT_FOUND },
	{ PACKED_TEXT("^exec: \"") "\0" PACKED_TEXT("^permission denied"), AND | CS, CLASS_EXEC_DENIED },
	{ PACKED_TEXT("^exec: \"") "\0" PACKED_TEXT("^is a directory"), AND | CS, CLASS_EXEC_DENIED },
	{ PACKED_TEXT("^exec format error"), S | R, CLASS_EXEC_FORMAT },
	{ PACKED_TEXT("^unable to find user"), CS, CLASS_USER_MISSING },
	{ PACKED_TEXT("^unable to find group"), CS, CLASS_USER_MISSING },
	{ PACKED_TEXT("error gathering device information"), CS, CLASS_DEVICE_MISSING },
	{ PACKED_TEXT("could not select device driver"), CS, CLASS_DEVICE_MISSING },
	{ PACKED_TEXT("unresolvable cdi devices"), CS, CLASS_DEVICE_MISSING },       /* dockerd, by its CDI library */
	{ PACKED_TEXT("^nvidia-container-cli:"), CS, CLASS_DEVICE_MISSING },         /* its hook of runc */
	{ PACKED_TEXT("^minimum memory limit"), CS, CLASS_RESOURCE_LIMITS },
	{ PACKED_TEXT("^range of cpus"), CS, CLASS_RESOURCE_LIMITS },
	{ PACKED_TEXT("requested cpus are not available"), CS, CLASS_RESOURCE_LIMITS },
	{ PACKED_TEXT("^invalid value") "\0" PACKED_TEXT("for cpuset"), AND | CS, CLASS_RESOURCE_LIMITS },
	{ PACKED_TEXT("error setting rlimit"), CS, CLASS_RESOURCE_LIMITS },
	{ PACKED_TEXT("^sysctl \""), CS, CLASS_RESOURCE_LIMITS },
	{ PACKED_TEXT("^open sysctl "), CS, CLASS_RESOURCE_LIMITS },
	{ PACKED_TEXT(" /proc/sys/"), CS, CLASS_RESOURCE_LIMITS },
	{ PACKED_TEXT("s platform resources"), C, CLASS_CGROUP },                    /* ECS agent, CgroupError */
	{ PACKED_TEXT("cgroup"), CS, CLASS_CGROUP },                                 /* runc */
	{ PACKED_TEXT(" /sys/fs/cgroup"), CS, CLASS_CGROUP },
	{ PACKED_TEXT("s volume resources"), C, CLASS_MOUNT_FAILED },                /* ECS agent, VolumeError */
	{ PACKED_TEXT("fetching secret data"), C, CLASS_SECRET_UNAVAILABLE },        /* ECS agent: its task resources ssm, asm */
	{ PACKED_TEXT("retrieve secret"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("secret resource: "), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("secrets manager"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("ssm client"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("ssm parameter"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("secretsmanager:get"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("ssm:get"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("environment file"), C, CLASS_SECRET_UNAVAILABLE },            /* and environment files in S3 */
	{ PACKED_TEXT("env file"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("s3 client for bucket"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("execution role credentials"), C, CLASS_SECRET_UNAVAILABLE },
	{ PACKED_TEXT("^context deadline exceeded"), CS, CLASS_START_TIMEOUT },      /* containerd, its shim */

	/* run */
	{ PACKED_TEXT("container killed due to memory usage"), R, CLASS_OOM },       /* ECS agent, OutOfMemoryError */
	/* last words of a container whose interpreter or loader is missing: that of another machine or libc */
	{ PACKED_TEXT("^exec *: no such file or directory"), R, CLASS_EXEC_FORMAT },
	{ PACKED_TEXT("exec user process caused") "\0" PACKED_TEXT("no such file or directory"), AND | R, CLASS_EXEC_FORMAT },   /* runc until 1.0 */
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

static bool says(struct slice plain, const char *pattern)
{
	char buf[PACKED_MAX];

	return plain_says(plain, packed_format(buf, pattern));
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
		if ((rows[i].stages >> stage & 1) != 0 && says(plain, rows[i].says) &&
		    ((rows[i].stages & AND) == 0 || says(plain, rows[i].says + strlen(rows[i].says) + 1)))
			return (enum class)rows[i].class;
	return unknown(stage);
}
