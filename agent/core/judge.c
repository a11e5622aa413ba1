/* Failures: told once, counted once, and the verdict on the release they are of. */
#include "agent/core/parts.h"

#define PROBE_MS (5 * SEC)       /* an experiment that has not answered by then says nothing */

static void set_reason(struct failure *f, const struct sighting *s)
{
	f->class = s->class;
	f->stage = s->stage;
	f->reason_cut = str_cut(f->reason, sizeof(f->reason), slice_of(s->reason)) || s->cut;
	f->has_exit = s->has_exit || f->has_exit;
	if (s->has_exit)
		f->exit_code = s->exit_code;
}

/* One end of one container, told by a second source or named anew; a loop in place is one failure, whatever ends it. */
static bool one_end(const struct core *c, const struct sighting *s, const struct failure *f)
{
	int32_t at = container_of(c, s->task, s->container);

	if (f->stage != STAGE_RUN || s->stage != STAGE_RUN || f->class == CLASS_UNHEALTHY || s->class == CLASS_UNHEALTHY)
		return false;
	if (f->class == CLASS_RESTART_LOOP || s->class == CLASS_RESTART_LOOP)
		return f->class != CLASS_OOM && s->class != CLASS_OOM;
	return s->class == CLASS_EXITED_EARLY || s->class == CLASS_CRASH_LOOP || s->class == CLASS_OOM || s->class == CLASS_EXEC_FORMAT || at == NONE ||
	       c->container[at].deaths <= 1;
}

/* That it ended, early or late, explains less than what is known already, and nothing explains more than a loop. */
static bool names_better(enum class known, enum class said)
{
	return known != said && said != CLASS_EXITED_EARLY && said != CLASS_CRASH_LOOP && said != CLASS_EXITED && known != CLASS_RESTART_LOOP;
}

/* The row an earlier sighting of the same incident already has: a pull still in retry, or one whose
 * cause was not known yet. */
static int32_t same_incident(const struct core *c, const struct sighting *s)
{
	const char *arn = c->task[s->task].arn;
	int32_t at = failure_find(c, arn, s->container, s->class);

	if (at != NONE)
		return at;
	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct fail_slot *slot = &c->failure[i];
		const struct failure *f = &slot->f;
		bool vague = f->class == CLASS_PULL_UNKNOWN || f->class == CLASS_CREATE_FAILED ||
			     f->class == CLASS_START_UNKNOWN;

		if (!slot->used || !str_eq(f->task, arn) || !str_eq(f->container, s->container))
			continue;
		if (slot->provisional || (vague && f->stage == s->stage) || one_end(c, s, f))
			return i;
	}
	return NONE;
}

static void begin_probe(struct core *c, struct fail_slot *slot)
{
	slot->weighing = true;
	slot->asked = false;
	if (c->probe_until_ms <= c->now_ms)
		c->probe_until_ms = c->now_ms + PROBE_MS;
}

/* What fails at one time on one node may have one cause: the others are looked at again. */
static void weigh_others(struct core *c, const struct fail_slot *fresh)
{
	for (int32_t i = 0; fresh->f.stage == STAGE_RUN && i < c->rows.failures; i++) {
		struct fail_slot *o = &c->failure[i];

		if (o->used && o != fresh && o->f.stage == STAGE_RUN && o->f.epoch == c->epoch && !str_eq(o->f.service, fresh->f.service) &&
		    c->now_unix_ms - o->f.first_unix_ms < (int64_t)(120 * SEC))
			o->weighing = o->asked = true;
	}
}

