#include "agent/run/node_feed.h"

#include <string.h>

#include "agent/run/aws_body.h"
#include "agent/run/denied.h"
#include "agent/wire/arn.h"
#include "agent/wire/ecs_refused.h"
#include "platform/clock.h"
#include "platform/file.h"

#define CONNECT_MS 15000
#define TOTAL_MS   60000
#define KEEP_MS    45000         /* AWS does not say when it closes an idle connection; a minute is usual */

static void next(struct node *n);

static void region_from(struct node *n, const char *arn)
{
	struct arn parsed;
	struct why why;

	if (n->aws.region[0] == '\0' && arn[0] != '\0' && arn_parse(slice_of(arn), &parsed, &why) == KERR_OK)
		(void)str_put(n->aws.region, sizeof(n->aws.region), parsed.region);
}

/* ECS Anywhere's installer writes region and cluster into the agent's two config files. */
static void from_ecs_config(struct node *n, enum talk_file file)
{
	struct ask q = { .what = ASK_FILE, .u.file.file = file };
	char value[NAME_CAP];
	struct event *ev;
	struct why why;
	size_t len = 0;

	if (asking(n, &q, (struct slice){ NULL, 0 }, n->work, sizeof(n->work), &len, &why) != KERR_OK)
		return;
	if (n->aws.region[0] == '\0' &&
	    credentials_ecs_config((struct slice){ n->work, len }, "AWS_DEFAULT_REGION", value, sizeof(value), &why) == KERR_OK)
		(void)str_put(n->aws.region, sizeof(n->aws.region), slice_of(value));
	if (n->core.node.cluster[0] != '\0' ||
	    credentials_ecs_config((struct slice){ n->work, len }, "ECS_CLUSTER", value, sizeof(value), &why) != KERR_OK)
		return;
	ev = node_event(n, EV_EPOCH);
	(void)str_put(ev->u.epoch.cluster, sizeof(ev->u.epoch.cluster), slice_of(value));
	node_feed(n, ev);
}

void aws_settle(struct node *n)
{
	struct aws *a = &n->aws;
	struct why why = { "" };

	if (a->ready)
		return;
	(void)str_put(a->region, sizeof(a->region), slice_of(n->conf->region));
	region_from(n, n->conf->container_instance);
	region_from(n, n->core.node.container_instance);
	from_ecs_config(n, TALK_AGENT_CONFIG);
	from_ecs_config(n, TALK_INSTANCE_CONFIG);
	if (a->region[0] == '\0') {
		node_source_says(n, SRC_AWS, SS_ABSENT,
			PACKED("the region is not known yet: set [kedge] region, or wait for the ECS agent"));
		return;
	}
	if (endpoint_find(ENDPOINT_ECS, n->conf->endpoint, a->region, n->conf->endpoint_type, &a->endpoint, &why) != KERR_OK) {
		node_source(n, SRC_AWS, SS_BROKEN, why.text);
		return;
	}
	a->ready = true;
}

void aws_rest(struct node *n)
{
	if (!n->aws.kept || n->aws.busy || clock_boot_ms() - n->aws.used_ms < KEEP_MS)
		return;
	n->aws.kept = false;
	http_forget(&n->http);
}

static void pop(struct node *n)
{
	n->aws.used_ms = clock_boot_ms();
	n->aws.kept = true;
	n->aws.pinned = false;
	n->aws.head = (n->aws.head + 1) % AWS_QUEUE;
	n->aws.count--;
}

