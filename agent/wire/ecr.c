#include "agent/wire/ecr.h"

#include "agent/wire/arn.h"
#include "agent/wire/ecs_member.h"

PRUNE_LIST(ecr_list, "authorizationData/[1]/authorizationToken|expiresAt");

static bool is_suffix(struct slice s, bool dual)
{
	return dual ? slice_is(s, "on.aws") || slice_is(s, "on.amazonwebservices.com.cn")
		    : slice_is(s, "amazonaws.com") || slice_is(s, "amazonaws.com.cn");
}

bool ecr_is(struct slice host, struct ecr_of *out)
{
	size_t colon = slice_find(host, ":");
	struct slice rest = slice_to(host, colon), region;
	bool dual, fips;
	uint64_t account, port;

	if (colon != SIZE_MAX && !slice_u64(slice_from(host, colon + 1), &port))
		return false;
	if (rest.n < 12 || !slice_u64(slice_to(rest, 12), &account))
		return false;
	rest = slice_from(rest, 12);
	dual = slice_starts(rest, ".dkr-ecr");
	if (!dual && !slice_starts(rest, ".dkr.ecr"))
		return false;
	rest = slice_from(rest, sizeof(".dkr.ecr") - 1);
	fips = slice_starts(rest, "-fips.");
	if (!fips && !slice_starts(rest, "."))
		return false;
	rest = slice_from(rest, fips ? sizeof("-fips.") - 1 : 1);
	out->type = fips ? dual ? ENDPOINT_FIPS_DUALSTACK : ENDPOINT_FIPS : dual ? ENDPOINT_DUALSTACK : ENDPOINT_STANDARD;
	return slice_next(&rest, '.', &region) && arn_partition_of(region) != NULL && is_suffix(rest, dual) &&
	       str_put(out->region, sizeof(out->region), region);
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
