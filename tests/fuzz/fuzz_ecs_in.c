/* The ECS answers that are read whole. The first byte says which call was made, the rest is the body. What an answer gives is
 * bounded, in order, about what was asked, and hangs on nothing that stood in the event before. */
#include "agent/wire/ecs_in.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ASKED ((struct ecs_asked){ 3, 7 })
#define DEPLOYMENT "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/Xk3mVbT9wQ2rLs7PfYz0a"
#define TASK "arn:aws:ecs:eu-west-1:123456789012:task/edge/00000000000000000000000000000001"

static struct event ev[2];
static struct ecs_task_ids ids;
static char memory[192 * 1024];
static uint32_t revisions;
static bool last;

static void words(const char *arn, const char *target)
{
	fuzz_text(arn, ARN_CAP, "an ARN");
	fuzz_text(target, ARN_CAP, "a revision's ARN");
}

static void check_list(const struct ev_aws_list *l)
{
	if (l->service != 3 || l->ask != 7 || l->n > HISTORY_MAX)
		fuzz_broken("a list that was not asked for, or too long");
	for (uint32_t i = 0; i < l->n; i++) {
		words(l->item[i].arn, l->item[i].target_revision);
		if (l->item[i].arn[0] == '\0' || l->item[i].status >= SD_STATUSES || l->item[i].status == SD_NONE)
			fuzz_broken("a deployment without ARN or status");
		if (i > 0 && l->item[i].created_unix_ms > l->item[i - 1].created_unix_ms)
			fuzz_broken("the list is not newest first");
	}
}

static void check_deployment(const struct ev_aws_deployment *d)
{
	words(d->source_revision, d->target_revision);
	fuzz_text(d->rollback_revision, ARN_CAP, "a rollback's revision");
	fuzz_text(d->status_reason, SENTENCE_CAP, "a reason");
	if (strcmp(d->arn, DEPLOYMENT) != 0 || d->status >= SD_STATUSES || d->cb_status > CB_DISABLED)
		fuzz_broken("a deployment that was not asked for");
}

static void check_task(const struct ev_aws_task *t)
{
	fuzz_text(t->service, NAME_CAP, "a service");
	fuzz_text(t->started_by, STARTED_BY_CAP, "who started it");
	if (strcmp(t->task, TASK) != 0)
		fuzz_broken("a task that was not asked for");
}

static void on_revision(void *arg, const struct event *e)
{
	const struct ev_aws_revision *r = &e->u.aws_revision;

	(void)arg;
	if (e->type != EV_AWS_REVISION || r->service != 3 || r->ask != 7 || r->n > TASK_CONTAINERS || last)
		fuzz_broken("a revision that was not asked for, or one after the last");
	last = r->last;
	revisions++;
	fuzz_text(r->arn, ARN_CAP, "a revision's ARN");
	fuzz_text(r->family, NAME_CAP, "a family");
	for (uint32_t i = 0; i < r->n; i++) {
		fuzz_text(r->image[i].container, NAME_CAP, "a container");
		fuzz_text(r->image[i].digest, DIGEST_CAP, "a digest");
	}
}

static void revisions_of(struct slice body, struct arena *a, struct why *why)
{
	const struct ev_out out = { .ev = &ev[0], .put = on_revision, .arg = NULL };

	revisions = 0;
	last = false;
	if (ecs_in_revisions(body, a, ASKED, &out, why) == KERR_OK && (!last || revisions == 0))
		fuzz_broken("an answer without a last revision");
}

static void ids_of(struct slice body, struct arena *a, struct why *why)
{
	static char token[ECS_TOKEN_CAP];
	uint32_t left_out = 0;

	memset(&ids, 0, sizeof(ids));
	memset(token, 'x', sizeof(token));
	for (int twice = 0; twice < 2; twice++)
		if (ecs_in_task_ids(body, a, &ids, &left_out, token, why) != KERR_OK)
			return;
	fuzz_text(token, sizeof(token), "a page's token");
	if (ids.n > ECS_TASKS_MAX)
		fuzz_broken("more ids than a call takes");
	for (uint32_t i = 0; i < ids.n; i++) {
		fuzz_text(ids.id[i], ECS_TASK_ID_CAP, "a task's id");
		for (uint32_t k = 0; k < i; k++)
			if (strcmp(ids.id[i], ids.id[k]) == 0)
				fuzz_broken("an id twice");
	}
}

static enum kerr one_event(uint8_t which, struct slice body, struct arena *a, struct event *to, struct why *why)
{
	switch (which) {
	case 0:
		return ecs_in_list(body, a, ASKED, to, why);
	case 1:
		return ecs_in_deployment(body, a, ASKED, DEPLOYMENT, to, why);
	case 2:
		return ecs_in_task(body, a, TASK, to, why);
	default:
		return ecs_in_stopped(body, a, ASKED, to, why);
	}
}

static void check(uint8_t which, const struct event *e)
{
	if (which == 0)
		check_list(&e->u.aws_list);
	else if (which == 1)
		check_deployment(&e->u.aws_deployment);
	else if (which == 2)
		check_task(&e->u.aws_task);
	else
		fuzz_text(e->u.aws_stopped.arn, ARN_CAP, "the ARN of what was stopped");
}

static size_t payload(uint8_t which)
{
	return which == 0 ? sizeof(struct ev_aws_list) : which == 1 ? sizeof(struct ev_aws_deployment) :
	       which == 2 ? sizeof(struct ev_aws_task) : sizeof(struct ev_aws_stopped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	uint8_t which = fuzz_byte(&in) % 6;
	struct arena a;
	struct why why[2] = { { "" }, { "" } };
	enum kerr e[2];

	arena_init(&a, memory, sizeof(memory));
	if (which == 4) {
		revisions_of(in, &a, &why[0]);
		return 0;
	}
	if (which == 5) {
		ids_of(in, &a, &why[0]);
		return 0;
	}
	for (int i = 0; i < 2; i++) {
		memset(&ev[i], i == 0 ? 0 : 0xA5, sizeof(ev[i]));
		arena_reset(&a, 0);
		e[i] = one_event(which, in, &a, &ev[i], &why[i]);
	}
	if (e[0] != e[1] || strcmp(why[0].text, why[1].text) != 0)
		fuzz_broken("the same body was judged twice, in two ways");
	if (e[0] != KERR_OK)
		return 0;
	if (ev[0].type != ev[1].type || memcmp(&ev[0].u, &ev[1].u, payload(which)) != 0)
		fuzz_broken("the event keeps something of what stood there before");
	check(which, &ev[0]);
	return 0;
}
