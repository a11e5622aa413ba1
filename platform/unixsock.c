#include "platform/unixsock.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/file.h"
#include "platform/peer.h"

static enum kerr make_address(const char *path, struct sockaddr_un *a, struct why *why)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!str_put(a->sun_path, sizeof(a->sun_path), slice_of(path)))
		return why_set(why, KERR_BAD_INPUT, "the socket path %.60s... is longer than the kernel's %zu bytes", path,
			       sizeof(a->sun_path) - 1);
	return KERR_OK;
}

static enum kerr connect_to(const char *path, int *fd, struct why *why)
{
	struct sockaddr_un a;
	enum kerr err = make_address(path, &a, why);

	*fd = -1;
	if (err != KERR_OK)
		return err;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return file_errno(errno, "socket for", path, why);
	if (connect(*fd, (const struct sockaddr *)&a, sizeof(a)) == 0)
		return KERR_OK;
	if (errno == ECONNREFUSED)
		err = why_set(why, KERR_REFUSED, "nobody listens on %s", path);
	else if (errno == EAGAIN)
		err = why_set(why, KERR_AGAIN, "too many are waiting on %s", path);
	else
		err = file_errno(errno, "connect", path, why);
	close(*fd);
	*fd = -1;
	return err;
}

/* ---- one connection ---- */

static loop_fn on_conn;

static void drop(struct unixsock_conn *c)
{
	loop_unwatch(c->owner->loop, c->fd);
	close(c->fd);
	c->fd = -1;
	c->id = 0;
}

static void ask_owner(struct unixsock_conn *c)
{
	struct unixsock *u = c->owner;
	uint32_t id = c->id;

	c->asked = true;
	c->deadline_ms = 0;
	/* the peer's side is shut: POLLIN would be there for ever. Errors still come. */
	if (loop_watch(u->loop, c->fd, 0, on_conn, c, NULL) != KERR_OK) {
		drop(c);
		return;
	}
	u->fn(u->arg, id, &c->peer, (struct slice){ c->in, c->in_len });
}

static void read_more(struct unixsock_conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 0 && c->in_len > 0) {
		ask_owner(c);
		return;
	}
	c->in_len += n > 0 ? (size_t)n : 0;
	if (n > 0 && c->in_len < sizeof(c->in))
		return;
	c->owner->refused++; /* too long, empty or broken */
	drop(c);
}

static void on_conn(void *arg, int fd, short revents)
{
	struct unixsock_conn *c = arg;

	(void)fd;
	if (!c->asked) {
		read_more(c);
		return;
	}
	/* the end of the connection is the end of the answer */
	if (c->answered && (revents & POLLOUT) != 0 && peer_send(c->fd, c->out, c->out_len, &c->out_sent))
		return;
	/* all sent, or the asker has left */
	if (c->answered || (revents & (POLLERR | POLLHUP)) != 0)
		drop(c);
}

/* ---- listening ---- */

static struct unixsock_conn *free_conn(struct unixsock *u)
{
	for (int i = 0; i < UNIXSOCK_CONNS; i++)
		if (u->conn[i].id == 0)
			return &u->conn[i];
	return NULL;
}

static void take(void *arg, int fd)
{
	struct unixsock *u = arg;
	struct unixsock_conn *c = free_conn(u);
	struct unixsock_peer peer;

	if (c == NULL || !peer_of(fd, &peer)) {
		u->refused++;
		close(fd);
		return;
	}
	u->last_id = u->last_id == UINT32_MAX ? 1 : u->last_id + 1;
	c->owner = u;
	c->fd = fd;
	c->id = u->last_id;
	c->peer = peer;
	c->asked = c->answered = false;
	c->deadline_ms = clock_boot_ms() + UNIXSOCK_DEADLINE_MS;
	c->in_len = c->out_len = c->out_sent = 0;
	if (loop_watch(u->loop, fd, POLLIN, on_conn, c, NULL) == KERR_OK)
		return;
	u->refused++;
	drop(c);
}

