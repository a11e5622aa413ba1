/* The intent to haul a deployment back: decided, made durable, held, sent once, watched to its end. */
#include "agent/core/parts.h"

#include <string.h>

#define LAG_MS        (2 * SEC)    /* reads of the ECS API lag its writes by seconds */
#define LAG_UPDATE_MS (10 * SEC)   /* a second UpdateService would be a second deployment */
#define REST_MS       (300 * SEC)  /* after three tries */

/* What `shadow` would have done was right when somebody then went back or forward, and wrong when the release came to
 * run well all the same. */
static void score_shadow(struct core *c, uint32_t service, enum rb_state state)
{
	struct service *s = &c->service[service];
	int32_t release = rollback_release(c, s);
	bool runs = release != NONE && c->release[release].good && release_running(c, release) > 0;

	if (s->rb.state != RB_SHADOW || state == RB_SHADOW)
		return;
	if (state == RB_ADOPTED || state == RB_ROLLED_BACK || state == RB_SUPERSEDED)
		s->m.shadow_right++;
	else if (state == RB_REFUSED && runs)
		s->m.shadow_wrong++;
	else
		return;
	s->save = true;
}

static void seconds(struct text *t, int64_t from_ms, int64_t to_ms)
{
	text_i64(t, to_ms > from_ms ? (to_ms - from_ms) / 1000 : 0);
	text_say(t, " s");
}

/* What an act came to, for whoever asks later: which, by whom, from what to what, how fast. */
static void audit_outcome(struct core *c, const struct service *s)
{
	const struct rollback *rb = &s->rb;
	struct text t = text_on(c->audit.text, sizeof(c->audit.text));
	int64_t since = rb->first_failure_unix_ms != 0 ? rb->first_failure_unix_ms : rb->decided_unix_ms;

	c->audit.uid = rb->uid;
	c->audit_save = true;
	text_s(&t, rb_state_name(rb->state));
	text_say(&t, " r");
	text_u64(&t, rb->id);
	text_packed(&t, rb->confirmed ? PACKED(" by a person") : PACKED(" by policy"));
	text_say(&t, " for f");
	text_u64(&t, rb->failure);
	text_say(&t, ", from ");
	text_s(&t, rb->digest[0] != '\0' ? rb->digest : "?");
	text_say(&t, " to ");
	text_s(&t, rb->target_digest[0] != '\0' ? rb->target_digest : "?");
	text_say(&t, ", decided after ");
	seconds(&t, since, rb->decided_unix_ms);
	text_say(&t, ", done after ");
	seconds(&t, since, rb->done_unix_ms);
}

void rollback_says(struct core *c, uint32_t service, enum rb_state state, const char *reason)
{
	struct service *s = &c->service[service];

	if (s->rb.state == state && str_eq(s->rb.reason, reason))
		return;
	score_shadow(c, service, state);
	/* sending adds nothing to the intent that is on disk already: after a crash AWS is asked what became of it */
	s->work.save = s->work.save || (s->rb.state != state && state != RB_ACTING);
	s->rb.state = state;
	(void)str_cut(s->rb.reason, sizeof(s->rb.reason), slice_of(reason));
	if (!rb_open(state)) {
		s->rb.done_unix_ms = c->now_unix_ms;
		if (s->rb.accepted)
			audit_outcome(c, s);
	}
}

void rollback_state(struct core *c, uint32_t service, enum rb_state state, const struct packed *words)
{
	char reason[sizeof(((struct rollback *)0)->reason)];

	rollback_says(c, service, state, packed_copy(reason, sizeof(reason), words));
}

bool rollback_was_accepted(const struct core *c, const char *deployment)
{
	for (uint32_t i = 0; i < ACCEPTED_MAX; i++)
		if (deployment[0] != '\0' && str_eq(c->accepted[i], deployment))
			return true;
	return false;
}

void rollback_remember(struct core *c, const char *deployment)
{
	if (deployment[0] == '\0' || rollback_was_accepted(c, deployment))
		return;
	PUT(c->accepted[c->n_accepted % ACCEPTED_MAX], deployment);
	c->n_accepted++;
}

static const char *failing_digest(const struct release *r)
{
	for (uint32_t i = 0; i < r->n_images; i++)
		if (r->image[i].digest[0] != '\0')
			return r->image[i].digest;
	return "";
}

