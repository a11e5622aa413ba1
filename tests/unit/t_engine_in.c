/* The Docker Engine's answers and events, as real engines gave them. */
#include "agent/wire/engine_in.h"

#include "agent/wire/engine_lines.h"
#include "agent/wire/engine_out.h"
#include "tests/tap.h"
#include "tests/unit/capture.h"

#define TASK "arn:aws:ecs:eu-west-1:123456789012:task/edge-fleet/0123456789abcdef0123456789abcdef"
#define LABELS(version) "\"com.amazonaws.ecs.cluster\":\"c\",\"com.amazonaws.ecs.container-name\":\"web\",\"com.amazonaws.ecs.task-arn\":\"" TASK \
	"\",\"com.amazonaws.ecs.task-definition-family\":\"sensor\",\"com.amazonaws.ecs.task-definition-version\":\"" version "\""
#define ID "5f434c45527a1cd2a0039b6f8ab8e08946724327032dfa9d2179aefae4091958"

static char memory[512 * 1024];
static struct arena arena;
static struct event ev;
static struct why why;

struct seen { size_t n; struct ev_container first; };

static void keep(void *arg, const struct event *e)
{
	struct seen *s = arg;

	if (s->n++ == 0)
		s->first = e->u.container;
}

static void list(const char *file)
{
	struct seen s = { .n = 0 };
	const struct ev_out out = { &ev, keep, &s };
	struct engine_in_counts n;

	arena_init(&arena, memory, sizeof(memory));
	ok(engine_in_list(&arena, capture(file), &out, &n, &why) == KERR_OK && s.n == 10 && n.told == 10, "%s: ten containers", file);
	is_int(arena.used, 0, "the arena is left as it was");
	is_str(s.first.task, TASK, "task");
	is_str(s.first.image, "fake.test:5010/ok/app:latest", "image");
	ok(str_eq(s.first.family, "sensor") && s.first.revision == 7 && str_eq(s.first.name, "web") && str_eq(s.first.cluster, "edge-fleet"),
	   "labels");
	ok(s.first.what == C_LISTED && s.first.state == CS_RUNNING && !s.first.inspected && !s.first.has_exit, "running");
	ok(strlen(s.first.id) == 64 && slice_starts(slice_of(s.first.image_id), "sha256:"), "ids");
	ok(s.first.created_unix_ms > INT64_C(1795000000000) && s.first.created_unix_ms % 1000 == 0, "created");
}

static void list_entries(void)
{
	struct seen s = { .n = 0 };
	const struct ev_out out = { &ev, keep, &s };
	struct engine_in_counts n;

	arena_init(&arena, memory, sizeof(memory));
	ok(engine_in_list(&arena, SLICE(
		"[{\"Id\":\"" ID "\",\"Image\":\"sha256:85bc\",\"State\":\"exited\",\"Status\":\"Exited (137) 2 hours ago\",\"Labels\":{" LABELS("7") "}},"
		"{\"Id\":\"" ID "\",\"Image\":\"x\",\"State\":\"running\",\"Labels\":{\"a\":\"b\"}},"
		"{\"Id\":\"" ID "\",\"Image\":\"x\",\"State\":\"running\",\"Labels\":null},"
		"{\"Id\":\"nothex\",\"State\":\"running\",\"Labels\":{" LABELS("7") "}},"
		"{\"Id\":\"" ID "\",\"State\":\"running\",\"Labels\":{" LABELS("4294967296") "}},"
		"{\"Id\":\"" ID "\",\"State\":\"running\",\"Labels\":{\"com.amazonaws.ecs.task-definition-family\":\"\"," LABELS("7") "}},"
		"{\"Id\":\"" ID "\",\"State\":\"running\",\"Labels\":{\"com.amazonaws.ecs.container-name\":\"\"," LABELS("7") "}},"
		"{\"Id\":\"" ID "\",\"State\":\"running\",\"Labels\":{\"com.amazonaws.ecs.task-arn\":\"" TASK "\"}}, 3]"),
		&out, &n, &why) == KERR_OK, "entries of all kinds");
	ok(n.told == 1 && n.foreign == 3 && n.refused == 5, "1 told, 3 foreign, 5 refused: %u %u %u", n.told, n.foreign, n.refused);
	ok(s.first.has_exit && s.first.exit_code == 137 && s.first.state == CS_EXITED, "exit code out of the status line");
	is_str(s.first.image, "", "an image's id is no reference");
	ok(engine_in_list(&arena, SLICE("{\"message\":\"x\"}"), &out, &n, &why) == KERR_BAD_INPUT, "no list: %s", why.text);
}

