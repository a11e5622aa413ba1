/* Which registries are ECR's private ones, and its token: a host taken for one gets this node's credentials. */
#include "agent/wire/ecr.h"
#include "agent/wire/pruned.h"

#include "tests/tap.h"

static struct ecr_of of;
static char room[64 * 1024], kept[ECR_KEPT];
static struct arena arena;

/* url: where its tokens come from. */
static void is(const char *host, const char *region, const char *url)
{
	struct endpoint at;
	struct why why;

	ok(ecr_is(slice_of(host), &of) && str_eq(of.region, region) &&
	   endpoint_find(ENDPOINT_ECR, "", of.region, of.type, &at, &why) == KERR_OK && str_eq(at.url, url), "%s -> %s", host, url);
}

static void is_not(const char *host)
{
	ok(!ecr_is(slice_of(host), &of), "not ECR's: %s", host);
}

static enum kerr token(const char *json, char *out, size_t cap, int64_t *until)
{
	struct pruned p;
	struct why why;
	const cJSON *root = NULL;
	enum kerr e;

	arena_init(&arena, room, sizeof(room));
	pruned_begin(&p, &ecr_list, kept, sizeof(kept));
	e = pruned_feed(&p, slice_of(json), &why);
	if (e == KERR_OK)
		e = pruned_end(&p, &arena, &root, &why);
	return e == KERR_OK ? ecr_token(root, out, cap, until, &why) : e;
}

#define DATA(token, ends) "{\"authorizationData\":[{\"authorizationToken\":" token ",\"expiresAt\":" ends ",\"proxyEndpoint\":\"https://x\"}]}"

static void tokens(void)
{
	char t[32];
	int64_t until = 0;

	ok(token(DATA("\"QVdTOng=\"", "1.7955E9"), t, sizeof(t), &until) == KERR_OK && str_eq(t, "QVdTOng=") && until == INT64_C(1795500000000),
	   "a token and its end");
	ok(token(DATA("\"QVdT\\r\\nX: y\"", "1.7955E9"), t, sizeof(t), &until) != KERR_OK && t[0] == '\0', "no line's end in it");
	ok(token(DATA("\"QVdT OnQ=\"", "1.7955E9"), t, sizeof(t), &until) == KERR_BAD_INPUT && t[0] == '\0', "no character base64 has not");
	ok(token(DATA("\"\"", "1.7955E9"), t, sizeof(t), &until) != KERR_OK, "an empty one");
	ok(token(DATA("\"QVdT\"", "null"), t, sizeof(t), &until) != KERR_OK && t[0] == '\0', "one without an end");
	ok(token(DATA("\"01234567890123456789012345678901\"", "1.7955E9"), t, sizeof(t), &until) == KERR_TOO_BIG, "one that is too long");
	ok(token("{\"authorizationData\":[]}", t, sizeof(t), &until) != KERR_OK, "none");
	ok(token("{}", t, sizeof(t), &until) != KERR_OK, "nothing");
	ok(token("[1]", t, sizeof(t), &until) != KERR_OK, "no object");
	ok(token("{\"authorizationData\"", t, sizeof(t), &until) != KERR_OK, "cut off");
}

int main(void)
{
	is("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1", "https://api.ecr.eu-west-1.amazonaws.com/");
	is("123456789012.dkr.ecr.eu-west-1.amazonaws.com:443", "eu-west-1", "https://api.ecr.eu-west-1.amazonaws.com/");
	is("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1", "https://ecr-fips.us-gov-west-1.amazonaws.com/");
	is("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "https://api.ecr.cn-north-1.amazonaws.com.cn/");
	is("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1", "https://ecr.eu-west-1.api.aws/");
	is("123456789012.dkr-ecr-fips.us-east-1.on.aws", "us-east-1", "https://ecr-fips.us-east-1.api.aws/");
	is("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", "https://ecr.cn-north-1.api.amazonwebservices.com.cn/");
	is_not("123456789012.dkr.ecr.us-west-1.amazonaws.com:443x");
	is_not("123456789012.dkr.ecrXus-west-1.amazonaws.com");
	is_not("public.ecr.aws");
	is_not("12345678901.dkr.ecr.eu-west-1.amazonaws.com");
	is_not("1234567890123.dkr.ecr.eu-west-1.amazonaws.com");
	is_not("x23456789012.dkr.ecr.eu-west-1.amazonaws.com");
	is_not("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example");
	is_not("123456789012.dkr.ecr.evil.example.amazonaws.com");
	is_not("123456789012.dkr.ecr..amazonaws.com");
	is_not("123456789012.dkr.ecr.amazonaws.com");
	is_not("123456789012.dkr.ecr.evil/x-1.amazonaws.com");
	is_not("123456789012.dkr.ecr.EU-WEST-1.amazonaws.com");
	is_not("123456789012.dkr.ecr.a-region-name-that-is-longer-than-any-of-them.amazonaws.com");
	is_not("evil.example/123456789012.dkr.ecr.eu-west-1.amazonaws.com");
	is_not("123456789012.dkr.ecr");
	is_not("123456789012");
	is_not("");
	tokens();
	return done();
}
