#include "agent/base/host.h"

static bool host_ok(struct slice host)
{
	bool v6 = slice_starts(host, "[") && slice_ends(host, "]") && host.n > 4;

	if (host.n == 0 || host.n > 253)
		return false;
	for (size_t i = v6 ? 1 : 0; i < host.n - (v6 ? 1 : 0); i++)
		if (!ch_alnum(host.p[i]) && host.p[i] != (v6 ? ':' : '-') && host.p[i] != '.')
			return false;
	return true;
}

struct slice host_and_path(struct slice url)
{
	size_t at = slice_find(url, "://");

	return at == SIZE_MAX ? url : slice_from(url, at + 3);
}

bool host_split(struct slice authority, struct slice *host, uint64_t *port)
{
	size_t at = slice_rfind(authority, ":"), bracket = slice_rfind(authority, "]");

	*host = authority;
	*port = 0;
	if (at != SIZE_MAX && (bracket == SIZE_MAX || at > bracket)) {
		*host = slice_to(authority, at);
		if (!slice_u64(slice_from(authority, at + 1), port) || *port == 0 || *port > 65535)
			return false;
	}
	return host_ok(*host);
}

bool host_v4(struct slice host, uint8_t out[4])
{
	struct slice part;
	uint64_t v;

	if (slice_ends(host, "."))
		return false;
	for (int i = 0; i < 4; i++) {
		if (!slice_next(&host, '.', &part) || !slice_u64(part, &v) || v > 255)
			return false;
		out[i] = (uint8_t)v;
	}
	return host.n == 0;
}

bool host_is_loopback(struct slice host)
{
	uint8_t v4[4];

	return slice_is(host, "localhost") || slice_is(host, "[::1]") || (host_v4(host, v4) && v4[0] == 127);
}

bool host_is_link_local(struct slice host)
{
	uint8_t v4[4];

	return slice_find_nocase(slice_to(host, 6), "[fe80:") == 0 || (host_v4(host, v4) && v4[0] == 169 && v4[1] == 254);
}

bool host_is_near(struct slice host)
{
	uint8_t v4[4];

	if (host_v4(host, v4))
		return v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) || (v4[0] == 192 && v4[1] == 168) || host_is_loopback(host) ||
		       host_is_link_local(host);
	if (slice_starts(host, "["))
		return host_is_loopback(host) || host_is_link_local(host) || slice_find_nocase(slice_to(host, 3), "[fd") == 0;
	return slice_find(host, ".") == SIZE_MAX || slice_ends(host, ".local");
}
