#include "agent/wire/ecs_quorum.h"

#include <string.h>

#include "agent/wire/agent_reason.h"
#include "agent/wire/arn.h"
#include "agent/wire/ecs_member.h"

static PRUNE_LIST(kept,
	"tasks/[]/taskArn|taskDefinitionArn|containerInstanceArn|startedBy|createdAt|startedAt|executionStoppedAt|stoppedAt|lastStatus"
	"|healthStatus|stopCode|stoppedReason tasks/[]/containers/[10]/reason|exitCode failures/[]/reason");

struct task {
	char instance[ARN_CAP], definition[ARN_CAP];
	char started_by[130];            /* RunTask allows 128 bytes; a service's has fewer */
	char last[32], health[16], stop_code[40], reason[REASON_CAP];
	int64_t created, started, ended, stopped; /* unix ms, 0 = not yet */
	const cJSON *containers;
};

static enum kerr read_task(const cJSON *o, struct task *t, struct why *why)
{
#define TASK(member, kind, name) ECS_MEMBER(struct task, member, kind, name)
	static const struct ecs_member members[] = {
		TASK(instance, ECS_STR, "containerInstanceArn"), TASK(definition, ECS_MUST_STR, "taskDefinitionArn"),
		TASK(started_by, ECS_STR, "startedBy"), TASK(last, ECS_TEXT, "lastStatus"), TASK(health, ECS_TEXT, "healthStatus"),
		TASK(stop_code, ECS_TEXT, "stopCode"), TASK(reason, ECS_TEXT, "stoppedReason"), TASK(created, ECS_TIME, "createdAt"),
		TASK(started, ECS_TIME, "startedAt"), TASK(ended, ECS_TIME, "executionStoppedAt"), TASK(stopped, ECS_TIME, "stoppedAt"),
	};
	enum kerr e = ecs_member_all(o, members, sizeof(members) / sizeof(members[0]), t, why);

	if (e == KERR_OK)
		e = ecs_member_may_array(o, "containers", &t->containers, why);
	if (t->ended == 0)
		t->ended = t->stopped;
	return e;
}

static bool of_release(const struct task *t, const struct ecs_quorum_of *of)
{
	struct slice family;
	uint32_t revision;

	if (of->started_by[0] != '\0')
		return str_eq(t->started_by, of->started_by);
	return arn_family_revision(slice_of(t->definition), &family, &revision) && slice_is(family, of->family) &&
	       revision == of->revision && t->created >= of->since_unix_ms;
}

static bool ran_well(const struct task *t, const struct ecs_quorum_of *of)
{
	int64_t until = t->ended != 0 ? t->ended : of->now_unix_ms;

	if (t->started == 0 || str_eq(t->health, "UNHEALTHY") ||
	    slice_find(slice_of(t->reason), "health check") != SIZE_MAX)
		return false;
	return until - t->started >= (int64_t)of->well_ms;
}

static bool blames_release(const char *reason)
{
	enum class class = agent_reason_of(slice_of(reason)).class;

	return class != CLASS_NONE && class_blame(class) == BLAME_RELEASE;
}

static bool failed(const struct task *t)
{
	const cJSON *item;
	char reason[REASON_CAP];

	if (slice_find(slice_of(t->reason), "container health check") != SIZE_MAX)
		return true;
	if (str_eq(t->stop_code, "EssentialContainerExited"))
		return true;
	if (!str_eq(t->stop_code, "TaskFailedToStart"))
		return false;
	cJSON_ArrayForEach(item, t->containers) {
		if (ecs_member_may_text(item, "reason", reason, sizeof(reason), NULL) != KERR_OK)
			continue;
		if (blames_release(reason))
			return true;
	}
	return blames_release(t->reason);
}

static void note(struct ecs_quorum *q, uint64_t instance, bool bad, bool well)
{
	uint32_t i = 0;

	while (i < q->n && q->node[i].instance != instance)
		i++;
	if (i == ECS_QUORUM_NODES) {
		q->left_out++;
		return;
	}
	if (i == q->n) {
		memset(&q->node[i], 0, sizeof(q->node[i]));
		q->node[i].instance = instance;
		q->n++;
	}
	q->node[i].failed |= bad;
	q->node[i].well |= well;
}

static enum kerr one_task(void *ctx, const char *array, struct slice element, struct why *why)
{
	struct ecs_quorum *q = ctx;
	struct task t = { .created = 0 };
	size_t mark = arena_mark(q->arena);
	const cJSON *root;
	enum kerr e;

	/* a task that AWS has forgotten in the meantime says nothing */
	if (element.n == 0 || !str_eq(array, "tasks"))
		return KERR_OK;
	e = ecs_member_root(q->arena, element, &root, why);
	if (e == KERR_OK)
		e = read_task(root, &t, why);
	if (e == KERR_OK && t.instance[0] != '\0' && of_release(&t, q->of)) {
		q->tasks++;
		note(q, slice_hash(slice_of(t.instance)), failed(&t), ran_well(&t, q->of));
	}
	arena_reset(q->arena, mark);
	return e;
}

void ecs_quorum_begin(struct ecs_quorum *q, const struct ecs_quorum_of *of, struct arena *a)
{
	memset(q, 0, sizeof(*q));
	q->of = of;
	q->arena = a;
	ecs_quorum_answer(q);
}

void ecs_quorum_answer(struct ecs_quorum *q)
{
	elements_begin(&q->elements, &kept, q->task, sizeof(q->task), one_task, q);
}

static enum kerr told(enum kerr e, struct why *why)
{
	struct why inner;

	if (e == KERR_OK || why == NULL)
		return e;
	inner = *why;
	return why_set(why, e, "DescribeTasks: %s", inner.text);
}

enum kerr ecs_quorum_feed(struct ecs_quorum *q, struct slice bytes, struct why *why)
{
	return told(elements_feed(&q->elements, bytes, why), why);
}

enum kerr ecs_quorum_fed(struct ecs_quorum *q, struct why *why)
{
	return told(elements_end(&q->elements, why), why);
}

bool ecs_quorum_event(const struct ecs_quorum *q, struct ecs_asked asked, struct event *ev)
{
	struct ev_aws_quorum *out = &ev->u.aws_quorum;

	ev->type = EV_AWS_QUORUM;
	*out = (struct ev_aws_quorum){ .service = asked.service, .ask = asked.ask, .tried = q->n };
	for (uint32_t i = 0; i < q->n; i++) {
		out->ran_well += q->node[i].well;
		out->failed += q->node[i].failed && !q->node[i].well;
	}
	return q->left_out == 0 || out->ran_well > 0;
}
