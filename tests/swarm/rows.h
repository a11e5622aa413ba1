/* rows.h - rows of the swarm's world: what is true in it, whatever kedge comes to believe. */
#ifndef KEDGE_TESTS_SWARM_ROWS_H
#define KEDGE_TESTS_SWARM_ROWS_H

#include "agent/core/core.h"
#include "tests/swarm/score.h"

#define SWARM_NODES    4
#define SWARM_SERVICES 3
#define SWARM_DEPS     256   /* deployments of one seed */
#define SWARM_TASKS    128   /* tasks the nodes still know */
#define SWARM_STATUSES 8     /* status changes in one deployment's life */

struct swarm_change { uint64_t ms; enum sd_status status; };
struct swarm_seen { uint64_t first_ms, last_ms; };                /* when ECS learned it first and last; 0: never */

struct swarm_dep {
	uint32_t service, number, revision, image, source, rollback, seen;  /* source, rollback: index + 1; 0: none */
	enum flaw flaw;
	enum who by;
	uint64_t created_ms, pushed_ms, try_ms, steady_ms;
	uint32_t n_status, tries, failed, cb_failures, placed;    /* tries: failed without RUNNING, since it began */
	struct swarm_change status[SWARM_STATUSES];
	bool ran, by_auto, by_word, asked, missed, site_failed, decided, gone; /* gone: its tag was deleted from the registry */
	uint32_t here, ran_on, accepted, by_node;  /* here, ran_on: a bit for each node that has, or ever had, the image; by_node: whose stop took effect */
	uint32_t failed_healed[SWARM_NODES];
	uint64_t last_fail_ms;
	struct swarm_seen tried[SWARM_NODES], bad[SWARM_NODES], well[SWARM_NODES];
};

struct swarm_service {
	uint32_t newest, n_deps, definition;       /* newest: index + 1 into dep[] */
	uint32_t desired;
	int32_t home;                              /* the node whose site it is for; -1: spread, one task a node */
	bool stop_first, cb, cb_rollback, needs_cloud, sickens, restarts, mirror; /* sickens: unhealthy without its cloud, instead of gone */
	uint64_t stuck_ms[SWARM_NODES];            /* healed world: since when its intent there neither moves nor asks */
	uint64_t placement_ms;                     /* ECS last said that it can place nothing */
};

enum phase { PH_NONE, PH_PULL, PH_CREATED, PH_RUNNING, PH_ENDED };
enum cause { CAUSE_NONE, CAUSE_FLAW, CAUSE_SITE, CAUSE_ASKED, CAUSE_HOST };

struct swarm_task {
	uint32_t number, node, service, dep, of, gen;    /* dep: whose tasks they are; of: whose definition they run */
	enum phase phase, shown;                   /* shown: what a stalled agent still shows */
	enum cause cause;
	bool created, pulling, pull_failed, cached, stop_ordered, shown_stop, from_rollback, logged_run, logged_end;
	bool oom, sick, site_sick, healthy, down;  /* sick: by its flaw; site_sick: for want of its cloud; down: between two starts */
	bool told_run, told_end, orphan;           /* told: ECS knows it; orphan: of a registration that is gone */
	int exit_code;                             /* -1: none */
	enum stage stage;
	enum class class;                          /* what the agent says at its end */
	const char *reason;
	uint32_t restarts;
	uint64_t started_ms, ended_ms, told_run_ms;
	int64_t created_wall_ms, started_wall_ms, finished_wall_ms;
};

enum line_kind { LINE_PLACED, LINE_STOP, LINE_PULL, LINE_CHANGE };
struct swarm_line {
	enum line_kind kind;
	enum pull_what pull;
	uint32_t task, service, revision, image;
	bool mirror;
	enum task_status status;
	enum stage stage;
	enum class class;
	const char *reason;
	int exit_code;
	int64_t wall_ms;
};

#endif
