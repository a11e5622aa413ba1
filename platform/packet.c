#define _GNU_SOURCE /* memfd_create and the seals */
#include "platform/packet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

enum kerr packet_pair(int fd[2], struct why *why)
{
	const int bytes = 2 * PACKET_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return why_set(why, KERR_IO, "socketpair: %s", strerror(errno));
	/* the kernel counts what it adds to each packet, too; the default takes one of the longest all the same */
	for (int i = 0; i < 2; i++)
		(void)setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return KERR_OK;
}

static enum kerr failed(int err, struct why *why)
{
	if (err == EAGAIN || err == EWOULDBLOCK)
		return why_set(why, KERR_AGAIN, "the other process does not answer");
	if (err == EPIPE || err == ECONNRESET || err == ENOTCONN)
		return why_set(why, KERR_GONE, "the other process has ended");
	return why_set(why, KERR_IO, "the other process cannot be spoken to: %s", strerror(err));
}

enum kerr packet_send(int fd, const void *head, size_t head_bytes, const void *tail, size_t tail_bytes, struct why *why)
{
	struct iovec part[2] = { { (void *)head, head_bytes }, { (void *)tail, tail_bytes } };
	struct msghdr msg = { .msg_iov = part, .msg_iovlen = tail_bytes > 0 ? 2 : 1 };
	ssize_t sent;

	if (head_bytes > PACKET_MAX || tail_bytes > PACKET_MAX - head_bytes)
		return why_set(why, KERR_TOO_BIG, "a packet is longer than %d bytes", PACKET_MAX);
	do
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? failed(errno, why) : KERR_OK;
}

enum kerr packet_receive(int fd, void *to, size_t cap, size_t *bytes, struct why *why)
{
	struct iovec part = { to, cap };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t got;

	*bytes = 0;
	do
		got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return failed(errno, why);
	if (got == 0)
		return failed(EPIPE, why);
	if ((msg.msg_flags & MSG_TRUNC) != 0)
		return why_set(why, KERR_TOO_BIG, "a packet is longer than there is room for");
	*bytes = (size_t)got;
	return KERR_OK;
}

static enum kerr map(int fd, size_t size, void **at, struct why *why)
{
	*at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*at != MAP_FAILED)
		return KERR_OK;
	*at = NULL;
	return why_set(why, KERR_IO, "mmap of shared memory: %s", strerror(errno));
}

enum kerr packet_board(size_t size, int *fd, void **at, struct why *why)
{
	enum kerr err;

	*fd = memfd_create("board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0)
		return why_set(why, KERR_IO, "memfd_create: %s", strerror(errno));
	if (ftruncate(*fd, (off_t)size) != 0 || fcntl(*fd, F_ADD_SEALS, SEALS) != 0)
		err = why_set(why, KERR_IO, "shared memory of %u bytes: %s", (unsigned)size, strerror(errno));
	else
		err = map(*fd, size, at, why);
	if (err == KERR_OK)
		return KERR_OK;
	(void)close(*fd);
	*fd = -1;
	return err;
}

enum kerr packet_board_open(int fd, size_t size, void **at, struct why *why)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	*at = NULL;
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) != 0 || st.st_size < 0 || (size_t)st.st_size != size)
		return why_set(why, KERR_BAD_INPUT, "descriptor %d is no shared memory of %u bytes", fd, (unsigned)size);
	return map(fd, size, at, why);
}
