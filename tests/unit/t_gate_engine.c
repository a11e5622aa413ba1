/* What of the engine goes through the gate: a fixed list of GETs, of each answer the members on its list, of a log one word and
 * only of a container that the engine itself says has died at once. The answers are those of real engines. */
#define _DEFAULT_SOURCE /* SO_SNDBUFFORCE, as the gate has it */
#include <errno.h>
#include <sys/un.h>

#include "tests/unit/gate_real.h"

#include "tests/unit/capture.h"

#define ID "5f434c45527a1cd2a0039b6f8ab8e08946724327032dfa9d2179aefae4091958"
#define LOGS "GET /containers/" ID "/logs?stdout=1&stderr=1&tail=20 HTTP/1.1"
#define SECRET "hunter2"                        /* of inspect-secret.json */
#define FRAME(text) "\2\0\0\0\0\0\0\x30" text   /* of 48 bytes */

enum { PEERS_MAX = 8, ASKED_MAX = 16 };

/* ---- the engine ---- */

static struct { int fd, peer[PEERS_MAX]; unsigned n; char asked[ASKED_MAX][1200]; } engine = { .fd = -1 };
static struct { const char *path; unsigned status; struct slice body; bool stays; } says[4];

static void engine_start(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/docker.sock", folder);
	snprintf(conf.engine_socket, sizeof(conf.engine_socket), "%s", at.sun_path);
	engine.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (engine.fd < 0 || bind(engine.fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(engine.fd, 8) != 0)
		abort();
	for (int i = 0; i < PEERS_MAX; i++)
		engine.peer[i] = -1;
}

static void write_all(int fd, struct slice s)
{
	while (s.n > 0) {
		ssize_t put = send(fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put > 0)
			s = slice_from(s, (size_t)put);
		else if (errno == EAGAIN)
			turn(5);                /* the gate reads meanwhile */
		else
			return;                 /* it wants no more */
	}
}

static bool reply(int fd, const char *line)
{
	char head[160];

	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		if (says[i].path == NULL || strncmp(line + 4, says[i].path, strlen(says[i].path)) != 0)
			continue;
		snprintf(head, sizeof(head), "HTTP/1.1 %u X\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n", says[i].status);
		write_all(fd, slice_of(head));
		write_all(fd, says[i].body);
		return says[i].stays;
	}
	write_all(fd, SLICE("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{\"message\":\"No such container\"}"));
	return false;
}

static void engine_turn(void)
{
	int fd = accept(engine.fd, NULL, NULL);

	for (int i = 0; fd >= 0 && i < PEERS_MAX; i++)
		if (engine.peer[i] < 0) {
			engine.peer[i] = fd;
			fd = -1;
		}
	for (int i = 0; i < PEERS_MAX; i++) {
		char got[4096];
		ssize_t n = engine.peer[i] < 0 ? -1 : recv(engine.peer[i], got, sizeof(got) - 1, MSG_DONTWAIT);
		bool stays = n > 0;

		if (n > 0) {
			char *line = engine.asked[engine.n < ASKED_MAX - 1 ? engine.n++ : ASKED_MAX - 1];

			got[n] = '\0';
			got[strcspn(got, "\r\n")] = '\0';
			(void)str_cut(line, sizeof(engine.asked[0]), slice_of(got));
			stays = reply(engine.peer[i], line);
		} else if (n < 0) {
			continue;
		}
		if (!stays) {
			close(engine.peer[i]);
			engine.peer[i] = -1;
		}
	}
}

static void knows(int slot, const char *path, unsigned status, struct slice body)
{
	says[slot].path = path;
	says[slot].status = status;
	says[slot].body = body;
	says[slot].stays = false;
}

static void forget_all(void)
{
	memset(says, 0, sizeof(says));
	memset(&board, 0, sizeof(board));
	engine.n = 0;
}

/* ---- the worker ---- */

static struct answer a;

