/* The deployments table: the founding case, 240 KB of old events in flat memory, the kept form, damaged bytes. */
#include "agent/wire/deployments_in.h"

#include "tests/tap.h"
#include "tests/unit/capture.h"

#define ID "ecs-svc/12345678901234567890"

static char memory[DEP_ARENA];
static struct arena arena;
static struct deployments_in in;
static struct dep_table table, again;
static struct why why;
static char kept[DEP_CACHE_MAX];

static enum kerr read_in(struct slice body, size_t chunk)
{
	enum kerr e = KERR_OK;

	arena_init(&arena, memory, sizeof(memory));
	deployments_in_begin(&in, &arena, &table, 1619234900000);
	for (size_t at = 0; at < body.n && e == KERR_OK; at += chunk)
		e = deployments_in_feed(&in, slice_to(slice_from(body, at), chunk), &why);
	return e == KERR_OK ? deployments_in_end(&in, &why) : e;
}

static void founding_case(void)
{
	const struct dep_service *s = &table.service[0];
	const struct dep_row *new = &s->row[0], *old = &s->row[1];

	ok(read_in(capture("../aws/services-founding.json"), 1000) == KERR_OK, "the founding case: %s", why.text);
	ok(table.n == 1 && table.missing == 1 && table.asked_unix_ms == 1619234900000, "one service, one missing");
	is_str(table.missing_name[0], "gone", "its name");
	is_str(s->name, "web", "service");
	is_str(s->cluster, "edge", "cluster");
	ok(strcmp(s->status, "ACTIVE") == 0 && strcmp(s->controller, "ECS") == 0 && strcmp(s->launch_type, "EXTERNAL") == 0 &&
	   strcmp(s->scheduling, "REPLICA") == 0 && s->desired == 1 && s->running == 1 && s->pending == 1, "its members");
	ok(s->n == 2 && s->left_out == 0, "two deployments");
	is_str(new->id, ID, "PRIMARY first, though AWS sent it last");
	ok(strcmp(new->status, "PRIMARY") == 0 && strcmp(new->family, "test-task") == 0 && new->revision == 12, "status, revision");
	ok(new->desired == 1 && new->pending == 1 && new->running == 0 && new->failed == 5, "counts");
	ok(strcmp(new->rollout, "IN_PROGRESS") == 0 && strcmp(new->launch_type, "EXTERNAL") == 0, "rollout");
	is_str(new->rollout_reason, "ECS deployment " ID " in progress.", "reason");
	ok(new->created_unix_ms == 1619234847027 && new->updated_unix_ms == 1619234850000, "times");
	ok(strcmp(old->status, "ACTIVE") == 0 && old->revision == 11 && old->running == 1 && old->failed == 0 &&
	   strcmp(old->rollout, "COMPLETED") == 0, "the old one");
	is_int(s->events, 3, "three events");
	is_str(s->event[0].text, "(service web) has started 1 tasks: (task 0123).", "the newest");
	ok(s->event[2].trouble && strstr(s->event[2].text, "already using a port") != NULL, "and the newest trouble, fifth in line");
}

static struct event ev;

static const struct ev_aws_service *asked(const char *body, const char *service, enum kerr want)
{
	enum kerr e = read_in(slice_of(body), 11);

	if (e == KERR_OK)
		e = deployments_in_service(&in, (struct ecs_asked){ 3, 77 }, service, &ev, &why);
	is_str(kerr_name(e), kerr_name(want), "%.70s", body);
	return &ev.u.aws_service;
}

#define SVC(rest) "{\"services\":[{\"serviceName\":\"web\",\"status\":\"ACTIVE\"" rest "}]}"
#define EVENT(at, text) "{\"createdAt\":" #at ",\"message\":\"(service web) " text "\"}"
#define NO_PLACE "was unable to place a task because no container instance met all of its requirements."
#define CLOSEST "The closest matching container-instance 0123456789abcdef0123456789abcdef "

