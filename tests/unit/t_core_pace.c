/* How often AWS is asked: the cadence, what stretches it, what is asked together, who waits how long after an outage, and
 * how often a call that changes something is tried. */
#include "agent/core/parts.h"
#include "tests/story/world.h"
#include "tests/tap.h"

#include <string.h>

static struct world w;
static struct core *const c = &w.core;

static struct event event(enum ev_type type)
{
	return (struct event){ .type = type };
}

static struct service *at(int i)
{
	return &c->service[i];
}

/* n services that rest: looked at a minute ago, SUCCESSFUL, their next heartbeats given in seconds from now. */
static void resting(int n, const int *next_s)
{
	world_init(&w, MODE_AUTO);
	world_deploy(&w, "web", 11, "sha256:d11");
	world_status(&w, SD_SUCCESSFUL);
	for (int i = 0; i < n; i++) {
		struct event ev = event(EV_TASK);

		ev.u.task.what = T_SERVICE;
		snprintf(ev.u.task.task, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032d", i);
		snprintf(ev.u.task.family, NAME_CAP, i == 0 ? "web" : "f%d", i);
		snprintf(ev.u.task.service, NAME_CAP, i == 0 ? "web" : "s%d", i);
		world_feed(&w, &ev);
	}
	world_run(&w, 60000);
	c->now_ms = w.now_ms;
	for (int i = 0; i < n; i++)
		at(i)->look.next_ms = w.now_ms + (uint64_t)next_s[i] * SEC;
}

static void fact(enum fact which, enum tri yes, int64_t value)
{
	struct event ev = event(EV_FACT);

	ev.u.fact.fact = which;
	ev.u.fact.yes = yes;
	ev.u.fact.value = value;
	world_feed(&w, &ev);
}

static void failed(enum aws_op op, enum aws_error error, uint32_t service, uint64_t retry_after_ms)
{
	struct event ev = event(EV_AWS_FAILED);

	ev.u.aws_failed.op = op;
	ev.u.aws_failed.error = error;
	ev.u.aws_failed.service = service;
	ev.u.aws_failed.ask = at((int)service)->look.ask;
	ev.u.aws_failed.retry_after_ms = retry_after_ms;
	world_feed(&w, &ev);
}

static uint64_t in_s(uint64_t at_ms)
{
	return at_ms <= w.now_ms ? 0 : (at_ms - w.now_ms) / SEC;
}

static uint64_t beat_s(enum beat_why *why)
{
	return core_heartbeat_ms(c, why) / SEC;
}

static void cadence(void)
{
	static const struct { int age_s, gap_s; } rows[] = { { 10, 30 }, { 299, 30 }, { 301, 60 }, { 1199, 60 }, { 1201, 120 }, { 90000, 120 } };
	struct service *s = at(0);
	uint64_t least = UINT64_MAX, most = 0;

	resting(1, (int[]){ 3000 });
	is_int(pace_ms(c, s), 3600000, "a service at rest: once an hour");
	s->dep.status = SD_IN_PROGRESS;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s->dep.created_unix_ms = c->now_unix_ms - rows[i].age_s * 1000;
		is_int(pace_ms(c, s) / SEC, rows[i].gap_s, "a deployment %d s old: every %d s", rows[i].age_s, rows[i].gap_s);
	}
	for (int i = 0; i < 500; i++) {
		uint64_t next = pace_next_ms(c, s) - w.now_ms;

		least = next < least ? next : least;
		most = next > most ? next : most;
	}
	ok(least >= 96000 && least < 100000 && most <= 144000 && most > 140000, "jittered by a fifth both ways: %llu to %llu ms",
	   (unsigned long long)least, (unsigned long long)most);
	c->fact[FACT_DATA].value = SHED_POLLS;
	is_int(pace_ms(c, s) / SEC, 600, "the data are used up: every ten minutes");
	c->pace.slower = 40;
	c->fact[FACT_DATA].value = SHED_NOTHING;
	is_int(pace_ms(c, s) / SEC, 600, "so it is where AWS throttles all the time");
	c->pace.slower = 1;
	is_int(pace_ms(c, s) / SEC, 240, "one throttle: half as often");
	c->fact[FACT_DATA].value = SHED_POLLS;
	s->rb.state = RB_DECIDED;
	is_int(pace_ms(c, s) / SEC, 120, "what a rollback needs is slowed down by neither");
	s->rb.state = RB_NONE;
	s->dep_ms = 0;
	is_int(pace_ms(c, s) / SEC, 21600, "nothing known: the heartbeat");
	(void)pace_next_ms(c, s);
}

