/* The state as one HTML page for whoever stands at the box with a phone: self-contained, whole without its script, dark
 * and light; the worst first. What others wrote (names, reasons, images) is text in it and nothing else. Fewer rows rather
 * than more than PAGE_MAX bytes. */
#include "agent/wire/sigv4.h"
#include "agent/wire/view_parts.h"

#define PAGE_MAX   23900                 /* bytes: the page ends below 24 KB */
#define REST_MAX    5000                 /* bytes for what stands below the failures, the script among it */
#define FAILED_MAX  4000                 /* bytes that services leave to the failures */
#define FAILURES   12                    /* newest ones shown; the rest is told by `kedge failures` */

#define KIB        UINT64_C(1024)
#define PSS_MAX    (1536 * KIB)          /* the budget of a moment with work, as answering is one (packaging/budget) */
#define JOURNAL    (256 * KIB)           /* it is written anew when it is as long */

/* The page is read where its reader's zone is unknown. */
static void when(struct text *t, int64_t unix_ms)
{
	if (unix_ms <= 0 || !sigv4_date_words(unix_ms / 1000, true, t))
		text_say(t, "never");
}

static const char *kind(enum verdict v)
{
	return v == V_OK ? "ok" : v == V_FAILING || v == V_STUCK ? "no" : v == V_UNKNOWN ? "" : "so";
}

/* Its first line is left open. */
static void card(struct text *t, const char *class, const char *name, const char *word)
{
	view_html(t, "<div class='c %'><p class=h><b>%</b> <span class=w>%</span> ", class, name, word);
}

static void remedy(const struct failure *f, struct text *t)
{
	static const char *const who[FIXERS] = {
		[FIX_SITE] = "somebody at the site", [FIX_DEVELOPER] = "the developer of the release",
		[FIX_CLOUD] = "whoever runs the cloud account or the registry",
	};
	char words[PACKED_MAX];
	enum fix_by by = f->over ? FIX_NOBODY : class_fix_by(f->class, f->blame);

	text_say(t, "<p>");
	if (by != FIX_NOBODY)
		view_html(t, "Who can fix it: <b>%</b>. ", who[by]);
	view_html(t, "%", packed_copy(words, sizeof(words), view_next_step(f)));
}

/* ---- services ---- */

/* The rows of `aws ecs describe-services --query services[].deployments`. */
static void deployments(const struct dep_table *table, const char *service, struct text *t)
{
	for (uint32_t i = 0; table != NULL && i < table->n; i++) {
		const struct dep_service *s = &table->service[i];

		if (!str_eq(s->name, service))
			continue;
		text_say(t, "<table><tr><th>status<th>taskDefinition<th>desired<th>pending<th>running<th>failedTasks<th>rolloutState"
			  "<th>rolloutStateReason<th>id");
		for (uint32_t k = 0; k < s->n; k++) {
			const struct dep_row *r = &s->row[k];

			view_html(t, "<tr><td>%<td>%:#<td>#<td>#<td>#<td>#<td>%<td>%<td>%", r->status, r->family, VIEW_N(r->revision),
				  VIEW_N(r->desired), VIEW_N(r->pending), VIEW_N(r->running), VIEW_N(r->failed), r->rollout,
				  r->rollout_reason, r->id);
		}
		text_say(t, "</table><p class=s>AWS was asked ");
		when(t, table->asked_unix_ms);
	}
}

/* The newest that is not over. */
static const struct failure *newest(const struct core *c, const char *service)
{
	const struct failure *best = NULL;

	for (uint32_t i = 0; i < (uint32_t)c->rows.failures; i++) {
		const struct failure *f = &c->failure[i].f;

		if (c->failure[i].used && !f->over && str_eq(f->service, service) && (best == NULL || f->id > best->id))
			best = f;
	}
	return best;
}

static void rollback(const struct core *c, uint32_t at, struct text *t)
{
	const struct rollback *rb = &c->service[at].rb;
	char words[PACKED_MAX];
	struct slice step = slice_of(packed_copy(words, sizeof(words), view_rollback_next_step(rb->state)));
	size_t id;

	if (rb->state == RB_NONE || core_rollback_shown(&c->service[at]) != rb->state)
		return;
	view_html(t, "<p>Rollback r#: <b>%</b>. ", VIEW_N(rb->id), rb_state_name(rb->state));
	if (rb->state != RB_ROLLED_BACK && (rb_open(rb->state) || c->service[at].verdict != V_OK)) {
		for (; (id = slice_find(step, "ID")) != SIZE_MAX; step = slice_from(step, id + 2)) {
			text_slice(t, slice_to(step, id));
			view_html(t, "r#", VIEW_N(rb->id));
		}
		text_slice(t, step);
	}
	view_html(t, " <span class=s>All of it: kedge why r#</span>", VIEW_N(rb->id));
	view_strip(c, at, t);
}

