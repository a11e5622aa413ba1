/* Answers of the ECS API into events: the shapes AWS sends, what is missing, what is strange, what is refused. */
#include "agent/wire/ecs_in.h"
#include "agent/wire/ecs_quorum.h"
#include "agent/wire/ecs_refused.h"
#include "agent/wire/ecs_update.h"

#include "tests/tap.h"
#include "tests/unit/capture.h"

#define R   "arn:aws:ecs:eu-west-1:123456789012:"
#define DEP R "service-deployment/edge/web/Xk3mVbT9wQ2rLs7PfYz0a"
#define NEW R "service-revision/edge/web/5980306466373577096"
#define OLD R "service-revision/edge/web/4980306466373577095"
#define TASK R "task/edge/00000000000000000000000000000001"
#define AWS(name) capture("../aws/" name)

static char memory[256 * 1024];
static struct arena arena;
static struct event ev;
static struct why why;
static const struct ecs_asked q = { 3, 77 };

static struct arena *fresh(void)
{
	arena_init(&arena, memory, sizeof(memory));
	return &arena;
}

static void list(void)
{
	struct ev_aws_list *l = &ev.u.aws_list;
	char body[4096];
	int n = 0;

	ok(ecs_in_list(AWS("list-empty.json"), fresh(), q, &ev, &why) == KERR_OK && ev.type == EV_AWS_LIST && l->n == 0,
	   "an empty list is an answer");
	ok(l->service == 3 && l->ask == 77, "who asked what is repeated");
	ok(ecs_in_list(AWS("list-2.json"), fresh(), q, &ev, &why) == KERR_OK && l->n == 2, "two: %s", why.text);
	is_str(l->item[0].arn, DEP, "newest first, though AWS sent it last");
	is_str(l->item[0].target_revision, NEW, "its target");
	ok(l->item[0].status == SD_IN_PROGRESS && l->item[1].status == SD_SUCCESSFUL, "states");
	ok(l->item[0].created_unix_ms == 1619234847027 && l->item[0].finished_unix_ms == 0, "times with an exponent, to the ms");
	is_int(l->item[1].finished_unix_ms, 1619231000000, "finished");
	n = snprintf(body, sizeof(body), "{\"serviceDeployments\":[");
	for (int i = 0; i < HISTORY_MAX + 2; i++)
		n += snprintf(body + n, sizeof(body) - (size_t)n, "%s{\"serviceDeploymentArn\":\"%s%d\",\"status\":\"X_%d\",\"createdAt\":%d}",
			      i == 0 ? "" : ",", DEP, i, i, i == 3 ? 900 : 100 + i);
	snprintf(body + n, sizeof(body) - (size_t)n, "]}");
	ok(ecs_in_list(slice_of(body), fresh(), q, &ev, &why) == KERR_OK && l->n == HISTORY_MAX, "more than are kept");
	ok(l->item[0].created_unix_ms == 900000 && l->item[1].created_unix_ms == 106000 && l->item[4].created_unix_ms == 102000,
	   "the newest are kept");
	ok(l->item[0].status == SD_OTHER, "a word of tomorrow is `other`");
}

