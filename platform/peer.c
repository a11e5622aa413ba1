#define _GNU_SOURCE /* struct ucred, accept4 */
#include "platform/peer.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

enum { PAUSE_MS = 50 };

bool peer_of(int fd, struct unixsock_peer *peer)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0 || n != sizeof(cred))
		return false;
	*peer = (struct unixsock_peer){ cred.uid, cred.gid, cred.pid };
	return true;
}

void peer_accept(int listener, int most, peer_fn *take, void *arg)
{
	for (int i = 0; i < most; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			/* no descriptor left: who waits to be taken would wake the loop again at once, for ever */
			if (errno != EAGAIN)
				(void)poll(NULL, 0, PAUSE_MS);
			return;
		}
		take(arg, fd);
	}
}

bool peer_send(int fd, const char *out, size_t len, size_t *sent)
{
	while (*sent < len) {
		ssize_t n = send(fd, out + *sent, len - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
		*sent += (size_t)n;
	}
	return false;
}