static void on_listener(void *arg, int fd, short revents)
{
	(void)revents;
	peer_accept(fd, UNIXSOCK_CONNS, take, arg);
}

static enum kerr clear_stale(const char *path, struct why *why)
{
	struct stat st;
	int fd;
	enum kerr err;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? KERR_OK : file_errno(errno, "look at", path, why);
	if (!S_ISSOCK(st.st_mode))
		return why_set(why, KERR_BAD_INPUT, "%s is there already and is no socket", path);
	err = connect_to(path, &fd, why);
	if (err == KERR_OK || err == KERR_AGAIN) {
		if (fd >= 0)
			close(fd);
		return why_set(why, KERR_REFUSED, "somebody listens on %s already", path);
	}
	return err == KERR_REFUSED ? file_remove(path, why) : err;
}

static enum kerr bind_at(struct unixsock *u, const char *path, mode_t mode, struct why *why)
{
	struct sockaddr_un a;
	struct stat st;
	mode_t before;
	int rc;
	enum kerr err = make_address(path, &a, why);

	if (err != KERR_OK)
		return err;
	u->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (u->fd < 0)
		return file_errno(errno, "socket for", path, why);
	/* never wider than wanted, not even between bind and chmod */
	before = umask(0777);
	rc = bind(u->fd, (const struct sockaddr *)&a, sizeof(a));
	(void)umask(before);
	if (rc != 0)
		return file_errno(errno, "bind", path, why);
	if (stat(path, &st) != 0 || chmod(path, mode) != 0)
		return file_errno(errno, "chmod", path, why);
	if (listen(u->fd, UNIXSOCK_CONNS) != 0)
		return file_errno(errno, "listen on", path, why);
	u->dev = (uint64_t)st.st_dev;
	u->inode = (uint64_t)st.st_ino;
	(void)str_put(u->path, sizeof(u->path), slice_of(path));
	return KERR_OK;
}

enum kerr unixsock_listen(struct unixsock *u, struct loop *loop, const char *path, mode_t mode, unixsock_fn *fn,
			  void *arg, struct why *why)
{
	enum kerr err = clear_stale(path, why);

	u->loop = loop;
	u->fd = -1;
	u->path[0] = '\0';
	u->last_id = 0;
	u->fn = fn;
	u->arg = arg;
	u->refused = 0;
	if (err == KERR_OK)
		err = bind_at(u, path, mode, why);
	if (err == KERR_OK)
		err = loop_watch(loop, u->fd, POLLIN, on_listener, u, why);
	if (err != KERR_OK)
		unixsock_close(u);
	return err;
}

void unixsock_close(struct unixsock *u)
{
	struct stat st;

	for (int i = 0; i < UNIXSOCK_CONNS; i++)
		if (u->conn[i].id != 0)
			drop(&u->conn[i]);
	if (u->fd < 0)
		return;
	loop_unwatch(u->loop, u->fd);
	close(u->fd);
	u->fd = -1;
	/* a successor may have put its own there */
	if (u->path[0] != '\0' && stat(u->path, &st) == 0 && (uint64_t)st.st_dev == u->dev &&
	    (uint64_t)st.st_ino == u->inode)
		(void)unlink(u->path);
}

enum kerr unixsock_reply(struct unixsock *u, uint32_t id, struct slice answer, struct why *why)
{
	struct unixsock_conn *c = NULL;

	for (int i = 0; i < UNIXSOCK_CONNS; i++)
		if (u->conn[i].id != 0 && u->conn[i].id == id && u->conn[i].asked && !u->conn[i].answered)
			c = &u->conn[i];
	if (c == NULL)
		return why_set(why, KERR_GONE, "whoever asked has left");
	if (answer.n > sizeof(c->out)) {
		drop(c);
		return why_set(why, KERR_TOO_BIG, "an answer of %zu bytes; %d is the most", answer.n, UNIXSOCK_REPLY_MAX);
	}
	if (answer.n > 0)
		memcpy(c->out, answer.p, answer.n);
	c->out_len = answer.n;
	c->answered = true;
	c->deadline_ms = clock_boot_ms() + UNIXSOCK_DEADLINE_MS;
	if (!peer_send(c->fd, c->out, c->out_len, &c->out_sent) || loop_watch(u->loop, c->fd, POLLOUT, on_conn, c, NULL) != KERR_OK)
		drop(c);
	return KERR_OK;
}