/* The intent already speaks of this very release, whatever became of it. */
static bool same_release(const struct rollback *rb, const struct release *r)
{
	const char *digest = failing_digest(r);

	if (rb->state == RB_NONE || rb->revision != r->revision || !str_eq(rb->family, r->family))
		return false;
	if (rb->deployment[0] != '\0' && r->deployment[0] != '\0')
		return str_eq(rb->deployment, r->deployment);
	/* closed before AWS named its deployment: what has a name now was deployed after it */
	if (!rb_open(rb->state) && r->deployment[0] != '\0' && (rb->state == RB_SUPERSEDED || r->first_unix_ms > rb->done_unix_ms))
		return false;
	return rb->digest[0] == '\0' || digest[0] == '\0' || str_eq(rb->digest, digest);
}

/* Somebody deployed again what was hauled back within the last day, whatever else is remembered of it: announced, not undone twice by itself. Asked
 * each time, of what the journal keeps: a restart must not forget it. */
static bool came_back_here(const struct core *c, const struct rollback *rb)
{
	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *o = &c->release[i];

		if (!o->used || !str_eq(o->service, rb->service) || str_eq(o->deployment, rb->deployment) ||
		    !(o->tried || rollback_was_accepted(c, o->deployment)) || (o->first_unix_ms > Y2020_MS && c->now_unix_ms - o->first_unix_ms > 24 * 3600 * 1000))
			continue;
		/* where one of the two images is not known, the definition says what was deployed */
		if (rb->digest[0] != '\0' && failing_digest(o)[0] != '\0' ? str_eq(failing_digest(o), rb->digest)
									   : o->revision == rb->revision && str_eq(o->family, rb->family))
			return true;
	}
	return false;
}

static bool same_image(const struct rollback *rb, const struct revision *rev)
{
	for (uint32_t i = 0; i < rev->n; i++)
		if (rb->digest[0] != '\0' && str_eq(rev->image[i].digest, rb->digest))
			return true;
	return (look_digests(rev) == 0 || rb->digest[0] == '\0') && rev->revision == rb->revision && str_eq(rev->family, rb->family);
}

/* The same from AWS's history: what another node, a breaker or a person hauled back comes back all the same. */
static bool came_back(const struct core *c, const struct service *s)
{
	for (uint32_t i = 1; i < s->n_history; i++) {
		const struct sd_brief *h = &s->history[i];
		const struct revision *rev = look_revision(s, h->target_revision);
		bool hauled = h->status == SD_ROLLBACK_REQUESTED || h->status == SD_ROLLBACK_IN_PROGRESS ||
			      h->status == SD_ROLLBACK_SUCCESSFUL || h->status == SD_ROLLBACK_FAILED;

		if (hauled && rev != NULL && !rev->missing && !str_eq(h->arn, s->rb.deployment) &&
		    c->now_unix_ms - h->created_unix_ms < 24 * 3600 * 1000 && same_image(&s->rb, rev))
			return true;
	}
	return came_back_here(c, &s->rb);
}

static void new_intent(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];

	memset(&s->rb, 0, sizeof(s->rb));
	memset(&s->work, 0, sizeof(s->work));
	s->rb.id = c->next_id++;
	PUT(s->rb.service, s->m.name);
	s->rb.decided_unix_ms = c->now_unix_ms;
	s->rb.expires_unix_ms = c->now_unix_ms + (int64_t)core_policy(c, s->m.name)->expire_ms;
	s->work.decided_ms = c->now_ms;
	s->work.save = true;
}

static const struct failure *failure_by_id(const struct core *c, uint32_t id)
{
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].f.id == id)
			return &c->failure[i].f;
	return NULL;
}

static bool is_about(const struct rollback *rb, const struct release *r)
{
	return rb->deployment[0] != '\0' && r->deployment[0] != '\0' ? str_eq(rb->deployment, r->deployment)
	       : rb->revision == r->revision && str_eq(rb->family, r->family);
}

/* Something newer was deployed: what the older one did is over, however its failures are weighed today. */
static bool outdated(const struct core *c, const struct service *s, const struct release *r)
{
	for (uint32_t i = 1; r->deployment[0] != '\0' && i < s->n_history; i++)
		if (str_eq(s->history[i].arn, r->deployment))
			return true;
	for (int32_t i = 0; rb_open(s->rb.state) && i < c->rows.releases; i++) {
		const struct release *o = &c->release[i];

		if (o->used && str_eq(o->service, r->service) && is_about(&s->rb, o) && o->first_unix_ms > r->first_unix_ms)
			return true;
	}
	return false;
}

