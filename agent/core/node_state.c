/* States of the node itself: told once when they have lasted, over when they end, never counted against a release. */
#include "agent/core/parts.h"

#define STALLED_MS (60 * SEC)        /* a death that the ECS agent has not noticed by then, it will not notice soon */
#define SHUTDOWN_MS (60 * SEC)       /* a shutdown is over by then: the engine kills after 10 to 30 s */
#define ORPHAN_MS  (60 * SEC)        /* a container just placed may be missing from a listing */

static bool source_away(const struct core *c, enum source source)
{
	enum source_state state = c->source[source].state;

	return state == SS_ABSENT || state == SS_REFUSED || state == SS_UNREACHABLE || state == SS_BROKEN;
}

static enum tri engine_down(const struct core *c)
{
	return source_away(c, SRC_ENGINE) ? TRI_YES : c->source[SRC_ENGINE].state == SS_UP ? TRI_NO : TRI_UNKNOWN;
}

/* The agent runs in a container of the engine: while that is away nothing is to be said of the agent. */
static enum tri agent_down(const struct core *c)
{
	if (c->source[SRC_INTROSPECTION].state == SS_UP)
		return TRI_NO;
	return source_away(c, SRC_INTROSPECTION) && c->source[SRC_ENGINE].state == SS_UP ? TRI_YES : TRI_UNKNOWN;
}

static enum tri agent_stalled(const struct core *c)
{
	return c->source[SRC_INTROSPECTION].state == SS_UP ? (c->stalled ? TRI_YES : TRI_NO) : TRI_UNKNOWN;
}

static enum tri clock_unset(const struct core *c)
{
	return c->fact[FACT_CLOCK].yes == TRI_NO ? TRI_YES : c->fact[FACT_CLOCK].yes == TRI_YES ? TRI_NO : TRI_UNKNOWN;
}

static const struct condition {
	enum class class;
	uint64_t lasts_ms;           /* before it is told: a restart is none */
	enum tri (*holds)(const struct core *c);
	const struct packed *words;
} conditions[NODE_STATES] = {
	{ CLASS_ENGINE_DOWN, 30 * SEC, engine_down, PACKED("The container engine does not answer on its socket.") },
	{ CLASS_ECS_AGENT_DOWN, 60 * SEC, agent_down,
	  PACKED("The ECS agent does not answer; containers run on, but nobody starts or replaces tasks.") },
	{ CLASS_AGENT_STALLED, 0, agent_stalled,
	  PACKED("A container ended that the ECS agent still calls running: it hears the engine no more, or waits for ECS.") },
	{ CLASS_CLOCK_UNSET, 60 * SEC, clock_unset,
	  PACKED("The wall clock of this node is not set; AWS cannot be asked and times are not to be trusted.") },
};

/* A task that fell because the engine was away has the same class, and is no state of the node. */
static int32_t open_state(const struct core *c, enum class class)
{
	for (int32_t i = 0; i < c->rows.failures; i++)
		if (c->failure[i].used && c->failure[i].f.class == class && c->failure[i].f.task[0] == '\0' && !c->failure[i].f.over)
			return i;
	return NONE;
}

static void over(struct core *c, int32_t at)
{
	c->failure[at].f.over = true;
	c->failure[at].f.last_unix_ms = c->now_unix_ms;
	c->failure[at].save = true;
}

void node_state_tick(struct core *c)
{
	for (int i = 0; i < NODE_STATES; i++) {
		const struct condition *k = &conditions[i];
		enum tri holds = k->holds(c);
		int32_t at;

		if (holds != TRI_YES)
			c->node_since_ms[i] = 0;
		else if (c->node_since_ms[i] == 0)
			c->node_since_ms[i] = c->now_ms;
		if (holds == TRI_UNKNOWN || (holds == TRI_YES && c->now_ms - c->node_since_ms[i] < k->lasts_ms))
			continue;
		at = open_state(c, k->class);
		if (holds == TRI_NO && at != NONE)
			over(c, at);
		else if (holds == TRI_YES && at == NONE)
			judge_state(c, k->class, NULL, k->words);
	}
}

uint64_t node_state_due(const struct core *c)
{
	uint64_t at = CORE_NEVER;

	for (int i = 0; i < NODE_STATES; i++) {
		uint64_t due = c->node_since_ms[i] + conditions[i].lasts_ms;

		if (c->node_since_ms[i] != 0 && due > c->now_ms && due < at)
			at = due;
	}
	return at;
}

/* The engine says it ended by itself, the agent has it running still. */
static bool unnoticed(const struct core *c, const struct container *k)
{
	const struct task *t = &c->task[k->task];

	return k->state == CS_EXITED && k->live && k->deaths > 0 && k->essential == TRI_YES && t->in_agent && !t->ended &&
	       t->known == TS_RUNNING && t->desired == TS_RUNNING && c->now_ms - k->ended_ms > STALLED_MS;
}

static void orphan(struct core *c, const struct container *k)
{
	const char *arn = c->task[k->task].arn;

	if (failure_find(c, arn, k->name, CLASS_ORPHAN) == NONE)
		judge_state(c, CLASS_ORPHAN, k, PACKED("It runs, and the ECS agent of this node does not know its task."));
}

void node_state_synced(struct core *c)
{
	c->stalled = false;
	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];

		if (!k->used)
			continue;
		c->stalled = c->stalled || unnoticed(c, k);
		if (k->state == CS_RUNNING && !c->task[k->task].in_agent && c->now_ms - k->created_ms > ORPHAN_MS)
			orphan(c, k);
	}
}

/* It was asked to stop, though not by ECS, right before the engine left: the engine or the host was shutting down. */
void node_engine_left(struct core *c)
{
	for (int32_t i = 0; i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];

		if (k->used && k->state == CS_EXITED && k->stop_asked && k->ended_ms != 0 &&
		    c->now_ms - k->ended_ms < SHUTDOWN_MS)
			node_ended_with_host(c, i);
	}
}

/* Whoever ran when the engine went, and is over now that it is back, ended with it or with the host. */
void node_ended_with_host(struct core *c, int32_t container)
{
	struct container *k = &c->container[container];
	const struct task *t = &c->task[k->task];

	if (t->stop_ordered || failure_find(c, t->arn, k->name, CLASS_ENDED_WITH_HOST) != NONE)
		return;
	judge_state(c, CLASS_ENDED_WITH_HOST, k, PACKED("It ran when the engine or the host went down, and ended with it."));
}
