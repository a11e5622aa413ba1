#include "agent/run/node_feed.h"

#include <string.h>

#include "agent/run/aws_body.h"
#include "agent/run/serve.h"
#include "agent/wire/ecs_in.h"

static int64_t newest_created(const struct service *s)
{
	int64_t newest = s->dep.created_unix_ms;

	for (uint32_t i = 0; i < s->n_history; i++)
		if (s->history[i].created_unix_ms > newest)
			newest = s->history[i].created_unix_ms;
	return newest;
}

static enum kerr make_revisions(const struct service *s, struct text *out, struct why *why)
{
	struct slice arn[REVISIONS_MAX];

	for (uint32_t i = 0; i < s->look.n_want; i++)
		arn[i] = slice_of(s->want[REVISIONS_MAX - 1 - i]);
	return ecs_out_revisions(out, arn, s->look.n_want, why);
}

/* In the order of the table that the answer becomes: AWS answers in that of the question, and none has to be moved. */
static void insert(struct slice *name, size_t count, const char *one)
{
	for (; count > 0 && strcmp(name[count - 1].p, one) > 0; count--)
		name[count] = name[count - 1];
	name[count] = slice_of(one);
}

static enum kerr make_services(struct node *n, const struct aws_job *job, struct text *out, struct why *why)
{
	struct slice name[ECS_SERVICES_MAX];
	size_t count = 0;

	if (job->reply == 0)
		name[count++] = slice_of(n->core.service[job->service].m.name);
	for (int32_t i = 0; job->reply != 0 && i < n->core.rows.services && count < ECS_SERVICES_MAX; i++)
		if (n->core.service[i].used)
			insert(name, count++, n->core.service[i].m.name);
	if (count == 0)
		return why_set(why, KERR_GONE, "no service is known on this node yet");
	return ecs_out_services(out, n->core.node.cluster, name, count, why);
}

/* A deploy's call is known by its number: the service may have an intent of its own. */
struct goal { const char *family; uint32_t revision; };

static struct goal goal_of(const struct node *n, const struct aws_job *job)
{
	const struct rollback *rb = &n->core.service[job->service].rb;
	const struct deploy *d = &n->core.deploy;

	return d->step == DEPLOY_SENT && job->ask == d->ask ? (struct goal){ d->family, d->revision }
							    : (struct goal){ rb->target_family, rb->target_revision };
}

static void begin_quorum(struct node *n, const struct aws_job *job)
{
	const struct service *s = &n->core.service[job->service];
	struct ecs_quorum_of *of = &n->aws.quorum_of;

	*of = (struct ecs_quorum_of){
		.started_by = core_started_by(&n->core, s), .family = s->rb.family, .revision = s->rb.revision,
		.since_unix_ms = s->dep.created_unix_ms, .now_unix_ms = node_unix_ms(n), .well_ms = 40000,
	};
	n->aws.token[0] = '\0';
	ecs_quorum_begin(&n->aws.quorum, of, &n->arena);
}

enum kerr aws_body_make(struct node *n, const struct aws_job *job, struct text *out, struct why *why)
{
	const char *cluster = n->core.node.cluster;
	const struct service *s = &n->core.service[job->service];
	struct slice arn;
	struct goal goal;

	switch (job->call) {
	case ECS_LIST_DEPLOYMENTS:
		return job->full ? ecs_out_list_all(out, cluster, s->m.name, why)
				 : ecs_out_list_after(out, cluster, s->m.name, newest_created(s), why);
	case ECS_DESCRIBE_DEPLOYMENTS:
		arn = slice_of(s->look.arn);
		return ecs_out_deployments(out, &arn, 1, why);
	case ECS_DESCRIBE_REVISIONS:
		return make_revisions(s, out, why);
	case ECS_LIST_TASKS:
		if (job->pages == 0)
			begin_quorum(n, job);
		return ecs_out_list_tasks(out, cluster, s->m.name, n->aws.by_service ? "" : n->aws.quorum_of.started_by, job->stopped,
					  n->aws.token, why);
	case ECS_DESCRIBE_TASKS:
		return job->op == OP_TASK ? ecs_out_task(out, cluster, slice_of(job->task), why)
					  : ecs_out_tasks(out, cluster, &n->aws.ids, why);
	case ECS_DESCRIBE_SERVICES:
		return make_services(n, job, out, why);
	case ECS_STOP_DEPLOYMENT:
		return ecs_out_stop(out, s->rb.deployment, why);
	case ECS_UPDATE_SERVICE:
		goal = goal_of(n, job);
		return ecs_out_update(out, cluster, s->m.name, goal.family, goal.revision, why);
	case ECS_CALLS:
		break;
	}
	return why_set(why, KERR_BAD_INPUT, "no such call");
}

