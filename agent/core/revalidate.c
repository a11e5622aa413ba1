/* The intent against AWS's present answer: does it still hold, has somebody else acted, may it be sent? */
#include "agent/core/parts.h"

#define BREAKER_MS (120 * SEC)   /* courtesy to a breaker whose count does not grow */
#define DAY_MS     INT64_C(86400000)
#define CLOCKS_MS  10000         /* so much AWS's clock and ours may differ when both are right */
#define UNCLEAR_MAX 5            /* reads that name neither our deployment nor a newer one */

int32_t rollback_release(const struct core *c, const struct service *s)
{
	int32_t best = NONE;

	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		if (!r->used || !str_eq(r->service, s->m.name) || r->revision != s->rb.revision ||
		    !str_eq(r->family, s->rb.family))
			continue;
		if (s->rb.deployment[0] != '\0' && str_eq(r->deployment, s->rb.deployment))
			return i;
		if (best == NONE || r->first_unix_ms > c->release[best].first_unix_ms)
			best = i;
	}
	return best;
}

const char *core_started_by(const struct core *c, const struct service *s)
{
	int32_t release = rollback_release(c, s);

	return release == NONE ? "" : c->release[release].started_by;
}

enum whose { OURS, NEWER, UNCLEAR };

bool history_has(const struct service *s, const char *arn)
{
	for (uint32_t i = 1; i < s->n_history; i++)
		if (str_eq(s->history[i].arn, arn))
			return true;
	return false;
}

static void name_deployment(struct service *s)
{
	PUT(s->rb.deployment, s->dep.arn);
	s->work.save = true;
}

/* Is the newest deployment the one the intent speaks of? An intent decided offline learns its name here. Reads
 * lag writes and may step back: only a deployment that is newer than what was seen here has overtaken it. */
static enum whose whose(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	const struct revision *rev = look_revision(s, s->dep.target_revision);
	int32_t release = rollback_release(c, s);

	if (s->rb.deployment[0] != '\0') {
		if (str_eq(s->rb.deployment, s->dep.arn))
			return OURS;
		return history_has(s, s->rb.deployment) || s->dep.created_unix_ms > s->rb.decided_unix_ms ? NEWER : UNCLEAR;
	}
	if (rev == NULL || rev->missing)
		return UNCLEAR;
	if (s->rb.by_operator && s->rb.family[0] == '\0') {
		PUT(s->rb.family, rev->family);
		s->rb.revision = rev->revision;
		name_deployment(s);
		return OURS;
	}
	if (release != NONE && release_is_revision(&c->release[release], rev) &&
	    s->dep.created_unix_ms <= s->rb.first_failure_unix_ms + CLOCKS_MS) {
		name_deployment(s);
		if (c->release[release].deployment[0] == '\0')
			release_named(c, release, s->dep.arn);
		return OURS;
	}
	return s->dep.created_unix_ms > s->rb.first_failure_unix_ms ? NEWER : UNCLEAR;
}

/* A deployment that returns to a revision that already succeeded is somebody's rollback: never against it. */
static bool is_somebodys_rollback(const struct service *s)
{
	const struct revision *to = look_revision(s, s->dep.target_revision);
	const struct revision *from = look_revision(s, s->dep.source_revision);

	if (to == NULL || from == NULL || (to->revision == from->revision && str_eq(to->family, from->family)))
		return false;
	for (uint32_t i = 1; i < s->n_history; i++) {
		const struct revision *old = look_revision(s, s->history[i].target_revision);

		if (s->history[i].status == SD_SUCCESSFUL && old != NULL && old->revision == to->revision &&
		    str_eq(old->family, to->family))
			return true;
	}
	return false;
}

/* Rollbacks of the last day, by whomever: AWS's history is the memory all nodes share. */
static uint32_t rollbacks_today(const struct core *c, const struct service *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_history; i++)
		n += (s->history[i].status == SD_ROLLBACK_SUCCESSFUL || s->history[i].status == SD_ROLLBACK_FAILED) &&
		     c->now_unix_ms - s->history[i].created_unix_ms < DAY_MS;
	return n;
}

/* True while ECS's own circuit breaker is on its way to do the same: it is left the first move. */
static bool breaker_first(struct core *c, uint32_t service, int32_t release)
{
	struct service *s = &c->service[service];
	enum class class = CLASS_NONE;

	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].f.id == s->rb.failure)
			class = c->failure[i].f.class;
	if (s->rb.confirmed || !s->dep.cb_enabled || !s->dep.cb_rollback || s->dep.cb_status != CB_MONITORING ||
	    !class_breaker_counts(class) || release == NONE || c->release[release].starts > 0)
		return false;
	if (s->work.breaker_ms == 0 || s->dep.cb_failures > s->work.cb_failures) {
		s->work.breaker_ms = s->work.cb_grew_ms = c->now_ms;
		s->work.cb_failures = s->dep.cb_failures;
	}
	return c->now_ms - s->work.cb_grew_ms < BREAKER_MS;
}