static void inspect(const char *file, bool prefix)
{
	bool told = false;
	struct ev_container *c = &ev.u.container;

	arena_init(&arena, memory, sizeof(memory));
	ok(engine_in_inspect(&arena, capture(file), &ev, &told, &why) == KERR_OK && told, "%s", file);
	ok(c->what == C_LISTED && c->inspected && c->state == CS_CREATED && c->has_exit && c->exit_code == 127, "created, failed to start");
	ok(c->class == CLASS_EXEC_NOT_FOUND, "class %s", class_name(c->class));
	ok(slice_find(slice_of(c->reason), "exec: \"/nosuch\": stat /nosuch: no such file or directory") != SIZE_MAX, "its words");
	ok(slice_starts(slice_of(c->reason), "failed to create task for container: ") == prefix, "verbatim");
	ok(c->started_unix_ms == 0 && c->finished_unix_ms == 0 && c->created_unix_ms > INT64_C(1795400000000), "times");
	is_str(c->image, "fake.test:5010/ok/app:latest", "image");
	is_int(arena.used, 0, "the arena is left as it was");
}

static void inspect_others(void)
{
	struct ev_container *c = &ev.u.container;
	bool told;

	ok(engine_in_inspect(&arena, capture("inspect-oom.json"), &ev, &told, &why) == KERR_OK && told, "killed for memory");
	ok(c->oom_killed && c->state == CS_EXITED && c->exit_code == 137 && c->class == CLASS_NONE && c->reason[0] == '\0', "is what it says");
	ok(c->started_unix_ms == INT64_C(1795400608220) && c->finished_unix_ms == INT64_C(1795400608892), "to the millisecond");
	ok(engine_in_inspect(&arena, capture("inspect-exit1.json"), &ev, &told, &why) == KERR_OK && c->has_exit && c->exit_code == 1, "exit 1");
	ok(engine_in_inspect(&arena, SLICE("{\"message\":\"No such container: x\"}"), &ev, &told, &why) == KERR_BAD_INPUT && !told, "an error: %s", why.text);
	ok(engine_in_inspect(&arena, SLICE("{\"Id\":\"" ID "\",\"Config\":{\"Labels\":{}}}"), &ev, &told, &why) == KERR_OK && !told, "another's");
	ok(engine_in_inspect(&arena, SLICE("{\"Id\":\"" ID "\",\"Config\":{\"Labels\":{" LABELS("7") "}},\"State\":{\"Status\":\"running\",\"StartedAt\":\"soon\"}}"),
			     &ev, &told, &why) == KERR_BAD_INPUT && !told, "a bad time: %s", why.text);
}

static char doc[4096];

static struct slice with(const char *config, const char *rest)
{
	struct text t = text_on(doc, sizeof(doc));

	text_s(&t, "{\"Id\":\"" ID "\",\"Config\":{\"Labels\":{" LABELS("7") "}");
	text_s(&t, config);
	text_s(&t, "},\"State\":{\"Status\":\"running\"}");
	text_s(&t, rest);
	text_c(&t, '}');
	return text_get(&t);
}

