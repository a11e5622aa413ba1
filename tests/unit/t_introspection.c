/* The ECS agent's introspection answers, as a real agent gave them. */
#include "agent/wire/introspection_in.h"

#include "tests/tap.h"
#include "tests/unit/capture.h"

#define ARN "arn:aws:ecs:eu-west-1:123456789012:task/edge/"

static char memory[256 * 1024];
static struct arena arena;
static struct event ev;
static struct why why;

struct seen { size_t n; struct ev_task task[8]; };

static void keep(void *arg, const struct event *e)
{
	struct seen *s = arg;

	if (s->n < 8)
		s->task[s->n] = e->u.task;
	s->n += e->type == EV_TASK;
}

static enum kerr tasks(struct slice body, struct seen *s, struct introspection_in_counts *n)
{
	const struct ev_out out = { &ev, keep, s };
	enum kerr err;

	memset(s, 0, sizeof(*s));
	arena_init(&arena, memory, sizeof(memory));
	ev.now_ms = 77;
	err = introspection_in_tasks(&arena, body, &out, n, &why);
	ok(arena.used == 0 && ev.now_ms == 77, "the arena and the caller's time are left alone");
	return err;
}

static struct slice last_line(const char *file)
{
	struct slice rest = capture(file), line = rest;

	while (slice_next(&rest, '\n', &line))
		;
	return line;
}

static void metadata(void)
{
	arena_init(&arena, memory, sizeof(memory));
	ok(introspection_in_metadata(&arena, capture("metadata.json"), &ev, &why) == KERR_OK && ev.type == EV_EPOCH, "metadata");
	is_str(ev.u.epoch.agent_version, "1.105.1", "version");
	is_str(ev.u.epoch.cluster, "edge", "cluster");
	is_str(ev.u.epoch.region, "eu-west-1", "region");
	is_str(ev.u.epoch.container_instance,
	       "arn:aws:ecs:eu-west-1:123456789012:container-instance/edge/de7d6290b947387b2ba9b9e824c31740", "container instance");
	ok(introspection_in_metadata(&arena, SLICE("{\"Cluster\":\"c\",\"ContainerInstanceArn\":null,\"Version\":\"odd\"}"), &ev, &why) ==
	   KERR_OK, "not registered yet");
	is_str(ev.u.epoch.container_instance, "", "no container instance");
	is_str(ev.u.epoch.region, "", "no region");
	is_str(ev.u.epoch.agent_version, "odd", "an unknown wording is kept");
	ok(introspection_in_metadata(&arena, SLICE("{\"AvailableCommands\":[\"/v1/metadata\"]}"), &ev, &why) == KERR_BAD_INPUT,
	   "the answer of a wrong path: %s", why.text);
	ok(introspection_in_metadata(&arena, SLICE("<html>"), &ev, &why) == KERR_BAD_INPUT, "a web page: %s", why.text);
	is_int(arena.used, 0, "the arena is left as it was");
}

static void real_tasks(void)
{
	struct introspection_in_counts n;
	struct seen s;

	ok(tasks(last_line("tasks-notag.ndjson"), &s, &n) == KERR_OK && n.told == 1 && s.n == 1, "a failed pull");
	is_str(s.task[0].task, ARN "42000fad2ad2f80f5dbf3be9973f3c6d", "task");
	ok(s.task[0].what == T_STATUS && s.task[0].desired == TS_STOPPED && s.task[0].known == TS_STOPPED, "stopped");
	ok(str_eq(s.task[0].family, "web") && s.task[0].revision == 12 && s.task[0].containers == 1 && s.task[0].restarts == 0, "web:12");
	ok(tasks(last_line("tasks-restartpol2.ndjson"), &s, &n) == KERR_OK && s.task[0].restarts == 5, "restarted in place five times");
	ok(tasks(last_line("tasks-twononess.ndjson"), &s, &n) == KERR_OK && s.task[0].containers == 2, "two containers");
}

static void versions_and_refusals(void)
{
	struct introspection_in_counts n;
	struct seen s;

	ok(tasks(SLICE("{\"Tasks\":[{\"Arn\":\"" ARN "a\",\"KnownStatus\":\"PENDING\",\"Family\":\"f\",\"Version\":\"3\",\"Containers\":[]},"
		       "{\"Arn\":\"\",\"KnownStatus\":\"\",\"Family\":\"\",\"Version\":\"\",\"Containers\":null},"
		       "{\"Arn\":\"" ARN "b\",\"KnownStatus\":\"RUNNING\",\"Version\":\"x\"},"
		       "{\"Arn\":\"" ARN "c\",\"KnownStatus\":\"RUNNING\",\"Containers\":[{\"RestartCount\":-1}]},"
		       "{\"Containers\":[{\"DockerId\":\"1\",\"Ports\":[{}]}],\"KnownStatus\":\"FROZEN\",\"Arn\":\"" ARN "d\"},7]}"),
		 &s, &n) == KERR_OK, "good and bad entries");
	is_int(n.told, 2, "two are told");
	is_int(n.refused, 4, "four refused");
	ok(s.task[0].desired == TS_UNKNOWN && s.task[0].known == TS_PENDING, "no DesiredStatus");
	ok(str_eq(s.task[1].task, ARN "d") && s.task[1].known == TS_UNKNOWN && s.task[1].containers == 1 && s.task[1].revision == 0,
	   "members in another order, an unknown status");
	ok(tasks(SLICE("{\"Tasks\":[]}"), &s, &n) == KERR_OK && s.n == 0, "no tasks");
	ok(tasks(SLICE("{\"Tasks\":null}"), &s, &n) == KERR_OK && s.n == 0, "no list of tasks");
	ok(tasks(SLICE("{}"), &s, &n) == KERR_BAD_INPUT, "no Tasks: %s", why.text);
	ok(tasks(SLICE("{\"Tasks\":{}}"), &s, &n) == KERR_BAD_INPUT, "Tasks is no list");
	ok(tasks(SLICE("[]"), &s, &n) == KERR_BAD_INPUT, "no object");
	ok(tasks(slice_to(capture("tasks-noexec.ndjson"), 300), &s, &n) == KERR_BAD_INPUT && s.n == 0, "cut off: %s", why.text);
}

int main(void)
{
	metadata();
	real_tasks();
	versions_and_refusals();
	return done();
}