static bool await(enum news_what what)
{
	for (int i = 0; i < 400; i++) {
		while (hear())
			if (heard.head.what == what)
				return true;
		engine_turn();
		turn(5);
	}
	return false;
}

static enum kerr put(enum engine_get get, const void *arg, size_t n)
{
	struct ask q = { .what = ASK_ENGINE, .u.engine.get = get };

	memcpy(q.u.engine.arg, arg, n < sizeof(q.u.engine.arg) ? n : sizeof(q.u.engine.arg));
	memset(&a, 0, sizeof(a));
	gate_engine_ask(&g, &q, &a);
	return a.err;
}

/* The question and its answer. */
static enum kerr ask(enum engine_get get, const char *arg)
{
	enum kerr err = put(get, arg, strlen(arg) + 1);

	if (err != KERR_OK)
		return err;
	if (!await(NEWS_ENGINE))
		abort();
	return heard.head.err;
}

static struct slice body(void)
{
	return (struct slice){ board.body, heard.head.u.engine.bytes };
}

static bool has(struct slice all, const char *what)
{
	return slice_find(all, what) != SIZE_MAX;
}

/* ---- what is asked ---- */

static void fixed_list(void)
{
	static const struct { enum engine_get get; const char *arg, *line; } row[] = {
		{ EG_VERSION, "", "GET /version HTTP/1.1" },
		{ EG_INFO, "", "GET /info HTTP/1.1" },
		{ EG_LIST, "", "GET /containers/json?all=1 HTTP/1.1" },
		{ EG_INSPECT, ID, "GET /containers/" ID "/json HTTP/1.1" },
		{ EG_IMAGE, "127.0.0.1:5001/web:11", "GET /images/127.0.0.1:5001/web:11/json HTTP/1.1" },
		{ EG_LOGS, ID, "GET /containers/" ID "/json HTTP/1.1" },
		/* where nothing is to be said, nothing is */
		{ EG_VERSION, "../../secrets", "GET /version HTTP/1.1" },
		{ EG_LIST, "?all=0 HTTP/1.1\r\nX: y", "GET /containers/json?all=1 HTTP/1.1" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		forget_all();
		is_int(ask(row[i].get, row[i].arg), KERR_GONE, "what the engine does not know");
		ok(engine.n == 1, "is asked once");
		is_str(engine.asked[0], row[i].line, "in these words");
		is_int(heard.tail_n + heard.head.u.engine.bytes, 0, "and brings nothing");
	}
}

#define REFUSED(get, arg, ...) do { \
	forget_all(); \
	is_int(put(get, arg, sizeof(arg)), KERR_BAD_INPUT, __VA_ARGS__); \
	for (int i_ = 0; i_ < 3; i_++) { \
		turn(2); \
		engine_turn(); \
	} \
	is_int(engine.n, 0, "... and the engine is not asked"); \
} while (0)