static void deployment(void)
{
	struct ev_aws_deployment *d = &ev.u.aws_deployment;

	ok(ecs_in_deployment(AWS("deployment.json"), fresh(), q, DEP, &ev, &why) == KERR_OK && ev.type == EV_AWS_DEPLOYMENT,
	   "a deployment: %s", why.text);
	ok(d->service == 3 && d->ask == 77 && !d->missing && d->status == SD_IN_PROGRESS, "asked, status");
	is_str(d->target_revision, NEW, "target");
	is_str(d->source_revision, OLD, "of two sources the one that serves");
	ok(d->requested == 2 && d->running == 0 && d->pending == 1 && d->source_running == 2, "counts");
	ok(d->source_requested == 2 && d->min_percent == 100 && d->max_percent == 200, "what was wanted of the sources, percentages");
	ok(d->cb_enabled && d->cb_rollback && d->cb_status == CB_MONITORING && d->cb_failures == 2 && d->cb_threshold == 3,
	   "circuit breaker");
	ok(!d->paused && d->rollback_revision[0] == '\0' && d->created_unix_ms == 1619234847027, "the rest");
	ok(ecs_in_deployment(AWS("deployment-rollback.json"), fresh(), q, DEP, &ev, &why) == KERR_OK, "on its way back: %s", why.text);
	ok(d->status == SD_ROLLBACK_IN_PROGRESS && d->cb_status == CB_NONE && d->paused, "states, a new word, a hook that waits");
	is_str(d->rollback_revision, OLD, "where to");
	is_str(d->status_reason, "Service deployment rolled back because of a manual request.", "why");
	ok(ecs_in_deployment(AWS("deployment-missing.json"), fresh(), q, DEP, &ev, &why) == KERR_OK && d->missing, "missing");
	is_str(d->arn, DEP, "which");
	ok(ecs_in_deployment(AWS("deployment.json"), fresh(), q, DEP "x", &ev, &why) == KERR_BAD_INPUT &&
	   strstr(why.text, "not asked for") != NULL, "another one: %s", why.text);
}

struct got { unsigned n; struct ev_aws_revision r[4]; };
static void take(void *arg, const struct event *e)
{
	struct got *g = arg;

	if (e->type == EV_AWS_REVISION && g->n < 4)
		g->r[g->n] = e->u.aws_revision;
	g->n++;
}

static void revisions(void)
{
	static struct got g;
	struct ev_out out = { &ev, take, &g };

	ok(ecs_in_revisions(AWS("revisions.json"), fresh(), q, &out, &why) == KERR_OK && g.n == 3, "revisions: %s", why.text);
	ok(!g.r[0].last && !g.r[1].last && g.r[2].last && g.r[2].missing && g.r[1].ask == 77, "the last one says so; one is missing");
	is_str(g.r[0].arn, NEW, "which");
	is_str(g.r[0].family, "test-task", "family");
	ok(g.r[0].revision == 12 && g.r[0].n == 2 && g.r[1].revision == 11 && g.r[1].n == 1, "revision, containers");
	ok(strncmp(g.r[0].image[0].digest, "sha256:a1a1", 11) == 0 && strlen(g.r[0].image[0].digest) == 71, "digest");
	ok(strncmp(g.r[0].image[1].digest, "sha256:b2b2", 11) == 0, "digest out of a pinned image");
	ok(g.r[0].image[0].tagged && g.r[0].image[0].reference == slice_hash(SLICE("registry.example:5000/app:12")), "named by tag");
	ok(!g.r[0].image[1].tagged && g.r[0].image[1].reference != 0, "named by digest");
	ok(g.r[1].image[0].tagged && g.r[1].image[0].reference != g.r[0].image[0].reference, "by another tag");
	ok(strcmp(g.r[1].image[0].container, "app") == 0 && g.r[1].image[0].digest[0] == '\0', "not pinned is a fact");
	g.n = 0;
	ok(ecs_in_revisions(SLICE("{\"serviceRevisions\":[{\"serviceRevisionArn\":\"" NEW "\",\"taskDefinition\":\"t:1\"},"
				  "{\"serviceRevisionArn\":\"" NEW "\",\"taskDefinition\":\"t\"}]}"), fresh(), q, &out, &why) ==
	   KERR_BAD_INPUT && g.n == 0, "a bad second one: nothing is emitted: %s", why.text);
	g.n = 0;
	ok(ecs_in_revisions(SLICE("{\"serviceRevisions\":[{\"serviceRevisionArn\":\"" NEW "\",\"taskDefinition\":\"t:1\",\"containerImages\":["
				  "{\"containerName\":\"app\"}]}]}"), fresh(), q, &out, &why) == KERR_OK && g.n == 1 &&
	   g.r[0].image[0].reference == 0 && !g.r[0].image[0].tagged, "an image AWS does not name is neither");
	ok(ecs_in_revisions(SLICE("{\"serviceRevisions\":[]}"), fresh(), q, &out, &why) == KERR_BAD_INPUT, "%s", why.text);
}

