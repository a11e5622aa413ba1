/* How often AWS is asked, and when: the heartbeat and what stretches it, the spread after an outage, the data budget. */
#include "agent/core/parts.h"

#define SLOWEST_MS (6 * 3600 * SEC)      /* no throttle and no budget makes the heartbeat longer */
#define SPREAD_MS  (300 * SEC)           /* so far apart heartbeats of a fleet come back at most */
#define UNKNOWN_MS (5 * SEC)             /* the same of intents, while nobody said how large the fleet is */
#define UNSEEN_MS  (300 * 1000)
#define SHED_POLL_MS (600 * SEC)
#define BURST_MS   (30 * SEC)            /* refusals of questions that were on their way together are one */

uint32_t core_fleet(const struct core *c)
{
	return c->params.fleet != 0 ? c->params.fleet : c->fleet_seen;
}

/* N nodes that look with two calls every N/5 s use half of one bucket of the account: at least so long, or least_ms. */
uint32_t pace_spread_ms(const struct core *c, uint32_t least_ms)
{
	uint32_t ms = core_fleet(c) / 5 * 1000;

	return ms > least_ms ? ms : least_ms;
}

enum shed core_shed(const struct core *c)
{
	return (enum shed)c->fact[FACT_DATA].value;
}

enum shed core_shed_of(uint64_t used_bytes, uint64_t budget_bytes)
{
	if (budget_bytes == 0 || used_bytes < budget_bytes / 10 * 8)
		return SHED_NOTHING;
	return used_bytes < budget_bytes / 10 * 9 ? SHED_EXTRAS : used_bytes < budget_bytes ? SHED_HEARTBEATS : SHED_POLLS;
}

/* Without throttles and budget. N nodes that ask every N/10 s use half of one bucket of the account. */
static uint64_t unhurried_ms(const struct core *c, enum beat_why *why)
{
	uint64_t beat = c->params.heartbeat_ms != 0 ? c->params.heartbeat_ms : 3600 * SEC;
	uint64_t fleet_ms = pace_spread_ms(c, 0) / 2;

	*why = fleet_ms > beat ? BEAT_FLEET : BEAT_CONF;
	return fleet_ms > beat ? fleet_ms : beat;
}

uint64_t core_heartbeat_ms(const struct core *c, enum beat_why *why)
{
	uint64_t beat = unhurried_ms(c, why);

	for (uint32_t i = 0; i < c->pace.slower && beat < SLOWEST_MS; i++) {
		beat = beat * 2 < SLOWEST_MS ? beat * 2 : SLOWEST_MS;
		*why = BEAT_THROTTLED;
	}
	if (core_shed(c) >= SHED_HEARTBEATS && beat < SLOWEST_MS) {
		beat = SLOWEST_MS;
		*why = BEAT_BUDGET;
	}
	return beat;
}

/* A failure is judged, and AWS does not show its deployment yet: what AWS lists lags behind by seconds. */
static bool unseen(const struct core *c, const struct service *s)
{
	return rb_open(s->rb.state) && !s->rb.by_operator && s->rb.deployment[0] == '\0' && s->dep_ms != 0 &&
	       c->now_unix_ms - s->rb.first_failure_unix_ms < UNSEEN_MS;
}

/* While a deployment goes on: every 30 s for five minutes, then 60 s, then 120 s; else the heartbeat. */
uint64_t pace_ms(const struct core *c, const struct service *s)
{
	int64_t age = c->now_unix_ms - s->dep.created_unix_ms;
	enum beat_why why;
	uint64_t gap;

	if (unseen(c, s))
		age = 0;
	else if (!sd_ongoing(s->dep.status) || s->dep_ms == 0)
		return core_heartbeat_ms(c, &why);
	gap = pace_spread_ms(c, age < 300 * 1000 ? 30000 : age < 1200 * 1000 ? 60000 : 120000);
	if (rb_open(s->rb.state))
		return gap;   /* what a rollback needs is never shed */
	gap <<= c->pace.slower < 5 ? c->pace.slower : 5;
	return core_shed(c) >= SHED_POLLS || gap > SHED_POLL_MS ? SHED_POLL_MS : gap;
}

/* Full jitter over what a throttle added; one moment for all services, which share a connection then. */
static uint64_t beat_at_ms(struct core *c)
{
	enum beat_why why;
	uint64_t least = unhurried_ms(c, &why), beat = core_heartbeat_ms(c, &why);

	if (c->pace.slower == 0)
		return c->now_ms + beat;
	if (c->pace.beat_ms <= c->now_ms)
		c->pace.beat_ms = c->now_ms + least + dice(c, beat > least ? beat - least + 1 : 1);
	return c->pace.beat_ms;
}

