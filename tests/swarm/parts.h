/* parts.h - what the files of the swarm's world offer each other. */
#ifndef KEDGE_TESTS_SWARM_PARTS_H
#define KEDGE_TESTS_SWARM_PARTS_H

#include "tests/swarm/site.h"

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
