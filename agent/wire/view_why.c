/* One failure or one rollback with all that explains it: evidence, timeline, next step, what else belongs to it. */
#include "agent/wire/view_parts.h"

#include <string.h>

enum { MOMENTS = 24, MOMENT_CAP = 192 };

struct moment { int64_t unix_ms; char text[MOMENT_CAP]; };
struct timeline { uint32_t n, left_out; struct moment at[MOMENTS]; };

/* What the question is about: a failure, a rollback, or both because one caused the other. */
struct subject {
	const struct fail_slot *slot;            /* NULL: a person asked for the rollback, or the failure was dropped */
	int32_t service;                         /* NONE: of no service */
	int32_t release;
	bool rollback;                           /* the service's rollback belongs to it */
};

/* Kept in the order of time; an entry without a time tells nothing. */
static struct text moment(struct timeline *l, int64_t unix_ms)
{
	uint32_t at = l->n;

	if (unix_ms <= 0 || l->n == MOMENTS) {
		l->left_out += unix_ms > 0;
		return text_on(NULL, 0);
	}
	for (; at > 0 && l->at[at - 1].unix_ms > unix_ms; at--)
		;
	memmove(&l->at[at + 1], &l->at[at], (l->n - at) * sizeof(l->at[0]));
	l->n++;
	l->at[at].unix_ms = unix_ms;
	return text_on(l->at[at].text, MOMENT_CAP);
}

static void definition(struct text *t, const char *family, uint32_t revision)
{
	text_slice(t, slice_to(slice_of(family), 80));
	text_c(t, ':');
	text_u64(t, revision);
}

static void say(struct timeline *l, int64_t unix_ms, const char *family, uint32_t revision, const struct packed *words)
{
	struct text t = moment(l, unix_ms);

	definition(&t, family, revision);
	text_packed(&t, words);
}

static void say_rollback(struct timeline *l, int64_t unix_ms, const struct rollback *rb, const struct packed *words)
{
	struct text t = moment(l, unix_ms);

	text_say(&t, "rollback r");
	text_u64(&t, rb->id);
	text_packed(&t, words);
}

static void say_failure(struct timeline *l, const struct failure *f)
{
	struct text t = moment(l, f->first_unix_ms);

	text_c(&t, 'f');
	text_u64(&t, f->id);
	text_c(&t, ' ');
	if (f->family[0] != '\0') {             /* else it is the node's, or nobody said whose */
		definition(&t, f->family, f->revision);
		text_c(&t, ' ');
	}
	text_s(&t, class_name(f->class));
	if (f->container[0] != '\0') {
		text_say(&t, " in container ");
		text_slice(&t, slice_to(slice_of(f->container), 60));
	}
	if (f->over) {
		t = moment(l, f->last_unix_ms);
		text_c(&t, 'f');
		text_u64(&t, f->id);
		text_say(&t, " was over");
	} else if (f->last_unix_ms > f->first_unix_ms && f->count > 1) {
		t = moment(l, f->last_unix_ms);
		text_c(&t, 'f');
		text_u64(&t, f->id);
		text_say(&t, " seen again, ");
		text_u64(&t, f->count);
		text_say(&t, " times in all");
	}
}

/* The subject's own failure, and the others of the same release. */
static bool belongs(const struct core *c, const struct subject *u, uint32_t i)
{
	const struct fail_slot *slot = &c->failure[i];

	if (!slot->used)
		return false;
	return slot == u->slot || (u->release != NONE && slot->release == u->release);
}