static void together(void)
{
	resting(4, (int[]){ 1, 880, 905, 10 });
	at(3)->look.failures = 1;
	world_run(&w, 3000);
	ok(at(0)->look.done_ms > w.now_ms - 2500 && at(1)->look.done_ms > w.now_ms - 2500, "what is due within a quarter of an hour is asked at once");
	is_int(in_s(at(2)->look.next_ms), 902, "what is due later is not");
	is_int(in_s(at(3)->look.next_ms), 7, "nor what AWS refused a while ago");
	ok(at(1)->look.next_ms - at(0)->look.next_ms < SEC, "from then on they are due together");
	ok(w.broken == NULL, "no invariant is broken");
	resting(2, (int[]){ 3000, 10 });
	c->aws_failures = 1;
	pace_gather(c);
	is_int(in_s(at(1)->look.next_ms), 10, "while nothing gets through nothing joins");
}

static void throttle(void)
{
	enum beat_why why;
	uint64_t before;

	resting(3, (int[]){ 1, 1800, 3500 });
	at(2)->rb.state = RB_DECIDED;      /* an intent waits for nobody's heartbeat */
	at(2)->work.save = true;
	before = at(2)->look.next_ms;
	failed(OP_TASK, AE_THROTTLED, 0, 0);
	is_int(beat_s(&why), 7200, "one throttle, of whatever call: the heartbeat doubles");
	is_int(why, BEAT_THROTTLED, "and says why");
	ok(in_s(at(0)->look.next_ms) >= 3600 && in_s(at(0)->look.next_ms) <= 7200, "the next one is drawn from what was added");
	ok(at(1)->look.next_ms == at(0)->look.next_ms, "for all services the same, on one connection");
	ok(at(2)->look.next_ms == before, "but for one with an open intent");
	failed(OP_TASK, AE_THROTTLED, 1, 0);
	is_int(beat_s(&why), 7200, "refusals that were on their way together count as one");
	at(2)->rb.state = RB_NONE;
	for (int i = 0; i < 5; i++) {
		w.now_ms += 31 * SEC;
		failed(OP_SERVICES, AE_THROTTLED, 0, 0);
	}
	is_int(beat_s(&why), 21600, "it ends at six hours");
	is_int(c->pace.slower, 3, "and what brings nothing is not counted");
	for (int i = 0; i < 3; i++) {
		w.now_ms += 3600 * SEC;
		c->now_ms = w.now_ms;
		pace_answered(c);
		pace_answered(c);
	}
	is_int(beat_s(&why), 3600, "a step back for each hour with an answer");
	is_int(why, BEAT_CONF, "then it is the conf's again");
	c->params.heartbeat_ms = 7 * 3600 * SEC;
	failed(OP_TASK, AE_THROTTLED, 0, 0);
	is_int(beat_s(&why), 7 * 3600, "one longer than six hours stays as it is");
	ok(pace_next_ms(c, at(0)) == w.now_ms + 7 * 3600 * SEC, "to the second");
	c->params.heartbeat_ms = 10 * SEC;
	c->pace = (struct pace){ 0, 0, 0 };
	at(0)->dep.status = SD_IN_PROGRESS;
	at(0)->look.next_ms = w.now_ms + 5 * SEC;
	failed(OP_TASK, AE_THROTTLED, 0, 0);
	is_int(beat_s(&why), 20, "a heartbeat of seconds doubles too");
	ok(in_s(at(0)->look.next_ms) >= 47, "a deployment under way is polled half as often");
	w.now_ms += 11 * SEC;
	failed(OP_TASK, AE_THROTTLED, 0, 0);
	is_int(beat_s(&why), 40, "and again after one beat");
}

