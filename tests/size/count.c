/* count life|failure|poll N: does one of kedge's works N times with the real parsers, the real judgement and the real signer, and
 * nothing else, for instructions.t to count. The sockets, TLS and the kernel's part are not in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/core.h"
#include "agent/wire/ecs_in.h"
#include "agent/wire/engine_in.h"
#include "agent/wire/prune.h"
#include "agent/wire/record.h"
#include "agent/wire/sigv4.h"
#include "platform/crypto.h"

#define UNIX_MS  INT64_C(1800000000000)
#define HMS(s)   (8 + (s) / 3600) % 24, (s) / 60 % 60, (s) % 60   /* UNIX_MS is at eight o'clock */
#define CONTAINER "%064x"
#define LABELS   "\"com.amazonaws.ecs.cluster\":\"edge\",\"com.amazonaws.ecs.container-name\":\"app\",\"com.amazonaws.ecs.task-arn\":" \
		 "\"arn:aws:ecs:eu-west-1:123456789012:task/edge/%032x\",\"com.amazonaws.ecs.task-definition-family\":\"sensor\"," \
		 "\"com.amazonaws.ecs.task-definition-version\":\"7\""
#define DEPLOYED "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/Bc4nWd8hJ1eGt6UvKm2Rq"
#define TARGET   "arn:aws:ecs:eu-west-1:123456789012:service-revision/edge/web/4980306466373577095"
#define SERVICE  "\"serviceArn\":\"arn:aws:ecs:eu-west-1:123456789012:service/edge/web\",\"serviceDeploymentArn\":\"" DEPLOYED "\","

struct count {
	struct core core;
	struct core_params params;
	struct event ev;
	struct record record;
	struct arena arena;
	uint64_t now_ms, records, polls;
	bool fails;
	char room[256 * 1024], pruned[16384], line[4096], frame[RECORD_FRAME_MAX];
	struct text kept;
};

static struct count count;

static void must(enum kerr err, const struct why *why)
{
	if (err == KERR_OK)
		return;
	fprintf(stderr, "count: %s\n", why->text);
	exit(1);
}

static bool sha256(const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	crypto_sha256((struct slice){ p, n }, out);
	return true;
}

static bool hmac(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	crypto_hmac_sha256((struct slice){ key, key_n }, (struct slice){ p, n }, out);
	return true;
}

/* What the gate does with each body that goes out. */
static void sign(struct slice body, enum ecs_call call)
{
	static const struct sigv4_hash hash = { sha256, hmac };
	static const struct credentials keys = { .akid = "ASIAIOSFODNN7EXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", .token = "token" };
	static struct sigv4_key key;
	char work[SIGV4_WORK], auth[SIGV4_AUTH_CAP], date[SIGV4_DATE];
	struct sigv4_header header[] = { { SLICE("host"), SLICE("ecs.eu-west-1.amazonaws.com") },
					 { SLICE("x-amz-date"), SLICE("") },
					 { SLICE("x-amz-target"), slice_of(ecs_out_target(call)) },
					 { SLICE("x-amz-security-token"), slice_of(keys.token) } };
	struct sigv4_request r = { .method = SLICE("POST"), .path = SLICE("/"), .body = body, .header = header,
				   .n_headers = sizeof(header) / sizeof(header[0]) };
	struct why why;

	if (!sigv4_date(UNIX_MS / 1000 + (int64_t)(count.now_ms / 1000), date))
		exit(1);
	header[1].value = slice_of(date);
	must(sigv4_sign(&r, &keys, date, "eu-west-1", "ecs", &hash, &key, work, sizeof(work), auth, &why), &why);
}

static void feed(struct event *ev);

static enum kerr keep(void *arg, struct slice bytes)
{
	struct text *t = arg;

	text_slice(t, bytes);
	return t->full ? KERR_TOO_BIG : KERR_OK;
}

static struct slice through(const struct prune_list *list, struct slice in)
{
	static struct prune prune;
	struct text t = text_on(count.pruned, sizeof(count.pruned));
	struct why why;

	prune_init(&prune, list, keep, &t);
	must(prune_feed(&prune, in, &why), &why);
	must(prune_end(&prune, &why), &why);
	return (struct slice){ t.p, t.len };
}

/* The container has ended, as an engine says it when it is asked. */
static void inspect(uint32_t index)
{
	const char *id = count.core.container[index].id;
	unsigned task = (unsigned)strtoul(id + 56, NULL, 16), ended_s = (unsigned)(count.now_ms / 1000);
	struct why why;
	bool told;

	snprintf(count.line, sizeof(count.line),
		 "{\"Id\":\"%s\",\"Created\":\"2027-01-15T08:00:00.1Z\",\"State\":{\"Status\":\"exited\",\"Running\":false,\"OOMKilled\":false,"
		 "\"ExitCode\":%d,\"Error\":\"\",\"StartedAt\":\"2027-01-15T%02u:%02u:%02u.2Z\",\"FinishedAt\":\"2027-01-15T%02u:%02u:%02u.3Z\"},"
		 "\"Image\":\"sha256:%064x\",\"Config\":{\"Image\":\"web:11\",\"Env\":[\"SECRET=1\"],\"Labels\":{" LABELS "}}}", id, count.fails, HMS(ended_s - 1), HMS(ended_s), 11, task);
	must(engine_in_inspect(&count.arena, through(&prune_container, slice_of(count.line)), &count.ev, &told, &why), &why);
	feed(&count.ev);
}