static void on_open(void *arg, unsigned status)
{
	struct node *n = arg;

	n->aws.stream_status = status;
	n->aws.stream_text = text_on(n->aws.answer, sizeof(n->aws.answer));
}

/* An answer that is not a 200 is an error's text, not what the stream's parser waits for. */
static bool is_refusal(struct node *n, struct slice part)
{
	if (n->aws.stream_status == 200)
		return false;
	text_slice(&n->aws.stream_text, part);
	return true;
}

static enum kerr feed(struct aws *a, struct slice part)
{
	switch (a->queue[a->head].call) {
	case ECS_DESCRIBE_SERVICES:
		return deployments_in_feed(&a->in, part, &a->stream_why);
	case ECS_DESCRIBE_TASKS:
		return ecs_quorum_feed(&a->quorum, part, &a->stream_why);
	case ECS_UPDATE_SERVICE:
		return ecs_update_feed(&a->update, part, &a->stream_why);
	case ECS_LIST_DEPLOYMENTS: case ECS_DESCRIBE_DEPLOYMENTS: case ECS_DESCRIBE_REVISIONS: case ECS_LIST_TASKS:
	case ECS_STOP_DEPLOYMENT: case ECS_CALLS:
		break;
	}
	return why_set(&a->stream_why, KERR_BAD_INPUT, "no answer of this call is read in parts");
}

static bool on_part(void *arg, struct slice part)
{
	struct node *n = arg;

	if (is_refusal(n, part))
		return true;
	n->aws.stream_failed = feed(&n->aws, part);
	return n->aws.stream_failed == KERR_OK;
}

void aws_body_expect(struct node *n, const struct aws_job *job, struct http_request *r)
{
	const struct service *s = &n->core.service[job->service];

	n->aws.stream_failed = KERR_OK;
	n->aws.stream_text = text_on(n->aws.answer, sizeof(n->aws.answer));
	r->on_body = on_part;
	r->on_open = on_open;
	if (job->call == ECS_DESCRIBE_SERVICES) {
		deployments_in_begin(&n->aws.in, &n->arena, &n->aws.tables[!n->aws.shown], node_unix_ms(n));
	} else if (job->call == ECS_DESCRIBE_TASKS && job->op == OP_QUORUM) {
		ecs_quorum_answer(&n->aws.quorum);
	} else if (job->call == ECS_UPDATE_SERVICE) {
		struct goal goal = goal_of(n, job);

		ecs_update_begin(&n->aws.update, s->m.name, goal.family, goal.revision);
	} else {
		r->on_body = NULL;
		r->on_open = NULL;
		r->into = n->aws.answer;
		r->max_body_bytes = sizeof(n->aws.answer);
	}
}

struct slice aws_body_text(struct node *n, const struct http_result *r)
{
	return r->body.n > 0 ? r->body : text_get(&n->aws.stream_text);
}

static enum kerr ask_more(struct node *n, const struct aws_job *job, enum ecs_call call, bool stopped, struct why *why)
{
	struct aws_job more = *job;

	more.call = call;
	more.stopped = stopped;
	more.retried = false;
	more.pages += job->call == ECS_LIST_TASKS;
	return aws_more(n, &more) ? KERR_OK : why_set(why, KERR_AGAIN, "too many questions are waiting");
}

/* Page by page: its ids, and at once what became of those tasks, so that memory holds one page. Running tasks first: one
 * that runs well is all there is to know. Of those that stopped a part is, once it shows that two nodes and every fifth failed. */
static enum kerr quorum(struct node *n, const struct aws_job *job, const struct http_result *r, struct why *why)
{
	char words[PACKED_MAX];
	struct aws *a = &n->aws;
	const struct ev_aws_quorum *q = &n->ev.u.aws_quorum;
	uint32_t pages = job->pages + (job->call == ECS_LIST_TASKS);
	bool whole;
	enum kerr err;

