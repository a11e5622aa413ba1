/* event_type.h - the kinds of event, and who tells them. */
#ifndef KEDGE_CORE_EVENT_TYPE_H
#define KEDGE_CORE_EVENT_TYPE_H

enum ev_type {
	EV_TICK,            /* nothing but time */
	EV_EPOCH,           /* what this node is made of: a change starts a new epoch */
	EV_SOURCE,          /* a source changed its state */
	EV_SYNC,            /* a source's full listing begins or ends */
	EV_CONTAINER,       /* engine: something about one container */
	EV_IMAGE,           /* engine: an image's digest and architecture */
	EV_LAST_WORDS,      /* engine: a class, if the last words of a container's log name one */
	EV_TARGET_IMAGE,    /* engine or registry: the image a rollback would start is there, or is not */
	EV_REGISTRY,        /* a registry itself: whether it has an image of a revision that waits */
	EV_TASK,            /* ECS agent: something about one task */
	EV_PULL,            /* ECS agent's log: a pull, attempt by attempt */
	EV_CHANGE,          /* ECS agent's log: one container of a "Sending state change" line */
	EV_FACT,            /* an experiment's outcome */
	EV_SAVED,           /* journal: every record up to seq is on disk */
	EV_SAVE_FAILED,     /* journal: the disk refused; kept in memory, tried again */
	EV_AWS_TASK,        /* DescribeTasks: which service and deployment a task belongs to */
	EV_AWS_LIST,        /* ListServiceDeployments */
	EV_AWS_DEPLOYMENT,  /* DescribeServiceDeployments */
	EV_AWS_REVISION,    /* DescribeServiceRevisions: one revision */
	EV_AWS_QUORUM,      /* ListTasks + DescribeTasks: how other nodes fare with the release */
	EV_AWS_STOPPED,     /* StopServiceDeployment was accepted */
	EV_AWS_UPDATED,     /* UpdateService was accepted */
	EV_AWS_SERVICE,     /* DescribeServices, of one service */
	EV_AWS_FAILED,      /* a call was refused or did not get through */
	EV_OPERATOR,        /* a person typed an acting verb */
	EV_RESTORE,         /* a record read back from the journal at start */
	EV_TYPES
};

const char *ev_name(enum ev_type type);

#endif
