/* advice.h - what makes a service of this node hard to judge or to haul back, though nothing has failed yet. */
#ifndef KEDGE_CORE_ADVICE_H
#define KEDGE_CORE_ADVICE_H

#include "agent/core/state.h"

enum advice {
	ADVICE_NO_BREAKER,              /* AWS said: no deployment circuit breaker */
	ADVICE_NO_HEALTH_CHECK,         /* none of its containers running here has one */
	ADVICE_MUTABLE_TAG,             /* its task definition names an image by tag alone */
	ADVICE_VERSION_CONSISTENCY_OFF, /* and ECS recorded no digest for a tag that ran */
	ADVICE_FIXED_PORT,              /* a host port of its own, and 100/200 percent: the new task never fits beside the old */
	ADVICE_IMAGE_CLEANUP,           /* the ECS agent deletes images a rollback needs */
	ADVICE_LOG_LEVEL,               /* the ECS agent's log leaves out the reasons */
	ADVICES
};

/* A bit (1 << advice) for each that is known to be so of service[index]; what is not known gives none. */
uint32_t core_advice(const struct core *c, uint32_t service);
/* One sentence with the remedy, for a technician. */
const struct packed *advice_text(enum advice advice);

#endif