static void tasks(void)
{
	struct ev_aws_task *t = &ev.u.aws_task;
	static struct ecs_task_ids ids;
	uint32_t left = 0;
	char token[ECS_TOKEN_CAP];

	ok(ecs_in_task(AWS("task.json"), fresh(), TASK, &ev, &why) == KERR_OK && ev.type == EV_AWS_TASK, "a task: %s", why.text);
	is_str(t->service, "web", "of a service");
	is_str(t->started_by, "ecs-svc/12345678901234567890", "of a deployment");
	ok(ecs_in_task(AWS("task.json"), fresh(), "00000000000000000000000000000001", &ev, &why) == KERR_OK &&
	   strlen(t->task) == 32, "asked by its id, answered by its id");
	ok(ecs_in_task(AWS("task-standalone.json"), fresh(), TASK, &ev, &why) == KERR_OK && t->service[0] == '\0' &&
	   t->started_by[0] == '\0', "standalone, with a person's long startedBy");
	ok(ecs_in_task(AWS("task-missing.json"), fresh(), TASK, &ev, &why) == KERR_OK && t->missing, "forgotten");
	is_str(t->task, TASK, "which");
	ok(ecs_in_task(AWS("task.json"), fresh(), R "task/edge/02", &ev, &why) == KERR_BAD_INPUT, "another: %s", why.text);
	ok(ecs_in_task_ids(AWS("tasks-arns.json"), fresh(), &ids, &left, token, &why) == KERR_OK && ids.n == 3 &&
	   strcmp(token, "eyJ") == 0 && left == 0, "three different ids, and more to come");
	is_str(ids.id[2], "00000000000000000000000000000003", "an id");
	ids.n = ECS_TASKS_MAX - 1;
	ok(ecs_in_task_ids(SLICE("{\"taskArns\":[\"aa\",\"bb\",\"cc\"]}"), fresh(), &ids, &left, token, &why) == KERR_OK &&
	   ids.n == ECS_TASKS_MAX && left == 2 && token[0] == '\0', "what does not fit is counted");
	ok(ecs_in_stopped(AWS("stopped.json"), fresh(), q, &ev, &why) == KERR_OK && ev.type == EV_AWS_STOPPED &&
	   strcmp(ev.u.aws_stopped.arn, DEP) == 0 && ev.u.aws_stopped.ask == 77, "stopped");
}

static void quorum_of(const struct ecs_quorum_of *of, size_t chunk, uint32_t tried, uint32_t failed, uint32_t well)
{
	static struct ecs_quorum quorum;
	struct slice body = AWS("tasks-quorum.json");
	enum kerr e = KERR_OK;

	ecs_quorum_begin(&quorum, of, fresh());
	for (size_t at = 0; at < body.n && e == KERR_OK; at += chunk)
		e = ecs_quorum_feed(&quorum, slice_to(slice_from(body, at), chunk), &why);
	ok(e == KERR_OK && ecs_quorum_fed(&quorum, &why) == KERR_OK, "fed by %zu bytes: %s", chunk, why.text);
	ok(ecs_quorum_event(&quorum, q, &ev), "all of it is there");
	ok(ev.type == EV_AWS_QUORUM && ev.u.aws_quorum.ask == 77 && ev.u.aws_quorum.service == 3, "the event");
	is_int(ev.u.aws_quorum.tried, tried, "tried");
	is_int(ev.u.aws_quorum.failed, failed, "failed by the release's fault");
	is_int(ev.u.aws_quorum.ran_well, well, "ran well");
	ok(arena.used == 0, "and the arena is as it was");
}

