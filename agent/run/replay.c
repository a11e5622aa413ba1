/* Merges what was recorded by its own times, and plays it as the daemon would have seen it. */
#include "agent/run/replay.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/run/replay_core.h"
#include "agent/run/replay_journal.h"
#include "agent/wire/agent_log.h"
#include "agent/wire/introspection_in.h"
#include "agent/wire/json.h"
#include "agent/wire/view.h"
#include "platform/file.h"

#define AFTERWARDS_MS  10000             /* that pass after the last line */
#define STAMP_MS       999               /* the agent's log has whole seconds, cut: by then the line was written */
#define TASKS_LINE_MAX ANSWER_MAX

/* In the order in which they speak when their times are equal. */
enum voice { VOICE_ENGINE, VOICE_LOG, VOICE_TASKS, VOICES };

/* What one file says next. */
struct next {
	bool ready;
	int64_t at_ms;
	struct slice said;               /* log: the line; tasks: the body */
};

struct replay {
	struct replay_core core;
	struct replay_engine engine;
	struct replay_lines log, tasks;
	struct next next[VOICES];
	struct agent_log parser;
	struct arena arena, tasks_arena;
	struct event ahead, peeked;      /* ahead: the engine's next event */
	int64_t peeked_unix_ms;
	struct why why;                  /* of a file that could not be read on */
	char log_buf[AGENT_LINE_MAX], scratch[AGENT_LINE_MAX], tasks_buf[TASKS_LINE_MAX];
	char arena_room[768 * 1024], tasks_room[TASKS_LINE_MAX + 4096];
};

static bool look_engine(struct replay *r, struct slice line, struct next *next)
{
	struct why why;
	bool told;

	if (replay_engine_event(&r->engine, line, &r->ahead, &told, &why) != KERR_OK) {
		replay_lines_bad(&r->engine.events, why.text);
		return false;
	}
	if (told && r->ahead.u.container.time_unix_ms > 0)
		next->at_ms = r->ahead.u.container.time_unix_ms;
	return told;
}

static int64_t time_of(const struct event *ev)
{
	if (ev->type == EV_CHANGE)
		return ev->u.change.time_unix_ms;
	return ev->type == EV_PULL ? ev->u.pull.time_unix_ms : ev->u.task.time_unix_ms;
}

static void peek(void *arg, const struct event *ev)
{
	struct replay *r = arg;

	r->peeked_unix_ms = time_of(ev);
}

/* Parsed once for its time, and again when it is played: a line can hold several events. */
static bool look_log(struct replay *r, struct slice line, struct next *next)
{
	struct ev_out out = { .ev = &r->peeked, .put = peek, .arg = r };
	enum agent_log_link link;
	struct why why;

	r->peeked_unix_ms = -1;
	if (agent_log_line(&r->parser, line, &out, &link, &why) != KERR_OK)
		replay_lines_bad(&r->log, why.text);
	if (r->peeked_unix_ms < 0)
		return false;
	next->said = line;
	if (r->peeked_unix_ms > 0)
		next->at_ms = r->peeked_unix_ms + (r->peeked_unix_ms % 1000 == 0 ? STAMP_MS : 0);
	return true;
}

static bool look_tasks(struct replay *r, struct slice line, struct next *next)
{
	const cJSON *root, *body;
	enum kerr err;
	struct why why;

	arena_reset(&r->tasks_arena, 0);
	err = json_parse(&r->tasks_arena, line, &root, &why);
	if (err == KERR_OK)
		err = replay_stamp(root, &next->at_ms, &why);
	body = err == KERR_OK ? json_get(root, "body") : NULL;
	if (err == KERR_OK && !cJSON_IsString(body))
		err = why_set(&why, KERR_BAD_INPUT, "there is no text in \"body\"");
	if (err != KERR_OK) {
		replay_lines_bad(&r->tasks, why.text);
		return false;
	}
	next->said = slice_of(body->valuestring);
	return true;
}

static struct replay_lines *lines_of(struct replay *r, enum voice v)
{
	return v == VOICE_ENGINE ? &r->engine.events : v == VOICE_LOG ? &r->log : &r->tasks;
}

/* Reads on until the file says something; false when it could not be read to its end. */
static bool look(struct replay *r, enum voice v)
{
	struct replay_lines *l = lines_of(r, v);
	struct next *next = &r->next[v];
	enum kerr err = KERR_GONE;
	struct slice line;

	next->ready = false;
	while (l->fd >= 0 && !next->ready && (err = replay_lines_next(l, &line, &r->why)) == KERR_OK)
		next->ready = v == VOICE_ENGINE ? look_engine(r, line, next)
			    : v == VOICE_LOG ? look_log(r, line, next) : look_tasks(r, line, next);
	return err == KERR_OK || err == KERR_GONE;
}

static void sync(struct replay *r, bool end)
{
	struct event *ev = replay_core_event(&r->core, EV_SYNC);

	ev->u.sync.source = SRC_INTROSPECTION;
	ev->u.sync.end = end;
	replay_core_feed(&r->core, ev);
}

