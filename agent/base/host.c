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
