/* What is wanted done, read off the state: so that what does not fit into one step's actions is not lost. */
#include "agent/core/parts.h"

#include <string.h>

struct list { struct action *out; size_t n; };

static struct action *add(struct list *l, enum act_type type, int32_t index)
{
	if (l->n == CORE_MAX_ACTIONS)
		return NULL;
	l->out[l->n] = (struct action){ .type = type, .index = (uint32_t)index };
	return &l->out[l->n++];
}

static bool journal(struct core *c, struct list *l, enum rec_kind kind, int32_t index)
{
	struct action *a = add(l, ACT_JOURNAL, index);

	if (a == NULL)
		return false;
	a->kind = kind;
	a->seq = c->next_seq++;
	return true;
}

static void tell_failures(struct core *c, struct list *l)
{
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *f = &c->failure[i];

		if (!f->used)
			continue;
		if (f->suspect && add(l, ACT_SUSPECT, i) != NULL)
			f->suspect = false;
		if (f->tell && add(l, ACT_REPORT, i) != NULL)
			f->tell = false;
	}
}

/* Memory only waits for the next event when the disk refuses; it is tried again with each. */
static void journal_all(struct core *c, struct list *l)
{
	if (c->epoch_save && journal(c, l, REC_EPOCH, 0))
		c->epoch_save = false;
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].save && journal(c, l, REC_FAILURE, i))
			c->failure[i].save = false;
	for (int32_t i = 0; i < c->rows.releases; i++)
		if (c->release[i].used && c->release[i].save && journal(c, l, REC_RELEASE, i))
			c->release[i].save = false;
	for (int32_t i = 0; i < c->rows.services; i++) {
		struct service *s = &c->service[i];

		if (s->used && s->save && journal(c, l, REC_SERVICE, i))
			s->save = false;
		if (s->used && s->work.save && journal(c, l, REC_ROLLBACK, i)) {
			s->work.save = false;
			s->work.seq = c->next_seq - 1;
		}
	}
	if (c->audit_save && journal(c, l, REC_AUDIT, 0)) {
		c->audit_save = false;
		if (c->deploy.step == DEPLOY_LOOKING && c->deploy.seq == 0)
			c->deploy.seq = c->next_seq - 1;
	}
}

static void ask_engine(struct core *c, struct list *l)
{
	for (int32_t i = 0; i < c->rows.containers; i++) {
		struct container *k = &c->container[i];

		if (!k->used)
			continue;
		if (k->inspect_ms != 0 && k->inspect_ms <= c->now_ms && add(l, ACT_INSPECT, i) == NULL)
			k->inspect_ms = c->now_ms + 1;
		if (k->words_wanted && add(l, ACT_LAST_WORDS, i) != NULL)
			k->words_wanted = false;
		if (!k->image_asked && k->image_id[0] != '\0' && add(l, ACT_IMAGE, i) != NULL)
			k->image_asked = true;
	}
}

static void probe(struct core *c, struct list *l)
{
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *f = &c->failure[i];

		if (f->used && f->weighing && !f->asked && add(l, ACT_PROBE, i) != NULL)
			f->asked = true;
	}
}

static void ask_tasks(struct core *c, struct list *l)
{
	for (int32_t i = 0; i < c->rows.tasks; i++) {
		struct task *t = &c->task[i];
		struct action *a;

		if (!t->used || t->kind != FK_UNKNOWN || t->ask_ms == 0 || t->ask_ms > c->now_ms || !core_online(c))
			continue;
		a = add(l, ACT_AWS_TASK, i);
		if (a == NULL)
			return;
		a->ask = ++c->next_ask;
		t->asks++;
		/* should no answer come at all, ask again one day */
		t->ask_ms = c->now_ms + 5 * 60 * SEC;
	}
}

/* The dearest question is the first that a data budget leaves out; an intent may need the answer. */
static bool may_describe(const struct core *c, const struct service *s)
{
	return s->asked.wanted && core_online(c) && (core_shed(c) < SHED_EXTRAS || rb_open(s->rb.state));
}

