/* The site's own time: tasks, the scheduler, the control plane, a person, and the turns of kedge. */
#include "tests/crash/site.h"

#include <string.h>

#define KILLED_MS 2000           /* systemd starts it again */
#define REBOOT_MS 45000
#define STEADY_AFTER_MS 65000    /* a deployment is SUCCESSFUL then */

/* Without its conf a node is never copied: only what was written of a file, and nothing behind it. */
void site_copy(struct site *to, const struct site *from)
{
	memcpy(to, from, offsetof(struct site, disk) + offsetof(struct disk, file) + from->disk.n);
}

static bool up(const struct run *r)
{
	return r->s.up_ms == 0;
}

void site_die(struct run *r, bool power)
{
	struct site *s = &r->s;

	r->asks = 0;
	r->flush_ms = 0;
	s->up_ms = s->now_ms + (power ? REBOOT_MS : KILLED_MS);
	if (!power)
		return;
	s->boots++;
	for (uint32_t i = 0; i < SITE_TASKS; i++) {
		struct site_task *t = &s->task[i];

		if (t->state == TASK_FREE || t->state == TASK_ENDED)
			continue;
		t->with_host = true;
		t->exit_code = t->started_ms != 0 ? 255 : -1;
		t->state = TASK_ENDED;
		t->ended_ms = s->now_ms;
		t->next_ms = 0;
	}
	s->boot_ms = s->now_ms + REBOOT_MS - 20000;
	s->schedule_ms = s->now_ms + REBOOT_MS + 5000;
}

static void deploy(struct run *r, enum behaviour how, uint32_t revision)
{
	struct site *s = &r->s;
	uint32_t last = s->n_deps == 0 ? 0 : s->n_deps - 1;

	if (s->n_deps > 0 && s->dep[last].status == SD_IN_PROGRESS)
		s->dep[last].status = SD_STOPPED;
	/* it replaces what last succeeded */
	while (last > 0 && s->dep[last].status != SD_SUCCESSFUL)
		last--;
	s->dep[s->n_deps] = (struct site_dep){ .how = how, .revision = revision, .status = SD_IN_PROGRESS, .created_ms = s->now_ms,
					       .source = s->n_deps == 0 ? 0 : last };
	s->n_deps++;
	s->schedule_ms = s->now_ms + 500;
}

static void place(struct run *r, uint32_t dep)
{
	struct site *s = &r->s;
	uint32_t i = 1;

	while (i < SITE_TASKS && s->task[i].state != TASK_FREE)
		i++;
	if (i == SITE_TASKS) {
		broke(r, "the site has no room for a task", "");
		return;
	}
	s->task[i] = (struct site_task){ .state = TASK_PLACED, .dep = dep, .exit_code = -1, .placed_ms = s->now_ms };
	s->task[i].next_ms = s->now_ms + (s->dep[dep].how == NO_IMAGE ? 15000 : 500);
	if (up(r))
		site_tell_task(r, i);
}

static bool has_task(const struct site *s, uint32_t dep)
{
	for (uint32_t i = 0; i < SITE_TASKS; i++)
		if (s->task[i].state != TASK_FREE && s->task[i].state != TASK_ENDED && s->task[i].dep == dep)
			return true;
	return false;
}

static void stop_task(struct run *r, uint32_t i)
{
	struct site *s = &r->s;
	struct site_task *t = &s->task[i];
	bool ran = t->state == TASK_RUNS;

	t->stop_ordered = true;
	t->state = TASK_ENDED;
	t->ended_ms = s->now_ms;
	t->next_ms = 0;
	t->exit_code = ran ? 143 : t->exit_code;
	if (!up(r))
		return;
	{
		struct event *ev = node_event(r->node, EV_TASK);

		ev->u.task.what = T_STOP_ORDER;
		site_arn(ev->u.task.task, "task", i);
		node_feed(r->node, ev);
	}
	if (ran) {
		site_container(r, i, C_KILLED, false);
		site_container(r, i, C_DIED, false);
	}
	site_line(r, i);
}

/* ECS tries what keeps failing ever more rarely. */
static uint64_t gap_ms(const struct site *s, uint32_t dep)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SITE_TASKS; i++)
		n += s->task[i].state == TASK_ENDED && s->task[i].dep == dep;
	return UINT64_C(4000) << (n < 5 ? n : 5);
}