void aws_tell_failed(struct node *n, const struct aws_job *job, enum aws_error error, const char *detail)
{
	struct event *ev;

	if (job->reply != 0) {
		aws_body_services_failed(n, job, detail);
		return;
	}
	ev = node_event(n, EV_AWS_FAILED);
	ev->u.aws_failed.service = job->service;
	ev->u.aws_failed.ask = job->ask;
	ev->u.aws_failed.op = job->op;
	ev->u.aws_failed.error = error;
	ev->u.aws_failed.retry_after_ms = n->aws.wait_ms;
	(void)str_put(ev->u.aws_failed.task, sizeof(ev->u.aws_failed.task), slice_of(job->task));
	(void)str_cut(ev->u.aws_failed.detail, sizeof(ev->u.aws_failed.detail), slice_of(detail));
	node_feed(n, ev);
}

/* Only now: what an answer makes the core ask must not begin while the answer is still read. */
static void go_on(struct node *n)
{
	n->aws.busy = false;
	traffic_look(n);
	next(n);
}

void aws_learn_time(struct node *n, const struct http_result *r)
{
	if (r->tls && r->date_unix_s > 0)
		wall_clock_learn(n, r->date_unix_s);
}

/* What hauls a release back goes before all that only asks: on a slow line that may take minutes. */
static bool acts(const struct aws_job *job)
{
	return job->op == OP_STOP || job->op == OP_UPDATE;
}

static struct aws_job *place(struct aws *a, uint32_t at)
{
	return &a->queue[(a->head + at) % AWS_QUEUE];
}

static bool enqueue(struct node *n, const struct aws_job *job)
{
	struct aws *a = &n->aws;

	if (a->count == AWS_QUEUE)
		return false;
	*place(a, a->count) = *job;
	for (uint32_t at = a->count++; acts(job) && at > a->pinned && !acts(place(a, at - 1)); at--) {
		*place(a, at) = *place(a, at - 1);
		*place(a, at - 1) = *job;
	}
	next(n);
	return true;
}

/* How many of those in line act: they are its first ones. */
static uint32_t acting(struct aws *a)
{
	uint32_t at = 0;

	while (at < a->count && acts(place(a, at)))
		at++;
	return at;
}

static struct aws_job take_out(struct aws *a, uint32_t at)
{
	struct aws_job job = *place(a, at);

	for (a->count--; at < a->count; at++)
		*place(a, at) = *place(a, at + 1);
	return job;
}

/* What waits in line would wait for the same dead line, each its whole time. What acts has not been sent and stays. What the core
 * asks anew when it is told stands behind. */
static void rest_unreachable(struct node *n, const char *words)
{
	struct aws *a = &n->aws;

	for (uint32_t left = a->count - acting(a); left > 0; left--) {
		struct aws_job job = take_out(a, acting(a));

		aws_tell_failed(n, &job, AE_UNREACHABLE, words);
	}
}

static void unreachable(struct node *n, const struct aws_job *job, const char *words)
{
	node_source(n, SRC_AWS, SS_UNREACHABLE, words);
	aws_tell_failed(n, job, AE_UNREACHABLE, words);
	rest_unreachable(n, words);
}

/* What a second try may mend with other keys, the server's clock or another filter is tried once, at once. */
static bool again(struct node *n, struct aws_job *job, enum aws_error error, int64_t server_unix_s)
{
	/* its documents call startedBy the only filter, and leave open whether desiredStatus is one */
	if (job->call == ECS_LIST_TASKS && error == AE_INVALID && !n->aws.by_service) {
		n->aws.by_service = true;
		job->pages = 0;
		job->stopped = false;
		return true;
	}
	if (job->retried || (error != AE_CREDENTIALS && error != AE_CLOCK))
		return false;
	job->retried = true;
	if (error == AE_CLOCK && server_unix_s > 0)
		wall_clock_learn(n, server_unix_s);
	return error == AE_CREDENTIALS ? keys_rejected(n) : n->keys.have;
}

