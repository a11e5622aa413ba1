/* class.h - what failed (class), where in a task's life (stage), whose fault (blame). The names are the
 * contract with users; the table in class.c says for each class how it is judged by default. */
#ifndef KEDGE_CORE_CLASS_H
#define KEDGE_CORE_CLASS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/str.h"

enum stage { STAGE_PULL, STAGE_CREATE, STAGE_START, STAGE_RUN, STAGE_DEPLOY, STAGE_NODE, STAGES };

enum blame { BLAME_UNKNOWN, BLAME_RELEASE, BLAME_NODE, BLAME_REGISTRY, BLAME_NETWORK, BLAME_CREDENTIALS,
	     BLAME_CAPACITY, BLAMES };

enum fix_by { FIX_NOBODY, FIX_SITE, FIX_DEVELOPER, FIX_CLOUD, FIXERS };

enum class {
	CLASS_NONE,
	/* pull */
	CLASS_IMAGE_NOT_FOUND, CLASS_IMAGE_BAD_REFERENCE, CLASS_IMAGE_WRONG_ARCH, CLASS_IMAGE_UNSUPPORTED,
	CLASS_IMAGE_CORRUPT, CLASS_REGISTRY_AUTH, CLASS_REGISTRY_AUTH_EXPIRED, CLASS_REGISTRY_THROTTLED,
	CLASS_REGISTRY_UNREACHABLE, CLASS_REGISTRY_DNS, CLASS_REGISTRY_TLS, CLASS_REGISTRY_ERROR,
	CLASS_REGISTRY_BLOCKED, CLASS_PULL_TIMEOUT, CLASS_PULL_CANCELLED, CLASS_DISK_FULL, CLASS_STALE_IMAGE,
	CLASS_PULL_UNKNOWN,
	/* create and start */
	CLASS_NAME_CONFLICT, CLASS_CREATE_FAILED, CLASS_EXEC_NOT_FOUND, CLASS_EXEC_DENIED, CLASS_EXEC_FORMAT,
	CLASS_USER_MISSING, CLASS_MOUNT_FAILED, CLASS_PORT_IN_USE, CLASS_DEVICE_MISSING, CLASS_NETWORK_MISSING,
	CLASS_RUNTIME_MISSING, CLASS_RESOURCE_LIMITS, CLASS_LOG_DRIVER, CLASS_CGROUP, CLASS_SECRET_UNAVAILABLE,
	CLASS_START_TIMEOUT, CLASS_START_OOM, CLASS_START_UNKNOWN,
	/* run; `exited` is an exit later than early_exit that nobody asked for */
	CLASS_EXITED_EARLY, CLASS_EXITED, CLASS_CRASH_LOOP, CLASS_RESTART_LOOP, CLASS_OOM, CLASS_KILLED_BY_SIGNAL,
	CLASS_UNHEALTHY,
	/* deploy */
	CLASS_STUCK, CLASS_PLACEMENT_FAILED,
	/* host and node: told, never counted */
	CLASS_ENDED_WITH_HOST, CLASS_ORPHAN, CLASS_ENGINE_DOWN, CLASS_ECS_AGENT_DOWN, CLASS_AGENT_STALLED,
	CLASS_CLOCK_UNSET,
	CLASSES
};
_Static_assert(CLASSES <= 64, "a set of classes is one uint64_t");

#define CLASS_BIT(class) (UINT64_C(1) << (class))

const char *class_name(enum class class);
const char *stage_name(enum stage stage);
const char *blame_name(enum blame blame);
const char *fix_by_name(enum fix_by who);
/* False when there is no such name. */
bool class_from(struct slice name, enum class *out);
bool stage_from(struct slice name, enum stage *out);
bool blame_from(struct slice name, enum blame *out);

/* One occurrence is a verdict: asking again cannot give another answer (design 5). */
bool class_deterministic(enum class class);
/* The blame before any experiment on this node has spoken. */
enum blame class_blame(enum class class);
enum stage class_stage(enum class class);
/* True for classes the circuit breaker of ECS counts: the task never reached RUNNING, or its container
 * health check failed (AWS developer guide, deployment circuit breaker, stages 1 and 2). */
bool class_breaker_counts(enum class class);
/* The classes that may cause a rollback unless the conf says otherwise (contract, [policy] classes). */
uint64_t class_default_set(void);
/* Who can mend it, and the sentence that says what to do next; both depend on the blame. Never NULL. */
enum fix_by class_fix_by(enum class class, enum blame blame);
const struct packed *class_next_step(enum class class, enum blame blame);

#endif