void rollback_decide(struct core *c, uint32_t service, int32_t release, uint32_t failure)
{
	struct service *s = &c->service[service];
	const struct release *r = &c->release[release];
	const struct policy *p = core_policy(c, s->m.name);
	const struct failure *f = failure_by_id(c, failure);
	bool sent = s->rb.state == RB_ACTING || s->rb.state == RB_WATCHING || s->rb.state == RB_ADOPTED;

	/* what a person asked for is under way: it names no release, and none takes its place */
	if (rb_open(s->rb.state) && s->rb.by_operator)
		return;
	if (p->mode == MODE_OFF || same_release(&s->rb, r) || sent || f == NULL ||
	    rollback_was_accepted(c, r->deployment) || outdated(c, s, r))
		return;
	new_intent(c, service);
	s->rb.failure = failure;
	PUT(s->rb.family, r->family);
	s->rb.revision = r->revision;
	PUT(s->rb.digest, failing_digest(r));
	PUT(s->rb.deployment, r->deployment);
	s->rb.link_bad = f->link_bad && f->stage == STAGE_RUN;   /* no line is needed to see that an image or a command is missing */
	s->rb.first_failure_unix_ms = f->first_unix_ms;
	s->work.hold_ms = CORE_NEVER;
	rollback_state(c, service, RB_DECIDED, came_back(c, s)
		? PACKED("This release was rolled back within the last day and came back; a person has to confirm.")
		: PACKED("The verdict is in; the intent is being written down."));
	look_want(c, service);
}

/* A person has to say yes: the mode asks for it, the bad release came back, or the history cannot be read. */
static bool needs_person(const struct core *c, uint32_t service)
{
	const struct service *s = &c->service[service];

	if (s->rb.confirmed || s->rb.by_operator)
		return false;
	return core_policy(c, s->m.name)->mode != MODE_AUTO || s->history_denied || s->rb.update || s->work.ask_person ||
	       came_back(c, s);
}

static uint64_t hold_down_ms(struct core *c, uint32_t service)
{
	const struct service *s = &c->service[service];
	const struct policy *p = core_policy(c, s->m.name);

	if (s->rb.confirmed || s->rb.by_operator)
		return 0;
	if (p->hold_down_ms != HOLD_DOWN_AUTO)
		return p->hold_down_ms;
	return dice(c, 2 * pace_spread_ms(c, 15000) + 1);   /* each node that is past it and sees no rollback yet looks twice */
}

static bool held(const struct core *c, const struct service *s)
{
	return s->m.hold_until_unix_ms > c->now_unix_ms && !s->rb.confirmed;
}

bool rollback_waits_for_person(struct core *c, uint32_t service)
{
	if (!needs_person(c, service))
		return false;
	if (core_policy(c, c->service[service].m.name)->mode == MODE_SHADOW)
		rollback_state(c, service, RB_SHADOW, PACKED("Policy is shadow: this is what kedge would have rolled back."));
	else if (c->service[service].rb.state != RB_AWAITING_CONFIRMATION)
		rollback_state(c, service, RB_AWAITING_CONFIRMATION,
			       PACKED("A person has to confirm."));
	return true;
}

/* From durable to the question whether it still holds: hold, line, hold-down, then a fresh look. */
static void proceed(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];

	if (rollback_waits_for_person(c, service))
		return;
	if (held(c, s)) {
		rollback_state(c, service, RB_HELD, PACKED("Held by a person; it goes on when the hold ends."));
		s->work.next_ms = c->now_ms + 5 * SEC;
		return;
	}
	if (!core_online(c) || (s->rb.state == RB_QUEUED_OFFLINE && c->aws_failures > 0)) {
		rollback_state(c, service, RB_QUEUED_OFFLINE,
			PACKED("Decided; AWS cannot be reached, it goes on when the line is back."));
		s->look.wanted = s->look.full = true;   /* the first answer ends the queueing */
		return;
	}
	if (s->work.hold_ms == CORE_NEVER)
		s->work.hold_ms = c->now_ms + hold_down_ms(c, service);
	if (s->rb.state != RB_DECIDED && s->rb.state != RB_QUORUM_WAIT && s->rb.state != RB_BREAKER_WAIT)
		rollback_state(c, service, RB_DECIDED, PACKED("AWS is asked whether it still holds."));
	if (c->now_ms >= s->work.hold_ms && s->work.next_ms <= c->now_ms) {
		s->work.next_ms = c->now_ms + 15 * SEC;
		s->look.next_ms = c->now_ms;
		s->look.wanted = s->look.full = true;
	}
}

