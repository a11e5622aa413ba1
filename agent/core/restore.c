/* The journal read back: what was told, meant and accepted before the restart stands as it stood. */
#include "agent/core/parts.h"

static void restore_failure(struct core *c, const struct failure *f)
{
	const uint32_t next_id = c->next_id;     /* it has a number of its own */
	int32_t at = NONE, task;

	for (int32_t i = 0; i < c->rows.failures && at == NONE; i++)
		if (c->failure[i].used && c->failure[i].f.id == f->id)
			at = i;
	if (at == NONE)
		at = failure_add(c, f->first_unix_ms);
	c->next_id = next_id;
	if (at == NONE)
		return;
	c->failure[at].f = *f;
	task = task_find(c, f->task);
	if (task == NONE)
		task = task_add(c, f->task, f->first_unix_ms);
	if (task == NONE)
		return;
	PUT(c->task[task].family, f->family);
	PUT(c->task[task].started_by, f->started_by);
	c->task[task].revision = f->revision;
	c->task[task].kind = f->kind;
	c->task[task].counted |= f->counted;
	PUT(c->task[task].service, f->service);
	c->task[task].first_unix_ms = f->first_unix_ms;
}

static void restore_rollback(struct core *c, const struct rollback *rb)
{
	int32_t at = service_add(c, rb->service);

	if (at == NONE)
		return;
	c->service[at].rb = *rb;
	c->service[at].work = (struct rb_work){ .hold_ms = CORE_NEVER };
	/* what a crash cut off is asked of AWS again, never repeated from memory */
	if (rb->state == RB_ACTING)
		c->service[at].rb.state = RB_DECIDED;
	if (rb->accepted)
		rollback_remember(c, rb->deployment);
}

static void restore_service(struct core *c, const struct service_memory *m)
{
	int32_t at = service_add(c, m->name);

	if (at != NONE)
		c->service[at].m = *m;
}

static void restore_release(struct core *c, const struct release_memory *m)
{
	int32_t at = NONE;
	struct release *r;

	for (int32_t i = 0; i < c->rows.releases && at == NONE; i++) {
		r = &c->release[i];
		if (r->used && r->revision == m->revision && str_eq(r->family, m->family) &&
		    str_eq(r->service, m->service) && (r->deployment[0] == '\0' || str_eq(r->deployment, m->deployment)) &&
		    (r->n_images == 0 || str_eq(r->image[0].image_id, m->image_id)))
			at = i;
	}
	if (at == NONE)
		at = release_add(c);
	if (at == NONE)
		return;
	r = &c->release[at];
	PUT(r->service, m->service);
	PUT(r->family, m->family);
	PUT(r->deployment, m->deployment);
	r->revision = m->revision;
	r->good = m->good;
	r->bad = m->bad;
	r->tried = m->tried;
	r->first_unix_ms = m->first_unix_ms;
	r->good_unix_ms = m->good_unix_ms;
	if (m->accepted)
		rollback_remember(c, m->deployment);
	if (m->image_id[0] != '\0') {
		r->n_images = 1;
		PUT(r->image[0].container, m->container);
		PUT(r->image[0].image_id, m->image_id);
		PUT(r->image[0].digest, m->digest);
	}
}

static int32_t release_of_failure(const struct core *c, const struct failure *f)
{
	int32_t best = NONE;

	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		if (!r->used || r->revision != f->revision || !str_eq(r->family, f->family) || !str_eq(r->service, f->service))
			continue;
		if (f->deployment[0] != '\0' && str_eq(r->deployment, f->deployment))
			return i;
		if (f->deployment[0] == '\0' && !r->good)
			best = i;
	}
	return best;
}

/* Its deployment is known, but had neither proved good nor bad: never another deployment's row of the same definition. */
static int32_t release_of_its_own(struct core *c, const struct failure *f)
{
	int32_t at = release_add(c);

	if (at == NONE)
		return NONE;
	PUT(c->release[at].service, f->service);
	PUT(c->release[at].family, f->family);
	PUT(c->release[at].deployment, f->deployment);
	PUT(c->release[at].started_by, f->started_by);
	c->release[at].revision = f->revision;
	c->release[at].first_unix_ms = f->first_unix_ms;
	return at;
}

/* A full table dropped what is older than all it holds: what is listed or read again must not tell that anew. It was full
 * when the first numbers are missing; what was provisional had a row, too, and was not written. */
static void forgotten(struct core *c)
{
	uint32_t first_id = UINT32_MAX, n = 0;

	for (int32_t i = 0; i < c->rows.failures; i++) {
		if (!c->failure[i].used)
			continue;
		n++;
		if (c->failure[i].f.id < first_id)
			first_id = c->failure[i].f.id;
	}
	if (n >= FAILURES_MAX / 2 && first_id > 1)
		failures_told(c);
}

/* Failures find their releases once all is read; what was being written counts as written. */
static void restored(struct core *c)
{
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];
		int32_t task;

		if (!slot->used || slot->release != NONE)
			continue;
		slot->release = release_of_failure(c, &slot->f);
		task = task_find(c, slot->f.task);
		if (slot->release == NONE && slot->f.deployment[0] != '\0') {
			slot->release = release_of_its_own(c, &slot->f);
		} else if (slot->release == NONE && task != NONE) {
			release_bind(c, task, true);
			slot->release = c->task[task].release;
		}
		if (task != NONE)
			c->task[task].release = slot->release;
	}
	forgotten(c);
	for (int32_t i = 0; i < c->rows.services; i++) {
		if (!c->service[i].used)
			continue;
		c->service[i].save = false;
		c->service[i].work.seq = c->service[i].rb.state != RB_NONE ? c->saved_seq : 0;
		c->service[i].noted = c->service[i].rb.state;
	}
	for (int32_t i = 0; i < c->rows.releases; i++)
		if (c->release[i].used)
			c->release[i].save = false;
	c->aws_ok_ms = c->now_ms;   /* a line that is bad later says nothing about failures of before */
	c->restoring = false;
}

void on_restore(struct core *c, const struct ev_restore *ev)
{
	const struct record *r = &ev->record;

	if (ev->last) {
		restored(c);
		return;
	}
	c->restoring = true;
	if (r->seq > c->saved_seq)
		c->saved_seq = r->seq;
	c->next_seq = c->saved_seq + 1;
	switch (r->kind) {
	case REC_FAILURE:
		restore_failure(c, &r->u.failure);
		if (r->u.failure.id >= c->next_id)
			c->next_id = r->u.failure.id + 1;
		break;
	case REC_ROLLBACK:
		restore_rollback(c, &r->u.rollback);
		if (r->u.rollback.id >= c->next_id)
			c->next_id = r->u.rollback.id + 1;
		break;
	case REC_SERVICE:
		restore_service(c, &r->u.service);
		break;
	case REC_RELEASE:
		restore_release(c, &r->u.release);
		break;
	case REC_EPOCH:
		c->node = r->u.epoch.node;
		c->epoch = r->u.epoch.epoch;
		break;
	case REC_AUDIT:
	case REC_KINDS:
		break;
	}
}
