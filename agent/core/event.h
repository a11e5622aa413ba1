/* event.h - everything the judgement can learn. Time is a field; completions are events.
 * Strings are NUL-terminated and were checked by agent/wire: they fit and hold no control characters. */
#ifndef KEDGE_CORE_EVENT_H
#define KEDGE_CORE_EVENT_H

#include "agent/base/limits.h"
#include "agent/core/class.h"
#include "agent/core/record.h"

enum ev_type {
	EV_TICK,            /* nothing but time */
	EV_EPOCH,           /* what this node is made of: a change starts a new epoch */
	EV_SOURCE,          /* a source changed its state */
	EV_SYNC,            /* a source's full listing begins or ends */
	EV_CONTAINER,       /* engine: something about one container */
	EV_IMAGE,           /* engine: an image's digest and architecture */
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
	EV_AWS_FAILED,      /* a call was refused or did not get through */
	EV_OPERATOR,        /* a person typed an acting verb */
	EV_RESTORE,         /* a record read back from the journal at start */
	EV_TYPES
};

enum source { SRC_ENGINE, SRC_AGENT_LOG, SRC_INTROSPECTION, SRC_AWS, SOURCES };
enum source_state { SS_UNKNOWN, SS_UP, SS_ABSENT, SS_REFUSED, SS_DENIED, SS_UNREACHABLE, SS_BROKEN, SOURCE_STATES };

struct ev_source { enum source source; enum source_state state; char detail[DETAIL_CAP]; };
struct ev_sync { enum source source; bool end; };

enum container_what {
	C_LISTED,           /* a listing's or inspect's snapshot: state and the members below are set */
	C_CREATED, C_STARTED, C_DIED, C_OOM, C_KILLED, C_STOPPED, C_HEALTHY, C_UNHEALTHY, C_DESTROYED,
	C_NETWORK_LEFT,     /* it was disconnected from a network: of a created one, the sign of a failed start */
	C_WHATS
};
enum container_state { CS_UNKNOWN, CS_CREATED, CS_RUNNING, CS_EXITED, CS_OTHER };
enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };

struct ev_container {
	enum container_what what;
	char id[DOCKER_ID_CAP];
	char task[ARN_CAP], cluster[NAME_CAP], family[NAME_CAP], name[NAME_CAP]; /* from the five labels; may be empty for C_NETWORK_LEFT */
	uint32_t revision;
	char image[IMAGE_CAP];           /* the reference it was created from, or empty */
	char image_id[DIGEST_CAP];       /* sha256:... or empty (events do not carry it) */
	enum container_state state;      /* C_LISTED */
	bool inspected;                  /* C_LISTED from an inspect: the members below are facts, not absent */
	bool oom_killed, has_exit;
	int32_t exit_code;               /* C_DIED, or C_LISTED when exited or failed to start */
	int32_t signal;                  /* C_KILLED */
	int64_t created_unix_ms, started_unix_ms, finished_unix_ms; /* 0 = never or not known */
	enum class class;                /* inspect with an error text: what it says */
	char reason[REASON_CAP];         /* that text, verbatim */
	int64_t time_unix_ms;            /* the engine's own time of the event, 0 = none */
};

struct ev_image { char image_id[DIGEST_CAP], digest[DIGEST_CAP], arch[16]; };

enum task_what {
	T_STATUS,           /* introspection: desired and known status */
	T_PLACED,           /* log: payload received, desired RUNNING */
	T_STOP_ORDER,       /* log: ECS asked to stop it */
	T_SERVICE,          /* task metadata or conf: it belongs to `service` */
	T_WHATS
};
enum task_status { TS_UNKNOWN, TS_PENDING, TS_RUNNING, TS_STOPPED };

struct ev_task {
	enum task_what what;
	char task[ARN_CAP], family[NAME_CAP], service[NAME_CAP]; /* family, service: empty = not said; T_PLACED from old agents may hold only the id in task */
	uint32_t revision;               /* 0 = not said */
	enum task_status desired, known;
	uint32_t containers, restarts;   /* T_STATUS: containers listed, the largest RestartCount */
	int64_t time_unix_ms;
};

enum pull_what { P_STARTED, P_ATTEMPT_FAILED, P_FAILED, P_CACHED, P_DONE, P_WHATS };
struct ev_pull {
	enum pull_what what;
	char task[ARN_CAP];              /* full ARN, or only the task id, or empty when only the image is known */
	char container[NAME_CAP], image[IMAGE_CAP], digest[DIGEST_CAP];
	enum class class;
	char reason[REASON_CAP];
	int64_t time_unix_ms;
};

struct ev_change {
	char task[ARN_CAP];
	enum task_status task_status;
	char container[NAME_CAP];
	enum task_status status;
	enum tri essential;
	bool has_exit, cut;              /* cut: the reason was longer than REASON_CAP */
	int32_t exit_code;
	enum stage stage;                /* read from the error's name; STAGE_RUN when there is none */
	enum class class;                /* CLASS_NONE when no reason was given */
	char reason[REASON_CAP];         /* task-level reason when the container has none */
	char runtime_id[DOCKER_ID_CAP];
	int64_t time_unix_ms;
};

enum fact {
	FACT_ROUTE,         /* yes: a default route exists */
	FACT_DNS,           /* yes: the resolver answered for `about` */
	FACT_CLOCK,         /* yes: the wall clock is plausible */
	FACT_CREDENTIALS,   /* yes: AWS credentials are there and not known to be expired */
	FACT_DISK,          /* yes: the data root has room; value = free bytes */
	FACT_INODES,        /* yes: it has inodes; value = free inodes */
	FACT_MEMORY,        /* yes: the host has memory left; value = available bytes */
	FACT_REGISTRY,      /* yes: the host `about` answered HTTP; value = status */
	FACTS
};
/* last: it was asked for by ACT_PROBE and no further answer to that follows. */
struct ev_fact { enum fact fact; enum tri yes; bool last; int64_t value; char about[NAME_CAP], detail[DETAIL_CAP]; };

struct ev_saved { uint64_t seq; };

#include "agent/core/event_aws.h"

struct event {
	enum ev_type type;
	uint64_t now_ms;                 /* CLOCK_BOOTTIME; never goes back */
	int64_t now_unix_ms;             /* server-corrected wall clock; may jump */
	union {
		struct ev_epoch epoch;
		struct ev_source source;
		struct ev_sync sync;
		struct ev_container container;
		struct ev_image image;
		struct ev_task task;
		struct ev_pull pull;
		struct ev_change change;
		struct ev_fact fact;
		struct ev_saved saved;
		struct ev_aws_task aws_task;
		struct ev_aws_list aws_list;
		struct ev_aws_deployment aws_deployment;
		struct ev_aws_revision aws_revision;
		struct ev_aws_quorum aws_quorum;
		struct ev_aws_stopped aws_stopped;
		struct ev_aws_failed aws_failed;
		struct ev_operator operator;
		struct ev_restore restore;
	} u;
};

const char *ev_name(enum ev_type type);
const char *source_name(enum source source);
const char *source_state_name(enum source_state state);
const char *fact_name(enum fact fact);

#endif
