/* The table people know from `aws ecs describe-services`, with its age: offline it is the last answer AWS gave. */
#include <stdio.h>
#include <string.h>

#include "agent/cmd/show.h"
#include "agent/cmd/say.h"

enum { COLUMNS = 11, FOLD = 7, CELL_CAP = 320 };

static const struct column { const char *name, *member; enum { TEXT, NUMBER, TIME } kind; } column[COLUMNS] = {
	{ "id", "id", TEXT }, { "status", "status", TEXT }, { "taskDefinition", "taskDefinition", TEXT },
	{ "desired", "desired", NUMBER }, { "pending", "pending", NUMBER }, { "running", "running", NUMBER },
	{ "failedTasks", "failedTasks", NUMBER }, { "rolloutState", "rolloutState", TEXT },
	{ "createdAt", PACKED_TEXT("created_unix_s"), TIME }, { "updatedAt", PACKED_TEXT("updated_unix_s"), TIME },
	{ "rolloutStateReason", "rolloutStateReason", TEXT },
};

static void cell(const cJSON *row, int i, char *out)
{
	if (column[i].kind == TIME)
		page_time(row, column[i].member, out);
	else if (column[i].kind == NUMBER)
		snprintf(out, CELL_CAP, "%lld", (long long)page_int(row, column[i].member, 0));
	else
		snprintf(out, CELL_CAP, "%s", page_str(row, column[i].member));
	if (out[0] == '\0')
		strcpy(out, "-");
}

/* The width of each column over all rows; returns the whole line's. */
static unsigned measure(const struct page *p, const cJSON *rows, unsigned width[COLUMNS])
{
	const cJSON *row;
	char text[CELL_CAP];
	unsigned all = 0;

	for (int i = 0; i < COLUMNS; i++) {
		width[i] = page_columns(p, column[i].name);
		cJSON_ArrayForEach(row, rows) {
			cell(row, i, text);
			if (page_columns(p, text) > width[i])
				width[i] = page_columns(p, text);
		}
		all += width[i] + 1;
	}
	return all - 1;
}

static void line(const struct page *p, const cJSON *row, int from, int to, const unsigned width[COLUMNS])
{
	char text[CELL_CAP];

	for (int i = from; i < to; i++) {
		if (row == NULL)
			snprintf(text, sizeof(text), "%s", column[i].name);
		else
			cell(row, i, text);
		page_cell(p, text, i + 1 == to ? 0 : width[i], row == NULL ? PAGE_BOLD : PAGE_PLAIN);
	}
	putchar('\n');
}

/* Narrower than its table, a terminal gets each row on three lines, every column still under its name. */
static void folded(const struct page *p, const cJSON *row, const unsigned width[COLUMNS])
{
	static const int order[][2] = { { 0, 3 }, { 3, 8 }, { 8, 11 } };
	char text[CELL_CAP];

	for (int part = 0; part < 3; part++) {
		unsigned columns[COLUMNS];

		memcpy(columns, width, sizeof(columns));
		if (part > 0)
			say("  ");
		if (part < 2 || row == NULL) {
			line(p, row, order[part][0], order[part][1], columns);
			continue;
		}
		cell(row, 8, text);
		page_cell(p, text, columns[8], PAGE_PLAIN);
		cell(row, 9, text);
		page_cell(p, text, 0, PAGE_PLAIN);
		putchar('\n');
		cell(row, 10, text);
		page_wrap(p, "  ", 2, text);
	}
}

static void table(const struct page *p, const cJSON *rows)
{
	unsigned width[COLUMNS], all = measure(p, rows, width);
	bool fold = p->fixed && all > p->width;
	const cJSON *row;

	if (fold)
		folded(p, NULL, width);
	else
		line(p, NULL, 0, COLUMNS, width);
	cJSON_ArrayForEach(row, rows) {
		if (fold)
			folded(p, row, width);
		else
			line(p, row, 0, COLUMNS, width);
	}
}

static void service(const struct page *p, const cJSON *s)
{
	const cJSON *event;
	char when[PAGE_TIME_CAP], lead[64];

	page_coloured(p, PAGE_BOLD, page_str(s, "service"));
	say(" (%s, desired %lld, pending %lld, running %lld)\n", page_str(s, "status"), (long long)page_int(s, "desired", 0),
	       (long long)page_int(s, "pending", 0), (long long)page_int(s, "running", 0));
	table(p, json_array(s, "deployments"));
	show_left_out(s, PACKED_TEXT("deployments_left_out"));
	cJSON_ArrayForEach(event, json_array(s, "events")) {
		page_time(event, "time_unix_s", when);
		snprintf(lead, sizeof(lead), "  %s %s", when, page_true(event, "trouble") ? "! " : "  ");
		page_wrap(p, lead, 24, page_str(event, "text"));
	}
	putchar('\n');
}

static int show(const struct page *p, const cJSON *root, const char *only)
{
	const cJSON *s, *name;
	char when[PAGE_TIME_CAP], age[PAGE_TIME_CAP];
	int64_t asked, now;
	int n = 0;

	show_denied(p, root);
	page_time(root, "asked_unix_s", when);
	if (json_unix_s(root, "asked_unix_s", &asked, NULL) != KERR_OK) {
		say("AWS was never asked for its deployments from here.\n");
		return EXIT_NO;
	}
	if (json_unix_s(root, "time_unix_s", &now, NULL) != KERR_OK)
		now = asked;
	page_age((double)asked / 1000, (double)now / 1000, age);
	say("as of %s (%s ago)\n\n", when, age);
	cJSON_ArrayForEach(s, json_array(root, "services")) {
		if (only != NULL && strcmp(only, page_str(s, "service")) != 0)
			continue;
		service(p, s);
		n++;
	}
	cJSON_ArrayForEach(name, json_array(root, "missing"))
		page_wrap(p, "AWS does not know: ", 2, cJSON_IsString(name) ? name->valuestring : "");
	cJSON_ArrayForEach(name, json_array(root, "not_asked"))
		page_wrap(p, "Not asked (one call takes ten): ", 2, cJSON_IsString(name) ? name->valuestring : "");
	if (n == 0)
		say("No such service in that answer.\n");
	return n == 0 ? EXIT_NO : EXIT_DONE;
}

int cmd_deployments(const struct cmd *c)
{
	struct answer answer;
	struct args a;
	struct page p;
	int code;

	if (!args_parse(c, ARG_JSON, 0, 1, &a))
		return EXIT_USAGE;
	code = ask_reading(c, ASK_DEPLOYMENTS, a.word[0], a.json, &answer);
	if (code != EXIT_DONE)
		return code;
	if (a.json) {
		ask_print(&answer);
		return EXIT_DONE;
	}
	p = page_open();
	ask_head(&answer);
	return show(&p, answer.root, a.word[0]);
}
