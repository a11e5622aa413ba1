#include "platform/net.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/str.h"
#include "platform/clock.h"
#include "platform/file.h"

/* rtnetlink(7), netlink(7): a stable ABI, spelled out here because the musl builds have no kernel
 * headers. All numbers in host byte order. */
enum {
	NETLINK_ROUTE_FAMILY = 0,
	GROUP_LINK = 0x1, GROUP_IPV4_ROUTE = 0x40, GROUP_IPV6_ROUTE = 0x400,
	MSG_ERROR = 2, MSG_DONE = 3, MSG_NEWLINK = 16, MSG_DELLINK = 17, MSG_NEWROUTE = 24, MSG_DELROUTE = 25, MSG_GETROUTE = 26,
	FLAG_REQUEST = 0x1, FLAG_DUMP = 0x300,
	ROUTE_UNICAST = 1, ATTR_OIF = 4, ATTR_GATEWAY = 5, ATTR_MULTIPATH = 9,
	ASK_MS = 1000, NEWS_MAX = 8192
};

struct nl_address {
	sa_family_t family;
	uint16_t pad;
	uint32_t pid, groups;
};

struct nl_head {
	uint32_t len;
	uint16_t type, flags;
	uint32_t seq, pid;
};

struct nl_route {
	uint8_t family, dst_len, src_len, tos, table, protocol, scope, type;
	uint32_t flags;
};

struct nl_link {
	uint8_t family, pad;
	uint16_t type;
	int32_t index;
	uint32_t flags, change;
};

struct nl_attr { uint16_t len, type; };

/* of a route over several links */
struct nl_hop {
	uint16_t len;
	uint8_t flags, hops;
	int32_t index;
};

_Static_assert(sizeof(struct nl_address) == 12 && sizeof(struct nl_head) == 16 && sizeof(struct nl_route) == 12 &&
	       sizeof(struct nl_link) == 16 && sizeof(struct nl_attr) == 4 && sizeof(struct nl_hop) == 8, "the kernel's layout");

static enum kerr open_netlink(uint32_t groups, int *fd, struct why *why)
{
	struct nl_address a = { .family = AF_NETLINK, .groups = groups };
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE_FAMILY);

	*fd = -1;
	if (s < 0)
		return file_errno(errno, "open", "the kernel's route news (netlink)", why);
	if (bind(s, (const struct sockaddr *)(const void *)&a, sizeof(a)) != 0) {
		enum kerr err = file_errno(errno, "subscribe to", "the kernel's route news (netlink)", why);

		close(s);
		return err;
	}
	*fd = s;
	return KERR_OK;
}

enum kerr net_open(struct net *net, struct why *why)
{
	*net = (struct net){ .fd = -1 };
	return open_netlink(GROUP_LINK | GROUP_IPV4_ROUTE | GROUP_IPV6_ROUTE, &net->fd, why);
}

void net_close(struct net *net)
{
	if (net->fd >= 0)
		close(net->fd);
	net->fd = -1;
}

static size_t padded(size_t n)
{
	return (n + 3u) & ~(size_t)3;
}

/* The next attribute after *at: its type and value. 0: there is none. */
static uint16_t next_attr(struct slice route, size_t *at, struct slice *value)
{
	struct nl_attr a;

	if (*at + sizeof(a) > route.n)
		return 0;
	memcpy(&a, route.p + *at, sizeof(a));
	if (a.len < sizeof(a) || a.len > route.n - *at)
		return 0;
	*value = (struct slice){ route.p + *at + sizeof(a), a.len - sizeof(a) };
	*at += padded(a.len);
	return a.type;
}

static void add_way(struct net *net, int32_t index)
{
	if (net->ways < NET_WAYS)
		net->way[net->ways] = index;
	net->ways += net->ways <= NET_WAYS;
}

static void add_hops(struct net *net, struct slice hops)
{
	struct nl_hop h;

	while (hops.n >= sizeof(h)) {
		memcpy(&h, hops.p, sizeof(h));
		if (h.len < sizeof(h))
			return;
		add_way(net, h.index);
		hops = slice_from(hops, padded(h.len) < hops.n ? padded(h.len) : hops.n);
	}
}

static bool goes_over(const struct net *net, struct slice news)
{
	struct nl_link l;

	if (net->ways == 0 || net->ways > NET_WAYS || news.n < sizeof(l))
		return true;
	memcpy(&l, news.p, sizeof(l));
	for (uint32_t i = 0; i < net->ways; i++)
		if (net->way[i] == l.index)
			return true;
	return false;
}

