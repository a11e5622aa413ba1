/* What the gate signs: the known answers of t_sigv4.c, for the operations on its list and for nothing else; and no answer has
 * the secret in it. */
#include "tests/unit/gate_fake.h"

#include "agent/wire/ecr.h"
#include "agent/wire/ecs_out.h"
#include "agent/wire/taskdef_in.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
/* the session token of AWS's published test suite, case post-sts-header-before */
#define TOKEN "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8" \
	      "YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6" \
	      "fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQw" \
	      "j2ICCR/oLxBA=="
#define DATE_UNIX_S 1440938160           /* 20150830T123600Z */
#define BODY "{\"cluster\":\"edge\",\"services\":[\"web\"]}"
#define STOP "{\"serviceDeploymentArn\":\"arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/1\",\"stopType\":\"ROLLBACK\"}"

static struct answer a;
static struct ask q;

static bool holds(const void *p, size_t n, const char *what)
{
	for (size_t i = 0; i + strlen(what) <= n; i++)
		if (memcmp((const char *)p + i, what, strlen(what)) == 0)
			return true;
	return false;
}

static void set(char *to, size_t cap, const char *text)
{
	(void)str_put(to, cap, slice_of(text));
}

static enum kerr sign(const char *service, const char *target, const char *body)
{
	memset(&a, 0, sizeof(a));
	memset(&q, 0, sizeof(q));
	q.what = ASK_SIGN;
	q.u.sign.unix_s = DATE_UNIX_S;
	set(q.u.sign.host, sizeof(q.u.sign.host), str_eq(service, "ecr") ? "api.ecr.us-east-1.amazonaws.com" : "ecs.us-east-1.amazonaws.com");
	set(q.u.sign.region, sizeof(q.u.sign.region), "us-east-1");
	set(q.u.sign.service, sizeof(q.u.sign.service), service);
	set(q.u.sign.target, sizeof(q.u.sign.target), target);
	gate_sign_ask(&g, &q, slice_of(body), &a);
	return a.err;
}

static enum kerr again(void)
{
	memset(&a, 0, sizeof(a));
	gate_sign_ask(&g, &q, SLICE(BODY), &a);
	return a.err;
}

static void keys(const char *token)
{
	fresh();
	set(g.keys.now.akid, sizeof(g.keys.now.akid), "AKIDEXAMPLE");
	set(g.keys.now.secret, sizeof(g.keys.now.secret), SECRET);
	set(g.keys.now.token, sizeof(g.keys.now.token), token);
	g.keys.have = true;
}

static void known_answers(void)
{
	const char *target = ecs_out_target(ECS_DESCRIBE_SERVICES);

	keys("");
	is_int(sign("ecs", target, BODY), KERR_OK, "signed");
	is_str(a.u.sign.authorization, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request, "
	       "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
	       "Signature=a6423b42d7716099f55cce2581f4dbbd2e853a164fc406e6a767d60ace1bfccc", "the known answer");
	is_str(a.u.sign.token, "", "no token");
	ok(!holds(&a, sizeof(a), SECRET), "the answer has no secret in it");
	keys(TOKEN);
	is_int(sign("ecs", target, BODY), KERR_OK, "signed with a token");
	ok(strstr(a.u.sign.authorization,
		  "Signature=4b8dfbdc509b97ef63a3a169e4516c796c31f655e86aed84381c65ba35dcd092") != NULL, "the known answer");
	is_str(a.u.sign.token, TOKEN, "the token goes with it");
	ok(!holds(&a, sizeof(a), SECRET), "the secret does not");
}

static void lists(void)
{
	keys("");
	conf.core.policy.mode = MODE_AUTO;
	for (unsigned i = 0; i < ECS_CALLS; i++)
		is_int(sign("ecs", ecs_out_target((enum ecs_call)i), i == ECS_STOP_DEPLOYMENT ? STOP : BODY),
		       i == ECS_UPDATE_SERVICE ? KERR_DENIED : KERR_OK, "%s", ecs_out_target((enum ecs_call)i));
	is_int(sign("ecs", TASKDEF_TARGET, "{\"taskDefinition\":\"web:7\"}"), KERR_OK, "DescribeTaskDefinition");
	is_int(sign("ecr", ECR_TARGET, ECR_BODY), KERR_OK, "ECR's GetAuthorizationToken");
	is_int(sign("ecr", ECR_TARGET, "{\"registryIds\":[\"1\"]}"), KERR_BAD_INPUT, "of this account's registry alone");
	is_int(sign("ecs", ECR_TARGET, ECR_BODY), KERR_BAD_INPUT, "not as another service");
	is_int(sign("ecr", ecs_out_target(ECS_LIST_TASKS), BODY), KERR_BAD_INPUT, "nor ECS as ECR");
	is_int(sign("ecs", "AmazonEC2ContainerServiceV20141113.RunTask", BODY), KERR_BAD_INPUT, "RunTask is nothing kedge asks for");
	ok(strstr(a.why.text, "RunTask") != NULL, "says: %s", a.why.text);
	is_int(sign("ecs", "AmazonEC2ContainerServiceV20141113.stopservicedeployment", STOP), KERR_BAD_INPUT, "nor is a name in other letters");
	is_int(sign("sts", "AWSSecurityTokenServiceV20110615.GetCallerIdentity", BODY), KERR_BAD_INPUT, "nor any other service");
	is_str(a.u.sign.authorization, "", "nothing is signed then");
	keys("");
	is_int(sign("ecs", ecs_out_target(ECS_STOP_DEPLOYMENT), STOP), KERR_DENIED, "a stop nobody confirmed: %s", a.why.text);
	is_str(a.u.sign.authorization, "", "... is not signed");
	is_str(a.u.sign.token, "", "... and has no token");
}