static void watch_again(struct core *c, uint32_t service)
{
	static const uint8_t gap_s[] = { 2, 5, 10, 20, 60 };
	struct service *s = &c->service[service];
	uint32_t n = s->work.watched;

	if (s->work.next_ms > c->now_ms)
		return;
	s->work.next_ms = c->now_ms + pace_spread_ms(c, gap_s[n < sizeof(gap_s) ? n : sizeof(gap_s) - 1] * UINT32_C(1000));
	s->work.watched++;
	s->look.wanted = s->look.full = true;
	s->look.next_ms = c->now_ms;
}

static bool expired(const struct core *c, const struct rollback *rb)
{
	return c->fact[FACT_CLOCK].yes != TRI_NO && c->now_unix_ms > rb->expires_unix_ms &&
	       rb->state != RB_WATCHING && rb->state != RB_ADOPTED && rb->state != RB_ACTING;
}

/* How old the answer may be that a call is based on when it leaves: Stop names one deployment, UpdateService none. */
uint64_t rollback_fresh_ms(const struct service *s)
{
	return s->rb.update ? 4 * SEC : 9 * SEC;
}

/* AWS may have taken it: should the release come back, it counts as hauled back. */
static void no_answer(struct core *c, struct service *s)
{
	int32_t release = rollback_release(c, s);

	s->work.lost = 2;

	if (release != NONE)
		c->release[release].tried = c->release[release].save = true;
}

/* Neither an answer that got old before the stop could leave, nor a stop without an answer, is acted on twice:
 * AWS is asked again what the state is. */
static void stop_overdue(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	bool stale = !s->work.stop_sent && c->now_ms - s->dep_ms > rollback_fresh_ms(s);

	if (!stale && !(s->work.stop_sent && c->now_ms - s->work.stop_ms > 90 * SEC))
		return;
	if (!stale)
		no_answer(c, s);
	s->work.stop_sent = false;
	s->work.next_ms = c->now_ms;
	rollback_state(c, service, RB_DECIDED, stale ? PACKED("AWS's answer got too old; it is asked again.")
						     : PACKED("No answer to the stop; AWS is asked again."));
}

void rollback_tick(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];

	if (!rb_open(s->rb.state) || s->work.save || s->work.seq == 0 || s->work.seq > c->saved_seq)
		return;   /* nothing before the intent is on disk */
	/* known before the intent was: no look at deployments, which such a service has none of, would come to say it */
	if (rollback_report_only(c, service))
		return;
	if (expired(c, &s->rb)) {
		rollback_state(c, service, RB_EXPIRED, PACKED("Too old to be acted on; a person has to look."));
		return;
	}
	switch (s->rb.state) {
	case RB_DECIDED:
	case RB_QUEUED_OFFLINE:
	case RB_HELD:
		proceed(c, service);
		break;
	case RB_AWAITING_CONFIRMATION:
	case RB_SHADOW:
		if (!needs_person(c, service))
			proceed(c, service);
		break;
	case RB_QUORUM_WAIT:
	case RB_BREAKER_WAIT:
		if (s->work.next_ms <= c->now_ms)
			proceed(c, service);
		break;
	case RB_ACTING:
		stop_overdue(c, service);
		break;
	case RB_WATCHING:
	case RB_ADOPTED:
		watch_again(c, service);
		break;
	case RB_NONE: case RB_SUSPECT: case RB_ROLLED_BACK: case RB_ROLLBACK_FAILED: case RB_SUPERSEDED:
	case RB_EXPIRED: case RB_REFUSED: case RB_DENIED: case RB_CANCELLED: case RB_STATES:
		break;
	}
}

