/* Rows of the core's tables: find, add, and what gives way when a table is full. */
#include "agent/core/parts.h"

#include <string.h>

void put_str(char *dst, size_t cap, const char *src)
{
	(void)str_put(dst, cap, slice_of(src));
}

/* xorshift64*: dice for hold-downs, seeded by the daemon; no cryptographic use */
uint64_t dice(struct core *c, uint64_t below)
{
	c->rng ^= c->rng >> 12;
	c->rng ^= c->rng << 25;
	c->rng ^= c->rng >> 27;
	return below == 0 ? 0 : (c->rng * UINT64_C(0x2545F4914F6CDD1D)) % below;
}

/* Old agents name a task by its id only; an id is the ARN's last segment. */
static bool same_task(const char *arn, struct slice arn_or_id)
{
	struct slice a = slice_of(arn), b = arn_or_id;

	if (a.n <= b.n || b.n == 0)
		return slice_eq(a, b);
	return a.p[a.n - b.n - 1] == '/' && slice_eq(slice_from(a, a.n - b.n), b) && !slice_starts(b, "arn:");
}

static void reach(int32_t *rows, int32_t at)
{
	if (*rows <= at)
		*rows = at + 1;
}

int32_t task_find(const struct core *c, const char *arn_or_id)
{
	const struct slice wanted = slice_of(arn_or_id);

	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (c->task[i].used && same_task(c->task[i].arn, wanted))
			return i;
	return NONE;
}

/* The row of one of its containers, free now; NONE: it had none. */
static int32_t task_drop(struct core *c, int32_t task)
{
	int32_t at = NONE;

	for (int32_t i = 0; i < c->rows.containers; i++)
		if (c->container[i].used && c->container[i].task == task) {
			c->container[i] = (struct container){ .used = false };
			at = i;
		}
	memset(&c->task[task], 0, sizeof(c->task[task]));
	c->counter.tasks_dropped++;
	return at;
}

enum { RESTS, AWAITED, RUNS };

/* AWAITED: the engine has still to say what became of a container. With the row that answer would go, and nobody asks again. */
static int how_it_goes(const struct core *c, int32_t task)
{
	int how = RESTS;

	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];

		if (!k->used || k->task != task)
			continue;
		if (k->state != CS_CREATED && k->state != CS_EXITED)
			return RUNS;
		if (k->inspect_ms != 0 || k->words_wanted)
			how = AWAITED;
	}
	return how;
}

/* How soon a row gives way to one made at this time; 0: never. What only the journal remembers, and no source has named since the
 * start, ended while nobody looked. What no agent names has containers that never started, or are left over. */
static int gives_way(const struct core *c, int32_t task, uint32_t containers, int64_t to_unix_ms)
{
	const struct task *t = &c->task[task];
	const int how = how_it_goes(c, task);

	if (t->ended)
		return how == RESTS ? 5 : 2;
	if (t->in_agent || how == RUNS)
		return 0;
	if (containers == 0)
		return t->from_log ? 0 : 4;
	if (how == RESTS)
		return 3;
	return t->first_unix_ms < to_unix_ms;
}

/* By when it was made: an engine lists the newest first. */
static int32_t task_oldest(const struct core *c, uint32_t with_containers, int64_t to_unix_ms)
{
	int32_t best = NONE;
	int soonest = 0;

	for (int32_t i = 0; i < c->rows.tasks; i++) {
		uint32_t containers = task_containers(c, i);
		int way = containers < with_containers ? 0 : gives_way(c, i, containers, to_unix_ms);

		if (way > soonest || (way > 0 && way == soonest && c->task[i].first_unix_ms < c->task[best].first_unix_ms)) {
			best = i;
			soonest = way;
		}
	}
	return best;
}