static void refused(struct node *n, struct aws_job job, const struct http_result *r)
{
	struct aws *a = &n->aws;
	const struct ecs_refusal refusal = {
		.status = (int)r->status, .error_type = slice_of(r->error_type), .body = aws_body_text(n, r),
		.date_unix_s = r->date_unix_s, .signed_unix_s = a->signer.signed_unix_s, .host = a->endpoint.host,
		.location = r->location,
	};
	int64_t server_unix_s = 0;
	struct ev_aws_failed *failed = &a->failed;
	size_t mark = arena_mark(&n->arena);

	ecs_refused(&refusal, &n->arena, (struct ecs_asked){ job.service, job.ask }, &n->ev, &server_unix_s);
	arena_reset(&n->arena, mark);
	*failed = n->ev.u.aws_failed;
	a->refused++;
	if (failed->error != AE_UNREACHABLE)   /* the clock of a portal or a proxy is nobody's */
		aws_learn_time(n, r);
	if (again(n, &a->queue[a->head], failed->error, server_unix_s)) {
		go_on(n);
		return;
	}
	pop(n);
	if (failed->error == AE_UNREACHABLE)
		node_source(n, SRC_AWS, SS_UNREACHABLE, failed->detail);
	else if (failed->error == AE_CREDENTIALS)
		node_source(n, SRC_AWS, SS_DENIED, n->keys.have ? failed->detail : n->keys.why.text);
	else
		node_source(n, SRC_AWS, SS_UP, "");
	if (failed->error == AE_DENIED)
		denied_take(n, &job, failed->detail, sizeof(failed->detail));
	log_line(&n->log, LOG_LEVEL_WARN, "aws: %s: %s", aws_op_name(job.op), failed->detail);
	aws_tell_failed(n, &job, failed->error, failed->detail);
	go_on(n);
}

/* AWS answers in JSON. A page that a parser gave up on is a page too. */
static bool not_aws(const struct http_result *r)
{
	return (r->err == KERR_OK || r->cause == HTTP_ABORTED) && r->status == 200 && slice_starts(slice_of(r->content_type), "text/");
}

static void on_done(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	struct aws *a = &n->aws;
	struct aws_job job = a->queue[a->head];
	struct why why = { "" };
	enum kerr err;

	a->wait_ms = r->retry_after_ms;
	if ((r->err == KERR_OK && r->status != 200) || not_aws(r)) {
		refused(n, job, r);
		return;
	}
	if (r->err == KERR_OK)
		aws_learn_time(n, r);
	pop(n);
	if (r->err != KERR_OK && r->cause != HTTP_ABORTED && r->cause != HTTP_TOO_BIG) {
		if (r->cause == HTTP_DNS)
			node_fact(n, FACT_DNS, TRI_NO, 0, n->aws.endpoint.host, false);
		else if (r->cause == HTTP_TLS_CLOCK)
			wall_clock_doubt(n, r->why.text);
		unreachable(n, &job, r->why.text);
		go_on(n);
		return;
	}
	node_source(n, SRC_AWS, SS_UP, "");
	if (n->core.fact[FACT_DNS].yes == TRI_NO)
		node_fact(n, FACT_DNS, TRI_YES, 0, n->aws.endpoint.host, false);
	if (r->err == KERR_OK)
		err = aws_body_take(n, &job, r, &why);
	else
		err = why_set(&why, r->err, "%s", a->stream_failed != KERR_OK ? a->stream_why.text : r->why.text);
	if (err != KERR_OK) {
		a->malformed++;
		log_line(&n->log, LOG_LEVEL_WARN, "aws: %s: %s", aws_op_name(job.op), why.text);
		aws_tell_failed(n, &job, AE_INVALID, why.text);
	}
	go_on(n);
}

static enum kerr send(struct node *n, struct aws_job *job, struct why *why)
{
	struct aws *a = &n->aws;
	struct text body = text_on(a->body, sizeof(a->body));
	struct aws_call call = {
		.url = a->endpoint.url, .host = a->endpoint.host, .service = ECS_SIGNING_NAME, .target = ecs_out_target(job->call),
	};
	struct http_request r = {
		.connect_ms = CONNECT_MS, .total_ms = TOTAL_MS, .on_done = on_done, .arg = n, .purpose = job->op,
	};
	uint32_t id;
	enum kerr err = aws_body_make(n, job, &body, why);

