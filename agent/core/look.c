/* Asking AWS about one service's deployments: the cheap list first, then the newest one, then what its
 * revisions consist of. One question at a time a service; an old answer to an old question is dropped. */
#include "agent/core/parts.h"

#define LOOK_GAP_MS  (3 * SEC)    /* between two looks that local events ask for */

void look_want(struct core *c, uint32_t service)
{
	struct look *l = &c->service[service].look;
	/* a no is an answer too: it shows that the line was good when an application ended */
	uint64_t patience_ms = c->service[service].history_denied ? 60 * SEC : 900 * SEC;

	if (!l->wanted) {
		l->next_ms = c->now_ms + dice(c, 2 * pace_spread_ms(c, 0));   /* it happens to the whole fleet at once */
		if (l->sent_ms != 0 && l->next_ms < l->sent_ms + LOOK_GAP_MS)
			l->next_ms = l->sent_ms + LOOK_GAP_MS;
	} else if (l->failures > 0 && l->next_ms > c->now_ms + patience_ms) {
		l->next_ms = c->now_ms + patience_ms;   /* a failure does not wait out the hours an idle service was put off for */
	}
	l->wanted = l->full = true;
}

static void ask(struct core *c, struct look *l, enum look_step step)
{
	l->step = step;
	l->ask = ++c->next_ask;
	l->sent_ms = c->now_ms;
	l->send = true;
}

static void finish(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];

	s->look.step = LOOK_IDLE;
	s->look.failures = 0;
	s->look.wanted = s->look.full = false;
	pace_answered(c);
	s->look.done_ms = c->now_ms;
	release_bind_deployment(c, service);
	stale_look(c, service);
	stuck_service(c, service);
	rollback_looked(c, service);
	if (!s->look.wanted)
		s->look.next_ms = pace_next_ms(c, s);   /* what the look showed may have closed the intent */
}

void look_tick(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	struct look *l = &s->look;

	if (l->step != LOOK_IDLE && c->now_ms - l->sent_ms > LOOK_ANSWER_MS)
		l->step = LOOK_IDLE;
	if (l->step != LOOK_IDLE || l->next_ms > c->now_ms || !core_online(c))
		return;
	if (l->next_ms == 0 && !l->wanted && s->m.asked_unix_ms == 0)
		l->full = true;
	l->full = l->full || !s->history_known || s->history_ms == 0;
	ask(c, l, LOOK_LIST);
	pace_gather(c);
}

static struct service *asked(struct core *c, uint32_t service, uint32_t number, enum look_step step)
{
	struct service *s = service_at(c, service);

	if (s == NULL || s->look.step != step || s->look.ask != number) {
		c->counter.stale_answers++;
		return NULL;
	}
	if (c->aws_failures > 0)
		pace_line_back(c, false);   /* though no route ever went: one answer, and all that waits goes */
	blame_line_answers(c, s->look.sent_ms);
	return s;
}

static void remember(struct core *c, struct service *s, const char *arn, enum sd_status status)
{
	/* on its way from one end to another a deployment is not written down: the disk would wear for it */
	if (!str_eq(s->m.deployment, arn) || (s->m.status != (uint8_t)status && !sd_ongoing(status)))
		s->save = true;
	PUT(s->m.deployment, arn);
	s->m.status = (uint8_t)status;
	s->m.asked_unix_ms = c->now_unix_ms;
}

void on_aws_list(struct core *c, const struct ev_aws_list *ev)
{
	struct service *s = asked(c, ev->service, ev->ask, LOOK_LIST);

	if (s == NULL)
		return;
	if (!s->look.asked_full) {
		/* something is new, or the whole was wanted while this was on its way */
		if (ev->n > 0 || s->look.full) {
			s->look.full = true;
			ask(c, &s->look, LOOK_LIST);
			return;
		}
		if (!sd_ongoing(s->dep.status)) {
			finish(c, ev->service);
			return;
		}
	} else {
		s->n_history = ev->n;
		for (uint32_t i = 0; i < ev->n; i++)
			s->history[i] = ev->item[i];
		s->history_known = ev->n > 0;
		s->history_denied = false;
		s->history_ms = c->now_ms;
		if (ev->n == 0) {
			s->asked.wanted = s->asked.wanted || s->asked.ms == 0;   /* another controller keeps no such list */
			finish(c, ev->service);
			return;
		}
	}
	PUT(s->look.arn, s->n_history > 0 ? s->history[0].arn : s->dep.arn);
	ask(c, &s->look, LOOK_DEPLOYMENT);
}

const struct revision *look_revision(const struct service *s, const char *arn)
{
	for (uint32_t i = 0; arn[0] != '\0' && i < s->n_revisions; i++)
		if (str_eq(s->revision[i].arn, arn))
			return &s->revision[i];
	return NULL;
}

uint32_t look_digests(const struct revision *rev)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < rev->n; i++)
		n += rev->image[i].digest[0] != '\0';
	return n;
}

/* A revision is immutable, but its digests appear only once the first task has resolved them: as long as there are
 * none they are asked for again whenever the deployment has moved. */