/* One task a release that is wanted: the new one while it is tried, the old one until the new one has proved itself. */
static void schedule(struct run *r)
{
	struct site *s = &r->s;
	uint32_t newest = s->n_deps - 1, old = s->dep[newest].source;
	bool done = s->dep[newest].status == SD_SUCCESSFUL, trying = s->dep[newest].status == SD_IN_PROGRESS;

	for (uint32_t i = 0; i < SITE_TASKS; i++) {
		const struct site_task *t = &s->task[i];
		bool wanted = (t->dep == newest && (done || trying)) || (t->dep == old && !done);

		if (t->state != TASK_FREE && t->state != TASK_ENDED && !wanted)
			stop_task(r, i);
	}
	if ((done || trying) && !has_task(s, newest))
		place(r, newest);
	if (!done && old != newest && !has_task(s, old))
		place(r, old);
	s->schedule_ms = s->now_ms + gap_ms(s, newest);
}

static void ended(struct run *r, uint32_t i, int exit_code)
{
	struct site_task *t = &r->s.task[i];

	t->state = TASK_ENDED;
	t->exit_code = exit_code;
	t->ended_ms = r->s.now_ms;
	t->next_ms = 0;
	if (!up(r))
		return;
	if (exit_code >= 0)
		site_container(r, i, C_DIED, false);
	site_line(r, i);
}

static void starts(struct run *r, uint32_t i)
{
	struct site_task *t = &r->s.task[i];
	enum behaviour how = r->s.dep[t->dep].how;

	t->restarts += t->state == TASK_RESTARTS;
	t->state = TASK_RUNS;
	t->started_ms = r->s.now_ms;
	t->next_ms = r->s.now_ms + (how == RUNS_WELL ? STEADY_AFTER_MS : how == EXITS ? 300 : 2000);
	if (!up(r))
		return;
	site_container(r, i, C_STARTED, false);
	site_tell_task(r, i);
}

static void task_step(struct run *r, uint32_t i)
{
	struct site *s = &r->s;
	struct site_task *t = &s->task[i];
	struct site_dep *d = &s->dep[t->dep];

	switch (t->state) {
	case TASK_PLACED:
		if (d->how == NO_IMAGE && t->told_pull) {
			ended(r, i, -1);
			return;
		}
		if (d->how == NO_IMAGE) {
			t->told_pull = true;
			t->next_ms = s->now_ms + 14000;
			if (up(r))
				site_line(r, i);
			return;
		}
		t->state = TASK_CREATED;
		t->created_ms = s->now_ms;
		t->next_ms = s->now_ms + 300;
		if (up(r))
			site_container(r, i, C_CREATED, false);
		if (up(r))
			site_container(r, i, C_LISTED, false);
		return;
	case TASK_CREATED:
		if (d->how == NO_EXEC)
			ended(r, i, -1);
		else
			starts(r, i);
		return;
	case TASK_RUNS:
		if (d->how == EXITS) {
			ended(r, i, 1);
		} else if (d->how == LOOPS) {
			t->state = TASK_RESTARTS;
			t->exit_code = 1;
			t->ended_ms = s->now_ms;
			t->next_ms = s->now_ms + 1000;
			if (up(r))
				site_container(r, i, C_DIED, false);
		} else {
			t->next_ms = 0;
			if (d->status == SD_IN_PROGRESS)
				d->status = SD_SUCCESSFUL;
		}
		return;
	case TASK_RESTARTS:
		starts(r, i);
		return;
	case TASK_FREE:
	case TASK_ENDED:
		return;
	}
}

/* Somebody who looks every 20 s and does one thing about what waits for him. */
static void person(struct run *r)
{
	const struct core *c = &r->node->core;
	int32_t at = NONE;
	enum rb_state state;
	enum op_verb verb;
	struct event *ev;

	r->s.person_ms = r->s.now_ms + 20000;
	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used)
			at = i;
	if (!up(r) || r->s.story->person == NOBODY || at == NONE)
		return;
	state = c->service[at].rb.state;
	verb = r->s.story->person == CONFIRMS ? OPV_CONFIRM : r->s.story->person == CANCELS ? OPV_CANCEL : OPV_ROLLBACK;
	if (verb == OPV_ROLLBACK ? state != RB_NONE || r->s.now_ms < r->s.zero_ms + 40000 : state != RB_AWAITING_CONFIRMATION)
		return;
	ev = node_event(r->node, EV_OPERATOR);
	ev->u.operator.verb = verb;
	ev->u.operator.uid = 1000;
	(void)str_put(ev->u.operator.service, NAME_CAP, slice_of("web"));
	node_feed(r->node, ev);
}

static void cloud_goes_on(struct site *s)
{
	for (uint32_t i = 0; i < s->n_deps; i++)
		if (s->dep[i].status_ms != 0 && s->dep[i].status_ms <= s->now_ms) {
			s->dep[i].status = SD_ROLLBACK_SUCCESSFUL;
			s->dep[i].status_ms = 0;
		}
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return b != 0 && b < a ? b : a;
}