static uint32_t tasks_here(const struct core *c, int32_t release)
{
	uint32_t n = 0;

	for (int32_t i = 0; i < c->rows.tasks; i++)
		n += c->task[i].used && c->task[i].release == release && !c->task[i].ended;
	return n > 0 ? n : 1;
}

/* Whether this node may speak for all: it holds every task, or enough others failed and none runs it well. */
static bool quorum(struct core *c, uint32_t service, int32_t release)
{
	struct service *s = &c->service[service];
	const struct ev_aws_quorum *q = &s->work.quorum;

	if (s->rb.confirmed || !core_policy(c, s->m.name)->quorum_auto || s->dep.requested <= tasks_here(c, release))
		return true;
	if (s->work.quorum_ms == 0 || c->now_ms - s->work.quorum_ms > 10 * SEC) {
		s->work.quorum_wanted = !s->work.quorum_sent;
		rollback_state(c, service, RB_QUORUM_WAIT, PACKED("Other nodes are asked how they fare with this release."));
		s->work.next_ms = c->now_ms + 60 * SEC;
		return false;
	}
	if (q->ran_well == 0 && q->failed >= 2 && q->failed * 5 >= q->tried)
		return true;
	rollback_state(c, service, RB_QUORUM_WAIT, q->ran_well > 0
		? PACKED("Another node runs this release well: this node is the suspect; a person may confirm.")
		: PACKED("Too few other nodes have failed with it to speak for all; a person may confirm."));
	s->work.next_ms = c->now_ms + rollback_quorum_gap_ms(s);
	return false;
}

/* A failure that fell while the line was bad needs one fresh witness with the line good. */
static bool fresh_witness(struct core *c, uint32_t service, int32_t release)
{
	struct service *s = &c->service[service];

	if (!s->rb.link_bad || s->rb.confirmed)
		return true;
	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct fail_slot *slot = &c->failure[i];

		if (!slot->used || slot->release != release || !slot->f.counted || slot->f.link_bad ||
		    slot->f.blame != BLAME_RELEASE || slot->f.last_unix_ms <= s->rb.decided_unix_ms)
			continue;
		s->rb.failure = slot->f.id;   /* it is what the stop is judged by from now on */
		return true;
	}
	if (c->now_unix_ms - s->rb.decided_unix_ms > 15 * 60 * 1000)
		rollback_state(c, service, RB_EXPIRED, PACKED("No failure since the line is good again: nothing is done."));
	else
		rollback_state(c, service, RB_DECIDED,
			PACKED("Seen while the line was bad: waiting for one failure with the line good."));
	s->work.next_ms = c->now_ms + 30 * SEC;
	return false;
}

/* A way back that starts nothing is worse than none: what cannot be made sure of is left to a person. */
static bool preflight(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];

	switch (target_preflight(c, service)) {
	case PRE_GO:
		return true;
	case PRE_WAIT:
		rollback_state(c, service, RB_DECIDED,
			PACKED("Whether the image it would return to is still there is looked up."));
		s->work.next_ms = c->now_ms + 15 * SEC;
		break;
	case PRE_OTHER_ARCH:
		rollback_state(c, service, RB_REFUSED,
			PACKED("The revision it would return to is built for another architecture than this node's."));
		break;
	case PRE_GONE:
		s->work.ask_person = true;
		rollback_state(c, service, RB_AWAITING_CONFIRMATION,
			PACKED("The image it would return to is gone from this node, and no task of it "
			       "runs anywhere: a person has to confirm."));
		break;
	case PRE_UNKNOWN:
		s->work.ask_person = true;
		rollback_state(c, service, RB_AWAITING_CONFIRMATION,
			PACKED("Nobody can say whether the image it would return to still exists, and "
			       "no task of it runs any more: a person has to confirm."));
		break;
	}
	return false;
}

/* What was found out since the decision (the history, other nodes, the disk) may have changed whose fault it is. */
static bool still_to_blame(struct core *c, uint32_t service, int32_t release)
{
	struct service *s = &c->service[service];
	uint32_t other = 0;

	if (s->rb.confirmed || s->rb.by_operator)
		return true;
	judge_again(c, release);
	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct fail_slot *slot = &c->failure[i];

		if (!slot->used || slot->f.blame != BLAME_RELEASE)
			continue;
		if (slot->f.id == s->rb.failure)
			return true;
		if (slot->release == release && slot->f.counted && slot->f.id > other)
			other = slot->f.id;
	}
	if (other == 0)
		rollback_state(c, service, RB_REFUSED,
			PACKED("What was found out since speaks for the release: a person has to look."));
	else
		s->rb.failure = other;
	return other != 0;
}

