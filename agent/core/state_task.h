/* state_task.h - rows of the state: containers, tasks, releases, failures. */
#ifndef KEDGE_CORE_STATE_TASK_H
#define KEDGE_CORE_STATE_TASK_H

#include "agent/core/event.h"

#define NONE (-1)                        /* an index that points nowhere */

struct container {
	bool used, listed;               /* listed: seen in the listing that is coming in */
	int32_t task;
	char id[DOCKER_ID_CAP], name[NAME_CAP], image[IMAGE_CAP], image_id[DIGEST_CAP];
	enum container_state state;
	enum tri essential;
	bool stop_asked, killed, oom, has_exit, live; /* live: its newest start was seen as it happened; killed: SIGKILL by hand */
	bool image_asked, words_wanted, fixed_port, healthy; /* healthy: the engine once called it so */
	bool missed;                     /* its end was found in a listing: the event is late */
	enum tri health_check;
	int32_t exit_code;
	uint32_t starts, deaths;         /* seen live; deaths: those nobody asked for */
	int64_t started_unix_ms, finished_unix_ms;
	uint64_t created_ms, started_ms, ended_ms, oom_ms; /* boot clock; 0: not seen live */
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
	uint64_t progress_ms;            /* when it last got on: placed, pulled, created */
	uint64_t pulling_ms;             /* since when its image comes in; 0: it does not */
	bool stuck;                      /* told to be over its deadline */
	uint64_t ask_ms;                 /* when DescribeTasks is wanted; 0: never */
	uint32_t asks, restarts;
};

struct image_of { char container[NAME_CAP], image_id[DIGEST_CAP], digest[DIGEST_CAP], arch[16]; };

struct release {
	bool used, good, bad, save;
	bool tried;                      /* a stop was sent for it, and no answer came: it may have been hauled back */
	char service[NAME_CAP], family[NAME_CAP], deployment[ARN_CAP], started_by[STARTED_BY_CAP];
	uint32_t revision, n_images;
	struct image_of image[TASK_CONTAINERS];
	int64_t first_unix_ms, good_unix_ms;
	uint64_t last_start_ms;          /* boot clock: a container of it started here, seen live; 0: not */
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
	bool own;                        /* so far only the registry's own word speaks of it */
	int32_t release;
	bool again;                      /* a loop whose first turn fell with a bad line: seen_ms is its newest one, and waits for AWS's word */
	uint64_t seen_ms;                /* boot clock: when it was first heard of; 0: before kedge's start */
	struct failure f;
};

#endif
