/* The pages on loopback over real sockets: what is answered, what is refused and how, who hears of events, and that nobody can hold
 * the loop. */
#include "platform/httpd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/clock.h"
#include "tests/tap.h"

static struct loop loop;
static struct httpd h;
static char big[HTTPD_BODY_MAX + 1];
static unsigned asked;
static uint16_t port;

static void page(void *arg, struct slice path, struct httpd_answer *out)
{
	(void)arg;
	asked++;
	out->status = 200;
	out->type = "application/json";
	if (slice_is(path, "/status.json"))
		out->body = SLICE("{\"a\":1}");
	else if (slice_is(path, "/events"))
		*out = (struct httpd_answer){ .status = 200, .type = "text/event-stream", .body = SLICE("retry: 1\n\n"), .stream = true };
	else if (slice_is(path, "/live"))
		*out = (struct httpd_answer){ .status = 200, .type = "text/html", .body = SLICE("x"), .script = "'sha256-abc='" };
	else if (slice_is(path, "/big"))
		out->body = (struct slice){ big, HTTPD_BODY_MAX };
	else if (slice_is(path, "/bigger"))
		out->body = (struct slice){ big, sizeof(big) };
	else
		*out = (struct httpd_answer){ .status = 404, .type = "text/plain", .body = SLICE("none\n") };
}

static void turn(unsigned times)
{
	struct why why;

	for (unsigned i = 0; i < times; i++)
		if (loop_turn(&loop, 5, &why) != KERR_OK)
			ok(false, "the loop turns: %s", why.text);
}

static int dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (const struct sockaddr *)(const void *)&a, sizeof(a)) != 0)
		ok(false, "connects");
	return fd;
}