/* What is kept of the words is cut; what they mean is not. */
static void long_words(void)
{
	struct ev_container *c = &ev.u.container;
	struct text t = text_on(doc, sizeof(doc));
	bool told = false;

	text_s(&t, "{\"Id\":\"" ID "\",\"Config\":{\"Labels\":{" LABELS("7") "}},\"State\":{\"Status\":\"created\",\"ExitCode\":127,"
		   "\"Error\":\"unable to start container process: exec: \\\"/");
	for (int i = 0; i < 1500; i++)
		text_c(&t, 'x');
	text_s(&t, "\\\": stat /x: no such file or directory: unknown\"}}");
	ok(engine_in_inspect(&arena, text_get(&t), &ev, &told, &why) == KERR_OK && told && c->class == CLASS_EXEC_NOT_FOUND,
	   "a reason longer than what is kept: %s", class_name(c->class));
	is_int(slice_of(c->reason).n, REASON_CAP - 1, "it is cut");
}

static void is_with(const char *config, const char *rest, enum tri health, bool fixed, const char *name)
{
	struct ev_container *c = &ev.u.container;
	bool told = false;

	ok(engine_in_inspect(&arena, with(config, rest), &ev, &told, &why) == KERR_OK && told && c->health_check == health &&
	   c->fixed_port == fixed, "%s: health check %d, fixed port %d", name, (int)c->health_check, c->fixed_port);
}

static void advised(void)
{
	bool told;

	is_with("", "", TRI_NO, false, "neither");
	is_with(",\"Healthcheck\":{\"Test\":[\"CMD-SHELL\"]}", "", TRI_YES, false, "a check");
	is_with(",\"Healthcheck\":{\"Test\":[\"NONE\"]}", "", TRI_NO, false, "the image's own, switched off");
	is_with(",\"Healthcheck\":{\"Test\":[]}", "", TRI_NO, false, "an empty one");
	is_with(",\"Healthcheck\":{\"Test\":7}", ",\"HostConfig\":{\"PortBindings\":[1]}", TRI_NO, false, "none that could be one");
	is_with("", ",\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"\"}],\"81/udp\":[{\"HostPort\":\"8080\"}]}}", TRI_NO, true,
		"the second port is fixed");
	is_with("", ",\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"0\"}],\"82/tcp\":null}}", TRI_NO, false, "0: any port");
	is_with("", ",\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{\"HostPort\":\"32769\"}]}}", TRI_NO, false, "the ECS agent's choice");
	ok(engine_in_inspect(&arena, capture("inspect-health.json"), &ev, &told, &why) == KERR_OK && told &&
	   ev.u.container.health_check == TRI_YES, "a real one with a check");
	ok(engine_in_inspect(&arena, capture("inspect-exit1.json"), &ev, &told, &why) == KERR_OK && told &&
	   ev.u.container.health_check == TRI_NO && !ev.u.container.fixed_port, "a real one without");
}

