/* The tasks of this node with their containers, as engine, agent and log told of them. */
#include "agent/wire/arn.h"
#include "agent/wire/view_parts.h"

static const char *status_word(enum task_status status)
{
	static const char *const words[] = { NULL, "PENDING", "RUNNING", "STOPPED" };

	return words[status];
}

static const char *state_word(enum container_state state)
{
	static const char *const words[] = { NULL, "created", "running", "exited", "other" };

	return words[state];
}

static void container(const struct core *c, struct jw *w, const struct container *k)
{
	const struct task *t = &c->task[k->task];
	const struct release *r = t->release == NONE ? NULL : &c->release[t->release];
	const char *digest = "";

	for (uint32_t i = 0; r != NULL && i < r->n_images && i < TASK_CONTAINERS; i++)
		if (str_eq(r->image[i].container, k->name))
			digest = r->image[i].digest;
	jw_object(w, NULL);
	jw_str_or_null(w, "name", k->name);
	jw_str_or_null(w, "id", k->id);
	jw_str_or_null(w, "image", k->image);
	jw_str_or_null(w, "image_id", k->image_id);
	jw_str_or_null(w, "digest", digest);
	jw_str(w, "state", state_word(k->state));
	view_tri(w, "essential", k->essential);
	if (k->has_exit)
		jw_i64(w, "exit_code", k->exit_code);
	else
		jw_null(w, "exit_code");
	jw_bool(w, "oom", k->oom);
	jw_u64(w, "starts_seen", k->starts);
	jw_unix_s(w, "started_unix_s", k->started_unix_ms);
	jw_unix_s(w, "finished_unix_s", k->finished_unix_ms);
	jw_object_end(w);
}

static void identity(const struct core *c, struct jw *w, const struct task *t)
{
	const struct release *r = t->release == NONE ? NULL : &c->release[t->release];
	struct arn arn;

	jw_str(w, "task", t->arn);
	if (arn_parse_ecs(slice_of(t->arn), "task", 3, &arn, NULL) == KERR_OK)
		jw_slice(w, "cluster", arn.part[1]);
	else
		jw_str_or_null(w, "cluster", c->node.cluster);
	jw_str(w, "kind", fail_kind_name(t->kind));
	jw_str_or_null(w, "service", t->service);
	jw_str_or_null(w, "family", t->family);
	if (t->revision == 0)
		jw_null(w, "revision");
	else
		jw_u64(w, "revision", t->revision);
	jw_str_or_null(w, "deployment", r == NULL ? NULL : r->deployment);
	jw_str_or_null(w, "started_by", t->started_by);
}

static void task(const struct core *c, struct jw *w, int32_t at)
{
	const struct task *t = &c->task[at];

	jw_object(w, NULL);
	identity(c, w, t);
	jw_str(w, "desired", status_word(t->desired));
	jw_str(w, "known", status_word(t->known));
	jw_bool(w, "ended", t->ended);
	jw_bool(w, "stop_ordered", t->stop_ordered);
	jw_bool(w, "failed", t->counted);
	jw_u64(w, "restarts", t->restarts);
	jw_unix_s(w, "first_unix_s", t->first_unix_ms);
	jw_unix_s(w, "ended_unix_s", t->ended_unix_ms);
	jw_array(w, "containers");
	for (uint32_t i = 0; i < (uint32_t)c->rows.containers; i++)
		if (c->container[i].used && c->container[i].task == at)
			container(c, w, &c->container[i]);
	jw_array_end(w);
	jw_object_end(w);
}

/* Running ones first: when room is short it is the ended ones that are left out. */
static uint32_t list(const struct core *c, struct jw *w, bool ended)
{
	uint32_t left_out = 0;

	for (int32_t i = 0; i < c->rows.tasks; i++) {
		struct view_mark m = view_mark(w);

		if (!c->task[i].used || c->task[i].ended != ended)
			continue;
		task(c, w, i);
		left_out += !view_keep(w, m);
	}
	return left_out;
}

enum kerr view_tasks(const struct view *v, struct text *out)
{
	struct jw w = jw_on(out);
	uint32_t left_out;

	view_begin(v, &w, "kedge.tasks/1");
	jw_array(&w, "tasks");
	left_out = list(v->core, &w, false);
	left_out += list(v->core, &w, true);
	jw_array_end(&w);
	jw_u64(&w, "tasks_left_out", left_out);
	return view_end(&w);
}
