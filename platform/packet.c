#define _GNU_SOURCE /* memfd_create, seals */
#include "platform/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL /* linux/memfd.h, 6.3 */
#define MFD_NOEXEC_SEAL 0x0008U
#endif

enum {
	PACKET_ROOM = 2 * PACKET_MAX, /* the kernel takes its own share of a buffer, and says twice what was asked for */
	BOARD_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL
};

static enum kerr failed(const char *step, struct why *why)
{
	return why_set(why, KERR_IO, "%s: %s", step, strerror(errno));
}

/* A packet needs room at its sender, who may have it whatever net.core.wmem_max says if it is root. */
static enum kerr make_room(int fd, struct why *why)
{
	int want = PACKET_ROOM, have = 0;
	socklen_t n = sizeof(have);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)) != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want)) != 0)
		return failed("a buffer for packets", why);
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &have, &n) != 0)
		return failed("the size of a buffer for packets", why);
	if (have < PACKET_MAX + PACKET_MAX / 2)
		return why_set(why, KERR_IO, "a buffer for packets has %d bytes only: see net.core.wmem_max", have);
	return KERR_OK;
}

enum kerr packet_pair(int fd[2], struct why *why)
{
	enum kerr err = KERR_OK;

	fd[0] = fd[1] = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0) {
		fd[0] = fd[1] = -1;
		return failed("a pair of sockets", why);
	}
	for (int i = 0; i < 2 && err == KERR_OK; i++)
		err = make_room(fd[i], why);
	for (int i = 0; i < 2 && err != KERR_OK; i++) {
		close(fd[i]);
		fd[i] = -1;
	}
	return err;
}

static enum kerr kind_of(const char *step, struct why *why)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return why_set(why, KERR_AGAIN, "%s: not now", step);
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
		return why_set(why, KERR_GONE, "%s: the other side has closed", step);
	if (errno == EMSGSIZE)
		return why_set(why, KERR_TOO_BIG, "%s: %s", step, strerror(errno));
	return failed(step, why);
}

enum kerr packet_send(int fd, const void *head, size_t head_len, const void *tail, size_t tail_len, struct why *why)
{
	/* the kernel only reads them */
	struct iovec part[2] = { { (void *)(uintptr_t)head, head_len }, { (void *)(uintptr_t)tail, tail_len } };
	struct msghdr msg = { .msg_iov = part, .msg_iovlen = 2 };
	ssize_t n;

	if (head_len > PACKET_MAX || tail_len > PACKET_MAX - head_len)
		return why_set(why, KERR_TOO_BIG, "a packet of more than %d bytes", PACKET_MAX);
	if (head_len + tail_len == 0)
		return why_set(why, KERR_BAD_INPUT, "a packet without bytes");
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? KERR_OK : kind_of("send a packet", why);
}

enum kerr packet_receive(int fd, void *to, size_t cap, size_t *len, struct why *why)
{
	struct iovec part = { to, cap };
	struct msghdr msg;
	ssize_t n;

	*len = 0;
	do {
		msg = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
		n = recvmsg(fd, &msg, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return kind_of("take a packet", why);
	if ((msg.msg_flags & MSG_CTRUNC) != 0)
		return why_set(why, KERR_BAD_INPUT, "a packet with descriptors");
	if ((msg.msg_flags & MSG_TRUNC) != 0)
		return why_set(why, KERR_TOO_BIG, "a packet of more than %zu bytes", cap);
	if (n == 0)
		return why_set(why, KERR_GONE, "take a packet: the other side has closed");
	*len = (size_t)n;
	return KERR_OK;
}

static enum kerr map(int fd, size_t size, void **at, struct why *why)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return failed("map shared memory", why);
	*at = p;
	return KERR_OK;
}

enum kerr packet_board(size_t size, int *fd, void **at, struct why *why)
{
	enum kerr err = KERR_OK;

	*at = NULL;
	*fd = memfd_create("kedge-board", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (*fd < 0 && errno == EINVAL) /* before 6.3 */
		*fd = memfd_create("kedge-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return failed("make shared memory", why);
	if (ftruncate(*fd, (off_t)size) != 0 || fcntl(*fd, F_ADD_SEALS, BOARD_SEALS) != 0)
		err = failed("fix the size of shared memory", why);
	if (err == KERR_OK)
		err = map(*fd, size, at, why);
	if (err == KERR_OK)
		return KERR_OK;
	close(*fd);
	*fd = -1;
	return err;
}

enum kerr packet_board_open(int fd, size_t size, void **at, struct why *why)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	*at = NULL;
	if (seals < 0 || (seals & BOARD_SEALS) != BOARD_SEALS)
		return why_set(why, KERR_BAD_INPUT, "shared memory that could shrink");
	if (fstat(fd, &st) != 0)
		return failed("look at shared memory", why);
	if (st.st_size != (off_t)size)
		return why_set(why, KERR_BAD_INPUT, "shared memory of %lld bytes, not %zu", (long long)st.st_size, size);
	return map(fd, size, at, why);
}
