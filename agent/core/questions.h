/* questions.h - what the readers of the state ask it: the core itself, and the views. All are pure. */
#ifndef KEDGE_CORE_QUESTIONS_H
#define KEDGE_CORE_QUESTIONS_H

#include "agent/core/state.h"

/* The policy in force for a service name (empty: the default one). */
const struct policy *core_policy(const struct core *c, const char *service);

/* Calls to AWS can be tried now: route, credentials, clock, and no back-off running. */
bool core_online(const struct core *c);

/* Nodes of the account and region, as the conf says, or at least so many, as seen; 0: not known. */
uint32_t core_fleet(const struct core *c);

/* Between two looks at a service that nothing happens to, and what made it that long. */
enum beat_why { BEAT_CONF, BEAT_FLEET, BEAT_THROTTLED, BEAT_BUDGET, BEAT_WHYS };
const struct packed *beat_why_says(enum beat_why why);        /* a sentence; "" for BEAT_CONF */
uint64_t core_heartbeat_ms(const struct core *c, enum beat_why *why);

/* What the day's data budget leaves out now; what it would after so many bytes; as a sentence ("" for nothing). */
enum shed core_shed(const struct core *c);
enum shed core_shed_of(uint64_t used_bytes, uint64_t budget_bytes);   /* a budget of 0: no limit */
const struct packed *core_shed_says(enum shed shed);

/* One sentence for people: what is the matter with this service, and what happens next. */
void core_explain(const struct core *c, uint32_t service, struct text *out);

/* The release of the newest deployment, unless this node has seen a newer one since AWS was last asked; or NONE. */
int32_t core_current(const struct core *c, const struct service *s);

/* The service of that name, or the one whose rollback has that id ("r3"); or NONE. */
int32_t core_service(const struct core *c, struct slice name_or_id);

/* Task.startedBy of the release its rollback is about; empty: not known. Borrowed. */
const char *core_started_by(const struct core *c, const struct service *s);

/* The state of its rollback; of a release that is suspect and not decided on yet, RB_SUSPECT. */
enum rb_state core_rollback_shown(const struct service *s);

const char *verdict_name(enum verdict verdict);
const char *serving_name(enum serving serving);

#endif