int32_t task_add(struct core *c, const char *arn, int64_t made_unix_ms)
{
	int32_t at = NONE;

	for (int32_t i = 0; i < TASKS_MAX && at == NONE; i++)
		if (!c->task[i].used)
			at = i;
	if (at == NONE) {
		at = task_oldest(c, 0, made_unix_ms);
		if (at == NONE) {
			c->counter.tasks_refused++;
			return NONE;
		}
		(void)task_drop(c, at);
	}
	c->task[at].used = true;
	reach(&c->rows.tasks, at);
	PUT(c->task[at].arn, arn);
	c->task[at].release = NONE;
	c->task[at].first_ms = c->task[at].progress_ms = c->now_ms;
	c->task[at].first_unix_ms = made_unix_ms < c->now_unix_ms ? made_unix_ms : c->now_unix_ms;
	/* it may have had a row before, which gave way */
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && str_eq(c->failure[i].f.task, arn))
			c->task[at].counted |= c->failure[i].f.counted;
	return at;
}

int32_t container_find(const struct core *c, const char *id)
{
	for (int32_t i = 0; i < c->rows.containers; i++)
		if (c->container[i].used && str_eq(c->container[i].id, id))
			return i;
	return NONE;
}

static int32_t container_oldest_ended(const struct core *c)
{
	int32_t best = NONE;

	for (int32_t i = 0; i < c->rows.containers; i++)
		if (c->container[i].state == CS_EXITED &&
		    (best == NONE || c->container[i].created_ms < c->container[best].created_ms))
			best = i;
	return best;
}

int32_t container_add(struct core *c, const char *id, int64_t made_unix_ms)
{
	int32_t at = NONE, task;

	for (int32_t i = 0; i < CONTAINERS_MAX && at == NONE; i++)
		if (!c->container[i].used)
			at = i;
	if (at == NONE) {
		at = container_oldest_ended(c);
		c->counter.containers_dropped++;
		task = at == NONE ? task_oldest(c, 1, made_unix_ms) : NONE;
		if (task != NONE)
			at = task_drop(c, task);
		if (at == NONE)
			return NONE;
	}
	memset(&c->container[at], 0, sizeof(c->container[at]));
	c->container[at].used = true;
	reach(&c->rows.containers, at);
	c->container[at].task = NONE;
	c->container[at].created_ms = c->now_ms;
	PUT(c->container[at].id, id);
	return at;
}

int32_t container_of(const struct core *c, int32_t task, const char *name)
{
	for (int32_t i = 0; i < c->rows.containers; i++)
		if (c->container[i].used && c->container[i].task == task && str_eq(c->container[i].name, name))
			return i;
	return NONE;
}

uint32_t task_containers(const struct core *c, int32_t task)
{
	uint32_t n = 0;

	for (int32_t i = 0; i < c->rows.containers; i++)
		n += c->container[i].used && c->container[i].task == task;
	return n;
}

int32_t service_find(const struct core *c, const char *name)
{
	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && str_eq(c->service[i].m.name, name))
			return i;
	return NONE;
}

struct service *service_at(struct core *c, uint32_t index)
{
	return index < SERVICES_MAX && c->service[index].used ? &c->service[index] : NULL;
}

int32_t service_add(struct core *c, const char *name)
{
	int32_t at = service_find(c, name);

	if (at != NONE)
		return at;
	for (at = 0; at < SERVICES_MAX; at++)
		if (!c->service[at].used) {
			c->service[at].used = true;
			reach(&c->rows.services, at);
			c->service[at].save = true;
			PUT(c->service[at].m.name, name);
			return at;
		}
	c->counter.services_refused++;
	return NONE;
}

static bool release_in_use(const struct core *c, int32_t release)
{
	const struct release *r = &c->release[release];

	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (c->task[i].used && c->task[i].release == release && !c->task[i].ended)
			return true;
	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && rb_open(c->service[i].rb.state) && str_eq(c->service[i].m.name, r->service))
			return true;
	return false;
}

static void release_forget(struct core *c, int32_t release)
{
	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (c->task[i].release == release)
			c->task[i].release = NONE;
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].release == release)
			c->failure[i].release = NONE;
	c->counter.releases_dropped++;
}

static bool is_older(const struct core *c, int32_t release, int32_t than)
{
	return than == NONE || c->release[release].first_unix_ms < c->release[than].first_unix_ms;
}