static void image(void)
{
	static const char body[] = "{\"Id\":\"sha256:85bc36851d7ed640e847bec5216a5196cc0bcef2d88e5bfaea02ce712bd8c13c\",\"Architecture\":\"arm64\",\"RepoDigests\":["
		"\"mirror:5000/nginx@sha256:1111111111111111111111111111111111111111111111111111111111111111\","
		"\"nginx@sha256:2222222222222222222222222222222222222222222222222222222222222222\","
		"\"nginx@sha256:3333333333333333333333333333333333333333333333333333333333333333\",\"bad@sha256:12\"]}";
	static const char containerd[] = "{\"Id\":\"sha256:4444444444444444444444444444444444444444444444444444444444444444\",\"RepoDigests\":["
		"\"mirror:5000/nginx@sha256:1111111111111111111111111111111111111111111111111111111111111111\","
		"\"nginx@sha256:4444444444444444444444444444444444444444444444444444444444444444\","
		"\"nginx/copy@sha256:4444444444444444444444444444444444444444444444444444444444444444\"]}";
	struct ev_image *im = &ev.u.image;

	ok(engine_in_image(&arena, capture("image-20.json"), "ping404.fake.test:5010/ok/app:latest", &ev, &why) == KERR_OK &&
	   ev.type == EV_IMAGE, "a real image");
	is_str(im->digest, "sha256:3128d03c2d12f91011604f549a24479080e699229a1ec27b9ecfcdcdd530b9e6", "digest");
	is_str(im->arch, "amd64", "architecture");
	ok(engine_in_image(&arena, capture("image-28.json"), "ping404.fake.test:5010/ok/app:latest", &ev, &why) == KERR_OK &&
	   im->digest[7] == '3', "one digest under four names");
	ok(engine_in_image(&arena, capture("image-28.json"), "tagged/here:1", &ev, &why) == KERR_OK && im->digest[7] == '3',
	   "is that of a fifth");
	ok(engine_in_image(&arena, SLICE(body), "docker.io/library/nginx:1.25", &ev, &why) == KERR_OK && im->digest[0] == '\0',
	   "one image pushed under two manifests of its repository: nobody can tell which");
	ok(engine_in_image(&arena, SLICE(body), "mirror:5000/nginx", &ev, &why) == KERR_OK && im->digest[7] == '1', "a port is no tag");
	ok(engine_in_image(&arena, SLICE(body), "nginx:1@sha256:3333333333333333333333333333333333333333333333333333333333333333", &ev, &why) ==
	   KERR_OK && im->digest[7] == '3', "the very digest asked for");
	ok(engine_in_image(&arena, SLICE(body), "other/app", &ev, &why) == KERR_OK && im->digest[0] == '\0', "none of its repository");
	ok(engine_in_image(&arena, SLICE(containerd), "other/app", &ev, &why) == KERR_OK && im->digest[7] == '4' &&
	   str_eq(im->digest, im->image_id), "the containerd store calls the image by its digest");
	ok(engine_in_image(&arena, SLICE(containerd), "mirror:5000/nginx:2", &ev, &why) == KERR_OK && im->digest[7] == '1',
	   "but what its own repository says goes before");
	ok(engine_in_image(&arena, SLICE("{\"Id\":\"sha256:1\",\"RepoDigests\":null}"), "x", &ev, &why) == KERR_OK && im->digest[0] == '\0', "none");
	ok(engine_in_image(&arena, SLICE("{\"message\":\"No such image: x\"}"), "x", &ev, &why) == KERR_BAD_INPUT, "an error: %s", why.text);
	is_int(arena.used, 0, "the arena is left as it was");
}

static void told(const char *line, enum container_what want)
{
	bool is = false;

	ok(engine_in_event(&arena, slice_of(line), &ev, &is, &why) == KERR_OK && is && ev.u.container.what == want, "event %.60s", line);
}

static void not_told(const char *line, enum kerr want)
{
	bool is = true;

	ok(engine_in_event(&arena, slice_of(line), &ev, &is, &why) == want && !is, "no event %.60s: %s", line, kerr_name(want));
}

#define EVENT(action, more) "{\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" ID "\",\"Attributes\":{" LABELS("7") more \
	"}},\"timeNano\":1795400185455514637}"

static void single_events(void)
{
	struct ev_container *c = &ev.u.container;

	told(EVENT("die", ",\"exitCode\":\"137\",\"execDuration\":\"9223372036\",\"image\":\"a/b:1\""), C_DIED);
	ok(c->has_exit && c->exit_code == 137 && c->time_unix_ms == INT64_C(1795400185455) && str_eq(c->image, "a/b:1"), "with its members");
	told(EVENT("die", ""), C_DIED);
	ok(!c->has_exit, "no exit code is not 0");
	told(EVENT("kill", ",\"signal\":\"15\""), C_KILLED);
	is_int(c->signal, 15, "signal");
	told(EVENT("health_status: unhealthy", ""), C_UNHEALTHY);
	told(EVENT("destroy", ""), C_DESTROYED);
	told("{\"Type\":\"network\",\"Action\":\"disconnect\",\"Actor\":{\"ID\":\"23\",\"Attributes\":{\"container\":\"" ID "\"}},\"time\":1795400185}",
	     C_NETWORK_LEFT);
	ok(str_eq(c->id, ID) && c->task[0] == '\0' && c->time_unix_ms == INT64_C(1795400185000), "only the id");
	not_told(EVENT("exec_start: /app hc", ""), KERR_OK);
	not_told(EVENT("health_status: starting", ""), KERR_OK);
	not_told(EVENT("died", ""), KERR_OK);
	not_told("{\"Type\":\"image\",\"Action\":\"pull\",\"Actor\":{\"ID\":\"a:1\",\"Attributes\":{\"name\":\"a\"}}}", KERR_OK);
	not_told("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" ID "\",\"Attributes\":{}}}", KERR_OK);
	not_told("{\"Type\":\"network\",\"Action\":\"disconnect\",\"Actor\":{\"Attributes\":{\"container\":\"../x\"}}}", KERR_BAD_INPUT);
	not_told("{\"Action\":\"die\"}", KERR_BAD_INPUT);
	not_told("[]", KERR_BAD_INPUT);
	not_told("{\"Type\":\"container\"", KERR_BAD_INPUT);
	is_int(arena.used, 0, "the arena is left as it was");
}

