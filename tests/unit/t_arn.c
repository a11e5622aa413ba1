/* ARNs: parts, kinds, names; every refusal says what is wrong. */
#include "agent/wire/arn.h"

#include "tests/tap.h"

static struct why why;

static void refused(const char *text, const char *words)
{
	struct arn a;

	ok(arn_parse(slice_of(text), &a, &why) == KERR_BAD_INPUT, "refused: %.50s", text);
	ok(slice_find(slice_of(why.text), words) != SIZE_MAX, "and says: %s", why.text);
}

static void parse(void)
{
	char big[ARN_CAP + 8];
	struct arn a;

	ok(arn_parse(SLICE("arn:aws-cn:ecs:cn-north-1:123456789012:task/edge/0a1b"), &a, &why) == KERR_OK, "an ARN");
	ok(slice_is(a.partition, "aws-cn") && slice_is(a.service, "ecs") && slice_is(a.region, "cn-north-1") &&
	   slice_is(a.account, "123456789012"), "its fields");
	ok(a.parts == 3 && slice_is(a.part[0], "task") && slice_is(a.part[2], "0a1b"), "its parts");
	ok(arn_parse(SLICE("arn:aws:iam::123456789012:role/a/b/c/d"), &a, &why) == KERR_OK && a.parts == 5,
	   "more parts than kept are counted");
	ok(arn_parse(SLICE("arn:aws:ecs:r:123456789012:task/edge/"), &a, &why) == KERR_OK && a.parts == 3 &&
	   a.part[2].n == 0, "an empty last part counts");
	refused("", "does not begin with arn:");
	refused("web", "does not begin with arn:");
	refused("arn:aws:ecs:eu-west-1", "fewer than six");
	refused("arn:gcp:ecs:eu-west-1:123456789012:task/x", "partition");
	refused("arn:aws:ecs:eu-west-1:12345:task/x", "account");
	refused("arn:aws:ecs:eu-west-1:123456789012:", "resource");
	refused("arn:aws:ecs:eu-west-1:123456789012:task/x y", "0x20");
	refused("arn:aws:ecs:eu-west-1:123456789012:task/x\"y", "0x22");
	memset(big, 'a', sizeof(big));
	memcpy(big, "arn:aws:ecs:r:123456789012:task/", 32);
	big[ARN_CAP - 1] = '\0';
	ok(arn_parse(slice_of(big), &a, &why) == KERR_OK, "as long as fits");
	big[ARN_CAP - 1] = 'a';
	big[ARN_CAP] = '\0';
	refused(big, "640 bytes");
}

static void ecs(void)
{
	struct arn a;

	ok(arn_parse_ecs(SLICE("arn:aws:ecs:r:123456789012:cluster/c"), "cluster", 2, &a, &why) == KERR_OK, "a cluster");
	ok(arn_parse_ecs(SLICE("arn:aws:ecs:r:123456789012:cluster/c"), "task", 2, &a, &why) != KERR_OK, "no task");
	ok(arn_parse_ecs(SLICE("arn:aws:ecs:r:123456789012:cluster/c/d"), "cluster", 2, &a, &why) != KERR_OK, "a part more");
	ok(arn_parse_ecs(SLICE("arn:aws:ecs:r:123456789012:cluster/"), "cluster", 2, &a, &why) != KERR_OK, "an empty part");
	ok(arn_parse_ecs(SLICE("arn:aws:s3:r:123456789012:cluster/c"), "cluster", 2, &a, &why) != KERR_OK, "another service");
	ok(arn_parse_ecs(SLICE("arn:aws:ecs::123456789012:cluster/c"), "cluster", 2, &a, &why) != KERR_OK, "no region");
}