/* A heartbeat that is refused is not tried again before the next; a question of an event is, by the retry rules. */
static void refused_look(void)
{
	resting(1, (int[]){ 1 });
	world_run(&w, 1020);
	is_int(at(0)->look.step, LOOK_LIST, "a heartbeat is on its way");
	w.queued = 0;
	failed(OP_LIST, AE_THROTTLED, 0, 900);
	ok(in_s(at(0)->look.next_ms) >= 3600 && !at(0)->look.wanted, "throttled: the next tick is the retry");
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 3000);
	w.queued = 0;
	at(0)->look.step = LOOK_LIST;
	failed(OP_LIST, AE_THROTTLED, 0, 3600000);
	ok(in_s(at(0)->look.next_ms) >= 5 && in_s(at(0)->look.next_ms) <= 245 && at(0)->look.wanted,
	   "an event's question: by the retry rules, and what AWS asks counts for five seconds");
	c->fact[FACT_DATA].value = SHED_HEARTBEATS;
	at(0)->look.wanted = false;
	at(0)->look.step = LOOK_LIST;
	failed(OP_LIST, AE_UNREACHABLE, 0, 0);
	ok(in_s(at(0)->look.next_ms) >= 3600, "with little data left a heartbeat that failed is not repeated");
}

static void fleet(void)
{
	enum beat_why why;

	resting(1, (int[]){ 3000 });
	is_int(core_fleet(c), 1, "the fleet is what the conf says");
	c->params.fleet = 0;
	c->fleet_seen = 0;
	is_int(core_fleet(c), 0, "auto: not known at first");
	w.dep[0].requested = 50000;
	at(0)->look.next_ms = w.now_ms;
	at(0)->look.full = true;
	world_run(&w, 2000);
	is_int(core_fleet(c), 50000, "a service that wants so many tasks has so many nodes at least");
	is_int(beat_s(&why), 5000, "and a heartbeat that leaves half a bucket to others");
	is_int(why, BEAT_FLEET, "which is said");
	w.dep[0].requested = 2;
	at(0)->look.next_ms = w.now_ms;
	at(0)->look.full = true;
	world_run(&w, 2000);
	is_int(core_fleet(c), 50000, "the largest counts");
}

/* Whether a revision that a read has missed is known after the next look. */
static bool known_later(enum rb_state state)
{
	struct service *s = at(0);

	resting(1, (int[]){ 3000 });
	s->revision[0].missing = true;
	s->rb.state = state;
	s->look.next_ms = w.now_ms;
	s->look.full = true;
	world_run(&w, 3000);
	return !s->revision[0].missing;
}

static uint64_t watched_s(enum rb_state state)
{
	struct service *s = at(0);

	s->rb.state = state;
	s->rb.expires_unix_ms = INT64_MAX;
	s->work.save = false;
	s->work.seq = c->saved_seq = 1;
	s->work.watched = 0;
	s->work.next_ms = 0;
	rollback_tick(c, 0);
	return in_s(s->work.next_ms);
}

/* What happens to all nodes at one time: a deployment that goes on, news of it, a rollback that one of them sent. */
static void all_nodes(void)
{
	struct service *s = at(0);
	uint64_t most = 0;

	resting(1, (int[]){ 3000 });
	c->params.fleet = 1000;
	s->dep.status = SD_IN_PROGRESS;
	s->dep.created_unix_ms = c->now_unix_ms;
	is_int(pace_ms(c, s) / SEC, 200, "a thousand nodes look at a deployment every 200 s, with two calls: half of 20 a second");
	for (int i = 0; i < 300; i++) {
		s->look.wanted = false;
		look_want(c, 0);
		most = in_s(s->look.next_ms) > most ? in_s(s->look.next_ms) : most;
	}
	ok(most > 360 && most <= 400, "what happens to all of them is looked at within 400 s: %llu", (unsigned long long)most);
	c->params.fleet = 10000;
	s->look.next_ms = w.now_ms + 3900 * SEC;
	look_want(c, 0);
	is_int(in_s(s->look.next_ms), 3900, "what is wanted again keeps its turn");
	s->look.failures = 1;
	look_want(c, 0);
	is_int(in_s(s->look.next_ms), 900, "a look that AWS refused waits a quarter of an hour at most");
	is_int(watched_s(RB_ADOPTED), 2000, "who watches a rollback takes a turn with all others");
	c->params.fleet = 4;
	is_int(watched_s(RB_ADOPTED), 2, "few nodes need not");
}

