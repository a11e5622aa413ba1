#include "platform/httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/host.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/peer.h"

static loop_fn on_conn;

static void drop(struct httpd_conn *c)
{
	loop_unwatch(c->owner->loop, c->fd);
	close(c->fd);
	c->fd = -1;
}

/* ---- an answer ---- */

static const char *reason(unsigned status)
{
	static const struct { unsigned status; const char *words; } known[] = {
		{ 200, "OK" }, { 400, "Bad Request" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 431, "Request Header Fields Too Large" }, { 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return known[i].words;
	return "Internal Server Error";
}

static void compose(struct httpd_conn *c, const struct httpd_answer *a)
{
	struct text t = text_on(c->out, HTTPD_HEAD_MAX);

	text_s(&t, "HTTP/1.1 ");
	text_u64(&t, a->status);
	text_c(&t, ' ');
	text_s(&t, reason(a->status));
	text_s(&t, "\r\nContent-Type: ");
	text_s(&t, a->type);
	text_s(&t, "\r\nContent-Length: ");
	text_u64(&t, a->body.n);
	/* nothing of a page may reach for anything elsewhere, be framed, or be kept */
	text_s(&t, "\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
		   "frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
		   "Cache-Control: no-store\r\n");
	text_s(&t, a->status == 405 ? "Allow: GET, HEAD\r\nConnection: close\r\n\r\n" : "Connection: close\r\n\r\n");
	c->out_len = t.len;
	if (c->head || a->body.n == 0)
		return;
	memcpy(c->out + t.len, a->body.p, a->body.n);
	c->out_len += a->body.n;
}

/* False: all is sent, or nobody reads any more. */
static bool send_more(struct httpd_conn *c)
{
	while (c->out_sent < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		c->out_sent += (size_t)n;
	}
	return false;
}

static void answer(struct httpd_conn *c, struct httpd_answer *a)
{
	if (a->body.n > HTTPD_BODY_MAX)
		*a = (struct httpd_answer){ 500, "text/plain", SLICE("the answer is larger than this version can send\n") };
	if (a->status >= 400)
		c->owner->refused++;
	compose(c, a);
	c->answered = true;
	c->deadline_ms = clock_boot_ms() + HTTPD_DEADLINE_MS;
	if (!send_more(c) || loop_watch(c->owner->loop, c->fd, POLLOUT, on_conn, c, NULL) != KERR_OK)
		drop(c);
}

static void refuse(struct httpd_conn *c, unsigned status, const char *words)
{
	struct httpd_answer a = { status, "text/plain", slice_of(words) };

	answer(c, &a);
}

/* ---- a request ---- */

/* A name that resolves to this machine could be anybody's: addresses and localhost are nobody else's. */
static bool host_ok(struct slice value)
{
	struct slice host;
	uint64_t port;
	uint8_t v4[4];

	return host_split(value, &host, &port) && (host_is_loopback(host) || host_v4(host, v4) || host.p[0] == '[');
}

/* The Host header's value among the lines; false: none, or more than one. */
static bool host_of(struct slice lines, struct slice *value)
{
	struct slice line;
	unsigned found = 0;

	while (slice_next(&lines, '\n', &line)) {
		if (slice_find_nocase(line, "host:") != 0)
			continue;
		*value = slice_trim(slice_from(line, 5));
		found++;
	}
	return found == 1;
}

static void take(struct httpd_conn *c, struct slice text)
{
	struct slice line = SLICE(""), method = SLICE(""), target = SLICE(""), version = SLICE(""), host = SLICE("");
	struct httpd_answer a = { 404, "text/plain", SLICE("there is no such page\n") };

	(void)slice_next(&text, '\n', &line);
	line = slice_trim(line);
	(void)slice_next(&line, ' ', &method);
	(void)slice_next(&line, ' ', &target);
	(void)slice_next(&line, ' ', &version);
	c->head = slice_is(method, "HEAD");
	if ((!slice_is(version, "HTTP/1.1") && !slice_is(version, "HTTP/1.0")) || line.n > 0 || !slice_starts(target, "/"))
		refuse(c, 400, "no HTTP/1.1 request\n");
	else if (!c->head && !slice_is(method, "GET"))
		refuse(c, 405, "these pages can only be read\n");
	else if (!host_of(text, &host))
		refuse(c, 400, "a request names its Host once\n");
	else if (!host_ok(host))
		refuse(c, 403, "these pages are read by an address of this machine or as localhost\n");
	else {
		c->owner->fn(c->owner->arg, slice_to(target, slice_find(target, "?")), &a);
		answer(c, &a);
	}
}

static void read_more(struct httpd_conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);
	struct slice in;
	size_t end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->owner->refused++;
		drop(c);
		return;
	}
	c->in_len += (size_t)n;
	in = (struct slice){ c->in, c->in_len };
	end = slice_find(in, "\r\n\r\n");
	if (memchr(c->in, '\0', c->in_len) != NULL)
		refuse(c, 400, "no HTTP/1.1 request\n");
	else if (end != SIZE_MAX)
		take(c, slice_to(in, end));
	else if (c->in_len == sizeof(c->in))
		refuse(c, 431, "the request is too long\n");
}