static const char *const words[] = { "listed", "created", "started", "died", "oom", "killed", "stopped", "healthy", "unhealthy", "destroyed", "left" };

/* A real stream, cut into chunks of any size: always the same events. */
static void stream(const char *file, size_t chunk, char *out, size_t cap)
{
	static char buf[4096];
	struct slice rest = capture(file);
	struct text t = text_on(out, cap);
	struct engine_lines l;

	engine_lines_init(&l, buf, sizeof(buf));
	for (; rest.n > 0; rest = slice_from(rest, chunk)) {
		struct slice in = slice_to(rest, chunk), line;
		bool is;

		while (engine_lines_next(&l, &in, &line)) {
			if (engine_in_event(&arena, line, &ev, &is, &why) != KERR_OK)
				text_s(&t, "BAD ");
			else if (is) {
				text_s(&t, words[ev.u.container.what]);
				text_c(&t, ' ');
			}
		}
	}
	ok(l.oversize == 0, "no line of %s was too long", file);
}

static void streams(void)
{
	static const size_t chunks[] = { 1, 2, 3, 7, 4096, 1024 * 1024 };
	static const char want_20[] = "created started oom died left created started killed died left stopped created started healthy unhealthy created left created started died left destroyed ",
		want_28[] = "created started oom left died created started killed left stopped died created started healthy unhealthy created left created started left died destroyed ";
	char out[1024];

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		stream("events-20.ndjson", chunks[i], out, sizeof(out));
		is_str(out, want_20, "20 in chunks of %zu", chunks[i]);
		stream("events-28.ndjson", chunks[i], out, sizeof(out));
		is_str(out, want_28, "28 in chunks of %zu", chunks[i]);
	}
}

static void long_lines(void)
{
	static char in_buf[300];
	char buf[16];
	struct engine_lines l;
	struct slice in, line;

	engine_lines_init(&l, buf, sizeof(buf));
	memset(in_buf, 'x', sizeof(in_buf));
	in_buf[16] = '\n';
	in_buf[34] = '\n';
	in_buf[298] = '\n';
	in = (struct slice){ in_buf, 40 };
	ok(engine_lines_next(&l, &in, &line) && line.n == 16, "as long as the buffer");
	ok(!engine_lines_next(&l, &in, &line) && l.oversize == 1, "a byte longer is skipped and counted");
	in = (struct slice){ in_buf + 40, 260 };
	ok(!engine_lines_next(&l, &in, &line) && l.oversize == 2, "a piece that grows too long, too");
	in = SLICE("y\r\n\n\nab\n");
	ok(engine_lines_next(&l, &in, &line) && slice_is(line, "xy"), "what begins behind it is whole");
	ok(engine_lines_next(&l, &in, &line) && slice_is(line, "ab"), "empty lines are none");
	ok(!engine_lines_next(&l, &in, &line) && in.n == 0, "and that is all");
}

