/* peer.h - what unixsock and httpd share of serving, and the two calls that only Linux has (struct ucred, accept4). */
#ifndef KEDGE_PLATFORM_PEER_H
#define KEDGE_PLATFORM_PEER_H

#include <stdbool.h>

#include "platform/unixsock.h"

/* Who connected, by the kernel's word; false when it does not say. */
bool peer_of(int fd, struct unixsock_peer *peer);

typedef void peer_fn(void *arg, int fd);

/* Hands up to `most` waiting connections over, non-blocking and close-on-exec; not all, so that nobody can keep us here. */
void peer_accept(int listener, int most, peer_fn *take, void *arg);

/* Sends what goes now of out[*sent..len). False: all is sent, or nobody reads any more. */
bool peer_send(int fd, const char *out, size_t len, size_t *sent);

#endif
