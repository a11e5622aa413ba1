/* state_asked.h - where a service's questions to AWS and to registries stand, and what they last said. */
#ifndef KEDGE_CORE_STATE_ASKED_H
#define KEDGE_CORE_STATE_ASKED_H

#include "agent/core/event.h"

enum look_step { LOOK_IDLE, LOOK_LIST, LOOK_DEPLOYMENT, LOOK_REVISION };
struct look {
	enum look_step step;
	bool wanted, full, asked_full, send;         /* wanted: more than time asks for it; send: the action of this step has not left yet */
	uint32_t ask, failures, n_want;
	uint64_t next_ms, sent_ms, done_ms;          /* done_ms: when the last one went through; 0: none did */
	char arn[ARN_CAP];
};

struct asked_service {                   /* what DescribeServices last said of it */
	bool wanted, sent;
	uint32_t ask;
	uint64_t ms, next_ms;            /* boot clock of the answer, 0: none; not to be asked before next_ms */
	struct ev_aws_service said;
};

struct registry_word { uint64_t container; enum image_word word; };     /* container: slice_hash of its name */

struct asked_registry {                  /* what kedge asked of the registry itself, once a revision */
	char family[NAME_CAP];
	uint32_t revision, ask, n;       /* ask 0: not yet, for want of a line or of budget */
	uint64_t first_ms;               /* of the task that was the reason: of two revisions that wait the newer one counts */
	int64_t unix_ms;                 /* of the newest answer */
	struct registry_word word[TASK_CONTAINERS];
};

#endif