static bool leads_out(const struct net *net, struct slice news)
{
	struct nl_route r;
	struct slice value;
	size_t at = padded(sizeof(r));
	uint16_t type;

	if (net->ways == 0 || news.n < sizeof(r))
		return true;
	memcpy(&r, news.p, sizeof(r));
	while ((type = next_attr(news, &at, &value)) != 0)
		if (type == ATTR_GATEWAY || type == ATTR_MULTIPATH)
			return true;
	return r.dst_len == 0 && r.type == ROUTE_UNICAST;
}

/* One datagram of news: does any of it change a way out? What cannot be read may. */
static bool matters(const struct net *net, struct slice news)
{
	struct nl_head h;

	while (news.n > 0) {
		struct slice body;

		if (news.n < sizeof(h))
			return true;
		memcpy(&h, news.p, sizeof(h));
		if (h.len < sizeof(h) || h.len > news.n)
			return true;
		body = slice_from(slice_to(news, h.len), sizeof(h));
		if ((h.type == MSG_NEWLINK || h.type == MSG_DELLINK) && goes_over(net, body))
			return true;
		if ((h.type == MSG_NEWROUTE || h.type == MSG_DELROUTE) && leads_out(net, body))
			return true;
		news = slice_from(news, padded(h.len) < news.n ? padded(h.len) : news.n);
	}
	return false;
}

bool net_changed(struct net *net)
{
	char buf[NEWS_MAX];
	bool changed = false;

	for (;;) {
		ssize_t n = recv(net->fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS) {
			net->overruns++;
			changed = true;
			continue;
		}
		if (n <= 0)
			return changed;
		changed = changed || matters(net, (struct slice){ buf, (size_t)n });
	}
}

/* A route of the dump: is it a way out, and over which links? */
static bool take_route(struct net *net, struct slice route)
{
	struct nl_route r;
	struct slice value;
	size_t at = padded(sizeof(r));
	int32_t index;
	uint16_t type;

	if (route.n < sizeof(r))
		return false;
	memcpy(&r, route.p, sizeof(r));
	if (r.dst_len != 0 || r.type != ROUTE_UNICAST)
		return false;
	while ((type = next_attr(route, &at, &value)) != 0) {
		if (type == ATTR_OIF && value.n >= sizeof(index)) {
			memcpy(&index, value.p, sizeof(index));
			add_way(net, index);
		} else if (type == ATTR_MULTIPATH) {
			add_hops(net, value);
		}
	}
	return true;
}

/* One datagram of the dump. True when it was the last one; *err: what the kernel complained of. */
static bool take_routes(struct net *net, const char *buf, size_t n, bool *have, int *err)
{
	size_t at = 0;
	struct nl_head h;

	while (at + sizeof(h) <= n) {
		memcpy(&h, buf + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > n - at)
			return true;
		if (h.type == MSG_DONE)
			return true;
		if (h.type == MSG_ERROR) {
			if (h.len >= sizeof(h) + sizeof(*err))
				memcpy(err, buf + at + sizeof(h), sizeof(*err));
			return true;
		}
		if (h.type == MSG_NEWROUTE && take_route(net, (struct slice){ buf + at + sizeof(h), h.len - sizeof(h) }))
			*have = true;
		at += padded(h.len);
	}
	return false;
}

static enum kerr dump_family(struct net *net, int fd, uint8_t family, bool *have, struct why *why)
{
	struct {
		struct nl_head head;
		struct nl_route route;
	} ask = { { sizeof(ask), MSG_GETROUTE, FLAG_REQUEST | FLAG_DUMP, family, 0 }, { .family = family } };
	char buf[NEWS_MAX];
	uint64_t end_ms = clock_boot_ms() + ASK_MS;
	int err = 0;

	if (send(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		return file_errno(errno, "ask", "the kernel for routes (netlink)", why);
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n > 0 && take_routes(net, buf, (size_t)n, have, &err))
			break;
		if (n > 0)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return file_errno(errno, "read", "the kernel's routes (netlink)", why);
		if (clock_boot_ms() >= end_ms || poll(&p, 1, ASK_MS) == 0)
			return why_set(why, KERR_TIMEOUT, "the kernel did not list its routes within %d ms", ASK_MS);
	}
	/* a kernel without IPv6 says so; it has no IPv6 way out then */
	if (err != 0 && err != -EAFNOSUPPORT && err != -EOPNOTSUPP)
		return file_errno(-err, "list", "the kernel's routes (netlink)", why);
	return KERR_OK;
}

enum kerr net_default_route(struct net *net, bool *have, struct why *why)
{
	int fd;
	enum kerr err = open_netlink(0, &fd, why);

	*have = false;
	net->ways = 0;
	if (err != KERR_OK)
		return err;
	err = dump_family(net, fd, AF_INET, have, why);
	if (err == KERR_OK)
		err = dump_family(net, fd, AF_INET6, have, why);
	close(fd);
	return err;
}