static void fill(struct core *c, struct fail_slot *slot, const struct sighting *s)
{
	const struct task *t = &c->task[s->task];
	struct failure *f = &slot->f;
	int32_t service = t->service[0] == '\0' ? NONE : service_find(c, t->service);

	f->epoch = c->epoch;
	f->kind = t->kind;
	PUT(f->service, t->service);
	PUT(f->cluster, c->node.cluster);
	PUT(f->family, t->family);
	PUT(f->task, t->arn);
	PUT(f->container, s->container);
	PUT(f->started_by, t->started_by);
	f->revision = t->revision;
	f->essential = (int8_t)s->essential;
	PUT(f->image, s->image);
	PUT(f->digest, s->digest);
	f->first_unix_ms = s->unix_ms != 0 ? s->unix_ms : c->now_unix_ms;
	f->link_bad = c->link_bad_ms != 0;
	f->unseen = s->unseen;
	slot->seen_ms = c->now_ms;
	set_reason(f, s);
	slot->release = t->release;
	if (t->release != NONE) {
		PUT(f->deployment, c->release[t->release].deployment);
		for (uint32_t i = 0; f->digest[0] == '\0' && i < c->release[t->release].n_images; i++)
			if (str_eq(c->release[t->release].image[i].container, s->container))
				PUT(f->digest, c->release[t->release].image[i].digest);
	}
	if (service != NONE)
		look_want(c, (uint32_t)service);
}

/* An old line of a log, from before this boot, is told but belongs to another epoch. */
static bool before_boot(const struct core *c, int64_t unix_ms)
{
	return unix_ms != 0 && c->boot_unix_ms != 0 && unix_ms < c->boot_unix_ms;
}

/* An exit that was followed by a start in place ended no task: the loop counts in its stead. */
static bool looped(const struct core *c, const struct failure *f)
{
	return f->stage == STAGE_RUN && f->class != CLASS_RESTART_LOOP &&
	       failure_find(c, f->task, f->container, CLASS_RESTART_LOOP) != NONE;
}

static void count(struct core *c, struct fail_slot *slot)
{
	struct failure *f = &slot->f;
	int32_t task = task_find(c, f->task);

	if (f->counted || slot->provisional || f->essential != TRI_YES || f->epoch != c->epoch ||
	    (f->kind != FK_SERVICE && f->kind != FK_DAEMON) || f->stage == STAGE_NODE || f->stage == STAGE_DEPLOY ||
	    f->class == CLASS_STALE_IMAGE || task == NONE ||
	    c->task[task].counted || before_boot(c, f->first_unix_ms) || looped(c, f))
		return;
	f->counted = true;
	c->task[task].counted = true;
	slot->save = true;
}

/* arn:...:task/CLUSTER/ID; older ARNs do not name the cluster. */
static bool of_another_cluster(const struct core *c, const char *arn)
{
	struct slice own = slice_of(c->node.cluster), task = slice_of(arn);
	size_t from = slice_find(task, ":task/"), slash = slice_rfind(own, "/");

	if (from == SIZE_MAX || own.n == 0)
		return false;
	if (slash != SIZE_MAX)
		own = slice_from(own, slash + 1);
	task = slice_from(task, from + 6);
	slash = slice_find(task, "/");
	return slash != SIZE_MAX && !slice_eq(slice_to(task, slash), own);
}

int32_t judge_sighting(struct core *c, const struct sighting *s)
{
	int32_t at = same_incident(c, s);
	struct fail_slot *slot;
	bool fresh = at == NONE, renamed = false;

	if (of_another_cluster(c, c->task[s->task].arn))
		return NONE;
	if (fresh && failure_is_past(c, s->unix_ms, c->told_unix_ms))
		return NONE;
	release_bind(c, s->task, true);
	if (fresh)
		at = failure_add(c, s->unix_ms);
	if (at == NONE)
		return NONE;
	slot = &c->failure[at];
	slot->f.count += fresh || s->provisional || (s->anew && slot->f.class != CLASS_RESTART_LOOP);   /* a loop counts its restarts */
	slot->f.last_unix_ms = s->unix_ms != 0 ? s->unix_ms : c->now_unix_ms;
	if (fresh)
		fill(c, slot, s);
	else if (slot->provisional || names_better(slot->f.class, s->class)) {
		renamed = slot->f.class != s->class;
		set_reason(&slot->f, s);
	}
	if (s->has_exit && !slot->f.has_exit) {
		slot->f.has_exit = slot->save = true;   /* the log told it first, without the engine's code */
		slot->f.exit_code = s->exit_code;
	}
	if (s->essential != TRI_UNKNOWN)
		slot->f.essential = (int8_t)s->essential;
	if (!fresh && !slot->provisional && !renamed)
		return at;
	slot->suspect = s->provisional && fresh;
	if (!s->provisional)
		slot->tell = slot->save = true;
	slot->provisional = s->provisional;
	slot->own = s->own;
	blame_weigh(c, slot);
	begin_probe(c, slot);
	weigh_others(c, slot);
	count(c, slot);
	if (slot->release != NONE)
		judge_release(c, slot->release);
	return at;
}

