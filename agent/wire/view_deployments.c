/* The table of `aws ecs describe-services --query services[].deployments`, with the time AWS was asked. */
#include "agent/wire/view_parts.h"

static void row(struct jw *w, const struct dep_row *r)
{
	jw_object(w, NULL);
	jw_str(w, "id", r->id);
	jw_str_or_null(w, "status", r->status);
	view_definition(w, "taskDefinition", r->family, r->revision);
	jw_u64(w, "desired", r->desired);
	jw_u64(w, "pending", r->pending);
	jw_u64(w, "running", r->running);
	jw_u64(w, "failedTasks", r->failed);
	jw_str_or_null(w, "rolloutState", r->rollout);
	jw_str_or_null(w, "rolloutStateReason", r->rollout_reason);
	jw_str_or_null(w, "launchType", r->launch_type);
	jw_unix_s(w, "created_unix_s", r->created_unix_ms);
	jw_unix_s(w, "updated_unix_s", r->updated_unix_ms);
	jw_object_end(w);
}

static void service(struct jw *w, const struct dep_service *s)
{
	jw_object(w, NULL);
	jw_str(w, "service", s->name);
	jw_str_or_null(w, "cluster", s->cluster);
	jw_str_or_null(w, "status", s->status);
	jw_str_or_null(w, "controller", s->controller);
	jw_str_or_null(w, "launchType", s->launch_type);
	jw_str_or_null(w, "scheduling", s->scheduling);
	jw_u64(w, "desired", s->desired);
	jw_u64(w, "pending", s->pending);
	jw_u64(w, "running", s->running);
	jw_array(w, "deployments");
	for (uint32_t i = 0; i < s->n && i < DEP_ROWS; i++)
		row(w, &s->row[i]);
	jw_array_end(w);
	jw_u64(w, "deployments_left_out", s->left_out);
	jw_array(w, "events");
	for (uint32_t i = 0; i < s->events && i < DEP_EVENTS; i++) {
		jw_object(w, NULL);
		jw_unix_s(w, "time_unix_s", s->event[i].unix_ms);
		jw_bool(w, "trouble", s->event[i].trouble);
		jw_str(w, "text", s->event[i].text);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}

static bool in_table(const struct dep_table *t, const char *name)
{
	for (uint32_t i = 0; i < t->n && i < DEP_SERVICES; i++)
		if (str_eq(t->service[i].name, name))
			return true;
	for (uint32_t i = 0; i < t->missing && i < DEP_SERVICES; i++)
		if (str_eq(t->missing_name[i], name))
			return true;
	return false;
}

/* One call takes ten services: those beyond are named, so that nobody takes the table for all there is. */
static void not_asked(const struct core *c, const struct dep_table *t, struct jw *w)
{
	jw_array(w, "not_asked");
	for (uint32_t i = 0; t != NULL && i < (uint32_t)c->rows.services; i++)
		if (c->service[i].used && !in_table(t, c->service[i].m.name))
			jw_str(w, NULL, c->service[i].m.name);
	jw_array_end(w);
}

enum kerr view_deployments(const struct view *v, struct text *out)
{
	const struct dep_table *t = v->deployments;
	struct jw w = jw_on(out);

	view_begin(v, &w, "kedge.deployments/1");
	jw_unix_s(&w, "asked_unix_s", t == NULL ? 0 : t->asked_unix_ms);
	jw_array(&w, "services");
	for (uint32_t i = 0; t != NULL && i < t->n && i < DEP_SERVICES; i++)
		if (v->only == NULL || str_eq(v->only, t->service[i].name))
			service(&w, &t->service[i]);
	jw_array_end(&w);
	jw_array(&w, "missing");
	for (uint32_t i = 0; t != NULL && i < t->missing && i < DEP_SERVICES; i++)
		jw_str(&w, NULL, t->missing_name[i]);
	jw_array_end(&w);
	not_asked(v->core, t, &w);
	view_denied(v, &w);
	return view_end(&w);
}