static void ask_services(struct core *c, struct list *l)
{
	static const enum act_type act[] = { ACT_TYPES, ACT_AWS_LIST, ACT_AWS_DEPLOYMENT, ACT_AWS_REVISION };

	for (int32_t i = 0; i < c->rows.services; i++) {
		struct service *s = &c->service[i];
		struct action *a;

		if (!s->used)
			continue;
		if (s->look.send && s->look.step != LOOK_IDLE && (a = add(l, act[s->look.step], i)) != NULL) {
			a->ask = s->look.ask;
			a->full = s->look.asked_full = s->look.full;
			s->look.send = false;
		}
		if (s->work.image_wanted && (a = add(l, ACT_TARGET_IMAGE, i)) != NULL) {
			a->ask = s->work.image_ask = ++c->next_ask;
			s->work.image_wanted = false;
			s->work.image_sent = true;
		}
		if (may_describe(c, s) && s->asked.next_ms <= c->now_ms && (a = add(l, ACT_AWS_SERVICE, i)) != NULL) {
			a->ask = s->asked.ask = ++c->next_ask;
			s->asked.wanted = false;
			s->asked.sent = true;
		}
		if (s->work.quorum_wanted && (a = add(l, ACT_AWS_QUORUM, i)) != NULL) {
			a->ask = s->work.quorum_ask = ++c->next_ask;
			s->work.quorum_wanted = false;
			s->work.quorum_sent = true;
		}
	}
}

static void ask_registries(struct core *c, struct list *l)
{
	for (int32_t i = 0; i < c->rows.services; i++) {
		struct action *a = registry_wanted(c, (uint32_t)i) ? add(l, ACT_REGISTRY, i) : NULL;

		if (a != NULL)
			a->ask = c->service[i].registry.ask = ++c->next_ask;
	}
}

static void stop(struct core *c, struct list *l)
{
	for (int32_t i = 0; i < c->rows.services; i++) {
		struct service *s = &c->service[i];
		struct action *a;

		if (!s->used || s->rb.state != RB_ACTING || s->work.stop_sent || s->work.save ||
		    s->work.seq > c->saved_seq || c->now_ms - s->dep_ms > rollback_fresh_ms(s))
			continue;
		a = add(l, s->rb.update ? ACT_AWS_UPDATE : ACT_AWS_STOP, i);
		if (a == NULL)
			return;
		a->ask = ++c->next_ask;
		s->work.stop_sent = true;
		s->work.stop_ms = c->now_ms;
	}
}

static void deploy(struct core *c, struct list *l)
{
	struct deploy *d = &c->deploy;

	if (l->n == CORE_MAX_ACTIONS)
		return;
	if (deploy_sends(c))
		add(l, ACT_AWS_DEPLOY, (int32_t)d->service)->ask = d->ask;
	else if (d->step == DEPLOY_ENDED && add(l, ACT_DEPLOYED, (int32_t)d->service) != NULL)
		d->step = DEPLOY_NONE;
}

static void notes(struct core *c, struct list *l)
{
	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && c->service[i].note && add(l, ACT_NOTE, i) != NULL)
			c->service[i].note = false;
}

size_t wanted(struct core *c, struct action out[CORE_MAX_ACTIONS])
{
	struct list l = { out, 0 };

	tell_failures(c, &l);
	notes(c, &l);
	stop(c, &l);
	deploy(c, &l);
	journal_all(c, &l);
	ask_engine(c, &l);
	probe(c, &l);
	ask_services(c, &l);
	ask_tasks(c, &l);
	ask_registries(c, &l);
	return l.n;
}

static void due(uint64_t *at, uint64_t ms)
{
	if (ms != 0 && ms < *at)
		*at = ms;
}

