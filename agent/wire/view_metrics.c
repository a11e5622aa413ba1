/* The state as Prometheus reads it (text format 0.0.4): stable names, base units, counters that only grow. */
#include "agent/wire/view_parts.h"

/* A counter is what ends in _total, and nothing else is one. */
static void help(struct text *t, const char *name, const struct packed *words)
{
	text_say(t, "# HELP ");
	text_s(t, name);
	text_c(t, ' ');
	text_packed(t, words);
	text_say(t, "\n# TYPE ");
	text_s(t, name);
	text_c(t, ' ');
	text_s(t, slice_ends(slice_of(name), "_total") ? "counter\n" : "gauge\n");
}

/* Backslash, quote and line feed are escaped, as the format has it. */
static void label(struct text *t, bool first, const char *name, const char *value)
{
	text_c(t, first ? '{' : ',');
	text_s(t, name);
	text_say(t, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			text_c(t, '\\');
		if (*value == '\n')
			text_say(t, "\\n");
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

static void one(struct text *t, const char *name, const struct packed *words, int64_t v)
{
	help(t, name, words);
	text_s(t, name);
	value(t, v);
}

static void labelled(struct text *t, const char *metric, const char *name, const char *word, int64_t v)
{
	text_s(t, metric);
	label(t, true, name, word);
	text_c(t, '}');
	value(t, v);
}

static void twice_labelled(struct text *t, const char *metric, const char *a, const char *word_a, const char *b, const char *word_b,
			   int64_t v)
{
	text_s(t, metric);
	label(t, true, a, word_a);
	label(t, false, b, word_b);
	text_c(t, '}');
	value(t, v);
}

static void services(const struct core *c, struct text *t)
{
	help(t, "kedge_service_verdict", PACKED("1 for the verdict on its newest deployment here."));
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++)
		for (int k = 0; c->service[i].used && k < VERDICTS; k++)
			twice_labelled(t, "kedge_service_verdict", "service", c->service[i].m.name, "verdict", verdict_name((enum verdict)k),
				       c->service[i].verdict == (enum verdict)k);
	help(t, "kedge_service_serving", PACKED("1 for the release that serves on this node."));
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++)
		for (int k = 0; c->service[i].used && k <= SERVING_NEW; k++)
			twice_labelled(t, "kedge_service_serving", "service", c->service[i].m.name, "release", serving_name((enum serving)k),
				       c->service[i].serving == (enum serving)k);
	help(t, "kedge_service_rollback_state", PACKED("1 for the state of its rollback, where it has one."));
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++)
		if (c->service[i].used && core_rollback_shown(&c->service[i]) != RB_NONE)
			twice_labelled(t, "kedge_service_rollback_state", "service", c->service[i].m.name, "state",
				       rb_state_name(core_rollback_shown(&c->service[i])), 1);
}

static void failures(const struct core *c, struct text *t)
{
	help(t, "kedge_failures", PACKED("Failures in memory that are not over."));
	for (uint32_t i = 0; i < (uint32_t)c->rows.failures; i++) {
		const struct failure *f = &c->failure[i].f;
		uint32_t n = 0;

		if (!c->failure[i].used || f->over)
			continue;
		/* a series once, at the first of its failures */
		for (uint32_t k = 0; k < (uint32_t)c->rows.failures; k++) {
			const struct failure *g = &c->failure[k].f;

			if (!c->failure[k].used || g->over || g->class != f->class || g->blame != f->blame)
				continue;
			if (k < i) {
				n = 0;
				break;
			}
			n++;
		}
		if (n > 0)
			twice_labelled(t, "kedge_failures", "class", class_name(f->class), "blame", blame_name(f->blame), n);
	}
}

static void sources(const struct core *c, struct text *t)
{
	help(t, "kedge_source_up", PACKED("1 while the source answers."));
	for (int i = 0; i < SOURCES; i++)
		labelled(t, "kedge_source_up", "source", source_name((enum source)i), c->source[i].state == SS_UP);
	help(t, "kedge_fact", PACKED("1 while it is so; no series where it is not known."));
	for (int i = 0; i < FACTS; i++)
		if (c->fact[i].yes != TRI_UNKNOWN)
			labelled(t, "kedge_fact", "fact", fact_name((enum fact)i), c->fact[i].yes == TRI_YES);
}

