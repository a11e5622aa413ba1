#include "platform/httpd_request.h"

#include <string.h>

#include "agent/base/host.h"

/* A name that resolves to this machine could be anybody's: addresses and localhost are nobody else's. */
static bool host_ok(struct slice value)
{
	struct slice host;
	uint64_t port;
	uint8_t v4[4];

	return host_split(value, &host, &port) && (host_is_loopback(host) || host_v4(host, v4) || host.p[0] == '[');
}

/* The Host header's value among the lines; false: none, or more than one. */
static bool host_of(struct slice lines, struct slice *value)
{
	struct slice line;
	unsigned found = 0;

	while (slice_next(&lines, '\n', &line)) {
		if (slice_find_nocase(line, "host:") != 0)
			continue;
		*value = slice_trim(slice_from(line, 5));
		found++;
	}
	return found == 1;
}

static void refuse(struct httpd_request *out, unsigned status, const struct packed *words)
{
	out->status = status;
	out->words = words;
}

static void parse(struct slice text, struct httpd_request *out)
{
	struct slice line = SLICE(""), method = SLICE(""), target = SLICE(""), version = SLICE(""), host = SLICE("");

	(void)slice_next(&text, '\n', &line);
	line = slice_trim(line);
	(void)slice_next(&line, ' ', &method);
	(void)slice_next(&line, ' ', &target);
	(void)slice_next(&line, ' ', &version);
	out->head = slice_is(method, "HEAD");
	if ((!slice_is(version, "HTTP/1.1") && !slice_is(version, "HTTP/1.0")) || line.n > 0 || !slice_starts(target, "/"))
		refuse(out, 400, PACKED("no HTTP/1.1 request\n"));
	else if (!out->head && !slice_is(method, "GET"))
		refuse(out, 405, PACKED("these pages can only be read\n"));
	else if (!host_of(text, &host))
		refuse(out, 400, PACKED("a request names its Host once\n"));
	else if (!host_ok(host))
		refuse(out, 403, PACKED("these pages are read by an address of this machine or as localhost\n"));
	else
		out->path = slice_to(target, slice_find(target, "?"));
}

bool httpd_request(struct slice in, bool full, struct httpd_request *out)
{
	size_t end = slice_find(in, "\r\n\r\n");

	*out = (struct httpd_request){ .status = 200, .path = SLICE(""), .words = NULL };
	in = slice_to(in, end);
	if (in.n > 0 && memchr(in.p, '\0', in.n) != NULL)
		refuse(out, 400, PACKED("no HTTP/1.1 request\n"));
	else if (end != SIZE_MAX)
		parse(in, out);
	else if (full)
		refuse(out, 431, PACKED("the request is too long\n"));
	else
		return false;
	return true;
}
