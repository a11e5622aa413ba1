#include "agent/cmd/ask.h"

#include <stdio.h>

#include "agent/cmd/settings.h"
#include "agent/run/kept.h"
#include "agent/wire/view.h"
#include "agent/cmd/say.h"
#include "platform/clock.h"
#include "platform/proc.h"
#include "platform/unixsock.h"

enum { ASK_TIMEOUT_MS = 20 * 1000, PATIENCE_MS = 300 * 1000, ASK_ARENA = 20 * VIEW_MAX };

static const char *const words[] = { "status", "failures", "services", "deployments", "tasks", "why" };

int ask_fail_says(bool json, int code, const char *text)
{
	char buf[1024];
	struct text t = text_on(buf, sizeof(buf));
	struct jw w = jw_on(&t);

	if (!json) {
		say_to(stderr, "kedge: %s\n", text);
		return code;
	}
	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.error/1"));
	jw_str(&w, "error", text);
	jw_i64(&w, "exit", code);
	jw_object_end(&w);
	puts(buf);
	return code;
}

int ask_fail(bool json, int code, const struct packed *what)
{
	char buf[PACKED_MAX];

	return ask_fail_says(json, code, packed_copy(buf, sizeof(buf), what));
}

void ask_print(const struct answer *a)
{
	fwrite(a->json.p, 1, a->json.n, stdout);
	putchar('\n');
}

void ask_head(const struct answer *a)
{
	if (!a->daemon)
		say("kedge agent is not running; this is what it kept\n");
}

static int failed(struct ask_why *why, int code, const char *text)
{
	(void)str_cut(why->text, sizeof(why->text), slice_of(text));
	return code;
}

/* An exit code out of an answer; a daemon of another version may say one kedge does not have. */
static int exit_of(const cJSON *root, int otherwise)
{
	int64_t code;

	return json_i64(root, "exit", &code, NULL) == KERR_OK && code >= EXIT_DONE && code <= EXIT_DENIED ? (int)code
													    : otherwise;
}

/* The exit code that belongs to the answer; why, if it is not EXIT_DONE. An answer that is no object of kedge's has no root. */
static int parsed(struct slice bytes, struct answer *out, struct ask_why *why)
{
	static char room[ASK_ARENA];
	static struct arena arena;
	struct why error;
	char schema[64];

	out->json = slice_trim(bytes);
	out->root = NULL;
	arena_init(&arena, room, sizeof(room));
	if (json_parse(&arena, out->json, &out->root, &error) != KERR_OK) {
		out->root = NULL;
		return failed(why, EXIT_UNREACHABLE, error.text);
	}
	if (json_str(out->root, "schema", schema, sizeof(schema), NULL) != KERR_OK) {
		out->root = NULL;
		return failed(why, EXIT_UNREACHABLE, "the daemon's answer is none of kedge's");
	}
	if (!slice_is(slice_of(schema), "kedge.error/1"))
		return EXIT_DONE;
	if (json_text(out->root, "error", why->text, sizeof(why->text), NULL, NULL) != KERR_OK)
		why->text[0] = '\0';
	return exit_of(out->root, EXIT_UNREACHABLE);
}

/* An error of the daemon's reaches scripts as it was received. */
static int told(bool json, int code, const struct answer *out, const struct ask_why *why)
{
	if (code == EXIT_DONE)
		return code;
	if (!json || out->root == NULL)
		return ask_fail_says(json, code, why->text);
	ask_print(out);
	return code;
}

static enum kerr view_of(const struct view *v, enum ask_what what, const char *word, struct text *t, struct why *why)
{
	switch (what) {
	case ASK_STATUS:
		return view_status(v, t);
	case ASK_FAILURES:
		return view_failures(v, t);
	case ASK_SERVICES:
		return view_services(v, t);
	case ASK_DEPLOYMENTS:
		return view_deployments(v, t);
	case ASK_TASKS:
		return view_tasks(v, t);
	case ASK_WHY:
		break;
	}
	return view_why(v, slice_of(word), t, why);
}

static char answer_bytes[VIEW_MAX];

/* The daemon is down: its journal and its last table, through the same core and the same views. */
static int from_kept(const struct conf *conf, enum ask_what what, const char *word, struct answer *out,
		     struct ask_why *reason)
{
	static struct core core;
	static struct dep_table table;
	struct view v = { .core = &core, .version = version_number() };
	struct text t = text_on(answer_bytes, sizeof(answer_bytes));
	struct record_scan scan = { 0 };
	struct why why = { "the answer is too long" };
	enum kerr e;

