/* The state as one HTML page for whoever stands at the box with a phone: self-contained, without script, dark and light. What
 * others wrote (names, reasons, images) is text in it and nothing else. Fewer rows rather than more than PAGE_MAX bytes. */
#include "agent/wire/sigv4.h"
#include "agent/wire/view_parts.h"

#define PAGE_MAX   23500                 /* bytes: the page ends below 24 KB */
#define REST_MAX    4000                 /* bytes for what stands below the failures */
#define FAILURES   12                    /* newest ones shown; the rest is told by `kedge failures` */

static const char head[] =
	"<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
	"<meta http-equiv=refresh content=10><title>kedge</title><style>"
	":root{color-scheme:light dark;--b:#fff;--f:#1b1f24;--s:#5d6773;--l:#d5dbe1;--g:#1a7f37;--y:#8a5a00;--r:#c1121f;--p:#f4f6f8}"
	"@media(prefers-color-scheme:dark){:root{--b:#12161b;--f:#e4e8ec;--s:#98a3ae;--l:#333b44;--g:#4cc26b;--y:#e0a43a;--r:#ff7b72;--p:#1a2027}}"
	"body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--b);color:var(--f);font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}"
	"h1{font-size:1.25rem;margin:0}h2{font-size:1rem;margin:1.6rem 0 .5rem;color:var(--s)}p{margin:.25rem 0}"
	".c{background:var(--p);border:1px solid var(--l);border-left:.4rem solid var(--k,var(--l));border-radius:.4rem;padding:.6rem .8rem;margin:.5rem 0}"
	".ok{--k:var(--g)}.no{--k:var(--r)}.so{--k:var(--y)}b.w{color:var(--k)}.s{color:var(--s);font-size:.9rem}"
	"table{border-collapse:collapse;width:100%;font-size:.85rem;display:block;overflow-x:auto}th,td{text-align:left;padding:.15rem .6rem .15rem 0;white-space:nowrap}"
	"th{color:var(--s);font-weight:400}ul{margin:.3rem 0;padding-left:1.2rem}meter{width:12rem;vertical-align:middle}code{font-size:.85rem}</style>";

static void escaped(struct text *t, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '&' || *s == '<' || *s == '>') {
			text_s(t, *s == '&' ? "&amp;" : *s == '<' ? "&lt;" : "&gt;");
			continue;
		}
		text_c(t, (unsigned char)*s < ' ' || *s == 0x7f ? ' ' : *s);
	}
}

/* 2026-11-26 14:05:10 UTC; the page is read where its reader's zone is unknown. */
static void when(struct text *t, int64_t unix_ms)
{
	static const struct { unsigned from, len; const char *after; } part[] = {
		{ 0, 4, "-" }, { 4, 2, "-" }, { 6, 2, " " }, { 9, 2, ":" }, { 11, 2, ":" }, { 13, 2, " UTC" },
	};
	char date[SIGV4_DATE];

	if (unix_ms <= 0 || !sigv4_date(unix_ms / 1000, date)) {
		text_s(t, "never");
		return;
	}
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		text_slice(t, slice_to(slice_from(slice_of(date), part[i].from), part[i].len));
		text_s(t, part[i].after);
	}
}

static void definition(struct text *t, const char *family, uint32_t revision)
{
	escaped(t, family[0] == '\0' ? "-" : family);
	text_c(t, ':');
	text_u64(t, revision);
}

static const char *kind(enum verdict v)
{
	return v == V_OK ? "ok" : v == V_FAILING || v == V_STUCK ? "no" : "so";
}

static void card(struct text *t, const char *class, const char *name, const char *word)
{
	text_s(t, "<div class='c ");
	text_s(t, class);
	text_s(t, "'><p><b>");
	escaped(t, name);
	text_s(t, "</b> <b class=w>");
	escaped(t, word);
	text_s(t, "</b> ");
}

static void number(struct text *t, uint64_t n)
{
	text_s(t, "<td>");
	text_u64(t, n);
}

/* The rows of `aws ecs describe-services --query services[].deployments`. */
static void deployments(const struct dep_table *table, const char *service, struct text *t)
{
	for (uint32_t i = 0; table != NULL && i < table->n; i++) {
		const struct dep_service *s = &table->service[i];

		if (!str_eq(s->name, service))
			continue;
		text_s(t, "<table><tr><th>status<th>taskDefinition<th>desired<th>pending<th>running<th>failedTasks<th>rolloutState");
		for (uint32_t k = 0; k < s->n; k++) {
			const struct dep_row *r = &s->row[k];

			text_s(t, "<tr><td>");
			escaped(t, r->status);
			text_s(t, "<td>");
			definition(t, r->family, r->revision);
			number(t, r->desired);
			number(t, r->pending);
			number(t, r->running);
			number(t, r->failed);
			text_s(t, "<td>");
			escaped(t, r->rollout);
		}
		text_s(t, "</table><p class=s>AWS was asked ");
		when(t, table->asked_unix_ms);
	}
}

static void service(const struct view *v, uint32_t at, struct text *t)
{
	const struct service *s = &v->core->service[at];
	char buf[SENTENCE_CAP * 4 + 2 * NAME_CAP];
	struct text sentence = text_on(buf, sizeof(buf));
	enum rb_state state = core_rollback_shown(s);

	core_explain(v->core, at, &sentence);
	card(t, kind(s->verdict), s->m.name, verdict_name(s->verdict));
	escaped(t, buf);
	if (state != RB_NONE) {
		text_s(t, "<p class=s>Rollback r");
		text_u64(t, s->rb.id);
		text_s(t, ": ");
		text_s(t, rb_state_name(state));
		text_s(t, ". ");
		escaped(t, view_rollback_next_step(state));
	}
	deployments(v->deployments, s->m.name, t);
	text_s(t, "</div>");
}