static void pieces(void)
{
	struct slice a, b;
	uint32_t n = 0;

	ok(slice_is(arn_task_id(SLICE("arn:aws:ecs:r:123456789012:task/edge/0a1b")), "0a1b"), "task id, long form");
	ok(slice_is(arn_task_id(SLICE("arn:aws:ecs:r:123456789012:task/0a1b")), "0a1b"), "task id, old form");
	ok(slice_is(arn_task_id(SLICE("0a1b")), "0a1b"), "a bare id");
	ok(arn_task_id(SLICE("arn:aws:ecs:r:123456789012:task/edge/web/0a1b")).n == 0, "a part too many");
	ok(arn_task_id(SLICE("0a/1b")).n == 0 && arn_task_id(SLICE("arn:aws:ecs:r:123456789012:cluster/c")).n == 0 &&
	   arn_task_id(SLICE("")).n == 0, "and what is none");
	ok(arn_service_of(SLICE("arn:aws:ecs:r:123456789012:service-deployment/edge/web/Xk3"), &a, &b) &&
	   slice_is(a, "edge") && slice_is(b, "web"), "cluster and service of a deployment");
	ok(arn_service_of(SLICE("arn:aws:ecs:r:123456789012:service/edge/web"), &a, &b) && slice_is(b, "web"), "of a service");
	ok(!arn_service_of(SLICE("arn:aws:ecs:r:123456789012:service/web"), &a, &b), "a short service ARN has no cluster");
	ok(!arn_service_of(SLICE("arn:aws:ecs:r:123456789012:service-deployment/edge/web/Xk3:4"), &a, &b), "nor one whose id is none a name");
	ok(arn_family_revision(SLICE("test-task:12"), &a, &n) && slice_is(a, "test-task") && n == 12, "family:revision");
	ok(arn_family_revision(SLICE("arn:aws:ecs:r:123456789012:task-definition/t:4294967295"), &a, &n) && n == UINT32_MAX,
	   "a task definition's ARN");
	ok(!arn_family_revision(SLICE("t"), &a, &n) && !arn_family_revision(SLICE("t:"), &a, &n) &&
	   !arn_family_revision(SLICE("t:0"), &a, &n) && !arn_family_revision(SLICE("t:011"), &a, &n) && !arn_family_revision(SLICE("t:4294967296"), &a, &n) &&
	   !arn_family_revision(SLICE(":1"), &a, &n) && !arn_family_revision(SLICE("t:-1"), &a, &n), "and what is none");
	ok(slice_is(arn_cluster_name(SLICE("arn:aws:ecs:r:123456789012:cluster/edge")), "edge") &&
	   slice_is(arn_cluster_name(SLICE("edge")), "edge") && arn_cluster_name(SLICE("ed ge")).n == 0, "a cluster's name");
}

static void build(void)
{
	struct arn a;
	char out[80], small[20];

	ok(arn_parse(SLICE("arn:aws-us-gov:ecs:us-gov-west-1:123456789012:cluster/edge"), &a, &why) == KERR_OK, "like this");
	ok(arn_of_service(&a, SLICE("edge"), SLICE("web"), out, sizeof(out), &why) == KERR_OK, "a service's ARN");
	is_str(out, "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:service/edge/web", "long");
	ok(arn_of_service(&a, SLICE(""), SLICE("web"), out, sizeof(out), &why) == KERR_OK, "a service's ARN");
	is_str(out, "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:service/web", "short");
	ok(arn_of_service(&a, SLICE(""), SLICE("w b"), out, sizeof(out), &why) == KERR_BAD_INPUT, "a bad name is refused");
	ok(arn_of_service(&a, SLICE(""), SLICE("web"), small, sizeof(small), &why) == KERR_TOO_BIG, "a small buffer too");
}

static void partition(const char *region, const char *want)
{
	const char *got = arn_partition_of(slice_of(region));

	is_str(got == NULL ? "none" : got, want, "%s", region);
}

int main(void)
{
	parse();
	ecs();
	pieces();
	build();
	partition("eu-west-1", "aws");
	partition("ap-southeast-15", "aws");
	partition("cn-northwest-1", "aws-cn");
	partition("us-gov-east-1", "aws-us-gov");
	partition("us-iso-east-1", "aws-iso");
	partition("us-isob-east-1", "aws-iso-b");
	partition("eusc-de-east-1", "aws-eusc");
	partition("eu-west-", "none");
	partition("eu-west", "none");
	partition("EU-WEST-1", "none");
	partition("evil.com/#-1", "none");
	partition("", "none");
	partition("a-1", "none");
	return done();
}
