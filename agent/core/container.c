/* What the engine says about containers: the first witness of create, start, exit, OOM and health. */
#include "agent/core/parts.h"

#define MISSED_MS (5 * SEC)      /* an event is not so long on its way */
#define LAST_WORDS_MS (2 * SEC)  /* what ends so early may have said why it cannot run at all */
#define FORMAT_MS (2 * SEC)      /* the kernel refuses a program of another machine at once */
#define FOUND_LATE_MS (60 * SEC) /* a start that fails is seen within seconds, unless kedge or the engine was away */

#define SIGNAL_KILL 9
#define KILLED 137               /* exit code after SIGKILL */
#define OOM_MS (10 * SEC)        /* an exit later than this after a child ran out of memory has another cause */
#define ENGINE_LOST 255          /* exit code of a container the engine lost sight of */

/* The signals that ask a container to end: TERM, INT and QUIT (also used as an image's STOPSIGNAL). */
static bool asks_to_stop(int32_t signal)
{
	return signal == 15 || signal == 2 || signal == 3;
}

/* How long until a created container that did not start is looked at again: a failed start has no event. */
static uint64_t inspect_gap_ms(uint32_t tries)
{
	static const uint16_t gap[] = { 30, 60, 120, 250, 500, 1000, 2000, 5000, 10000, 30000 };
	const uint32_t n = sizeof(gap) / sizeof(gap[0]);

	return gap[tries < n ? tries : n - 1];
}

static int32_t task_of_labels(struct core *c, const struct ev_container *ev, int64_t made_unix_ms)
{
	int32_t task = task_find(c, ev->task);

	if (task == NONE)
		task = task_add(c, ev->task, made_unix_ms);
	if (task == NONE)
		return NONE;
	if (made_unix_ms < c->task[task].first_unix_ms)
		c->task[task].first_unix_ms = made_unix_ms;
	if (c->task[task].family[0] == '\0') {
		PUT(c->task[task].family, ev->family);
		c->task[task].revision = ev->revision;
	}
	return task;
}

static int32_t container_seen(struct core *c, const struct ev_container *ev)
{
	const int64_t made_unix_ms = ev->created_unix_ms != 0 ? ev->created_unix_ms : c->now_unix_ms;
	int32_t at = container_find(c, ev->id);

	if (at == NONE) {
		if (ev->task[0] == '\0' || ev->what == C_DESTROYED)
			return NONE;
		at = container_add(c, ev->id, made_unix_ms);
		if (at == NONE)
			return NONE;
		c->container[at].task = task_of_labels(c, ev, made_unix_ms);
		if (c->container[at].task == NONE) {
			c->container[at].used = false;
			return NONE;
		}
		PUT(c->container[at].name, ev->name);
	}
	if (ev->image[0] != '\0')
		PUT(c->container[at].image, ev->image);
	if (ev->image_id[0] != '\0')
		PUT(c->container[at].image_id, ev->image_id);
	return at;
}

/* When a start failed that nobody saw fail: close to when its container was made; 0: now. */
static int64_t start_unix_ms(const struct core *c, const struct ev_container *ev)
{
	return ev->created_unix_ms + (int64_t)FOUND_LATE_MS < c->now_unix_ms ? ev->created_unix_ms : 0;
}

/* anew: see struct sighting. */
static void sight(struct core *c, const struct container *k, enum stage stage, enum class class, const char *reason, int64_t unix_ms,
		  bool anew)
{
	(void)judge_sighting(c, &(struct sighting){
		.task = k->task, .container = k->name, .image = k->image, .reason = reason,
		.stage = stage, .class = class, .has_exit = k->has_exit, .exit_code = k->exit_code,
		.essential = k->essential, .unix_ms = unix_ms, .anew = anew,
	});
}

static void start_failed(struct core *c, int32_t at, const struct ev_container *ev)
{
	struct container *k = &c->container[at];
	int32_t known = failure_find(c, c->task[k->task].arn, k->name, ev->class);

	k->inspect_ms = 0;
	/* a failed start is final: a second look is no second failure, but may bring the code that the log lacks */
	if (!k->stop_asked && (known == NONE || (ev->has_exit && !c->failure[known].f.has_exit)))
		sight(c, k, STAGE_START, ev->class, ev->reason, start_unix_ms(c, ev), false);
}

static bool other_arch(const struct core *c, const struct container *k)
{
	int32_t release = c->task[k->task].release;
	const struct release *r = release == NONE ? NULL : &c->release[release];

	for (uint32_t i = 0; r != NULL && i < r->n_images; i++)
		if (str_eq(r->image[i].container, k->name) && r->image[i].arch[0] != '\0' && c->node.arch[0] != '\0' &&
		    !str_eq(r->image[i].arch, c->node.arch))
			return true;
	return false;
}

