#include "agent/cmd/waiting.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "agent/cmd/settings.h"
#include "agent/cmd/settled.h"
#include "agent/cmd/show.h"
#include "agent/cmd/say.h"
#include "platform/clock.h"

#define WAIT_MS UINT64_C(1800000)        /* without --timeout */

enum { FRESH_MS = 60000, LINE_CAP = 800 };

struct waiting {
	const struct conf *conf;
	const char *service;
	bool known, terminal, seen, overtaken;   /* seen: the row was about the wanted deployment already */
	uint64_t begun_ms, end_ms;
	struct settled_wanted wanted;
	enum settled settled;
	char definition[300], deployment[ARN_CAP], rollout[32], verdict[32], explain[2 * LINE_CAP];
	char line[LINE_CAP];                 /* as last shown */
};

static const cJSON *row_of(const cJSON *root, const char *service)
{
	const cJSON *s;

	cJSON_ArrayForEach(s, json_array(root, "services"))
		if (str_eq(page_str(s, "service"), service))
			return s;
	return NULL;
}

static void want(struct waiting *w, const cJSON *primary)
{
	(void)str_put(w->wanted.primary, sizeof(w->wanted.primary), slice_of(page_str(primary, "taskDefinition")));
	(void)!json_unix_s(primary, "created_unix_s", &w->wanted.created_unix_ms, NULL);
}

/* The daemon hears of a new deployment with its first task here; whoever has just deployed must not be told of the last one. */
static void ask_primary(struct waiting *w)
{
	struct answer answer;
	struct ask_why why;
	const cJSON *row;
	int64_t asked_ms, now_ms;

	if (ask_quiet(w->conf, ASK_DEPLOYMENTS, w->service, false, &answer, &why) != EXIT_DONE ||
	    json_unix_s(answer.root, "asked_unix_s", &asked_ms, NULL) != KERR_OK ||
	    json_unix_s(answer.root, "time_unix_s", &now_ms, NULL) != KERR_OK || now_ms - asked_ms > FRESH_MS)
		return;
	cJSON_ArrayForEach(row, json_array(row_of(answer.root, w->service), "deployments"))
		if (str_eq(page_str(row, "status"), "PRIMARY"))
			want(w, row);
}

static void keep(struct waiting *w, const cJSON *row)
{
	struct text t = text_on(w->line, sizeof(w->line));

	w->settled = settled_of(row, &w->wanted);
	show_definition(row, w->definition, sizeof(w->definition));
	(void)str_cut(w->deployment, sizeof(w->deployment), slice_of(page_str(row, "deployment")));
	w->overtaken = w->seen && !str_eq(w->deployment, w->wanted.deployment);
	w->seen = w->seen || (w->deployment[0] != '\0' && str_eq(w->deployment, w->wanted.deployment));
	if (w->overtaken)
		w->settled = SETTLED_BAD;
	(void)str_cut(w->rollout, sizeof(w->rollout), slice_of(page_str(row, "rollout")));
	(void)str_cut(w->verdict, sizeof(w->verdict), slice_of(page_str(row, "verdict")));
	(void)str_cut(w->explain, sizeof(w->explain), slice_of(page_str(row, "explain")));
	text_s(&t, w->service);
	text_say(&t, ": ");
	text_s(&t, w->definition);
	text_c(&t, ' ');
	text_s(&t, w->verdict);
	if (w->rollout[0] != '\0')
		text_say(&t, ", AWS: ");
	text_s(&t, w->rollout);
	text_say(&t, ", tasks running ");
	text_i64(&t, page_int(row, "tasks_running", 0));
	text_say(&t, " of ");
	text_i64(&t, page_int(row, "tasks", 0));
	text_say(&t, ", failed ");
	text_i64(&t, page_int(row, "failures", 0));
	text_say(&t, " of ");
	text_i64(&t, page_int(row, "failures_needed", 0));
}

/* On a terminal one line, drawn again in its place; elsewhere a line when it has changed. */
static void progress(struct waiting *w, const char *before)
{
	struct page p = page_open();
	uint64_t now_ms = clock_boot_ms();
	char line[LINE_CAP + 48];

	if (w->terminal) {
		snprintf(line, sizeof(line), "%s, %llu s left", w->line, (unsigned long long)(w->end_ms > now_ms ? w->end_ms - now_ms : 0) / 1000);
		putchar('\r');
		page_cell(&p, line, p.width - 2, PAGE_PLAIN);
	} else if (!str_eq(before, w->line)) {
		page_put(&p, w->line);
		putchar('\n');
	}
	fflush(stdout);
}

