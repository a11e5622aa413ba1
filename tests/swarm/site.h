/* site.h - what the files of one node offer: its kedge, its sources, its tasks, and what goes wrong there. */
#ifndef KEDGE_TESTS_SWARM_SITE_H
#define KEDGE_TESTS_SWARM_SITE_H

#include "tests/swarm/swarm.h"

/* hold.c - a kedge's place in the world: it is fed, obeyed, killed and started again */
struct event *swarm_event(struct swarm *w, enum ev_type type);
void swarm_feed(struct swarm_node *n, struct event *ev);
void swarm_saved(struct swarm_node *n);
void swarm_kedge_down(struct swarm_node *n);
void swarm_kedge_up(struct swarm_node *n);
void swarm_identify(struct swarm_node *n);
void swarm_fact(struct swarm_node *n, enum fact fact, enum tri yes, int64_t value, const char *about, bool last);
void swarm_source(struct swarm_node *n, enum source source, enum source_state state);
void swarm_probe(struct swarm_node *n);

/* sources.c - what engine, agent log and introspection tell */
void swarm_log(struct swarm *w, uint32_t task, enum line_kind kind, enum pull_what pull, enum class class, const char *reason);
void swarm_log_change(struct swarm *w, uint32_t task, enum task_status status);
void swarm_line_out(struct swarm_node *n, uint32_t at);
void swarm_replay_log(struct swarm_node *n);
void swarm_tell(struct swarm *w, uint32_t task, enum container_what what, int code);
void swarm_inspect(struct swarm_node *n, uint32_t number);
void swarm_image(struct swarm_node *n, uint32_t image);
void swarm_words(struct swarm_node *n, uint32_t number);
void swarm_registry(struct swarm_node *n, uint32_t life, uint32_t ask);
void swarm_target(struct swarm_node *n, uint32_t service, uint32_t ask);
void swarm_list(struct swarm_node *n);
void swarm_sync(struct swarm_node *n);
void swarm_sync_soon(struct swarm_node *n);

/* life.c - a task's life on its node */
void swarm_place(struct swarm_node *n, uint32_t service, uint32_t dep, uint32_t of);
void swarm_stop_task(struct swarm *w, uint32_t task);
void swarm_task_step(struct swarm *w, uint32_t task, uint32_t gen);
void swarm_end_task(struct swarm *w, uint32_t task, enum cause cause, int exit_code, bool seen);
void swarm_forget(struct swarm *w, uint32_t task);

/* site.c - engine, agent and power of a node go and come */
bool swarm_cloud_away(const struct swarm_node *n);
bool swarm_stalled(const struct swarm_node *n);
void swarm_freeze(struct swarm_node *n);
void swarm_all_see(struct swarm_node *n, uint64_t within_ms);
void swarm_dockerd_down(struct swarm_node *n, bool graceful);
void swarm_dockerd_up(struct swarm_node *n);
void swarm_agent_up(struct swarm_node *n);
void swarm_power_cut(struct swarm_node *n);
void swarm_booted(struct swarm_node *n);
void swarm_reregister(struct swarm_node *n);
void swarm_orphan_gone(struct swarm *w, uint32_t task, uint32_t number);
void swarm_tell_ecs(struct swarm *w, uint32_t task, uint32_t what);
void swarm_ntp(struct swarm_node *n);

/* fault.c - what goes wrong; draw.c - what a seed is made of */
void swarm_draw(struct swarm *w);
void swarm_fault_again(struct swarm_node *n, enum fault fault);
void swarm_fault(struct swarm_node *n, enum fault fault);
void swarm_mend(struct swarm_node *n, enum fault fault);
bool swarm_has(const struct swarm_node *n, enum fault fault);
void swarm_heal(struct swarm *w);

#endif
