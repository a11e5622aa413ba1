/* replay_core.h - the core on a recording's clock: fed, ticked when it wants to be, and answered at once with what
 * a recording can answer. */
#ifndef KEDGE_RUN_REPLAY_CORE_H
#define KEDGE_RUN_REPLAY_CORE_H

#include "agent/core/core.h"
#include "agent/run/replay_engine.h"

struct replay_core {
	struct core core;
	struct core_params params;
	struct replay_engine *engine;    /* answers inspects; borrowed */
	struct event ev;                 /* the one being made */
	struct event told;               /* of parsers that tell several: they go on with it after each */
	int64_t now_unix_ms, first_unix_ms;
	uint64_t answers_bad, seq, saved_seq;
	bool want_inspect[CONTAINERS_MAX], want_probe;
	bool broken;                     /* an invariant; nothing is fed any more */
	struct why why;                  /* of broken */
};

/* r is zeroed memory. Default policy, no AWS. */
void replay_core_init(struct replay_core *r, struct replay_engine *engine);
/* The recording begins at that time; the node had been up for a day. */
void replay_core_begin(struct replay_core *r, int64_t unix_ms);

/* Clears r->ev for a new event of that type. */
struct event *replay_core_event(struct replay_core *r, enum ev_type type);
/* At the present moment; r->ev may be passed. */
void replay_core_feed(struct replay_core *r, struct event *ev);
/* For parsers that tell several events: feeds each. */
struct ev_out replay_core_out(struct replay_core *r);
/* A source's state, told only when it differs from what was told last. */
void replay_core_source(struct replay_core *r, enum source source, enum source_state state);

/* Answers all that the core wants now: inspects from the recording, records are durable at once, experiments find
 * nothing. Not to be called while a parser tells. */
void replay_core_settle(struct replay_core *r);
/* Time passes, ticks included, up to then; it never goes back. */
void replay_core_pass(struct replay_core *r, int64_t until_unix_ms);

#endif
