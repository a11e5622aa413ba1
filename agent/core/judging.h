/* judging.h - within the core: from a failed task to whose fault it is and what its release is worth. */
#ifndef KEDGE_CORE_JUDGING_H
#define KEDGE_CORE_JUDGING_H

#include "agent/core/core.h"

/* release.c - identity, and what is known of its working here */
void release_bind(struct core *c, int32_t task, bool failing);
struct image_of *release_image(struct release *r, const char *container);       /* NULL: none is known */
int32_t release_predecessor(const struct core *c, int32_t release);
int32_t release_of_revision(const struct core *c, const char *service, const struct revision *rev);
bool release_is_revision(const struct release *r, const struct revision *rev);  /* nothing known speaks against it */
bool release_has_digests(const struct release *r, const struct revision *rev);  /* a digest is known to be the same */
void release_bind_deployment(struct core *c, uint32_t service);
void release_named(struct core *c, int32_t release, const char *arn);           /* AWS's name of the deployment it is of */
void release_started(struct core *c, int32_t release);
void release_good(struct core *c, int32_t release);
uint32_t release_running(const struct core *c, int32_t release);
bool release_suspect(const struct core *c, int32_t release);

/* judge.c - failures, counting, verdicts */
struct sighting {                /* one thing that went wrong, as a source told it */
	int32_t task;
	const char *container, *image, *digest, *reason; /* digest may be NULL */
	enum stage stage;
	enum class class;
	bool has_exit, provisional, cut;
	bool unseen;             /* told after the fact, by the log alone: kedge or the engine was away */
	bool own;                /* by the registry's word to kedge alone: the agent has not given up */
	bool anew;               /* it happened once more, if it happened before: no second source of the same */
	int32_t exit_code;
	enum tri essential;
	int64_t unix_ms;         /* when it happened; 0: now */
};
int32_t judge_sighting(struct core *c, const struct sighting *s);
void judge_essential(struct core *c, int32_t task, const char *container, enum tri essential);
void judge_retract(struct core *c, int32_t task);
void judge_restarts(struct core *c, int32_t task, int32_t container, uint32_t restarts);
bool judge_signalled(int32_t exit_code);
bool judge_stopped(int32_t exit_code);  /* it looks as after a stop, where nobody saw who asked */
enum class judge_early_class(const struct core *c, int32_t task);
void judge_task(struct core *c, int32_t task);
void judge_state(struct core *c, enum class class, const struct container *k, const struct packed *words); /* k: NULL = of the node */
void judge_deployment(struct core *c, uint32_t service, enum class class, const char *reason);
void judge_tick(struct core *c);
void judge_weigh(struct core *c, struct fail_slot *slot);    /* something that speaks about it became known */
void judge_again(struct core *c, int32_t release);
void judge_release(struct core *c, int32_t release);

/* blame.c - the experiments, weighed */
void blame_weigh(struct core *c, struct fail_slot *slot);
void blame_links(struct core *c);
void blame_line_answers(struct core *c, uint64_t sent_ms); /* AWS answered a question of then */

/* stale.c - the image that runs is not the one that was deployed */
void stale_look(struct core *c, uint32_t service);

/* verdict.c */
void verdict_tick(struct core *c, uint32_t service);

#endif
