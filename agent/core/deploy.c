/* The fix forward, by a person's word: audited first, then sent once on a fresh answer, then its deployment is named. A
 * person is there: what cannot be done now is said, never queued. */
#include "agent/core/parts.h"

#include <string.h>

#define LOOK_MAX_MS   (60 * SEC)         /* so long AWS may take to say what is deployed, and the disk to take the audit */
#define ANSWER_MAX_MS (90 * SEC)
#define FOLLOW_MAX_MS (30 * SEC)         /* reads of the ECS API lag its writes by seconds */
#define FRESH_MS      (4 * SEC)          /* UpdateService names no deployment: an older answer may have been overtaken */
#define CLOCKS_MS     10000              /* so much AWS's clock and ours may differ when both are right */

#define OFFLINE PACKED("AWS cannot be asked now (line, clock or credentials)")

static void audit(struct core *c, const char *outcome)
{
	const struct deploy *d = &c->deploy;
	const char *const part[] = { "deploy ", c->service[d->service].m.name, " to ", d->family, ":" };
	struct text t = text_on(c->audit.text, sizeof(c->audit.text));

	c->audit.uid = d->uid;
	c->audit_save = true;
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		text_s(&t, part[i]);
	text_u64(&t, d->revision);
	text_say(&t, ": ");
	text_s(&t, outcome);
	text_c(&t, ' ');
	text_s(&t, d->deployment);
}

static void end_says(struct core *c, enum deploy_end end, const char *reason)
{
	struct deploy *d = &c->deploy;
	struct text t = text_on(d->reason, sizeof(d->reason));

	d->step = DEPLOY_ENDED;
	d->end = end;
	if (d->sent_ms == 0)
		text_say(&t, "Nothing was sent: ");
	text_s(&t, reason);
	audit(c, deploy_end_name(end));
}

static void end(struct core *c, enum deploy_end how, const struct packed *words)
{
	char reason[PACKED_MAX];

	end_says(c, how, packed_copy(reason, sizeof(reason), words));
}

static bool known_bad(const struct core *c, const struct deploy *d)
{
	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		if (r->used && r->bad && !r->good && r->revision == d->revision && str_eq(r->family, d->family) &&
		    str_eq(r->service, c->service[d->service].m.name))
			return true;
	}
	return false;
}

/* Why this node does not send it; NULL: it does. Task sets of another controller are not UpdateService's to change. */
static const struct packed *refusal(const struct core *c, bool force)
{
	const struct deploy *d = &c->deploy;
	const struct service *s = &c->service[d->service];

	if (!core_policy(c, s->m.name)->allow_update_service)
		return PACKED("policy allow_update_service = no");
	if (!force && known_bad(c, d))
		return PACKED("this node saw that revision fail (kedge failures says why); --force sends it all the same");
	if (s->asked.ms == 0 || (s->asked.said.controller != CTL_CODE_DEPLOY && s->asked.said.controller != CTL_EXTERNAL))
		return NULL;
	return s->asked.said.controller == CTL_CODE_DEPLOY ? PACKED("this service is deployed by CODE_DEPLOY; deploy there")
							   : PACKED("this service is deployed by an EXTERNAL controller; deploy there");
}

static void look(struct core *c, uint64_t in_ms)
{
	struct look *l = &c->service[c->deploy.service].look;

	if (l->step != LOOK_IDLE || (l->wanted && l->full && l->next_ms <= c->now_ms + in_ms))
		return;
	l->wanted = l->full = true;
	l->next_ms = c->now_ms + in_ms;
}

void deploy_asked(struct core *c, uint32_t service, const struct ev_operator *ev)
{
	struct deploy *d = &c->deploy;
	const struct packed *no;

	if (d->step != DEPLOY_NONE)
		return;
	memset(d, 0, sizeof(*d));
	d->step = DEPLOY_LOOKING;
	d->service = service;
	d->uid = ev->uid;
	d->revision = ev->to_revision;
	PUT(d->family, ev->to_family);
	d->asked_ms = c->now_ms;
	no = refusal(c, ev->force);
	if (no != NULL) {
		end(c, DEPLOY_REFUSED, no);
	} else if (!core_online(c)) {
		end(c, DEPLOY_NOT, OFFLINE);
	} else {
		audit(c, "asked");
		look(c, 0);
	}
}

static bool is_it(const struct revision *rev, const struct deploy *d)
{
	return rev != NULL && !rev->missing && rev->revision == d->revision && str_eq(rev->family, d->family);
}

/* What the service is set to: after a rollback that is what AWS went back to. */
static bool deployed_already(const struct service *s, const struct deploy *d)
{
	bool back = s->dep.status == SD_ROLLBACK_SUCCESSFUL || s->dep.status == SD_ROLLBACK_IN_PROGRESS;

	return is_it(look_revision(s, back ? s->dep.rollback_revision : s->dep.target_revision), d) &&
	       (back || s->dep.status == SD_SUCCESSFUL || sd_ongoing(s->dep.status));
}

/* AWS names no deployment of it: then another controller has it, which only DescribeServices tells. */
static void without_deployments(struct core *c, const struct service *s)
{
	const struct packed *no = refusal(c, true);

	if (no != NULL)
		end(c, DEPLOY_REFUSED, no);
	else if (s->asked.ms != 0 || (!s->asked.wanted && !s->asked.sent))
		end(c, DEPLOY_NOT, PACKED("AWS names no deployment of this service"));
}