uint64_t unixsock_expire(struct unixsock *u)
{
	uint64_t now = clock_boot_ms(), next = UINT64_MAX;

	for (int i = 0; i < UNIXSOCK_CONNS; i++) {
		struct unixsock_conn *c = &u->conn[i];

		if (c->id == 0 || c->deadline_ms == 0)
			continue;
		if (c->deadline_ms <= now) {
			u->refused++;
			drop(c);
		} else if (c->deadline_ms < next) {
			next = c->deadline_ms;
		}
	}
	return next;
}

/* ---- asking ---- */

static enum kerr wait_for(int fd, short events, uint64_t end_ms, const char *path, struct why *why)
{
	struct pollfd p = { .fd = fd, .events = events };
	uint64_t now = clock_boot_ms();
	uint64_t left_ms = end_ms > now ? clock_real_ms(end_ms - now) : 0;
	int rc = poll(&p, 1, left_ms > 3600000 ? 3600000 : (int)left_ms);

	if (rc > 0 || (rc < 0 && errno == EINTR))
		return KERR_OK;
	if (rc < 0)
		return file_errno(errno, "poll", path, why);
	return why_set(why, KERR_TIMEOUT, "no answer in time on %s", path);
}

static enum kerr send_all(int fd, struct slice request, uint64_t end_ms, const char *path, struct why *why)
{
	enum kerr err = KERR_OK;

	while (request.n > 0 && err == KERR_OK) {
		ssize_t n = send(fd, request.p, request.n, MSG_NOSIGNAL);

		if (n > 0)
			request = slice_from(request, (size_t)n);
		else if (errno == EAGAIN || errno == EINTR)
			err = wait_for(fd, POLLOUT, end_ms, path, why);
		else
			return why_set(why, KERR_IO, "%s closed the connection before it had the question", path);
	}
	if (err == KERR_OK)
		(void)shutdown(fd, SHUT_WR);
	return err;
}

static enum kerr read_answer(int fd, char *answer, size_t cap, size_t *len, uint64_t end_ms, const char *path,
			     struct why *why)
{
	char beyond;

	for (;;) {
		bool full = *len == cap;
		ssize_t n = recv(fd, full ? &beyond : answer + *len, full ? 1 : cap - *len, 0);
		enum kerr err = KERR_OK;

		if (n == 0)
			return *len > 0 ? KERR_OK : why_set(why, KERR_IO, "%s closed the connection without an answer", path);
		if (n > 0 && full)
			return why_set(why, KERR_TOO_BIG, "the answer on %s is longer than %zu bytes", path, cap);
		if (n > 0)
			*len += (size_t)n;
		else if (errno == EAGAIN || errno == EINTR)
			err = wait_for(fd, POLLIN, end_ms, path, why);
		else
			err = why_set(why, KERR_IO, "%s: the answer was cut off: %s", path, strerror(errno));
		if (err != KERR_OK)
			return err;
	}
}

enum kerr unixsock_call(const char *path, struct slice request, char *answer, size_t cap, size_t *len,
			uint32_t timeout_ms, struct why *why)
{
	uint64_t end_ms = clock_boot_ms() + timeout_ms;
	int fd;
	enum kerr err = connect_to(path, &fd, why);

	*len = 0;
	if (err != KERR_OK)
		return err;
	err = send_all(fd, request, end_ms, path, why);
	if (err == KERR_OK)
		err = read_answer(fd, answer, cap, len, end_ms, path, why);
	close(fd);
	return err;
}