static enum kerr at_place(const char *host, const char *region, bool registry)
{
	(void)sign(registry ? "ecr" : "ecs", registry ? ECR_TARGET : ecs_out_target(ECS_DESCRIBE_SERVICES), registry ? ECR_BODY : BODY);
	set(q.u.sign.host, sizeof(q.u.sign.host), host);
	set(q.u.sign.region, sizeof(q.u.sign.region), region);
	memset(&a, 0, sizeof(a));
	gate_sign_ask(&g, &q, registry ? SLICE(ECR_BODY) : SLICE(BODY), &a);
	return a.err;
}

static void places(void)
{
	keys("");
	is_int(at_place("ecs.eu-west-1.amazonaws.com", "eu-west-1", false), KERR_OK, "a region that is not set may be any,");
	is_int(at_place("ecs.eu-west-1.amazonaws.com", "us-east-1", false), KERR_BAD_INPUT, "but at its own host");
	is_int(at_place("evil.example.com", "eu-west-1", false), KERR_BAD_INPUT, "and at AWS's: %s", a.why.text);
	is_str(a.u.sign.authorization, "", "nothing is signed");
	is_int(at_place("api.ecr.us-west-2.amazonaws.com", "us-west-2", true), KERR_OK, "a registry is where it is");
	is_int(at_place("ecr-fips.us-west-2.amazonaws.com", "us-west-2", true), KERR_OK, "by each of its endpoints");
	is_int(at_place("evil.example.com", "us-west-2", true), KERR_BAD_INPUT, "and at no other host");
	set(conf.region, sizeof(conf.region), "eu-west-1");
	is_int(at_place("ecs.eu-west-1.amazonaws.com", "eu-west-1", false), KERR_OK, "the region that is set");
	is_int(at_place("ecs.us-east-1.amazonaws.com", "us-east-1", false), KERR_BAD_INPUT, "no other one");
	is_int(at_place("api.ecr.us-west-2.amazonaws.com", "us-west-2", true), KERR_OK, "... but a registry may be there");
	set(conf.endpoint, sizeof(conf.endpoint), "https://gateway.local:8443");
	is_int(at_place("gateway.local:8443", "eu-west-1", false), KERR_OK, "an endpoint of one's own");
	is_int(at_place("ecs.eu-west-1.amazonaws.com", "eu-west-1", false), KERR_BAD_INPUT, "in place of AWS's");
	set(conf.ecr_endpoint, sizeof(conf.ecr_endpoint), "https://registry.local");
	is_int(at_place("registry.local", "eu-west-1", true), KERR_OK, "of registries, too");
	is_int(at_place("api.ecr.us-west-2.amazonaws.com", "us-west-2", true), KERR_BAD_INPUT, "alone");
}

#define EACH(member, text) do { \
	(void)sign("ecs", ecs_out_target(ECS_DESCRIBE_SERVICES), BODY); \
	set(q.u.sign.member, sizeof(q.u.sign.member), text); \
	is_int(again(), KERR_BAD_INPUT, "%s is \"%s\"", #member, text); \
	memset(q.u.sign.member, 'a', sizeof(q.u.sign.member)); \
	is_int(again(), KERR_BAD_INPUT, "%s does not end", #member); \
} while (0)

static void hostile(void)
{
	static char long_body[8300];

	keys("");
	EACH(host, "");
	EACH(host, "ecs\r\nx-amz-target:a");
	EACH(host, "ecs/x");
	EACH(region, "");
	EACH(region, "eu/west");
	EACH(region, "eu\nwest");
	EACH(service, "");
	EACH(service, "ecs/x");
	EACH(target, "");
	EACH(target, "a\nb");
	(void)sign("ecs", ecs_out_target(ECS_DESCRIBE_SERVICES), BODY);
	q.u.sign.unix_s = -1;
	is_int(again(), KERR_BAD_INPUT, "a time before all");
	q.u.sign.unix_s = INT64_MAX;
	is_int(again(), KERR_BAD_INPUT, "a time after all");
	memset(long_body, 'a', sizeof(long_body) - 1);
	is_int(sign("ecs", ecs_out_target(ECS_DESCRIBE_SERVICES), long_body), KERR_BAD_INPUT, "a long body");
	memset(&q, 0xff, sizeof(q));
	ok(again() != KERR_OK, "all ones");
	memset(&q, 0, sizeof(q));
	ok(again() != KERR_OK, "all zeros");
	g.keys.have = false;
	is_int(sign("ecs", ecs_out_target(ECS_DESCRIBE_SERVICES), BODY), KERR_AGAIN, "without keys: %s", a.why.text);
}

int main(void)
{
	known_answers();
	lists();
	places();
	hostile();
	sweep();
	return done();
}
