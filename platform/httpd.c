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
#include "platform/httpd_request.h"
#include "platform/peer.h"

static loop_fn on_conn;

static void drop(struct httpd_conn *c)
{
	loop_unwatch(c->owner->loop, c->fd);
	close(c->fd);
	c->fd = -1;
}

/* ---- an answer ---- */

static void refuse(struct httpd_answer *a, unsigned status, const struct packed *words)
{
	*a = (struct httpd_answer){ .status = status, .type = "text/plain", .words = words };
}

static void compose(struct httpd_conn *c, const struct httpd_answer *a)
{
	struct text t = text_on(c->out, HTTPD_HEAD_MAX);
	char words[PACKED_MAX];
	struct slice body = a->words == NULL ? a->body : slice_of(packed_copy(words, sizeof(words), a->words));

	text_say(&t, "HTTP/1.1 ");
	text_u64(&t, a->status);
	/* the number is the answer; nobody has to read the words behind it */
	text_packed(&t, a->status < 400 ? PACKED(" OK\r\nContent-Type: ") : PACKED(" Refused\r\nContent-Type: "));
	text_s(&t, a->type);
	if (!a->stream) {
		text_say(&t, "\r\nContent-Length: ");
		text_u64(&t, body.n);
	}
	/* nothing of a page may reach for anything elsewhere, be framed, or be kept */
	text_say(&t, "\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
		   "frame-ancestors 'none'");
	if (a->script != NULL) {
		text_say(&t, "; connect-src 'self'; script-src ");
		text_s(&t, a->script);
	}
	text_say(&t, "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n");
	text_packed(&t, a->status == 405
		? PACKED("Allow: GET, HEAD\r\nConnection: close\r\n\r\n")
		: PACKED("Connection: close\r\n\r\n"));
	c->out_len = t.len;
	if (c->head || body.n == 0)
		return;
	memcpy(c->out + t.len, body.p, body.n);
	c->out_len += body.n;
}

static bool send_more(struct httpd_conn *c)
{
	return peer_send(c->fd, c->out, c->out_len, &c->out_sent);
}

/* ---- streams ---- */

static unsigned streams(const struct httpd *h)
{
	unsigned n = 0;

	for (int i = 0; i < HTTPD_CONNS; i++)
		n += h->conn[i].fd >= 0 && h->conn[i].stream;
	return n;
}

/* From here on the other side has nothing to say but that it leaves. False: it has. */
static bool stay(struct httpd_conn *c)
{
	c->deadline_ms = UINT64_MAX;
	return c->out_sent == c->out_len && loop_watch(c->owner->loop, c->fd, POLLIN, on_conn, c, NULL) == KERR_OK;
}

static void begin_stream(struct httpd_conn *c)
{
	int room = HTTPD_UNREAD;

	(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (streams(c->owner) == 0)
		c->owner->alive_ms = clock_boot_ms() + HTTPD_ALIVE_MS;
	c->stream = true;
}

void httpd_push(struct httpd *h, struct slice event)
{
	for (int i = 0; h->open && i < HTTPD_CONNS; i++) {
		struct httpd_conn *c = &h->conn[i];
		size_t sent = 0;

		if (c->fd < 0 || !c->stream)
			continue;
		/* half an event would spoil the next one */
		if (c->out_sent == c->out_len && !peer_send(c->fd, event.p, event.n, &sent) && sent == event.n)
			continue;
		h->refused++;
		drop(c);
	}
}

static void answer(struct httpd_conn *c, struct httpd_answer *a)
{
	if (a->body.n > HTTPD_BODY_MAX)
		refuse(a, 500, PACKED("the answer is larger than this version can send\n"));
	if (a->stream && !c->head && streams(c->owner) >= HTTPD_STREAMS)
		refuse(a, 503, PACKED("as many listen already as there is room for\n"));
	if (a->status >= 400)
		c->owner->refused++;
	compose(c, a);
	c->answered = true;
	c->deadline_ms = clock_boot_ms() + HTTPD_DEADLINE_MS;
	if (a->stream && !c->head)
		begin_stream(c);
	if (send_more(c) ? loop_watch(c->owner->loop, c->fd, POLLOUT, on_conn, c, NULL) != KERR_OK : !c->stream || !stay(c))
		drop(c);
}

/* ---- a request ---- */

static void read_more(struct httpd_conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);
	struct httpd_answer a;
	struct httpd_request r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->owner->refused++;
		drop(c);
		return;
	}
	c->in_len += (size_t)n;
	if (!httpd_request((struct slice){ c->in, c->in_len }, c->in_len == sizeof(c->in), &r))
		return;
	c->head = r.head;
	refuse(&a, r.status, r.words);
	if (r.status == 200) {
		refuse(&a, 404, NULL);
		c->owner->fn(c->owner->arg, r.path, &a);
		if (a.status == 404)
			a.words = PACKED("there is no such page\n");
	}
	answer(c, &a);
}

static void on_conn(void *arg, int fd, short revents)
{
	struct httpd_conn *c = arg;

	(void)fd;
	if (!c->answered)
		read_more(c);
	else if ((revents & POLLOUT) == 0 || (!send_more(c) && (!c->stream || !stay(c))))
		drop(c);
}

/* ---- listening ---- */

static void begin(void *arg, int fd)
{
	struct httpd *h = arg;
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
	c->answered = c->head = c->stream = false;
	c->in_len = c->out_len = c->out_sent = 0;
	c->deadline_ms = clock_boot_ms() + HTTPD_DEADLINE_MS;
}

static void on_listener(void *arg, int fd, short revents)
{
	(void)revents;
	peer_accept(fd, HTTPD_CONNS, begin, arg);
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

	if (!h->open)
		return next;
	if (h->alive_ms <= now) {
		h->alive_ms = now + HTTPD_ALIVE_MS;
		httpd_push(h, SLICE("event: alive\ndata: 1\n\n"));
	}
	if (streams(h) > 0)
		next = h->alive_ms;
	for (int i = 0; i < HTTPD_CONNS; i++) {
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