static void service(const struct view *v, uint32_t at, struct text *t)
{
	const struct service *s = &v->core->service[at];
	const struct failure *f = s->verdict == V_OK ? NULL : newest(v->core, s->m.name);
	char buf[SENTENCE_CAP * 4 + 2 * NAME_CAP];
	struct text sentence = text_on(buf, sizeof(buf));

	core_explain(v->core, at, &sentence);
	card(t, kind(s->verdict), s->m.name, verdict_name(s->verdict));
	view_html(t, "<p>%", buf);
	if (f != NULL)
		remedy(f, t);
	rollback(v->core, at, t);
	deployments(v->deployments, s->m.name, t);
	text_say(t, "</div>");
}

/* ---- failures ---- */

/* What fells one task of a release after the other is told once. */
static bool alike(const struct failure *a, const struct failure *b)
{
	return a->class == b->class && a->blame == b->blame && a->over == b->over && a->revision == b->revision &&
	       str_eq(a->family, b->family) && str_eq(a->container, b->container) && str_eq(a->service, b->service);
}

/* index: it, and from there on to n the older ones. */
static void failure(const struct core *c, const uint8_t *index, uint32_t n, struct text *t)
{
	const struct failure *f = &c->failure[index[0]].f, *first = f;
	bool suspect = true;
	uint32_t more = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct fail_slot *slot = &c->failure[index[i]];

		if (!alike(f, &slot->f))
			continue;
		suspect = suspect && slot->provisional;
		first = &slot->f;
		more += i > 0;
	}
	card(t, f->over ? "ok" : suspect ? "so" : "no", class_name(f->class),
	     f->over ? "over" : suspect ? "suspect" : stage_name(f->stage));
	if (f->family[0] != '\0')
		view_html(t, "%:# ", f->family, VIEW_N(f->revision));
	view_html(t, "<span class=s>%</span><p class=q>%", f->container, f->reason);
	remedy(f, t);
	view_html(t, more > 0 ? "<p class=s>f# and # like it, since " : "<p class=s>f#, ", VIEW_N(f->id), VIEW_N(more));
	when(t, first->first_unix_ms);
	view_html(t, ". Blame: %.", blame_name(f->blame));
	if (f->n_evidence > 0)
		view_html(t, "<details id=f#><summary class=s>evidence</summary><ul class=s>", VIEW_N(first->id));
	for (uint32_t i = 0; i < f->n_evidence && i < EVIDENCE_MAX; i++)
		view_html(t, "<li>%", f->evidence[i]);
	text_packed(t, f->n_evidence > 0 ? PACKED("</ul></details></div>") : PACKED("</div>"));
}

/* ---- kedge itself ---- */

static void trouble(struct text *t, const char *of, const char *state, const char *detail)
{
	card(t, "so", of, state);
	view_html(t, "<p>%</div>", detail);
}

static void sources(const struct view *v, struct text *t)
{
	text_say(t, "<h2>What kedge hears</h2><p>");
	for (int i = 0; i < SOURCES; i++)
		if (v->core->source[i].state == SS_UP)
			view_html(t, "<span class='w ok'>% up</span> ", source_name((enum source)i));
	for (int i = 0; i < SOURCES; i++)
		if (v->core->source[i].state != SS_UP)
			trouble(t, source_name((enum source)i), source_state_name(v->core->source[i].state), v->core->source[i].detail);
	if (v->clock.state != NULL && !str_eq(v->clock.state, "ok"))
		trouble(t, "clock", v->clock.state, v->clock.detail);
}

/* In KiB. most 0: there is no limit. */
static void meter(struct text *t, const char *name, uint64_t bytes, uint64_t most)
{
	const void *now = VIEW_N(bytes / KIB), *all = VIEW_N(most / KIB);

	if (most == 0)
		view_html(t, "<div class=m>%<span>no limit</span># KiB</div>", name, now);
	else
		view_html(t, "<div class=m>%<meter optimum=0 max=# low=# high=# value=#></meter># of # KiB</div>", name, all,
			  VIEW_N(most / KIB / 10 * 9), VIEW_N(most / KIB - 1), now, now, all);
}

