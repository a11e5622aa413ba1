/* What kedge makes of an error text, without a daemon: to try it on a log line. */
#include <stdio.h>

#include "agent/cmd/args.h"
#include "agent/cmd/ask.h"
#include "agent/wire/agent_log.h"
#include "agent/wire/agent_reason.h"
#include "agent/wire/log_fields.h"
#include "agent/cmd/say.h"

static int unreadable(const struct args *a)
{
	return ask_fail(a->json, EXIT_UNREACHABLE, PACKED("the text cannot be read from standard input"));
}

/* A line may tell of several containers: the last that failed counts. */
static void keep_class(void *arg, const struct event *ev)
{
	enum class class = ev->type == EV_PULL ? ev->u.pull.class : ev->type == EV_CHANGE ? ev->u.change.class : CLASS_NONE;

	if (class != CLASS_NONE)
		*(enum class *)arg = class;
}

/* The error within a line of fields, of the agent's log or the engine's, or within an answer of the engine. */
static struct slice error_in(const struct log_fields *f)
{
	static const char *const keys[] = { "error", "containerReason", "taskReason", "reason", "message", "msg" };
	struct slice value = { NULL, 0 };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && value.n == 0; i++)
		value = log_fields_get(f, keys[i]);
	return value;
}

/* Of several lines of a log, or of an engine's answer that came line by line, the last one counts. */
static struct slice last_line(struct slice text)
{
	size_t end = slice_rfind(text, "\n");

	if (end == SIZE_MAX || !(slice_starts(text, "{") || slice_starts(text, "level=") || slice_starts(text, "time=")))
		return text;
	return slice_from(text, end + 1);
}

/* A text as people copy it: bare, with the quotes and escapes of a log around it, or a whole line of a log. A line is
 * read by the daemon's own parser, so that both cannot differ. */
static enum class judge(enum stage stage, struct slice text)
{
	static char scratch[AGENT_LINE_MAX];
	static struct event ev;
	enum class told = CLASS_NONE;
	const struct ev_out out = { &ev, keep_class, &told };
	struct log_fields fields;
	enum agent_log_link link;
	struct agent_log log;
	struct why why;
	struct slice raw = text;
	size_t quote;

	agent_log_init(&log, scratch, sizeof(scratch));
	if (agent_log_line(&log, text, &out, &link, &why) == KERR_OK && log.events > 0)
		return told;
	if (log_fields_parse(&fields, text, scratch, sizeof(scratch), &why) == KERR_OK && error_in(&fields).n > 0)
		return agent_reason_class(stage, error_in(&fields));
	quote = slice_find(text, "\"");
	if (quote == 0 && text.n > 1 && slice_ends(text, "\""))
		raw = slice_to(slice_from(text, 1), text.n - 2);
	else if (quote == SIZE_MAX || quote == 0 || text.p[quote - 1] != '\\')
		return agent_reason_class(stage, text);
	if (log_fields_unescape(raw, scratch, sizeof(scratch), &text, &why) != KERR_OK)
		text = raw;
	return agent_reason_class(stage, text);
}

static int answer(const struct args *a, enum stage stage, struct slice text)
{
	enum class class = judge(stage, last_line(slice_trim(text)));
	char buf[256];
	struct text t = text_on(buf, sizeof(buf));
	struct jw w = jw_on(&t);

	if (!a->json) {
		say("%s, blame %s\n", class_name(class), blame_name(class_blame(class)));
		return EXIT_DONE;
	}
	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.classify/1"));
	jw_str(&w, "stage", stage_name(stage));
	jw_str(&w, "class", class_name(class));
	jw_str(&w, "blame", blame_name(class_blame(class)));
	jw_object_end(&w);
	puts(buf);
	return EXIT_DONE;
}

int cmd_classify(const struct cmd *c)
{
	static char text[AGENT_LINE_MAX];        /* a line of the agent's log is no longer */
	enum stage stage;
	struct args a;
	size_t n;

	if (!args_parse(c, ARG_JSON | ARG_STAGE, 0, 1, &a))
		return EXIT_USAGE;
	if (a.stage == NULL || !stage_from(slice_of(a.stage), &stage) || stage > STAGE_RUN) {
		say_to(stderr, "kedge classify: --stage must be one of pull, create, start, run\n");
		return EXIT_USAGE;
	}
	if (a.n == 1 && !slice_is(slice_of(a.word[0]), "-"))
		return answer(&a, stage, slice_of(a.word[0]));
	n = fread(text, 1, sizeof(text), stdin);
	return ferror(stdin) ? unreadable(&a) : answer(&a, stage, (struct slice){ text, n });
}
