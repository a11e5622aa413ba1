/* blame.h - whose fault a failure is: what this node found out, and the table that weighs it. */
#ifndef KEDGE_CORE_BLAME_H
#define KEDGE_CORE_BLAME_H

#include "agent/core/state.h"

/* What was found out about one failure. Each has a sentence; which of them are looked at is in blame_rules.c. */
enum finding {
	FIND_MIRROR,             /* the registry is on policy's list of this site's mirrors */
	FIND_RAN_BEFORE,         /* this definition once ran, here or as AWS counts it */
	FIND_WORKED_HERE,        /* this very release proved good here before it failed */
	FIND_RUNS_ELSEWHERE,     /* another node runs this release well */
	FIND_FAILS_ELSEWHERE,    /* other nodes fail with it as well */
	FIND_NO_ROUTE,
	FIND_NO_DNS,
	FIND_CLOCK_UNSET,
	FIND_LINE_BAD,           /* the line was down, or the clock unset, when it happened */
	FIND_AWS_ANSWERS,
	FIND_REGISTRY_ANSWERS,   /* it answered kedge, asked after the failure */
	FIND_REGISTRY_SERVED,    /* it gave this node another image at about that time */
	FIND_HOST_REFUSED,       /* the registry's host refused or cut the connection */
	FIND_UNSEEN,             /* kedge or the engine was away when it ended */
	FIND_NO_SPACE,           /* bytes or inodes of the engine's data root are used up */
	FIND_NO_MEMORY,          /* the whole host is out of memory */
	FIND_BEFORE_STARTED,     /* the predecessor started here after the first failure: strong */
	FIND_BEFORE_THIS_BOOT,   /* it started here on this boot: medium */
	FIND_BEFORE_RUNS,        /* it merely still runs: says nothing about a new start */
	FIND_BEFORE_WORKED,      /* it once worked here */
	FIND_BEFORE_SAME_LINE,   /* it started under the same bad line and stays up */
	FIND_BEFORE_BAD,         /* it failed here as well: broken before this release */
	FIND_OTHERS_FAIL,        /* releases of other services that had proved good fail here at the same time */
	FIND_OTHERS_START,       /* a task of another service started here since */
	FIND_KILLED_BY_HAND,     /* the engine was asked to kill it at once, and not by ECS, which asks to stop first */
	FIND_NOBODY_KILLED,      /* it died of a signal to stop, and the engine neither sent it nor saw a lack of memory */
	FIND_DEFINITION_ONLY,    /* the class is one that only image and task definition decide */
	FIND_ROOM,               /* the engine's disk has room */
	FIND_SITE_GOOD,          /* route, line and clock were good when it happened */
	FINDINGS
};
#define FIND(finding) (UINT32_C(1) << (FIND_##finding))

/* The findings that hold for this failure. Pure. */
uint32_t blame_find(const struct core *c, const struct fail_slot *slot);

/* The host an image reference names; "docker.io" when it names none. */
struct slice blame_host(const char *image);
/* Rows that two findings are about: a failure of another service's proven release that fell together with f, and a
 * release of another service that started here since. NONE: there is none. */
int32_t blame_other_failing(const struct core *c, const struct failure *f);
int32_t blame_other_started(const struct core *c, const struct fail_slot *slot);

/* The first row of the table that fits decides; *because: the row's own sentence, or NULL. */
enum blame blame_decide(enum class class, uint32_t found, const struct packed **because);

/* The findings worth telling for a stage. */
uint32_t blame_relevant(enum stage stage);

#endif
