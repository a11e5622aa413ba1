/* swarm.h - one seed: a node, its control plane, its people and its faults around the real core. */
#ifndef KEDGE_TESTS_SWARM_H
#define KEDGE_TESTS_SWARM_H

#include "tests/swarm/rows.h"

#define SWARM_UNIX_MS INT64_C(1800000000000)
#define SWARM_QUEUE   1024
#define SWARM_ASKS    64
#define SWARM_LINES   256
#define SWARM_TOLD    8192
#define SWARM_SEC     UINT64_C(1000)
#define SWARM_MIN     (60 * SWARM_SEC)
#define SWARM_HOUR    (60 * SWARM_MIN)

enum happening { HAP_TASK, HAP_SAVED, HAP_ARRIVES, HAP_ANSWER, HAP_INSPECT, HAP_IMAGE, HAP_PROBE, HAP_SYNC, HAP_SCHEDULE,
		 HAP_DEPLOY, HAP_PERSON, HAP_FAULT, HAP_MEND, HAP_TELL_ECS, HAP_LINE, HAP_BOOTED, HAP_STATUS, HAP_KEDGE_UP, HAP_NTP, HAP_AGENT_UP };
struct swarm_item { uint64_t ms; uint32_t order, a, b; enum happening what; };

struct swarm_ask {
	enum act_type type;
	bool used, full, lost, by_person;
	uint32_t service, ask, life;         /* service: the core's index */
	uint64_t as_of_ms;
	int64_t after_unix_ms;
	enum aws_error error;
	char name[NAME_CAP], arn[ARN_CAP];
	uint32_t n_want;
	char want[REVISIONS_MAX][ARN_CAP];
};

struct swarm_score {
	uint64_t steps, seeds, hours, faults[FAULTS], deployments, bad;
	uint64_t told_again, right, wrong, missed, asked, decided_wrong, blamed_wrong, stops, restarts, told, misled, by_breaker, by_people;
};

struct swarm_disk { struct record pending[192], kept[2048]; };

struct swarm {
	struct swarm_disk *disk;
	struct core core;
	struct core_params params;
	uint64_t seed, rng, now_ms, boot_ms, end_ms, heal_ms, deadline_ms, server_ms;
	int64_t wall_error_ms;
	bool clock_was_wrong, server_known, kedge_up, agent_up, engine_up, powered, saving, syncing, healed, verbose, knows_family;
	uint32_t life, boots, order, queued, tasks, images, lines, sync_gap_ms;
	uint32_t ticks;
	uint64_t ticks_ms, sync_ms;
	uint64_t until_ms[FAULTS];
	double rate[FAULTS];
	uint32_t kill_ppm, bad_percent, backoff_cap_s, cleanup_s, aws_ms, deploy_gap_min;
	struct swarm_item queue[SWARM_QUEUE];
	struct swarm_service service[SWARM_SERVICES];
	uint32_t n_services, n_deps;
	struct swarm_dep dep[SWARM_DEPS];
	struct swarm_task task[SWARM_TASKS];
	struct swarm_line line[SWARM_LINES];
	struct swarm_ask ask[SWARM_ASKS];
	struct { uint32_t task; uint32_t id; uint8_t class; bool durable, misjudged; uint32_t life; } told[SWARM_TOLD];
	uint32_t n_pending, n_journal;
	char broken[400];
	struct event ev;
	struct swarm_score *score;
};

/* Runs one seed to its end; false: w->broken says what it broke. */
bool swarm_run(struct swarm *w, uint64_t seed, struct swarm_score *score, bool verbose);

#endif
