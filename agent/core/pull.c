/* What the ECS agent's log says about pulls and about the end of containers. */
#include "agent/core/blame.h"
#include "agent/core/parts.h"

void on_pull(struct core *c, const struct ev_pull *ev)
{
	int32_t task = ev->task[0] == '\0' ? NONE : task_find(c, ev->task);

	/* only an ARN can make a row; a bare id or image of a task never placed here explains nothing */
	if (task == NONE && slice_starts(slice_of(ev->task), "arn:"))
		task = task_add(c, ev->task, c->now_unix_ms);
	if (task == NONE || c->task[task].stop_ordered)
		return;
	switch (ev->what) {
	case P_STARTED:
		task_progress(c, task);
		task_pulling(c, task, true);
		break;
	case P_ATTEMPT_FAILED:
	case P_FAILED:
		task_pulling(c, task, false);
		(void)judge_sighting(c, &(struct sighting){
			.task = task, .container = ev->container, .image = ev->image, .digest = ev->digest,
			.reason = ev->reason, .stage = STAGE_PULL, .class = ev->class,
			.provisional = true, .unix_ms = ev->time_unix_ms,
		});
		break;
	case P_CACHED:
	case P_DONE:
		task_progress(c, task);
		task_pulling(c, task, false);
		if (ev->what == P_CACHED)
			break;
		(void)str_put(c->served.host, sizeof(c->served.host), blame_host(ev->image));
		c->served.unix_ms = ev->time_unix_ms != 0 ? ev->time_unix_ms : c->now_unix_ms;
		break;
	case P_WHATS:
		break;
	}
}

/* The container ran although its reason speaks of the pull: the cached image was used. */
static bool ran_cached(const struct core *c, int32_t task, const struct ev_change *ev)
{
	int32_t at = container_of(c, task, ev->container);

	return ev->stage == STAGE_PULL && (ev->has_exit || ev->runtime_id[0] != '\0' ||
	       (at != NONE && c->container[at].started_unix_ms != 0));
}

static void explained(struct core *c, int32_t task, const struct ev_change *ev)
{
	int32_t at = container_of(c, task, ev->container);

	if (at != NONE && c->container[at].stop_asked && ev->class != CLASS_OOM)
		return;
	(void)judge_sighting(c, &(struct sighting){
		.task = task, .container = ev->container, .image = at == NONE ? "" : c->container[at].image,
		.reason = ev->reason, .stage = ev->stage, .class = ev->class,
		.has_exit = ev->has_exit, .exit_code = ev->exit_code, .essential = ev->essential,
		.unix_ms = ev->time_unix_ms, .cut = ev->cut,
	});
}

/* An agent that was down itself tells the time of its own restart; the engine knows when it ended. */
static int64_t ended_unix_ms(const struct core *c, int32_t at, const struct ev_change *ev)
{
	return at != NONE && c->container[at].finished_unix_ms != 0 ? c->container[at].finished_unix_ms : ev->time_unix_ms;
}

/* The engine was away when it ended, but had told when it started. */
static bool lived_long(const struct core *c, int32_t task, int32_t at, int64_t ended)
{
	int64_t started = at == NONE ? 0 : c->container[at].started_unix_ms;

	return started != 0 && ended > started && (uint64_t)(ended - started) >= core_policy(c, c->task[task].service)->early_exit_ms;
}

/* It ended before this life of kedge began, or while the engine, which would have told who asked, was away; or nobody
 * here knows any more when it began. */
static bool unseen(const struct core *c, int32_t at, int64_t ended)
{
	const struct known_source *engine = &c->source[SRC_ENGINE];

	if (at == NONE && engine->state == SS_UP)
		return true;
	if (ended == 0 || ended < c->begun_unix_ms)
		return ended != 0;
	return engine->state != SS_UNKNOWN && (engine->state != SS_UP || ended < engine->since_unix_ms);
}

/* An exit that only the log tells (kedge or the engine was away), or one whose meaning needed `essential`. */
static void unexplained(struct core *c, int32_t task, const struct ev_change *ev)
{
	int32_t at = container_of(c, task, ev->container);
	bool seen_live = at != NONE && c->container[at].deaths > 0;
	const int64_t ended = ended_unix_ms(c, at, ev);
	char reason[SENTENCE_CAP];
	struct text text = text_on(reason, sizeof(reason));

	if (!ev->has_exit || ev->essential != TRI_YES || (at != NONE && c->container[at].stop_asked))
		return;
	/* told so before a restart of kedge: the agent's line comes when the engine is back */
	if (failure_find(c, c->task[task].arn, ev->container, CLASS_ENDED_WITH_HOST) != NONE)
		return;
	if (seen_live && ev->exit_code != 0)
		return;
	/* placed before this boot, and nobody saw its end: it ended with the host */
	if (!seen_live && c->boot_unix_ms != 0 && c->task[task].first_unix_ms < c->boot_unix_ms)
		return;
	if (judge_stopped(ev->exit_code))
		return;
	if (ev->exit_code == 0 && (c->task[task].kind != FK_SERVICE || !seen_live))
		return;
	release_bind(c, task, true);
	text_say(&text, "exited with code ");
	text_i64(&text, ev->exit_code);
	(void)judge_sighting(c, &(struct sighting){
		.task = task, .container = ev->container, .image = at == NONE ? "" : c->container[at].image,
		.reason = reason, .stage = STAGE_RUN, .has_exit = true, .exit_code = ev->exit_code,
		.class = judge_signalled(ev->exit_code) ? CLASS_KILLED_BY_SIGNAL
		       : lived_long(c, task, at, ended) ? CLASS_EXITED : judge_early_class(c, task),
		.essential = TRI_YES, .unix_ms = ended,
		.unseen = !seen_live && unseen(c, at, ended),
	});
}

void on_change(struct core *c, const struct ev_change *ev)
{
	int32_t task = task_find(c, ev->task), at;

	if (task == NONE)
		task = task_add(c, ev->task, c->now_unix_ms);
	if (task == NONE)
		return;
	c->task[task].from_log = true;
	if (ev->task_status == TS_RUNNING)
		judge_retract(c, task);
	at = container_of(c, task, ev->container);
	if (ev->essential != TRI_UNKNOWN && ev->container[0] != '\0') {
		if (at != NONE)
			c->container[at].essential = ev->essential;
		judge_essential(c, task, ev->container, ev->essential);
	}
	if (ev->status == TS_STOPPED && !c->task[task].stop_ordered) {
		if (ev->class != CLASS_NONE && !ran_cached(c, task, ev))
			explained(c, task, ev);
		else
			unexplained(c, task, ev);
	}
	if (ev->task_status == TS_STOPPED && !c->task[task].ended) {
		c->task[task].ended = true;
		c->task[task].ended_unix_ms = ev->time_unix_ms != 0 ? ev->time_unix_ms : c->now_unix_ms;
	}
}