static void quorum(void)
{
	struct ecs_quorum_of of = { "ecs-svc/12345678901234567890", "", 0, 0, 1619234920000, 100000 };

	/* instances 1 2 8 failed, 3 runs it (and failed once), 4 has no DNS, 5 still pulls, 9 was stopped; 6 is another
	 * release, 7 was never placed */
	quorum_of(&of, 1 << 20, 7, 3, 1);
	quorum_of(&of, 1, 7, 3, 1);
	quorum_of(&of, 7, 7, 3, 1);
	of.well_ms = 121000;
	quorum_of(&of, 4096, 7, 4, 0);
	of = (struct ecs_quorum_of){ "", "test-task", 12, 1619234860000, 1619234920000, 100000 };
	quorum_of(&of, 4096, 7, 3, 1);
	of.revision = 11;
	quorum_of(&of, 4096, 1, 0, 1);
	of.since_unix_ms = 1619234860001;
	quorum_of(&of, 4096, 0, 0, 0);
}

static struct ecs_quorum tally;

static void tell_of(const char *tasks)
{
	ecs_quorum_answer(&tally);
	ok(ecs_quorum_feed(&tally, slice_of(tasks), &why) == KERR_OK && ecs_quorum_fed(&tally, &why) == KERR_OK, "told: %s", why.text);
}

/* What was not read must never look like "nobody runs it". */
static void half_a_quorum(void)
{
	struct ecs_quorum_of of = { "", "t", 1, 0, 100000, 40000 };
	char one[300];

	ecs_quorum_begin(&tally, &of, fresh());
	tell_of("{\"tasks\":[{\"taskDefinitionArn\":\"t:1\",\"containerInstanceArn\":\"a\",\"createdAt\":1,"
		"\"stopCode\":\"EssentialContainerExited\"}]}");
	ok(ecs_quorum_event(&tally, q, &ev) && ev.u.aws_quorum.failed == 1, "all read: an answer");
	tally.left_out = 1;
	ok(!ecs_quorum_event(&tally, q, &ev), "a page unread, none runs well so far: no answer");
	tell_of("{\"tasks\":[{\"taskDefinitionArn\":\"t:1\",\"containerInstanceArn\":\"b\",\"createdAt\":1,\"startedAt\":50}]}");
	ok(ecs_quorum_event(&tally, q, &ev) && ev.u.aws_quorum.ran_well == 1, "one that runs well is enough");
	ecs_quorum_begin(&tally, &of, fresh());
	for (int i = 0; i <= ECS_QUORUM_NODES; i++) {
		snprintf(one, sizeof(one), "{\"tasks\":[{\"taskDefinitionArn\":\"t:1\",\"containerInstanceArn\":\"i%d\",\"createdAt\":1}]}", i);
		if (i >= ECS_QUORUM_NODES - 1)
			ok(i == ECS_QUORUM_NODES || ecs_quorum_event(&tally, q, &ev), "%d instances", i);
		ecs_quorum_answer(&tally);
		if (ecs_quorum_feed(&tally, slice_of(one), &why) != KERR_OK || ecs_quorum_fed(&tally, &why) != KERR_OK)
			ok(false, "%s", why.text);
	}
	ok(tally.n == ECS_QUORUM_NODES && tally.left_out == 1 && !ecs_quorum_event(&tally, q, &ev), "one instance more than are told apart");
}

static enum kerr updated_by(struct slice body, size_t chunk, const char *service, uint32_t revision)
{
	static struct ecs_update u;
	enum kerr e = KERR_OK;

	ecs_update_begin(&u, service, "test-task", revision);
	for (size_t at = 0; at < body.n && e == KERR_OK; at += chunk)
		e = ecs_update_feed(&u, slice_to(slice_from(body, at), chunk), &why);
	return e == KERR_OK ? ecs_update_end(&u, fresh(), q, &ev, &why) : e;
}

