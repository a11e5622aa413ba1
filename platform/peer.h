/* peer.h - the two calls on unix sockets that only Linux has (struct ucred, accept4). */
#ifndef KEDGE_PLATFORM_PEER_H
#define KEDGE_PLATFORM_PEER_H

#include <stdbool.h>

#include "platform/unixsock.h"

/* Who connected, by the kernel's word; false when it does not say. */
bool peer_of(int fd, struct unixsock_peer *peer);

/* The next connection, non-blocking and close-on-exec; -1 when none waits. */
int peer_accept(int listener);

#endif
