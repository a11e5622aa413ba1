#include <stdio.h>
#include <string.h>

#include "agent/cmd/show.h"
#include "agent/cmd/say.h"

enum { NEWEST = 5 };                     /* failures on the status page; `kedge failures` has all */

static void head(const struct page *p, const cJSON *root)
{
	const cJSON *node = json_object(root, "node");
	static const char *const members[] = { "cluster", "region", "arch", "role" };
	char when[2 * PAGE_TIME_CAP], line[800];
	size_t n;

	page_both_times(root, "time_unix_s", when);
	n = (size_t)snprintf(line, sizeof(line), "%s ", page_str(root, "version"));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *word = page_str(node, members[i]);

		if (word[0] != '\0' && n < sizeof(line))
			n += (size_t)snprintf(line + n, sizeof(line) - n, " %s", word);
	}
	if (n < sizeof(line))
		snprintf(line + n, sizeof(line) - n, "  %s", when);
	page_line(p, "kedge ", line);
}

/* Its name and state, "since" or "until" when, and what it says, on lines of their own. */
static void state_of(const struct page *p, const cJSON *s, const char *good, const char *word, const char *when)
{
	const char *state = page_str(s, "state"), *detail = page_str(s, "detail");
	char lead[96], time[PAGE_TIME_CAP];

	page_cell(p, s->string, 14, PAGE_PLAIN);
	page_coloured(p, strcmp(state, good) == 0 ? PAGE_GREEN : PAGE_YELLOW, state);
	if (page_str(s, "provider")[0] != '\0')
		say(" from %s", page_str(s, "provider"));
	page_time(s, when, time);
	if (strcmp(time, "-") != 0)
		say(" %s %s", word, time);
	putchar('\n');
	snprintf(lead, sizeof(lead), "%15s", "");
	if (detail[0] != '\0')
		page_wrap(p, lead, 15, detail);
}

static void sources(const struct page *p, const cJSON *root)
{
	const cJSON *s;

	cJSON_ArrayForEach(s, json_object(root, "sources"))
		state_of(p, s, "up", "since", PACKED_TEXT("since_unix_s"));
	s = json_object(root, "credentials");
	if (s != NULL)
		state_of(p, s, "ok", "until", PACKED_TEXT("expires_unix_s"));
	s = json_object(root, "clock");
	if (s != NULL)
		state_of(p, s, "ok", "", "");
}

static int64_t sum(const cJSON *obj)
{
	const cJSON *item;
	int64_t n = 0;

	cJSON_ArrayForEach(item, obj)
		n += page_int(obj, item->string, 0);
	return n;
}

static void thrift(const struct page *p, const cJSON *root)
{
	const cJSON *t = json_object(root, "thrift"), *wan = json_object(t, "wan_bytes_today");
	const cJSON *beat = json_object(t, "heartbeat");
	const char *shed = page_str(json_object(t, "shed"), "text"), *why = page_str(beat, "why");
	char pss[PAGE_TIME_CAP], up[PAGE_TIME_CAP], down[PAGE_TIME_CAP], disk[PAGE_TIME_CAP], budget[PAGE_TIME_CAP];

	if (!page_true(root, "daemon"))
		return;
	page_bytes(page_int(t, "pss_bytes", 0), pss);
	page_bytes(page_int(wan, "up", 0), up);
	page_bytes(page_int(wan, "down", 0), down);
	page_bytes(page_int(t, "disk_bytes_written", 0), disk);
	page_bytes(page_int(t, "budget", 0), budget);
	putchar('\n');
	if (page_int(t, "pss_bytes", -1) >= 0)
		say("memory %s, ", pss);
	say("WAN today %s up %s down", up, down);
	if (page_int(t, "budget", 0) > 0)
		say(" of %s", budget);
	say(", disk written %s\n", disk);
	if (shed[0] != '\0')
		page_wrap(p, "data budget: ", 13, shed);
	else if (why[0] != '\0')
		say("AWS is asked every %lld min: %s\n", (long long)page_int(beat, "seconds", 0) / 60, why);
}

static void troubles(const struct page *p, const cJSON *root)
{
	int64_t bad = sum(json_object(root, "input"));
	const char *missing = page_str(root, "missing_part");
	char words[PACKED_MAX];

	if (bad > 0)
		say("%lld inputs were too long, lost or malformed (kedge status --json: input)\n", (long long)bad);
	if (strcmp(page_str(json_object(root, "journal"), "state"), "failing") == 0)
		page_coloured(p, PAGE_RED, packed_copy(words, sizeof(words),
			PACKED("the journal cannot be written: nothing will be rolled back until it can\n")));
	if (missing[0] != '\0')
		page_wrap(p, "missing: ", 9, missing);
}

/* ", aws unreachable", for each that has a state which is not as it should be. */
static void wrong(const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		const char *state = page_str(item, "state");

		if (slice_find(SLICE("up ok durable writing"), state) == SIZE_MAX)
			say(", %s %s", item->string, state);
	}
}

void show_brief(const struct page *p, const struct answer *answer)
{
	const cJSON *list = json_array(answer->root, "services"), *s;
	char line[1600];
	int well = 0;

	cJSON_ArrayForEach(s, list)
		well += strcmp(page_str(s, "verdict"), "ok") == 0;
	say("kedge: %d of %d services run as deployed", well, cJSON_GetArraySize(list));
	if (!answer->daemon)
		say("; kedge agent is not running");
	else
		wrong(json_object(answer->root, "sources"));
	wrong(answer->root);     /* credentials, clock, journal */
	putchar('\n');
	cJSON_ArrayForEach(s, list) {
		if (strcmp(page_str(s, "verdict"), "ok") == 0)
			continue;
		snprintf(line, sizeof(line), "%s %s: %s", page_str(s, "service"), page_str(s, "verdict"), page_str(s, "explain"));
		page_put(p, line);
		putchar('\n');
	}
}

void show_status(const struct page *p, const struct answer *answer)
{
	head(p, answer->root);
	if (answer->daemon)
		sources(p, answer->root);
	show_denied(p, answer->root);
	putchar('\n');
	show_services(p, answer->root, false);
	putchar('\n');
	show_failures(p, answer->root, NEWEST);
	if (page_int(answer->root, "failures_total", 0) > NEWEST)
		say("(%lld in all: kedge failures)\n", (long long)page_int(answer->root, "failures_total", 0));
	thrift(p, answer->root);
	troubles(p, answer->root);
}