static void other_paths(void)
{
	static const char *const ids[] = {
		"", "../info", "5f434c45527a/../../info", "5f434c45527", ID "0", "5F434C45527A", "5f434c45527a%2f..", "5f434c45527a/exec",
		"5f434c45527a?x", "5f434c45527a#", "5f434c45527a\r\nX: y", "5f434c45527a\n", " 5f434c45527a", "5f434c45527g", "/5f434c45527a",
	};
	static const char *const images[] = {
		"", "..", "../containers/json", "a/../b", "a/..", "a//b", "/a", "a/", ".a", "a/.b", "a%2fb", "a?b", "a#b", "a b", "a\r\nX: y",
		"a\tb", "a\\b", "\xc3\xa9", "a&b", "a+b",
	};
	static char full[IMAGE_CAP], endless[IMAGE_CAP];
	char arg[IMAGE_CAP];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(arg, sizeof(arg), "%s", ids[i]);
		REFUSED(EG_INSPECT, arg, "no container's id, %zu", i);
		REFUSED(EG_LOGS, arg, "... nor of a log");
	}
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		snprintf(arg, sizeof(arg), "%s", images[i]);
		REFUSED(EG_IMAGE, arg, "no image, %zu", i);
	}
	memset(endless, 'a', sizeof(endless));
	REFUSED(EG_INSPECT, endless, "an id that does not end");
	REFUSED(EG_IMAGE, endless, "nor does this image");
	REFUSED(EG_VERSION, endless, "... where no word is wanted, either");
	memset(full, 'a', sizeof(full) - 1);
	REFUSED(EG_INSPECT, full, "an id of %d bytes", (int)sizeof(full) - 1);
	memset(arg, 0, sizeof(arg));
	REFUSED(EG_EVENTS, arg, "the stream is another question");
	REFUSED(ENGINE_GETS, arg, "no such GET");
	REFUSED((enum engine_get)99, arg, "nor such");
	REFUSED((enum engine_get)-1, arg, "nor such");
	/* the first word counts, and what stands behind it is never sent */
	forget_all();
	memset(arg, 0, sizeof(arg));
	memcpy(arg, ID "\0/../../info", sizeof(ID) + 12);
	is_int(put(EG_INSPECT, arg, sizeof(arg)), KERR_OK, "more behind the end");
	ok(await(NEWS_ENGINE), "is answered");
	is_str(engine.asked[0], "GET /containers/" ID "/json HTTP/1.1", "and not sent");
}

static void one_at_a_time(void)
{
	forget_all();
	knows(0, "/version", 200, capture("version-28.json"));
	is_int(put(EG_VERSION, "", 1), KERR_OK, "a question");
	is_int(put(EG_INFO, "", 1), KERR_AGAIN, "and another before its answer");
	is_int(put(EG_LOGS, ID, sizeof(ID)), KERR_AGAIN, "... of a log, too");
	ok(await(NEWS_ENGINE) && heard.head.err == KERR_OK, "the first is answered");
	is_int(engine.n, 1, "the others were not asked");
	is_int(put(EG_VERSION, "", 1), KERR_OK, "the next one");
	gate_engine_forget(&g);
	is_int(put(EG_VERSION, "", 1), KERR_OK, "a new worker need not wait for what the old one asked");
	ok(await(NEWS_ENGINE) && heard.head.err == KERR_OK, "it is answered");
	ok(!await(NEWS_ENGINE), "... and the old one's question is not");
}

/* ---- what comes back ---- */

static void none_of(struct slice all, const char *of)
{
	static const char *const never[] = {
		"\"Env\"", "\"Cmd\"", "\"Args\"", "\"Path\"", "\"Mounts\"", "\"Binds\"", "\"Entrypoint\"", "\"Command\"", "\"LogConfig\"", "\"LogPath\"",
		"\"Names\"", "\"Name\"", "\"NetworkSettings\"", "\"IPAddress\"", "\"HostConfig\":{\"Binds", "\"Log\"", "\"Output\"", "\"GraphDriver\"",
		"\"HttpProxy\"", "\"RegistryConfig\"", "password", "PASSWORD", SECRET,
	};

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (has(all, never[i]))
			ok(false, "%s: %s got through: %.*s", of, never[i], (int)(all.n < 400 ? all.n : 400), all.p);
	ok(all.n > 0, "%s: %d bytes, and nothing in them that is not on the list", of, (int)all.n);
}

static void answer_of(enum engine_get get, const char *path, const char *file, const char *kept)
{
	forget_all();
	knows(0, path, 200, capture(file));
	is_int(ask(get, get == EG_IMAGE ? "web:11" : ID), KERR_OK, "%s", file);
	is_int(heard.head.u.engine.status, 200, "its status");
	is_int(heard.tail_n, 0, "it is on the board alone");
	none_of(body(), file);
	ok(has(body(), kept), "what is needed of it is there: %s", kept);
	ok(body().n < says[0].body.n, "it is shorter than what the engine said");
	for (size_t i = body().n; i < sizeof(board.body); i++)
		if (board.body[i] != '\0') {
			ok(false, "there is more on the board than was told");
			break;
		}
}

