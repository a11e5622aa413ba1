/* Everything at one look: node, sources, services, newest failures, and what kedge itself costs and lost. */
#include "agent/wire/view_parts.h"

enum { STATUS_FAILURES = 10 };           /* the rest is in `failures` */

static void node(const struct view *v, struct jw *w)
{
	const struct ev_epoch *n = &v->core->node;

	jw_object(w, "node");
	jw_str_or_null(w, "cluster", n->cluster);
	jw_str_or_null(w, "container_instance", n->container_instance);
	jw_str_or_null(w, "region", n->region);
	jw_str_or_null(w, "arch", n->arch);
	jw_str(w, "role", !v->daemon ? NULL : v->actor ? "actor" : "observer");
	jw_str_or_null(w, "boot_id", n->boot_id);
	jw_str_or_null(w, "engine_version", n->engine_version);
	jw_str_or_null(w, "ecs_agent_version", n->agent_version);
	jw_u64(w, "epoch", v->core->epoch);
	jw_object_end(w);
}

/* AWS is up, but not for everything: what the role lacks stands in its line. */
static void aws_detail(const struct view *v, struct text *out)
{
	for (uint32_t i = 0; i < v->n_denied; i++) {
		if (v->denied[i].action[0] == '\0')
			continue;
		text_s(out, out->len == 0 ? "denied: " : ", ");
		text_s(out, v->denied[i].action);
	}
}

static void sources(const struct view *v, struct jw *w)
{
	char lacks[16 * IAM_ACTION_CAP] = "";
	struct text t = text_on(lacks, sizeof(lacks));

	aws_detail(v, &t);
	jw_object(w, "sources");
	for (int i = 0; i < SOURCES; i++) {
		const struct known_source *s = &v->core->source[i];

		jw_object(w, source_name((enum source)i));
		jw_str(w, "state", source_state_name(s->state));
		jw_unix_s(w, "since_unix_s", s->since_unix_ms);
		jw_str_or_null(w, "detail", i == SRC_AWS && s->detail[0] == '\0' ? lacks : s->detail);
		jw_object_end(w);
	}
	jw_object_end(w);
}

static void credentials(const struct view *v, struct jw *w)
{
	jw_object(w, "credentials");
	jw_str(w, "provider", v->keys_provider);
	jw_str(w, "state", v->keys_state);
	jw_bool(w, "shared_role", v->keys_shared);
	jw_unix_s(w, "expires_unix_s", v->keys_expiry_unix_s * 1000);
	jw_str_or_null(w, "detail", v->keys_detail == NULL ? "" : v->keys_detail);
	jw_object_end(w);
}

static void wall_clock(const struct view_clock *k, struct jw *w)
{
	jw_object(w, "clock");
	jw_str(w, "state", k->state);
	jw_str(w, "source", k->state == NULL ? NULL : k->heard ? "aws" : "machine");
	if (k->heard)
		jw_i64(w, "offset_s", k->offset_s);
	else
		jw_null(w, "offset_s");
	jw_unix_s(w, "floor_unix_s", k->floor_unix_s * 1000);
	jw_str_or_null(w, "detail", k->detail == NULL ? "" : k->detail);
	jw_object_end(w);
}

static void facts(const struct core *c, struct jw *w)
{
	jw_object(w, "facts");
	for (int i = 0; i < FACTS; i++)
		view_tri(w, fact_name((enum fact)i), c->fact[i].yes);
	jw_object_end(w);
}

struct number { const char *name; uint64_t v; };

/* known: false writes null for each, as nobody measured them. */
static void numbers(struct jw *w, const struct number *n, size_t count, bool known)
{
	for (size_t i = 0; i < count; i++)
		if (known)
			jw_u64(w, n[i].name, n[i].v);
		else
			jw_null(w, n[i].name);
}
#define NUMBERS(w, list, known) numbers(w, list, sizeof(list) / sizeof((list)[0]), known)

static void wan(const struct view *v, struct jw *w)
{
	struct number sum[] = { { "up", 0 }, { "down", 0 } };

	for (uint32_t i = 0; i < v->purposes; i++) {
		sum[0].v += v->purpose[i].up;
		sum[1].v += v->purpose[i].down;
	}
	jw_object(w, "wan_bytes_today");
	NUMBERS(w, sum, v->daemon);
	jw_object_end(w);
	jw_object(w, "by_purpose");
	for (uint32_t i = 0; i < v->purposes; i++) {
		const struct view_purpose *p = &v->purpose[i];
		const struct number n[] = { { "up", p->up }, { "down", p->down } };

		if (p->up + p->down == 0)
			continue;
		jw_object(w, p->name);
		NUMBERS(w, n, true);
		jw_object_end(w);
	}
	jw_object_end(w);
	if (v->daemon)
		jw_u64(w, "overhead_estimate_bytes", v->overhead_bytes);
	else
		jw_null(w, "overhead_estimate_bytes");
}