/* One look. EXIT_DONE, or why there was none. */
static int look(struct waiting *w, bool json, struct ask_why *why)
{
	struct answer answer;
	const cJSON *row;
	char before[LINE_CAP];
	int code = ask_quiet(w->conf, ASK_SERVICES, NULL, false, &answer, why);

	if (code != EXIT_DONE)
		return EXIT_UNREACHABLE;
	row = row_of(answer.root, w->service);
	if (row == NULL) {
		snprintf(why->text, sizeof(why->text), "no service of the name %s is known on this node (kedge services lists them)", w->service);
		return EXIT_UNREACHABLE;
	}
	(void)str_put(before, sizeof(before), slice_of(w->line));
	w->known = true;
	keep(w, row);
	if (!json)
		progress(w, before);
	return EXIT_DONE;
}

/* The newest failure of that service, else what its row says. */
static void cause(const struct waiting *w, struct text *t)
{
	struct answer answer;
	struct ask_why why;
	const cJSON *f;

	if (w->overtaken) {
		text_say(t, "another deployment has taken its place");
		return;
	}
	if (w->settled == SETTLED_BAD && ask_quiet(w->conf, ASK_FAILURES, NULL, false, &answer, &why) == EXIT_DONE)
		cJSON_ArrayForEach(f, json_array(answer.root, "failures")) {
			const char *const part[] = { page_str(f, "class"), ", blame ", page_str(f, "blame"), ": ", page_str(f, "reason"),
						     " -> ", page_str(f, "next_step"), " (kedge why ", page_str(f, "id"), ")" };

			if (!str_eq(page_str(f, "service"), w->service))
				continue;
			for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
				text_s(t, part[i]);
			return;
		}
	text_s(t, w->settled == SETTLED_NOT ? "not yet: " : "");
	text_s(t, w->explain[0] != '\0' ? w->explain : w->verdict);
}

static void object(const struct waiting *w, const char *why)
{
	char buf[16384];                 /* quoted, the cause may be twice as long and more */
	struct text t = text_on(buf, sizeof(buf));
	struct jw j = jw_on(&t);

	jw_object(&j, NULL);
	jw_packed(&j, "schema", PACKED("kedge.wait/1"));
	jw_str(&j, "service", w->service);
	jw_str(&j, "release", w->definition);
	jw_str_or_null(&j, "deployment", w->deployment);
	jw_str_or_null(&j, "rollout", w->rollout);
	jw_str(&j, "verdict", w->verdict);
	jw_bool(&j, "settled", w->settled != SETTLED_NOT);
	jw_bool(&j, "ok", w->settled == SETTLED_GOOD);
	jw_u64(&j, "waited_s", (clock_boot_ms() - w->begun_ms) / 1000);
	jw_str_or_null(&j, "cause", w->settled == SETTLED_GOOD ? "" : why);
	jw_object_end(&j);
	puts(buf);
}

static int tell(const struct waiting *w, bool json)
{
	struct page p = page_open();
	char why[2048];
	struct text t = text_on(why, sizeof(why));

	cause(w, &t);
	if (json)
		object(w, why);
	else if (w->terminal)
		putchar('\n');
	if (!json && w->settled != SETTLED_GOOD)
		page_wrap(&p, "", 2, why);
	return w->settled == SETTLED_GOOD ? EXIT_DONE : EXIT_NO;
}

bool waiting_span(const struct cmd *c, const char *span, uint64_t *ms)
{
	*ms = WAIT_MS;
	if (span == NULL || (conf_duration(slice_of(span), ms) && *ms != 0))
		return true;
	say_to(stderr, "kedge %s: --timeout takes a duration like 90s, 10m or 2h\n", c->verb);
	return false;
}

int waiting_settle(const struct conf *conf, const char *service, const char *deployment, uint64_t ms, bool json)
{
	static struct waiting w;
	struct ask_why why;
	int code;

	w = (struct waiting){ .conf = conf, .service = service, .terminal = isatty(STDOUT_FILENO) == 1 && !json };
	(void)str_cut(w.wanted.deployment, sizeof(w.wanted.deployment), slice_of(deployment));
	w.begun_ms = clock_boot_ms();
	w.end_ms = w.begun_ms + ms;
	if (deployment[0] == '\0')
		ask_primary(&w);
	/* a daemon that is started anew meanwhile is waited for */
	while ((code = look(&w, json, &why)) == EXIT_DONE || w.known) {
		uint64_t now_ms = clock_boot_ms(), left_ms = w.end_ms > now_ms ? w.end_ms - now_ms : 0;
		struct timespec pause = { left_ms < 1000 ? 0 : 1, left_ms < 1000 ? (long)left_ms * 1000000 : 0 };

		if ((code == EXIT_DONE && w.settled != SETTLED_NOT) || left_ms == 0)
			break;
		nanosleep(&pause, NULL);
	}
	return code == EXIT_DONE ? tell(&w, json) : ask_fail_says(json, code, why.text);
}