static void on_conn(void *arg, int fd, short revents)
{
	struct httpd_conn *c = arg;

	(void)fd;
	if (!c->answered)
		read_more(c);
	else if ((revents & POLLOUT) == 0 || !send_more(c))
		drop(c);
}

/* ---- listening ---- */

static void begin(struct httpd *h, int fd)
{
	struct httpd_conn *c = NULL;

	for (int i = 0; i < HTTPD_CONNS && c == NULL; i++)
		if (h->conn[i].fd < 0)
			c = &h->conn[i];
	if (c == NULL || loop_watch(h->loop, fd, POLLIN, on_conn, c, NULL) != KERR_OK) {
		h->refused++;
		close(fd);
		return;
	}
	c->owner = h;
	c->fd = fd;
	c->answered = c->head = false;
	c->in_len = c->out_len = c->out_sent = 0;
	c->deadline_ms = clock_boot_ms() + HTTPD_DEADLINE_MS;
}

static void on_listener(void *arg, int fd, short revents)
{
	struct httpd *h = arg;

	(void)revents;
	/* as many as there is room for, so that nobody can keep us here */
	for (int i = 0; i < HTTPD_CONNS; i++) {
		int conn = peer_accept(fd);

		if (conn < 0)
			return;
		begin(h, conn);
	}
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static enum kerr parse(const char *at, union address *a, socklen_t *len, struct why *why)
{
	struct slice host;
	uint64_t port;
	uint8_t v4[4];

	*a = (union address){ .any = { .sa_family = AF_UNSPEC } };
	if (!host_split(slice_of(at), &host, &port) || port == 0)
		return why_set(why, KERR_BAD_INPUT, "%.100s is no ADDRESS:PORT; a unix socket is not served by this version", at);
	if (!host_is_loopback(host))
		return why_set(why, KERR_DENIED, "%.100s is not a loopback address: what stands on these pages is for this machine", at);
	if (host_v4(host, v4) || slice_is(host, "localhost")) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (host_v4(host, v4))
			memcpy(&a->v4.sin_addr.s_addr, v4, sizeof(v4));
		*len = sizeof(a->v4);
	} else {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons((uint16_t)port);
		a->v6.sin6_addr.s6_addr[15] = 1;   /* ::1 */
		*len = sizeof(a->v6);
	}
	return KERR_OK;
}

enum kerr httpd_listen(struct httpd *h, struct loop *loop, const char *at, httpd_fn *fn, void *arg, struct why *why)
{
	union address a;
	socklen_t len = 0;
	int on = 1;
	enum kerr err = parse(at, &a, &len, why);

	h->open = false;
	h->loop = loop;
	h->fn = fn;
	h->arg = arg;
	for (int i = 0; i < HTTPD_CONNS; i++)
		h->conn[i].fd = -1;
	if (err != KERR_OK)
		return err;
	h->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->fd < 0)
		return file_errno(errno, "socket for", at, why);
	h->open = true;
	(void)setsockopt(h->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(h->fd, &a.any, len) != 0)
		err = errno == EADDRINUSE ? why_set(why, KERR_REFUSED, "somebody listens on %.100s already", at) : file_errno(errno, "bind", at, why);
	else if (listen(h->fd, HTTPD_CONNS) != 0)
		err = file_errno(errno, "listen on", at, why);
	else
		err = loop_watch(loop, h->fd, POLLIN, on_listener, h, why);
	if (err != KERR_OK)
		httpd_close(h);
	return err;
}

void httpd_close(struct httpd *h)
{
	if (!h->open)
		return;
	for (int i = 0; i < HTTPD_CONNS; i++)
		if (h->conn[i].fd >= 0)
			drop(&h->conn[i]);
	loop_unwatch(h->loop, h->fd);
	close(h->fd);
	h->open = false;
}

uint64_t httpd_expire(struct httpd *h)
{
	uint64_t now = clock_boot_ms(), next = UINT64_MAX;

	for (int i = 0; h->open && i < HTTPD_CONNS; i++) {
		struct httpd_conn *c = &h->conn[i];

		if (c->fd < 0)
			continue;
		if (c->deadline_ms <= now) {
			h->refused++;
			drop(c);
		} else if (c->deadline_ms < next) {
			next = c->deadline_ms;
		}
	}
	return next;
}