/* Everything until the other side closes. */
static const char *all(int fd)
{
	static char got[HTTPD_BODY_MAX + HTTPD_HEAD_MAX + 1];
	size_t len = 0;
	ssize_t n = 0;

	for (int i = 0; i < 400; i++) {
		turn(1);
		n = recv(fd, got + len, sizeof(got) - 1 - len, MSG_DONTWAIT);
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	got[len] = '\0';
	close(fd);
	return n == 0 ? got : "still open";
}

static const char *say(const char *request)
{
	int fd = dial();

	(void)send(fd, request, strlen(request), MSG_NOSIGNAL);
	return all(fd);
}

static void answered(const char *request, const char *status, const char *what)
{
	const char *got = say(request);

	ok(strncmp(got, "HTTP/1.1 ", 9) == 0 && strncmp(got + 9, status, strlen(status)) == 0, "%s: %s (%.12s)", what, status, got);
}

#define HOST "\r\nHost: 127.0.0.1:7733\r\n\r\n"

static void reads(void)
{
	const char *got = say("GET /status.json?x=1 HTTP/1.1" HOST);

	ok(strncmp(got, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n", 66) == 0, "a page: %.15s", got);
	ok(strstr(got, "\r\n\r\n{\"a\":1}") != NULL, "its body");
	ok(strstr(got, "Content-Security-Policy: default-src 'none'") != NULL && strstr(got, "nosniff") != NULL, "it may reach nowhere");
	ok(strstr(got, "script-src") == NULL && strstr(got, "connect-src") == NULL, "... and runs nothing");
	got = say("GET /live HTTP/1.1" HOST);
	ok(strstr(got, "frame-ancestors 'none'; connect-src 'self'; script-src 'sha256-abc='\r\n") != NULL, "one that has a script may run it and ask this server");
	got = say("HEAD /status.json HTTP/1.1" HOST);
	ok(strstr(got, "Content-Length: 7") != NULL && strstr(got, "{") == NULL, "HEAD has the head alone");
	got = say("GET /big HTTP/1.1" HOST);
	ok(strlen(got) > HTTPD_BODY_MAX && got[strlen(got) - 1] == 'x', "the largest page comes whole");
	answered("GET /bigger HTTP/1.1" HOST, "500", "one byte more");
	answered("GET / HTTP/1.1\r\nhOsT:  localhost\r\n\r\n", "404", "no such page");
	answered("GET /status.json HTTP/1.1\r\nHost: [::1]:7733\r\n\r\n", "200", "by an IPv6 address");
}

static void refuses(void)
{
	static char lines[HTTPD_REQUEST_MAX + 100];
	int fd;
	unsigned before;

	answered("POST /status.json HTTP/1.1" HOST, "405", "a write");
	answered("GET /status.json HTTP/1.1\r\n\r\n", "400", "no Host");
	answered("GET /status.json HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "400", "two of them");
	before = asked;
	answered("GET /status.json HTTP/1.1\r\nHost: evil.example\r\n\r\n", "403", "a name that is somebody's");
	answered("GET /status.json HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", "403", "one that begins like this machine's");
	answered("GET /status.json HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", "403", "or like an address");
	answered("GET http://evil/ HTTP/1.1" HOST, "400", "a proxy's request");
	answered("GET /status.json" HOST, "400", "no version");
	answered("GET /status.json HTTP/2.0" HOST, "400", "another version");
	answered("GET /a b HTTP/1.1" HOST, "400", "a blank in the path");
	answered("\r\n\r\n", "400", "nothing");
	is_int(asked, before, "and none of these was asked for a page");
	memset(lines, 'a', sizeof(lines) - 1);
	memcpy(lines, "GET /", 5);
	answered(lines, "431", "a request without end");
	fd = dial();
	(void)send(fd, "GET /\0x HTTP/1.1" HOST, 16 + sizeof(HOST) - 1, MSG_NOSIGNAL);
	ok(strncmp(all(fd), "HTTP/1.1 400", 12) == 0, "a NUL");
	fd = dial();
	shutdown(fd, SHUT_WR);
	ok(strcmp(all(fd), "") == 0, "who says nothing hears nothing");
}

static void many(void)
{
	int fd[HTTPD_CONNS + 2];
	const char *got;

	for (int i = 0; i < HTTPD_CONNS; i++) {
		fd[i] = dial();
		(void)send(fd[i], "GET /sta", 8, MSG_NOSIGNAL);
	}
	turn(20);
	ok(strcmp(say("GET /status.json HTTP/1.1" HOST), "") == 0, "one more than there is room for is closed");
	for (int i = 1; i < HTTPD_CONNS; i++)
		close(fd[i]);
	turn(20);
	(void)send(fd[0], "tus.json HTTP/1.1" HOST, 17 + sizeof(HOST) - 1, MSG_NOSIGNAL);
	got = all(fd[0]);
	ok(strncmp(got, "HTTP/1.1 200", 12) == 0, "one that comes in pieces is answered: %.12s", got);
}

/* Neither half of a connection lasts. */
static void slow(void)
{
	int silent = dial(), deaf = dial(), small = 4096;
	uint64_t due, begun = clock_boot_ms();

	setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	(void)send(deaf, "GET /big HTTP/1.1" HOST, 17 + sizeof(HOST) - 1, MSG_NOSIGNAL);
	turn(20);
	due = httpd_expire(&h);
	ok(due > clock_boot_ms() && due <= begun + HTTPD_DEADLINE_MS + 1000, "somebody's time will be over");
	ok(strncmp(say("GET /status.json HTTP/1.1" HOST), "HTTP/1.1 200", 12) == 0, "others are answered meanwhile");
	while (httpd_expire(&h) != UINT64_MAX && clock_boot_ms() < begun + 3 * HTTPD_DEADLINE_MS)
		turn(1);
	ok(httpd_expire(&h) == UINT64_MAX && clock_boot_ms() >= begun + HTTPD_DEADLINE_MS - 100, "then both are dropped");
	close(silent);
	close(deaf);
}

/* What has come so far on a connection that stays. */
static const char *heard(int fd)
{
	static char got[4096];
	ssize_t n;

	turn(3);
	n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
	got[n > 0 ? n : 0] = '\0';
	return n == 0 ? "closed" : got;
}

static int listens(void)
{
	int fd = dial();

	(void)send(fd, "GET /events HTTP/1.1" HOST, 20 + sizeof(HOST) - 1, MSG_NOSIGNAL);
	turn(5);
	return fd;
}

static void events(void)
{
	int fd[HTTPD_STREAMS];
	const char *got;

	for (int i = 0; i < HTTPD_STREAMS; i++)
		fd[i] = listens();
	got = heard(fd[0]);
	ok(strstr(got, "Content-Type: text/event-stream\r\n") != NULL && strstr(got, "Content-Length") == NULL && strstr(got, "\r\n\r\nretry: 1\n\n") != NULL,
	   "a stream begins: %.15s", got);
	(void)heard(fd[1]);
	httpd_push(&h, SLICE("event: a\ndata: 1\n\n"));
	ok(strcmp(heard(fd[0]), "event: a\ndata: 1\n\n") == 0 && strcmp(heard(fd[1]), "event: a\ndata: 1\n\n") == 0, "an event comes to each");
	answered("GET /events HTTP/1.1" HOST, "503", "one more than there is room for");
	answered("GET /status.json HTTP/1.1" HOST, "200", "pages are answered beside them");
	got = say("HEAD /events HTTP/1.1" HOST);
	ok(strstr(got, "HTTP/1.1 200") != NULL && strstr(got, "text/event-stream") != NULL && strstr(got, "retry") == NULL, "HEAD takes no room and has an end");
	h.alive_ms = clock_boot_ms();
	is_int((int)(httpd_expire(&h) - clock_boot_ms() + 500) / 1000, HTTPD_ALIVE_MS / 1000, "the next sign of life");
	ok(strcmp(heard(fd[0]), "event: alive\ndata: 1\n\n") == 0, "a sign of life");
	ok(strcmp(heard(fd[1]), "event: alive\ndata: 1\n\n") == 0, "... to each");
	(void)send(fd[1], "more", 4, MSG_NOSIGNAL);
	turn(5);
	close(fd[1]);
	fd[1] = listens();
	ok(strstr(heard(fd[1]), "HTTP/1.1 200") != NULL, "who goes on talking leaves a place");
	for (int i = 0; i < HTTPD_STREAMS; i++)
		close(fd[i]);
	turn(10);
	ok(httpd_expire(&h) == UINT64_MAX, "who has left is waited for no more");
	httpd_push(&h, SLICE("event: a\ndata: 1\n\n"));
}

/* One who never reads is dropped when the kernel keeps no more for him; who reads misses nothing. */
static void deaf(void)
{
	int reader = listens(), lazy = dial(), small = 2048;
	uint64_t refused = h.refused;
	unsigned sent = 0;
	size_t got = 0;

	(void)heard(reader);
	setsockopt(lazy, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	(void)send(lazy, "GET /events HTTP/1.1" HOST, 20 + sizeof(HOST) - 1, MSG_NOSIGNAL);
	turn(5);
	for (; h.refused == refused && sent < 20000; sent++) {
		const char *text;

		httpd_push(&h, SLICE("event: a\ndata: 1\n\n"));
		text = heard(reader);
		got += strlen(text) / strlen("event: a\ndata: 1\n\n");
	}
	ok(h.refused == refused + 1 && sent < 20000, "who does not read is dropped, after %u events", sent);
	is_int((long)got, sent, "who reads has heard all of them");
	close(lazy);
	close(reader);
	turn(5);
}

int main(void)
{
	static struct httpd other;
	struct why why = { "" };
	char at[40];

	memset(big, 'x', sizeof(big));
	is_int(loop_init(&loop, &why), KERR_OK, "a loop");
	is_int(httpd_listen(&h, &loop, "192.0.2.1:7733", page, NULL, &why), KERR_DENIED, "only loopback: %s", why.text);
	is_int(httpd_listen(&h, &loop, "/run/x.sock", page, NULL, &why), KERR_BAD_INPUT, "no path: %s", why.text);
	httpd_close(&h);
	for (port = 17733; port < 17833; port++) {
		snprintf(at, sizeof(at), "127.0.0.1:%u", port);
		if (httpd_listen(&h, &loop, at, page, NULL, &why) == KERR_OK)
			break;
	}
	ok(h.open, "listens on %s", at);
	is_int(httpd_listen(&other, &loop, at, page, NULL, &why), KERR_REFUSED, "once: %s", why.text);
	reads();
	refuses();
	many();
	events();
	deaf();
	slow();
	httpd_close(&h);
	loop_close(&loop);
	return done();
}
