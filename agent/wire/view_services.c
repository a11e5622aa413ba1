/* One service, and all of them. */
#include "agent/core/advice.h"
#include "agent/wire/arn.h"
#include "agent/wire/view_parts.h"

static void cluster(const struct core *c, struct jw *w, const struct service *s)
{
	struct slice name, service;

	if (!arn_service_of(slice_of(s->m.deployment), &name, &service))
		name = arn_cluster_name(slice_of(c->node.cluster));
	if (name.n > 0)
		jw_slice(w, "cluster", name);
	else
		jw_null(w, "cluster");
}

/* What it should run now: as seen here, else as AWS said, else the one family it ever had. */
static void definition(const struct core *c, struct jw *w, const struct service *s)
{
	int32_t now = core_current(c, s);
	const char *family = "", *deployment = s->m.deployment;
	uint32_t revision = 0;

	if (now != NONE) {
		family = c->release[now].family;
		revision = c->release[now].revision;
		deployment = c->release[now].deployment;
	} else if (s->m.n_families == 1) {
		family = s->m.family[0];
	}
	for (uint32_t i = 0; i < s->n_revisions && i < REVISIONS_MAX && now == NONE; i++)
		if (!s->revision[i].missing && s->dep.target_revision[0] != '\0' &&
		    str_eq(s->revision[i].arn, s->dep.target_revision)) {
			family = s->revision[i].family;
			revision = s->revision[i].revision;
		}
	jw_str_or_null(w, "family", family);
	if (revision == 0)
		jw_null(w, "revision");
	else
		jw_u64(w, "revision", revision);
	jw_str_or_null(w, "deployment", deployment);
	jw_unix_s(w, "deployment_created_unix_s", str_eq(deployment, s->dep.arn) ? s->dep.created_unix_ms : 0);
}

/* Tasks of what it should run now that failed here and count, in this epoch. */
static uint32_t counted(const struct core *c, const struct service *s)
{
	int32_t now = core_current(c, s);
	uint32_t n = 0;

	for (uint32_t i = 0; i < (uint32_t)c->rows.failures && now != NONE; i++)
		n += c->failure[i].used && c->failure[i].release == now && c->failure[i].f.counted &&
		     c->failure[i].f.epoch == c->epoch;
	/* in-place restarts are measured by the same number of the policy */
	if (now != NONE && c->release[now].epoch == c->epoch && c->release[now].restarts > n)
		return c->release[now].restarts;
	return n;
}

/* On this node, of what it should run now: how many there are, and how many of them run whole. */
static void tasks(const struct core *c, struct jw *w, const struct service *s)
{
	int32_t now = core_current(c, s);
	uint32_t all = 0, run = 0;

	for (uint32_t i = 0; i < (uint32_t)c->rows.tasks && now != NONE; i++) {
		if (!c->task[i].used || c->task[i].ended || c->task[i].release != now)
			continue;
		all++;
		run += c->task[i].running_ms != 0;
	}
	jw_u64(w, "tasks", all);
	jw_u64(w, "tasks_running", run);
}

static void last_good(const struct core *c, struct jw *w, const struct service *s)
{
	int32_t good = view_last_good(c, s);
	const struct release *r = good == NONE ? NULL : &c->release[good];

	view_definition(w, "last_good", r == NULL ? "" : r->family, r == NULL ? 0 : r->revision);
	jw_str_or_null(w, "last_good_digest", r == NULL || r->n_images == 0 ? NULL : r->image[0].digest);
	jw_unix_s(w, "last_good_unix_s", r == NULL ? 0 : r->good_unix_ms);
}

/* That nothing runs is known only from an engine that answers. */
static bool serving_known(const struct core *c, const struct service *s)
{
	return s->serving != SERVING_NONE || c->source[SRC_ENGINE].state == SS_UP;
}

static void advice(const struct core *c, struct jw *w, uint32_t service)
{
	uint32_t set = core_advice(c, service);

	jw_array(w, "advice");
	for (int i = 0; i < ADVICES; i++)
		if ((set >> i & 1) != 0)
			jw_packed(w, NULL, advice_text((enum advice)i));
	jw_array_end(w);
}

/* What a rollback in shadow would have done, and what then proved of it. */
static void shadow(struct jw *w, const struct service_memory *m)
{
	jw_object(w, "shadow");
	jw_u64(w, "right", m->shadow_right);
	jw_u64(w, "wrong", m->shadow_wrong);
	jw_object_end(w);
}

void view_service(const struct view *v, struct jw *w, const char *name, uint32_t service)
{
	const struct core *c = v->core;
	const struct service *s = &c->service[service];
	const struct policy *p = core_policy(c, s->m.name);
	char buf[SENTENCE_CAP * 4 + 2 * NAME_CAP];
	struct text sentence = text_on(buf, sizeof(buf));

	core_explain(c, service, &sentence);
	jw_object(w, name);
	jw_str(w, "service", s->m.name);
	cluster(c, w, s);
	definition(c, w, s);
	jw_str_or_null(w, "rollout", sd_status_name((enum sd_status)(s->m.status < SD_STATUSES ? s->m.status : SD_OTHER)));
	jw_unix_s(w, "asked_unix_s", s->m.asked_unix_ms);
	jw_str(w, "verdict", verdict_name(s->verdict));
	jw_str(w, "serving", serving_known(c, s) ? serving_name(s->serving) : NULL);
	jw_u64(w, "failures", counted(c, s));
	jw_u64(w, "failures_needed", p->failures);
	tasks(c, w, s);
	last_good(c, w, s);
	jw_str(w, "policy", rb_mode_name(p->mode));
	jw_unix_s(w, "hold_until_unix_s", s->m.hold_until_unix_ms > v->now_unix_ms ? s->m.hold_until_unix_ms : 0);
	shadow(w, &s->m);
	view_rollback(v, w, service);
	jw_str_or_null(w, "explain", buf);
	advice(c, w, service);
	jw_object_end(w);
}

void view_service_list(const struct view *v, struct jw *w)
{
	uint32_t left_out = 0;

	jw_array(w, "services");
	for (uint32_t i = 0; i < (uint32_t)v->core->rows.services; i++) {
		struct view_mark m = view_mark(w);

		if (!v->core->service[i].used)
			continue;
		view_service(v, w, NULL, i);
		left_out += !view_keep(w, m);
	}
	jw_array_end(w);
	jw_u64(w, "services_left_out", left_out);
}

enum kerr view_services(const struct view *v, struct text *out)
{
	struct jw w = jw_on(out);

	view_begin(v, &w, "kedge.services/1");
	view_service_list(v, &w);
	return view_end(&w);
}