static void tell(const struct core *c, const struct subject *u, struct timeline *l)
{
	const struct service *s = u->service == NONE ? NULL : &c->service[u->service];
	const struct release *r = u->release == NONE ? NULL : &c->release[u->release];
	int32_t good = s == NULL ? NONE : view_last_good(c, s);

	l->n = l->left_out = 0;
	if (u->slot != NULL)
		say_failure(l, &u->slot->f);
	if (s != NULL && u->rollback) {
		say_rollback(l, s->rb.decided_unix_ms, &s->rb, PACKED(" was decided"));
		say_rollback(l, s->rb.accepted_unix_ms, &s->rb, PACKED(": AWS accepted the stop"));
		if (!rb_open(s->rb.state))
			say_rollback(l, s->rb.done_unix_ms, &s->rb, PACKED(" ended"));
	}
	if (r != NULL)
		say(l, r->first_unix_ms, r->family, r->revision, PACKED(" was first seen here"));
	if (r != NULL && s != NULL && s->dep.arn[0] != '\0' && str_eq(s->dep.arn, r->deployment))
		say(l, s->dep.created_unix_ms, r->family, r->revision, PACKED(" was deployed (as AWS says)"));
	if (good != NONE && good != u->release)
		say(l, c->release[good].good_unix_ms, c->release[good].family, c->release[good].revision,
		    PACKED(" proved good here"));
	for (uint32_t i = 0; i < (uint32_t)c->rows.failures; i++)
		if (belongs(c, u, i) && &c->failure[i] != u->slot)
			say_failure(l, &c->failure[i].f);
}

static void timeline(const struct core *c, struct jw *w, const struct subject *u)
{
	struct timeline l;

	tell(c, u, &l);
	jw_array(w, "timeline");
	for (uint32_t i = 0; i < l.n; i++) {
		jw_object(w, NULL);
		jw_unix_s(w, "time_unix_s", l.at[i].unix_ms);
		jw_str(w, "text", l.at[i].text);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_u64(w, "timeline_left_out", l.left_out);
}

static void related(const struct core *c, struct jw *w, const struct subject *u, bool about_rollback)
{
	jw_array(w, "related");
	for (uint32_t i = 0; i < (uint32_t)c->rows.failures; i++)
		if (belongs(c, u, i) && (about_rollback || &c->failure[i] != u->slot))
			view_id(w, NULL, 'f', c->failure[i].f.id);
	if (u->rollback && !about_rollback)
		view_id(w, NULL, 'r', c->service[u->service].rb.id);
	jw_array_end(w);
}

static void advice(const struct core *c, struct jw *w, const struct subject *u, bool about_rollback)
{
	const struct failure *f = u->slot == NULL ? NULL : &u->slot->f;

	if (about_rollback)
		jw_packed(w, "next_step", view_rollback_next_step(c->service[u->service].rb.state));
	else
		jw_packed(w, "next_step", f == NULL ? NULL : view_next_step(f));
	jw_str(w, "fix_by", f == NULL ? fix_by_name(FIX_NOBODY) : view_fix_by(f));
}

static void span(struct jw *w, const char *name, int64_t from_unix_ms, int64_t to_unix_ms)
{
	if (from_unix_ms > 0 && to_unix_ms == from_unix_ms)
		jw_u64(w, name, 0);
	else
		jw_unix_s(w, name, from_unix_ms > 0 ? to_unix_ms - from_unix_ms : 0);
}

/* The failure that decided it may be the third of its release. */
static int64_t since(const struct core *c, const struct rollback *rb, int32_t release)
{
	int64_t first = release == NONE ? 0 : c->release[release].first_fail_unix_ms;

	return first > 0 && first < rb->first_failure_unix_ms ? first : rb->first_failure_unix_ms;
}

/* Who, why, what, from which image to which, and how long it took. */
static void audit(const struct core *c, struct jw *w, const struct rollback *rb, const struct subject *u)
{
	const struct fail_slot *slot = u->slot;
	int64_t first = since(c, rb, u->release);
	bool person = rb->confirmed || rb->by_operator || rb->state == RB_CANCELLED;

	jw_object(w, "audit");
	jw_str(w, "who", person ? "person" : "policy");
	if (person)
		jw_u64(w, "uid", rb->uid);
	else
		jw_null(w, "uid");
	view_id(w, "failure", 'f', rb->failure);
	jw_str(w, "class", slot == NULL ? NULL : class_name(slot->f.class));
	jw_str(w, "reason", slot == NULL ? NULL : slot->f.reason);
	jw_str_or_null(w, "deployment", rb->deployment);
	jw_str_or_null(w, "digest_before", rb->digest);
	jw_str_or_null(w, "digest_after", rb->target_digest);
	span(w, "time_to_detect_s", first, rb->decided_unix_ms);
	span(w, "time_to_recover_s", first, rb->state == RB_ROLLED_BACK ? rb->done_unix_ms : 0);
	jw_object_end(w);
}

static enum kerr write_why(const struct view *v, struct slice id, const struct subject *u, struct text *out)
{
	struct jw w = jw_on(out);
	bool about_rollback = id.p[0] == 'r';

	view_begin(v, &w, "kedge.why/1");
	jw_slice(&w, "id", id);
	jw_str(&w, "about", about_rollback ? "rollback" : "failure");
	if (u->slot != NULL)
		view_failure(v, &w, "failure", u->slot);
	else
		jw_null(&w, "failure");
	if (u->service != NONE)
		view_service(v, &w, "service", (uint32_t)u->service);
	else
		jw_null(&w, "service");
	if (about_rollback)
		audit(v->core, &w, &v->core->service[u->service].rb, u);
	else
		jw_null(&w, "audit");
	advice(v->core, &w, u, about_rollback);
	timeline(v->core, &w, u);
	related(v->core, &w, u, about_rollback);
	return view_end(&w);
}

static bool about_failure(const struct core *c, uint32_t id, struct subject *u)
{
	const struct service *s;

	u->slot = view_failure_find(c, id);
	if (u->slot == NULL)
		return false;
	u->service = view_service_find(c, u->slot->f.service);
	u->release = u->slot->release;
	s = u->service == NONE ? NULL : &c->service[u->service];
	u->rollback = s != NULL && s->rb.state != RB_NONE &&
		      (s->rb.failure == id || (s->rb.revision == u->slot->f.revision && str_eq(s->rb.family, u->slot->f.family) &&
					       str_eq(s->rb.deployment, u->slot->f.deployment)));
	return true;
}

static int32_t failing_release(const struct core *c, const struct service *s)
{
	int32_t best = NONE;

	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		if (!r->used || r->revision != s->rb.revision || !str_eq(r->family, s->rb.family) ||
		    !str_eq(r->service, s->m.name))
			continue;
		if (s->rb.deployment[0] != '\0' && str_eq(r->deployment, s->rb.deployment))
			return i;
		if (best == NONE || r->first_unix_ms > c->release[best].first_unix_ms)
			best = i;
	}
	return best;
}

