#include "platform/net.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/file.h"

/* rtnetlink(7), netlink(7): a stable ABI, spelled out here because the musl builds have no kernel
 * headers. All numbers in host byte order. */
enum {
	NETLINK_ROUTE_FAMILY = 0,
	GROUP_LINK = 0x1, GROUP_IPV4_ROUTE = 0x40, GROUP_IPV6_ROUTE = 0x400,
	MSG_ERROR = 2, MSG_DONE = 3, MSG_NEWROUTE = 24, MSG_GETROUTE = 26,
	FLAG_REQUEST = 0x1, FLAG_DUMP = 0x300,
	ROUTE_UNICAST = 1,
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

_Static_assert(sizeof(struct nl_address) == 12 && sizeof(struct nl_head) == 16 && sizeof(struct nl_route) == 12,
	       "the kernel's layout");

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

bool net_changed(struct net *net)
{
	char buf[NEWS_MAX];
	bool changed = false;

	for (;;) {
		ssize_t n = recv(net->fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS)
			net->overruns++;
		else if (n <= 0)
			return changed;
		/* what exactly does not matter: the caller asks for the whole state anyway */
		changed = true;
	}
}

static bool is_way_out(const char *p, size_t n)
{
	struct nl_route r;

	if (n < sizeof(r))
		return false;
	memcpy(&r, p, sizeof(r));
	return r.dst_len == 0 && r.type == ROUTE_UNICAST;
}

/* One datagram of the dump. True when it was the last one; *err: what the kernel complained of. */
static bool take_routes(const char *buf, size_t n, bool *have, int *err)
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
		if (h.type == MSG_NEWROUTE && is_way_out(buf + at + sizeof(h), h.len - sizeof(h)))
			*have = true;
		at += (h.len + 3u) & ~3u;
	}
	return false;
}

static enum kerr dump_family(int fd, uint8_t family, bool *have, struct why *why)
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

		if (n > 0 && take_routes(buf, (size_t)n, have, &err))
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

enum kerr net_default_route(bool *have, struct why *why)
{
	int fd;
	enum kerr err = open_netlink(0, &fd, why);

	*have = false;
	if (err != KERR_OK)
		return err;
	err = dump_family(fd, AF_INET, have, why);
	if (err == KERR_OK && !*have)
		err = dump_family(fd, AF_INET6, have, why);
	close(fd);
	return err;
}
