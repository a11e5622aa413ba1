#include "agent/wire/notice.h"

#include "agent/wire/arn.h"
#include "agent/wire/view_parts.h"

static const struct { const char *name, *message_id; } kinds[] = {
	[NOTICE_FAILURE] = { "failure", "7dba5356cbe942d4acd132999d612658" },
	[NOTICE_SUSPECT] = { "suspect", "0a0d2456b3c34a528c979817593f78bc" },
	[NOTICE_OVER]    = { "over", "0afd7fa8c85d4a58a22d90c2e915412d" },
	[NOTICE_SERVICE] = { "service", "168c16903cc446c7b201058702cda9c5" },
	[NOTICE_SOURCE]  = { "source", "5bdfa42d35974d02bf9719d5275464b4" },
	[NOTICE_CONFIRM] = { "confirm", NULL },
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == NOTICE_KINDS, "a name for each kind");

const char *notice_name(enum notice_kind kind)
{
	return kinds[kind].name;
}

const char *notice_message_id(enum notice_kind kind)
{
	return kinds[kind].message_id;
}

static bool of_failure(enum notice_kind kind)
{
	return kind == NOTICE_FAILURE || kind == NOTICE_SUSPECT || kind == NOTICE_OVER;
}

bool notice_stands(const struct core *c, struct notice n)
{
	if (n.kind == NOTICE_SOURCE)
		return n.what < SOURCES;
	if (of_failure(n.kind))
		return view_failure_find(c, n.what) != NULL;
	return n.what < SERVICES_MAX && c->service[n.what].used;
}

bool notice_warns(const struct core *c, struct notice n)
{
	switch (n.kind) {
	case NOTICE_FAILURE:
	case NOTICE_SUSPECT:
	case NOTICE_CONFIRM:
		return true;
	case NOTICE_SOURCE:
		return c->source[n.what].state != SS_UP;
	case NOTICE_SERVICE:
		return c->service[n.what].verdict == V_FAILING || c->service[n.what].verdict == V_STUCK;
	case NOTICE_OVER:
	case NOTICE_KINDS:
		break;
	}
	return false;
}

/* ---- a line ---- */

static void member(struct text *t, const char *name, const char *value)
{
	text_c(t, ' ');
	text_s(t, name);
	text_c(t, '=');
	text_s(t, value);
}

static void failure_line(const struct failure *f, struct text *t)
{
	if (f->family[0] != '\0') {
		text_c(t, ' ');
		text_definition(t, f->family, f->revision);
	}
	if (f->container[0] != '\0')
		member(t, "container", f->container);
	if (f->stage != STAGE_NODE || f->service[0] != '\0')
		member(t, "service", f->service[0] != '\0' ? f->service : "?");
	member(t, "class", class_name(f->class));
	member(t, "blame", blame_name(f->blame));
	member(t, "stage", stage_name(f->stage));
	member(t, "reason", f->reason);
}

static void service_line(const struct core *c, uint32_t at, struct text *t)
{
	const struct service *s = &c->service[at];

	text_s(t, s->m.name);
	member(t, "verdict", verdict_name(s->verdict));
	member(t, "serving", serving_name(s->serving));
	member(t, "rollback", rb_state_name(core_rollback_shown(s)));
	text_say(t, ": ");
	core_explain(c, at, t);
}

static void source_line(const struct known_source *s, enum source source, struct text *t)
{
	text_s(t, source_name(source));
	text_say(t, " is ");
	text_s(t, source_state_name(s->state));
	text_s(t, s->detail[0] != '\0' ? ": " : "");
	text_s(t, s->detail);
}

void notice_line(const struct core *c, struct notice n, struct text *out)
{
	const struct failure *f = of_failure(n.kind) ? &view_failure_find(c, n.what)->f : NULL;

	text_s(out, notice_name(n.kind));
	text_c(out, ' ');
	if (n.kind == NOTICE_SOURCE) {
		source_line(&c->source[n.what], (enum source)n.what, out);
	} else if (f == NULL) {
		service_line(c, n.what, out);
	} else {
		text_c(out, 'f');
		text_u64(out, f->id);
		if (n.kind == NOTICE_OVER)
			member(out, "class", class_name(f->class));
		else
			failure_line(f, out);
	}
}

/* ---- fields ---- */

static void field(struct text *t, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	text_say(t, "KEDGE_");
	text_s(t, name);
	text_c(t, '=');
	for (; *value != '\0'; value++)
		text_c(t, (unsigned char)*value < ' ' || *value == 0x7f ? ' ' : *value);
	text_c(t, '\n');
}