/* How often AWS is asked, and why not more often. */
static void pace(const struct core *c, struct jw *w)
{
	enum beat_why why;
	uint64_t beat_ms = core_heartbeat_ms(c, &why);

	if (core_shed(c) == SHED_NOTHING) {
		jw_null(w, "shed");
	} else {
		jw_object(w, "shed");
		jw_u64(w, "level", core_shed(c));
		jw_packed(w, "text", core_shed_says(core_shed(c)));
		jw_object_end(w);
	}
	jw_object(w, "heartbeat");
	jw_u64(w, "seconds", beat_ms / 1000);
	jw_packed(w, "why", why == BEAT_CONF ? NULL : beat_why_says(why));
	jw_object_end(w);
	jw_object(w, "fleet");
	if (core_fleet(c) == 0)
		jw_null(w, "nodes");
	else
		jw_u64(w, "nodes", core_fleet(c));
	jw_bool(w, "at_least", c->params.fleet == 0);
	jw_object_end(w);
}

static void thrift(const struct view *v, struct jw *w)
{
	const struct number memory[] = { { PACKED_TEXT("pss_bytes"), v->pss_bytes }, { PACKED_TEXT("peak_pss_bytes"), v->peak_pss_bytes } };
	const struct number disk[] = { { PACKED_TEXT("disk_bytes_written"), v->disk_bytes_written }, { PACKED_TEXT("wakeups"), v->wakeups } };

	jw_object(w, "thrift");
	NUMBERS(w, memory, v->daemon && v->pss_bytes != 0);
	wan(v, w);
	if (v->data_budget_bytes == 0)
		jw_null(w, "budget");                /* no limit */
	else
		jw_u64(w, "budget", v->data_budget_bytes);
	if (v->daemon)
		pace(v->core, w);
	NUMBERS(w, disk, v->daemon);
	jw_object_end(w);
}

static void input(const struct view *v, struct jw *w)
{
	const struct core_counters *n = &v->core->counter;
	const struct number read[] = {
		{ PACKED_TEXT("events_oversize"), v->events_oversize }, { PACKED_TEXT("events_malformed"), v->events_malformed },
		{ PACKED_TEXT("log_lines_oversize"), v->log_lines_oversize }, { PACKED_TEXT("log_lines_lost"), v->log_lines_lost },
		{ PACKED_TEXT("answers_malformed"), v->answers_malformed },
	};
	const struct number judged[] = {
		{ PACKED_TEXT("events"), n->events }, { PACKED_TEXT("actions"), n->actions }, { PACKED_TEXT("tasks_dropped"), n->tasks_dropped },
		{ PACKED_TEXT("tasks_refused"), n->tasks_refused }, { PACKED_TEXT("containers_dropped"), n->containers_dropped },
		{ PACKED_TEXT("releases_dropped"), n->releases_dropped }, { PACKED_TEXT("services_refused"), n->services_refused },
		{ PACKED_TEXT("failures_dropped"), n->failures_dropped }, { PACKED_TEXT("evidence_dropped"), n->evidence_dropped },
		{ PACKED_TEXT("stale_answers"), n->stale_answers }, { PACKED_TEXT("check_failed"), n->check_failed },
	};

	jw_object(w, "input");
	NUMBERS(w, read, v->daemon);
	jw_object_end(w);
	jw_object(w, "core");
	NUMBERS(w, judged, v->daemon);
	jw_object_end(w);
}

static void channels(const struct view *v, struct jw *w)
{
	jw_object(w, "channels");
	for (uint32_t i = 0; i < v->channels; i++) {
		const struct view_channel *c = &v->channel[i];
		const struct number n[] = { { PACKED_TEXT("sent"), c->sent }, { PACKED_TEXT("failed"), c->failed }, { PACKED_TEXT("waiting"), c->waiting }, { PACKED_TEXT("dropped"), c->dropped } };

		jw_object(w, c->name);
		jw_bool(w, "well", c->well);
		NUMBERS(w, n, true);
		jw_object_end(w);
	}
	jw_object_end(w);
}

static void journal(const struct view *v, struct jw *w)
{
	const struct core *c = v->core;
	const struct number size[] = {
		{ PACKED_TEXT("bytes"), v->journal_bytes }, { PACKED_TEXT("damaged"), v->journal_damaged }, { PACKED_TEXT("cut_bytes"), v->journal_cut_bytes },
		{ PACKED_TEXT("durable_seq"), c->saved_seq },
	};

	jw_object(w, "journal");
	jw_str(w, "state", c->saves_fail ? "failing" : c->saved_seq + 1 < c->next_seq ? "writing" : "durable");
	NUMBERS(w, size, true);
	jw_object_end(w);
}

enum kerr view_status(const struct view *v, struct text *out)
{
	struct jw w = jw_on(out);
	uint8_t index[FAILURES_MAX];

	view_begin(v, &w, "kedge.status/1");
	jw_str(&w, "version", v->version);
	node(v, &w);
	if (v->daemon)
		jw_bool(&w, "online", core_online(v->core));
	else
		jw_null(&w, "online");
	sources(v, &w);
	credentials(v, &w);
	wall_clock(&v->clock, &w);
	view_denied(v, &w);
	jw_array(&w, "allowed");
	for (uint32_t i = 0; iam_action(i) != NULL; i++)
		if ((v->allowed >> i & 1) != 0)
			jw_str(&w, NULL, iam_action(i));
	jw_array_end(&w);
	facts(v->core, &w);
	thrift(v, &w);
	input(v, &w);
	journal(v, &w);
	channels(v, &w);
	jw_str_or_null(&w, "missing_part", v->missing_part);
	jw_u64(&w, "failures_total", view_newest(v->core, index));
	view_service_list(v, &w);
	view_failure_list(v, &w, STATUS_FAILURES);
	return view_end(&w);
}
