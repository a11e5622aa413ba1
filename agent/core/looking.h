/* looking.h - within the core: what AWS and the registry are asked, how often, and what they answered. */
#ifndef KEDGE_CORE_LOOKING_H
#define KEDGE_CORE_LOOKING_H

#include "agent/core/core.h"

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

/* registry.c - what the registry itself says of the images of a revision that waits */
void registry_tick(struct core *c);
bool registry_wanted(const struct core *c, uint32_t service);
uint64_t registry_due(const struct core *c);
void on_registry(struct core *c, const struct ev_registry *ev);
enum image_word registry_said(const struct core *c, const struct failure *f, int64_t *unix_ms);

#endif
