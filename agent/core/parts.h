/* parts.h - what the files of the core offer each other; nobody outside agent/core includes it. */
#ifndef KEDGE_CORE_PARTS_H
#define KEDGE_CORE_PARTS_H

#include "agent/core/core.h"
#include "agent/core/table.h"

#define SEC UINT64_C(1000)
#define Y2020_MS INT64_C(1577836800000)  /* what is dated before was seen by a clock that was not set */
#define STEADY_MS (40 * SEC)     /* ECS calls a task without health check healthy after 40 s of RUNNING */

/* container.c, task.c, pull.c - what the sources said */
void on_container(struct core *c, const struct ev_container *ev);
void on_image(struct core *c, const struct ev_image *ev);
void on_last_words(struct core *c, const struct ev_last_words *ev);
void on_sync(struct core *c, const struct ev_sync *ev);
void containers_tick(struct core *c);
void on_task(struct core *c, const struct ev_task *ev);
void on_aws_task(struct core *c, const struct ev_aws_task *ev);
void on_aws_task_failed(struct core *c, const struct ev_aws_failed *ev);
void task_service(struct core *c, int32_t task, const char *service);
void tasks_tick(struct core *c);
void on_pull(struct core *c, const struct ev_pull *ev);
void on_change(struct core *c, const struct ev_change *ev);

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

/* look.c - asking AWS about one service's deployments */
void look_want(struct core *c, uint32_t service);
#define LOOK_ANSWER_MS (900 * SEC) /* the daemon answers every question, but those of many services wait in line on a slow line */
void look_tick(struct core *c, uint32_t service);
void on_aws_list(struct core *c, const struct ev_aws_list *ev);
void on_aws_deployment(struct core *c, const struct ev_aws_deployment *ev);
void on_aws_revision(struct core *c, const struct ev_aws_revision *ev);
void look_failed(struct core *c, const struct ev_aws_failed *ev);
uint32_t look_digests(const struct revision *rev);   /* images of it whose digest is known */
const struct revision *look_revision(const struct service *s, const char *arn);

/* pace.c - how often AWS is asked, and when */
uint32_t pace_spread_ms(const struct core *c, uint32_t least_ms);     /* what all nodes do at one time is spread over it */
uint64_t pace_ms(const struct core *c, const struct service *s);      /* between two looks at it, as things are */
uint64_t pace_next_ms(struct core *c, const struct service *s);       /* when the next one is due */
void pace_gather(struct core *c);                                     /* a look begins: others that are due soon join it */
void pace_throttled(struct core *c);
void pace_answered(struct core *c);
void pace_line_back(struct core *c, bool spread);
void pace_budget(struct core *c, bool anew);

/* target.c - where a rollback leads */
enum preflight { PRE_GO, PRE_WAIT, PRE_OTHER_ARCH, PRE_GONE, PRE_UNKNOWN };
void target_set(struct service *s, const struct revision *rev, const char *arn);
bool target_find(struct core *c, uint32_t service);
enum preflight target_preflight(struct core *c, uint32_t service);
bool target_overwritten(const struct service *s);
void on_target_image(struct core *c, const struct ev_target_image *ev);

/* update.c - UpdateService, by a person's word */
void update_instead(struct core *c, uint32_t service, const struct packed *why);
void update_by_hand(struct core *c, uint32_t service, const struct ev_operator *ev);
void update_revalidate(struct core *c, uint32_t service, bool durable);
void on_aws_updated(struct core *c, const struct ev_aws_updated *ev);

/* deploy.c - the fix forward, by a person's word */
void deploy_asked(struct core *c, uint32_t service, const struct ev_operator *ev);
void deploy_tick(struct core *c);
bool deploy_sends(struct core *c);                           /* true, once: ACT_AWS_DEPLOY goes now, with deploy.ask */
bool deploy_updated(struct core *c, const struct ev_aws_updated *ev); /* false: the answer is not to a deploy's call */
bool deploy_failed(struct core *c, const struct ev_aws_failed *ev);
uint64_t deploy_due(const struct core *c);

/* rollback.c, revalidate.c - from verdict to verification */
void rollback_decide(struct core *c, uint32_t service, int32_t release, uint32_t failure);
void rollback_tick(struct core *c, uint32_t service);
void rollback_state(struct core *c, uint32_t service, enum rb_state state, const struct packed *words);
void rollback_says(struct core *c, uint32_t service, enum rb_state state, const char *reason);
bool rollback_waits_for_person(struct core *c, uint32_t service); /* true: it needs one, and says so now */
void rollback_looked(struct core *c, uint32_t service);
void revalidate(struct core *c, uint32_t service);
bool rollback_report_only(struct core *c, uint32_t service);  /* ends the open intent of a service that is another controller's */
void on_aws_stopped(struct core *c, const struct ev_aws_stopped *ev);
void on_aws_quorum(struct core *c, const struct ev_aws_quorum *ev);
int32_t rollback_release(const struct core *c, const struct service *s);
bool history_has(const struct service *s, const char *arn);         /* it is there, and not the newest */
void rollback_verify(struct core *c, uint32_t service, bool patient);
uint64_t rollback_fresh_ms(const struct service *s);
uint64_t rollback_quorum_gap_ms(struct service *s);
void rollback_accepted(struct core *c, uint32_t service, const struct packed *words);
void rollback_failed(struct core *c, const struct ev_aws_failed *ev);
void on_operator(struct core *c, const struct ev_operator *ev);
void rollback_remember(struct core *c, const char *deployment);  /* a rollback of it was accepted */
bool rollback_was_accepted(const struct core *c, const char *deployment);

/* registry.c - what the registry itself says of the images of a revision that waits */
void registry_tick(struct core *c);
bool registry_wanted(const struct core *c, uint32_t service);
uint64_t registry_due(const struct core *c);
void on_registry(struct core *c, const struct ev_registry *ev);
enum image_word registry_said(const struct core *c, const struct failure *f, int64_t *unix_ms);

/* stuck.c - deadlines of tasks and deployments, and what only DescribeServices tells */
void task_progress(struct core *c, int32_t task);
bool task_waits(const struct core *c, const struct task *t);  /* PENDING, as the agent says, and nobody wants it stopped */
void task_pulling(struct core *c, int32_t task, bool pulling);
bool deployment_moved(const struct ev_aws_deployment *before, const struct ev_aws_deployment *now);
void stuck_tick(struct core *c);
uint64_t stuck_due(const struct core *c);
void stuck_service(struct core *c, uint32_t service);
void on_aws_service(struct core *c, const struct ev_aws_service *ev);
void asked_failed(struct core *c, const struct ev_aws_failed *ev);

/* stale.c - the image that runs is not the one that was deployed */
void stale_look(struct core *c, uint32_t service);

/* node_state.c - states of the node itself */
void node_state_tick(struct core *c);
uint64_t node_state_due(const struct core *c);
void node_state_synced(struct core *c);
void node_engine_left(struct core *c);
void node_ended_with_host(struct core *c, int32_t container);

/* restore.c */
void on_restore(struct core *c, const struct ev_restore *ev);

/* verdict.c */
void verdict_tick(struct core *c, uint32_t service);

/* wanted.c */
size_t wanted(struct core *c, struct action out[CORE_MAX_ACTIONS]);

#endif