static void failure(const struct fail_slot *slot, struct text *t)
{
	const struct failure *f = &slot->f;

	card(t, f->over ? "ok" : slot->provisional ? "so" : "no", class_name(f->class), f->over ? "over" : slot->provisional ? "suspect" : "");
	if (f->family[0] != '\0')
		definition(t, f->family, f->revision);
	text_c(t, ' ');
	escaped(t, f->container);
	text_s(t, "<p>");
	escaped(t, f->reason);
	text_s(t, "<p class=s>f");
	text_u64(t, f->id);
	text_s(t, ", ");
	when(t, f->first_unix_ms);
	text_s(t, ". Blame: ");
	text_s(t, blame_name(f->blame));
	text_s(t, ". ");
	escaped(t, view_next_step(f));
	if (f->n_evidence > 0)
		text_s(t, "<details><summary class=s>evidence</summary><ul class=s>");
	for (uint32_t i = 0; i < f->n_evidence && i < EVIDENCE_MAX; i++) {
		text_s(t, "<li>");
		escaped(t, f->evidence[i]);
	}
	text_s(t, f->n_evidence > 0 ? "</ul></details></div>" : "</div>");
}

static void sources(const struct view *v, struct text *t)
{
	text_s(t, "<h2>Sources</h2>");
	for (int i = 0; i < SOURCES; i++) {
		const struct known_source *s = &v->core->source[i];

		card(t, s->state == SS_UP ? "ok" : "so", source_name((enum source)i), source_state_name(s->state));
		escaped(t, s->detail);
		text_s(t, "</div>");
	}
	if (v->clock.state != NULL && !str_eq(v->clock.state, "ok")) {
		card(t, "so", "clock", v->clock.state);
		escaped(t, v->clock.detail);
		text_s(t, "</div>");
	}
}

static void kib(struct text *t, const char *before, uint64_t bytes)
{
	text_s(t, before);
	text_u64(t, bytes / 1024);
	text_s(t, " KiB");
}

static void cost(const struct view *v, struct text *t)
{
	uint64_t wan = 0;

	for (uint32_t i = 0; i < v->purposes; i++)
		wan += v->purpose[i].up + v->purpose[i].down;
	kib(t, "<h2>What kedge costs</h2><p>WAN today ", wan);
	if (v->data_budget_bytes > 0) {
		kib(t, " of ", v->data_budget_bytes);
		text_s(t, " <meter max=");
		text_u64(t, v->data_budget_bytes);
		text_s(t, " high=");
		text_u64(t, v->data_budget_bytes / 10 * 8);
		text_s(t, " value=");
		text_u64(t, wan);
		text_s(t, "></meter>");
	}
	kib(t, "<p>Memory ", v->pss_bytes);
	kib(t, " (most: ", v->peak_pss_bytes);
	kib(t, "), disk written ", v->disk_bytes_written);
	kib(t, ", journal ", v->journal_bytes);
}

/* What makes the page too long is taken back. */
static bool kept(struct text *t, size_t mark)
{
	if (!t->full && t->len < PAGE_MAX - REST_MAX)
		return true;
	t->len = mark;
	t->p[mark] = '\0';
	t->full = false;
	return false;
}

static void left_out(struct text *t, uint32_t n, const char *what)
{
	if (n == 0)
		return;
	text_s(t, "<p class=s>");
	text_u64(t, n);
	text_s(t, what);
}

enum kerr view_page(const struct view *v, struct text *out)
{
	const struct ev_epoch *node = &v->core->node;
	uint8_t index[FAILURES_MAX];
	uint32_t n = view_newest(v->core, index), shown = 0, all = 0, services = 0;

	text_s(out, head);
	text_s(out, "<h1>kedge</h1><p class=s>");
	escaped(out, node->cluster);
	text_c(out, ' ');
	escaped(out, node->region);
	text_s(out, " - ");
	when(out, v->now_unix_ms);
	text_s(out, core_online(v->core) ? "" : " - <b>AWS cannot be asked now</b>");
	text_s(out, "<h2>Services</h2>");
	for (uint32_t i = 0; i < SERVICES_MAX; i++) {
		size_t mark = out->len;

		if (!v->core->service[i].used)
			continue;
		all++;
		service(v, i, out);
		services += kept(out, mark);
	}
	text_s(out, all == 0 ? "<p>No service of this node is known yet." : "");
	left_out(out, all - services, " more: kedge services");
	text_s(out, n == 0 ? "<h2>Failures</h2><p>None." : "<h2>Failures</h2>");
	for (bool room = true; room && shown < n && shown < FAILURES;) {
		size_t mark = out->len;

		failure(&v->core->failure[index[shown]], out);
		room = kept(out, mark);
		shown += room;
	}
	left_out(out, n - shown, " older ones: kedge failures");
	sources(v, out);
	cost(v, out);
	text_s(out, "<p class=s>kedge ");
	text_s(out, v->version);
	text_s(out, " - <a href=status.json>status.json</a> <a href=metrics>metrics</a></html>\n");
	return out->full ? KERR_TOO_BIG : KERR_OK;
}