/* An exit that nobody asked for, by what is known at the moment it is seen. */
static enum class exit_class(const struct core *c, const struct container *k, uint64_t lived_ms)
{
	const struct task *t = &c->task[k->task];
	const struct policy *p = core_policy(c, t->service);

	if (k->oom)
		return CLASS_OOM;
	if (lived_ms < FORMAT_MS && other_arch(c, k))
		return CLASS_EXEC_FORMAT;
	if (judge_signalled(k->exit_code))
		return CLASS_KILLED_BY_SIGNAL;
	if (lived_ms < p->early_exit_ms)
		return judge_early_class(c, k->task);
	return CLASS_EXITED;
}

static void exit_reason(struct text *t, const struct container *k, uint64_t lived_ms)
{
	if (k->oom)
		text_say(t, "Out of memory: the kernel killed the container; ");
	text_say(t, "exited with code ");
	text_i64(t, k->exit_code);
	if (!k->live)
		return;
	text_say(t, ", ");
	text_u64(t, lived_ms / 1000);
	text_c(t, '.');
	text_u64(t, lived_ms % 1000 / 100);
	text_say(t, " s after its start");
}

static void died(struct core *c, int32_t at, int64_t unix_ms)
{
	struct container *k = &c->container[at];
	struct task *t = &c->task[k->task];
	uint64_t lived_ms = k->live ? k->ended_ms - k->started_ms : 0;
	char reason[SENTENCE_CAP];
	struct text text = text_on(reason, sizeof(reason));
	enum class class;

	t->running_ms = 0;
	if (k->oom && k->exit_code != KILLED && k->oom_ms != 0 && c->now_ms - k->oom_ms > OOM_MS)
		k->oom = false;
	if (k->stop_asked || t->stop_ordered || k->essential == TRI_NO)
		return;
	/* code 0 is success unless a service's essential container says it; that is known later */
	if (k->exit_code == 0 && !k->oom && !(k->essential == TRI_YES && t->kind == FK_SERVICE))
		return;
	release_bind(c, k->task, true);
	exit_reason(&text, k, lived_ms);
	class = exit_class(c, k, lived_ms);
	k->words_wanted = class == CLASS_EXITED_EARLY && k->live && lived_ms < LAST_WORDS_MS;
	sight(c, k, STAGE_RUN, class, reason, unix_ms, true);
}

static void started(struct core *c, int32_t at, int64_t unix_ms)
{
	struct container *k = &c->container[at];
	struct task *t = &c->task[k->task];

	task_progress(c, k->task);
	k->state = CS_RUNNING;
	k->live = true;
	k->oom = k->has_exit = k->stop_asked = k->killed = k->missed = false;
	k->starts++;
	k->started_ms = c->now_ms;
	k->started_unix_ms = unix_ms != 0 ? unix_ms : c->now_unix_ms;
	k->inspect_ms = k->image_id[0] == '\0' ? c->now_ms : 0;
	k->inspects = 0;
	t->running_ms = c->now_ms;
	if (k->image_id[0] != '\0')
		release_bind(c, k->task, false);
	if (t->release != NONE)
		release_started(c, t->release);
	if (k->deaths > 0)
		judge_restarts(c, k->task, at, k->deaths);
}

/* Seen dead for the first time. 255 is what the engine gives a container whose process was gone when it came back
 * itself; what began before this boot and is called finished after it was found so, too. */
static void found_dead(struct core *c, int32_t at, const struct ev_container *ev)
{
	bool before = c->boot_unix_ms != 0 && ev->started_unix_ms != 0 && ev->started_unix_ms < c->boot_unix_ms;

	if (before && (ev->exit_code == ENGINE_LOST || ev->finished_unix_ms >= c->boot_unix_ms))
		node_ended_with_host(c, at);
}

static void ended(struct core *c, int32_t at, int32_t exit_code, int64_t unix_ms, uint64_t boot_ms)
{
	struct container *k = &c->container[at];

	k->state = CS_EXITED;
	k->has_exit = true;
	k->exit_code = exit_code;
	k->deaths += !k->stop_asked;     /* docker restart is no loop */
	k->finished_unix_ms = unix_ms;
	k->ended_ms = boot_ms;
	died(c, at, unix_ms);
}