static void pruned(void)
{
	ok(has(capture("inspect-secret.json"), SECRET) && has(capture("inspect-secret.json"), "\"Env\":["), "the engine's answer has secrets in it");
	answer_of(EG_INSPECT, "/containers/" ID "/json", "inspect-secret.json", "\"OOMKilled\":true");
	answer_of(EG_INSPECT, "/containers/" ID "/json", "inspect-exit1.json", "\"ExitCode\":1");
	answer_of(EG_INSPECT, "/containers/" ID "/json", "inspect-health.json", "\"Health\":{\"Status\"");
	answer_of(EG_LIST, "/containers/json", "list-28.json", "com.amazonaws.ecs.task-arn");
	answer_of(EG_LIST, "/containers/json", "list-20.json", "com.amazonaws.ecs.task-arn");
	answer_of(EG_IMAGE, "/images/", "image-28.json", "\"RepoDigests\"");
	answer_of(EG_IMAGE, "/images/", "image-20.json", "\"RepoDigests\"");
	answer_of(EG_VERSION, "/version", "version-20.json", "\"ApiVersion\"");
	forget_all();
	/* shape of GET /info (Docker Engine API): a proxy's password and registries' names stand in it */
	knows(0, "/info", 200, SLICE("{\"ID\":\"a\",\"HttpProxy\":\"http://u:" SECRET "@p\",\"RegistryConfig\":{\"IndexConfigs\":{}},\"Labels\":[\"" SECRET
				      "\"],\"NCPU\":4,\"Name\":\"box\",\"MemTotal\":1,\"Swarm\":{\"NodeID\":\"" SECRET "\"}}"));
	is_int(ask(EG_INFO, ""), KERR_OK, "/info");
	none_of(body(), "/info");
	ok(has(body(), "\"NCPU\":4"), "its processors are there");
	forget_all();
	knows(0, "/containers/json", 200, SLICE("[{\"Id\":\"" ID "\",\"Labels\":{\"db-password\":\"" SECRET "\",\"com.amazonaws.ecs.cluster\":\"edge\"}}]"));
	is_int(ask(EG_LIST, ""), KERR_OK, "labels of others");
	none_of(body(), "labels");
	ok(has(body(), "edge"), "only those of ECS are kept");
}

static void broken(void)
{
	static char long_list[2 * ANSWER_MAX];
	struct text t = text_on(long_list, sizeof(long_list) - 256);
	uint64_t malformed = g.engine.malformed;

	forget_all();
	knows(0, "/version", 200, SLICE("{\"Version\":\"1\""));
	is_int(ask(EG_VERSION, ""), KERR_BAD_INPUT, "an answer that ends in the middle");
	is_int(heard.head.u.engine.malformed, malformed + 1, "is counted");
	is_int(heard.head.u.engine.bytes, 0, "and gives nothing");
	knows(0, "/version", 200, SLICE("<html>" SECRET "</html>"));
	is_int(ask(EG_VERSION, ""), KERR_BAD_INPUT, "what is no JSON");
	ok(!has(slice_of(heard.head.why.text), SECRET), "why does not quote it: %s", heard.head.why.text);
	knows(0, "/version", 500, SLICE("{\"message\":\"" SECRET "\"}"));
	is_int(ask(EG_VERSION, ""), KERR_REFUSED, "the engine is not well");
	is_int(heard.head.u.engine.bytes, 0, "its text is not told");
	ok(!has(slice_of(heard.head.why.text), SECRET), "nor in why: %s", heard.head.why.text);
	text_say(&t, "[");
	while (!t.full)
		text_say(&t, "{\"Id\":\"" ID "\",\"Image\":\"" ID ID ID ID "\"},");
	forget_all();
	knows(0, "/containers/json", 200, text_get(&t));
	is_int(ask(EG_LIST, ""), KERR_TOO_BIG, "a listing for which there is no room");
	is_int(heard.head.u.engine.bytes, 0, "is not told by halves");
}