static void one_service(void)
{
	const struct ev_aws_service *s;

	ok(read_in(capture("../aws/services-founding.json"), 100) == KERR_OK, "an answer about two services");
	ok(deployments_in_service(&in, (struct ecs_asked){ 3, 77 }, "web", &ev, &why) == KERR_OK && ev.type == EV_AWS_SERVICE, "one of them");
	s = &ev.u.aws_service;
	ok(s->service == 3 && s->ask == 77 && !s->missing && s->controller == CTL_ECS, "who asked, controller");
	ok(s->failed_tasks == 5 && s->running == 0 && s->pending == 1, "counts of the PRIMARY deployment");
	ok(s->placement_unix_ms == 1619234900000, "when ECS found no place");
	is_str(s->placement, NO_PLACE " The closest matching container-instance 0a1b is already using a port required by your task.",
	       "why, without the service's name");
	s = asked(SVC(",\"events\":[" EVENT(9, "has started 1 tasks") "," EVENT(5, NO_PLACE " " CLOSEST "is already using a port required by your task.")
		      "," EVENT(7, "deployment failed: tasks failed to start.") "," EVENT(4, "was unable to place a task. Reason: x") "]"), "web", KERR_OK);
	is_str(s->placement, CLOSEST "is already using a port required by your task.", "too long: the sentence that names the lack");
	ok(s->placement_unix_ms == 5000 && s->controller == CTL_UNKNOWN && s->failed_tasks == 0, "the newest of its kind; the rest unsaid");
	s = asked(SVC(",\"deploymentController\":{\"type\":\"CODE_DEPLOY\"},\"events\":["
		      EVENT(9, "was unable to stop or start tasks during a deployment because of the service deployment configuration.") "]"),
		  "web", KERR_OK);
	ok(s->controller == CTL_CODE_DEPLOY && s->placement_unix_ms == 9000, "no room beside the old one; CodeDeploy's");
	ok(asked(SVC(",\"deploymentController\":{\"type\":\"EXTERNAL\"}"), "web", KERR_OK)->controller == CTL_EXTERNAL, "external");
	ok(asked(SVC(",\"deploymentController\":{\"type\":\"OF_TOMORROW\"}"), "web", KERR_OK)->controller == CTL_OTHER, "a new word");
	ok(asked(SVC(",\"events\":[" EVENT(9, "is unable to consistently start tasks successfully.") "]"), "web", KERR_OK)
	   ->placement_unix_ms == 0, "a task that does not start had a place");
	ok(asked("{\"services\":[{\"serviceName\":\"web\",\"status\":\"INACTIVE\"}]}", "web", KERR_OK)->missing, "deleted");
	ok(asked("{\"services\":[],\"failures\":[{\"arn\":\"x/web\",\"reason\":\"MISSING\"}]}", "web", KERR_OK)->missing, "never was");
	(void)asked("{\"services\":[]}", "web", KERR_BAD_INPUT);
	(void)asked(SVC(""), "api", KERR_BAD_INPUT);
	ok(strstr(why.text, "not about service api") != NULL, "says: %s", why.text);
}

/* An answer as large as ten services with a hundred events each make it. */
static size_t big(char *buf, size_t cap, int services, int events)
{
	size_t n = (size_t)snprintf(buf, cap, "{\"failures\":[],\"services\":[");

	for (int s = 0; s < services; s++) {
		n += (size_t)snprintf(buf + n, cap - n, "%s{\"serviceName\":\"svc-%d\",\"clusterArn\":"
			"\"arn:aws:ecs:eu-west-1:123456789012:cluster/edge\",\"status\":\"ACTIVE\",\"desiredCount\":1,\"events\":[",
			s == 0 ? "" : ",", services - 1 - s);
		for (int e = 0; e < events; e++)
			n += (size_t)snprintf(buf + n, cap - n, "%s{\"createdAt\":1.6192349%02dE9,\"id\":"
				"\"0f9a2c3e-4b5d-6f70-8192-a3b4c5d6e7f8\",\"message\":\"(service svc-%d) has started 1 tasks: (task "
				"0123456789abcdef0123456789abcdef). (task 0123456789abcdef0123456789abcdef) (task 0123456789abcdef) [\\\"}]\"}",
				e == 0 ? "" : ",", 99 - e % 100, s);
		n += (size_t)snprintf(buf + n, cap - n, "],\"deployments\":[");
		for (int d = 0; d < 2; d++)
			n += (size_t)snprintf(buf + n, cap - n, "%s{\"id\":\"ecs-svc/%d\",\"status\":\"%s\",\"taskDefinition\":"
				"\"arn:aws:ecs:eu-west-1:123456789012:task-definition/fam-%d:%d\",\"desiredCount\":1,\"networkConfiguration\":"
				"{\"awsvpcConfiguration\":{\"subnets\":[\"a\",\"b\"]}},\"rolloutState\":\"COMPLETED\"}", d == 0 ? "" : ",", d,
				d == 0 ? "PRIMARY" : "ACTIVE", s, d + 1);
		n += (size_t)snprintf(buf + n, cap - n, "]}");
	}
	return n + (size_t)snprintf(buf + n, cap - n, "]}");
}

