/* Where the services of AWS are: the names of botocore's endpoint rules, and addresses of the user's own. */
#include "agent/wire/endpoint.h"

#include <string.h>

#include "agent/base/host.h"
#include "tests/tap.h"

static struct why why;

static void named(enum endpoint_service service, const char *region, enum endpoint_type type, const char *want)
{
	struct endpoint e;
	enum kerr k = endpoint_find(service, NULL, region, type, &e, &why);
	char url[300];

	snprintf(url, sizeof(url), "https://%s/", want == NULL ? "" : want);
	ok(k == (want == NULL ? KERR_BAD_INPUT : KERR_OK), "%s: %s", region, want == NULL ? why.text : want);
	is_str(e.host, want == NULL ? "" : want, "its host");
	is_str(e.url, want == NULL ? "" : url, "its URL");
	ok(e.tls == (want != NULL), "with TLS");
}

/* standard, fips, dualstack, both; NULL: there is none */
static void four(enum endpoint_service service, const char *region, const char *want[ENDPOINT_TYPES])
{
	for (int i = 0; i < ENDPOINT_TYPES; i++)
		named(service, region, (enum endpoint_type)i, want[i]);
}
#define FOUR(service, region, ...) four(service, region, (const char *[ENDPOINT_TYPES]){ __VA_ARGS__ })

static void names(void)
{
	FOUR(ENDPOINT_ECS, "eu-west-1", "ecs.eu-west-1.amazonaws.com", "ecs-fips.eu-west-1.amazonaws.com",
	     "ecs.eu-west-1.api.aws", "ecs-fips.eu-west-1.api.aws");
	FOUR(ENDPOINT_ECS, "us-gov-west-1", "ecs.us-gov-west-1.amazonaws.com", "ecs-fips.us-gov-west-1.amazonaws.com",
	     "ecs.us-gov-west-1.api.aws", "ecs-fips.us-gov-west-1.api.aws");
	FOUR(ENDPOINT_ECS, "cn-northwest-1", "ecs.cn-northwest-1.amazonaws.com.cn", "ecs-fips.cn-northwest-1.amazonaws.com.cn",
	     "ecs.cn-northwest-1.api.amazonwebservices.com.cn", "ecs-fips.cn-northwest-1.api.amazonwebservices.com.cn");
	FOUR(ENDPOINT_ECS, "eusc-de-east-1", "ecs.eusc-de-east-1.amazonaws.eu", "ecs-fips.eusc-de-east-1.amazonaws.eu",
	     "ecs.eusc-de-east-1.api.amazonwebservices.eu", "ecs-fips.eusc-de-east-1.api.amazonwebservices.eu");
	FOUR(ENDPOINT_ECS, "us-iso-east-1", "ecs.us-iso-east-1.c2s.ic.gov", "ecs-fips.us-iso-east-1.c2s.ic.gov", NULL, NULL);
	FOUR(ENDPOINT_ECS, "us-isob-east-1", "ecs.us-isob-east-1.sc2s.sgov.gov", "ecs-fips.us-isob-east-1.sc2s.sgov.gov", NULL,
	     NULL);
	FOUR(ENDPOINT_ECS, "eu-isoe-west-1", "ecs.eu-isoe-west-1.cloud.adc-e.uk", "ecs-fips.eu-isoe-west-1.cloud.adc-e.uk", NULL,
	     NULL);
	FOUR(ENDPOINT_ECS, "us-isof-south-1", "ecs.us-isof-south-1.csp.hci.ic.gov", "ecs-fips.us-isof-south-1.csp.hci.ic.gov",
	     NULL, NULL);
	FOUR(ENDPOINT_ROLESANYWHERE, "mx-central-1", "rolesanywhere.mx-central-1.amazonaws.com",
	     "rolesanywhere-fips.mx-central-1.amazonaws.com", "rolesanywhere.mx-central-1.api.aws",
	     "rolesanywhere-fips.mx-central-1.api.aws");
	FOUR(ENDPOINT_ECR, "us-east-1", "api.ecr.us-east-1.amazonaws.com", "ecr-fips.us-east-1.amazonaws.com",
	     "ecr.us-east-1.api.aws", "ecr-fips.us-east-1.api.aws");
	FOUR(ENDPOINT_ECR, "us-gov-east-1", "api.ecr.us-gov-east-1.amazonaws.com", "ecr-fips.us-gov-east-1.amazonaws.com",
	     "ecr.us-gov-east-1.api.aws", "ecr-fips.us-gov-east-1.api.aws");
	FOUR(ENDPOINT_ECR, "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn", "api.ecr-fips.cn-north-1.amazonaws.com.cn",
	     "ecr.cn-north-1.api.amazonwebservices.com.cn", "api.ecr-fips.cn-north-1.api.amazonwebservices.com.cn");
	FOUR(ENDPOINT_ECR, "eusc-de-east-1", "api.ecr.eusc-de-east-1.amazonaws.eu", "api.ecr-fips.eusc-de-east-1.amazonaws.eu",
	     "api.ecr.eusc-de-east-1.api.amazonwebservices.eu", "api.ecr-fips.eusc-de-east-1.api.amazonwebservices.eu");
	FOUR(ENDPOINT_ECR, "us-iso-west-1", "api.ecr.us-iso-west-1.c2s.ic.gov", "api.ecr-fips.us-iso-west-1.c2s.ic.gov", NULL, NULL);
	named(ENDPOINT_ECS, "evil.example/", ENDPOINT_STANDARD, NULL);
	named(ENDPOINT_ECS, "", ENDPOINT_STANDARD, NULL);
	named(ENDPOINT_ECR, "eu-west", ENDPOINT_STANDARD, NULL);
}

