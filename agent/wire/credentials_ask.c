#include "agent/wire/credentials_ask.h"

#include <string.h>

#include "agent/base/host.h"
#include "agent/wire/arn.h"
#include "agent/wire/json.h"

#define ECS_HOST "http://169.254.170.2"  /* where the ECS agent answers containers */

static enum kerr put_url(const char *head, const char *tail, char out[CREDENTIALS_URL_CAP], const char *what, struct why *why)
{
	struct text t = text_on(out, CREDENTIALS_URL_CAP);

	text_s(&t, head);
	text_s(&t, tail);
	if (t.full)
		return why_set(why, KERR_TOO_BIG, "%s makes a URL longer than %d bytes", what, CREDENTIALS_URL_CAP - 1);
	for (size_t i = 0; i < t.len; i++)
		if (out[i] <= ' ' || out[i] >= 0x7f)
			return why_set(why, KERR_BAD_INPUT, "%s holds a blank or a byte that is not printable", what);
	return KERR_OK;
}

/* The host of host[:port]/..., empty when it is none, or names a user. */
static struct slice host_of(struct slice rest)
{
	struct slice host;
	uint64_t port;
	size_t end = 0;

	while (end < rest.n && strchr("/?#", rest.p[end]) == NULL)
		end++;
	return host_split(slice_to(rest, end), &host, &port) ? host : slice_to(rest, 0);
}

enum kerr credentials_container_url(const char *relative, const char *full, char out[CREDENTIALS_URL_CAP], bool *here,
				    struct why *why)
{
	const char *name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
	struct slice url = slice_of(full), host;

	*here = true;
	if (relative != NULL && relative[0] != '\0') {
		name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
		if (relative[0] != '/')
			return why_set(why, KERR_BAD_INPUT, "%s must begin with /", name);
		return put_url(ECS_HOST, relative, out, name, why);
	}
	if (url.n == 0)
		return why_set(why, KERR_GONE, "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor %s is set", name);
	if (!slice_starts(url, "https://") && !slice_starts(url, "http://"))
		return why_set(why, KERR_BAD_INPUT, "%s begins with neither https:// nor http://", name);
	host = host_of(slice_from(url, slice_starts(url, "https://") ? 8 : 7));
	*here = host_is_loopback(host) || slice_is(host, "169.254.170.2") || slice_is(host, "169.254.170.23") ||
		slice_is(host, "[fd00:ec2::23]");
	if (!*here && (host.n == 0 || slice_starts(url, "http://")))
		return why_set(why, KERR_DENIED, "%s: http goes to this host, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] only",
			       name);
	return put_url("", full, out, name, why);
}

enum kerr credentials_container_header(struct slice token, struct text *out, struct why *why)
{
	token = slice_trim(token);
	if (token.n == 0)
		return why_set(why, KERR_GONE, "the container's authorization token is empty");
	for (size_t i = 0; i < token.n; i++)
		if (token.p[i] < ' ' || token.p[i] >= 0x7f)
			return why_set(why, KERR_BAD_INPUT, "the container's authorization token holds a line's end or a byte that is "
				       "not printable");
	text_say(out, "Authorization: ");
	text_slice(out, token);
	return out->full ? why_set(why, KERR_TOO_BIG, "the container's authorization token has %u bytes, at most %u are allowed",
				   (unsigned)token.n, (unsigned)(out->cap - sizeof("Authorization: "))) : KERR_OK;
}

static bool alias_ok(const char *alias)
{
	for (; *alias != '\0'; alias++)
		if (!ch_alnum(*alias) && strchr("_=,@-", *alias) == NULL)
			return false;
	return true;
}

enum kerr credentials_iot_url(const char *endpoint, const char *alias, char out[CREDENTIALS_URL_CAP], struct why *why)
{
	struct endpoint at;
	struct text t = text_on(out, CREDENTIALS_URL_CAP);
	struct why inner;
	enum kerr e;

	text_say(&t, "https://");
	text_s(&t, endpoint);
	e = endpoint_find(ENDPOINT_ECS, out, "", ENDPOINT_STANDARD, &at, &inner);
	if (e != KERR_OK)
		return why_set(why, e, "[iot] %.200s", inner.text);
	if (alias[0] == '\0' || !alias_ok(alias))
		return why_set(why, KERR_BAD_INPUT, "[iot] role_alias may hold letters, digits and _=,@- only");
	t = text_on(out, CREDENTIALS_URL_CAP);
	text_s(&t, at.url);
	text_say(&t, "role-aliases/");
	text_s(&t, alias);
	text_say(&t, "/credentials");
	return t.full ? why_set(why, KERR_TOO_BIG, "[iot] endpoint and role_alias are too long") : KERR_OK;
}

enum kerr credentials_session_endpoint(const char *override, const char *trust_anchor, struct endpoint *out,
				       char region[40], struct why *why)
{
	struct arn arn;
	struct why inner;
	enum kerr e = arn_parse(slice_of(trust_anchor), &arn, &inner);

	if (e == KERR_OK && (arn.region.n == 0 || !slice_is(arn.service, "rolesanywhere")))
		e = why_set(&inner, KERR_BAD_INPUT, "it is not one of rolesanywhere in a region");
	if (e == KERR_OK && !str_put(region, 40, arn.region))
		e = why_set(&inner, KERR_BAD_INPUT, "its region is too long");
	if (e != KERR_OK)
		return why_set(why, e, "[rolesanywhere] trust_anchor: %.160s", inner.text);
	e = endpoint_find(ENDPOINT_ROLESANYWHERE, override, region, ENDPOINT_STANDARD, out, &inner);
	return e == KERR_OK ? e : why_set(why, e, "[rolesanywhere] %.200s", inner.text);
}

bool credentials_session_body(struct text *out, const char *trust_anchor, const char *profile, const char *role)
{
	struct jw w = jw_on(out);

	jw_object(&w, NULL);
	jw_u64(&w, "durationSeconds", CREDENTIALS_SESSION_S);
	jw_str(&w, "profileArn", profile);
	jw_str(&w, "roleArn", role);
	jw_str(&w, "trustAnchorArn", trust_anchor);
	jw_object_end(&w);
	return !out->full;
}
