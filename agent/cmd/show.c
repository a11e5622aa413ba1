#include "agent/cmd/show.h"

#include <stdio.h>
#include <string.h>

#include "agent/cmd/args.h"
#include "agent/cmd/say.h"

void show_definition(const cJSON *obj, char *out, size_t cap)
{
	const char *family = page_str(obj, "family");
	int64_t revision = page_int(obj, "revision", 0);

	if (family[0] == '\0')
		snprintf(out, cap, "-");
	else if (revision == 0)
		snprintf(out, cap, "%s", family);
	else
		snprintf(out, cap, "%s:%lld", family, (long long)revision);
}

enum page_colour show_verdict_colour(const char *verdict)
{
	if (strcmp(verdict, "ok") == 0)
		return PAGE_GREEN;
	if (strcmp(verdict, "failing") == 0 || strcmp(verdict, "stuck") == 0)
		return PAGE_RED;
	return strcmp(verdict, "unknown") == 0 ? PAGE_PLAIN : PAGE_YELLOW;
}

const char *show_fixer(const char *fix_by)
{
	if (strcmp(fix_by, "site") == 0)
		return "somebody at the site";
	if (strcmp(fix_by, "developer") == 0)
		return "the developer of the release";
	return strcmp(fix_by, "cloud") == 0 ? "whoever runs the cloud account or the registry" : "";
}

void show_left_out(const cJSON *root, const char *name)
{
	int64_t n = page_int(root, name, 0);

	if (n > 0)
		say("(%lld left out)\n", (long long)n);
}

void show_command(const struct page *p, const cJSON *obj)
{
	const char *command = page_str(obj, "command"), *note = page_str(obj, "command_note");

	if (command[0] != '\0') {
		say("  $ ");
		page_put(p, command);
		putchar('\n');
	}
	if (note[0] != '\0')
		page_wrap(p, "  note: ", 8, note);
	show_statement(p, obj);
}

void show_statement(const struct page *p, const cJSON *obj)
{
	const char *statement = page_str(obj, "statement");

	if (statement[0] == '\0')
		return;
	say("  To allow it, add this statement to the policy of the node's role:\n");
	page_put(p, statement);
	putchar('\n');
}

void show_denied(const struct page *p, const cJSON *root)
{
	const cJSON *d;

	cJSON_ArrayForEach(d, json_array(root, "denied")) {
		page_wrap(p, "", 2, page_str(d, "text"));
		show_statement(p, d);
	}
}

void show_pins(const struct page *p, const cJSON *obj)
{
	const cJSON *list = json_array(obj, "pin_commands"), *item;

	if (cJSON_GetArraySize(list) > 0)
		say("  To start the image that worked, whatever its tag means now:\n");
	cJSON_ArrayForEach(item, list) {
		say("  $ ");
		page_put(p, cJSON_IsString(item) ? item->valuestring : "");
		putchar('\n');
	}
}

void show_advice(const struct page *p, const cJSON *service)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_array(service, "advice"))
		page_wrap(p, "  advice: ", 10, cJSON_IsString(item) ? item->valuestring : "");
}

static void shadow(const cJSON *s)
{
	const cJSON *score = json_object(s, "shadow");
	int64_t right = page_int(score, "right", 0), wrong = page_int(score, "wrong", 0);

	if (strcmp(page_str(s, "policy"), "shadow") == 0 || right + wrong > 0)
		say("  shadow: %lld right, %lld wrong\n", (long long)right, (long long)wrong);
}

/* The columns of a service: at 80 they fill the line, a wider terminal gives the names more. */
static void service_row(const struct page *p, const char *const cell[6], enum page_colour colour)
{
	unsigned more = p->width > PAGE_WIDTH ? (p->width - PAGE_WIDTH) / 2 : 0;

	more = more > 24 ? 24 : more;
	page_cell(p, cell[0], 14 + more, PAGE_PLAIN);
	page_cell(p, cell[1], 14 + more, PAGE_PLAIN);
	page_cell(p, cell[2], 12, colour);
	page_cell(p, cell[3], 7, PAGE_PLAIN);
	page_cell(p, cell[4], 6, PAGE_PLAIN);
	page_cell(p, cell[5], 0, PAGE_PLAIN);
	putchar('\n');
}

/* What mends the newest of its failures, and who can: where the answer has failures too. */
static void mend(const struct page *p, const cJSON *root, const cJSON *s)
{
	const cJSON *f;

	cJSON_ArrayForEach(f, json_array(root, "failures")) {
		const char *who = show_fixer(page_str(f, "fix_by"));
		char line[700];

		if (strcmp(page_str(f, "service"), page_str(s, "service")) != 0)
			continue;
		snprintf(line, sizeof(line), "%.400s%s%s%s (kedge why %.16s)", page_str(f, "next_step"),
			 who[0] == '\0' ? "" : " By ", who, who[0] == '\0' ? "" : ".", page_str(f, "id"));
		page_wrap(p, "  mend: ", 8, line);
		return;
	}
}

/* What kedge does about it, and until when; ID in the words is the rollback's. */
static void next(const struct page *p, const cJSON *rollback)
{
	const char *step = page_str(rollback, "next_step"), *at;
	char line[1200], expires[PAGE_TIME_CAP];
	struct text t = text_on(line, sizeof(line));

	if (step[0] == '\0')
		return;
	for (; (at = strstr(step, "ID")) != NULL; step = at + 2) {
		text_slice(&t, (struct slice){ step, (size_t)(at - step) });
		text_s(&t, page_str(rollback, "id"));
	}
	text_s(&t, step);
	page_time(rollback, "expires_unix_s", expires);
	if (expires[0] != '-')
		snprintf(line + t.len, sizeof(line) - t.len, " Given up at %s.", expires);
	page_wrap(p, "  next: ", 8, line);
}

