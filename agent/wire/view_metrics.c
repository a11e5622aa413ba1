/* The state as Prometheus reads it (text format 0.0.4): stable names, base units, counters that only grow. */
#include "agent/wire/view_parts.h"

static void help(struct text *t, const char *name, const char *type, const char *words)
{
	text_s(t, "# HELP ");
	text_s(t, name);
	text_c(t, ' ');
	text_s(t, words);
	text_s(t, "\n# TYPE ");
	text_s(t, name);
	text_c(t, ' ');
	text_s(t, type);
	text_c(t, '\n');
}

/* Backslash, quote and line feed are escaped, as the format has it. */
static void label(struct text *t, bool first, const char *name, const char *value)
{
	text_c(t, first ? '{' : ',');
	text_s(t, name);
	text_s(t, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			text_c(t, '\\');
		if (*value == '\n')
			text_s(t, "\\n");
		else
			text_c(t, *value);
	}
	text_c(t, '"');
}

static void value(struct text *t, int64_t v)
{
	text_c(t, ' ');
	text_i64(t, v);
	text_c(t, '\n');
}

static void one(struct text *t, const char *name, const char *type, const char *words, int64_t v)
{
	help(t, name, type, words);
	text_s(t, name);
	value(t, v);
}

static void one_of(struct text *t, const char *metric, const char *service, const char *name, const char *word, bool yes)
{
	text_s(t, metric);
	label(t, true, "service", service);
	label(t, false, name, word);
	text_c(t, '}');
	value(t, yes);
}

static void services(const struct core *c, struct text *t)
{
	help(t, "kedge_service_verdict", "gauge", "1 for the verdict on the service's newest deployment on this node.");
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		for (int k = 0; c->service[i].used && k < VERDICTS; k++)
			one_of(t, "kedge_service_verdict", c->service[i].m.name, "verdict", verdict_name((enum verdict)k), c->service[i].verdict == (enum verdict)k);
	help(t, "kedge_service_serving", "gauge", "1 for the release that serves on this node.");
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		for (int k = 0; c->service[i].used && k <= SERVING_NEW; k++)
			one_of(t, "kedge_service_serving", c->service[i].m.name, "release", serving_name((enum serving)k), c->service[i].serving == (enum serving)k);
	help(t, "kedge_service_rollback_state", "gauge", "1 for the state of the service's rollback; no series where there is none.");
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		if (c->service[i].used && core_rollback_shown(&c->service[i]) != RB_NONE)
			one_of(t, "kedge_service_rollback_state", c->service[i].m.name, "state", rb_state_name(core_rollback_shown(&c->service[i])), true);
}

static void failures(const struct core *c, struct text *t)
{
	help(t, "kedge_failures", "gauge", "Failures kept in memory, by class and blame; what is over is not among them.");
	for (uint32_t i = 0; i < FAILURES_MAX; i++) {
		const struct failure *f = &c->failure[i].f;
		uint32_t n = 0;

		if (!c->failure[i].used || f->over)
			continue;
		/* a series once, at the first of its failures */
		for (uint32_t k = 0; k < FAILURES_MAX; k++) {
			const struct failure *g = &c->failure[k].f;

			if (!c->failure[k].used || g->over || g->class != f->class || g->blame != f->blame)
				continue;
			if (k < i) {
				n = 0;
				break;
			}
			n++;
		}
		if (n == 0)
			continue;
		text_s(t, "kedge_failures");
		label(t, true, "class", class_name(f->class));
		label(t, false, "blame", blame_name(f->blame));
		text_c(t, '}');
		value(t, n);
	}
}

static void sources(const struct core *c, struct text *t)
{
	help(t, "kedge_source_up", "gauge", "1 while the source answers.");
	for (int i = 0; i < SOURCES; i++) {
		text_s(t, "kedge_source_up");
		label(t, true, "source", source_name((enum source)i));
		text_c(t, '}');
		value(t, c->source[i].state == SS_UP);
	}
}

static void traffic(const struct view *v, struct text *t)
{
	help(t, "kedge_wan_bytes_today", "gauge", "Payload to (up) and from (down) AWS and registries since midnight UTC.");
	for (uint32_t i = 0; i < v->purposes; i++)
		for (int up = 1; up >= 0; up--) {
			text_s(t, "kedge_wan_bytes_today");
			label(t, true, "purpose", v->purpose[i].name);
			label(t, false, "direction", up ? "up" : "down");
			text_c(t, '}');
			value(t, (int64_t)(up ? v->purpose[i].up : v->purpose[i].down));
		}
	if (v->data_budget_bytes > 0)
		one(t, "kedge_data_budget_bytes", "gauge", "Most payload a day.", (int64_t)v->data_budget_bytes);
	one(t, "kedge_data_shed", "gauge", "What the data budget made kedge give up: 0 nothing, 1 extras, 2 heartbeats, 3 polls.", core_shed(v->core));
}

static void itself(const struct view *v, struct text *t)
{
	const struct core_counters *n = &v->core->counter;
	uint64_t bad = v->events_oversize + v->events_malformed + v->log_lines_oversize + v->log_lines_lost + v->answers_malformed;
	uint64_t dropped = n->tasks_dropped + n->containers_dropped + n->releases_dropped + n->failures_dropped + n->evidence_dropped;

	one(t, "kedge_online", "gauge", "1 while AWS can be asked.", core_online(v->core));
	one(t, "kedge_memory_pss_bytes", "gauge", "Proportional set size of kedge's processes.", (int64_t)v->pss_bytes);
	one(t, "kedge_disk_written_bytes_total", "counter", "Bytes the kernel wrote to disks for kedge.", (int64_t)v->disk_bytes_written);
	one(t, "kedge_wakeups_total", "counter", "Times the loop woke up.", (int64_t)v->wakeups);
	one(t, "kedge_events_total", "counter", "Events judged.", (int64_t)n->events);
	one(t, "kedge_inputs_bad_total", "counter", "Inputs that were too long, lost or malformed.", (int64_t)bad);
	one(t, "kedge_rows_dropped_total", "counter", "Rows that gave way because a table was full.", (int64_t)dropped);
	one(t, "kedge_invariant_broken_total", "counter", "Steps of the judgement whose outcome was refused by its own check.", (int64_t)n->check_failed);
	one(t, "kedge_journal_bytes", "gauge", "Size of the journal.", (int64_t)v->journal_bytes);
	one(t, "kedge_journal_failing", "gauge", "1 while the disk takes no records.", v->core->saves_fail);
	if (v->clock.heard)
		one(t, "kedge_clock_offset_seconds", "gauge", "AWS's clock minus this node's.", v->clock.offset_s);
	if (v->keys_expiry_unix_s > 0)
		one(t, "kedge_credentials_expiry_timestamp_seconds", "gauge", "When the AWS credentials end.", v->keys_expiry_unix_s);
}

enum kerr view_metrics(const struct view *v, struct text *out)
{
	help(out, "kedge_build_info", "gauge", "1, with the version.");
	text_s(out, "kedge_build_info");
	label(out, true, "version", v->version);
	text_s(out, "} 1\n");
	services(v->core, out);
	failures(v->core, out);
	sources(v->core, out);
	traffic(v, out);
	itself(v, out);
	return out->full ? KERR_TOO_BIG : KERR_OK;
}