static void updated(void)
{
	static char copy[32768];
	struct slice body = AWS("updated.json");
	size_t read = 0;

	ok(updated_by(body, 1460, "web", 11) == KERR_OK && ev.type == EV_AWS_UPDATED && ev.u.aws_updated.service == 3 &&
	   ev.u.aws_updated.ask == 77, "UpdateService, %zu bytes of answer: %s", body.n, why.text);
	ok(arena.used == 0 && arena.high < 2048, "in flat memory: %zu bytes of arena", arena.high);
	ok(updated_by(body, 1, "web", 11) == KERR_OK, "byte by byte");
	ok(updated_by(body, 4096, "api", 11) == KERR_BAD_INPUT && strstr(why.text, "UpdateService: the answer is about service web") != NULL,
	   "%s", why.text);
	ok(updated_by(body, 4096, "web", 12) == KERR_BAD_INPUT && strstr(why.text, "test-task:11, not to test-task:12") != NULL, "%s",
	   why.text);
	ok(updated_by(SLICE("{}"), 9, "web", 11) == KERR_BAD_INPUT && strstr(why.text, "serviceName is missing") != NULL, "%s", why.text);
	ok(updated_by(SLICE("{\"service\":[]}"), 9, "web", 11) == KERR_BAD_INPUT, "%s", why.text);
	ok(updated_by(SLICE("<html>"), 9, "web", 11) == KERR_BAD_INPUT && strstr(why.text, "UpdateService: ") != NULL, "%s", why.text);
	snprintf(copy, sizeof(copy), "{\"service\":{\"serviceName\":\"");
	memset(copy + 27, 'x', ECS_UPDATE_KEPT);
	snprintf(copy + 27 + ECS_UPDATE_KEPT, 8, "\"}}");
	ok(updated_by(slice_of(copy), 500, "web", 11) == KERR_TOO_BIG, "%s", why.text);
	for (size_t i = 0; i < body.n; i += 7)
		read += updated_by(slice_to(body, i), 4096, "web", 11) == KERR_OK;
	is_int(read, 0, "no prefix of it is an answer");
}

static const char *location = "";

static void refuse(int status, const char *type, struct slice body, enum aws_error want, const char *words)
{
	struct ecs_refusal r = { status, slice_of(type), body, 0, 0, "ecs.example", location };
	int64_t server;

	ecs_refused(&r, fresh(), q, &ev, &server);
	is_str(aws_error_name(ev.u.aws_failed.error), aws_error_name(want), "%d %s", status, type);
	ok(strstr(ev.u.aws_failed.detail, words) != NULL, "says: %s", ev.u.aws_failed.detail);
	ok(ev.type == EV_AWS_FAILED && ev.u.aws_failed.ask == 77 && server == 0 && arena.used == 0, "the event");
}

static void clock_error(struct slice body, int64_t date, int64_t signed_at, enum aws_error want, int64_t want_server)
{
	struct ecs_refusal r = { 400, SLICE(""), body, date, signed_at, "", "" };
	int64_t server;

	ecs_refused(&r, fresh(), q, &ev, &server);
	is_str(aws_error_name(ev.u.aws_failed.error), aws_error_name(want), "%.60s", ev.u.aws_failed.detail);
	is_int(server, want_server, "the server's clock");
}

