/* event_aws.h - what AWS, a person at the box, and the journal tell the judgement. */
#ifndef KEDGE_CORE_EVENT_AWS_H
#define KEDGE_CORE_EVENT_AWS_H

#include "agent/core/aws_words.h"
#include "agent/core/record.h"

/* `ask` repeats the number of the action that asked, so that a late answer to an old question is seen as such. */
struct ev_aws_task {
	char task[ARN_CAP], service[NAME_CAP];    /* service empty: the task is of no service */
	char started_by[STARTED_BY_CAP];
	bool missing;                             /* AWS no longer knows the task */
};

struct sd_brief {
	char arn[ARN_CAP], target_revision[ARN_CAP];
	enum sd_status status;
	int64_t created_unix_ms, finished_unix_ms;
};
struct ev_aws_list { uint32_t service, ask, n; struct sd_brief item[HISTORY_MAX]; }; /* newest first */

struct ev_aws_deployment {
	uint32_t service, ask;
	bool missing;                             /* failures[]: MISSING */
	char arn[ARN_CAP], target_revision[ARN_CAP], source_revision[ARN_CAP], rollback_revision[ARN_CAP];
	enum sd_status status;
	char status_reason[SENTENCE_CAP];
	uint32_t requested, running, pending;     /* of the target revision */
	uint32_t source_running, source_requested;
	uint32_t min_percent, max_percent;        /* deploymentConfiguration; 0, 0 = not said */
	bool cb_enabled, cb_rollback, paused;     /* paused: a lifecycle hook awaits action, or bake time */
	enum cb_status cb_status;
	uint32_t cb_failures, cb_threshold;
	int64_t created_unix_ms;
};

/* reference: a hash of the image reference as the task definition has it (slice_hash), 0 = not said; tagged: it names
 * no digest, so that what it means can change. */
struct image_pin { char container[NAME_CAP], digest[DIGEST_CAP]; uint64_t reference; bool tagged; };
struct ev_aws_revision {
	uint32_t service, ask;
	bool missing, last;                       /* last: no further revision of this answer follows */
	char arn[ARN_CAP], family[NAME_CAP];
	uint32_t revision, n;
	struct image_pin image[TASK_CONTAINERS];
};

/* Container instances that tried the deployment's target, and what became of it there. */
struct ev_aws_quorum { uint32_t service, ask, tried, failed, ran_well; };

struct ev_aws_stopped { uint32_t service, ask; char arn[ARN_CAP]; };
struct ev_aws_updated { uint32_t service, ask; };

struct ev_aws_service {
	uint32_t service, ask;
	bool missing;                             /* failures[]: MISSING, or INACTIVE */
	enum controller controller;
	int64_t placement_unix_ms;                /* its newest event that tells of a task ECS could not place; 0: none */
	char placement[SENTENCE_CAP];             /* that event's message, cut */
	uint32_t failed_tasks, running, pending;  /* of its PRIMARY deployment */
};

struct ev_aws_failed {
	uint32_t service, ask;
	enum aws_op op;
	enum aws_error error;
	uint64_t retry_after_ms;                  /* as long AWS asks to wait; 0: not said */
	char task[ARN_CAP];                       /* OP_TASK: whose */
	char detail[REASON_CAP];                  /* AWS's own message: names action and resource when denied */
};

struct ev_restore { struct record record; bool last; };

#endif
