/* The way back by UpdateService: only by a person's word, and only where Stop does not apply or another revision is asked
 * for. Nothing here is ever sent by policy alone. */
#include "agent/core/parts.h"

#define CLOCKS_MS 10000                  /* so much AWS's clock and ours may differ when both are right */

void update_instead(struct core *c, uint32_t service, const struct packed *why)
{
	struct service *s = &c->service[service];
	char reason[sizeof(s->rb.reason)];
	struct text t = text_on(reason, sizeof(reason));
	bool can = target_find(c, service) && s->rb.target_family[0] != '\0' && !target_overwritten(s) &&
		   core_policy(c, s->m.name)->allow_update_service;

	text_packed(&t, why);
	if (!can) {
		text_packed(&t, target_overwritten(s) ? PACKED("; its tag was pushed over, so that UpdateService would start the same image again: pin the digest.")
						 : PACKED("; the command shown returns to the last good revision."));
		rollback_says(c, service, RB_REFUSED, reason);
		return;
	}
	text_say(&t, "; once a person confirms, UpdateService returns to the last good revision.");
	s->rb.update = s->work.save = true;
	if (s->rb.confirmed)
		rollback_says(c, service, RB_DECIDED, reason);
	else
		rollback_says(c, service, RB_AWAITING_CONFIRMATION, reason);
	s->work.next_ms = c->now_ms;
}

void update_by_hand(struct core *c, uint32_t service, const struct ev_operator *ev)
{
	struct service *s = &c->service[service];

	s->rb.update = s->rb.confirmed = s->rb.by_operator = s->work.save = true;
	s->rb.uid = ev->uid;
	s->rb.target_revision_arn[0] = s->rb.target_digest[0] = '\0';
	PUT(s->rb.target_family, ev->to_family);
	s->rb.target_revision = ev->to_revision;
	s->work.hold_ms = s->work.next_ms = c->now_ms;
	if (core_policy(c, s->m.name)->allow_update_service)
		rollback_state(c, service, RB_DECIDED, PACKED("A person asked for it; AWS is asked what is deployed now."));
	else
		rollback_state(c, service, RB_REFUSED,
			PACKED("Policy does not allow UpdateService (allow_update_service = no); the command shown does it."));
}

static bool is_target(const struct service *s)
{
	const struct revision *rev = look_revision(s, s->dep.target_revision);

	return rev != NULL && !rev->missing && rev->revision == s->rb.target_revision && str_eq(rev->family, s->rb.target_family);
}

/* Sent: the deployment that it made is watched to its end. */
static void follow(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	bool younger = s->dep.created_unix_ms + CLOCKS_MS >= s->rb.accepted_unix_ms && !str_eq(s->dep.arn, s->rb.deployment);

	if (!younger)
		return;   /* a read that lags does not show it yet */
	if (!is_target(s))
		rollback_state(c, service, RB_SUPERSEDED,
			PACKED("A newer deployment has taken the place of the one that UpdateService began."));
	else if (s->dep.status == SD_SUCCESSFUL)
		rollback_verify(c, service, true);
	else if (!sd_ongoing(s->dep.status))
		rollback_state(c, service, RB_ROLLBACK_FAILED,
			PACKED("The deployment that UpdateService began did not succeed; a person has to look."));
}

void update_revalidate(struct core *c, uint32_t service, bool durable)
{
	struct service *s = &c->service[service];
	bool newer;

	if (s->rb.accepted) {
		follow(c, service);
		return;
	}
	newer = s->rb.deployment[0] != '\0' && !str_eq(s->rb.deployment, s->dep.arn);
	if (s->rb.deployment[0] == '\0') {
		PUT(s->rb.deployment, s->dep.arn);
		s->work.save = true;
	}
	/* an answer that was lost: the deployment it made is there */
	if (s->rb.confirmed && newer && is_target(s) && s->dep.created_unix_ms >= s->rb.decided_unix_ms) {
		rollback_accepted(c, service,
			PACKED("The deployment that was asked for is under way; kedge watches it to its end."));
		return;
	}
	/* whoever typed the verb knew nothing of a deployment that began later */
	if (newer && (history_has(s, s->rb.deployment) || s->dep.created_unix_ms > s->rb.decided_unix_ms)) {
		rollback_state(c, service, RB_SUPERSEDED, PACKED("A newer deployment has taken its place: nothing is done."));
		return;
	}
	if (!s->rb.confirmed || !durable || s->rb.state == RB_ACTING)
		return;
	if (!core_policy(c, s->m.name)->allow_update_service) {   /* it may have been taken away since */
		rollback_state(c, service, RB_REFUSED,
			PACKED("Policy does not allow UpdateService (allow_update_service = no); the command shown does it."));
		return;
	}
	/* the answer was lost: one read that does not show its deployment is no proof that there is none */
	if (s->work.lost > 0 && --s->work.lost > 0) {
		s->work.next_ms = c->now_ms + CLOCKS_MS;
		return;
	}
	if (is_target(s) && (s->dep.status == SD_SUCCESSFUL || sd_ongoing(s->dep.status))) {
		rollback_state(c, service, RB_REFUSED, PACKED("That revision is what is deployed already."));
		return;
	}
	rollback_state(c, service, RB_ACTING, sd_ongoing(s->dep.status) ? PACKED("UpdateService is being sent; it overtakes the deployment under way.")
									: PACKED("UpdateService is being sent."));
	s->work.stop_sent = false;
	s->work.stop_ms = 0;
}

void on_aws_updated(struct core *c, const struct ev_aws_updated *ev)
{
	struct service *s = service_at(c, ev->service);

	if (s == NULL || !s->rb.update || !s->work.stop_sent) {
		c->counter.stale_answers++;
		return;
	}
	rollback_accepted(c, ev->service, PACKED("AWS accepted UpdateService; kedge watches the deployment to its end."));
}