static void errors(void)
{
	refuse(400, "", AWS("error-throttled.json"), AE_THROTTLED, "ThrottlingException: Rate exceeded");
	refuse(400, "", AWS("error-denied.json"), AE_DENIED, "AccessDeniedException: User: arn:aws:sts");
	ok(strstr(ev.u.aws_failed.detail, "ecs:StopServiceDeployment on resource: " DEP) != NULL, "action and resource");
	refuse(400, "", AWS("error-signature.json"), AE_CREDENTIALS, "Secret Access Key");
	refuse(400, "ExpiredTokenException:http://x/", SLICE("{\"message\":\"gone\"}"), AE_CREDENTIALS, "ExpiredTokenException: gone");
	refuse(400, "", SLICE("{\"__type\":\"UnrecognizedClientException\",\"message\":null}"), AE_CREDENTIALS, "UnrecognizedClient");
	refuse(400, "", SLICE("{\"__type\":\"ConflictException\",\"message\":\"c\",\"resourceIds\":[1]}"), AE_CONFLICT, "c");
	refuse(400, "", SLICE("{\"__type\":\"ServiceDeploymentNotFoundException\",\"message\":\"n\"}"), AE_NOT_FOUND, "n");
	refuse(400, "", SLICE("{\"__type\":\"UnsupportedFeatureException\",\"message\":\"u\"}"), AE_UNSUPPORTED, "u");
	refuse(400, "", SLICE("{\"__type\":\"InvalidParameterException\",\"message\":\"i\"}"), AE_INVALID, "i");
	refuse(400, "", SLICE("{\"__type\":\"OfTomorrowException\",\"message\":\"i\"}"), AE_INVALID, "OfTomorrow");
	refuse(500, "", SLICE("{\"__type\":\"ServerException\",\"message\":\"s\"}"), AE_UNREACHABLE, "s");
	refuse(429, "", SLICE(""), AE_THROTTLED, "HTTP 429: an empty body");
	refuse(503, "", SLICE(""), AE_UNREACHABLE, "HTTP 503: an empty body");
	refuse(502, "", AWS("error-portal.html"), AE_UNREACHABLE, "HTTP 502: an HTML page (502 Bad Gateway)");
	refuse(403, "", SLICE("<html><body>blocked"), AE_UNREACHABLE,
	       "not AWS answered: a captive portal or proxy at ecs.example (HTTP 403, an HTML page)");
	refuse(403, "", AWS("error.xml"), AE_DENIED, "AccessDenied: Not here");
	refuse(407, "", SLICE("no\x01way"), AE_UNREACHABLE, "the proxy wants authentication: text (no way)");
	location = "http://portal.example:8080/login?from=kedge";
	refuse(302, "", SLICE("moved"), AE_UNREACHABLE, "a captive portal or proxy at portal.example:8080 (HTTP 302, text (moved))");
	location = "https://portal.example";
	refuse(307, "", SLICE(""), AE_UNREACHABLE, "a captive portal or proxy at portal.example (HTTP 307, an empty body)");
	location = "/login";
	refuse(302, "", SLICE(""), AE_UNREACHABLE, "a captive portal or proxy at ecs.example (HTTP 302, an empty body)");
	location = "";
	refuse(200, "", SLICE("<!DOCTYPE html><html><title>Welcome</title>"), AE_UNREACHABLE, "(HTTP 200, an HTML page (Welcome))");
	refuse(404, "", SLICE("<?xml version=\"1.0\"?><x/>"), AE_UNREACHABLE, "(HTTP 404, XML (<?xml version=\"1.0\"?><x/>))");
	refuse(403, "AccessDeniedException", SLICE(""), AE_DENIED, "AccessDeniedException");
	refuse(400, "", SLICE("{\"__type\":"), AE_UNREACHABLE, "text ({");
	clock_error(AWS("error-expired.json"), 0, 0, AE_CLOCK, 1537465804);
	clock_error(AWS("error-not-yet.json"), 0, 0, AE_CLOCK, 1501492575);
	clock_error(AWS("error-denied.json"), 1000000, 1000241, AE_CLOCK, 1000000);
	clock_error(AWS("error-denied.json"), 1000000, 1000240, AE_DENIED, 0);
	clock_error(AWS("error-throttled.json"), 1000000, 2000000, AE_THROTTLED, 0);
}

static void bad(const char *body, const char *words)
{
	enum kerr e = ecs_in_deployment(slice_of(body), fresh(), q, DEP, &ev, &why);

	ok(e == KERR_BAD_INPUT, "%.60s: %s", body, kerr_name(e));
	ok(strstr(why.text, words) != NULL && strstr(why.text, "DescribeServiceDeployments") != NULL, "says: %s", why.text);
}

#define ONE(rest) "{\"serviceDeployments\":[{\"serviceDeploymentArn\":\"" DEP "\",\"status\":\"PENDING\",\"createdAt\":1" rest "}]}"

