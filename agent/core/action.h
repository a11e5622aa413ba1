/* action.h - everything the judgement can want done. The daemon carries them out in order; what an action
 * needs beyond these members it reads from the core's state at `index`. */
#ifndef KEDGE_CORE_ACTION_H
#define KEDGE_CORE_ACTION_H

#include <stdint.h>

#include "agent/core/record.h"

enum act_type {
	ACT_JOURNAL,        /* write the record of (kind, index) under seq; answer EV_SAVED or EV_SAVE_FAILED */
	ACT_REPORT,         /* failure[index] is new: tell every sink, once */
	ACT_NOTE,           /* service[index] changed its verdict or its rollback's state: one line everywhere */
	ACT_SUSPECT,        /* failure[index] is not final yet (a pull still in retry): say so, do not count */
	ACT_INSPECT,        /* engine: inspect container[index]; answer EV_CONTAINER C_LISTED or C_DESTROYED */
	ACT_IMAGE,          /* engine: inspect the image of container[index]; answer EV_IMAGE */
	ACT_LAST_WORDS,     /* engine: what the log of container[index], dead within 2 s, ends with; answer EV_LAST_WORDS */
	ACT_TARGET_IMAGE,   /* is service[index].work.target_image still to be had here? answer EV_TARGET_IMAGE */
	ACT_REGISTRY,       /* are the images of service[index].registry.family:revision to be had? answer EV_REGISTRY each */
	ACT_PROBE,          /* experiments for failure[index]: answer EV_FACT each, then core weighs the blame */
	ACT_AWS_TASK,       /* DescribeTasks for task[index]; answer EV_AWS_TASK or EV_AWS_FAILED */
	ACT_AWS_LIST,       /* ListServiceDeployments of service[index]; full: the last HISTORY_MAX, else only newer ones */
	ACT_AWS_DEPLOYMENT, /* DescribeServiceDeployments of service[index].look.arn */
	ACT_AWS_REVISION,   /* DescribeServiceRevisions of service[index].want[] */
	ACT_AWS_QUORUM,     /* how other nodes fare with service[index]'s newest deployment */
	ACT_AWS_STOP,       /* StopServiceDeployment(ROLLBACK) of service[index].rb.deployment */
	ACT_AWS_UPDATE,     /* UpdateService of service[index] to rb.target_family:target_revision, by a person's word only */
	ACT_AWS_SERVICE,    /* DescribeServices of service[index]: its controller and newest placement trouble */
	ACT_AWS_DEPLOY,     /* UpdateService of service[index] to deploy.family:revision, by a person's word only */
	ACT_DEPLOYED,       /* what a person asked to deploy has come to its end: tell them what deploy.reason says */
	ACT_TYPES
};

struct action {
	enum act_type type;
	enum rec_kind kind;       /* ACT_JOURNAL */
	uint32_t index;
	uint32_t ask;             /* ACT_AWS_*: to be repeated in the answer */
	uint64_t seq;             /* ACT_JOURNAL */
	bool full;                /* ACT_AWS_LIST */
};

const char *act_name(enum act_type type);

#endif
