/* Releases: which tasks are of one deployment, and what is known of its working here. */
#include "agent/core/parts.h"

struct image_of *release_image(struct release *r, const char *container)
{
	for (uint32_t i = 0; i < r->n_images; i++)
		if (str_eq(r->image[i].container, container))
			return &r->image[i];
	return NULL;
}

/* No container of the task runs another image than the release has for it. */
static bool images_agree(const struct core *c, int32_t task, struct release *r)
{
	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];
		const struct image_of *m;

		if (!k->used || k->task != task || k->image_id[0] == '\0')
			continue;
		m = release_image(r, k->name);
		if (m != NULL && m->image_id[0] != '\0' && !str_eq(m->image_id, k->image_id))
			return false;
	}
	return true;
}

static void images_join(const struct core *c, int32_t task, struct release *r)
{
	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];
		struct image_of *m;

		if (!k->used || k->task != task || k->image_id[0] == '\0')
			continue;
		m = release_image(r, k->name);
		if (m == NULL && r->n_images < TASK_CONTAINERS) {
			m = &r->image[r->n_images++];
			PUT(m->container, k->name);
		}
		if (m != NULL && m->image_id[0] == '\0')
			PUT(m->image_id, k->image_id);
	}
}

static bool has_image(const struct core *c, int32_t task)
{
	for (int32_t i = 0; i < c->rows.containers; i++)
		if (c->container[i].used && c->container[i].task == task && c->container[i].image_id[0] != '\0')
			return true;
	return false;
}

static bool same_definition(const struct release *r, const struct task *t)
{
	return r->used && r->revision == t->revision && str_eq(r->family, t->family) &&
	       (r->service[0] == '\0' || t->service[0] == '\0' || str_eq(r->service, t->service));
}

/* A failing task without an image cannot be of a release that already worked here: under one
 * family:revision it is then a new deployment of a mutable tag. */
static bool may_be(const struct core *c, int32_t task, struct release *r, bool no_image)
{
	const struct task *t = &c->task[task];

	if (!same_definition(r, t))
		return false;
	if (r->started_by[0] != '\0' && t->started_by[0] != '\0' && !str_eq(r->started_by, t->started_by))
		return false;
	if (no_image)
		return r->starts == 0 && !r->good;
	return images_agree(c, task, r);
}

static int32_t release_new(struct core *c, int32_t task)
{
	const struct task *t = &c->task[task];
	int32_t at = release_add(c);

	if (at == NONE)
		return NONE;
	PUT(c->release[at].family, t->family);
	PUT(c->release[at].service, t->service);
	c->release[at].revision = t->revision;
	c->release[at].first_unix_ms = t->first_unix_ms;
	return at;
}

/* What is placed is the newest deployment's, else the youngest release's; a clock that stood still makes two of one age. */
static bool fits_better(const struct core *c, int32_t service, int32_t i, int32_t than)
{
	const char *newest = service == NONE ? "" : c->service[service].dep.arn;
	bool named = newest[0] != '\0' && str_eq(c->release[i].deployment, newest);

	if (than == NONE)
		return true;
	if (newest[0] != '\0' && named != str_eq(c->release[than].deployment, newest))
		return named;
	return c->release[i].first_unix_ms > c->release[than].first_unix_ms;
}

void release_bind(struct core *c, int32_t task, bool failing)
{
	struct task *t = &c->task[task];
	bool no_image = failing && !has_image(c, task);
	int32_t best = NONE, service = t->service[0] == '\0' ? NONE : service_find(c, t->service);

	if (t->family[0] == '\0')
		return;
	if (t->release != NONE && images_agree(c, task, &c->release[t->release])) {
		images_join(c, task, &c->release[t->release]);
		return;
	}
	for (int32_t i = 0; i < c->rows.releases; i++)
		if (may_be(c, task, &c->release[i], no_image) && fits_better(c, service, i, best))
			best = i;
	if (best == NONE)
		best = release_new(c, task);
	if (best == NONE)
		return;
	t->release = best;
	images_join(c, task, &c->release[best]);
	if (c->release[best].service[0] == '\0')
		PUT(c->release[best].service, t->service);
	if (c->release[best].started_by[0] == '\0')
		PUT(c->release[best].started_by, t->started_by);
	if (service != NONE && (c->release[best].deployment[0] == '\0' || failing))
		look_want(c, (uint32_t)service);
}

void release_started(struct core *c, int32_t release)
{
	const struct release *r = &c->release[release];
	int32_t service = r->service[0] == '\0' ? NONE : service_find(c, r->service);
	enum rb_state state = service == NONE ? RB_NONE : c->service[service].rb.state;

	c->release[release].starts++;
	c->release[release].last_start_ms = c->now_ms;
	/* what starts now may be the way back: seen at once instead of at the next look */
	if (state == RB_BREAKER_WAIT || state == RB_WATCHING || state == RB_ADOPTED)
		look_want(c, (uint32_t)service);
}

void release_good(struct core *c, int32_t release)
{
	struct release *r = &c->release[release];

	r->save = r->save || !r->good;
	r->good = true;
	r->good_unix_ms = c->now_unix_ms;
}

uint32_t release_running(const struct core *c, int32_t release)
{
	uint32_t n = 0;

	for (int32_t i = 0; i < c->rows.tasks; i++)
		n += c->task[i].used && !c->task[i].ended && c->task[i].release == release && c->task[i].running_ms != 0;
	return n;
}