/* The moments drawn for a heartbeat, an intent and a task that wait, over many outages. */
static void spread(uint32_t fleet_conf, uint32_t seen, uint64_t beat_max_s, uint64_t intent_max_s)
{
	uint64_t beat = 0, intent = 0, task = 0;
	bool within = true;

	resting(2, (int[]){ 3000, 3000 });
	c->params.fleet = fleet_conf;
	c->fleet_seen = seen;
	for (int i = 0; i < 300; i++) {
		c->fact[FACT_ROUTE].yes = TRI_NO;
		at(0)->look.next_ms = w.now_ms - SEC;
		at(1)->look.wanted = true;
		at(1)->look.next_ms = w.now_ms + 50000 * SEC;
		at(1)->rb.state = RB_WATCHING;
		at(1)->work.next_ms = w.now_ms + 50000 * SEC;
		c->task[0].ask_ms = w.now_ms + 50000 * SEC;
		c->aws_retry_ms = w.now_ms + 60 * SEC;
		c->aws_failures = 5;
		c->now_ms = w.now_ms;
		pace_line_back(c, true);
		within = within && c->aws_retry_ms == 0 && at(1)->work.next_ms == at(1)->look.next_ms && c->task[0].ask_ms == at(1)->look.next_ms;
		beat = in_s(at(0)->look.next_ms) > beat ? in_s(at(0)->look.next_ms) : beat;
		intent = in_s(at(1)->look.next_ms) > intent ? in_s(at(1)->look.next_ms) : intent;
		task = in_s(c->task[0].ask_ms) > task ? in_s(c->task[0].ask_ms) : task;
	}
	ok(within, "fleet %u, seen %u: no back-off outlives the outage", fleet_conf, seen);
	ok(beat <= beat_max_s && beat * 10 >= beat_max_s * 9, "heartbeats spread over %llu s: %llu", (unsigned long long)beat_max_s, (unsigned long long)beat);
	ok(intent <= intent_max_s && intent * 10 >= intent_max_s * 8, "intents over %llu s: %llu", (unsigned long long)intent_max_s, (unsigned long long)intent);
	ok(task == intent, "tasks nobody knows as intents");
}

static void line_back(void)
{
	spread(1, 0, 0, 0);
	spread(1000, 0, 200, 200);
	spread(100000, 0, 300, 20000);
	spread(0, 1, 300, 5);
	spread(0, 200, 300, 40);
	resting(2, (int[]){ 3000, 3000 });
	c->aws_failures = 3;
	c->aws_retry_ms = w.now_ms + 60 * SEC;
	fact(FACT_ROUTE, TRI_YES, 0);
	ok(c->aws_retry_ms == 0, "a route told anew while nothing gets through is news of the link");
	at(0)->look.wanted = true;
	at(0)->look.next_ms = w.now_ms + 30 * SEC;
	at(1)->look.step = LOOK_LIST;
	c->aws_retry_ms = w.now_ms + 60 * SEC;
	fact(FACT_ROUTE, TRI_YES, 0);
	ok(c->aws_retry_ms != 0, "without failures it is none");
	fact(FACT_CREDENTIALS, TRI_NO, 0);
	fact(FACT_CREDENTIALS, TRI_YES, 0);
	ok(c->aws_retry_ms == 0 && at(0)->look.step == LOOK_LIST, "credentials that are there again: at once");
	w.queued = 0;
	at(0)->look.wanted = true;
	at(0)->look.step = LOOK_IDLE;
	at(0)->look.next_ms = w.now_ms + 30 * SEC;
	at(1)->look.asked_full = at(1)->look.full = false;
	c->aws_failures = 2;
	c->aws_retry_ms = w.now_ms + 30 * SEC;
	{
		struct event ev = event(EV_AWS_LIST);

		ev.u.aws_list.service = 1;
		ev.u.aws_list.ask = at(1)->look.ask;
		world_feed(&w, &ev);
	}
	ok(at(0)->look.step == LOOK_LIST, "though no route ever went: the first answer lets all that waits go");
}