static void host(void)
{
	struct engine_in_host h;

	ok(engine_in_version(&arena, capture("version-20.json"), &ev, &why) == KERR_OK && ev.type == EV_EPOCH, "version of 20");
	ok(slice_starts(slice_of(ev.u.epoch.engine_version), "20.10.24") && str_eq(ev.u.epoch.arch, "amd64"), "%s", ev.u.epoch.engine_version);
	ok(engine_in_version(&arena, capture("version-28.json"), &ev, &why) == KERR_OK, "version of 28: %s", ev.u.epoch.engine_version);
	ok(engine_in_version(&arena, SLICE("{}"), &ev, &why) == KERR_BAD_INPUT, "no version: %s", why.text);
	ok(engine_in_info(&arena, SLICE("{\"ID\":\"VJ5P:6CDR\",\"ServerVersion\":\"20.10.24\",\"Architecture\":\"aarch64\",\"DockerRootDir\":\"/var/lib/docker\","
					"\"MemTotal\":3975421952,\"LiveRestoreEnabled\":true}"), &ev, &h, &why) == KERR_OK, "info");
	ok(str_eq(ev.u.epoch.engine_id, "VJ5P:6CDR") && str_eq(ev.u.epoch.arch, "arm64"), "id and architecture");
	ok(str_eq(h.data_root, "/var/lib/docker") && h.memory_bytes == INT64_C(3975421952) && h.live_restore, "host");
}

static void is_url(enum engine_get get, const char *arg, int64_t since, const char *want)
{
	char url[ENGINE_URL_CAP];
	enum kerr err = engine_out_url(get, slice_of(arg), since, url, sizeof(url), &why);

	ok(want == NULL ? err == KERR_BAD_INPUT : err == KERR_OK, "a request for %.40s", arg);
	if (want != NULL)
		is_str(url, want, "is right");
}

static void urls(void)
{
	char url[ENGINE_URL_CAP];

	is_url(EG_LIST, "", 0, "/containers/json?all=1");
	is_url(EG_INSPECT, ID, 0, "/containers/" ID "/json");
	is_url(EG_LOGS, ID, 0, "/containers/" ID "/logs?stdout=1&stderr=1&tail=20");
	is_url(EG_LOGS, "../images", 0, NULL);
	is_url(EG_INSPECT, "5f434c45527a", 0, "/containers/5f434c45527a/json");
	is_url(EG_INSPECT, "../images", 0, NULL);
	is_url(EG_INSPECT, "5f434c45527", 0, NULL);
	is_url(EG_INSPECT, ID "0", 0, NULL);
	is_url(EG_IMAGE, "fake.test:5010/ok/app:latest", 0, "/images/fake.test:5010/ok/app:latest/json");
	is_url(EG_IMAGE, "a/b@sha256:12", 0, "/images/a/b@sha256:12/json");
	is_url(EG_IMAGE, "a/../b", 0, NULL);
	is_url(EG_IMAGE, "a//b", 0, NULL);
	is_url(EG_IMAGE, "/a", 0, NULL);
	is_url(EG_IMAGE, "a?b", 0, NULL);
	is_url(EG_IMAGE, "a b", 0, NULL);
	is_url(EG_IMAGE, "", 0, NULL);
	ok(engine_out_url(EG_EVENTS, SLICE(""), INT64_C(1795400185007), url, sizeof(url), &why) == KERR_OK, "events");
	ok(slice_starts(slice_of(url), "/events?since=1795400185.007000000&filters=%7b%22type%22%3a%5b%22container%22%2c%22network%22%5d"), "%s", url);
	ok(strstr(url, "health_status") != NULL && strstr(url, "exec") == NULL && strstr(url, "label") == NULL, "actions, no probes, no labels");
	ok(engine_out_url(EG_EVENTS, SLICE(""), 0, url, 20, &why) == KERR_TOO_BIG, "no room: %s", why.text);
}

int main(void)
{
	arena_init(&arena, memory, sizeof(memory));
	list("list-20.json");
	list("list-28.json");
	list_entries();
	inspect("inspect-notfound-20.json", false);
	inspect("inspect-notfound-28.json", true);
	inspect_others();
	long_words();
	advised();
	image();
	single_events();
	streams();
	long_lines();
	host();
	urls();
	return done();
}
