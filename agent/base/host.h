/* host.h - hosts as URLs write them: "name", "10.0.0.1" or "[::1]", with or without ":port". */
#ifndef KEDGE_BASE_HOST_H
#define KEDGE_BASE_HOST_H

#include "agent/base/str.h"

/* What follows "SCHEME://" in a URL, borrowed of it; all of it where there is none. */
struct slice host_and_path(struct slice url);
/* "host[:port]" taken apart, port 0 when there is none. False: no host (letters, digits, "-", "." or an address in
 * brackets, at most 253 bytes), or a port that is none. The slices are borrowed of authority. */
bool host_split(struct slice authority, struct slice *host, uint64_t *port);
/* Four decimal numbers and nothing else: what a name can only begin like does not count. */
bool host_v4(struct slice host, uint8_t out[4]);
/* This machine itself: localhost, 127.0.0.0/8, [::1]. */
bool host_is_loopback(struct slice host);
/* What no router passes on: 169.254.0.0/16, [fe80:...]. */
bool host_is_link_local(struct slice host);
/* On the site, as far as its name tells: loopback, link-local, private addresses (RFC 1918, RFC 4193), names without a dot
 * and those of mDNS (.local). */
bool host_is_near(struct slice host);

#endif