	core_init(&core, &conf->core);
	e = kept_journal(conf, &core, &scan, &why);
	if (e != KERR_OK)
		return failed(reason, EXIT_UNREACHABLE, why.text);
	if (core.node.cluster[0] == '\0')
		(void)str_put(core.node.cluster, sizeof(core.node.cluster), slice_of(conf->cluster));
	if (core.node.region[0] == '\0')
		(void)str_put(core.node.region, sizeof(core.node.region), slice_of(conf->region));
	if (kept_deployments(conf, &table, &why) == KERR_OK)
		v.deployments = &table;
	if (scan.records == 0 && v.deployments == NULL)
		return failed(reason, EXIT_UNREACHABLE, "kedge agent is not running and has kept nothing yet "
							"(start it: kedge agent)");
	v.now_unix_ms = clock_wall_ms();
	v.only = what == ASK_DEPLOYMENTS ? word : NULL;
	v.data_budget_bytes = conf->data_budget_bytes;
	v.journal_damaged = scan.damaged;
	v.journal_cut_bytes = scan.tail_bytes;
	e = view_of(&v, what, word, &t, &why);
	if (e != KERR_OK)
		return failed(reason, e == KERR_GONE ? EXIT_NO : e == KERR_BAD_INPUT ? EXIT_USAGE : EXIT_UNREACHABLE, why.text);
	out->daemon = false;
	return parsed(text_get(&t), out, reason);
}

int ask_exit(const struct answer *a, int otherwise)
{
	return exit_of(a->root, otherwise);
}

static enum kerr call(const struct conf *conf, const char *request, uint32_t timeout_ms, struct slice *answer, struct why *why)
{
	char path[CONF_PATH_CAP + 16], line[1024];
	struct text p = text_on(path, sizeof(path)), l = text_on(line, sizeof(line));
	size_t n;
	enum kerr e;

	text_s(&p, conf->run_dir);
	text_say(&p, "/kedge.sock");
	text_s(&l, request);
	text_c(&l, '\n');
	if (p.full || l.full)
		return why_set(why, KERR_TOO_BIG, "the request is too long");
	proc_rest();
	e = unixsock_call(path, text_get(&l), answer_bytes, sizeof(answer_bytes), &n, timeout_ms, why);
	*answer = (struct slice){ answer_bytes, e == KERR_OK ? n : 0 };
	return e;
}

int ask_quiet(const struct conf *conf, enum ask_what what, const char *word, bool kept, struct answer *out, struct ask_why *why)
{
	char request[512];
	struct text t = text_on(request, sizeof(request));
	struct slice answer;
	struct why error;
	enum kerr e;

	*out = (struct answer){ .daemon = true };
	text_s(&t, words[what]);
	if (word != NULL) {
		text_c(&t, ' ');
		text_s(&t, word);
	}
	e = call(conf, request, ASK_TIMEOUT_MS, &answer, &error);
	if (e == KERR_OK)
		return parsed(answer, out, why);
	if (e != KERR_GONE && e != KERR_REFUSED)
		return failed(why, EXIT_UNREACHABLE, error.text);
	out->daemon = false;
	if (!kept)
		return failed(why, EXIT_UNREACHABLE, "kedge agent is not running");
	return from_kept(conf, what, word, out, why);
}

int ask_reading(const struct cmd *c, enum ask_what what, const char *word, bool json, struct answer *out)
{
	static struct conf conf;
	struct ask_why why;

	if ((word != NULL && !args_word_ok(c, word)) || !settings_load(c, &conf))
		return EXIT_USAGE;
	return told(json, ask_quiet(&conf, what, word, true, out, &why), out, &why);
}

bool ask_daemon(const struct conf *conf, struct answer *out)
{
	struct ask_why why;

	return ask_quiet(conf, ASK_STATUS, NULL, false, out, &why) == EXIT_DONE;
}

int ask_acting(const struct cmd *c, const char *request, bool json, struct answer *out)
{
	static struct conf conf;
	struct slice answer;
	struct ask_why reason;
	struct why why;
	enum kerr e;

	if (!settings_load(c, &conf))
		return EXIT_USAGE;
	e = call(&conf, request, PATIENCE_MS, &answer, &why);
	if (e == KERR_GONE || e == KERR_REFUSED)
		return ask_fail(json, EXIT_UNREACHABLE, PACKED("kedge agent is not running; only it can act"));
	if (e != KERR_OK)
		return ask_fail_says(json, EXIT_UNREACHABLE, why.text);
	out->daemon = true;
	return told(json, parsed(answer, out, &reason), out, &reason);
}