void judge_essential(struct core *c, int32_t task, const char *container, enum tri essential)
{
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];

		if (!slot->used || slot->f.essential == (int8_t)essential || !str_eq(slot->f.task, c->task[task].arn) ||
		    !str_eq(slot->f.container, container))
			continue;
		slot->f.essential = (int8_t)essential;
		slot->save = !slot->provisional;
		count(c, slot);
		if (slot->release != NONE)
			judge_release(c, slot->release);
	}
}

/* The pull came through after all, or the cached image runs: it was no failure of the task. */
void judge_retract(struct core *c, int32_t task)
{
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].provisional && str_eq(c->failure[i].f.task, c->task[task].arn))
			c->failure[i].used = false;
}

static void uncount_exit(struct core *c, int32_t task, const char *container)
{
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];

		if (!slot->used || !slot->f.counted || slot->f.stage != STAGE_RUN || slot->f.class == CLASS_RESTART_LOOP ||
		    !str_eq(slot->f.task, c->task[task].arn) || !str_eq(slot->f.container, container))
			continue;
		slot->f.counted = false;
		slot->save = true;
		c->task[task].counted = false;
	}
}

/* The next turn of a loop is an end of its own: it may fall with a good line where the first one did not. */
static void fell_again(struct core *c, struct fail_slot *slot, uint64_t ended_ms)
{
	int32_t service = slot->f.service[0] == '\0' ? NONE : service_find(c, slot->f.service);

	if (!slot->f.link_bad || ended_ms <= slot->seen_ms || c->link_bad_ms != 0 || ended_ms <= c->link_good_ms)
		return;
	slot->seen_ms = ended_ms;
	slot->again = true;
	if (service != NONE)
		look_want(c, (uint32_t)service);
}

/* The same container was started again: what looked like an exit is a loop that the restart policy hides. */
void judge_restarts(struct core *c, int32_t task, int32_t container, uint32_t restarts)
{
	const struct container *k = &c->container[container];
	char reason[SENTENCE_CAP];
	struct text text = text_on(reason, sizeof(reason));
	int32_t at;

	uncount_exit(c, task, k->name);
	text_s(&text, "restarted in place ");
	text_u64(&text, restarts);
	text_s(&text, restarts == 1 ? " time; last exit code " : " times; last exit code ");
	text_i64(&text, k->exit_code);
	at = judge_sighting(c, &(struct sighting){
		.task = task, .container = k->name, .image = k->image, .digest = "", .reason = reason,
		.stage = STAGE_RUN, .class = CLASS_RESTART_LOOP, .has_exit = true, .exit_code = k->exit_code,
		.essential = k->essential,
	});
	if (at == NONE)
		return;
	fell_again(c, &c->failure[at], k->ended_ms);
	set_reason(&c->failure[at].f, &(struct sighting){ .class = CLASS_RESTART_LOOP, .stage = STAGE_RUN,
		.reason = reason, .has_exit = true, .exit_code = k->exit_code });
	c->failure[at].f.count = restarts;
	count(c, &c->failure[at]);
	c->failure[at].save = restarts <= core_policy(c, c->task[task].service)->failures;
	if (c->failure[at].release != NONE)
		judge_release(c, c->failure[at].release);
}