static void play_tasks(struct replay *r, struct slice body)
{
	struct introspection_in_counts n = { 0 };
	struct ev_out out = replay_core_out(&r->core);
	struct why why;
	enum kerr err;

	/* what the recorder writes when nobody listens: the agent is down */
	if (slice_starts(body, "{\"unreachable\"")) {
		replay_core_source(&r->core, SRC_INTROSPECTION, SS_REFUSED);
		return;
	}
	replay_core_source(&r->core, SRC_INTROSPECTION, SS_UP);
	sync(r, false);
	err = introspection_in_tasks(&r->arena, body, &out, &n, &why);
	if (err == KERR_OK)
		sync(r, true);
	if (err != KERR_OK || n.refused > 0)
		replay_lines_bad(&r->tasks, why.text);
}

static void play_log(struct replay *r, struct slice line)
{
	struct ev_out out = replay_core_out(&r->core);
	enum agent_log_link link;
	struct why why;

	replay_core_source(&r->core, SRC_AGENT_LOG, SS_UP);
	/* what is wrong with it was said when it was looked at */
	(void)!agent_log_line(&r->parser, line, &out, &link, &why);
}

static void play_engine(struct replay *r)
{
	replay_core_source(&r->core, SRC_ENGINE, SS_UP);
	r->core.ev = r->ahead;
	replay_core_feed(&r->core, &r->core.ev);
}

static void play(struct replay *r, enum voice v)
{
	const struct next *next = &r->next[v];

	replay_core_pass(&r->core, next->at_ms);
	if (v == VOICE_ENGINE)
		play_engine(r);
	else if (v == VOICE_LOG)
		play_log(r, next->said);
	else
		play_tasks(r, next->said);
	replay_core_settle(&r->core);
}

static enum voice earliest(const struct replay *r)
{
	enum voice best = VOICES;

	for (enum voice v = 0; v < VOICES; v++)
		if (r->next[v].ready && (best == VOICES || r->next[v].at_ms < r->next[best].at_ms))
			best = v;
	return best;
}

static bool play_all(struct replay *r)
{
	bool well = look(r, VOICE_ENGINE) && look(r, VOICE_LOG) && look(r, VOICE_TASKS);
	enum voice v = earliest(r);

	if (v != VOICES)
		replay_core_begin(&r->core, r->next[v].at_ms);
	if (r->core.ev.type == EV_EPOCH)
		replay_core_feed(&r->core, &r->core.ev);
	replay_core_settle(&r->core);
	for (; well && v != VOICES && !r->core.broken; v = earliest(r)) {
		play(r, v);
		well = look(r, v);
	}
	if (well && r->core.now_unix_ms != 0)
		replay_core_pass(&r->core, r->core.now_unix_ms + AFTERWARDS_MS);
	return well;
}

static void tell_passed_over(const struct replay *r)
{
	const struct replay_lines *const all[] = { &r->engine.events, &r->engine.inspects, &r->log, &r->tasks };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->bad > 0)
			fprintf(stderr, "kedge: %s: %" PRIu64 " of %" PRIu64 " lines passed over\n", all[i]->path, all[i]->bad,
				all[i]->line);
}

static enum kerr finish(struct replay *r, bool well, const char *version, struct text *out, struct why *why)
{
	struct view v = { .core = &r->core.core, .version = version, .now_unix_ms = r->core.now_unix_ms };
	struct replay_lines *const all[] = { &r->engine.events, &r->engine.inspects, &r->log, &r->tasks };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		replay_lines_close(all[i]);
	tell_passed_over(r);
	*why = r->core.broken ? r->core.why : r->why;
	if (r->core.broken)
		return KERR_REFUSED;
	if (!well)
		return KERR_IO;
	return view_failures(&v, out) == KERR_OK ? KERR_OK : why_set(why, KERR_TOO_BIG, "the failures do not fit the answer");
}

static struct replay *begin(void)
{
	static struct replay replay;
	struct replay *r = &replay;

	arena_init(&r->arena, r->arena_room, sizeof(r->arena_room));
	arena_init(&r->tasks_arena, r->tasks_room, sizeof(r->tasks_room));
	agent_log_init(&r->parser, r->scratch, sizeof(r->scratch));
	replay_core_init(&r->core, &r->engine);
	r->engine.arena = &r->arena;
	r->engine.events.fd = r->engine.inspects.fd = r->log.fd = r->tasks.fd = -1;
	return r;
}

/* A file that is not there leaves a gap and is no fault. */
static enum kerr open_one(struct replay_lines *l, const char *dir, const char *name, char *buf, size_t cap, int *found,
			  struct why *why)
{
	enum kerr err = replay_lines_open(l, dir, name, buf, cap, why);

	*found += err == KERR_OK;
	return err == KERR_GONE ? KERR_OK : err;
}

static enum kerr open_events(struct replay *r, const char *dir, int *found, struct why *why)
{
	return open_one(&r->engine.events, dir, "docker-events.jsonl", r->engine.events_buf, sizeof(r->engine.events_buf), found, why);
}

