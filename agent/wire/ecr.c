#include "agent/wire/ecr.h"

#include "agent/wire/ecs_member.h"

const struct prune_list ecr_list = { 2, { "authorizationData/[1]/authorizationToken", "authorizationData/[1]/expiresAt" } };

static const struct kind { const char *infix, *end, *api, *api_end; } kinds[] = {
	{ ".dkr.ecr.", ".amazonaws.com", "api.ecr.", ".amazonaws.com" },
	{ ".dkr.ecr-fips.", ".amazonaws.com", "ecr-fips.", ".amazonaws.com" },
	{ ".dkr.ecr.", ".amazonaws.com.cn", "api.ecr.", ".amazonaws.com.cn" },
	{ ".dkr-ecr.", ".on.aws", "ecr.", ".api.aws" },
	{ ".dkr-ecr-fips.", ".on.aws", "ecr-fips.", ".api.aws" },
	{ ".dkr-ecr.", ".on.amazonwebservices.com.cn", "ecr.", ".api.amazonwebservices.com.cn" },
};

static bool is_region(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ch_digit(s.p[i]) && s.p[i] != '-' && (s.p[i] < 'a' || s.p[i] > 'z'))
			return false;
	return slice_find(s, "-") != SIZE_MAX;
}

/* Twelve digits, and then nothing but what the row has. */
static bool fits(struct slice name, const struct kind *k, struct ecr_api *out)
{
	struct slice rest = slice_from(name, 12), infix = slice_of(k->infix), end = slice_of(k->end), region;
	uint64_t account;

	if (!slice_u64(slice_to(name, 12), &account) || !slice_starts(rest, k->infix) || !slice_ends(rest, k->end) ||
	    rest.n <= infix.n + end.n)
		return false;
	region = slice_from(slice_to(rest, rest.n - end.n), infix.n);
	return is_region(region) && str_put(out->region, sizeof(out->region), region);
}

bool ecr_is(struct slice host, struct ecr_api *out)
{
	struct slice name = slice_to(host, slice_find(host, ":"));
	struct text h = text_on(out->host, sizeof(out->host)), u = text_on(out->url, sizeof(out->url));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!fits(name, &kinds[i], out))
			continue;
		text_s(&h, kinds[i].api);
		text_s(&h, out->region);
		text_s(&h, kinds[i].api_end);
		text_s(&u, "https://");
		text_s(&u, out->host);
		text_c(&u, '/');
		return true;
	}
	return false;
}

enum kerr ecr_token(const cJSON *root, char *dst, size_t cap, int64_t *expires_unix_ms, struct why *why)
{
	const cJSON *first = cJSON_GetArrayItem(json_array(root, "authorizationData"), 0);
	enum kerr e = ecs_member_must_str(first, "authorizationToken", dst, cap, why);

	if (e == KERR_OK)
		e = ecs_member_must_time(first, "expiresAt", expires_unix_ms, why);
	for (const char *c = dst; e == KERR_OK && *c != '\0'; c++)
		if (!ch_alnum(*c) && *c != '+' && *c != '/' && *c != '=')
			e = why_set(why, KERR_BAD_INPUT, "the authorization token is none");
	if (e != KERR_OK)
		dst[0] = '\0';
	return e;
}