static void send_stop(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	int32_t release = rollback_release(c, s);

	if (is_somebodys_rollback(s)) {
		rollback_state(c, service, RB_REFUSED, PACKED("This deployment returns to a revision that succeeded before: "
			       "somebody is rolling back already."));
		return;
	}
	if (rollback_was_accepted(c, s->rb.deployment)) {   /* a read that lags does not show it yet */
		s->rb.accepted = true;
		rollback_state(c, service, RB_WATCHING,
			PACKED("A rollback of this deployment was accepted before; it is watched to its end."));
		return;
	}
	if (!target_find(c, service)) {
		rollback_state(c, service, RB_REFUSED,
			PACKED("Nothing to go back to: no revision of this service is known to have succeeded."));
		return;
	}
	if (rollbacks_today(c, s) >= core_policy(c, s->m.name)->max_rollbacks_per_day && !s->rb.confirmed) {
		rollback_state(c, service, RB_REFUSED,
			PACKED("This service was rolled back too often within a day; a person has to look."));
		return;
	}
	/* only this answer's history may show that the release was hauled back before, by others */
	if (rollback_waits_for_person(c, service) || !fresh_witness(c, service, release) || !quorum(c, service, release) ||
	    !still_to_blame(c, service, release) || !preflight(c, service))
		return;
	if (breaker_first(c, service, release)) {
		rollback_state(c, service, RB_BREAKER_WAIT,
			PACKED("ECS's circuit breaker is counting; it is left the first move."));
		s->work.next_ms = c->now_ms + 15 * SEC;
		return;
	}
	rollback_state(c, service, RB_ACTING, PACKED("The rollback is being sent."));
	s->work.stop_sent = false;
	s->work.stop_ms = 0;
}

/* Whether a running release's digests are known to be those of the revision; *other: known to be others. */
static void digests_here(const struct core *c, const struct service *s, const struct revision *rev, bool *here, bool *other)
{
	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		if (!r->used || !str_eq(r->service, s->m.name) || release_running(c, i) == 0)
			continue;
		*here = *here || release_has_digests(r, rev);
		*other = *other || !release_is_revision(r, rev);
	}
}

/* patient: the old task may still be on its way back to this node */
void rollback_verify(struct core *c, uint32_t service, bool patient)
{
	struct service *s = &c->service[service];
	const char *arn = s->rb.update ? s->dep.target_revision
				       : s->dep.rollback_revision[0] != '\0' ? s->dep.rollback_revision : s->rb.target_revision_arn;
	const struct revision *rev = look_revision(s, arn);
	bool here = false, other = false;

	if (!s->rb.update && s->rb.target_revision_arn[0] != '\0' && s->dep.rollback_revision[0] != '\0' &&
	    !str_eq(s->rb.target_revision_arn, s->dep.rollback_revision)) {
		target_set(s, rev, s->dep.rollback_revision);
		rollback_state(c, service, RB_ROLLED_BACK,
			PACKED("Rolled back, but to another revision than predicted: look at it."));
		return;
	}
	if (rev == NULL || rev->missing) {
		rollback_state(c, service, RB_ROLLED_BACK,
			PACKED("Rolled back; the revision it returned to cannot be read any more."));
		return;
	}
	target_set(s, rev, arn);
	digests_here(c, s, rev, &here, &other);
	s->rb.verified = here ? VERIFIED_HERE : other ? VERIFIED_NO : look_digests(rev) == 0 ? VERIFIED_UNKNOWN : VERIFIED_ELSEWHERE;
	if (!here && patient && s->work.watched < 6)
		return;
	rollback_state(c, service, RB_ROLLED_BACK, here
		? PACKED("Rolled back, and checked: the image that runs here has that revision's digest.")
		: look_digests(rev) == 0 ? PACKED("Rolled back by AWS; that revision has no recorded digest to compare with.")
		: PACKED("Rolled back by AWS; the image of that revision does not run on this node."));
}

static void follow(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];

	if (s->dep.status == SD_ROLLBACK_SUCCESSFUL)
		rollback_verify(c, service, true);
	else if (s->dep.status == SD_ROLLBACK_FAILED)
		rollback_state(c, service, RB_ROLLBACK_FAILED,
			PACKED("AWS could not complete the rollback; a person has to look."));
	else if (s->dep.status == SD_SUCCESSFUL || s->dep.status == SD_STOPPED)
		rollback_state(c, service, RB_ROLLBACK_FAILED,
			PACKED("The deployment ended without going back; a person has to look."));
}

/* Went back, by whomever, or by a stop whose answer was lost: what returns within a day is left to a person. */
static void remember_back(struct core *c, const struct service *s)
{
	int32_t release = rollback_release(c, s);

	if (s->dep.arn[0] == '\0' || rollback_was_accepted(c, s->dep.arn))
		return;
	rollback_remember(c, s->dep.arn);
	if (release != NONE)
		c->release[release].save = true;
}

