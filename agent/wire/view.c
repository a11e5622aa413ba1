/* What all views share: the head, lists that say what they left out, and finding things by name. */
#include "agent/wire/view_parts.h"

void view_begin(const struct view *v, struct jw *w, const char *schema)
{
	jw_object(w, NULL);
	jw_str(w, "schema", schema);
	jw_bool(w, "daemon", v->daemon);
	jw_unix_s(w, "time_unix_s", v->now_unix_ms);
}

enum kerr view_end(struct jw *w)
{
	jw_object_end(w);
	return w->t->full ? KERR_TOO_BIG : KERR_OK;
}

struct view_mark view_mark(const struct jw *w)
{
	return (struct view_mark){ w->t->len, w->comma };
}

bool view_keep(struct jw *w, struct view_mark m)
{
	struct text *t = w->t;

	if (!t->full && t->cap - t->len > VIEW_TAIL)
		return true;
	if (t->cap == 0)
		return false;
	t->len = m.len;
	t->p[m.len] = '\0';
	t->full = false;
	w->comma = m.comma;
	return false;
}

void view_tri(struct jw *w, const char *name, enum tri v)
{
	if (v == TRI_UNKNOWN)
		jw_null(w, name);
	else
		jw_bool(w, name, v == TRI_YES);
}

void view_definition(struct jw *w, const char *name, const char *family, uint32_t revision)
{
	char buf[NAME_CAP + 16];
	struct text t = text_on(buf, sizeof(buf));

	text_definition(&t, family, revision);
	jw_str(w, name, family[0] == '\0' ? NULL : buf);
}

void view_id(struct jw *w, const char *name, char letter, uint32_t n)
{
	char buf[16];
	struct text t = text_on(buf, sizeof(buf));

	text_c(&t, letter);
	text_u64(&t, n);
	jw_str(w, name, n == 0 ? NULL : buf);
}

int32_t view_service_find(const struct core *c, const char *name)
{
	for (int32_t i = 0; i < c->rows.services; i++)
		if (name[0] != '\0' && c->service[i].used && str_eq(c->service[i].m.name, name))
			return i;
	return NONE;
}

const struct fail_slot *view_failure_find(const struct core *c, uint32_t id)
{
	for (uint32_t i = 0; i < (uint32_t)c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].f.id == id)
			return &c->failure[i];
	return NULL;
}

int32_t view_last_good(const struct core *c, const struct service *s)
{
	int32_t best = NONE;

	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *r = &c->release[i];

		if (r->used && r->good && !r->bad && str_eq(r->service, s->m.name) &&
		    (best == NONE || r->good_unix_ms > c->release[best].good_unix_ms))
			best = i;
	}
	return best;
}