static void field_number(struct text *t, const char *name, const char *before, uint64_t n)
{
	char buf[24];
	struct text b = text_on(buf, sizeof(buf));

	text_s(&b, before);
	text_u64(&b, n);
	field(t, name, n == 0 ? NULL : buf);
}

static void failure_fields(const struct failure *f, struct text *t)
{
	field_number(t, "ID", "f", f->id);
	field(t, "SERVICE", f->service);
	field(t, "CLUSTER", f->cluster);
	field(t, "FAMILY", f->family);
	field_number(t, "REVISION", "", f->revision);
	field(t, "DEPLOYMENT", f->deployment);
	field(t, "TASK", f->task);
	field(t, "CONTAINER", f->container);
	field(t, "IMAGE", f->image);
	field(t, "STAGE", stage_name(f->stage));
	field(t, "CLASS", class_name(f->class));
	field(t, "BLAME", blame_name(f->blame));
	field(t, "FIX_BY", view_fix_by(f));
	field(t, "REASON", f->reason);
}

static void service_fields(const struct core *c, uint32_t at, struct text *t)
{
	const struct service *s = &c->service[at];
	enum rb_state shown = core_rollback_shown(s);
	char buf[NAME_CAP + 16];
	struct text b = text_on(buf, sizeof(buf));

	if (shown == s->rb.state)
		field_number(t, "ID", "r", s->rb.id);
	field(t, "SERVICE", s->m.name);
	field(t, "CLUSTER", c->node.cluster);
	field(t, "DEPLOYMENT", s->m.deployment);
	field(t, "VERDICT", verdict_name(s->verdict));
	field(t, "SERVING", serving_name(s->serving));
	field(t, "ROLLBACK", rb_state_name(shown));
	if (shown == RB_NONE || shown != s->rb.state)
		return;
	text_definition(&b, s->rb.family, s->rb.revision);
	field(t, "RELEASE", s->rb.family[0] == '\0' ? NULL : buf);
	b = text_on(buf, sizeof(buf));
	text_definition(&b, s->rb.target_family, s->rb.target_revision);
	field(t, "TARGET", s->rb.target_family[0] == '\0' ? NULL : buf);
	field_number(t, "FAILURE", "f", s->rb.failure);
	field(t, "REASON", s->rb.reason);
}

void notice_fields(const struct core *c, struct notice n, struct text *out)
{
	field(out, "EVENT", notice_name(n.kind));
	if (n.kind == NOTICE_SOURCE) {
		field(out, "SOURCE", source_name((enum source)n.what));
		field(out, "STATE", source_state_name(c->source[n.what].state));
		field(out, "REASON", c->source[n.what].detail);
	} else if (of_failure(n.kind)) {
		failure_fields(&view_failure_find(c, n.what)->f, out);
	} else {
		service_fields(c, n.what, out);
	}
}

/* ---- an object ---- */

static void node(const struct core *c, struct jw *w)
{
	struct slice cluster = arn_cluster_name(slice_of(c->node.cluster));

	jw_object(w, "node");
	if (cluster.n > 0)
		jw_slice(w, "cluster", cluster);
	else
		jw_null(w, "cluster");
	jw_str_or_null(w, "container_instance", c->node.container_instance);
	jw_str_or_null(w, "region", c->node.region);
	jw_object_end(w);
}

enum kerr notice_json(const struct view *v, struct notice n, struct text *out)
{
	const struct core *c = v->core;
	char line[2048];
	struct text t = text_on(line, sizeof(line));
	struct jw w = jw_on(out);

	notice_line(c, n, &t);
	view_begin(v, &w, "kedge.event/1");
	jw_str(&w, "event", notice_name(n.kind));
	jw_str(&w, "severity", notice_warns(c, n) ? "warning" : "info");
	jw_str(&w, "text", line);
	node(c, &w);
	if (n.kind == NOTICE_SOURCE) {
		jw_object(&w, "source");
		jw_str(&w, "name", source_name((enum source)n.what));
		jw_str(&w, "state", source_state_name(c->source[n.what].state));
		jw_str_or_null(&w, "detail", c->source[n.what].detail);
		jw_object_end(&w);
	} else if (of_failure(n.kind)) {
		view_failure(v, &w, "failure", view_failure_find(c, n.what));
	} else {
		view_service(v, &w, "service", n.what);
	}
	return view_end(&w);
}
