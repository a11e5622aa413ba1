/* state.h - all that the judgement knows, in one plain struct: copyable with `=`, zero is "nothing known". */
#ifndef KEDGE_CORE_STATE_H
#define KEDGE_CORE_STATE_H

#include "agent/core/event.h"
#include "agent/core/policy.h"

#define NONE (-1)                        /* an index that points nowhere */

struct container {
	bool used, listed;               /* listed: seen in the listing that is coming in */
	int32_t task;
	char id[DOCKER_ID_CAP], name[NAME_CAP], image[IMAGE_CAP], image_id[DIGEST_CAP];
	enum container_state state;
	enum tri essential;
	bool stop_asked, oom, has_exit, live; /* live: its newest start was seen as it happened */
	bool image_asked;
	int32_t exit_code;
	uint32_t starts, deaths;         /* seen live; deaths: those nobody asked for */
	int64_t started_unix_ms, finished_unix_ms;
	uint64_t created_ms, started_ms; /* boot clock; 0: not seen live */
	uint64_t inspect_ms;             /* when an inspect is wanted; 0: never */
	uint32_t inspects;               /* of the same state, to space them */
};

struct task {
	bool used, in_agent, in_listing; /* in_agent: introspection knows it */
	char arn[ARN_CAP], family[NAME_CAP], service[NAME_CAP], started_by[STARTED_BY_CAP];
	uint32_t revision;
	int32_t release;
	enum fail_kind kind;
	enum task_status desired, known;
	uint32_t n_containers;           /* as introspection counts them once the task was RUNNING */
	bool stop_ordered, ended, counted, steady, from_log;
	int64_t first_unix_ms, ended_unix_ms;
	uint64_t first_ms, running_ms;   /* running_ms: since when all of it runs; 0: not */
	uint64_t ask_ms;                 /* when DescribeTasks is wanted; 0: never */
	uint32_t asks, restarts;
};

struct image_of { char container[NAME_CAP], image_id[DIGEST_CAP], digest[DIGEST_CAP], arch[16]; };

struct release {
	bool used, good, bad, save;
	char service[NAME_CAP], family[NAME_CAP], deployment[ARN_CAP], started_by[STARTED_BY_CAP];
	uint32_t revision, n_images;
	struct image_of image[TASK_CONTAINERS];
	int64_t first_unix_ms, good_unix_ms;
	int64_t last_start_unix_ms;      /* a container of it started here, seen live */
	uint32_t starts;                 /* on this boot, seen live */
	uint32_t failed, restarts;       /* counted tasks with blame release, and the most in-place restarts, this epoch */
	uint32_t epoch;                  /* failed and restarts belong to it */
	bool deterministic;              /* one of the counted failures needs no second */
	int64_t first_fail_unix_ms;
	uint32_t last_failure;           /* its id */
};

struct fail_slot {
	char probed[NAME_CAP];           /* the registry host its experiment asks */
	bool used, provisional, tell, suspect, save, weighing, asked; /* asked: its experiment has left */
	int32_t release;
	struct failure f;
};

enum look_step { LOOK_IDLE, LOOK_LIST, LOOK_DEPLOYMENT, LOOK_REVISION };
struct look {
	enum look_step step;
	bool wanted, full, send;         /* send: the action of this step has not left yet */
	uint32_t ask, failures, n_want;
	uint64_t next_ms, sent_ms;
	char arn[ARN_CAP];
	char want[REVISIONS_MAX][ARN_CAP];
};

struct revision {
	bool missing;
	char arn[ARN_CAP], family[NAME_CAP];
	uint32_t revision, n;
	struct image_pin image[TASK_CONTAINERS];
};

enum verdict { V_UNKNOWN, V_OK, V_ROLLING, V_SUSPECT, V_FAILING, V_STUCK, V_ROLLING_BACK, V_ROLLED_BACK, VERDICTS };
enum serving { SERVING_NONE, SERVING_OLD, SERVING_NEW };

struct rb_work {                         /* of the open intent; nothing here needs to outlive a restart */
	uint64_t seq;                    /* of its newest record; durable when <= saved_seq */
	uint64_t decided_ms, hold_ms, next_ms, stop_ms, breaker_ms, cb_grew_ms;
	uint32_t cb_failures, conflicts, watched, quorum_ask;
	bool save, stop_sent, quorum_sent, quorum_wanted;
	uint64_t quorum_ms;
	struct ev_aws_quorum quorum;
};

struct service {
	bool used, save, note;
	struct service_memory m;
	struct look look;
	bool history_known, history_denied; /* denied: without the shared memory `auto` acts as `manual` */
	uint32_t n_history, n_revisions;
	struct sd_brief history[HISTORY_MAX];
	uint64_t history_ms, dep_ms;     /* boot clock of those answers; 0: none since the start */
	struct ev_aws_deployment dep;    /* the newest deployment, as last described */
	struct revision revision[REVISIONS_MAX];
	struct rollback rb;
	struct rb_work work;
	enum verdict verdict;
	enum serving serving;
	enum rb_state noted;             /* the rollback state the last ACT_NOTE told */
};

struct known_fact { enum tri yes; int64_t value, unix_ms; uint64_t ms; char about[NAME_CAP], detail[DETAIL_CAP]; };
struct known_source { enum source_state state; int64_t since_unix_ms; char detail[DETAIL_CAP]; };

struct core_counters {                   /* shown by status; a full table is never silent */
	uint64_t events, actions, tasks_dropped, tasks_refused, containers_dropped, releases_dropped, services_refused,
		 failures_dropped, evidence_dropped, stale_answers, check_failed;
};

struct core {
	struct core_params params;
	struct ev_epoch node;
	uint32_t epoch, next_id, next_ask;
	uint64_t now_ms, next_seq, saved_seq, rng;
	int64_t now_unix_ms, boot_unix_ms;
	bool restoring, saves_fail;
	uint64_t probe_until_ms;         /* an experiment is under way; 0: none */
	uint64_t link_bad_ms;            /* since when WAN, DNS or route is down or the clock unset; 0: it is good */
	uint64_t aws_retry_ms;           /* AWS did not answer: not before this */
	uint32_t aws_failures;
	struct known_source source[SOURCES];
	struct known_fact fact[FACTS];
	struct core_counters counter;
	char accepted[ACCEPTED_MAX][ARN_CAP]; /* ring: deployments a rollback of ours was accepted for */
	uint32_t n_accepted;
	struct audit audit;
	bool audit_save, epoch_save;
	struct task task[TASKS_MAX];
	struct container container[CONTAINERS_MAX];
	struct release release[RELEASES_MAX];
	struct service service[SERVICES_MAX];
	struct fail_slot failure[FAILURES_MAX];
};

/* Questions to the state that its readers share. */
/* The policy in force for a service name (empty: the default one). */
const struct policy *core_policy(const struct core *c, const char *service);

/* Calls to AWS can be tried now: route, credentials, clock, and no back-off running. */
bool core_online(const struct core *c);

/* One sentence for people: what is the matter with this service, and what happens next. */
void core_explain(const struct core *c, uint32_t service, struct text *out);

const char *verdict_name(enum verdict verdict);
const char *serving_name(enum serving serving);

#endif