/* What was hauled back gives way last: it may come back. */
int32_t release_add(struct core *c)
{
	int32_t at = NONE, hauled = NONE;

	for (int32_t i = 0; i < RELEASES_MAX; i++) {
		if (!c->release[i].used) {
			at = i;
			break;
		}
		if (release_in_use(c, i))
			continue;
		if (!c->release[i].tried && !rollback_was_accepted(c, c->release[i].deployment))
			at = is_older(c, i, at) ? i : at;
		else
			hauled = is_older(c, i, hauled) ? i : hauled;
	}
	if (at == NONE)
		at = hauled;
	if (at == NONE)
		return NONE;
	if (c->release[at].used)
		release_forget(c, at);
	memset(&c->release[at], 0, sizeof(c->release[at]));
	c->release[at].used = true;
	reach(&c->rows.releases, at);
	c->release[at].epoch = c->epoch;
	c->release[at].first_unix_ms = c->now_unix_ms;
	return at;
}

int32_t failure_find(const struct core *c, const char *task, const char *container, enum class class)
{
	const struct slice wanted = slice_of(task);

	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct failure *f = &c->failure[i].f;

		if (c->failure[i].used && f->class == class && !f->over && same_task(f->task, wanted) && str_eq(f->container, container))
			return i;
	}
	return NONE;
}

/* It convicts the release of an open intent: the stop is judged by it. */
static bool is_cause(const struct core *c, uint32_t id)
{
	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && rb_open(c->service[i].rb.state) && c->service[i].rb.failure == id)
			return true;
	return false;
}

/* Its task goes on: it would be seen again, and told again. */
static bool is_live(const struct core *c, const char *task)
{
	int32_t at = task_find(c, task);

	return at != NONE && !c->task[at].ended && (c->task[at].in_agent || task_containers(c, at) > 0);
}

/* By when it happened, not by when it was told: an engine lists its newest container first. */
static bool older(const struct failure *a, const struct failure *b)
{
	return a->first_unix_ms != b->first_unix_ms ? a->first_unix_ms < b->first_unix_ms : a->id < b->id;
}

/* INT64_MAX: of none it is known when it happened. */
static int64_t oldest_failure(const struct core *c)
{
	int64_t oldest = INT64_MAX;

	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct failure *f = &c->failure[i].f;

		if (c->failure[i].used && f->first_unix_ms > Y2020_MS && f->first_unix_ms < oldest)
			oldest = f->first_unix_ms;
	}
	return oldest;
}

bool failure_is_past(const struct core *c, int64_t unix_ms, int64_t mark_unix_ms)
{
	return unix_ms != 0 && unix_ms < mark_unix_ms && mark_unix_ms <= c->now_unix_ms;
}

void failures_told(struct core *c)
{
	const int64_t oldest = oldest_failure(c);

	if (oldest != INT64_MAX)
		c->told_unix_ms = oldest;
}

/* Never one that still has to be told or written: losing it would break "reported exactly once". */
int32_t failure_add(struct core *c, int64_t unix_ms)
{
	int32_t at = NONE, spare = NONE;

	for (int32_t i = 0; i < FAILURES_MAX; i++) {
		const struct fail_slot *s = &c->failure[i];

		if (!s->used) {
			at = i;
			break;
		}
		if (s->tell || s->save || (at != NONE && older(&c->failure[at].f, &s->f)) || is_cause(c, s->f.id))
			continue;
		if (is_live(c, s->f.task))
			spare = spare == NONE || older(&s->f, &c->failure[spare].f) ? i : spare;
		else
			at = i;
	}
	if (at == NONE)
		at = spare;
	if (at == NONE)
		return NONE;
	if (c->failure[at].used && failure_is_past(c, unix_ms, oldest_failure(c)))
		return NONE;
	if (c->failure[at].used) {
		c->counter.failures_dropped++;
		c->failure[at].used = false;
		failures_told(c);
	}
	memset(&c->failure[at], 0, sizeof(c->failure[at]));
	c->failure[at].used = true;
	reach(&c->rows.failures, at);
	c->failure[at].release = NONE;
	c->failure[at].f.id = c->next_id++;
	return at;
}