static void cost(const struct view *v, struct text *t)
{
	uint64_t wan = 0;

	for (uint32_t i = 0; i < v->purposes; i++)
		wan += v->purpose[i].up + v->purpose[i].down;
	text_say(t, "<h2>What kedge costs</h2>");
	meter(t, "WAN today", wan, v->data_budget_bytes);
	meter(t, "Memory", v->pss_bytes, PSS_MAX);
	meter(t, "Memory peak", v->peak_pss_bytes, PSS_MAX);
	meter(t, "Journal", v->journal_bytes, JOURNAL);
	view_html(t, "<p class=s>Written to disk since the start: # KiB. ", VIEW_N(v->disk_bytes_written / KIB));
	text_packed(t, core_shed_says(core_shed(v->core)));
}

/* ---- the page ---- */

/* What leaves too little room for the rest is taken back. */
static bool kept(struct text *t, size_t mark, size_t rest)
{
	if (!t->full && t->len < PAGE_MAX - rest)
		return true;
	t->len = mark;
	t->p[mark] = '\0';
	t->full = false;
	return false;
}

static void services(const struct view *v, struct text *t)
{
	static const enum verdict worst_first[] = {
		V_FAILING, V_STUCK, V_ROLLING_BACK, V_SUSPECT, V_ROLLED_BACK, V_UNKNOWN, V_ROLLING, V_OK,
	};
	uint32_t all = 0, shown = 0;

	_Static_assert(sizeof(worst_first) / sizeof(worst_first[0]) == VERDICTS, "each of them");
	for (int k = 0; k < VERDICTS; k++)
		for (uint32_t i = 0; i < (uint32_t)v->core->rows.services; i++) {
			size_t mark = t->len;

			if (!v->core->service[i].used || v->core->service[i].verdict != worst_first[k])
				continue;
			all++;
			service(v, i, t);
			shown += kept(t, mark, REST_MAX + FAILED_MAX);
		}
	text_packed(t, all == 0 ? PACKED("<p>No service of this node is known yet.") : PACKED(""));
	if (shown < all)
		view_html(t, "<p class=s># more: kedge services", VIEW_N(all - shown));
}

static void failures(const struct core *c, struct text *t)
{
	uint8_t index[FAILURES_MAX];
	uint32_t n = view_newest(c, index), at = 0, before = 0;

	text_packed(t, n == 0 ? PACKED("<h2>Failures</h2><p>None.") : PACKED("<h2>Failures</h2>"));
	for (uint32_t cards = 0; at < n && cards < FAILURES; at++) {
		size_t mark = t->len;

		for (before = 0; before < at && !alike(&c->failure[index[before]].f, &c->failure[index[at]].f); before++)
			;
		if (before < at)
			continue;      /* told with that one */
		failure(c, index + at, n - at, t);
		if (!kept(t, mark, REST_MAX))
			break;
		cards++;
	}
	if (at < n)
		view_html(t, "<p class=s>All of them: kedge failures");
}

static void title(const struct core *c, struct text *t)
{
	uint32_t all = 0, well = 0;

	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++) {
		all += c->service[i].used;
		well += c->service[i].used && c->service[i].verdict == V_OK;
	}
	view_html(t, "<title># of # ok - kedge</title>", VIEW_N(well), VIEW_N(all));
}

enum kerr view_page(const struct view *v, struct text *out)
{
	const struct ev_epoch *node = &v->core->node;

	text_packed(out, (const struct packed *)view_page_head);
	title(v->core, out);
	view_html(out, "<header><h1>kedge</h1><p id=l class=so>anew every 10 s</header><main id=m><p class=s>% %, as of ",
		  node->cluster, node->region);
	when(out, v->now_unix_ms);
	if (!core_online(v->core))
		text_say(out, "<p class='c so'>AWS cannot be asked now; kedge goes on with what it sees here.");
	services(v, out);
	failures(v->core, out);
	sources(v, out);
	cost(v, out);
	view_html(out, "<p class=s>kedge % - <a href=status.json>status.json</a> <a href=failures.json>failures.json</a> "
		  "<a href=metrics>metrics</a></main><script>", v->version);
	text_packed(out, (const struct packed *)view_page_script);
	text_say(out, "</script></html>\n");
	return out->full ? KERR_TOO_BIG : KERR_OK;
}
