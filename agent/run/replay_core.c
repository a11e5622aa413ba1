#include "agent/run/replay_core.h"

#include <stdio.h>
#include <string.h>

#define UP_MS     UINT64_C(86400000)     /* the node had been up for a day when the recording begins */
#define TICKED_MS (INT64_C(30) * 86400000) /* of a longer silence; the rest passes as if the host were off */
#define TURNS_MAX 10000                  /* rounds at one instant: more is a core that never comes to rest */

void replay_core_init(struct replay_core *r, struct replay_engine *engine)
{
	r->engine = engine;
	r->params.policy = policy_default();
	core_init(&r->core, &r->params);
}

void replay_core_begin(struct replay_core *r, int64_t unix_ms)
{
	r->now_unix_ms = r->first_unix_ms = unix_ms;
}

static uint64_t up_ms(const struct replay_core *r)
{
	return UP_MS + (uint64_t)(r->now_unix_ms - r->first_unix_ms);
}

static void want(struct replay_core *r, const struct action *a)
{
	switch (a->type) {
	case ACT_JOURNAL:
		r->seq = a->seq;
		break;
	case ACT_INSPECT:
		r->want_inspect[a->index] = true;
		break;
	case ACT_PROBE:
		r->want_probe = true;
		break;
	case ACT_REPORT:
	case ACT_SUSPECT:
	case ACT_NOTE:
	case ACT_IMAGE:         /* no answer about images is recorded */
	case ACT_AWS_TASK:
	case ACT_AWS_LIST:
	case ACT_AWS_DEPLOYMENT:
	case ACT_AWS_REVISION:
	case ACT_AWS_QUORUM:
	case ACT_AWS_STOP:
	case ACT_AWS_UPDATE:
	case ACT_AWS_SERVICE:
	case ACT_AWS_DEPLOY:
	case ACT_DEPLOYED:
	case ACT_LAST_WORDS:
	case ACT_TARGET_IMAGE:
	case ACT_REGISTRY:
	case ACT_TYPES:
		break;
	}
}

void replay_core_feed(struct replay_core *r, struct event *ev)
{
	struct action out[CORE_MAX_ACTIONS];
	const struct packed *broken;
	char words[PACKED_MAX];
	size_t n;

	if (r->broken)
		return;
	ev->now_unix_ms = r->now_unix_ms;
	ev->now_ms = up_ms(r);
	n = core_step(&r->core, ev, out);
	broken = core_check(&r->core, out, n);
	if (broken != NULL) {
		r->broken = true;
		(void)why_set(&r->why, KERR_REFUSED, "after %s at %lld.%03d: %s", ev_name(ev->type),
			      (long long)(r->now_unix_ms / 1000), (int)(r->now_unix_ms % 1000),
			      packed_copy(words, sizeof(words), broken));
	}
	for (size_t i = 0; i < n; i++)
		want(r, &out[i]);
}

static void put(void *arg, const struct event *ev)
{
	struct replay_core *r = arg;

	(void)ev;
	replay_core_feed(r, &r->told);
}

struct ev_out replay_core_out(struct replay_core *r)
{
	return (struct ev_out){ .ev = &r->told, .put = put, .arg = r };
}

struct event *replay_core_event(struct replay_core *r, enum ev_type type)
{
	memset(&r->ev, 0, sizeof(r->ev));
	r->ev.type = type;
	return &r->ev;
}

static bool answer_inspects(struct replay_core *r)
{
	bool any = false;
	struct why why;

	for (uint32_t i = 0; i < CONTAINERS_MAX; i++) {
		enum kerr err;

		if (!r->want_inspect[i])
			continue;
		r->want_inspect[i] = false;
		if (!r->core.container[i].used)
			continue;
		err = replay_engine_inspect(r->engine, r->core.container[i].id, r->now_unix_ms, &r->ev, &why);
		if (err == KERR_OK)
			replay_core_feed(r, &r->ev);
		else if (err != KERR_GONE && r->answers_bad++ < REPLAY_BAD_SHOWN)
			fprintf(stderr, "kedge: inspect of %.12s: %s\n", r->core.container[i].id, why.text);
		any = any || err == KERR_OK;
	}
	return any;
}

static void answer_probe(struct replay_core *r)
{
	struct event *ev = replay_core_event(r, EV_FACT);

	ev->u.fact.fact = FACT_REGISTRY;
	ev->u.fact.last = true;
	r->want_probe = false;
	replay_core_feed(r, ev);
}

static bool answer_journal(struct replay_core *r)
{
	struct event *ev;

	if (r->seq == r->saved_seq)
		return false;
	ev = replay_core_event(r, EV_SAVED);
	ev->u.saved.seq = r->saved_seq = r->seq;
	replay_core_feed(r, ev);
	return true;
}

static void restless(struct replay_core *r)
{
	r->broken = true;
	(void)why_set(&r->why, KERR_REFUSED, "the core does not come to rest at %lld.%03d", (long long)(r->now_unix_ms / 1000),
		      (int)(r->now_unix_ms % 1000));
}

/* All that the core wants at this instant. */
void replay_core_settle(struct replay_core *r)
{
	bool again = true;

	for (int turns = 0; again && !r->broken; turns++) {
		again = answer_inspects(r);
		again = answer_journal(r) || r->want_probe || again;
		if (r->want_probe)
			answer_probe(r);
		if (turns == TURNS_MAX)
			restless(r);
	}
}

static void tick_due(struct replay_core *r, int64_t until_unix_ms)
{
	uint64_t until_ms = UP_MS + (uint64_t)(until_unix_ms - r->first_unix_ms), due;

	for (int turns = 0; !r->broken && (due = core_deadline(&r->core)) <= until_ms; turns++) {
		if (due > up_ms(r)) {
			r->now_unix_ms += (int64_t)(due - up_ms(r));
			turns = 0;
		}
		replay_core_feed(r, replay_core_event(r, EV_TICK));
		replay_core_settle(r);
		if (turns == TURNS_MAX)
			restless(r);
	}
}

/* Time passes up to then; it never goes back, whatever a file says. */
void replay_core_pass(struct replay_core *r, int64_t until_unix_ms)
{
	if (until_unix_ms < r->now_unix_ms)
		until_unix_ms = r->now_unix_ms;
	if (until_unix_ms - r->now_unix_ms > TICKED_MS) {
		tick_due(r, r->now_unix_ms + TICKED_MS);
		r->now_unix_ms = until_unix_ms;
	}
	tick_due(r, until_unix_ms);
	r->now_unix_ms = until_unix_ms;
}

/* Told once, however often it is said. */
void replay_core_source(struct replay_core *r, enum source which, enum source_state state)
{
	struct event *ev;

	if (r->core.source[which].state == state)
		return;
	ev = replay_core_event(r, EV_SOURCE);
	ev->u.source.source = which;
	ev->u.source.state = state;
	replay_core_feed(r, ev);
}
