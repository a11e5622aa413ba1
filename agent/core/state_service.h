/* state_service.h - rows of the state: a service, what AWS said of it, and the rollback it may need. */
#ifndef KEDGE_CORE_STATE_SERVICE_H
#define KEDGE_CORE_STATE_SERVICE_H

#include "agent/core/state_asked.h"

struct revision {
	bool missing;
	uint64_t ms;                     /* boot clock of the answer */
	char arn[ARN_CAP], family[NAME_CAP];
	uint32_t revision, n;
	struct image_pin image[TASK_CONTAINERS];
};

enum verdict { V_UNKNOWN, V_OK, V_ROLLING, V_SUSPECT, V_FAILING, V_STUCK, V_ROLLING_BACK, V_ROLLED_BACK, VERDICTS };
enum serving { SERVING_NONE, SERVING_OLD, SERVING_NEW };

struct rb_work {                         /* of the open intent; nothing here needs to outlive a restart */
	uint64_t seq;                    /* of its newest record; durable when <= saved_seq */
	uint64_t decided_ms, hold_ms, next_ms, stop_ms, breaker_ms, cb_grew_ms;
	uint32_t quorums;                /* answers that did not permit it */
	uint32_t tries, lost;            /* of the call: refused or lost so far; looks it needs before one more, as an answer was lost */
	uint32_t cb_failures, conflicts, watched, unclear, quorum_ask, image_ask;
	bool save, stop_sent, quorum_sent, quorum_wanted, image_wanted, image_sent;
	bool ask_person;                 /* policy alone must not go on: the preflight could not be made sure of */
	uint64_t image_ms;               /* when the target's image was asked for; 0: not yet */
	char target_image[DIGEST_CAP];   /* id of the image the rollback would start, as this node knew it */
	enum tri target_there;
	uint64_t quorum_ms;
	struct ev_aws_quorum quorum;
};

/* What every service has stands together at two places, around them what few have: a page nobody writes costs nothing. */
struct service {
	struct rollback rb;
	struct rb_work work;
	bool used, save, note;
	bool stuck;                      /* told to be over its deadline, and not moved since */
	bool history_known, history_denied; /* denied: without the shared memory `auto` acts as `manual` */
	enum verdict verdict;
	enum serving serving;
	enum rb_state noted;             /* the rollback state the last ACT_NOTE told */
	uint32_t n_history, n_revisions;
	uint64_t moved_ms;               /* when the newest deployment was last seen to move */
	uint64_t history_ms, dep_ms;     /* boot clock of those answers; 0: none since the start */
	struct service_memory m;
	struct ev_aws_deployment dep;    /* the newest deployment, as last described */
	struct look look;
	struct sd_brief history[HISTORY_MAX];
	struct asked_service asked;
	struct asked_registry registry;
	char want[REVISIONS_MAX][ARN_CAP];       /* revisions that the look asks for: look.n_want of them, from the end */
	struct revision revision[REVISIONS_MAX];
};

#endif
