/* core.h - the judgement: events in, actions out. No I/O, clock, allocation, log or errno. */
#ifndef KEDGE_CORE_CORE_H
#define KEDGE_CORE_CORE_H

#include "agent/core/action.h"
#include "agent/core/questions.h"

#define CORE_NEVER UINT64_MAX

/* c must be zeroed memory (a static struct is): so that tables nobody filled cost no page. */
void core_init(struct core *c, const struct core_params *p);

/* Feeds one event; fills out[] and returns how many actions it holds. What did not fit stays wanted and
 * comes with the next EV_TICK, which core_deadline then asks for at once. */
size_t core_step(struct core *c, const struct event *ev, struct action out[CORE_MAX_ACTIONS]);

/* When EV_TICK is next wanted, on the clock of event.now_ms, or CORE_NEVER. Pure. */
uint64_t core_deadline(const struct core *c);

/* NULL, or the invariant that the state now breaks. Called after core_step with its actions: what was
 * allowed to be sent is judged together with what is known (invariants 1 to 6 look at ACT_AWS_STOP). */
const struct packed *core_check(const struct core *c, const struct action *out, size_t n);

/* New policies after a reload; what is known stays. */
void core_reload(struct core *c, const struct core_params *p);

/* Fills r with the durable form of (kind, index), as ACT_JOURNAL asks for it. */
void core_record(const struct core *c, enum rec_kind kind, uint32_t index, struct record *r);

#endif