	if (err != KERR_OK)
		return err;
	call.body = text_get(&body);
	aws_body_expect(n, job, &r);
	return aws_send(n, &call, &r, &id, why);
}

static void next(struct node *n)
{
	struct aws *a = &n->aws;

	while (!a->busy && a->count > 0) {
		struct why why = { "" };
		struct aws_job job = a->queue[a->head];
		enum kerr err = KERR_AGAIN;

		if (keys_pending(n))
			return;   /* keys_news goes on */
		if (!a->ready || !n->keys.have)
			(void)why_set(&why, KERR_AGAIN, "%s", a->ready ? n->keys.why.text : "the region is not known yet");
		else
			err = send(n, &a->queue[a->head], &why);
		a->busy = true;
		a->pinned = true;
		if (err == KERR_OK)
			return;
		pop(n);
		log_line(&n->log, LOG_LEVEL_WARN, "aws: %s cannot be sent: %s", aws_op_name(job.op), why.text);
		aws_tell_failed(n, &job, err == KERR_AGAIN ? AE_CREDENTIALS : err == KERR_DENIED ? AE_DENIED : AE_INVALID, why.text);
		a->busy = false;
	}
}

void aws_go_on(struct node *n)
{
	next(n);
}

bool aws_more(struct node *n, const struct aws_job *job)
{
	struct aws *a = &n->aws;

	if (a->count == AWS_QUEUE)
		return false;
	a->head = (a->head + AWS_QUEUE - 1) % AWS_QUEUE;
	a->queue[a->head] = *job;
	a->count++;
	a->pinned = true;
	return true;
}

void aws_ask(struct node *n, const struct action *a)
{
	static const struct { enum ecs_call call; enum aws_op op; } how[ACT_TYPES] = {
		[ACT_AWS_TASK] = { ECS_DESCRIBE_TASKS, OP_TASK },
		[ACT_AWS_LIST] = { ECS_LIST_DEPLOYMENTS, OP_LIST },
		[ACT_AWS_DEPLOYMENT] = { ECS_DESCRIBE_DEPLOYMENTS, OP_DEPLOYMENT },
		[ACT_AWS_REVISION] = { ECS_DESCRIBE_REVISIONS, OP_REVISION },
		[ACT_AWS_QUORUM] = { ECS_LIST_TASKS, OP_QUORUM },
		[ACT_AWS_STOP] = { ECS_STOP_DEPLOYMENT, OP_STOP },
		[ACT_AWS_UPDATE] = { ECS_UPDATE_SERVICE, OP_UPDATE },
		[ACT_AWS_SERVICE] = { ECS_DESCRIBE_SERVICES, OP_SERVICES },
		[ACT_AWS_DEPLOY] = { ECS_UPDATE_SERVICE, OP_UPDATE },
	};
	struct aws_job job = { .call = how[a->type].call, .op = how[a->type].op, .service = a->index, .ask = a->ask, .full = a->full };

	if (job.op == OP_TASK) {
		(void)str_put(job.task, sizeof(job.task), slice_of(n->core.task[a->index].arn));
		job.service = SERVICES_MAX;      /* the index is a task's */
	}
	if (!enqueue(n, &job))
		aws_tell_failed(n, &job, AE_CREDENTIALS, "too many questions to AWS are waiting");   /* soon again; AWS throttles nothing */
}

bool aws_describe_services(struct node *n, uint32_t reply)
{
	struct aws_job job = { .call = ECS_DESCRIBE_SERVICES, .op = OP_SERVICES, .reply = reply };

	return core_online(&n->core) && core_shed(&n->core) < SHED_EXTRAS && n->aws.ready && n->keys.have && enqueue(n, &job);
}
