/* swarm.h - one seed: nodes, their control plane, their people and their faults around real cores. */
#ifndef KEDGE_TESTS_SWARM_H
#define KEDGE_TESTS_SWARM_H

#include "tests/swarm/rows.h"

#define SWARM_UNIX_MS INT64_C(1800000000000)
#define SWARM_QUEUE   4096
#define SWARM_ASKS    128
#define SWARM_LINES   256
#define SWARM_TOLD    16384
#define SWARM_PENDING 192
#define SWARM_KEPT    512    /* records a file holds; a rewrite leaves half of it free */
#define SWARM_SEC     UINT64_C(1000)
#define SWARM_MIN     (60 * SWARM_SEC)
#define SWARM_HOUR    (60 * SWARM_MIN)

enum happening { HAP_TASK, HAP_SAVED, HAP_ARRIVES, HAP_ANSWER, HAP_INSPECT, HAP_IMAGE, HAP_WORDS, HAP_TARGET, HAP_REGISTRY, HAP_PROBE, HAP_SYNC,
		 HAP_SCHEDULE, HAP_DEPLOY, HAP_PERSON, HAP_PATIENCE, HAP_FAULT, HAP_MEND, HAP_TELL_ECS, HAP_LINE, HAP_HEAL, HAP_BOOTED,
		 HAP_STATUS, HAP_KEDGE_UP, HAP_NTP, HAP_AGENT_UP, HAP_ORPHAN_GONE };
struct swarm_item { uint64_t ms; uint32_t order, a, b; uint8_t node; enum happening what; };

struct swarm_ask {
	enum act_type type;
	bool used, full, lost, by_person;
	uint32_t node, service, ask, life;   /* service: that core's index */
	uint64_t as_of_ms;
	int64_t after_unix_ms;
	enum aws_error error;
	char name[NAME_CAP], arn[ARN_CAP];
	uint32_t revision;                   /* ACT_AWS_UPDATE: of the target */
	uint32_t n_want;
	char want[REVISIONS_MAX][ARN_CAP];
};

struct swarm_disk { struct record pending[SWARM_PENDING], kept[SWARM_KEPT]; };

struct swarm_node {
	struct swarm *w;
	struct core *core;
	struct swarm_disk *disk;
	uint32_t at, life, boots, engines, registrations, lines, ticks, n_pending, n_journal, kill_ppm;
	uint64_t boot_ms, deadline_ms, sync_ms, ticks_ms, lag_ms;   /* lag_ms: its mirror has nothing newer */
	int64_t wall_error_ms;
	bool clock_was_wrong, server_known, kedge_up, agent_up, engine_up, powered, saving, syncing;
	uint64_t until_ms[FAULTS];
	double rate[FAULTS];
	struct swarm_line line[SWARM_LINES];
};

struct swarm {
	struct swarm_node node[SWARM_NODES];
	struct core_params params;
	uint64_t seed, rng, now_ms, end_ms, heal_ms;
	bool healed, verbose, knows_family;
	int32_t odd;                         /* the one node whose mirror kedge was not told of; -1: it was */
	uint32_t n_nodes, order, queued, tasks, images, rows;  /* rows: of task[], below which all used ones are */
	uint64_t until_ms[FAULTS];
	double rate[FAULTS];
	uint32_t bad_percent, backoff_cap_s, cleanup_s, aws_ms, deploy_gap_min;
	struct swarm_item queue[SWARM_QUEUE];
	struct swarm_service service[SWARM_SERVICES];
	uint32_t n_services, n_deps;
	struct swarm_dep dep[SWARM_DEPS];
	struct swarm_task task[SWARM_TASKS];
	struct swarm_ask ask[SWARM_ASKS];
	struct { uint32_t task, life, id; uint8_t class; bool durable, misjudged; } told[SWARM_TOLD];
	char broken[400];
	struct event ev;
	struct swarm_score *score;
};

/* Runs one seed to its end; false: w->broken says what it broke. */
bool swarm_run(struct swarm *w, uint64_t seed, struct swarm_score *score, bool verbose);

#endif