static enum kerr open_all(struct replay *r, const char *dir, struct why *why)
{
	int found = 0;
	enum kerr err = open_events(r, dir, &found, why);

	if (err == KERR_OK)
		err = open_one(&r->engine.inspects, dir, "inspect.jsonl", r->engine.inspects_buf, sizeof(r->engine.inspects_buf),
			       &found, why);
	if (err == KERR_OK)
		err = open_one(&r->log, dir, "agent.log", r->log_buf, sizeof(r->log_buf), &found, why);
	if (err == KERR_OK)
		err = open_one(&r->tasks, dir, "tasks.jsonl", r->tasks_buf, sizeof(r->tasks_buf), &found, why);
	if (err == KERR_OK && found == 0)
		return why_set(why, KERR_GONE, "%s holds no recording", dir);
	return err;
}

/* Into r->core.ev, where play_all finds it. A damaged one is told and leaves the node unknown. */
static enum kerr read_metadata(struct replay *r, const char *dir, struct why *why)
{
	char path[REPLAY_PATH_CAP];
	struct text t = text_on(path, sizeof(path));
	size_t len;
	enum kerr err;

	text_s(&t, dir);
	text_say(&t, "/metadata.json");
	if (t.full)
		return why_set(why, KERR_TOO_BIG, "the path is longer than %d bytes", REPLAY_PATH_CAP - 1);
	err = file_read(path, FILE_REGULAR, r->scratch, sizeof(r->scratch), &len, why);
	if (err == KERR_GONE)
		return KERR_OK;
	if (err == KERR_OK)
		err = introspection_in_metadata(&r->arena, (struct slice){ r->scratch, len }, replay_core_event(&r->core, EV_EPOCH), why);
	if (err != KERR_BAD_INPUT && err != KERR_TOO_BIG)
		return err;
	fprintf(stderr, "kedge: %s: passed over: %s\n", path, why->text);
	(void)replay_core_event(&r->core, EV_TICK);
	return KERR_OK;
}

enum kerr replay_dir(const char *dir, const char *version, struct text *out, struct why *why)
{
	struct replay *r = begin();
	struct file_ident ident;
	int found = 0;
	enum kerr err = file_identify(dir, &ident, why);

	if (err == KERR_OK)
		err = open_all(r, dir, why);
	if (err == KERR_OK)
		err = replay_engine_index(&r->engine, &r->ahead, why);
	replay_lines_close(&r->engine.events);
	if (err == KERR_OK)
		err = open_events(r, dir, &found, why);
	if (err == KERR_OK)
		err = read_metadata(r, dir, why);
	return err != KERR_OK ? err : finish(r, play_all(r), version, out, why);
}

/* The first line that says which it is decides. */
static enum voice kind_of(struct replay_lines *l, struct why *why)
{
	struct slice line;

	while (replay_lines_next(l, &line, why) == KERR_OK) {
		if (slice_starts(line, "{") && slice_find(line, "\"Action\"") != SIZE_MAX && slice_find(line, "\"Actor\"") != SIZE_MAX)
			return VOICE_ENGINE;
		if (slice_find(line, "level=") != SIZE_MAX || slice_find(line, "\"level\"") != SIZE_MAX)
			return VOICE_LOG;
		if (slice_starts(line, "{") && slice_find(line, "\"body\"") != SIZE_MAX)
			return VOICE_TASKS;
	}
	return VOICES;
}

enum kerr replay_file(const char *path, const char *version, struct text *out, struct why *why)
{
	struct replay *r = begin();
	enum voice v;
	bool found;
	enum kerr err = replay_journal(&r->core, &r->arena, path, r->tasks_room, sizeof(r->tasks_room), &found, why);

	if (found)
		return err != KERR_OK ? err : finish(r, true, version, out, why);
	err = replay_lines_open(&r->tasks, path, NULL, r->tasks_buf, sizeof(r->tasks_buf), why);
	if (err != KERR_OK)
		return err;
	v = kind_of(&r->tasks, why);
	replay_lines_close(&r->tasks);
	if (v == VOICES && r->tasks.line == 0)
		return why_set(why, KERR_BAD_INPUT, "%s is empty", path);
	if (v == VOICES)
		return why_set(why, KERR_BAD_INPUT, "%s: neither events of docker, nor a log or tasks of the ECS agent, nor a journal of kedge",
			       path);
	if (v == VOICE_ENGINE)
		err = replay_lines_open(&r->engine.events, path, NULL, r->engine.events_buf, sizeof(r->engine.events_buf), why);
	else if (v == VOICE_LOG)
		err = replay_lines_open(&r->log, path, NULL, r->log_buf, sizeof(r->log_buf), why);
	else
		err = replay_lines_open(&r->tasks, path, NULL, r->tasks_buf, sizeof(r->tasks_buf), why);
	return err != KERR_OK ? err : finish(r, play_all(r), version, out, why);
}
