/* net.h - is there a way out? Asked of the kernel by rtnetlink(7), told when it changes. */
#ifndef KEDGE_PLATFORM_NET_H
#define KEDGE_PLATFORM_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/err.h"

struct net {
	int fd;                 /* -1: closed; watch it for POLLIN */
	uint64_t overruns;      /* times the kernel dropped news because we were slow */
};

/* Subscribes to changes of links and of IPv4 and IPv6 routes. Works unprivileged. KERR_DENIED where a
 * sandbox forbids netlink, KERR_IO. */
KERR_CHECK enum kerr net_open(struct net *net, struct why *why);
void net_close(struct net *net);

/* Takes all news waiting, never blocks. True when something changed (or news were lost): ask
 * net_default_route again. */
bool net_changed(struct net *net);

/* Does any table hold a default route, IPv4 or IPv6, that is not blackhole, unreachable or prohibit?
 * One dump, about 100 microseconds. KERR_DENIED, KERR_IO, KERR_TIMEOUT (1 s): unknown. */
KERR_CHECK enum kerr net_default_route(bool *have, struct why *why);

#endif