void rollback_accepted(struct core *c, uint32_t service, const struct packed *words)
{
	struct service *s = &c->service[service];
	int32_t release = rollback_release(c, s);

	rollback_remember(c, s->rb.deployment);
	if (release != NONE)
		c->release[release].save = true;   /* the service's next intent takes this one's place in the journal */
	backoff_refund(&c->quota);
	s->rb.accepted = true;
	s->rb.accepted_unix_ms = c->now_unix_ms;
	s->work.stop_sent = false;
	s->work.watched = 0;
	s->work.next_ms = c->now_ms + 2 * SEC;
	rollback_state(c, service, RB_WATCHING, words);
	s->work.save = true;
}

void on_aws_stopped(struct core *c, const struct ev_aws_stopped *ev)
{
	struct service *s = service_at(c, ev->service);

	if (s == NULL || s->rb.update || !s->work.stop_sent || !str_eq(s->rb.deployment, ev->arn)) {
		c->counter.stale_answers++;
		return;
	}
	rollback_accepted(c, ev->service, PACKED("AWS accepted the rollback; kedge watches it to its end."));
}

/* A fleet's tasks are the dearest question of all to ask again: after 1, 2, 4, 8, then every 16 minutes. */
uint64_t rollback_quorum_gap_ms(struct service *s)
{
	uint32_t n = s->work.quorums++;

	return (60 * SEC) << (n < 4 ? n : 4);
}

/* A call that changes something is tried three times, each on an answer of its own about the present state; then it
 * rests, or, where a second one would not be the same as the first, is left to a person. */
static void try_again(struct core *c, uint32_t service, const struct ev_aws_failed *ev)
{
	struct service *s = &c->service[service];
	bool throttled = ev->error == AE_THROTTLED;
	uint64_t wait_ms = backoff_ms(s->work.tries, throttled ? BACKOFF_THROTTLED_MS : BACKOFF_TRANSIENT_MS, BACKOFF_CAP_MS,
				      dice(c, UINT64_MAX));
	bool more = ++s->work.tries < BACKOFF_ATTEMPTS && backoff_take(&c->quota, throttled ? BACKOFF_THROTTLED : BACKOFF_TRANSIENT);

	wait_ms = backoff_obey(wait_ms, ev->retry_after_ms);
	if (!throttled)
		wait_ms += s->rb.update ? LAG_UPDATE_MS : LAG_MS;   /* it may have been taken: reads lag writes */
	if (!more && s->rb.update) {
		rollback_state(c, service, RB_REFUSED, PACKED("AWS did not take UpdateService; a person has to look."));
		return;
	}
	if (!more) {
		s->work.tries = 0;
		wait_ms = REST_MS;
		s->work.hold_ms = c->now_ms + wait_ms;
	}
	s->work.next_ms = c->now_ms + wait_ms;
	rollback_state(c, service, RB_DECIDED, more ? PACKED("AWS did not take the stop; its state is read again.")
						    : PACKED("AWS did not take the stop, three times; it is asked again in five minutes."));
}

void rollback_failed(struct core *c, const struct ev_aws_failed *ev)
{
	struct service *s = service_at(c, ev->service);

	if (s == NULL || !rb_open(s->rb.state) || ev->op == OP_SERVICES)   /* what that tells is not needed to act */
		return;
	if (ev->error == AE_DENIED) {
		if (ev->op == OP_STOP || ev->op == OP_UPDATE || s->rb.confirmed)
			rollback_says(c, ev->service, RB_DENIED, ev->detail);
		s->work.stop_sent = s->work.quorum_sent = false;
		return;
	}
	if (ev->op == OP_QUORUM) {
		s->work.quorum_sent = false;
		s->work.next_ms = c->now_ms + rollback_quorum_gap_ms(s);
		rollback_state(c, ev->service, RB_QUORUM_WAIT, PACKED("Other nodes cannot be asked; a person may confirm."));
		return;
	}
	if (ev->op != OP_STOP && ev->op != OP_UPDATE)
		return;
	if (s->rb.state == RB_WATCHING || s->rb.state == RB_ADOPTED) {   /* a look has seen already what became of it */
		s->work.stop_sent = false;
		return;
	}
	if (ev->error == AE_UNREACHABLE)
		no_answer(c, s);
	s->work.stop_sent = false;
	if (ev->error == AE_UNREACHABLE || ev->error == AE_THROTTLED) {
		try_again(c, ev->service, ev);
		return;
	}
	s->work.next_ms = c->now_ms + 10 * SEC;
	if (ev->error == AE_CONFLICT || ev->error == AE_NOT_FOUND || ev->error == AE_INVALID) {
		if (s->work.conflicts >= 2) {
			rollback_says(c, ev->service, RB_REFUSED, ev->detail);
			return;
		}
		s->work.conflicts++;
	} else if (ev->error == AE_UNSUPPORTED) {
		rollback_says(c, ev->service, RB_REFUSED, ev->detail);
		return;
	}
	rollback_state(c, ev->service, RB_DECIDED, PACKED("AWS did not take the stop; its state is read again."));
}