static void budget(void)
{
	char words[PACKED_MAX];
	enum beat_why why;

	is_int(core_shed_of(800000, 0), SHED_NOTHING, "no budget: nothing is left out");
	is_int(core_shed_of(799999, 1000000), SHED_NOTHING, "up to four fifths nothing");
	is_int(core_shed_of(800000, 1000000), SHED_EXTRAS, "then service events and registry probes");
	is_int(core_shed_of(899999, 1000000), SHED_EXTRAS, "up to nine tenths");
	is_int(core_shed_of(900000, 1000000), SHED_HEARTBEATS, "then heartbeats");
	is_int(core_shed_of(999999, 1000000), SHED_HEARTBEATS, "up to the last byte");
	is_int(core_shed_of(1000000, 1000000), SHED_POLLS, "then polls of deployments");
	for (int i = SHED_EXTRAS; i <= SHED_POLLS; i++)
		ok(strlen(packed_copy(words, sizeof(words), core_shed_says((enum shed)i))) > 20, "a sentence for level %d", i);
	ok(packed_copy(words, sizeof(words), core_shed_says(SHED_NOTHING))[0] == '\0' &&
	   packed_copy(words, sizeof(words), beat_why_says(BEAT_CONF))[0] == '\0', "none where nothing is to be said");

	resting(4, (int[]){ 100, 3000, 3000, 3000 });
	at(1)->look.wanted = true;
	at(2)->look.failures = 2;
	at(3)->look.done_ms = 0;
	fact(FACT_DATA, TRI_NO, SHED_EXTRAS);
	is_int(beat_s(&why), 3600, "four fifths: the heartbeat stays");
	fact(FACT_DATA, TRI_NO, SHED_HEARTBEATS);
	is_int(beat_s(&why), 21600, "nine tenths: six hours");
	is_int(why, BEAT_BUDGET, "and says why");
	ok(in_s(at(0)->look.next_ms) > 21000, "also the one that was due sooner");
	ok(in_s(at(1)->look.next_ms) == 3000 && in_s(at(2)->look.next_ms) == 3000 && in_s(at(3)->look.next_ms) == 3000,
	   "not what an event wants, what was refused, or what never was asked");
	c->params.heartbeat_ms = 24 * 3600 * SEC;
	is_int(beat_s(&why), 86400, "one that is longer stays");
	c->params.heartbeat_ms = 0;
	w.now_ms += 7200 * SEC;
	at(1)->look.next_ms = at(2)->look.next_ms = at(3)->look.next_ms = CORE_NEVER;
	fact(FACT_DATA, TRI_YES, SHED_NOTHING);
	ok(in_s(at(0)->look.next_ms) <= 300 && at(0)->look.step == LOOK_IDLE, "a new day: soon, but not all nodes of the world at midnight");

	resting(1, (int[]){ 3000 });
	at(0)->asked.wanted = true;
	fact(FACT_DATA, TRI_NO, SHED_EXTRAS);
	ok(at(0)->asked.wanted, "service events are left out");
	ok(core_deadline(c) > w.now_ms, "without a tick for them");
	at(0)->rb.state = RB_DECIDED;
	at(0)->work.save = true;
	fact(FACT_DATA, TRI_NO, SHED_HEARTBEATS);
	ok(!at(0)->asked.wanted && at(0)->asked.sent, "but not where an intent may need the answer");
}

/* An intent whose call is on its way, and what was said of it lost. */
static struct service *acting(bool update)
{
	struct service *s = at(0);

