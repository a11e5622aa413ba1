/* The decision table of blame: what a failure of a class means, given what was found out about it. First fit wins.
 * Read a row as: a failure of one of these CLASSES, of which ALL this was found and NONE of that, is the fault of BLAME. */
#include "agent/core/blame.h"

#define C(class) CLASS_BIT(CLASS_##class)
#define F(finding) FIND(finding)
#define NO_WAY (C(REGISTRY_UNREACHABLE) | C(PULL_TIMEOUT))
#define VAGUE  (C(PULL_UNKNOWN) | C(CREATE_FAILED) | C(START_UNKNOWN) | C(IMAGE_CORRUPT))
#define ENDED  (C(EXITED_EARLY) | C(EXITED) | C(CRASH_LOOP) | C(RESTART_LOOP))
#define RUN    (ENDED | C(UNHEALTHY) | C(OOM) | C(KILLED_BY_SIGNAL))

static const struct rule {
	uint64_t classes;
	uint32_t all, none;
	enum blame blame;
	const struct packed *because;     /* NULL: the findings say it */
} rules[] = {
/* the disk explains whatever is vague or ends at once */
{ VAGUE | ENDED,             F(NO_SPACE),        0,                    BLAME_NODE,     NULL },

/* pull: not found there */
{ C(IMAGE_NOT_FOUND),        F(MIRROR),          0,                    BLAME_REGISTRY, PACKED("That registry is a mirror of this site: what it lacks may exist upstream.") },
{ C(IMAGE_NOT_FOUND),        F(RAN_BEFORE),      0,                    BLAME_REGISTRY, PACKED("This release ran before: the image was deleted from the registry.") },
{ C(IMAGE_NOT_FOUND),        F(RUNS_ELSEWHERE),  0,                    BLAME_REGISTRY, PACKED("Other nodes got the image: it is gone since, or not to be had from here.") },

/* pull: no way there */
{ NO_WAY,                    F(NO_ROUTE),        0,                    BLAME_NETWORK,  NULL },
{ NO_WAY,                    F(REGISTRY_ANSWERS), 0,                   BLAME_NETWORK,  PACKED("The fault was short, or lies between engine and registry.") },
{ NO_WAY,                    F(HOST_REFUSED),    0,                    BLAME_REGISTRY, NULL },
{ NO_WAY,                    F(AWS_ANSWERS),     F(REGISTRY_SERVED),   BLAME_REGISTRY, PACKED("The line is up, only this registry does not answer.") },

/* pull: a wrong clock makes every certificate and token look wrong */
{ C(REGISTRY_TLS) | C(REGISTRY_AUTH_EXPIRED), F(CLOCK_UNSET), 0,       BLAME_NODE,     PACKED("Every certificate and token looks wrong to a clock that is not set.") },
/* pull: other nodes get what this one is refused */
{ C(IMAGE_CORRUPT) | C(PULL_UNKNOWN), F(RUNS_ELSEWHERE), 0,            BLAME_NODE,     NULL },

/* run: applications at the edge exit when their cloud is away; only a predecessor that started then excuses the line */
{ RUN,                       F(LINE_BAD),        F(BEFORE_SAME_LINE),  BLAME_NETWORK,  NULL },
{ RUN,                       F(UNSEEN),          0,                    BLAME_UNKNOWN,  NULL },
{ RUN,                       F(BEFORE_BAD),      0,                    BLAME_UNKNOWN,  NULL },
{ C(OOM),                    F(NO_MEMORY),       0,                    BLAME_NODE,     NULL },
{ RUN,                       F(RUNS_ELSEWHERE),  0,                    BLAME_NODE,     NULL },
{ RUN,                       F(OTHERS_FAIL),     F(BEFORE_STARTED),    BLAME_NODE,     NULL },
{ C(KILLED_BY_SIGNAL),       F(KILLED_BY_HAND),  0,                    BLAME_UNKNOWN,  NULL },
{ C(KILLED_BY_SIGNAL),       F(NOBODY_KILLED),   0,                    BLAME_UNKNOWN,  NULL },
{ RUN,                       F(WORKED_HERE),     F(BEFORE_STARTED),    BLAME_UNKNOWN,  PACKED("What changed since is not the release.") },
{ C(KILLED_BY_SIGNAL),       0,                  0,                    BLAME_RELEASE,  NULL },

/* create and start: a node that lacks what others have */
{ C(START_UNKNOWN) | C(CREATE_FAILED) | C(MOUNT_FAILED), F(RUNS_ELSEWHERE), 0, BLAME_NODE, NULL },
};

/* What decided a row is told first, then what else holds, in the order of enum finding. */
static const uint32_t relevant[STAGES] = {
	[STAGE_PULL] = F(NO_ROUTE) | F(NO_DNS) | F(CLOCK_UNSET) | F(AWS_ANSWERS) | F(REGISTRY_ANSWERS) | F(REGISTRY_SERVED) |
		       F(HOST_REFUSED) | F(NO_SPACE) | F(RUNS_ELSEWHERE) | F(FAILS_ELSEWHERE) | F(BEFORE_STARTED) | F(BEFORE_THIS_BOOT) |
		       F(BEFORE_RUNS) | F(BEFORE_WORKED) | F(SITE_GOOD) | F(ROOM),
	[STAGE_CREATE] = F(NO_SPACE) | F(RUNS_ELSEWHERE) | F(FAILS_ELSEWHERE) | F(BEFORE_STARTED) | F(BEFORE_THIS_BOOT) | F(BEFORE_RUNS) |
			 F(BEFORE_WORKED) | F(OTHERS_START) | F(DEFINITION_ONLY) | F(ROOM) | F(SITE_GOOD),
	[STAGE_START] = F(NO_SPACE) | F(RUNS_ELSEWHERE) | F(FAILS_ELSEWHERE) | F(BEFORE_STARTED) | F(BEFORE_THIS_BOOT) | F(BEFORE_RUNS) |
			F(BEFORE_WORKED) | F(OTHERS_START) | F(DEFINITION_ONLY) | F(ROOM) | F(SITE_GOOD),
	[STAGE_RUN] = F(LINE_BAD) | F(UNSEEN) | F(NO_SPACE) | F(NO_MEMORY) | F(WORKED_HERE) | F(RUNS_ELSEWHERE) | F(FAILS_ELSEWHERE) |
		      F(BEFORE_STARTED) | F(BEFORE_THIS_BOOT) | F(BEFORE_RUNS) | F(BEFORE_WORKED) | F(BEFORE_SAME_LINE) | F(BEFORE_BAD) |
		      F(OTHERS_FAIL) | F(OTHERS_START) | F(KILLED_BY_HAND) | F(NOBODY_KILLED) | F(ROOM) | F(SITE_GOOD),
	[STAGE_DEPLOY] = F(NO_ROUTE) | F(NO_DNS) | F(NO_SPACE) | F(NO_MEMORY) | F(RUNS_ELSEWHERE) | F(FAILS_ELSEWHERE) | F(OTHERS_START),
};

enum blame blame_decide(enum class class, uint32_t found, const struct packed **because)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((rules[i].classes & CLASS_BIT(class)) != 0 && (found & rules[i].all) == rules[i].all && (found & rules[i].none) == 0) {
			*because = rules[i].because;
			return rules[i].blame;
		}
	*because = NULL;
	return class_blame(class);
}

uint32_t blame_relevant(enum stage stage)
{
	return relevant[stage];
}
