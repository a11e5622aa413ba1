#include "agent/wire/endpoint.h"

#include <string.h>

#include "agent/base/host.h"
#include "agent/wire/arn.h"

struct suffix {
	const char *partition, *plain, *dual;   /* dual NULL: no dual-stack names */
	bool ecr_fips, ecr_dual;                /* ECR has a name of its own there, without "api." */
};

static const struct suffix suffixes[] = {
	{ "aws", "amazonaws.com", "api.aws", true, true },
	{ "aws-us-gov", "amazonaws.com", "api.aws", true, true },
	{ "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false, true },
	{ "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", false, false },
	{ "aws-iso", "c2s.ic.gov", NULL, false, false },
	{ "aws-iso-b", "sc2s.sgov.gov", NULL, false, false },
	{ "aws-iso-e", "cloud.adc-e.uk", NULL, false, false },
	{ "aws-iso-f", "csp.hci.ic.gov", NULL, false, false },
};
enum { SUFFIXES = sizeof(suffixes) / sizeof(suffixes[0]) };

static const struct suffix *suffix_of(const char *region)
{
	const char *partition = arn_partition_of(slice_of(region));

	for (size_t i = 0; i < SUFFIXES && partition != NULL; i++)
		if (str_eq(partition, suffixes[i].partition))
			return &suffixes[i];
	return NULL;
}

static const char *prefix(enum endpoint_service service, const struct suffix *s, bool fips, bool dual)
{
	static const char *const name[ENDPOINT_SERVICES] = { "ecs", "api.ecr", "rolesanywhere" };

	if (service == ENDPOINT_ECR && (fips ? s->ecr_fips : dual && s->ecr_dual))
		return "ecr";
	return name[service];
}

static void put_url(struct endpoint *out)
{
	struct text url = text_on(out->url, sizeof(out->url));

	text_s(&url, out->tls ? "https://" : "http://");
	text_s(&url, out->host);
	text_c(&url, '/');
}

static enum kerr by_region(enum endpoint_service service, const char *region, enum endpoint_type type,
			   struct endpoint *out, struct why *why)
{
	bool fips = type == ENDPOINT_FIPS || type == ENDPOINT_FIPS_DUALSTACK;
	bool dual = type == ENDPOINT_DUALSTACK || type == ENDPOINT_FIPS_DUALSTACK;
	const struct suffix *s = suffix_of(region);
	struct text host = text_on(out->host, sizeof(out->host));

	if (s == NULL)
		return why_set(why, KERR_BAD_INPUT, "\"%.40s\" is no AWS region (like eu-west-1)", region);
	if (dual && s->dual == NULL)
		return why_set(why, KERR_BAD_INPUT, "region %s has no dual-stack endpoint", region);
	text_s(&host, prefix(service, s, fips, dual));
	text_s(&host, fips ? "-fips." : ".");
	text_s(&host, region);
	text_c(&host, '.');
	text_s(&host, dual ? s->dual : s->plain);
	out->tls = true;
	put_url(out);
	return KERR_OK;
}

static bool of_aws(struct slice host)
{
	for (size_t i = 0; i < SUFFIXES; i++)
		if (slice_ends(host, suffixes[i].plain) || (suffixes[i].dual != NULL && slice_ends(host, suffixes[i].dual)))
			return true;
	return false;
}

/* vpce-0a1b.ecs.eu-west-1.vpce.amazonaws.com and the like say for which region they want signatures. */
static enum kerr same_region(struct slice host, const char *region, struct why *why)
{
	struct slice rest = host, label;

	if (region[0] == '\0' || !of_aws(host))
		return KERR_OK;
	while (slice_next(&rest, '.', &label))
		if (arn_partition_of(label) != NULL && !slice_is(label, region))
			return why_set(why, KERR_BAD_INPUT, "endpoint %.120s is in region %.*s, but this node's region is %s",
				       host.p, (int)label.n, label.p, region);
	return KERR_OK;
}

static enum kerr by_hand(struct slice given, const char *region, struct endpoint *out, struct why *why)
{
	struct text t = text_on(out->host, sizeof(out->host));
	struct slice authority, host;
	uint64_t port;

	out->tls = slice_starts(given, "https://");
	if (!out->tls && !slice_starts(given, "http://"))
		return why_set(why, KERR_BAD_INPUT, "endpoint \"%.80s\" must begin with https:// (or http:// on loopback)", given.p);
	authority = slice_from(given, out->tls ? 8 : 7);
	if (slice_ends(authority, "/"))
		authority = slice_to(authority, authority.n - 1);
	if (!host_split(authority, &host, &port))
		return why_set(why, KERR_BAD_INPUT,
			       "endpoint \"%.80s\" must be a scheme, a host and perhaps a port, and nothing more", given.p);
	if (!out->tls && !host_is_loopback(host))
		return why_set(why, KERR_BAD_INPUT,
			       "endpoint \"%.80s\": http without TLS is allowed to this host itself only (127.0.0.1)", given.p);
	text_slice(&t, host);
	if (port != 0 && port != (out->tls ? 443 : 80)) {
		text_c(&t, ':');
		text_u64(&t, port);
	}
	put_url(out);
	return same_region(host, region, why);
}

enum kerr endpoint_find(enum endpoint_service service, const char *given, const char *region, enum endpoint_type type,
			struct endpoint *out, struct why *why)
{
	enum kerr e;

	memset(out, 0, sizeof(*out));
	if (given == NULL || given[0] == '\0')
		e = by_region(service, region, type, out, why);
	else if (type != ENDPOINT_STANDARD)
		e = why_set(why, KERR_BAD_INPUT, "an endpoint of one's own cannot be combined with endpoint_type");
	else
		e = by_hand(slice_of(given), region, out, why);
	if (e != KERR_OK)
		memset(out, 0, sizeof(*out));
	return e;
}
