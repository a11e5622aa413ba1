/* world.h - a modelled node and control plane around the core: one virtual clock, one ordered queue, a disk
 * that lags, an AWS that answers late or not at all. Whole timelines come out as one string. */
#ifndef KEDGE_TESTS_WORLD_H
#define KEDGE_TESTS_WORLD_H

#include "agent/core/core.h"

#define WORLD_QUEUE 64
#define WORLD_UNIX_MS INT64_C(1800000000000)

struct world_deployment {
	char arn[ARN_CAP], revision_arn[ARN_CAP], source_arn[ARN_CAP], rollback_arn[ARN_CAP];
	char family[32], digest[DIGEST_CAP], source_family[32];
	uint32_t revision;
	enum sd_status status;
	int64_t created_unix_ms;
	uint32_t requested;
	bool cb_enabled;
	uint32_t cb_failures, source_running, running, pending;
	uint64_t reference;                 /* of its image in the task definition; 0: not said */
};

struct world {
	struct core core;
	uint64_t now_ms;
	bool line_up, denied, disk_full, conflict, no_deployments; /* no_deployments: of another controller, the list is refused */
	uint32_t disk_ms, aws_ms, image_ms;  /* image_ms: until the engine says whether it has an image */
	struct world_deployment dep[8];     /* newest first */
	uint32_t n_deps, stops, hidden;     /* hidden: so many of the newest a read that lags does not show yet */
	struct event queue[WORLD_QUEUE];
	uint32_t queued;
	bool reads;                         /* trace the questions to AWS too */
	char trace[32768];
	struct text text;
	enum image_word registry;           /* what the registry says of every image; IW_NONE: no answer */
	enum tri target_there;              /* the local store has the image a rollback would start */
	struct ev_aws_service said;         /* what DescribeServices says */
	uint32_t updates;
	enum aws_error refuse_update;       /* with update_said, where that is not NULL */
	const char *update_said;
	bool update_lost;                   /* UpdateService is taken, and its answer lost */
	struct ev_aws_quorum quorum;        /* what AWS says of the other nodes */
	const char *broken;
	uint64_t steps, restart_at;         /* restart_at: kill -9 after that step; 0: never */
	void (*after_restart)(struct world *w); /* what the sources list again */
};

void world_init(struct world *w, enum rb_mode mode);
void world_run(struct world *w, uint64_t ms);               /* lets that much time pass */
const char *world_trace(struct world *w);                   /* what happened since the last call */
void world_restart(struct world *w);                        /* kill -9 and a new start from the journal's memory */

/* The control plane. A new deployment becomes the newest, with the one before as its source. */
void world_deploy(struct world *w, const char *family, uint32_t revision, const char *digest);
void world_status(struct world *w, enum sd_status status);  /* of the newest deployment */
void world_line(struct world *w, bool up);

/* The node. task: a number; its ARN and containers are made from it. */
void world_place(struct world *w, unsigned task, const char *family, uint32_t revision);
void world_create(struct world *w, unsigned task, const char *family, uint32_t revision, const char *image_id);
void world_listed(struct world *w, unsigned task, const char *family, uint32_t revision, const char *image_id); /* a listing: it runs */
void world_start(struct world *w, unsigned task);
void world_die(struct world *w, unsigned task, int exit_code);
void world_kill(struct world *w, unsigned task, int signal);
void world_start_failed(struct world *w, unsigned task, enum class class, const char *reason);
void world_image(struct world *w, const char *image_id, const char *digest);
/* A release that is deployed, starts at once as that task and stays: SUCCESSFUL, and known to be good. */
void world_good(struct world *w, unsigned task, const char *family, uint32_t revision, const char *image_id, const char *digest);
/* The agent's log: the end of the task's container. */
void world_stopped(struct world *w, unsigned task, enum stage stage, enum class class, const char *reason, int exit_code);
void world_pull_attempt(struct world *w, unsigned task, enum class class, const char *reason);
void world_running(struct world *w, unsigned task);         /* introspection says RUNNING */
void world_pull(struct world *w, unsigned task, enum pull_what what, const char *image);
void world_health(struct world *w, unsigned task, bool healthy);
void world_source(struct world *w, enum source source, enum source_state state);
void world_fact(struct world *w, enum fact fact, enum tri yes);
void world_sync(struct world *w, unsigned from, unsigned to); /* introspection lists those tasks, and no other */
void world_last_words(struct world *w, unsigned task, enum class class);
/* An inspect of a container that was dead already when kedge first saw it. */
void world_found_dead(struct world *w, unsigned task, const char *family, uint32_t revision, int64_t started_unix_ms, int exit_code);
void world_rollback_to(struct world *w, const char *service, const char *family, uint32_t revision);
void world_deploy_to(struct world *w, const char *family, uint32_t revision, bool force); /* a person's deploy of web */
void world_operator(struct world *w, enum op_verb verb, const char *service, const char *id);
void world_feed(struct world *w, struct event *ev);

#endif