uint64_t pace_next_ms(struct core *c, const struct service *s)
{
	uint64_t gap = pace_ms(c, s);

	if ((!sd_ongoing(s->dep.status) || s->dep_ms == 0) && !unseen(c, s))
		return beat_at_ms(c);
	return c->now_ms + gap * 4 / 5 + dice(c, gap * 2 / 5 + 1);
}

static bool rests(const struct service *s)
{
	return s->used && s->look.step == LOOK_IDLE && !s->look.wanted;
}

/* What is due soon is asked with what is due now: a handshake costs more than the question. */
void pace_gather(struct core *c)
{
	for (int32_t i = 0; i < c->rows.services; i++) {
		struct service *s = &c->service[i];

		if (rests(s) && s->look.failures == 0 && c->aws_failures == 0 && s->look.next_ms <= c->now_ms + pace_ms(c, s) / 4)
			s->look.next_ms = c->now_ms;
	}
}

/* The buckets are the account's: whichever call was refused, everything that only time asks for waits longer. */
void pace_throttled(struct core *c)
{
	enum beat_why why;
	uint64_t burst = unhurried_ms(c, &why);

	burst = burst < BURST_MS ? burst : BURST_MS;
	if (c->pace.slower > 0 && c->now_ms - c->pace.changed_ms < burst)
		return;
	if (core_heartbeat_ms(c, &why) < SLOWEST_MS || c->pace.slower == 0)
		c->pace.slower++;
	c->pace.changed_ms = c->now_ms;
	c->pace.beat_ms = 0;
	for (int32_t i = 0; i < c->rows.services; i++) {
		struct service *s = &c->service[i];

		if (rests(s) && !rb_open(s->rb.state) && s->look.next_ms < beat_at_ms(c))
			s->look.next_ms = sd_ongoing(s->dep.status) ? pace_next_ms(c, s) : beat_at_ms(c);
	}
}

/* A look went through: one step back towards the usual heartbeat, at most once within it. */
void pace_answered(struct core *c)
{
	enum beat_why why;

	if (c->pace.slower == 0 || c->now_ms - c->pace.changed_ms < unhurried_ms(c, &why))
		return;
	c->pace.slower--;
	c->pace.changed_ms = c->now_ms;
	c->pace.beat_ms = 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void bring(struct core *c, uint64_t *at_ms, uint64_t in_ms)
{
	if (*at_ms <= c->now_ms || *at_ms > c->now_ms + in_ms)
		*at_ms = c->now_ms + in_ms;
}

/* What waits for the line goes, no back-off holds it back. spread: a whole fleet may have come back with this node. */
void pace_line_back(struct core *c, bool spread)
{
	uint64_t fleet_ms = pace_spread_ms(c, 0), intent_ms = 0, beat_ms = 0;
	enum beat_why why;

	if (spread) {
		beat_ms = smaller(core_heartbeat_ms(c, &why), SPREAD_MS);
		if (c->params.fleet != 0)
			beat_ms = smaller(beat_ms, fleet_ms);
		else if (fleet_ms < UNKNOWN_MS)
			fleet_ms = UNKNOWN_MS;   /* what was seen is only the least it can be */
		beat_ms = dice(c, beat_ms + 1);
		intent_ms = dice(c, fleet_ms + 1);
	}
	c->aws_retry_ms = 0;
	c->aws_failures = 0;
	for (int32_t i = 0; i < c->rows.services; i++) {
		struct service *s = &c->service[i];

		if (!s->used || s->look.step != LOOK_IDLE)
			continue;
		if (s->look.wanted)
			bring(c, &s->look.next_ms, intent_ms);
		else if (s->look.next_ms <= c->now_ms)
			s->look.next_ms = c->now_ms + beat_ms;
		if (spread && rb_open(s->rb.state))
			bring(c, &s->work.next_ms, intent_ms);
	}
	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (c->task[i].used && c->task[i].ask_ms > c->now_ms)
			bring(c, &c->task[i].ask_ms, intent_ms);
}

/* The budget is used up further, or a new day began: then not all nodes of the world at midnight. */
void pace_budget(struct core *c, bool anew)
{
	enum beat_why why;
	uint64_t first = c->now_ms + (anew ? dice(c, smaller(core_heartbeat_ms(c, &why), SPREAD_MS) + 1) : 0);

	for (int32_t i = 0; i < c->rows.services; i++) {
		struct look *l = &c->service[i].look;

		if (!rests(&c->service[i]) || l->failures > 0 || l->done_ms == 0)
			continue;
		l->next_ms = l->done_ms + pace_ms(c, &c->service[i]);
		if (l->next_ms < first)
			l->next_ms = first;
	}
}