static void due_service(const struct core *c, const struct service *s, uint64_t *at)
{
	const struct look *l = &s->look;
	bool durable = s->work.seq != 0 && s->work.seq <= c->saved_seq && !s->work.save;
	uint64_t online_ms = c->aws_retry_ms > c->now_ms ? c->aws_retry_ms : 1;

	if (s->note || s->save || s->work.save || s->work.quorum_wanted || s->work.image_wanted ||
	    (l->send && l->step != LOOK_IDLE))
		due(at, c->now_ms);
	if (may_describe(c, s))
		due(at, s->asked.next_ms > c->now_ms ? s->asked.next_ms : c->now_ms);
	if (l->step != LOOK_IDLE)
		due(at, l->sent_ms + LOOK_ANSWER_MS + SEC);
	else if (core_online(c) || online_ms > c->now_ms)
		due(at, l->next_ms > online_ms ? l->next_ms : online_ms > c->now_ms ? online_ms : c->now_ms + 1);
	if (!rb_open(s->rb.state) || !durable)
		return;
	if (s->work.next_ms > c->now_ms)
		due(at, s->work.next_ms);
	if (s->work.hold_ms != CORE_NEVER && s->work.hold_ms > c->now_ms)
		due(at, s->work.hold_ms);
	if (s->rb.state == RB_ACTING)
		due(at, s->work.stop_sent ? s->work.stop_ms + 91 * SEC : s->dep_ms + rollback_fresh_ms(s) + SEC);
	if (s->rb.expires_unix_ms > c->now_unix_ms)
		due(at, c->now_ms + (uint64_t)(s->rb.expires_unix_ms - c->now_unix_ms) + 1);
}

uint64_t core_deadline(const struct core *c)
{
	uint64_t at = CORE_NEVER;

	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && (c->failure[i].tell || c->failure[i].save || c->failure[i].suspect))
			due(&at, c->now_ms);
	due(&at, c->probe_until_ms);
	due(&at, node_state_due(c));
	due(&at, stuck_due(c));
	due(&at, registry_due(c));
	due(&at, deploy_due(c));
	for (int32_t i = 0; i < c->rows.containers; i++)
		if (c->container[i].used)
			due(&at, c->container[i].inspect_ms);
	for (int32_t i = 0; i < c->rows.tasks; i++) {
		const struct task *t = &c->task[i];
		uint64_t need_ms;

		if (!t->used)
			continue;
		if (t->kind == FK_UNKNOWN && core_online(c))
			due(&at, t->ask_ms);
		if (t->steady || t->running_ms == 0)
			continue;
		need_ms = core_policy(c, t->service)->early_exit_ms;
		due(&at, t->running_ms + (need_ms > STEADY_MS ? need_ms : STEADY_MS));
	}
	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used)
			due_service(c, &c->service[i], &at);
	return at < c->now_ms ? c->now_ms : at;
}

static void record_release(const struct core *c, const struct release *r, struct release_memory *m)
{
	PUT(m->service, r->service);
	PUT(m->deployment, r->deployment);
	PUT(m->family, r->family);
	m->revision = r->revision;
	m->starts = r->starts;
	m->good = r->good;
	m->bad = r->bad;
	m->accepted = rollback_was_accepted(c, r->deployment);
	m->tried = r->tried;
	m->first_unix_ms = r->first_unix_ms;
	m->good_unix_ms = r->good_unix_ms;
	if (r->n_images == 0)
		return;
	PUT(m->container, r->image[0].container);
	PUT(m->image_id, r->image[0].image_id);
	PUT(m->digest, r->image[0].digest);
}

void core_record(const struct core *c, enum rec_kind kind, uint32_t index, struct record *r)
{
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->unix_ms = c->now_unix_ms;
	switch (kind) {
	case REC_FAILURE:
		r->u.failure = c->failure[index].f;
		break;
	case REC_ROLLBACK:
		r->u.rollback = c->service[index].rb;
		break;
	case REC_SERVICE:
		r->u.service = c->service[index].m;
		break;
	case REC_RELEASE:
		record_release(c, &c->release[index], &r->u.release);
		break;
	case REC_AUDIT:
		r->u.audit = c->audit;
		break;
	case REC_EPOCH:
		r->u.epoch = (struct epoch_memory){ .epoch = c->epoch, .node = c->node };
		break;
	case REC_KINDS:
		break;
	}
}