static uint64_t next_ms(const struct run *r)
{
	const struct site *s = &r->s;
	uint64_t at = sooner(sooner(s->end_ms, s->schedule_ms), s->person_ms);

	if (s->zero_ms > s->now_ms)
		at = sooner(at, s->zero_ms);
	if (s->story->fixed_s != 0 && !s->fixed)
		at = sooner(at, s->zero_ms + s->story->fixed_s * 1000);
	for (uint32_t i = 0; i < s->n_deps; i++)
		at = sooner(at, s->dep[i].status_ms);
	for (uint32_t i = 0; i < SITE_TASKS; i++)
		at = sooner(at, s->task[i].next_ms);
	for (uint32_t i = 0; i < r->asks; i++)
		at = sooner(at, r->ask[i].ms);
	return sooner(sooner(at, r->flush_ms), s->up_ms);
}

static void turn_of_kedge(struct run *r)
{
	uint64_t boot_ms = r->s.now_ms - r->s.boot_ms;

	for (uint32_t i = 0; i < r->asks; i++)
		if (r->ask[i].ms <= r->s.now_ms) {
			struct action a = r->ask[i].a;

			memmove(&r->ask[i], &r->ask[i + 1], (--r->asks - i) * sizeof(r->ask[0]));
			site_answer(r, &a);
			return;
		}
	if (r->flush_ms != 0 && r->flush_ms <= r->s.now_ms) {
		r->flush_ms = 0;
		while (journal_flush(r->node))
			continue;
		if (journal_due(r->node) != CORE_NEVER)
			r->flush_ms = r->s.boot_ms + journal_due(r->node) + (journal_due(r->node) <= boot_ms);
		return;
	}
	if (core_deadline(&r->node->core) <= boot_ms)
		node_feed(r->node, node_event(r->node, EV_TICK));
}

static void happenings(struct run *r)
{
	struct site *s = &r->s;

	cloud_goes_on(s);
	if (s->up_ms != 0 && s->up_ms <= s->now_ms) {
		s->up_ms = 0;
		site_start(r);
	}
	if (s->zero_ms == s->now_ms && s->n_deps == 1)
		deploy(r, s->story->bad, 12);
	if (s->story->fixed_s != 0 && !s->fixed && s->now_ms >= s->zero_ms + s->story->fixed_s * 1000) {
		s->fixed = true;
		deploy(r, RUNS_WELL, 13);
	}
	for (uint32_t i = 0; i < SITE_TASKS; i++)
		if (s->task[i].next_ms != 0 && s->task[i].next_ms <= s->now_ms)
			task_step(r, i);
	if (s->schedule_ms <= s->now_ms)
		schedule(r);
	if (s->person_ms <= s->now_ms)
		person(r);
}

/* Old records up to so many bytes before the rewrite: the story's own then cross that line. */
static void fill_journal(struct run *r, uint32_t left)
{
	struct record rec = { .kind = REC_AUDIT, .unix_ms = SITE_UNIX_MS, .u.audit = { .uid = 1000, .text = "rollback web" } };
	struct disk *d = &r->s.disk;
	struct why why;
	size_t n = 0;

	d->there = left != 0;
	while (left != 0 && d->n + left < JOURNAL_MAX) {
		rec.seq++;
		if (record_write(&rec, d->file + d->n, sizeof(d->file) - d->n, &n, &why) != KERR_OK)
			return;
		d->n += n;
	}
}

void site_begin(struct run *r, const struct story *story)
{
	struct site *s = &r->s;

	memset(s, 0, offsetof(struct site, disk) + offsetof(struct disk, file));
	s->story = story;
	s->now_ms = s->person_ms = 100000;
	s->boots = 1;
	s->zero_ms = s->now_ms + 150000;
	s->end_ms = s->zero_ms + story->minutes * UINT64_C(60000);
	r->asks = r->lives = 0;
	r->steps = r->flush_ms = 0;
	r->broken[0] = '\0';
	alive = r;
	fill_journal(r, story->journal_left);
	deploy(r, RUNS_WELL, 11);
	site_start(r);
}

void site_run(struct run *r)
{
	struct site *s = &r->s;

	/* what is on its way when the story ends still arrives */
	while (r->broken[0] == '\0' && (s->now_ms < s->end_ms || ((r->asks > 0 || r->flush_ms != 0) && s->now_ms < s->end_ms + 10000))) {
		uint64_t at = next_ms(r), wake = up(r) ? core_deadline(&r->node->core) : CORE_NEVER;

		if (wake != CORE_NEVER && s->boot_ms + wake < at)
			at = s->boot_ms + wake;
		s->now_ms = at > s->now_ms ? at : s->now_ms + 1;
		happenings(r);
		if (up(r))
			turn_of_kedge(r);
	}
}