/* An answer that is young enough, or one more look. */
static void looked(struct core *c, const struct service *s)
{
	struct deploy *d = &c->deploy;

	if (d->no_list || (s->history_ms >= d->asked_ms && s->n_history == 0)) {
		without_deployments(c, s);
	} else if (s->dep_ms < d->asked_ms || c->now_ms - s->dep_ms > FRESH_MS) {
		look(c, 0);
	} else if (deployed_already(s, d)) {
		end(c, DEPLOY_NOT, PACKED("that revision is what is deployed already"));
	} else if (s->rb.state == RB_ACTING) {
		end(c, DEPLOY_NOT, PACKED("a rollback of this service is just being sent"));
	} else {
		d->step = DEPLOY_SENDING;
		PUT(d->before, s->dep.arn);
		d->overtook = sd_ongoing(s->dep.status) ? s->dep.status : SD_NONE;
	}
}

static void looking(struct core *c)
{
	const struct deploy *d = &c->deploy;
	const struct service *s = &c->service[d->service];

	if (c->now_ms - d->asked_ms > LOOK_MAX_MS)
		end(c, DEPLOY_NOT, PACKED("AWS did not answer in time, or the journal cannot be written"));
	else if (s->look.step == LOOK_IDLE && !core_online(c))
		end(c, DEPLOY_NOT, OFFLINE);
	else if (s->look.step == LOOK_IDLE && d->seq != 0 && d->seq <= c->saved_seq)
		looked(c, s);
}

static void follow(struct core *c, bool lost)
{
	c->deploy.lost = lost;
	c->deploy.step = DEPLOY_FOLLOWING;
	c->deploy.sent_ms = c->now_ms;   /* what AWS showed before may not show it yet */
}

static void following(struct core *c)
{
	struct deploy *d = &c->deploy;
	const struct service *s = &c->service[d->service];

	if (s->dep_ms > d->sent_ms && s->look.step == LOOK_IDLE && !str_eq(s->dep.arn, d->before) &&
	    s->dep.created_unix_ms + CLOCKS_MS >= d->sent_unix_ms && is_it(look_revision(s, s->dep.target_revision), d)) {
		PUT(d->deployment, s->dep.arn);
		end(c, DEPLOY_ACCEPTED, PACKED("AWS took it; its deployment is under way."));
	} else if (c->now_ms - d->sent_ms <= FOLLOW_MAX_MS) {
		look(c, 2 * SEC);
	} else if (d->lost) {
		end(c, DEPLOY_NOT,
			PACKED("No answer came, and AWS shows no such deployment: kedge does not know, and sends nothing more."));
	} else {
		end(c, DEPLOY_ACCEPTED, PACKED("AWS took it, but does not show its deployment yet."));
	}
}

void deploy_tick(struct core *c)
{
	struct deploy *d = &c->deploy;

	if (d->step == DEPLOY_LOOKING) {
		looking(c);
	} else if (d->step == DEPLOY_FOLLOWING) {
		following(c);
	} else if (d->step == DEPLOY_SENT && c->now_ms - d->sent_ms > ANSWER_MAX_MS) {
		follow(c, true);
	}
}

/* True: the action of this step may go now. */
bool deploy_sends(struct core *c)
{
	struct deploy *d = &c->deploy;

	if (d->step != DEPLOY_SENDING)
		return false;
	d->step = DEPLOY_SENT;
	d->ask = ++c->next_ask;
	d->sent_ms = c->now_ms;
	d->sent_unix_ms = c->now_unix_ms;
	return true;
}

static bool is_ours(const struct deploy *d, uint32_t service, uint32_t ask)
{
	return d->step == DEPLOY_SENT && d->service == service && d->ask == ask;
}

bool deploy_updated(struct core *c, const struct ev_aws_updated *ev)
{
	struct deploy *d = &c->deploy;

	if (!is_ours(d, ev->service, ev->ask))
		return false;
	follow(c, false);
	return true;
}

/* No look came through. Before the call that ends it; after it there is nothing to be done but to say what is known. */
static void look_lost(struct core *c, const struct ev_aws_failed *ev)
{
	struct deploy *d = &c->deploy;

	if (d->service != ev->service || d->step != DEPLOY_LOOKING || c->service[d->service].look.ask != ev->ask ||
	    (ev->op != OP_LIST && ev->op != OP_DEPLOYMENT && ev->op != OP_REVISION))
		return;
	d->no_list = ev->error == AE_UNSUPPORTED || ev->error == AE_INVALID || ev->error == AE_NOT_FOUND;
	if (d->no_list)
		return;   /* of another controller, perhaps: DescribeServices will say */
	end_says(c, ev->error == AE_DENIED ? DEPLOY_DENIED : DEPLOY_NOT, ev->detail);
}

bool deploy_failed(struct core *c, const struct ev_aws_failed *ev)
{
	struct deploy *d = &c->deploy;

	look_lost(c, ev);
	if (ev->op != OP_UPDATE || !is_ours(d, ev->service, ev->ask))
		return false;
	if (ev->error == AE_UNREACHABLE) {
		follow(c, true);
	} else {
		end_says(c, ev->error == AE_DENIED ? DEPLOY_DENIED : DEPLOY_NOT, ev->detail);
	}
	return true;
}

uint64_t deploy_due(const struct core *c)
{
	if (c->deploy.step == DEPLOY_NONE)
		return CORE_NEVER;
	return c->deploy.step == DEPLOY_ENDED ? c->now_ms : c->now_ms + SEC;
}
