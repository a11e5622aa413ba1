/* The rows of classify.c, which includes this twice: for their texts and for what each leads to.
 * ROW(pattern of plain_says(), stages, class); with AND a second pattern stands behind the NUL of the first, and both have to fit.
 *
 * First fit wins, so within a stage the rows go from what can only mean one thing to the ambiguous. Words were seen on
 * dockerd 20.10, 26.1 and 28.5 (graph driver and containerd store) unless their origin is named. What the kernel says
 * (errno) and what a registry's error codes say stands where a clause begins; names never do. */
/* the node itself, at any stage */
ROW(PACKED_TEXT("^no space left on device"), ANY, CLASS_DISK_FULL)
ROW(PACKED_TEXT("^disk quota exceeded"), ANY, CLASS_DISK_FULL)               /* EDQUOT, strerror */
ROW(PACKED_TEXT("cannot connect to the docker daemon"), ANY, CLASS_ENGINE_DOWN) /* docker client library */
ROW(PACKED_TEXT("^dial unix *: connect:"), P, CLASS_ENGINE_DOWN)             /* the same; no registry is a unix socket */

/* pull: given up, or nothing came in any more */
ROW(PACKED_TEXT("^context canceled"), P, CLASS_PULL_CANCELLED)
ROW(PACKED_TEXT("inactivity time exceeded"), P, CLASS_PULL_TIMEOUT)          /* ECS agent */
/* pull: the image does not fit the machine */
ROW(PACKED_TEXT("no matching manifest for"), P, CLASS_IMAGE_WRONG_ARCH)
ROW(PACKED_TEXT("no match for platform in manifest"), P, CLASS_IMAGE_WRONG_ARCH)
ROW(PACKED_TEXT("cannot be used on this platform"), P, CLASS_IMAGE_WRONG_ARCH)
/* pull: the reference cannot be one */
ROW(PACKED_TEXT("^invalid reference format"), P | C, CLASS_IMAGE_BAD_REFERENCE)
ROW(PACKED_TEXT("^invalid tag format"), P | C, CLASS_IMAGE_BAD_REFERENCE)
/* pull: quota */
ROW(PACKED_TEXT("^toomanyrequests"), P, CLASS_REGISTRY_THROTTLED)
ROW(PACKED_TEXT("429 too many requests"), P, CLASS_REGISTRY_THROTTLED)
ROW(PACKED_TEXT("parsing http 429"), P, CLASS_REGISTRY_THROTTLED)
ROW(PACKED_TEXT("^rate exceeded"), P, CLASS_REGISTRY_THROTTLED)
/* pull: a web page, or no JSON where JSON must be: something between here and the registry answered. An XML
 * error of S3, where ECR keeps its layers, is the registry's own */