static void size(void)
{
	static char body[512 * 1024];
	size_t n = big(body, sizeof(body), 10, 100);
	size_t one_high, one = big(body, sizeof(body), 1, 100);

	ok(read_in((struct slice){ body, one }, 1460) == KERR_OK && table.n == 1, "1 service, 100 events, %zu bytes", one);
	one_high = arena.high;
	n = big(body, sizeof(body), 10, 100);
	ok(n > 235000, "10 services, 100 events each: %zu bytes", n);
	ok(read_in((struct slice){ body, n }, 1460) == KERR_OK && table.n == 10, "read: %s", why.text);
	ok(strcmp(table.service[0].name, "svc-0") == 0 && strcmp(table.service[9].name, "svc-9") == 0 &&
	   strcmp(table.service[9].row[0].family, "fam-0") == 0, "sorted by name");
	ok(table.service[4].n == 2 && table.service[4].events == 3, "each with its rows and newest events");
	ok(arena.high == one_high && arena.used == 0 && arena.high < 32768, "memory as for one: %zu bytes of arena", arena.high);
	ok(in.elements.largest < 8192, "largest service kept: %zu bytes", in.elements.largest);
	n = big(body, sizeof(body), 11, 1);
	ok(read_in((struct slice){ body, n }, n) == KERR_TOO_BIG && table.n == 0, "eleven: %s", why.text);
}

static void rows(void)
{
	static char body[32768];
	size_t n = (size_t)snprintf(body, sizeof(body), "{\"services\":[{\"serviceName\":\"w\",\"deployments\":[");

	for (int i = 0; i < 8; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n, "%s{\"id\":\"d%d\",\"status\":\"%s\",\"taskDefinition\":\"t:1\",\"createdAt\":%d}",
				      i == 0 ? "" : ",", i, i == 6 ? "PRIMARY" : "ACTIVE", 100 + i);
	snprintf(body + n, sizeof(body) - n, "]}]}");
	ok(read_in(slice_of(body), 1) == KERR_OK && table.service[0].n == DEP_ROWS && table.service[0].left_out == 3,
	   "eight deployments: five kept, three counted");
	ok(strcmp(table.service[0].row[0].id, "d6") == 0 && strcmp(table.service[0].row[1].id, "d7") == 0 &&
	   strcmp(table.service[0].row[4].id, "d3") == 0, "PRIMARY and the newest");
}

static bool written_as(const struct dep_table *t, struct slice text)
{
	static char room[DEP_CACHE_MAX];
	struct text out = text_on(room, sizeof(room));

	return deployments_write(t, &out, &why) == KERR_OK && slice_eq(text_get(&out), text);
}

