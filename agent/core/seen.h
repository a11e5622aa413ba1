/* seen.h - within the core: what the sources said of containers, tasks and pulls, and what time makes of it. */
#ifndef KEDGE_CORE_SEEN_H
#define KEDGE_CORE_SEEN_H

#include "agent/core/core.h"

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

/* node_state.c - states of the node itself */
void node_state_tick(struct core *c);
uint64_t node_state_due(const struct core *c);
void node_state_synced(struct core *c);
void node_engine_left(struct core *c);
void node_ended_with_host(struct core *c, int32_t container);

/* restore.c */
void on_restore(struct core *c, const struct ev_restore *ev);

#endif