static void want_revision(struct service *s, const char *arn)
{
	const struct revision *rev = look_revision(s, arn);
	struct look *l = &s->look;

	/* one that is missing may only have been too new for that read: an intent is not closed by it */
	if (arn[0] == '\0' || (rev != NULL && (rev->missing ? !rb_open(s->rb.state) : look_digests(rev) > 0 || rev->ms > s->moved_ms)))
		return;
	for (uint32_t i = REVISIONS_MAX - l->n_want; i < REVISIONS_MAX; i++)
		if (str_eq(s->want[i], arn))
			return;
	if (l->n_want == REVISIONS_MAX)
		return;
	l->n_want++;
	PUT(s->want[REVISIONS_MAX - l->n_want], arn);
}

void on_aws_deployment(struct core *c, const struct ev_aws_deployment *ev)
{
	struct service *s = asked(c, ev->service, ev->ask, LOOK_DEPLOYMENT);

	if (s == NULL)
		return;
	if (ev->missing) {
		finish(c, ev->service);
		return;
	}
	if (s->dep_ms == 0 || deployment_moved(&s->dep, ev)) {
		s->moved_ms = c->now_ms;
		s->stuck = false;
	}
	s->dep = *ev;
	s->dep_ms = c->now_ms;
	if (ev->requested > c->fleet_seen)
		c->fleet_seen = ev->requested;
	remember(c, s, ev->arn, ev->status);
	s->look.n_want = 0;
	want_revision(s, ev->target_revision);
	want_revision(s, ev->source_revision);
	want_revision(s, ev->rollback_revision);
	for (uint32_t i = 1; i < s->n_history; i++)
		want_revision(s, s->history[i].target_revision);
	if (s->look.n_want > 0)
		ask(c, &s->look, LOOK_REVISION);
	else
		finish(c, ev->service);
}

static struct revision *revision_row(struct service *s, const char *arn)
{
	for (uint32_t i = 0; i < s->n_revisions; i++)
		if (str_eq(s->revision[i].arn, arn))
			return &s->revision[i];
	if (s->n_revisions == REVISIONS_MAX) {
		for (uint32_t i = 1; i < REVISIONS_MAX; i++)
			s->revision[i - 1] = s->revision[i];
		s->n_revisions--;
	}
	return &s->revision[s->n_revisions++];
}

void on_aws_revision(struct core *c, const struct ev_aws_revision *ev)
{
	struct service *s = asked(c, ev->service, ev->ask, LOOK_REVISION);

	if (s == NULL)
		return;
	if (ev->arn[0] != '\0') {
		struct revision *rev = revision_row(s, ev->arn);

		rev->missing = ev->missing;
		PUT(rev->arn, ev->arn);
		PUT(rev->family, ev->family);
		rev->revision = ev->revision;
		rev->n = ev->n;
		rev->ms = c->now_ms;
		for (uint32_t i = 0; i < ev->n; i++)
			rev->image[i] = ev->image[i];
	}
	if (ev->last)
		finish(c, ev->service);
}

static uint64_t retry_ms(struct core *c, uint32_t retry, uint64_t base_ms, uint64_t cap_ms, const struct ev_aws_failed *ev)
{
	return backoff_obey(backoff_ms(retry, base_ms, cap_ms, dice(c, UINT64_MAX)), ev->retry_after_ms);
}

/* A poll is one attempt: when the next one is due. */
static uint64_t wait_ms(struct core *c, const struct service *s, const struct ev_aws_failed *ev)
{
	switch (ev->error) {
	case AE_UNREACHABLE:
		return retry_ms(c, c->aws_failures, 2 * SEC, 60 * SEC, ev);
	case AE_THROTTLED:
		return retry_ms(c, s->look.failures, 30 * SEC, (rb_open(s->rb.state) ? 900 : 6 * 3600) * SEC, ev);
	case AE_CREDENTIALS:
	case AE_CLOCK:
		return retry_ms(c, s->look.failures, 5 * SEC, 60 * SEC, ev);
	case AE_DENIED:
		return 15 * 60 * SEC;
	case AE_CONFLICT: case AE_NOT_FOUND: case AE_UNSUPPORTED: case AE_INVALID: case AWS_ERRORS:
		break;
	}
	return 5 * 60 * SEC;
}

void look_failed(struct core *c, const struct ev_aws_failed *ev)
{
	struct service *s = service_at(c, ev->service);
	struct look *l;

	if (s == NULL || s->look.step == LOOK_IDLE || s->look.ask != ev->ask) {
		c->counter.stale_answers++;
		return;
	}
	l = &s->look;
	l->step = LOOK_IDLE;
	l->failures += ev->error != AE_UNREACHABLE;   /* hours without a line must not make the first refusal last hours */
	c->aws_failures += ev->error == AE_UNREACHABLE;
	s->history_denied = s->history_denied || ev->error == AE_DENIED;
	if (ev->error == AE_UNSUPPORTED || ev->error == AE_INVALID || ev->error == AE_NOT_FOUND)
		s->asked.wanted = s->asked.wanted || s->asked.ms == 0;
	l->next_ms = c->now_ms + wait_ms(c, s, ev);
	if (ev->error == AE_UNREACHABLE)
		c->aws_retry_ms = l->next_ms;
	/* what only time asks for waits for its time where AWS has too many questions, or the budget too little */
	if (!l->wanted && (ev->error == AE_THROTTLED || core_shed(c) >= SHED_HEARTBEATS))
		l->next_ms = pace_next_ms(c, s);
}