static void cache(void)
{
	struct text t = text_on(kept, sizeof(kept)), small = text_on(kept, 50);
	static char body[512 * 1024];

	ok(read_in((struct slice){ body, big(body, sizeof(body), 10, 100) }, 1460) == KERR_OK, "a full table");
	table.missing = 1;
	(void)str_put(table.missing_name[0], NAME_CAP, SLICE("gone"));
	table.service[3].left_out = 2;
	ok(deployments_write(&table, &small, &why) == KERR_TOO_BIG, "does not fit: %s", why.text);
	t = text_on(kept, sizeof(kept));
	ok(deployments_write(&table, &t, &why) == KERR_OK, "kept in %zu bytes", t.len);
	arena_init(&arena, memory, sizeof(memory));
	ok(deployments_read(text_get(&t), "deployments.json", &in, &arena, &again, &why) == KERR_OK, "read back: %s", why.text);
	ok(written_as(&again, text_get(&t)), "the same, byte for byte");
	ok(deployments_read(SLICE("{\"head\":[{\"v\":2,\"askedAt\":1}],\"services\":[]}"), "deployments.json", &in, &arena, &again,
			    &why) == KERR_BAD_INPUT && strstr(why.text, "deployments.json: written in version 2") != NULL, "%s",
	   why.text);
	ok(deployments_read(SLICE("{\"services\":[]}"), "deployments.json", &in, &arena, &again, &why) == KERR_BAD_INPUT, "%s",
	   why.text);
	ok(deployments_read(SLICE(""), "deployments.json", &in, &arena, &again, &why) == KERR_BAD_INPUT, "%s", why.text);
	ok(deployments_read(slice_to(text_get(&t), t.len - 1), "deployments.json", &in, &arena, &again, &why) == KERR_BAD_INPUT &&
	   again.n == 0, "cut: %s", why.text);
}

static void bad(const char *body, const char *words)
{
	ok(read_in(slice_of(body), 3) != KERR_OK && table.n == 0 && table.asked_unix_ms == 0, "%.60s", body);
	ok(strstr(why.text, words) != NULL && strstr(why.text, "DescribeServices") != NULL, "says: %s", why.text);
}

static void bad_answers(void)
{
	static char body[DEP_ELEMENT * 2];
	size_t n;

	bad("", "byte 0");
	bad("<html>", "byte");
	bad("{}", "services is missing");
	bad("[]", "services is missing");
	bad("{\"services\":7}", "services is missing");
	bad("{\"services\":[{}]}", "serviceName is missing");
	bad("{\"services\":[{\"serviceName\":7}]}", "serviceName");
	bad("{\"services\":[{\"serviceName\":\"w\",\"deployments\":[{\"id\":\"x\",\"status\":\"PRIMARY\",\"taskDefinition\":\"t\"}]}]}",
	    "taskDefinition is \"t\"");
	bad("{\"services\":[{\"serviceName\":\"w\",\"desiredCount\":-1}]}", "desiredCount");
	bad("{\"services\":[{\"serviceName\":\"w\"}],\"failures\":[{\"arn\":\"x\",\"reason\":\"ACCESS\"}]}", "ACCESS");
	bad("{\"services\":[{\"serviceName\":\"w\"}", "byte");
	n = (size_t)snprintf(body, sizeof(body), "{\"services\":[{\"serviceName\":\"");
	memset(body + n, 'x', DEP_ELEMENT);
	snprintf(body + n + DEP_ELEMENT, sizeof(body) - n - DEP_ELEMENT, "\"}]}");
	bad(body, "more than 32768 bytes");
	ok(read_in(SLICE("{\"services\":[[{\"serviceName\":\"v\"}],7,{\"serviceName\":\"w\"}]}"), 1) == KERR_OK && table.n == 1 &&
	   strcmp(table.service[0].name, "w") == 0, "elements that are no objects are passed over");
	ok(read_in(SLICE("{\"services\":[],\"head\":[{\"v\":9}],\"x\":[1,[2]]}"), 1) == KERR_OK && table.n == 0,
	   "an empty answer, and members that are not AWS's");
}

static void fuzz(void)
{
	struct slice whole = capture("../aws/services-founding.json");
	static char copy[16384];
	size_t read = 0;

	ok(whole.n < sizeof(copy), "fits");
	for (size_t i = 0; i < 2 * whole.n; i++) {
		struct slice body = { copy, i < whole.n ? i : whole.n };

		memcpy(copy, whole.p, whole.n);
		if (i >= whole.n)
			copy[i - whole.n] ^= (char)(1 << (i % 8));
		read += read_in(body, 97) == KERR_OK && i < whole.n;
		read += arena.used;
	}
	is_int(read, 0, "no prefix is an answer, nothing stays on the arena");
}

int main(void)
{
	founding_case();
	one_service();
	size();
	rows();
	cache();
	bad_answers();
	fuzz();
	return done();
}
