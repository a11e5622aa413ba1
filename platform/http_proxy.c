/* http_proxy.c - which requests go through an HTTP proxy, and what it wants to know of us. curl only speaks CONNECT to
 * the proxy it is given: whom to spare, and the header with the password, are decided here. */
#include "platform/http_pool.h"

#include <stdlib.h>
#include <string.h>

#include "agent/base/host.h"
#include "platform/crypto.h"

static struct slice environment(const char *lower, const char *upper)
{
	const char *v = getenv(lower);

	return slice_of(v != NULL ? v : getenv(upper));
}

/* user:password, %XX decoded, as RFC 7617 wants it. */
static bool put_credentials(struct text *header, struct slice user)
{
	char plain[HTTP_PROXY_HEADER / 2];
	struct text t = text_on(plain, sizeof(plain));

	text_percent_decoded(&t, user);
	text_say(header, "Proxy-Authorization: Basic ");
	text_base64(header, text_get(&t));
	crypto_zero(plain, sizeof(plain));
	return !t.full && !header->full;
}

static enum kerr take_url(struct http_proxy *p, struct slice url, const char *from, struct why *why)
{
	struct text to = text_on(p->url, sizeof(p->url)), header = text_on(p->header, sizeof(p->header));
	struct text name = text_on(p->name, sizeof(p->name));
	struct slice rest = url, host;
	size_t at;
	uint64_t port;

	if (slice_starts(url, "http://"))
		rest = slice_from(url, 7);
	else if (slice_find(url, "://") != SIZE_MAX)
		return why_set(why, KERR_BAD_INPUT, "%s is no http:// proxy, which is the only kind kedge can use", from);
	if (slice_ends(rest, "/"))
		rest = slice_to(rest, rest.n - 1);
	at = slice_rfind(rest, "@");
	if (!host_split(at == SIZE_MAX ? rest : slice_from(rest, at + 1), &host, &port))
		return why_set(why, KERR_BAD_INPUT, "%s is not http://[USER:PASSWORD@]HOST[:PORT]", from);
	text_say(&to, "http://");
	text_slice(&to, host);
	text_c(&to, ':');
	text_u64(&to, port == 0 ? 80 : port);
	text_say(&name, "the proxy ");
	text_s(&name, p->url + 7);
	if (to.full || name.full || (at != SIZE_MAX && !put_credentials(&header, slice_to(rest, at))))
		return why_set(why, KERR_TOO_BIG, "%s is too long", from);
	return KERR_OK;
}

enum kerr http_set_proxy(struct http *h, const char *url, struct why *why)
{
	struct slice use = slice_of(url), spare = environment("no_proxy", "NO_PROXY");
	const char *from = "the proxy of kedge.conf";
	enum kerr err = KERR_OK;

	crypto_zero(&h->proxy, sizeof(h->proxy));
	if (use.n == 0) {
		use = environment("https_proxy", "HTTPS_PROXY");
		from = "https_proxy of the environment";
	}
	if (use.n == 0) {
		use = environment("all_proxy", "ALL_PROXY");
		from = "all_proxy of the environment";
	}
	if (use.n > 0 && !slice_is(use, "none"))
		err = take_url(&h->proxy, use, from, why);
	if (err == KERR_OK && h->proxy.url[0] != '\0' && !str_put(h->proxy.spare, sizeof(h->proxy.spare), spare))
		err = why_set(why, KERR_TOO_BIG, "no_proxy of the environment is longer than %d bytes", HTTP_SPARE_MAX - 1);
	if (err != KERR_OK)
		crypto_zero(&h->proxy, sizeof(h->proxy));
	return err;
}

/* a.b.c.d[/bits] */
static bool in_network(struct slice host, struct slice rule)
{
	size_t slash = slice_find(rule, "/");
	uint8_t a[4], b[4];
	uint64_t bits = 32;
	uint32_t differ = 0;

	if (!host_v4(host, a) || !host_v4(slice_to(rule, slash), b))
		return false;
	if (slash != SIZE_MAX && (!slice_u64(slice_from(rule, slash + 1), &bits) || bits > 32))
		return false;
	for (int i = 0; i < 4; i++)
		differ = differ << 8 | (uint32_t)(a[i] ^ b[i]);
	return bits == 0 || differ >> (32 - bits) == 0;
}

static bool same_letters(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.n && a.n == b.n; i++)
		if (ch_lower(a.p[i]) != ch_lower(b.p[i]))
			return false;
	return a.n == b.n;
}

/* One word of no_proxy: "*", a host, a domain (with or without a dot before it), an address or a network. */
static bool spares(struct slice rule, struct slice host)
{
	struct slice end;

	if (slice_is(rule, "*") || in_network(host, rule))
		return true;
	if (slice_starts(rule, "."))
		rule = slice_from(rule, 1);
	if (slice_ends(rule, "."))
		rule = slice_to(rule, rule.n - 1);
	if (rule.n == 0 || rule.n > host.n)
		return false;
	end = slice_from(host, host.n - rule.n);
	return same_letters(end, rule) && (rule.n == host.n || host.p[host.n - rule.n - 1] == '.');
}

bool http_goes_by_proxy(const struct http *h, struct slice authority)
{
	struct slice rest = slice_of(h->proxy.spare), host, part, rule;
	uint64_t port;

	if (h->proxy.url[0] == '\0' || !host_split(authority, &host, &port) || host_is_loopback(host) || host_is_link_local(host))
		return false;
	if (slice_starts(host, "["))
		host = (struct slice){ host.p + 1, host.n - 2 };
	while (slice_next(&rest, ',', &part))
		while (slice_next(&part, ' ', &rule))
			if (spares(rule, host))
				return false;
	return true;
}
