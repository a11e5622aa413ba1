#include "tests/fuzz/fuzz_views.h"

#include <string.h>

#include "agent/wire/json.h"
#include "agent/wire/notice.h"
#include "tests/fuzz/fuzz.h"

static char room[VIEW_MAX], memory[8 * VIEW_MAX];

void fuzz_json(struct slice text, const char *what)
{
	const cJSON *root = NULL;
	struct why why = { "" };
	struct arena a;

	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 127)
			fuzz_broken(what);
	arena_init(&a, memory, sizeof(memory));
	if (json_parse(&a, text, &root, &why) != KERR_OK || !cJSON_IsObject(root))
		fuzz_broken(what);
}

typedef enum kerr view_fn(const struct view *v, struct text *out);

static void object(const struct view *v, view_fn *fn, const char *what)
{
	struct text out = text_on(room, sizeof(room));

	if (fn(v, &out) == KERR_OK)
		fuzz_json(text_get(&out), what);
	else if (!out.full)
		fuzz_broken(what);
}

static bool name_in(struct slice name, const char *list)
{
	struct slice rest = slice_of(list), one;

	while (slice_next(&rest, ' ', &one))
		if (slice_eq(one, name))
			return true;
	return false;
}

/* No element but those the page is made of, and one script: what a stranger wrote stays text. */
static void page(const struct view *v)
{
	struct text out = text_on(room, sizeof(room));
	struct slice rest;
	size_t at, scripts = 0;

	if (view_page(v, &out) != KERR_OK)
		return;
	rest = text_get(&out);
	while ((at = slice_find(rest, "<")) != SIZE_MAX) {
		size_t n = 0;

		rest = slice_from(rest, at + 1);
		n += rest.n > 0 && (rest.p[0] == '/' || rest.p[0] == '!');
		while (n < rest.n && ch_alnum(rest.p[n]))
			n++;
		scripts += slice_is(slice_to(rest, n), "script");
		if (slice_is(slice_to(rest, n), "script"))
			rest = slice_from(rest, slice_find(rest, "</script"));
		else if (!name_in(slice_starts(rest, "/") ? slice_from(slice_to(rest, n), 1) : slice_to(rest, n),
				  "!doctype !DOCTYPE a b circle details div h1 h2 header html head body li main meta meter noscript p path "
				  "script span style summary svg table td text th title tr ul link"))
			fuzz_broken("an element the page is not made of");
	}
	if (scripts > 1)
		fuzz_broken("a script of somebody else's");
}

static void metrics(const struct view *v)
{
	struct text out = text_on(room, sizeof(room));
	struct slice rest, line;

	if (view_metrics(v, &out) != KERR_OK)
		return;
	rest = text_get(&out);
	while (slice_next(&rest, '\n', &line)) {
		if (!slice_starts(line, "# ") && !slice_starts(line, "kedge_"))
			fuzz_broken("a line that is no metric");
		if (!slice_starts(line, "# ") && (slice_rfind(line, " ") == SIZE_MAX || slice_ends(line, " ")))
			fuzz_broken("a metric without a value");
	}
}

static void why_of(const struct view *v, char letter, uint32_t id)
{
	struct text out = text_on(room, sizeof(room));
	char name[16];
	struct text t = text_on(name, sizeof(name));
	struct why why = { "" };
	enum kerr e;

	text_c(&t, letter);
	text_u64(&t, id);
	e = view_why(v, text_get(&t), &out, &why);
	if (e == KERR_OK)
		fuzz_json(text_get(&out), "why");
	else if (e != KERR_TOO_BIG && why.text[0] == '\0')
		fuzz_broken("no answer to why, and no words");
}

static void notice(const struct view *v, enum notice_kind kind, uint32_t what)
{
	struct notice n = { kind, what };
	const char *id = notice_message_id(kind);    /* none of what only hooks are asked */
	struct text out = text_on(room, sizeof(room));
	struct slice rest, line;

	if (!notice_stands(v->core, n))
		return;
	(void)notice_warns(v->core, n);
	if (notice_name(kind)[0] == '\0' || (id != NULL && strlen(id) != 32))
		fuzz_broken("a notice without a name");
	notice_line(v->core, n, &out);
	if (memchr(room, '\n', out.len) != NULL)
		fuzz_broken("a notice of two lines");
	out = text_on(room, sizeof(room));
	notice_fields(v->core, n, &out);
	rest = text_get(&out);
	while (slice_next(&rest, '\n', &line)) {
		if (!slice_starts(line, "KEDGE_") || slice_find(line, "=") == SIZE_MAX)
			fuzz_broken("a field without a name");
		for (size_t i = 0; i < line.n; i++)
			if ((unsigned char)line.p[i] < ' ' || line.p[i] == 127)
				fuzz_broken("a control byte in a field");
	}
	out = text_on(room, sizeof(room));
	if (notice_json(v, n, &out) == KERR_OK)
		fuzz_json(text_get(&out), "a notice");
}

void fuzz_views(const struct view *v)
{
	const struct core *c = v->core;
	struct text out = text_on(room, sizeof(room));

	object(v, view_status, "status");
	object(v, view_failures, "failures");
	object(v, view_services, "services");
	object(v, view_deployments, "deployments");
	object(v, view_tasks, "tasks");
	object(v, view_online, "online");
	page(v);
	metrics(v);
	view_summary(c, &out);
	for (int32_t i = 0; i < c->rows.services; i++) {
		out = text_on(room, sizeof(room));
		if (c->service[i].used && view_one_service(v, (uint32_t)i, &out) == KERR_OK)
			fuzz_json(text_get(&out), "a service");
		if (c->service[i].used && c->service[i].rb.id != 0)
			why_of(v, 'r', c->service[i].rb.id);
		notice(v, NOTICE_SERVICE, (uint32_t)i);
		notice(v, NOTICE_CONFIRM, (uint32_t)i);
	}
	for (int32_t i = 0; i < c->rows.failures; i++) {
		uint32_t id = c->failure[i].f.id;

		if (c->failure[i].used)
			why_of(v, 'f', id);
		for (enum notice_kind kind = NOTICE_FAILURE; c->failure[i].used && kind <= NOTICE_OVER; kind++)
			notice(v, kind, id);
	}
	why_of(v, 'f', 4000000000);
	why_of(v, 'x', 1);
	for (enum source s = SRC_ENGINE; s < SOURCES; s++)
		notice(v, NOTICE_SOURCE, s);
}

struct view fuzz_view_of(const struct core *c, const struct dep_table *table)
{
	return (struct view){
		.core = c, .deployments = table, .version = "0.0.1", .daemon = true, .now_unix_ms = c->now_unix_ms, .pss_bytes = 700000, .peak_pss_bytes = 900000,
		.purpose = { { "ListServiceDeployments", 11, 20 }, { "registry", 0, 0 } }, .purposes = 2, .overhead_bytes = 520,
		.clock = { "sane", "AWS says so", true, 2, 1700000000 }, .channel = { { "hooks", true, 3, 1, 0, 0 } }, .channels = 1,
		.data_budget_bytes = 5000000, .disk_bytes_written = 33, .wakeups = 44, .events_malformed = 5, .journal_bytes = 66, .journal_damaged = 7,
		.keys_provider = "iot", .keys_state = "failing", .keys_detail = "no answer", .keys_expiry_unix_s = 1795693500, .keys_shared = true,
	};
}