/* In this state no stop applies, and one that has not left yet must not. */
static void wait_and_see(struct core *c, uint32_t service, uint64_t ms)
{
	struct service *s = &c->service[service];

	s->work.next_ms = c->now_ms + ms;
	if (s->rb.state == RB_ACTING && !s->work.stop_sent)
		rollback_state(c, service, RB_DECIDED,
			PACKED("The deployment is on its way to another state; AWS is asked again."));
}

/* AWS's state decides, never kedge's memory of it (design 6.2). */
static void by_status(struct core *c, uint32_t service, bool may_send)
{
	struct service *s = &c->service[service];

	switch (s->dep.status) {
	case SD_PENDING:
	case SD_IN_PROGRESS:
		(void)target_find(c, service);
		if (may_send)
			send_stop(c, service);
		break;
	case SD_STOP_REQUESTED:
		wait_and_see(c, service, 10 * SEC);
		break;
	case SD_ROLLBACK_REQUESTED:
	case SD_ROLLBACK_IN_PROGRESS:
		s->work.watched = 0;
		s->work.next_ms = c->now_ms + pace_spread_ms(c, 2000);
		remember_back(c, s);
		(void)target_find(c, service);
		rollback_state(c, service, RB_ADOPTED,
			PACKED("Somebody else (a breaker, a person, another node) is rolling back: watched to its end."));
		break;
	case SD_ROLLBACK_SUCCESSFUL:
		remember_back(c, s);
		(void)target_find(c, service);
		rollback_verify(c, service, false);
		break;
	case SD_ROLLBACK_FAILED:
		follow(c, service);
		break;
	case SD_SUCCESSFUL:
		update_instead(c, service, PACKED("The deployment already ended SUCCESSFUL and cannot be stopped any more"));
		break;
	case SD_STOPPED:
		update_instead(c, service, PACKED("The deployment was stopped without going back"));
		break;
	case SD_NONE: case SD_OTHER: case SD_STATUSES:
		wait_and_see(c, service, 30 * SEC);
		break;
	}
}

static void unclear(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];

	s->work.next_ms = c->now_ms + 10 * SEC;
	if (++s->work.unclear >= UNCLEAR_MAX)
		rollback_state(c, service, RB_REFUSED, PACKED("AWS names no deployment of this release; a person has to look."));
}

/* Task sets of another controller are not kedge's to stop. */
bool rollback_report_only(struct core *c, uint32_t service)
{
	const struct asked_service *a = &c->service[service].asked;

	if (a->ms == 0 || (a->said.controller != CTL_CODE_DEPLOY && a->said.controller != CTL_EXTERNAL))
		return false;
	rollback_state(c, service, RB_REFUSED, a->said.controller == CTL_CODE_DEPLOY
		? PACKED("This service is deployed by CODE_DEPLOY: kedge only reports; go back with CodeDeploy.")
		: PACKED("This service is deployed by an EXTERNAL controller: kedge only reports; go back with that controller."));
	return true;
}

void revalidate(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	enum rb_state state = s->rb.state;
	enum whose which;
	bool watching = state == RB_WATCHING || state == RB_ADOPTED;
	bool durable = s->work.seq != 0 && !s->work.save && s->work.seq <= c->saved_seq;
	bool may_send = durable && state != RB_AWAITING_CONFIRMATION && state != RB_SHADOW && state != RB_HELD &&
			state != RB_ACTING && s->work.hold_ms <= c->now_ms;

	if (rb_open(state) && rollback_report_only(c, service))
		return;
	if (!rb_open(state) || s->dep_ms == 0 || s->dep_ms < s->work.decided_ms || (s->history_known && s->n_history == 0))
		return;
	if (s->rb.update) {
		update_revalidate(c, service, durable);
		return;
	}
	which = whose(c, service);
	if (which == NEWER) {
		rollback_state(c, service, RB_SUPERSEDED, PACKED("A newer deployment has taken its place: nothing is done."));
		return;
	}
	if (which == UNCLEAR) {
		unclear(c, service);
		return;
	}
	s->work.unclear = 0;
	if (watching)
		follow(c, service);
	else
		by_status(c, service, may_send);
}

void rollback_looked(struct core *c, uint32_t service)
{
	revalidate(c, service);
}

void on_aws_quorum(struct core *c, const struct ev_aws_quorum *ev)
{
	struct service *s = service_at(c, ev->service);

	if (s == NULL || !s->work.quorum_sent || s->work.quorum_ask != ev->ask) {
		c->counter.stale_answers++;
		return;
	}
	s->work.quorum_sent = false;
	s->work.quorum = *ev;
	s->work.quorum_ms = c->now_ms;
	s->work.next_ms = c->now_ms;
	judge_again(c, rollback_release(c, s));
}