static void service(const struct page *p, const cJSON *root, const cJSON *s, bool commands)
{
	const cJSON *rollback = json_object(s, "rollback");
	const char *verdict = page_str(s, "verdict");
	const char *state = page_str(rollback, "state"), *id = page_str(rollback, "id"), *serving = page_str(s, "serving");
	char definition[300], failed[32], until[PAGE_TIME_CAP], lead[32];
	const char *const cell[] = { page_str(s, "service"), definition, verdict, serving[0] == '\0' ? "?" : serving, failed,
				     strcmp(state, "none") == 0 ? "-" : state };

	show_definition(s, definition, sizeof(definition));
	snprintf(failed, sizeof(failed), "%lld/%lld", (long long)page_int(s, "failures", 0),
		 (long long)page_int(s, "failures_needed", 0));
	service_row(p, cell, show_verdict_colour(verdict));
	page_time(s, "hold_until_unix_s", until);
	snprintf(lead, sizeof(lead), "  %.16s%s", id, id[0] == '\0' ? "" : ": ");
	if (strcmp(until, "-") != 0)
		say("  held until %s\n", until);
	shadow(s);
	if (strcmp(verdict, "ok") != 0 || commands)
		page_wrap(p, lead, 2, page_str(s, "explain"));
	if (slice_find(SLICE("ok rolling unknown"), verdict) == SIZE_MAX) {
		mend(p, root, s);
		next(p, rollback);
	}
	if (commands && rollback != NULL)
		show_command(p, rollback);
	if (commands)
		show_advice(p, s);
}

void show_services(const struct page *p, const cJSON *root, bool commands)
{
	static const char *const head[] = { "SERVICE", "RELEASE", "VERDICT", "SERVING", "FAILED", "ROLLBACK" };
	const cJSON *list = json_array(root, "services"), *s;

	if (cJSON_GetArraySize(list) == 0) {
		say("No service is known on this node yet.\n");
		return;
	}
	service_row(p, head, PAGE_PLAIN);
	cJSON_ArrayForEach(s, list)
		service(p, root, s, commands);
	show_left_out(root, PACKED_TEXT("services_left_out"));
}

static void failure_row(const struct page *p, const char *const cell[6], enum page_colour colour)
{
	unsigned more = p->width > PAGE_WIDTH ? (p->width - PAGE_WIDTH) / 2 : 0;
	unsigned id = page_columns(p, cell[0]);  /* never cut: it is what the next command needs */

	more = more > 24 ? 24 : more;
	page_cell(p, cell[0], id > 5 ? id : 5, PAGE_BOLD);
	page_cell(p, cell[1], 14, PAGE_PLAIN);
	page_cell(p, cell[2], 11 + more, PAGE_PLAIN);
	page_cell(p, cell[3], 13 + more, PAGE_PLAIN);
	page_cell(p, cell[4], 21, colour);
	page_cell(p, cell[5], 0, PAGE_PLAIN);
	putchar('\n');
}

static void failure(const struct page *p, const cJSON *f)
{
	char definition[300], when[PAGE_TIME_CAP];
	const char *service_name = page_str(f, "service"), *reason = page_str(f, "reason");
	bool maybe = page_true(f, "provisional");
	const char *const cell[] = { page_str(f, "id"), when, service_name[0] == '\0' ? "-" : service_name, definition,
				     page_str(f, "class"), page_str(f, "blame") };

	page_time(f, "time_unix_s", when);
	if (strlen(when) == 19)                  /* the year is dropped: why tells it */
		memmove(when, when + 5, 15);
	show_definition(f, definition, sizeof(definition));
	failure_row(p, cell, strcmp(cell[5], "release") == 0 ? PAGE_RED : PAGE_YELLOW);
	if (reason[0] != '\0')
		page_line(p, maybe ? "      (still tried) " : page_true(f, "over") ? "      (over) " : "      ", reason);
}

void show_failures(const struct page *p, const cJSON *root, int most)
{
	static const char *const head[] = { "ID", "TIME", "SERVICE", "RELEASE", "CLASS", "BLAME" };
	const cJSON *list = json_array(root, "failures"), *f;
	int n = 0;

	if (cJSON_GetArraySize(list) == 0) {
		say("No failure was seen.\n");
		return;
	}
	failure_row(p, head, PAGE_PLAIN);
	cJSON_ArrayForEach(f, list)
		if (n++ < most)
			failure(p, f);
}

int show_reading(const struct cmd *c, enum ask_what what, show_page *page, show_page *brief)
{
	struct answer answer;
	struct args a;
	struct page p;
	int code;

	if (!args_parse(c, ARG_JSON | (brief != NULL ? ARG_BRIEF : 0), 0, 0, &a))
		return EXIT_USAGE;
	code = ask_reading(c, what, NULL, a.json, &answer);
	if (code != EXIT_DONE)
		return code;
	if (a.json) {
		ask_print(&answer);
		return EXIT_DONE;
	}
	p = page_open();
	if (a.brief) {
		brief(&p, &answer);
		return EXIT_DONE;
	}
	ask_head(&answer);
	page(&p, &answer);
	return EXIT_DONE;
}