	if (job->call == ECS_LIST_TASKS) {
		a->ids.n = 0;
		err = ecs_in_task_ids(r->body, &n->arena, &a->ids, &a->quorum.left_out, a->token, why);
		if (err == KERR_OK && a->ids.n > 0)
			return ask_more(n, job, ECS_DESCRIBE_TASKS, job->stopped, why);
	} else {
		err = ecs_quorum_fed(&a->quorum, why);
	}
	if (err != KERR_OK)
		return err;
	a->quorum.left_out += a->token[0] != '\0' && pages >= AWS_QUORUM_PAGES;
	whole = ecs_quorum_event(&a->quorum, (struct ecs_asked){ job->service, job->ask }, &n->ev);
	if (q->ran_well == 0 && a->quorum.left_out == 0 && (!job->stopped || (a->token[0] != '\0' && q->failed * 5 <= q->tried + 5)))
		return ask_more(n, job, ECS_LIST_TASKS, job->stopped || a->token[0] == '\0', why);
	if (whole)
		node_feed(n, &n->ev);
	else
		aws_tell_failed(n, job, AE_INVALID, packed_copy(words, sizeof(words),
			PACKED("more tasks than kedge reads: how it fares elsewhere is not known")));
	return KERR_OK;
}

static enum kerr services(struct node *n, const struct aws_job *job, struct why *why)
{
	const struct ecs_asked q = { job->service, job->ask };
	enum kerr err = deployments_in_end(&n->aws.in, why);

	if (err == KERR_OK && job->reply == 0)
		err = deployments_in_service(&n->aws.in, q, n->core.service[job->service].m.name, &n->ev, why);
	if (err != KERR_OK)
		return err;
	if (job->reply == 0) {
		node_feed(n, &n->ev);
		return KERR_OK;
	}
	n->aws.shown = !n->aws.shown;
	serve_deployments(n, job->reply, true);
	return KERR_OK;
}

void aws_body_services_failed(struct node *n, const struct aws_job *job, const char *detail)
{
	log_line(&n->log, LOG_LEVEL_WARN, "aws: DescribeServices: %s; the last table kept is shown", detail);
	serve_deployments(n, job->reply, false);
}

static enum kerr one_event(struct node *n, const struct aws_job *job, struct slice body, struct why *why)
{
	const struct ecs_asked q = { job->service, job->ask };
	struct arena *a = &n->arena;
	struct ev_out out = node_out(n);
	enum kerr err = KERR_BAD_INPUT;

	if (job->call == ECS_DESCRIBE_REVISIONS)
		return ecs_in_revisions(body, a, q, &out, why);
	if (job->call == ECS_LIST_DEPLOYMENTS)
		err = ecs_in_list(body, a, q, &n->ev, why);
	else if (job->call == ECS_DESCRIBE_DEPLOYMENTS)
		err = ecs_in_deployment(body, a, q, n->core.service[job->service].look.arn, &n->ev, why);
	else if (job->call == ECS_DESCRIBE_TASKS)
		err = ecs_in_task(body, a, job->task, &n->ev, why);
	else if (job->call == ECS_STOP_DEPLOYMENT)
		err = ecs_in_stopped(body, a, q, &n->ev, why);
	else if (job->call == ECS_UPDATE_SERVICE)
		err = ecs_update_end(&n->aws.update, a, q, &n->ev, why);
	if (err == KERR_OK)
		node_feed(n, &n->ev);
	return err;
}

enum kerr aws_body_take(struct node *n, const struct aws_job *job, const struct http_result *r, struct why *why)
{
	size_t mark = arena_mark(&n->arena);
	enum kerr err;

	denied_lifted(n, job->call);
	if (job->call == ECS_STOP_DEPLOYMENT || job->call == ECS_UPDATE_SERVICE)
		n->actor = true;
	if (job->op == OP_SERVICES)
		err = services(n, job, why);
	else if (job->op == OP_QUORUM)
		err = quorum(n, job, r, why);
	else
		err = one_event(n, job, r->body, why);
	arena_reset(&n->arena, mark);
	return err;
}