static bool about_rollback(const struct core *c, uint32_t id, struct subject *u)
{
	for (int32_t i = 0; i < c->rows.services; i++) {
		const struct service *s = &c->service[i];

		if (!s->used || s->rb.state == RB_NONE || s->rb.id != id)
			continue;
		u->service = i;
		u->slot = s->rb.failure == 0 ? NULL : view_failure_find(c, s->rb.failure);
		u->release = u->slot != NULL && u->slot->release != NONE ? u->slot->release : failing_release(c, s);
		u->rollback = true;
		return true;
	}
	return false;
}

int64_t view_rollback_since(const struct core *c, uint32_t service)
{
	const struct rollback *rb = &c->service[service].rb;
	struct subject u;

	return about_rollback(c, rb->id, &u) ? since(c, rb, u.release) : 0;
}

enum kerr view_why(const struct view *v, struct slice id, struct text *out, struct why *why)
{
	struct subject u = { NULL, NONE, NONE, false };
	uint64_t n;
	bool found;

	if (id.n < 2 || (id.p[0] != 'f' && id.p[0] != 'r') || !slice_u64(slice_from(id, 1), &n) || n == 0 || n > UINT32_MAX)
		return why_set(why, KERR_BAD_INPUT, "\"%.*s\" is no id: f and a number for a failure, r for a rollback",
			       (int)(id.n > 40 ? 40 : id.n), id.n == 0 ? "" : id.p);
	found = id.p[0] == 'f' ? about_failure(v->core, (uint32_t)n, &u) : about_rollback(v->core, (uint32_t)n, &u);
	if (!found)
		return why_set(why, KERR_GONE, "there is no %s %.*s in memory", id.p[0] == 'f' ? "failure" : "rollback",
			       (int)id.n, id.p);
	if (write_why(v, id, &u, out) != KERR_OK)
		return why_set(why, KERR_TOO_BIG, "the answer on %.*s does not fit %u bytes", (int)id.n, id.p,
			       (unsigned)out->cap);
	return KERR_OK;
}
