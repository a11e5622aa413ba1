/* One failure, and all of them, newest first: the members of the contract, unknown ones null. */
#include "agent/wire/view_parts.h"

/* Services whose family this was: two candidates stay two, never guessed (design 4). */
static void candidates(const struct core *c, struct jw *w, const struct failure *f)
{
	jw_array(w, "candidates");
	for (uint32_t i = 0; i < (uint32_t)c->rows.services && f->service[0] == '\0' && f->family[0] != '\0'; i++) {
		const struct service_memory *m = &c->service[i].m;

		for (uint32_t k = 0; c->service[i].used && k < m->n_families && k < SERVICE_FAMILIES; k++)
			if (str_eq(m->family[k], f->family)) {
				jw_str(w, NULL, m->name);
				break;
			}
	}
	jw_array_end(w);
}

static void identity(const struct core *c, struct jw *w, const struct failure *f)
{
	jw_str(w, "kind", fail_kind_name(f->kind));
	jw_str_or_null(w, "service", f->service);
	candidates(c, w, f);
	jw_str_or_null(w, "cluster", f->cluster);
	jw_str_or_null(w, "family", f->family);
	if (f->revision == 0)
		jw_null(w, "revision");
	else
		jw_u64(w, "revision", f->revision);
	jw_str_or_null(w, "deployment", f->deployment);
	jw_str_or_null(w, "started_by", f->started_by);
	jw_str_or_null(w, "task", f->task);
	jw_str_or_null(w, "container", f->container);
	view_tri(w, "essential", (enum tri)f->essential);
	jw_str_or_null(w, "image", f->image);
	jw_str_or_null(w, "digest", f->digest);
}

static void verdict(struct jw *w, const struct failure *f)
{
	jw_str(w, "stage", stage_name(f->stage));
	jw_str(w, "class", class_name(f->class));
	jw_str(w, "blame", blame_name(f->blame));
	jw_str_or_null(w, "reason", f->reason);
	jw_bool(w, "reason_cut", f->reason_cut);
	jw_array(w, "evidence");
	for (uint32_t i = 0; i < f->n_evidence && i < EVIDENCE_MAX; i++)
		jw_str(w, NULL, f->evidence[i]);
	jw_array_end(w);
	if (f->has_exit)
		jw_i64(w, "exit_code", f->exit_code);
	else
		jw_null(w, "exit_code");
	jw_u64(w, "count", f->count);
	jw_bool(w, "counted", f->counted);
}

/* A state of the node that has ended needs nobody any more. */
const struct packed *view_next_step(const struct failure *f)
{
	return f->over ? PACKED("Nothing to do; it is over.") : class_next_step(f->class, f->blame);
}

const char *view_fix_by(const struct failure *f)
{
	return fix_by_name(f->over ? FIX_NOBODY : class_fix_by(f->class, f->blame));
}

void view_failure(const struct view *v, struct jw *w, const char *name, const struct fail_slot *slot)
{
	const struct failure *f = &slot->f;

	jw_object(w, name);
	view_id(w, "id", 'f', f->id);
	jw_unix_s(w, "time_unix_s", f->first_unix_ms);
	identity(v->core, w, f);
	verdict(w, f);
	jw_unix_s(w, "first_unix_s", f->first_unix_ms);
	jw_unix_s(w, "last_unix_s", f->last_unix_ms);
	jw_u64(w, "epoch", f->epoch);
	jw_packed(w, "next_step", view_next_step(f));
	jw_str(w, "fix_by", view_fix_by(f));
	jw_bool(w, "provisional", slot->provisional);
	jw_bool(w, "over", f->over);
	jw_bool(w, "line_was_down", f->link_bad);
	jw_object_end(w);
}

uint32_t view_newest(const struct core *c, uint8_t index[FAILURES_MAX])
{
	uint32_t n = 0;

	_Static_assert(FAILURES_MAX <= 256, "an index is one byte");
	for (uint32_t i = 0; i < (uint32_t)c->rows.failures; i++) {
		uint32_t at = n;

		if (!c->failure[i].used)
			continue;
		for (; at > 0 && c->failure[index[at - 1]].f.id < c->failure[i].f.id; at--)
			index[at] = index[at - 1];
		index[at] = (uint8_t)i;
		n++;
	}
	return n;
}

void view_failure_list(const struct view *v, struct jw *w, uint32_t most)
{
	uint8_t index[FAILURES_MAX];
	uint32_t n = view_newest(v->core, index), written = 0;

	jw_array(w, "failures");
	for (bool room = true; room && written < n && written < most;) {
		struct view_mark m = view_mark(w);

		view_failure(v, w, NULL, &v->core->failure[index[written]]);
		room = view_keep(w, m);
		written += room;
	}
	jw_array_end(w);
	jw_u64(w, "failures_left_out", n - written);
}

enum kerr view_failures(const struct view *v, struct text *out)
{
	struct jw w = jw_on(out);

	view_begin(v, &w, "kedge.failures/1");
	view_failure_list(v, &w, FAILURES_MAX);
	return view_end(&w);
}
