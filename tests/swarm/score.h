/* score.h - what can be wrong, with a release or with the world, and what is counted over all seeds. */
#ifndef KEDGE_TESTS_SWARM_SCORE_H
#define KEDGE_TESTS_SWARM_SCORE_H

#include <stdint.h>

/* What is wrong with a release; FLAW_NONE: a good one. */
enum flaw { FLAW_NONE, FLAW_NO_IMAGE, FLAW_NO_EXEC, FLAW_ARCH, FLAW_EXITS, FLAW_CRASHES, FLAW_LOOPS, FLAW_UNHEALTHY,
	    FLAW_LATE, FLAW_OOM, FLAWS };

enum fault {
	FAULT_LINE, FAULT_ROUTE, FAULT_DNS, FAULT_MIRROR, FAULT_MIRROR_LAGS, FAULT_DISK, FAULT_CLOCK, FAULT_POWER, FAULT_DOCKERD,
	FAULT_UPGRADE, FAULT_AGENT, FAULT_STALL, FAULT_REREGISTER, FAULT_KILL, FAULT_CREDS, FAULT_PORT, FAULT_DOCKER_KILL,
	FAULT_LOST_ANSWER, FAULT_PRUNE, FAULT_NO_ROOM,
	FAULT_REGISTRY, FAULT_THROTTLE, FAULT_DENIED, FAULT_TAG_DELETED,  /* from here on: the whole world's, no site's */
	FAULTS
};

/* CI, a person's fix, a person's way back, CI once more the same, kedge's UpdateService by a person's word */
enum who { WHO_CI, WHO_FIX, WHO_BACK, WHO_AGAIN, WHO_KEDGE };

enum truth { TRUTH_BAD, TRUTH_GOOD, TRUTH_SITE, TRUTHS };            /* of a deployment; SITE: good, and a site failed its tasks */
enum outcome { OUT_RIGHT, OUT_WRONG, OUT_MISSED, OUT_ASKED, OUT_ALONE, OUTCOMES };

struct swarm_score {
	uint64_t steps, seeds, hours, nodes, faults[FAULTS], deployments, bad, matrix[TRUTHS][OUTCOMES];
	uint64_t told, told_again, decided_wrong, blamed_wrong, stops, idle_stops, updates, quorums, restarts, misled, by_breaker, by_people;
};

const char *swarm_fault_name(enum fault fault);

#endif
