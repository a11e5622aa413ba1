/* The state as Prometheus reads it (text format 0.0.4): stable names, base units, counters that only grow. */
#include "agent/wire/view_parts.h"

/* A metric is one packed text: its name, a blank, and what it means. */
static void named(struct text *t, const struct packed *metric)
{
	struct packed_at at = packed_on(metric);

	for (char c = packed_next(&at); c != ' ' && c != '\0'; c = packed_next(&at))
		text_c(t, c);
}

/* A counter is what ends in _total, and nothing else is one. */
static void help(struct text *t, const struct packed *metric)
{
	text_say(t, "# HELP ");
	text_packed(t, metric);
	text_say(t, "\n# TYPE ");
	named(t, metric);
	text_packed(t, slice_ends(text_get(t), "_total") ? PACKED(" counter\n") : PACKED(" gauge\n"));
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

static void one(struct text *t, const struct packed *metric, int64_t v)
{
	help(t, metric);
	named(t, metric);
	value(t, v);
}

static void labelled(struct text *t, const struct packed *metric, const char *name, const char *word, int64_t v)
{
	named(t, metric);
	label(t, true, name, word);
	text_c(t, '}');
	value(t, v);
}

static void twice_labelled(struct text *t, const struct packed *metric, const char *a, const char *word_a, const char *b,
			   const char *word_b, int64_t v)
{
	named(t, metric);
	label(t, true, a, word_a);
	label(t, false, b, word_b);
	text_c(t, '}');
	value(t, v);
}

static void services(const struct core *c, struct text *t)
{
	const struct packed *verdict = PACKED("kedge_service_verdict 1 for the verdict on its newest deployment here.");
	const struct packed *serving = PACKED("kedge_service_serving 1 for the release that serves on this node.");
	const struct packed *rollback = PACKED("kedge_service_rollback_state 1 for the state of its rollback, where it has one.");

	help(t, verdict);
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++)
		for (int k = 0; c->service[i].used && k < VERDICTS; k++)
			twice_labelled(t, verdict, "service", c->service[i].m.name, "verdict", verdict_name((enum verdict)k),
				       c->service[i].verdict == (enum verdict)k);
	help(t, serving);
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++)
		for (int k = 0; c->service[i].used && k <= SERVING_NEW; k++)
			twice_labelled(t, serving, "service", c->service[i].m.name, "release", serving_name((enum serving)k),
				       c->service[i].serving == (enum serving)k);
	help(t, rollback);
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++)
		if (c->service[i].used && core_rollback_shown(&c->service[i]) != RB_NONE)
			twice_labelled(t, rollback, "service", c->service[i].m.name, "state",
				       rb_state_name(core_rollback_shown(&c->service[i])), 1);
}

static void failures(const struct core *c, struct text *t)
{
	const struct packed *metric = PACKED("kedge_failures Failures in memory that are not over.");

	help(t, metric);
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
			twice_labelled(t, metric, "class", class_name(f->class), "blame", blame_name(f->blame), n);
	}
}

static void sources(const struct core *c, struct text *t)
{
	const struct packed *up = PACKED("kedge_source_up 1 while the source answers.");
	const struct packed *fact = PACKED("kedge_fact 1 while it is so; no series where it is not known.");

	help(t, up);
	for (int i = 0; i < SOURCES; i++)
		labelled(t, up, "source", source_name((enum source)i), c->source[i].state == SS_UP);
	help(t, fact);
	for (int i = 0; i < FACTS; i++)
		if (c->fact[i].yes != TRI_UNKNOWN)
			labelled(t, fact, "fact", fact_name((enum fact)i), c->fact[i].yes == TRI_YES);
}

static void traffic(const struct view *v, struct text *t)
{
	const struct packed *wan = PACKED("kedge_wan_bytes_today Payload to (up) and from (down) AWS and registries since midnight UTC.");

	help(t, wan);
	for (uint32_t i = 0; i < v->purposes; i++)
		for (int up = 1; up >= 0; up--)
			twice_labelled(t, wan, "purpose", v->purpose[i].name, "direction", up ? "up" : "down",
				       (int64_t)(up ? v->purpose[i].up : v->purpose[i].down));
	if (v->data_budget_bytes > 0)
		one(t, PACKED("kedge_data_budget_bytes Most payload a day."), (int64_t)v->data_budget_bytes);
	one(t, PACKED("kedge_data_shed What the data budget made kedge give up: 0 nothing, 1 extras, 2 heartbeats, 3 polls."), core_shed(v->core));
}

static void channels(const struct view *v, struct text *t)
{
	static const struct packed *const kind[] = {
		PACKED("kedge_channel_sent_total Notices a channel of [report] has told."),
		PACKED("kedge_channel_failed_total Tries of a channel that failed."),
		PACKED("kedge_channel_dropped_total Notices a channel will not tell any more."),
	};

	for (size_t k = 0; k < sizeof(kind) / sizeof(kind[0]) && v->channels > 0; k++) {
		help(t, kind[k]);
		for (uint32_t i = 0; i < v->channels; i++) {
			const struct view_channel *c = &v->channel[i];

			labelled(t, kind[k], "channel", c->name, (int64_t)(k == 0 ? c->sent : k == 1 ? c->failed : c->dropped));
		}
	}
}

static void itself(const struct view *v, struct text *t)
{
	const struct core_counters *n = &v->core->counter;
	uint64_t bad = v->events_oversize + v->events_malformed + v->log_lines_oversize + v->log_lines_lost + v->answers_malformed;
	uint64_t dropped = n->tasks_dropped + n->containers_dropped + n->releases_dropped + n->failures_dropped + n->evidence_dropped;

	one(t, PACKED("kedge_online 1 while AWS can be asked."), core_online(v->core));
	one(t, PACKED("kedge_memory_pss_bytes Proportional set size of kedge's processes."), (int64_t)v->pss_bytes);
	one(t, PACKED("kedge_disk_written_bytes_total Bytes written to disks."), (int64_t)v->disk_bytes_written);
	one(t, PACKED("kedge_wakeups_total Times the loop woke up."), (int64_t)v->wakeups);
	one(t, PACKED("kedge_events_total Events judged."), (int64_t)n->events);
	one(t, PACKED("kedge_inputs_bad_total Inputs too long, lost or malformed."), (int64_t)bad);
	one(t, PACKED("kedge_rows_dropped_total Rows that gave way because a table was full."), (int64_t)dropped);
	one(t, PACKED("kedge_invariant_broken_total Steps of the judgement that its own check refused."), (int64_t)n->check_failed);
	one(t, PACKED("kedge_journal_bytes Size of the journal."), (int64_t)v->journal_bytes);
	one(t, PACKED("kedge_journal_failing 1 while the disk takes no records."), v->core->saves_fail);
	if (v->clock.heard)
		one(t, PACKED("kedge_clock_offset_seconds AWS's clock minus this node's."), v->clock.offset_s);
	if (v->keys_expiry_unix_s > 0)
		one(t, PACKED("kedge_credentials_expiry_timestamp_seconds When the AWS credentials end."), v->keys_expiry_unix_s);
}

enum kerr view_metrics(const struct view *v, struct text *out)
{
	const struct packed *build = PACKED("kedge_build_info 1, with the version.");

	help(out, build);
	labelled(out, build, "version", v->version, 1);
	services(v->core, out);
	failures(v->core, out);
	sources(v->core, out);
	traffic(v, out);
	channels(v, out);
	itself(v, out);
	return out->full ? KERR_TOO_BIG : KERR_OK;
}
