/* host.h - hosts as URLs write them: "name", "10.0.0.1" or "[::1]", with or without ":port". */
#ifndef KEDGE_BASE_HOST_H
#define KEDGE_BASE_HOST_H

#include "agent/base/str.h"

/* "host[:port]" taken apart, port 0 when there is none. False: no host (letters, digits, "-", "." or an address in
 * brackets, at most 253 bytes), or a port that is none. The slices are borrowed of authority. */
bool host_split(struct slice authority, struct slice *host, uint64_t *port);
/* Four decimal numbers and nothing else: what a name can only begin like does not count. */
bool host_v4(struct slice host, uint8_t out[4]);
/* This machine itself: localhost, 127.0.0.0/8, [::1]. */
bool host_is_loopback(struct slice host);
/* What no router passes on: 169.254.0.0/16, [fe80:...]. */
bool host_is_link_local(struct slice host);

#endif