	world_init(&w, MODE_AUTO);
	world_deploy(&w, "web", 11, "sha256:d11");
	world_status(&w, SD_SUCCESSFUL);
	world_deploy(&w, "web", 12, "sha256:d12");
	if (update)
		world_status(&w, SD_SUCCESSFUL);
	w.dep[0].source_running = 1;
	world_place(&w, 1, "web", 12);
	world_create(&w, 1, "web", 12, "sha256:i12");
	if (update) {
		c->params.policy.allow_update_service = c->params.service[0].policy.allow_update_service = true;
		world_run(&w, 5000);
		world_rollback_to(&w, "web", "web", 11);
	} else {
		world_start_failed(&w, 1, CLASS_EXEC_NOT_FOUND, "exec: \"/x\": no such file or directory");
		world_stopped(&w, 1, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec", -1);
		w.conflict = true;
	}
	for (int i = 0; i < 9000 && w.stops + w.updates == 0; i++)
		world_run(&w, 10);
	w.queued = 0;
	return s;
}

/* Lets the next call leave; false: none within that time. */
static bool next_call(uint64_t within_ms)
{
	uint32_t before = w.stops + w.updates;

	for (uint64_t i = 0; i < within_ms / 10 && w.stops + w.updates == before; i++)
		world_run(&w, 10);
	w.queued = 0;
	return w.stops + w.updates > before;
}

static void three_tries(void)
{
	struct service *s = acting(false);
	uint64_t looked;

	is_int(s->rb.state, RB_ACTING, "a stop is on its way");
	looked = s->dep_ms;
	failed(OP_STOP, AE_UNREACHABLE, 0, 0);
	ok(s->rb.state == RB_DECIDED && in_s(s->work.next_ms) >= 1, "its answer is lost: reads lag, so not at once");
	ok(next_call(10000) && s->dep_ms > looked, "the second try is on an answer of its own");
	looked = s->dep_ms;
	failed(OP_STOP, AE_THROTTLED, 0, 2500);
	ok(s->work.next_ms >= w.now_ms + 2500 && s->work.next_ms <= w.now_ms + 2500 + 2000, "a throttle: as long as AWS asks");
	ok(next_call(20000) && s->dep_ms > looked, "the third too");
	failed(OP_STOP, AE_THROTTLED, 0, 0);
	ok(strstr(s->rb.reason, "three times") != NULL, "then it rests: %s", s->rb.reason);
	ok(!next_call(290000), "for five minutes, whatever is asked of AWS meanwhile");
	ok(next_call(60000), "and begins again");
	is_int(c->quota.spent, BACKOFF_TRANSIENT + BACKOFF_THROTTLED, "retries cost tokens");
	w.conflict = false;
	c->quota.spent = BACKOFF_TOKENS;
	failed(OP_STOP, AE_THROTTLED, 0, 0);
	ok(strstr(s->rb.reason, "three times") != NULL, "without tokens there is no retry");
	ok(w.broken == NULL, "no invariant is broken");
}

/* It is not idempotent: a lost answer is followed by two looks before one more is sent, and three tries are all. */
static void update_tries(void)
{
	struct service *s = acting(true);
	uint64_t begun;

	is_int(s->rb.state, RB_ACTING, "an UpdateService is on its way");
	/* as if AWS had never got it */
	for (uint32_t i = 1; i < w.n_deps; i++)
		w.dep[i - 1] = w.dep[i];
	w.n_deps--;
	begun = w.now_ms;
	failed(OP_UPDATE, AE_UNREACHABLE, 0, 0);
	ok(next_call(60000), "lost: one more in the end");
	ok(w.now_ms - begun >= 20000, "after two looks, ten seconds apart: %llu ms", (unsigned long long)(w.now_ms - begun));
	for (uint32_t i = 1; i < w.n_deps; i++)
		w.dep[i - 1] = w.dep[i];
	w.n_deps--;
	failed(OP_UPDATE, AE_THROTTLED, 0, 0);
	ok(next_call(60000), "throttled: one more");
	for (uint32_t i = 1; i < w.n_deps; i++)
		w.dep[i - 1] = w.dep[i];
	w.n_deps--;
	failed(OP_UPDATE, AE_THROTTLED, 0, 0);
	is_int(s->rb.state, RB_REFUSED, "a third time: a person has to look");
	ok(w.broken == NULL, "no invariant is broken");
}

int main(void)
{
	cadence();
	together();
	throttle();
	refused_look();
	ok(!known_later(RB_NONE), "a revision that is missing is not asked for again and again");
	ok(known_later(RB_DECIDED), "but where an intent waits for it: it may have been too new for that read");
	fleet();
	all_nodes();
	line_back();
	budget();
	three_tries();
	update_tries();
	return done();
}