static void journal(const struct action *a)
{
	struct event ev = { .type = EV_SAVED, .u.saved.seq = a->seq };
	struct why why;
	size_t n;

	core_record(&count.core, a->kind, a->index, &count.record);
	must(record_write(&count.record, count.frame, sizeof(count.frame), &n, &why), &why);
	count.records++;
	feed(&ev);
}

static void list(const struct action *a)
{
	static const char one[] = "{\"serviceDeployments\":[{\"clusterArn\":\"arn:aws:ecs:eu-west-1:123456789012:cluster/edge\"," SERVICE
		"\"createdAt\":1.799990E9,\"finishedAt\":1.799991E9,\"status\":\"SUCCESSFUL\",\"targetServiceRevisionArn\":\"" TARGET "\"}]}";
	struct ecs_asked q = { a->index, a->ask };
	char body[1024];
	struct text t = text_on(body, sizeof(body));
	struct why why;

	must(a->full ? ecs_out_list_all(&t, "edge", "web", &why) : ecs_out_list_after(&t, "edge", "web", UNIX_MS, &why), &why);
	sign((struct slice){ t.p, t.len }, ECS_LIST_DEPLOYMENTS);
	must(ecs_in_list(a->full ? SLICE(one) : SLICE("{\"serviceDeployments\":[]}"), &count.arena, q, &count.ev, &why), &why);
	count.polls += !a->full;
	feed(&count.ev);
	arena_reset(&count.arena, 0);
}

static void deployment(const struct action *a)
{
	static const char answer[] = "{\"failures\":[],\"serviceDeployments\":[{" SERVICE "\"createdAt\":1.799990E9,\"status\":\"SUCCESSFUL\","
		"\"targetServiceRevision\":{\"arn\":\"" TARGET "\",\"pendingTaskCount\":0,\"requestedTaskCount\":1,\"runningTaskCount\":1}}]}";
	struct ecs_asked q = { a->index, a->ask };
	struct slice arn = SLICE(DEPLOYED);
	char body[1024];
	struct text t = text_on(body, sizeof(body));
	struct why why;

	must(ecs_out_deployments(&t, &arn, 1, &why), &why);
	sign((struct slice){ t.p, t.len }, ECS_DESCRIBE_DEPLOYMENTS);
	must(ecs_in_deployment(slice_of(answer), &count.arena, q, DEPLOYED, &count.ev, &why), &why);
	feed(&count.ev);
	arena_reset(&count.arena, 0);
}

/* It is of no service. */
static void task(const struct action *a)
{
	const char *arn = count.core.task[a->index].arn;
	char body[1024];
	struct text t = text_on(body, sizeof(body));
	struct why why;

	must(ecs_out_task(&t, "edge", slice_of(arn), &why), &why);
	sign((struct slice){ t.p, t.len }, ECS_DESCRIBE_TASKS);
	snprintf(count.line, sizeof(count.line), "{\"failures\":[],\"tasks\":[{\"group\":\"family:sensor\",\"lastStatus\":\"RUNNING\","
		 "\"startedBy\":\"cron\",\"taskArn\":\"%s\"}]}", arn);
	must(ecs_in_task(slice_of(count.line), &count.arena, arn, &count.ev, &why), &why);
	feed(&count.ev);
	arena_reset(&count.arena, 0);
}

/* Experiments: the disk has room, and that was the last of them. */
static void probe(void)
{
	struct event ev = { .type = EV_FACT, .u.fact = { .fact = FACT_DISK, .yes = TRI_YES, .value = INT64_C(4000) << 20, .last = true } };

	feed(&ev);
}

static void last_words(const struct action *a)
{
	struct event ev = { .type = EV_LAST_WORDS };

	memcpy(ev.u.last_words.id, count.core.container[a->index].id, sizeof(ev.u.last_words.id));
	feed(&ev);
}

static void put(void *arg, const struct event *ev)
{
	struct event copy = *ev;

	(void)arg;
	feed(&copy);
}

static void revisions(const struct action *a)
{
	static const char answer[] = "{\"failures\":[],\"serviceRevisions\":[{\"serviceRevisionArn\":\"" TARGET "\",\"taskDefinition\":"
		"\"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:11\",\"containerImages\":[{\"containerName\":\"app\",\"image\":\"web:11\"}]}]}";
	struct ev_out out = { &count.ev, put, NULL };
	struct ecs_asked q = { a->index, a->ask };
	struct why why;

	must(ecs_in_revisions(slice_of(answer), &count.arena, q, &out, &why), &why);
	arena_reset(&count.arena, 0);
}