static void bad_answers(void)
{
	bad("", "an empty body");
	bad("<html><title>Login</title>", "an HTML page (Login)");
	bad("[]", "array");
	bad("{}", "serviceDeployments is missing");
	bad("{\"serviceDeployments\":{}}", "serviceDeployments is no array");
	bad("{\"serviceDeployments\":[]}", "neither");
	bad("{\"serviceDeployments\":[7]}", "serviceDeploymentArn is missing");
	bad("{\"serviceDeployments\":[{\"serviceDeploymentArn\":\"" NEW "\"}]}", "member serviceDeploymentArn");
	bad("{\"serviceDeployments\":[{\"serviceDeploymentArn\":\"" DEP "\"}]}", "status is missing");
	bad("{\"serviceDeployments\":[{\"serviceDeploymentArn\":\"" DEP "\",\"status\":1}]}", "status");
	bad(ONE(",\"createdAt\":\"x\"") "}", "byte");
	bad(ONE(",\"targetServiceRevision\":{\"runningTaskCount\":-1}"), "runningTaskCount is no count");
	bad(ONE(",\"targetServiceRevision\":{\"runningTaskCount\":1.5}"), "runningTaskCount");
	bad(ONE(",\"targetServiceRevision\":[]"), "targetServiceRevision is no object");
	bad(ONE(",\"sourceServiceRevisions\":[{\"arn\":\"x\"}]"), "arn");
	bad(ONE(",\"deploymentCircuitBreaker\":{\"threshold\":4294967296}"), "threshold is no count");
	bad(ONE(",\"rollback\":{\"serviceRevisionArn\":\"" DEP "\"}"), "serviceRevisionArn");
	ok(ecs_in_deployment(SLICE(ONE(",\"tomorrow\":{\"a\":[null]},\"rollback\":null")), fresh(), q, DEP, &ev, &why) == KERR_OK,
	   "unknown members and nulls are nothing");
	ok(ecs_in_deployment(SLICE("{\"failures\":[{\"arn\":\"" DEP "\",\"reason\":\"ACCESS\",\"detail\":\"d\"}]}"), fresh(), q, DEP,
			     &ev, &why) == KERR_REFUSED && strstr(why.text, "ACCESS, d") != NULL, "%s", why.text);
}

static void refuse_quietly(struct slice body)
{
	struct ecs_refusal r = { 400, SLICE(""), body, 5, 5, "", "" };
	int64_t server;

	ecs_refused(&r, fresh(), q, &ev, &server);
}

/* No prefix and no flipped byte of an answer may do more than be refused or read; the sanitizers watch. */
static void fuzz(const char *name)
{
	static struct got g;
	static char copy[65536];
	struct ev_out out = { &ev, take, &g };
	struct slice whole = capture(name);
	size_t cut_read = 0, n = whole.n;
	uint32_t left = 0;
	char token[ECS_TOKEN_CAP];
	static struct ecs_task_ids ids;

	if (n > sizeof(copy) || n < 30)
		return;
	for (size_t i = 0; i < 2 * n; i++) {
		struct slice body = { copy, i < n ? i : n };

		memcpy(copy, whole.p, n);
		if (i >= n)
			copy[i - n] ^= (char)(1 << (i % 8));
		ids.n = 0;
		cut_read += (ecs_in_list(body, fresh(), q, &ev, &why) == KERR_OK && i < n);
		cut_read += (ecs_in_deployment(body, fresh(), q, DEP, &ev, &why) == KERR_OK && i < n);
		cut_read += (ecs_in_revisions(body, fresh(), q, &out, &why) == KERR_OK && i < n);
		cut_read += (ecs_in_task(body, fresh(), TASK, &ev, &why) == KERR_OK && i < n);
		cut_read += (ecs_in_stopped(body, fresh(), q, &ev, &why) == KERR_OK && i < n);
		cut_read += (ecs_in_task_ids(body, fresh(), &ids, &left, token, &why) == KERR_OK && i < n);
		refuse_quietly(body);
	}
	is_int(cut_read, 0, "%s: no prefix of it is an answer", name);
}

int main(void)
{
	list();
	deployment();
	revisions();
	tasks();
	quorum();
	half_a_quorum();
	updated();
	errors();
	bad_answers();
	fuzz("../aws/list-2.json");
	fuzz("../aws/deployment-rollback.json");
	fuzz("../aws/revisions.json");
	fuzz("../aws/task.json");
	fuzz("../aws/tasks-arns.json");
	fuzz("../aws/error-expired.json");
	return done();
}