/* ---- logs ---- */

static void log_of(struct slice state, enum kerr err, const char *what)
{
	forget_all();
	knows(0, "/containers/" ID "/json", 200, state);
	knows(1, "/containers/" ID "/logs", 200, capture("logs-format-arch-28.bin"));
	is_int(ask(EG_LOGS, ID), err, "%s: %s", what, heard.head.why.text);
	is_int(engine.n, err == KERR_OK ? 2 : 1, "its log is %s", err == KERR_OK ? "read" : "not read");
	if (err == KERR_OK)
		is_str(engine.asked[1], LOGS, "the last 20 lines");
	is_str(heard.tail, err == KERR_OK ? "exec-format" : "", "and this is what is told of it");
	is_int(board.body[0], 0, "and nothing else");
}

#define LIFE(status, running, from, to) SLICE("{\"Id\":\"" ID "\",\"Args\":[\"\\\"StartedAt\\\":\\\"2026-11-23T02:16:40Z\\\"\"],\"State\":{\"Status\":\"" status \
	"\",\"Running\":" running ",\"StartedAt\":\"2026-11-23T" from "Z\",\"FinishedAt\":\"" to "\"}}")

static void logs(void)
{
	log_of(capture("inspect-exit1.json"), KERR_OK, "one that died at once");
	log_of(capture("../docker-20/exit1.inspect.json"), KERR_OK, "... in an older engine");
	log_of(capture("../docker-28/crashloop-restart-always.inspect.json"), KERR_OK, "one the engine will start again");
	log_of(capture("../docker-28/running.inspect.json"), KERR_DENIED, "one that runs");
	log_of(capture("../docker-20/health-unhealthy.inspect.json"), KERR_DENIED, "one that runs and is not well");
	log_of(LIFE("exited", "false", "02:16:40.1", "2026-11-23T02:16:43.2Z"), KERR_DENIED, "one that lived for 3 s");
	log_of(LIFE("exited", "false", "02:16:40.1", "2026-11-24T02:16:40.2Z"), KERR_DENIED, "one that lived for a day");
	log_of(LIFE("exited", "false", "02:16:40.1", "2026-11-23T02:16:39.2Z"), KERR_DENIED, "one that died before it started");
	log_of(LIFE("exited", "false", "02:16:40.1", "never"), KERR_DENIED, "one that died at no time");
	log_of(LIFE("running", "true", "02:16:40.9", "2026-11-23T02:16:40.2Z"), KERR_DENIED, "one that died and was started again within a second");
	log_of(LIFE("paused", "true", "02:16:40.9", "2026-11-23T02:16:40.2Z"), KERR_DENIED, "... and is paused");
	log_of(SLICE("{\"Id\":\"" ID "\"}"), KERR_DENIED, "one of which nothing is said");
	log_of(SLICE("[]"), KERR_DENIED, "no container at all");
	log_of(SLICE("{\"State\":"), KERR_BAD_INPUT, "an answer that is cut");
}

static void words(void)
{
	static const char text[] = FRAME("db password is " SECRET ": exec format error x\n  ");

	forget_all();
	knows(0, "/containers/" ID "/json", 200, capture("inspect-exit1.json"));
	knows(1, "/containers/" ID "/logs", 200, (struct slice){ text, sizeof(text) - 1 });
	is_int(ask(EG_LOGS, ID), KERR_OK, "a log with a secret in it");
	ok(!has((struct slice){ (const char *)&heard, sizeof(heard) }, SECRET), "it is not told");
	ok(!has((struct slice){ (const char *)&board, sizeof(board) }, SECRET), "nor on the board");
	ok(!has((struct slice){ (const char *)&g.engine, sizeof(g.engine) }, SECRET), "nor kept");
	knows(1, "/containers/" ID "/logs", 200, SLICE("\2\0\0\0\0\0\0\7hello !"));
	is_int(ask(EG_LOGS, ID), KERR_OK, "a log that says nothing of why");
	is_str(heard.tail, class_name(CLASS_NONE), "is none");
	knows(1, "/containers/" ID "/logs", 409, SLICE("{\"message\":\"" SECRET "\"}"));
	is_int(ask(EG_LOGS, ID), KERR_REFUSED, "a log the engine does not give");
	is_str(heard.tail, "", "is not told of");
}