/* Its event is late or will never come. What it left is looked at once an event on its way would have come; false: not yet over. */
static bool missed_end(struct core *c, int32_t at, const struct ev_container *ev)
{
	struct container *k = &c->container[at];
	int64_t lived_ms = ev->finished_unix_ms - ev->started_unix_ms;

	if (!ev->inspected) {
		k->inspect_ms = c->now_ms + MISSED_MS;
		return true;
	}
	if (c->now_unix_ms - ev->finished_unix_ms < (int64_t)MISSED_MS)
		return false;
	k->missed = true;
	k->oom |= ev->oom_killed;
	k->stop_asked |= !k->oom && (ev->exit_code == 0 || judge_stopped(ev->exit_code));
	ended(c, at, ev->exit_code, ev->finished_unix_ms, k->started_ms + (lived_ms > 0 ? (uint64_t)lived_ms : 0));
	return true;
}

static void listed(struct core *c, int32_t at, const struct ev_container *ev)
{
	struct container *k = &c->container[at];
	struct task *t = &c->task[k->task];
	bool running_before = k->state == CS_RUNNING;

	k->listed = true;
	if (running_before && ev->state == CS_EXITED && c->source[SRC_ENGINE].state == SS_UP && missed_end(c, at, ev))
		return;
	if (ev->state != CS_UNKNOWN)
		k->state = ev->state;
	/* it ran until the engine went away, and is over now that it is back: it ended with the engine */
	if (running_before && k->state == CS_EXITED && c->source[SRC_ENGINE].state != SS_UP) {
		k->stop_asked = true;
		node_ended_with_host(c, at);
	}
	if (k->state == CS_EXITED && !k->live && ev->inspected)
		found_dead(c, at, ev);
	if (ev->started_unix_ms != 0)
		k->started_unix_ms = ev->started_unix_ms;
	if (ev->finished_unix_ms != 0)
		k->finished_unix_ms = ev->finished_unix_ms;
	if (ev->inspected) {
		k->health_check = ev->health_check;
		k->fixed_port = ev->fixed_port;
	}
	if (ev->inspected && ev->has_exit) {
		k->has_exit = true;
		k->exit_code = ev->exit_code;
		k->oom = k->oom || ev->oom_killed;
	}
	if (k->image_id[0] != '\0')
		release_bind(c, k->task, false);
	if (k->state == CS_CREATED) {
		if (ev->inspected && ev->reason[0] != '\0')
			start_failed(c, at, ev);
		else if (k->inspect_ms == 0 && k->inspects < 24)
			k->inspect_ms = c->now_ms + inspect_gap_ms(k->inspects);
		return;
	}
	k->inspect_ms = !ev->inspected && k->started_unix_ms == 0 ? c->now_ms : 0;
	if (k->state != CS_RUNNING)
		t->running_ms = running_before ? 0 : t->running_ms;
	else if (t->running_ms == 0 && k->started_unix_ms != 0) {
		uint64_t age = c->now_unix_ms > k->started_unix_ms ? (uint64_t)(c->now_unix_ms - k->started_unix_ms) : 0;

		t->running_ms = age < c->now_ms ? c->now_ms - age : 1;
	}
}

static void unhealthy(struct core *c, int32_t at, int64_t unix_ms)
{
	struct container *k = &c->container[at];

	char reason[PACKED_MAX];

	if (k->stop_asked || c->task[k->task].stop_ordered)
		return;
	packed_copy(reason, sizeof(reason), k->healthy
		? PACKED("health check failed: the container was healthy and is not any more")
		: PACKED("health check failed: the container was never healthy"));
	sight(c, k, STAGE_RUN, CLASS_UNHEALTHY, reason, unix_ms, false);
}

void on_container(struct core *c, const struct ev_container *ev)
{
	int32_t at = container_seen(c, ev);
	struct container *k;

	if (at == NONE)
		return;
	k = &c->container[at];
	switch (ev->what) {
	case C_LISTED:
		listed(c, at, ev);
		break;
	case C_CREATED:
		task_progress(c, k->task);
		k->state = CS_CREATED;
		k->inspect_ms = c->now_ms + inspect_gap_ms(0);
		break;
	case C_NETWORK_LEFT:
		if (k->state == CS_CREATED)
			k->inspect_ms = c->now_ms;
		break;
	case C_STARTED:
		started(c, at, ev->time_unix_ms);
		break;
	case C_DIED:
		if (!k->missed)
			ended(c, at, ev->exit_code, ev->time_unix_ms, c->now_ms);
		k->missed = false;
		break;
	case C_OOM:
		k->oom = true;
		k->oom_ms = c->now_ms;
		if (k->state == CS_EXITED && k->deaths > 0)
			died(c, at, k->finished_unix_ms);   /* 20.10 may say it up to 0.1 s after the exit */
		break;
	case C_KILLED:
		/* ECS and the engine ask before they kill: SIGKILL alone is somebody's hand */
		k->killed = k->killed || (ev->signal == SIGNAL_KILL && !k->stop_asked);
		k->stop_asked = k->stop_asked || asks_to_stop(ev->signal);
		break;
	case C_STOPPED:
		k->stop_asked = true;
		break;
	case C_UNHEALTHY:
		unhealthy(c, at, ev->time_unix_ms);
		break;
	case C_HEALTHY:
		k->healthy = true;
		break;
	case C_DESTROYED:
		*k = (struct container){ .used = false };
		break;
	case C_WHATS:
		break;
	}
}