int32_t core_service(const struct core *c, struct slice name_or_id)
{
	uint64_t n = 0;
	bool id = name_or_id.n > 1 && name_or_id.p[0] == 'r' && slice_u64(slice_from(name_or_id, 1), &n);

	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && slice_is(name_or_id, c->service[i].m.name))
			return i;
	for (int32_t i = 0; id && i < c->rows.services; i++)
		if (c->service[i].used && c->service[i].rb.state != RB_NONE && c->service[i].rb.id == n)
			return i;
	return NONE;
}

static void audit(struct core *c, const struct ev_operator *ev, const char *what)
{
	struct text t = text_on(c->audit.text, sizeof(c->audit.text));

	c->audit.uid = ev->uid;
	c->audit_save = true;
	text_s(&t, what);
	text_c(&t, ' ');
	text_s(&t, ev->id[0] != '\0' ? ev->id : ev->service);
}

static void by_hand(struct core *c, const struct ev_operator *ev)
{
	int32_t service = service_add(c, ev->service);
	struct service *s;

	if (service == NONE)
		return;
	s = &c->service[service];
	if (s->rb.state == RB_ACTING || s->rb.state == RB_WATCHING || s->rb.state == RB_ADOPTED)
		return;   /* on its way already */
	if (ev->to_family[0] != '\0') {
		new_intent(c, (uint32_t)service);
		update_by_hand(c, (uint32_t)service, ev);
		return;
	}
	if (rb_open(s->rb.state)) {
		s->rb.confirmed = true;
		s->rb.uid = ev->uid;
		s->work.save = true;
		return;
	}
	new_intent(c, (uint32_t)service);
	s->rb.by_operator = s->rb.confirmed = true;
	s->rb.uid = ev->uid;
	s->work.hold_ms = c->now_ms;
	rollback_state(c, (uint32_t)service, RB_DECIDED, PACKED("A person asked for it."));
}

static bool waits_for_person(enum rb_state state)
{
	return state == RB_AWAITING_CONFIRMATION || state == RB_SHADOW || state == RB_QUORUM_WAIT ||
	       state == RB_BREAKER_WAIT || state == RB_HELD;
}

void on_operator(struct core *c, const struct ev_operator *ev)
{
	int32_t at = core_service(c, slice_of(ev->id[0] != '\0' ? ev->id : ev->service));
	struct service *s = at == NONE ? NULL : &c->service[at];

	if (ev->verb == OPV_ROLLBACK) {
		by_hand(c, ev);
		audit(c, ev, "rollback");
	} else if (ev->verb == OPV_DEPLOY && s != NULL) {
		deploy_asked(c, (uint32_t)at, ev);
	} else if (ev->verb == OPV_LOOK && s != NULL) {
		look_want(c, (uint32_t)at);
	} else if (ev->verb == OPV_HOLD && s != NULL) {
		s->m.hold_until_unix_ms = ev->for_ms == 0 ? 0 : c->now_unix_ms + (int64_t)ev->for_ms;
		s->save = true;
		audit(c, ev, "hold");
	} else if (ev->verb == OPV_CONFIRM && s != NULL && rb_open(s->rb.state)) {
		s->rb.confirmed = true;
		s->rb.uid = ev->uid;
		s->work.save = true;
		s->work.hold_ms = c->now_ms;
		s->work.next_ms = 0;
		if (waits_for_person(s->rb.state))
			rollback_state(c, (uint32_t)at, RB_DECIDED,
				PACKED("Confirmed by a person; AWS is asked whether it still holds."));
		audit(c, ev, "confirm");
	} else if (ev->verb == OPV_CANCEL && s != NULL && rb_open(s->rb.state)) {
		s->rb.uid = ev->uid;
		rollback_state(c, (uint32_t)at, RB_CANCELLED, PACKED("Cancelled by a person."));
		audit(c, ev, "cancel");
	}
}
