/* parts.h - what the files of the swarm's world offer each other. */
#ifndef KEDGE_TESTS_SWARM_PARTS_H
#define KEDGE_TESTS_SWARM_PARTS_H

#include "tests/swarm/swarm.h"

#include <stdio.h>

/* clockwork.c - dice, time and the queue */
uint64_t swarm_dice(struct swarm *w, uint64_t below);
uint64_t swarm_between(struct swarm *w, uint64_t from, uint64_t to);
bool swarm_chance(struct swarm *w, uint32_t percent);
void swarm_later(struct swarm *w, uint64_t ms, enum happening what, uint32_t a, uint32_t b);
void swarm_later_at(struct swarm_node *n, uint64_t ms, enum happening what, uint32_t a, uint32_t b);
int64_t swarm_wall_ms(const struct swarm_node *n);
int64_t swarm_true_unix_ms(uint64_t ms);
void swarm_say(struct swarm *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void swarm_broke(struct swarm *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool swarm_pop(struct swarm *w, uint64_t until_ms, struct swarm_item *out);
uint64_t swarm_next_ms(const struct swarm *w);

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

/* cloud.c, answers.c - the control plane, and what its API shows of it */
bool swarm_online(const struct swarm_node *n);
void swarm_ask_aws(struct swarm_node *n, const struct action *a);
void swarm_arrives(struct swarm *w, uint32_t ask);
void swarm_answer(struct swarm *w, uint32_t ask);
void swarm_answered(struct swarm_node *n, const struct swarm_ask *q);
enum sd_status swarm_status_at(const struct swarm_dep *d, uint64_t ms);
void swarm_set_status(struct swarm *w, uint32_t dep, enum sd_status status);
void swarm_deploy(struct swarm *w, uint32_t service, enum who by, uint32_t same_as, enum flaw flaw);
uint32_t swarm_last_good(const struct swarm *w, uint32_t service, uint32_t before);
uint32_t swarm_last_number(const char *arn);

/* scheduler.c - places tasks, counts, completes */
void swarm_schedule(struct swarm *w, uint32_t service);
void swarm_ecs_learns(struct swarm *w, uint32_t task);

/* sources.c - what engine, agent log and introspection tell */
void swarm_log(struct swarm *w, uint32_t task, enum line_kind kind, enum pull_what pull, enum class class, const char *reason);
void swarm_log_change(struct swarm *w, uint32_t task, enum task_status status);
void swarm_line_out(struct swarm_node *n, uint32_t at);
void swarm_replay_log(struct swarm_node *n);
void swarm_tell(struct swarm *w, uint32_t task, enum container_what what, int code);
void swarm_inspect(struct swarm_node *n, uint32_t number);
void swarm_image(struct swarm_node *n, uint32_t image);
void swarm_words(struct swarm_node *n, uint32_t number);
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

/* people.c - operators, and their machines */
void swarm_person(struct swarm *w, uint32_t service);
void swarm_ci(struct swarm *w, uint32_t service);

/* justice.c - what is compared with the truth */
void swarm_reported(struct swarm_node *n, const struct failure *f);
void swarm_recorded(struct swarm_node *n, const struct failure *f);
void swarm_stop_accepted(struct swarm *w, uint32_t dep, uint32_t node, bool by_person);
void swarm_patience(struct swarm *w);
void swarm_verdict(struct swarm *w);
void swarm_noted(struct swarm_node *n, const struct service *s);

#endif