/* A failure of no task: nothing of it is ever counted. */
static struct fail_slot *tell_state(struct core *c, enum class class, const char *reason)
{
	int32_t at = failure_add(c, 0);
	struct fail_slot *slot = at == NONE ? NULL : &c->failure[at];

	if (slot == NULL)
		return NULL;
	slot->f.epoch = c->epoch;
	slot->f.class = class;
	slot->f.stage = class_stage(class);
	slot->f.reason_cut = str_cut(slot->f.reason, sizeof(slot->f.reason), slice_of(reason));
	slot->f.count = 1;
	slot->f.first_unix_ms = slot->f.last_unix_ms = c->now_unix_ms;
	slot->f.link_bad = c->link_bad_ms != 0;
	PUT(slot->f.cluster, c->node.cluster);
	slot->tell = slot->save = true;
	return slot;
}

void judge_state(struct core *c, enum class class, const struct container *k, const char *reason)
{
	const struct task *t = k == NULL ? NULL : &c->task[k->task];
	struct fail_slot *slot;

	if (t != NULL && of_another_cluster(c, t->arn))
		return;
	slot = tell_state(c, class, reason);
	if (slot == NULL)
		return;
	if (t != NULL) {
		slot->f.kind = t->kind;
		slot->f.revision = t->revision;
		slot->f.essential = (int8_t)k->essential;
		PUT(slot->f.service, t->service);
		PUT(slot->f.family, t->family);
		PUT(slot->f.task, t->arn);
		PUT(slot->f.started_by, t->started_by);
		PUT(slot->f.container, k->name);
		PUT(slot->f.image, k->image);
	}
	blame_weigh(c, slot);
}

/* One row a deployment and class, whatever the daemon is told how often. */
void judge_deployment(struct core *c, uint32_t service, enum class class, const char *reason)
{
	struct service *s = &c->service[service];
	int32_t now = core_current(c, s);
	struct fail_slot *slot;

	s->stuck = true;
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].f.class == class && c->failure[i].f.task[0] == '\0' &&
		    str_eq(c->failure[i].f.deployment, s->dep.arn))
			return;
	slot = tell_state(c, class, reason);
	if (slot == NULL)
		return;
	slot->f.kind = FK_SERVICE;
	PUT(slot->f.service, s->m.name);
	PUT(slot->f.deployment, s->dep.arn);
	if (now != NONE && str_eq(c->release[now].deployment, s->dep.arn)) {
		PUT(slot->f.family, c->release[now].family);
		slot->f.revision = c->release[now].revision;
	}
	blame_weigh(c, slot);
}

/* Exit codes above 128, up to the largest signal, are of a signal. */
bool judge_signalled(int32_t exit_code)
{
	return exit_code > 128 && exit_code < 128 + 65;
}

/* An early exit, or the next turn of a loop over replaced tasks: earlier tasks of this release ended early too. Whoever is
 * to blame for them, and also where no service is known and so none is counted. */
enum class judge_early_class(const struct core *c, int32_t task)
{
	const struct task *t = &c->task[task];
	uint32_t before = 0, needed = core_policy(c, t->service)->failures;

	for (int32_t i = 0; t->release != NONE && t->kind != FK_STANDALONE && i < c->rows.failures; i++) {
		const struct fail_slot *s = &c->failure[i];

		before += s->used && s->release == t->release && s->f.epoch == c->epoch && !str_eq(s->f.task, t->arn) &&
			  s->f.essential != (int8_t)TRI_NO && (s->f.class == CLASS_EXITED_EARLY || s->f.class == CLASS_CRASH_LOOP);
	}
	return needed > 1 && before + 1 >= needed ? CLASS_CRASH_LOOP : CLASS_EXITED_EARLY;
}

