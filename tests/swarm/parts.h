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
int64_t swarm_wall_ms(const struct swarm *w);
int64_t swarm_true_unix_ms(uint64_t ms);
void swarm_say(struct swarm *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void swarm_broke(struct swarm *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool swarm_pop(struct swarm *w, uint64_t until_ms, struct swarm_item *out);
uint64_t swarm_next_ms(const struct swarm *w);

/* hold.c - kedge's place in the world: it is fed, obeyed, killed and started again */
struct event *swarm_event(struct swarm *w, enum ev_type type);
void swarm_feed(struct swarm *w, struct event *ev);
void swarm_saved(struct swarm *w);
void swarm_kedge_down(struct swarm *w);
void swarm_kedge_up(struct swarm *w);
void swarm_fact(struct swarm *w, enum fact fact, enum tri yes, int64_t value, const char *about, bool last);
void swarm_source(struct swarm *w, enum source source, enum source_state state);
void swarm_probe(struct swarm *w, uint32_t failure);
void swarm_forget_journal(struct swarm *w);

/* cloud.c - the control plane */
bool swarm_online(const struct swarm *w);
void swarm_ask_aws(struct swarm *w, const struct action *a);
void swarm_arrives(struct swarm *w, uint32_t ask);
void swarm_answer(struct swarm *w, uint32_t ask);
enum sd_status swarm_status_at(const struct swarm_dep *d, uint64_t ms);
void swarm_set_status(struct swarm *w, uint32_t dep, enum sd_status status);
void swarm_deploy(struct swarm *w, uint32_t service, enum who by, uint32_t same_as, enum flaw flaw);
uint32_t swarm_last_good(const struct swarm *w, uint32_t service, uint32_t before);

/* scheduler.c - places tasks, counts, completes */
void swarm_schedule(struct swarm *w, uint32_t service);
void swarm_ecs_learns(struct swarm *w, uint32_t task);

/* node.c - engine and ECS agent */
void swarm_place(struct swarm *w, uint32_t service, uint32_t dep, uint32_t of);
void swarm_stop_task(struct swarm *w, uint32_t task);
void swarm_task_step(struct swarm *w, uint32_t task, uint32_t gen);
void swarm_inspect(struct swarm *w, uint32_t number);
void swarm_image(struct swarm *w, uint32_t image);
void swarm_sync(struct swarm *w);
void swarm_sync_soon(struct swarm *w);
void swarm_list(struct swarm *w);
void swarm_replay_log(struct swarm *w);
void swarm_line_out(struct swarm *w, uint32_t at);
void swarm_dockerd_down(struct swarm *w, bool graceful);
void swarm_dockerd_up(struct swarm *w);
void swarm_agent_up(struct swarm *w);
void swarm_killed(struct swarm *w, uint32_t task);
void swarm_tell_ecs(struct swarm *w, uint32_t task, uint32_t what);
void swarm_end_task(struct swarm *w, uint32_t task, enum cause cause, int exit_code, bool seen);
bool swarm_cloud_away(const struct swarm *w);

/* fault.c - what goes wrong, and people */
void swarm_draw(struct swarm *w);
void swarm_fault(struct swarm *w, enum fault fault);
void swarm_mend(struct swarm *w, enum fault fault);
bool swarm_has(const struct swarm *w, enum fault fault);
void swarm_booted(struct swarm *w);
void swarm_person(struct swarm *w, uint32_t service);
void swarm_ci(struct swarm *w, uint32_t service);
void swarm_heal(struct swarm *w);

/* justice.c - what is compared with the truth */
void swarm_reported(struct swarm *w, const struct failure *f);
void swarm_recorded(struct swarm *w, const struct failure *f);
void swarm_stop_accepted(struct swarm *w, uint32_t dep, bool by_person);
void swarm_patience(struct swarm *w);
void swarm_verdict(struct swarm *w);
void swarm_noted(struct swarm *w, const struct service *s);

#endif
