#define _GNU_SOURCE /* struct ucred, accept4 */
#include "platform/peer.h"

#include <stddef.h>
#include <sys/socket.h>

bool peer_of(int fd, struct unixsock_peer *peer)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0 || n != sizeof(cred))
		return false;
	*peer = (struct unixsock_peer){ cred.uid, cred.gid, cred.pid };
	return true;
}

int peer_accept(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}
