/* One failure or rollback as a short report. */
#include <stdio.h>
#include <string.h>

#include "agent/cmd/show.h"
#include "agent/cmd/say.h"

static void member(const struct page *p, const char *lead, const char *text)
{
	if (text[0] != '\0')
		page_wrap(p, lead, 13, text);
}

static const char *essential_words(const cJSON *f)
{
	const cJSON *essential = json_get(f, "essential");

	return essential == NULL ? "" : cJSON_IsTrue(essential) ? " (essential)" : " (not essential)";
}

static void where(const struct page *p, const cJSON *f)
{
	char line[900];

	member(p, "  service    ", page_str(f, "service"));
	member(p, "  task       ", page_str(f, "task"));
	if (page_str(f, "container")[0] != '\0') {
		snprintf(line, sizeof(line), "%s%s", page_str(f, "container"), essential_words(f));
		member(p, "  container  ", line);
	}
	member(p, "  image      ", page_str(f, "image"));
	member(p, "  digest     ", page_str(f, "digest"));
	member(p, "  deployment ", page_str(f, "deployment"));
	if (json_get(f, "exit_code") != NULL)
		say("  exit code  %lld\n", (long long)page_int(f, "exit_code", 0));
}

static void failure(const struct page *p, const cJSON *f)
{
	char definition[300], first[PAGE_TIME_CAP], line[800];
	const char *bullet = p->utf8 ? "  \xe2\x80\xa2 " : "  - ";
	const cJSON *item;

	show_definition(f, definition, sizeof(definition));
	page_time(f, "first_unix_s", first);
	snprintf(line, sizeof(line), "%s at %s: %s%s%s (stage %s)", page_str(f, "id"), first,
		 strcmp(definition, "-") == 0 ? "" : definition, strcmp(definition, "-") == 0 ? "" : " ", page_str(f, "class"),
		 page_str(f, "stage"));
	page_coloured(p, PAGE_BOLD, line);
	putchar('\n');
	where(p, f);
	if (page_str(f, "reason")[0] != '\0') {
		say("\nReason, word for word\n");
		page_wrap(p, "  ", 2, page_str(f, "reason"));
		if (page_true(f, "reason_cut"))
			say("  (it was longer; the rest was cut)\n");
	}
	say("\nBlame: ");
	page_coloured(p, strcmp(page_str(f, "blame"), "release") == 0 ? PAGE_RED : PAGE_YELLOW, page_str(f, "blame"));
	putchar('\n');
	cJSON_ArrayForEach(item, json_array(f, "evidence"))
		page_wrap(p, bullet, 4, cJSON_IsString(item) ? item->valuestring : "");
	if (page_int(f, "count", 1) > 1)
		say("%sIt was seen %lld times.\n", bullet, (long long)page_int(f, "count", 1));
	page_time(f, "last_unix_s", first);
	if (page_true(f, "over"))
		say("%sIt was over at %s.\n", bullet, first);
	if (page_true(f, "provisional"))
		say("%sNot final: the ECS agent still tries.\n", bullet);
}

static void rollback(const struct page *p, const cJSON *r, const char *before)
{
	char line[512];
	const char *target = page_str(r, "target"), *verified = page_str(r, "verified");

	if (r == NULL || strcmp(page_str(r, "state"), "none") == 0)
		return;
	snprintf(line, sizeof(line), "Rollback %s: %s", page_str(r, "id"), page_str(r, "state"));
	fputs(before, stdout);
	page_coloured(p, PAGE_BOLD, line);
	putchar('\n');
	snprintf(line, sizeof(line), "%s to %s", page_str(r, "release"), target[0] == '\0' ? "(not known yet)" : target);
	page_wrap(p, "  from ", 7, line);
	if (page_str(r, "reason")[0] != '\0')
		page_wrap(p, "  ", 2, page_str(r, "reason"));
	if (verified[0] != '\0')
		say("  verified: %s\n", verified);
	show_command(p, r);
	show_pins(p, r);
}