/* Something about the task became known (its family, its service): its failures may count now. */
void judge_task(struct core *c, int32_t task)
{
	const struct task *t = &c->task[task];
	int32_t service = t->service[0] == '\0' ? NONE : service_find(c, t->service);
	bool any = false;

	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];

		if (!slot->used || !str_eq(slot->f.task, t->arn))
			continue;
		if (slot->f.stage == STAGE_NODE) {
			PUT(slot->f.service, t->service);
			continue;
		}
		any = true;
		slot->f.kind = t->kind;
		if (slot->f.family[0] == '\0') {
			PUT(slot->f.family, t->family);
			slot->f.revision = t->revision;
		}
		if (slot->release == NONE) {
			release_bind(c, task, true);
			slot->release = t->release;
		}
		PUT(slot->f.service, t->service);
		PUT(slot->f.started_by, t->started_by);
		slot->save = !slot->provisional;
		count(c, slot);
		if (slot->release != NONE)
			judge_release(c, slot->release);
	}
	if (any && service != NONE)
		look_want(c, (uint32_t)service);
}

/* Counts what speaks against a release: every task once, and only what the release itself is to blame for. */
static void tally(struct core *c, int32_t release, uint64_t classes, bool *deterministic, uint32_t *last)
{
	struct release *r = &c->release[release];
	const struct policy *p = core_policy(c, r->service);

	r->failed = r->restarts = 0;
	r->epoch = c->epoch;
	*deterministic = false;
	*last = 0;
	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct fail_slot *slot = &c->failure[i];
		const struct failure *f = &slot->f;

		if (!slot->used || slot->release != release || slot->provisional || slot->weighing || !f->counted ||
		    f->epoch != c->epoch || f->blame != BLAME_RELEASE || (classes & CLASS_BIT(f->class)) == 0)
			continue;
		if (p->window_ms != 0 && c->now_unix_ms - f->last_unix_ms > (int64_t)p->window_ms)
			continue;
		if (f->class == CLASS_RESTART_LOOP)
			r->restarts = f->count > r->restarts ? f->count : r->restarts;
		r->failed++;
		*deterministic = *deterministic || class_deterministic(f->class);
		if (f->id > *last)
			*last = f->id;
		if (r->first_fail_unix_ms == 0 || f->first_unix_ms < r->first_fail_unix_ms)
			r->first_fail_unix_ms = f->first_unix_ms;
	}
}

static bool convicts(const struct release *r, const struct policy *p, bool deterministic)
{
	return r->failed > 0 && (deterministic || r->failed >= p->failures || r->restarts >= p->failures);
}

void judge_release(struct core *c, int32_t release)
{
	struct release *r = &c->release[release];
	const struct policy *p = core_policy(c, r->service);
	int32_t service = r->service[0] == '\0' ? NONE : service_find(c, r->service);
	bool deterministic;
	uint32_t last;

	tally(c, release, p->classes, &deterministic, &last);
	if (service != NONE && convicts(r, p, deterministic))
		rollback_decide(c, (uint32_t)service, release, last);
	tally(c, release, UINT64_MAX, &deterministic, &last);
	r->deterministic = deterministic;
	r->last_failure = last;
	if (convicts(r, p, deterministic) && !r->bad) {
		r->bad = true;
		r->save = true;
	}
}

void judge_weigh(struct core *c, struct fail_slot *slot)
{
	enum blame before = slot->f.blame;
	uint8_t said = slot->f.n_evidence;

	blame_weigh(c, slot);
	slot->save = slot->save || (!slot->provisional && (before != slot->f.blame || said != slot->f.n_evidence));
	if (slot->release != NONE)
		judge_release(c, slot->release);
}

/* How other nodes fare with the release became known. */
void judge_again(struct core *c, int32_t release)
{
	for (int32_t i = 0; release != NONE && i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].release == release && c->failure[i].f.epoch == c->epoch)
			judge_weigh(c, &c->failure[i]);
}

void judge_tick(struct core *c)
{
	if (c->probe_until_ms == 0 || c->now_ms < c->probe_until_ms)
		return;
	c->probe_until_ms = 0;
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];

		if (!slot->used || !slot->weighing)
			continue;
		slot->weighing = false;
		judge_weigh(c, slot);
	}
}