static void traffic(const struct view *v, struct text *t)
{
	help(t, "kedge_wan_bytes_today", PACKED("Payload to (up) and from (down) AWS and registries since midnight UTC."));
	for (uint32_t i = 0; i < v->purposes; i++)
		for (int up = 1; up >= 0; up--)
			twice_labelled(t, "kedge_wan_bytes_today", "purpose", v->purpose[i].name, "direction", up ? "up" : "down",
				       (int64_t)(up ? v->purpose[i].up : v->purpose[i].down));
	if (v->data_budget_bytes > 0)
		one(t, "kedge_data_budget_bytes", PACKED("Most payload a day."), (int64_t)v->data_budget_bytes);
	one(t, "kedge_data_shed",
		PACKED("What the data budget made kedge give up: 0 nothing, 1 extras, 2 heartbeats, 3 polls."), core_shed(v->core));
}

static void channels(const struct view *v, struct text *t)
{
	static const struct { const char *name; const struct packed *words; } kind[] = {
		{ "kedge_channel_sent_total", PACKED("Notices a channel of [report] has told.") },
		{ "kedge_channel_failed_total", PACKED("Tries of a channel that failed.") },
		{ "kedge_channel_dropped_total", PACKED("Notices a channel will not tell any more.") },
	};

	for (size_t k = 0; k < sizeof(kind) / sizeof(kind[0]) && v->channels > 0; k++) {
		help(t, kind[k].name, kind[k].words);
		for (uint32_t i = 0; i < v->channels; i++) {
			const struct view_channel *c = &v->channel[i];

			labelled(t, kind[k].name, "channel", c->name, (int64_t)(k == 0 ? c->sent : k == 1 ? c->failed : c->dropped));
		}
	}
}

static void itself(const struct view *v, struct text *t)
{
	const struct core_counters *n = &v->core->counter;
	uint64_t bad = v->events_oversize + v->events_malformed + v->log_lines_oversize + v->log_lines_lost + v->answers_malformed;
	uint64_t dropped = n->tasks_dropped + n->containers_dropped + n->releases_dropped + n->failures_dropped + n->evidence_dropped;

	one(t, "kedge_online", PACKED("1 while AWS can be asked."), core_online(v->core));
	one(t, "kedge_memory_pss_bytes", PACKED("Proportional set size of kedge's processes."), (int64_t)v->pss_bytes);
	one(t, "kedge_disk_written_bytes_total", PACKED("Bytes written to disks."), (int64_t)v->disk_bytes_written);
	one(t, "kedge_wakeups_total", PACKED("Times the loop woke up."), (int64_t)v->wakeups);
	one(t, "kedge_events_total", PACKED("Events judged."), (int64_t)n->events);
	one(t, "kedge_inputs_bad_total", PACKED("Inputs too long, lost or malformed."), (int64_t)bad);
	one(t, "kedge_rows_dropped_total", PACKED("Rows that gave way because a table was full."), (int64_t)dropped);
	one(t, "kedge_invariant_broken_total",
		PACKED("Steps of the judgement that its own check refused."), (int64_t)n->check_failed);
	one(t, "kedge_journal_bytes", PACKED("Size of the journal."), (int64_t)v->journal_bytes);
	one(t, "kedge_journal_failing", PACKED("1 while the disk takes no records."), v->core->saves_fail);
	if (v->clock.heard)
		one(t, "kedge_clock_offset_seconds", PACKED("AWS's clock minus this node's."), v->clock.offset_s);
	if (v->keys_expiry_unix_s > 0)
		one(t, "kedge_credentials_expiry_timestamp_seconds",
			PACKED("When the AWS credentials end."), v->keys_expiry_unix_s);
}

enum kerr view_metrics(const struct view *v, struct text *out)
{
	help(out, "kedge_build_info", PACKED("1, with the version."));
	labelled(out, "kedge_build_info", "version", v->version, 1);
	services(v->core, out);
	failures(v->core, out);
	sources(v->core, out);
	traffic(v, out);
	channels(v, out);
	itself(v, out);
	return out->full ? KERR_TOO_BIG : KERR_OK;
}