static void given(const char *text, const char *host, const char *url)
{
	struct endpoint e;
	enum kerr k = endpoint_find(ENDPOINT_ECS, text, "eu-west-1", ENDPOINT_STANDARD, &e, &why);

	ok(k == (host == NULL ? KERR_BAD_INPUT : KERR_OK), "%s: %s", text, host == NULL ? why.text : host);
	is_str(e.host, host == NULL ? "" : host, "Host");
	is_str(e.url, url == NULL ? "" : url, "URL");
}

static void by_hand(void)
{
	struct endpoint e;

	given("https://vpce-1.ecs.eu-west-1.vpce.amazonaws.com", "vpce-1.ecs.eu-west-1.vpce.amazonaws.com",
	      "https://vpce-1.ecs.eu-west-1.vpce.amazonaws.com/");
	given("https://h:443/", "h", "https://h/");
	given("https://h:8443", "h:8443", "https://h:8443/");
	given("http://127.0.0.1:4566", "127.0.0.1:4566", "http://127.0.0.1:4566/");
	given("http://localhost:80", "localhost", "http://localhost/");
	given("http://[::1]:9", "[::1]:9", "http://[::1]:9/");
	given("http://10.0.0.1", NULL, NULL);
	given("http://127.0.0.1.evil.example", NULL, NULL);
	given("http://127.1", NULL, NULL);
	given("http://127.0.0.1.", NULL, NULL);
	given("http://127.0.0.1.5", NULL, NULL);
	given("http://localhost.evil.example", NULL, NULL);
	given("http://127.0.0.1@evil.example", NULL, NULL);
	given("https://h/path", NULL, NULL);
	given("https://h?x", NULL, NULL);
	given("https://h:0", NULL, NULL);
	given("https://h:65536", NULL, NULL);
	given("https://h:", NULL, NULL);
	given("https://", NULL, NULL);
	given("ftp://h", NULL, NULL);
	given("h", NULL, NULL);
	given("https://h\r\nX: y", NULL, NULL);
	ok(endpoint_find(ENDPOINT_ECS, "https://h", "eu-west-1", ENDPOINT_FIPS, &e, &why) == KERR_BAD_INPUT, "%s", why.text);
	ok(endpoint_find(ENDPOINT_ECS, "", "eu-west-1", ENDPOINT_STANDARD, &e, &why) == KERR_OK, "an empty one is none");
}

static void other_regions(void)
{
	struct endpoint e;

	given("https://ecs.eu-central-1.amazonaws.com", NULL, NULL);
	ok(strstr(why.text, "is in region eu-central-1, but this node's region is eu-west-1") != NULL, "and says: %s", why.text);
	given("https://vpce-0a1b-cd-eu-west-1a.ecs.eu-west-1.vpce.amazonaws.com:8443",
	      "vpce-0a1b-cd-eu-west-1a.ecs.eu-west-1.vpce.amazonaws.com:8443",
	      "https://vpce-0a1b-cd-eu-west-1a.ecs.eu-west-1.vpce.amazonaws.com:8443/");
	given("https://vpce-0a1b.ecs.us-east-1.vpce.amazonaws.com", NULL, NULL);
	given("https://ecs.cn-north-1.amazonaws.com.cn", NULL, NULL);
	given("https://ecs.us-east-1.api.aws", NULL, NULL);
	given("https://edge-relay-2.example", "edge-relay-2.example", "https://edge-relay-2.example/");
	ok(endpoint_find(ENDPOINT_ECS, "https://ecs.us-east-1.api.aws", "", ENDPOINT_STANDARD, &e, &why) == KERR_OK,
	   "as long as the node's region is not known, any");
}

static void hosts(void)
{
	struct slice host;
	uint64_t port;

	ok(slice_is(host_and_path(SLICE("https://a.site/b")), "a.site/b") && slice_is(host_and_path(SLICE("a.site")), "a.site"), "a URL less its scheme");
	ok(host_split(SLICE("proxy.site:3128"), &host, &port) && slice_is(host, "proxy.site") && port == 3128, "host and port");
	ok(host_split(SLICE("[2001:db8::1]"), &host, &port) && slice_is(host, "[2001:db8::1]") && port == 0, "an address alone");
	ok(!host_split(SLICE("a b:1"), &host, &port) && !host_split(SLICE("a:b"), &host, &port), "no host, no port");
	ok(host_is_loopback(SLICE("127.8.9.10")) && !host_is_loopback(SLICE("128.0.0.1")), "loopback is 127.0.0.0/8");
	ok(!host_is_loopback(SLICE("127..0.1")) && !host_is_loopback(SLICE("127.0.0")), "and is written whole");
	ok(host_is_link_local(SLICE("169.254.170.2")) && !host_is_link_local(SLICE("169.253.170.2")), "link-local IPv4");
	ok(host_is_link_local(SLICE("[FE80::1]")) && !host_is_link_local(SLICE("[2001::fe80]")), "and IPv6");
	ok(!host_is_link_local(SLICE("169.254.1.1.evil.example")), "not a name that begins like one");
}

int main(void)
{
	names();
	by_hand();
	other_regions();
	hosts();
	return done();
}
