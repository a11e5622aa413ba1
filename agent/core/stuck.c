/* Deadlines: a task here that gets nowhere, and a deployment that does not move. Both are told, neither is ever a
 * reason to go back by itself: what fails is not known. */
#include "agent/core/parts.h"

#define ASK_GAP_MS (600 * SEC)           /* DescribeServices is the dearest of all questions */
#define CLOCKS_MS  5000                  /* so much AWS's clock and ours may differ when both are right */

void task_progress(struct core *c, int32_t task)
{
	c->task[task].progress_ms = c->now_ms;
}

/* The agent gives up a pull into which no bytes come for a minute: one that goes on gets its bytes. */
void task_pulling(struct core *c, int32_t task, bool pulling)
{
	struct task *t = &c->task[task];

	if (!pulling)
		t->pulling_ms = 0;
	else if (t->pulling_ms == 0)
		t->pulling_ms = c->now_ms;
}

bool task_waits(const struct core *c, const struct task *t)
{
	return t->used && !t->ended && !t->stop_ordered && t->in_agent && t->known == TS_PENDING && t->desired == TS_RUNNING &&
	       c->source[SRC_INTROSPECTION].state == SS_UP;
}

static bool waits(const struct core *c, const struct task *t)
{
	return !t->stuck && task_waits(c, t);
}

static uint64_t task_deadline_ms(const struct core *c, const struct task *t)
{
	const struct policy *p = core_policy(c, t->service);

	return t->pulling_ms != 0 ? t->pulling_ms + p->pull_deadline_ms : t->progress_ms + p->deadline_ms;
}

static void tell_task(struct core *c, int32_t task)
{
	struct task *t = &c->task[task];
	char reason[SENTENCE_CAP];
	struct text text = text_on(reason, sizeof(reason));

	t->stuck = true;
	text_packed(&text, task_containers(c, task) == 0
		? PACKED("pending without a container")
		: PACKED("created and not running"));
	text_say(&text, " for ");
	text_u64(&text, (c->now_ms - t->first_ms) / 1000);
	text_packed(&text, t->pulling_ms != 0 ? PACKED(" s: the image is still being pulled")
					 : PACKED(" s: a pull in retry, a task that waits for room, or an agent that waits for ECS"));
	(void)judge_sighting(c, &(struct sighting){ .task = task, .container = "", .image = "", .reason = reason,
						    .stage = STAGE_DEPLOY, .class = CLASS_STUCK });
}

void stuck_tick(struct core *c)
{
	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (waits(c, &c->task[i]) && task_deadline_ms(c, &c->task[i]) <= c->now_ms)
			tell_task(c, i);
}

uint64_t stuck_due(const struct core *c)
{
	uint64_t at = CORE_NEVER;

	for (int32_t i = 0; i < c->rows.tasks; i++)
		if (waits(c, &c->task[i]) && task_deadline_ms(c, &c->task[i]) < at)
			at = task_deadline_ms(c, &c->task[i]);
	return at;
}

/* A lifecycle hook that waits for its answer and a bake time are the deployment's own pace. */
bool deployment_moved(const struct ev_aws_deployment *before, const struct ev_aws_deployment *now)
{
	return now->paused || !str_eq(before->arn, now->arn) || before->status != now->status || before->running != now->running ||
	       before->pending != now->pending || before->source_running != now->source_running || before->cb_failures != now->cb_failures;
}

/* The breaker has counted to its end, and there is nothing it could return to: ECS starts no more tasks, for ever. */
static bool breaker_stalled(const struct service *s)
{
	return s->dep.cb_enabled && s->dep.cb_threshold > 0 && s->dep.cb_failures >= s->dep.cb_threshold;
}

static void tell_stuck(struct core *c, uint32_t service)
{
	const struct service *s = &c->service[service];
	char reason[SENTENCE_CAP];
	struct text text = text_on(reason, sizeof(reason));

	text_u64(&text, s->dep.running);
	text_say(&text, " of ");
	text_u64(&text, s->dep.requested);
	text_say(&text, " tasks run, and nothing has moved for ");
	text_u64(&text, (c->now_ms - s->moved_ms) / 60000);
	text_packed(&text, breaker_stalled(s)
		? PACKED(" min: the circuit breaker has counted to its end and knows no SUCCESSFUL deployment to return to")
		: PACKED(" min"));
	judge_deployment(c, service, CLASS_STUCK, reason);
}

/* No task of the target anywhere: the newest service event may say why ECS cannot place one. */
static void ask_why(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];

	if (s->asked.ms == 0 || s->asked.ms < s->moved_ms) {
		s->asked.wanted = s->asked.wanted || !s->asked.sent;
		return;
	}
	if (s->asked.said.placement_unix_ms + CLOCKS_MS >= s->dep.created_unix_ms && s->asked.said.placement[0] != '\0')
		judge_deployment(c, service, CLASS_PLACEMENT_FAILED, s->asked.said.placement);
	else
		tell_stuck(c, service);
}

/* AWS sees only a task that is pending; this node knows that its image is on the way. Over pull_deadline it waits no more. */
static bool pulls_here(const struct core *c, const struct service *s)
{
	for (int32_t i = 0; i < c->rows.tasks; i++) {
		const struct task *t = &c->task[i];

		if (waits(c, t) && t->pulling_ms != 0 && str_eq(t->service, s->m.name))
			return true;
	}
	return false;
}

void stuck_service(struct core *c, uint32_t service)
{
	const struct service *s = &c->service[service];
	bool goes_on = s->dep_ms != 0 && (s->dep.status == SD_PENDING || s->dep.status == SD_IN_PROGRESS);
	int32_t now = core_current(c, s);

	if (!goes_on || c->now_ms - s->moved_ms < core_policy(c, s->m.name)->deadline_ms || s->dep_ms == s->moved_ms ||
	    pulls_here(c, s))
		return;
	if (s->dep.running == 0 && s->dep.pending == 0 && !breaker_stalled(s) && (now == NONE || !release_suspect(c, now)))
		ask_why(c, service);
	else if (breaker_stalled(s) || ((now == NONE || !release_suspect(c, now)) && s->dep.running < s->dep.requested))
		tell_stuck(c, service);
}

void on_aws_service(struct core *c, const struct ev_aws_service *ev)
{
	struct service *s = service_at(c, ev->service);

	if (s == NULL || !s->asked.sent || s->asked.ask != ev->ask) {
		c->counter.stale_answers++;
		return;
	}
	s->asked.sent = false;
	s->asked.ms = c->now_ms;
	s->asked.next_ms = c->now_ms + ASK_GAP_MS;
	s->asked.said = *ev;
	stuck_service(c, ev->service);
	revalidate(c, ev->service);
}

void asked_failed(struct core *c, const struct ev_aws_failed *ev)
{
	struct service *s = service_at(c, ev->service);

	if (s == NULL || s->asked.ask != ev->ask)
		return;
	s->asked.sent = false;
	s->asked.next_ms = c->now_ms + ASK_GAP_MS;
}
