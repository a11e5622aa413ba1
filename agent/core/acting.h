/* acting.h - within the core: from a verdict or a person's word to what is sent, and to its outcome. */
#ifndef KEDGE_CORE_ACTING_H
#define KEDGE_CORE_ACTING_H

#include "agent/core/core.h"

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

/* wanted.c */
size_t wanted(struct core *c, struct action out[CORE_MAX_ACTIONS]);

#endif