static void span(const char *lead, const cJSON *audit, const char *name)
{
	int64_t ms;

	if (json_unix_s(audit, name, &ms, NULL) == KERR_OK)
		say("  %s%lld.%lld s\n", lead, (long long)(ms + 50) / 1000, (long long)(ms + 50) / 100 % 10);
}

static void audit(const struct page *p, const cJSON *a)
{
	char line[80];

	if (a == NULL)
		return;
	say("\nAudit\n");
	snprintf(line, sizeof(line), "%s, uid %lld", page_str(a, "who"), (long long)page_int(a, "uid", 0));
	member(p, "  who        ", json_get(a, "uid") == NULL ? page_str(a, "who") : line);
	snprintf(line, sizeof(line), "%s %s", page_str(a, "failure"), page_str(a, "class"));
	member(p, "  why        ", page_str(a, "failure")[0] == '\0' ? "" : line);
	member(p, "  deployment ", page_str(a, "deployment"));
	member(p, "  before     ", page_str(a, "digest_before"));
	member(p, "  after      ", page_str(a, "digest_after"));
	span("to detect  ", a, PACKED_TEXT("time_to_detect_s"));
	span("to recover ", a, PACKED_TEXT("time_to_recover_s"));
}

static void timeline(const struct page *p, const cJSON *root)
{
	const cJSON *item;
	char when[PAGE_TIME_CAP], lead[64];

	say("\nTimeline\n");
	cJSON_ArrayForEach(item, json_array(root, "timeline")) {
		page_time(item, "time_unix_s", when);
		snprintf(lead, sizeof(lead), "  %s  ", when);
		page_wrap(p, lead, 23, page_str(item, "text"));
	}
	show_left_out(root, PACKED_TEXT("timeline_left_out"));
	item = json_array(root, "related");
	if (cJSON_GetArraySize(item) == 0)
		return;
	say("\nSee also:");
	for (item = item->child; item != NULL; item = item->next) {
		putchar(' ');
		page_put(p, cJSON_IsString(item) ? item->valuestring : "");
	}
	putchar('\n');
}

static void report(const struct page *p, const cJSON *root)
{
	const cJSON *f = json_object(root, "failure"), *s = json_object(root, "service");
	const char *who = show_fixer(page_str(root, "fix_by"));
	bool about_rollback = strcmp(page_str(root, "about"), "rollback") == 0;

	if (about_rollback && s != NULL)
		rollback(p, json_object(s, "rollback"), "");
	audit(p, json_object(root, "audit"));
	if (about_rollback && f != NULL)
		say("\nIt was decided for\n");
	if (f != NULL)
		failure(p, f);
	if (page_str(root, "next_step")[0] != '\0') {
		putchar('\n');
		page_wrap(p, "Next step: ", 2, page_str(root, "next_step"));
	}
	if (who[0] != '\0')
		page_wrap(p, "Who can fix it: ", 2, who);
	if (!about_rollback && s != NULL) {
		putchar('\n');
		page_wrap(p, "Now: ", 2, page_str(s, "explain"));
		rollback(p, json_object(s, "rollback"), "\n");
		show_advice(p, s);
	}
	timeline(p, root);
}

static bool is_id(const char *word)
{
	uint64_t n;

	return (word[0] == 'f' || word[0] == 'r') && slice_u64(slice_from(slice_of(word), 1), &n) && n > 0;
}

int cmd_why(const struct cmd *c)
{
	struct answer answer;
	struct args a;
	struct page p;
	int code;

	if (!args_parse(c, ARG_JSON, 1, 1, &a))
		return EXIT_USAGE;
	if (!is_id(a.word[0])) {
		say_to(stderr, "kedge why: an id is f and a number for a failure, r and a number for a rollback\n");
		return EXIT_USAGE;
	}
	code = ask_reading(c, ASK_WHY, a.word[0], a.json, &answer);
	if (code != EXIT_DONE)
		return code;
	if (a.json) {
		ask_print(&answer);
		return EXIT_DONE;
	}
	p = page_open();
	ask_head(&answer);
	report(&p, answer.root);
	return EXIT_DONE;
}