/* ---- the stream ---- */

static bool stream(int64_t since_unix_ms)
{
	struct ask q = { .what = ASK_STREAM, .u.engine.since_unix_ms = since_unix_ms };

	memset(&a, 0, sizeof(a));
	gate_engine_ask(&g, &q, &a);
	return a.err == KERR_OK;
}

static void events(void)
{
	struct slice all = capture("events-28.ndjson"), rest = all, line;
	unsigned lines = 0, n = 0;
	bool clean = true;

	while (slice_next(&rest, '\n', &line))
		lines += line.n > 0;
	forget_all();
	knows(0, "/events", 200, all);
	ok(stream(1795400000123), "the stream");
	ok(await(NEWS_STREAM_OPEN), "opens");
	ok(strncmp(engine.asked[0], "GET /events?since=1795400000.123000000&filters=%7b%22type%22", 60) == 0, "%s", engine.asked[0]);
	ok(strchr(engine.asked[0], '"') == NULL && strstr(engine.asked[0], "exec") == NULL, "no event that carries a command is asked for");
	while (await(NEWS_EVENT)) {
		struct slice e = { heard.tail, heard.tail_n };

		n++;
		clean = clean && !has(e, "\"from\"") && !has(e, "\"scope\"") && !has(e, "execID") && !has(e, "\"id\"") && has(e, "\"Action\"");
	}
	ok(clean, "of each event only what is on the list");
	is_int(n, lines, "each of %u", lines);
	forget_all();
	knows(0, "/events", 200, SLICE("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"" ID "\",\"Attributes\":{\"db-password\":\"" SECRET
				        "\",\"exitCode\":\"1\"}}}\nno JSON " SECRET "\n{\"Type\":\"container\",\"Action\":\"start\"}\n"));
	(void)stream(0);
	ok(await(NEWS_EVENT) && !has(slice_of(heard.tail), SECRET) && has(slice_of(heard.tail), "exitCode"), "of attributes only those: %s", heard.tail);
	ok(await(NEWS_EVENT) && has(slice_of(heard.tail), "start"), "what is no event is passed over");
	ok(await(NEWS_STREAM_END) && heard.head.err == KERR_REFUSED, "the end is told: %s", heard.head.why.text);
}

static void stream_ends(void)
{
	struct ask q = { .what = ASK_STREAM_END };
	const char *path = conf.engine_socket;
	char away[sizeof(conf.engine_socket) + 8];

	forget_all();
	knows(0, "/events", 200, SLICE("{\"Type\":\"container\",\"Action\":\"start\"}\n"));
	says[0].stays = true;
	ok(stream(0) && await(NEWS_EVENT), "a stream that goes on");
	gate_engine_ask(&g, &q, &a);
	is_int(g.engine.stream, HTTP_NONE, "is over when the worker says so");
	ok(!await(NEWS_STREAM_END), "... which need not be told");
	snprintf(away, sizeof(away), "%s.away", path);
	ok(rename(path, away) == 0 && stream(0) && await(NEWS_STREAM_END), "no socket");
	is_int(heard.head.err, KERR_GONE, "is told: %s", heard.head.why.text);
	(void)!rename(away, path);
}

int main(void)
{
	start();
	engine_start();
	fixed_list();
	other_paths();
	one_at_a_time();
	pruned();
	broken();
	logs();
	words();
	events();
	stream_ends();
	stop();
	return done();
}
