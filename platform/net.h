/* net.h - is there a way out? Asked of the kernel by rtnetlink(7), told when it changes. */
#ifndef KEDGE_PLATFORM_NET_H
#define KEDGE_PLATFORM_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/err.h"

enum { NET_WAYS = 4 };

struct net {
	int fd;                 /* -1: closed; watch it for POLLIN */
	int32_t way[NET_WAYS];  /* links (by index) that default routes go over, as net_default_route saw them last */
	uint32_t ways;          /* 0: none, or not known; past NET_WAYS: more than are kept */
	uint64_t overruns;      /* times the kernel dropped news because we were slow */
};

/* Subscribes to changes of links and of IPv4 and IPv6 routes. Works unprivileged. KERR_DENIED where a
 * sandbox forbids netlink, KERR_IO. */
KERR_CHECK enum kerr net_open(struct net *net, struct why *why);
void net_close(struct net *net);

/* Takes all news waiting, never blocks. True when a way out of this node may have changed (or news were lost): a default
 * route or one over a gateway came or went, or a link that a default route goes over; where none is known, anything.
 * Ask net_default_route again then. False for what containers bring along: their links and the routes to these. */
bool net_changed(struct net *net);

/* Does any table hold a default route, IPv4 or IPv6, that is not blackhole, unreachable or prohibit? Remembers the links
 * of all of them. Two dumps, about 200 microseconds. KERR_DENIED, KERR_IO, KERR_TIMEOUT (1 s): unknown. */
KERR_CHECK enum kerr net_default_route(struct net *net, bool *have, struct why *why);

#endif
