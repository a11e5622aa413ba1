/* state.h - all that the judgement knows, in one plain struct: copyable with `=`, zero is "nothing known". */
#ifndef KEDGE_CORE_STATE_H
#define KEDGE_CORE_STATE_H

#include "agent/base/backoff.h"
#include "agent/core/deploy.h"
#include "agent/core/event.h"
#include "agent/core/policy.h"
#include "agent/core/state_service.h"
#include "agent/core/state_task.h"

struct known_fact { enum tri yes; int64_t value, unix_ms; uint64_t ms; char about[NAME_CAP], detail[DETAIL_CAP]; };
struct known_source { enum source_state state; int64_t since_unix_ms; char detail[DETAIL_CAP]; };

struct served { char host[NAME_CAP]; int64_t unix_ms; };   /* the registry that last gave this node an image */

/* How often the heartbeat was doubled because AWS throttled, when that last changed, and the beat drawn since (0: none). */
struct pace { uint32_t slower; uint64_t changed_ms, beat_ms; };

struct core_counters {                   /* shown by status; a full table is never silent */
	uint64_t events, actions, tasks_dropped, tasks_refused, containers_dropped, releases_dropped, services_refused,
		 failures_dropped, evidence_dropped, stale_answers, check_failed;
};

enum { NODE_STATES = 4 };                /* engine-down, ecs-agent-down, agent-stalled, clock-unset */

/* Of each table the rows below this were used once; no loop looks at those above. */
struct rows { int32_t tasks, containers, releases, services, failures; };

struct core {
	struct core_params params;
	struct ev_epoch node;
	uint32_t epoch, next_id, next_ask;
	uint64_t now_ms, next_seq, saved_seq, rng;
	int64_t now_unix_ms, boot_unix_ms;
	bool restoring, saves_fail;
	int64_t begun_unix_ms;           /* when this life of kedge began */
	int64_t told_unix_ms;            /* what happened before was told before the restart, though its rows are gone; 0: nothing */
	uint64_t probe_until_ms;         /* an experiment is under way; 0: none */
	uint64_t link_bad_ms;            /* since when WAN, DNS or route is down or the clock unset; 0: it is good */
	uint64_t link_good_ms;           /* since when it is good again */
	bool stalled;                    /* the last listing of tasks calls running what has ended */
	uint64_t node_since_ms[NODE_STATES]; /* since when a state of the node holds; 0: it does not */
	uint64_t aws_ok_ms;              /* when AWS last answered: the line was good then */
	uint64_t aws_retry_ms;           /* AWS did not answer: not before this */
	uint32_t aws_failures;
	uint32_t fleet_seen;             /* the most tasks a service of this node was seen to want: so many nodes at least */
	struct pace pace;
	struct backoff quota;            /* of retries of calls that change something */
	struct known_source source[SOURCES];
	struct known_fact fact[FACTS];
	struct served served;
	struct core_counters counter;
	char accepted[ACCEPTED_MAX][ARN_CAP]; /* ring: deployments a rollback of ours was accepted for */
	uint32_t n_accepted;
	struct audit audit;
	struct deploy deploy;
	bool audit_save, epoch_save;
	struct rows rows;
	struct task task[TASKS_MAX];
	struct container container[CONTAINERS_MAX];
	struct release release[RELEASES_MAX];
	struct service service[SERVICES_MAX];
	struct fail_slot failure[FAILURES_MAX];
};

#endif