/* The image's architecture became known after the container was gone already, told as an early exit. */
static void format_after_all(struct core *c, const char *image_id)
{
	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];
		char reason[SENTENCE_CAP];
		struct text text = text_on(reason, sizeof(reason));

		if (!k->used || k->state != CS_EXITED || !k->live || k->deaths != 1 ||
		    !str_eq(k->image_id, image_id) || k->ended_ms - k->started_ms >= FORMAT_MS ||
		    !other_arch(c, k) || failure_find(c, c->task[k->task].arn, k->name, CLASS_EXITED_EARLY) == NONE)
			continue;
		exit_reason(&text, k, k->ended_ms - k->started_ms);
		sight(c, k, STAGE_RUN, CLASS_EXEC_FORMAT, reason, k->finished_unix_ms, false);
	}
}

void on_image(struct core *c, const struct ev_image *ev)
{
	for (int32_t i = 0; i < c->rows.releases; i++) {
		struct release *r = &c->release[i];

		for (uint32_t k = 0; r->used && k < r->n_images; k++) {
			if (!str_eq(r->image[k].image_id, ev->image_id))
				continue;
			r->save = r->save || ((r->good || r->bad) && !str_eq(r->image[k].digest, ev->digest));
			PUT(r->image[k].digest, ev->digest);
			PUT(r->image[k].arch, ev->arch);
		}
	}
	format_after_all(c, ev->image_id);
}

void on_last_words(struct core *c, const struct ev_last_words *ev)
{
	int32_t at = container_find(c, ev->id);
	const struct container *k = at == NONE ? NULL : &c->container[at];
	char reason[SENTENCE_CAP];
	struct text text = text_on(reason, sizeof(reason));

	if (k == NULL || ev->class == CLASS_NONE ||
	    failure_find(c, c->task[k->task].arn, k->name, CLASS_EXITED_EARLY) == NONE)
		return;
	exit_reason(&text, k, k->ended_ms - k->started_ms);
	sight(c, k, STAGE_RUN, ev->class, reason, k->finished_unix_ms, false);
}

/* A row whose container was made while the listing was on its way stays: its end would come as an event. */
static void engine_synced(struct core *c, uint64_t asked_ms)
{
	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];

		if (k->used && !k->listed && (asked_ms == 0 || k->created_ms < asked_ms))
			c->container[i] = (struct container){ .used = false };
	}
}

void on_sync(struct core *c, const struct ev_sync *ev)
{
	if (ev->source == SRC_ENGINE && ev->end)
		engine_synced(c, ev->asked_ms);
	for (int32_t i = 0; ev->source == SRC_ENGINE && !ev->end && i < c->rows.containers; i++)
		if (c->container[i].used)   /* a row nobody uses is never written: it costs no memory */
			c->container[i].listed = false;
	for (int32_t i = 0; ev->source == SRC_INTROSPECTION && i < c->rows.tasks; i++) {
		struct task *t = &c->task[i];

		if (!t->used)
			continue;
		if (ev->end && t->in_agent && !t->in_listing)
			t->in_agent = !(t->ended = true);
		t->in_listing = false;
	}
	if (ev->source == SRC_INTROSPECTION && ev->end)
		node_state_synced(c);
}

/* Called when an inspect has been asked for: spaces the next one while nothing changes. */
void containers_tick(struct core *c)
{
	for (int32_t i = 0; i < c->rows.containers; i++) {
		struct container *k = &c->container[i];

		if (!k->used || k->inspect_ms == 0 || k->inspect_ms > c->now_ms)
			continue;
		k->inspects++;
		k->inspect_ms = k->state == CS_CREATED && k->inspects < 24 ? c->now_ms + inspect_gap_ms(k->inspects) : 0;
	}
}