bool release_suspect(const struct core *c, int32_t release)
{
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].release == release && c->failure[i].f.epoch == c->epoch)
			return true;
	return false;
}

/* What proved good is the best witness, what is not known to be bad the next. */
static int rank(const struct release *r)
{
	return r->good ? 2 : r->bad ? 0 : 1;
}

/* Older is what was seen first; of equal witnesses the youngest. */
int32_t release_predecessor(const struct core *c, int32_t release)
{
	const struct release *r = &c->release[release];
	int32_t best = NONE;

	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *p = &c->release[i];

		if (!p->used || i == release || p->first_unix_ms > r->first_unix_ms || r->service[0] == '\0' ||
		    !str_eq(p->service, r->service) || (!p->good && p->starts == 0))
			continue;
		if (best == NONE || rank(p) > rank(&c->release[best]) ||
		    (rank(p) == rank(&c->release[best]) && p->first_unix_ms > c->release[best].first_unix_ms))
			best = i;
	}
	return best;
}

bool release_is_revision(const struct release *r, const struct revision *rev)
{
	if (r->revision != rev->revision || !str_eq(r->family, rev->family))
		return false;
	for (uint32_t i = 0; i < rev->n; i++)
		for (uint32_t k = 0; k < r->n_images; k++)
			if (str_eq(r->image[k].container, rev->image[i].container) && r->image[k].digest[0] != '\0' &&
			    rev->image[i].digest[0] != '\0' && !str_eq(r->image[k].digest, rev->image[i].digest))
				return false;
	return true;
}

bool release_has_digests(const struct release *r, const struct revision *rev)
{
	uint32_t same = 0;

	for (uint32_t i = 0; i < rev->n; i++)
		for (uint32_t k = 0; k < r->n_images; k++)
			same += str_eq(r->image[k].container, rev->image[i].container) && r->image[k].digest[0] != '\0' &&
				str_eq(r->image[k].digest, rev->image[i].digest);
	return same > 0 && release_is_revision(r, rev);
}

int32_t release_of_revision(const struct core *c, const char *service, const struct revision *rev)
{
	int32_t best = NONE;

	for (int32_t i = 0; i < c->rows.releases; i++)
		if (c->release[i].used && str_eq(c->release[i].service, service) &&
		    release_is_revision(&c->release[i], rev) &&
		    (best == NONE || c->release[i].first_unix_ms > c->release[best].first_unix_ms))
			best = i;
	return best;
}

void release_named(struct core *c, int32_t release, const char *arn)
{
	struct release *r = &c->release[release];

	PUT(r->deployment, arn);
	r->save = r->save || r->good || r->bad;
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];

		if (!slot->used || slot->release != release || str_eq(slot->f.deployment, arn))
			continue;
		PUT(slot->f.deployment, arn);
		slot->save = !slot->provisional;
	}
}

/* Tasks of an older release that were placed after the new deployment began are the new deployment's. */
static void split(struct core *c, int32_t from, const struct service *s, int64_t since_unix_ms)
{
	int32_t to = NONE;

	for (int32_t i = 0; i < c->rows.tasks; i++) {
		struct task *t = &c->task[i];

		if (!t->used || t->release != from || t->first_unix_ms < since_unix_ms)
			continue;
		if (to == NONE)
			to = release_new(c, i);
		if (to == NONE)
			return;
		t->release = to;
		images_join(c, i, &c->release[to]);
		for (int32_t k = 0; k < c->rows.failures; k++)
			if (c->failure[k].used && c->failure[k].release == from && str_eq(c->failure[k].f.task, t->arn))
				c->failure[k].release = to;
	}
	if (to == NONE)
		return;
	for (uint32_t k = 0; k < c->release[to].n_images; k++) {
		struct image_of *old = release_image(&c->release[from], c->release[to].image[k].container);

		if (old != NULL && str_eq(old->image_id, c->release[to].image[k].image_id))
			c->release[to].image[k] = *old;
	}
	release_named(c, to, s->dep.arn);
	judge_release(c, from);
	judge_release(c, to);
}

/* Gives the newest deployment's ARN to the release it must be: the same definition, no other digest, and
 * not older than the deployment. Clocks may differ by some seconds even when they are right. */
void release_bind_deployment(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	const struct revision *rev = look_revision(s, s->dep.target_revision);
	const int64_t slack_ms = 5000;
	int32_t fresh = NONE, older = NONE;

	if (rev == NULL || rev->missing)
		return;
	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		if (!r->used || !str_eq(r->service, s->m.name) || !release_is_revision(r, rev))
			continue;
		if (str_eq(r->deployment, s->dep.arn))
			return;
		if (r->deployment[0] != '\0' || r->first_unix_ms + slack_ms < s->dep.created_unix_ms)
			older = older == NONE || r->first_unix_ms > c->release[older].first_unix_ms ? i : older;
		else if (fresh == NONE || r->first_unix_ms > c->release[fresh].first_unix_ms)
			fresh = i;
	}
	if (fresh != NONE)
		release_named(c, fresh, s->dep.arn);
	else if (older != NONE)
		split(c, older, s, s->dep.created_unix_ms - slack_ms);
}