/* What needs another source stays unanswered, as when that is away. */
static void carry_out(const struct action *a)
{
	if (a->type == ACT_JOURNAL)
		journal(a);
	else if (a->type == ACT_INSPECT)
		inspect(a->index);
	else if (a->type == ACT_AWS_LIST)
		list(a);
	else if (a->type == ACT_AWS_TASK)
		task(a);
	else if (a->type == ACT_PROBE)
		probe();
	else if (a->type == ACT_LAST_WORDS)
		last_words(a);
	else if (a->type == ACT_AWS_DEPLOYMENT)
		deployment(a);
	else if (a->type == ACT_AWS_REVISION)
		revisions(a);
}

static void feed(struct event *ev)
{
	struct action out[CORE_MAX_ACTIONS];
	size_t n;

	ev->now_ms = count.now_ms;
	ev->now_unix_ms = UNIX_MS + (int64_t)count.now_ms;
	n = core_step(&count.core, ev, out);
	for (size_t i = 0; i < n; i++)
		carry_out(&out[i]);
}

static void pass(uint64_t until_ms)
{
	uint64_t at;

	while ((at = core_deadline(&count.core)) <= until_ms) {
		struct event ev = { .type = EV_TICK };

		count.now_ms = at > count.now_ms ? at : count.now_ms + 1;
		feed(&ev);
	}
	count.now_ms = until_ms;
}

static void say(unsigned task, const char *action, const char *more)
{
	struct why why;
	bool told;

	snprintf(count.line, sizeof(count.line),
		 "{\"status\":\"%s\",\"id\":\"" CONTAINER "\",\"from\":\"web:11\",\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"" CONTAINER
		 "\",\"Attributes\":{" LABELS ",\"image\":\"web:11\",\"name\":\"ecs-sensor-7-app\"%s}},\"scope\":\"local\",\"time\":%llu,"
		 "\"timeNano\":%llu000000}", action, task, action, task, task, more, (unsigned long long)(UNIX_MS + (int64_t)count.now_ms) / 1000,
		 (unsigned long long)UNIX_MS + count.now_ms);
	must(engine_in_event(&count.arena, through(&prune_event, slice_of(count.line)), &count.ev, &told, &why), &why);
	if (!told)
		exit(1);
	feed(&count.ev);
}

/* A container that ends well, or with 1 at once. */
static void life(unsigned task)
{
	say(task, "create", "");
	say(task, "start", "");
	pass(count.now_ms + 1000);
	say(task, "die", count.fails ? ",\"exitCode\":\"1\"" : ",\"exitCode\":\"0\"");
	pass(count.now_ms + 1000);
	say(task, "destroy", "");
	pass(count.now_ms + 1000);
}

static void begin(void)
{
	struct event ev = { .type = EV_EPOCH }, up = { .type = EV_SOURCE, .u.source = { .source = SRC_ENGINE, .state = SS_UP } },
		     sync = { .type = EV_SYNC, .u.sync = { .source = SRC_ENGINE } };
	const enum fact good[] = { FACT_CLOCK, FACT_ROUTE, FACT_CREDENTIALS };

	arena_init(&count.arena, count.room, sizeof(count.room));
	count.params = (struct core_params){ .policy = policy_default(), .seed = 7, .n_services = 1, .fleet = 1 };
	snprintf(count.params.service[0].service, NAME_CAP, "web");
	snprintf(count.params.service[0].family, NAME_CAP, "web");
	count.params.service[0].policy = count.params.policy;
	count.now_ms = 100000;
	core_init(&count.core, &count.params);
	snprintf(ev.u.epoch.cluster, NAME_CAP, "edge");
	snprintf(ev.u.epoch.boot_id, 40, "boot-1");
	snprintf(ev.u.epoch.arch, 16, "amd64");
	feed(&ev);
	feed(&up);
	feed(&sync);
	sync.u.sync.end = true;
	feed(&sync);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct event fact = { .type = EV_FACT, .u.fact = { .fact = good[i], .yes = TRI_YES } };

		feed(&fact);
	}
}

static void polls(uint64_t n)
{
	struct event ev = { .type = EV_TASK };

	ev.u.task.what = T_STATUS;
	snprintf(ev.u.task.task, ARN_CAP, "arn:aws:ecs:eu-west-1:123456789012:task/edge/%032x", 1);
	snprintf(ev.u.task.family, NAME_CAP, "web");
	ev.u.task.revision = 11;
	ev.u.task.desired = ev.u.task.known = TS_RUNNING;
	feed(&ev);
	while (count.polls < n)
		pass(count.now_ms + 3600000);
}

int main(int argc, char **argv)
{
	unsigned n = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

	if (n == 0)
		return 2;
	begin();
	count.fails = strcmp(argv[1], "failure") == 0;
	if (strcmp(argv[1], "poll") == 0)
		polls(n);
	else
		for (unsigned i = 1; i <= n; i++)
			life(i);
	printf("%llu events, %llu records, %llu polls, %llu failures dropped\n", (unsigned long long)count.core.counter.events,
	       (unsigned long long)count.records, (unsigned long long)count.polls, (unsigned long long)count.core.counter.failures_dropped);
	return 0;
}