ROW(PACKED_TEXT("<?xml") "\0" PACKED_TEXT("accessdenied"), AND | P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("<html"), P, CLASS_REGISTRY_BLOCKED)
ROW(PACKED_TEXT("<!doctype"), P, CLASS_REGISTRY_BLOCKED)
ROW(PACKED_TEXT("text/html"), P, CLASS_REGISTRY_BLOCKED)
ROW(PACKED_TEXT("invalid character '<'"), P, CLASS_REGISTRY_BLOCKED)
ROW(PACKED_TEXT("proxy authentication required"), P, CLASS_REGISTRY_BLOCKED) /* HTTP 407 */
ROW(PACKED_TEXT("^forbidden$"), P, CLASS_REGISTRY_BLOCKED)                   /* Go net/http: a proxy's 403; a registry's has its number */
/* pull: the way there */
ROW(PACKED_TEXT("^x509:"), P, CLASS_REGISTRY_TLS)
ROW(PACKED_TEXT("server gave http response to https client"), P, CLASS_REGISTRY_TLS)
ROW(PACKED_TEXT("^tls:"), P, CLASS_REGISTRY_TLS)
ROW(PACKED_TEXT("^no such host"), P, CLASS_REGISTRY_DNS)
ROW(PACKED_TEXT("^server misbehaving"), P, CLASS_REGISTRY_DNS)
ROW(PACKED_TEXT("lookup *") "\0" PACKED_TEXT("i/o timeout"), AND | P, CLASS_REGISTRY_DNS)
ROW(PACKED_TEXT("^dial tcp: lookup "), P, CLASS_REGISTRY_DNS)                /* Go net: whatever kept the name server away */
ROW(PACKED_TEXT("^connection refused"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("^network is unreachable"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("^network is down"), P, CLASS_REGISTRY_UNREACHABLE)          /* ENETDOWN, strerror */
ROW(PACKED_TEXT("^no route to host"), P, CLASS_REGISTRY_UNREACHABLE)         /* EHOSTUNREACH, strerror */
ROW(PACKED_TEXT("^i/o timeout"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("^connection timed out"), P, CLASS_REGISTRY_UNREACHABLE)     /* ETIMEDOUT, strerror */
ROW(PACKED_TEXT("^connection reset by peer"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("^broken pipe"), P, CLASS_REGISTRY_UNREACHABLE)              /* EPIPE, strerror */
ROW(PACKED_TEXT("^tls handshake timeout"), P, CLASS_REGISTRY_UNREACHABLE)    /* Go net/http */
ROW(PACKED_TEXT("exceeded while "), P, CLASS_REGISTRY_UNREACHABLE)           /* Go net/http, its Client.Timeout */
ROW(PACKED_TEXT("canceled while waiting for connection"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("cancellation while reading body"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("^context deadline exceeded"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("^unexpected eof"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("^eof$"), P, CLASS_REGISTRY_UNREACHABLE)                     /* Go io: the peer hung up */
ROW(PACKED_TEXT("expected http 206"), P, CLASS_REGISTRY_UNREACHABLE)
/* pull: the registry's own trouble. ": 50": a status, not a port, which has no blank before it */
ROW(PACKED_TEXT("received unexpected http status: 5"), P, CLASS_REGISTRY_ERROR)
ROW(PACKED_TEXT("unexpected status ") "\0" PACKED_TEXT(": 50"), AND | P, CLASS_REGISTRY_ERROR)
ROW(PACKED_TEXT("error from registry: unknown$"), P, CLASS_REGISTRY_ERROR)
/* pull: not there */
ROW(PACKED_TEXT("^manifest unknown"), P, CLASS_IMAGE_NOT_FOUND)
ROW(PACKED_TEXT("^name unknown"), P, CLASS_IMAGE_NOT_FOUND)
ROW(PACKED_TEXT("manifest for * not found"), P, CLASS_IMAGE_NOT_FOUND)
ROW(PACKED_TEXT("^artifact * not found"), P, CLASS_IMAGE_NOT_FOUND)          /* Harbor */
ROW(PACKED_TEXT("^repository * not found"), P, CLASS_IMAGE_NOT_FOUND)        /* Harbor */
ROW(PACKED_TEXT("failed to resolve reference \"*\": *: not found"), P, CLASS_IMAGE_NOT_FOUND)
ROW(PACKED_TEXT("^no such image"), P | C, CLASS_IMAGE_NOT_FOUND)
/* pull: not allowed; a repository that does not exist says so too, and nobody can tell from the words */
ROW(PACKED_TEXT("authorization token has expired"), P, CLASS_REGISTRY_AUTH_EXPIRED)
ROW(PACKED_TEXT("expiredtoken"), P, CLASS_REGISTRY_AUTH_EXPIRED)             /* AWS API, while asking ECR for a token; */
ROW(PACKED_TEXT("^signature expired"), P, CLASS_REGISTRY_AUTH_EXPIRED)       /* so it says when the clock is wrong */
ROW(PACKED_TEXT("no basic auth credentials"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("pull access denied"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("^unauthorized"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("401 unauthorized"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("403 forbidden"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("parsing http 401"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("parsing http 403"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("not authorized to perform"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("insufficient_scope"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("requested access to the resource is denied"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("credentials: not found"), P, CLASS_REGISTRY_AUTH)           /* ECS agent */
ROW(PACKED_TEXT("error getting credentials"), P, CLASS_REGISTRY_AUTH)        /* docker credential helpers */
ROW(PACKED_TEXT("nocredentialproviders"), P, CLASS_REGISTRY_AUTH)            /* AWS SDK in the ECS agent */
ROW(PACKED_TEXT("^denied"), P, CLASS_REGISTRY_AUTH)
/* pull: an answer that only its number tells, and that says nothing of the image */
ROW(PACKED_TEXT("parsing http 4"), P, CLASS_PULL_UNKNOWN)
/* pull: there, but not usable */
ROW(PACKED_TEXT("verification failed for digest"), P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("^unexpected commit digest"), P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("^unknown blob"), P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("could not fetch content descriptor"), P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("invalid tar header"), P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("^wrong diff id"), P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("don't match image configuration"), P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("^short read"), P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("^invalid character '") "\0" PACKED_TEXT("looking for beginning"), AND | P, CLASS_IMAGE_CORRUPT)
ROW(PACKED_TEXT("^unsupported media type"), P, CLASS_IMAGE_UNSUPPORTED)
ROW(PACKED_TEXT("^encountered remote \"") "\0" PACKED_TEXT("when fetching"), AND | P, CLASS_IMAGE_UNSUPPORTED)   /* 20.10, by digest */
ROW(PACKED_TEXT("^missing signature key"), P, CLASS_IMAGE_UNSUPPORTED)
ROW(PACKED_TEXT("mediatype"), P, CLASS_IMAGE_UNSUPPORTED)
ROW(PACKED_TEXT("error unmarshalling content"), P, CLASS_IMAGE_UNSUPPORTED)
/* pull: only the sentence the ECS agent (1.84.0 on) puts before the engine's words is left */
ROW(PACKED_TEXT("pull the image. check your network configuration"), P, CLASS_REGISTRY_UNREACHABLE)
ROW(PACKED_TEXT("pull the image. check that the role has the permissions"), P, CLASS_REGISTRY_AUTH)
ROW(PACKED_TEXT("pull the image. check whether the image exists"), P, CLASS_REGISTRY_AUTH)

/* create and start; log drivers first, their errors quote networks and credentials */
ROW(PACKED_TEXT("failed to initialize logging driver"), CS, CLASS_LOG_DRIVER)
ROW(PACKED_TEXT("looking up logging plugin"), CS, CLASS_LOG_DRIVER)
ROW(PACKED_TEXT("log opt '"), CS, CLASS_LOG_DRIVER)
ROW(PACKED_TEXT("no log driver named"), CS, CLASS_LOG_DRIVER)                /* dockerd, daemon/logger */
ROW(PACKED_TEXT("^conflict. the container name"), C, CLASS_NAME_CONFLICT)
ROW(PACKED_TEXT("cannot start a stopped process"), CS, CLASS_START_OOM)
ROW(PACKED_TEXT("container init was oom-killed"), CS, CLASS_START_OOM)       /* runc 1.1 on */
ROW(PACKED_TEXT("error mounting \"cgroup"), CS, CLASS_CGROUP)                /* runc: the host mounts it otherwise */
ROW(PACKED_TEXT("mounting \"cgroup") "\0" PACKED_TEXT("to rootfs"), AND | CS, CLASS_CGROUP)
ROW(PACKED_TEXT("bind source path does not exist"), CS, CLASS_MOUNT_FAILED)
ROW(PACKED_TEXT("error while creating mount source path"), CS, CLASS_MOUNT_FAILED)
ROW(PACKED_TEXT("error while mounting volume"), CS, CLASS_MOUNT_FAILED)
ROW(PACKED_TEXT("mounting \"*\"") "\0" PACKED_TEXT("to rootfs"), AND | CS, CLASS_MOUNT_FAILED)
ROW(PACKED_TEXT("^invalid mount config"), CS, CLASS_MOUNT_FAILED)
ROW(PACKED_TEXT("^invalid volume spec"), CS, CLASS_MOUNT_FAILED)             /* dockerd, volume/mounts */
ROW(PACKED_TEXT("looking up volume plugin"), CS, CLASS_MOUNT_FAILED)
/* the node's own programs before the container's: shim, runtime, iptables are looked for on the host */
ROW(PACKED_TEXT("unknown or invalid runtime"), CS, CLASS_RUNTIME_MISSING)
ROW(PACKED_TEXT("unknown runtime specified"), CS, CLASS_RUNTIME_MISSING)
ROW(PACKED_TEXT("failed to start shim") "\0" PACKED_TEXT("executable file not found in $path"), AND | CS, CLASS_RUNTIME_MISSING)                  /* containerd */
ROW(PACKED_TEXT("unable to retrieve oci runtime error") "\0" PACKED_TEXT("executable file not found in $path"), AND | CS, CLASS_RUNTIME_MISSING)
ROW(PACKED_TEXT("unable to retrieve oci runtime error") "\0" PACKED_TEXT(": * *: no such file or directory"), AND | CS, CLASS_RUNTIME_MISSING)
ROW(PACKED_TEXT("^address already in use"), CS, CLASS_PORT_IN_USE)
ROW(PACKED_TEXT("port is already allocated"), CS, CLASS_PORT_IN_USE)
ROW(PACKED_TEXT("failed to set up container networking"), CS, CLASS_NETWORK_MISSING)
ROW(PACKED_TEXT("driver failed programming"), CS, CLASS_NETWORK_MISSING)
ROW(PACKED_TEXT("joining network namespace"), CS, CLASS_NETWORK_MISSING)
ROW(PACKED_TEXT("network * not found"), CS, CLASS_NETWORK_MISSING)
ROW(PACKED_TEXT("executable file not found in $path"), CS, CLASS_EXEC_NOT_FOUND)
ROW(PACKED_TEXT("executable file `") "\0" PACKED_TEXT("not found in $path"), AND | CS, CLASS_EXEC_NOT_FOUND)       /* crun */
ROW(PACKED_TEXT("^exec: \"") "\0" PACKED_TEXT("^no such file or directory"), AND | CS, CLASS_EXEC_NOT_FOUND)
ROW(PACKED_TEXT("^exec: \"") "\0" PACKED_TEXT("^permission denied"), AND | CS, CLASS_EXEC_DENIED)
ROW(PACKED_TEXT("^exec: \"") "\0" PACKED_TEXT("^is a directory"), AND | CS, CLASS_EXEC_DENIED)
ROW(PACKED_TEXT("^exec format error"), S | R, CLASS_EXEC_FORMAT)
ROW(PACKED_TEXT("^unable to find user"), CS, CLASS_USER_MISSING)
ROW(PACKED_TEXT("^unable to find group"), CS, CLASS_USER_MISSING)
ROW(PACKED_TEXT("error gathering device information"), CS, CLASS_DEVICE_MISSING)
ROW(PACKED_TEXT("could not select device driver"), CS, CLASS_DEVICE_MISSING)
ROW(PACKED_TEXT("unresolvable cdi devices"), CS, CLASS_DEVICE_MISSING)       /* dockerd, by its CDI library */
ROW(PACKED_TEXT("^nvidia-container-cli:"), CS, CLASS_DEVICE_MISSING)         /* its hook of runc */
ROW(PACKED_TEXT("^minimum memory limit"), CS, CLASS_RESOURCE_LIMITS)
ROW(PACKED_TEXT("^range of cpus"), CS, CLASS_RESOURCE_LIMITS)
ROW(PACKED_TEXT("requested cpus are not available"), CS, CLASS_RESOURCE_LIMITS)
ROW(PACKED_TEXT("^invalid value") "\0" PACKED_TEXT("for cpuset"), AND | CS, CLASS_RESOURCE_LIMITS)
ROW(PACKED_TEXT("error setting rlimit"), CS, CLASS_RESOURCE_LIMITS)
ROW(PACKED_TEXT("^sysctl \""), CS, CLASS_RESOURCE_LIMITS)
ROW(PACKED_TEXT("^open sysctl "), CS, CLASS_RESOURCE_LIMITS)
ROW(PACKED_TEXT(" /proc/sys/"), CS, CLASS_RESOURCE_LIMITS)
ROW(PACKED_TEXT("s platform resources"), C, CLASS_CGROUP)                    /* ECS agent, CgroupError */
ROW(PACKED_TEXT("cgroup"), CS, CLASS_CGROUP)                                 /* runc */
ROW(PACKED_TEXT(" /sys/fs/cgroup"), CS, CLASS_CGROUP)
ROW(PACKED_TEXT("s volume resources"), C, CLASS_MOUNT_FAILED)                /* ECS agent, VolumeError */
ROW(PACKED_TEXT("fetching secret data"), C, CLASS_SECRET_UNAVAILABLE)        /* ECS agent: its task resources ssm, asm */
ROW(PACKED_TEXT("retrieve secret"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("secret resource: "), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("secrets manager"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("ssm client"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("ssm parameter"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("secretsmanager:get"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("ssm:get"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("environment file"), C, CLASS_SECRET_UNAVAILABLE)            /* and environment files in S3 */
ROW(PACKED_TEXT("env file"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("s3 client for bucket"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("execution role credentials"), C, CLASS_SECRET_UNAVAILABLE)
ROW(PACKED_TEXT("^context deadline exceeded"), CS, CLASS_START_TIMEOUT)      /* containerd, its shim */

/* run */
ROW(PACKED_TEXT("container killed due to memory usage"), R, CLASS_OOM)       /* ECS agent, OutOfMemoryError */
/* last words of a container whose interpreter or loader is missing: that of another machine or libc */
ROW(PACKED_TEXT("^exec *: no such file or directory"), R, CLASS_EXEC_FORMAT)
ROW(PACKED_TEXT("exec user process caused") "\0" PACKED_TEXT("no such file or directory"), AND | R, CLASS_EXEC_FORMAT)   /* runc until 1.0 */
