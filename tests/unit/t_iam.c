/* wire/iam: what AWS's refusals say, the statement that lifts each, the two policies and the table verb -> actions. */
#include <string.h>

#include "agent/wire/iam.h"
#include "agent/wire/json.h"
#include "tests/tap.h"

#define WHO "User: arn:aws:sts::123456789012:assumed-role/ecsAnywhereRole/mi-0123456789abcdef0 is not authorized to perform: "
#define DEP "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/Xk3mVbT9wQ2rLs7PfYz0a"
#define SCP "explicit deny in a service control policy"
#define E "arn:aws:ecs:eu-west-1:123456789012:"
#define STOP_STATEMENT "{\"Effect\":\"Allow\",\"Action\":\"ecs:StopServiceDeployment\",\"Resource\":[\"" E "service/edge/web\",\"" E \
		       "service-deployment/edge/web/*\"]}"

static char room[128 * 1024], parse_room[1024 * 1024];

static const struct iam_names edge = {
	.partition = { "aws", 3 }, .region = { "eu-west-1", 9 }, .account = { "123456789012", 12 }, .cluster = { "edge", 4 },
	.n = 1, .service = { { { "web", 3 }, { "webfam", 6 } } },
};

static void denied(const char *message, const char *operation, const char *action, const char *resource, const char *why, bool helps)
{
	struct text t = text_on(room, sizeof(room));
	struct iam_denied d, back;

	iam_denied_from(slice_of(message), operation, &edge, &d);
	is_str(d.action, action, "%.70s: the action", message);
	is_str(d.resource, resource, "... the resource");
	is_str(d.why, why, "... why");
	ok(iam_denied_helps(&d) == helps, "... a statement %s", helps ? "helps" : "does not help");
	text_s(&t, "This node is an observer. ");
	iam_denied_say(&d, &t);
	ok(helps == (strstr(room, "will not help") == NULL), "... said: %s", room);
	ok(iam_denied_read(text_get(&t), &back), "... and read back");
	is_str(back.action, action, "... the action");
	is_str(back.why, why, "... why");
	is_str(back.resource, resource, "... the resource");
	t.len = 0;
	t.p[0] = '\0';
	iam_denied_statement(&d, &edge, &t);
	ok((t.len > 0) == helps, "... its statement: %s", room);
}

static void refusals(void)
{
	static const char stop[] = "ecs:StopServiceDeployment", call[] = "AmazonEC2ContainerServiceV20141113.StopServiceDeployment";

	denied("AccessDeniedException: " WHO "ecs:StopServiceDeployment on resource: " DEP " because no identity-based policy allows "
	       "the ecs:StopServiceDeployment action", call, stop, DEP, "no identity-based policy allows it", true);
	denied(WHO "ecs:StopServiceDeployment on resource: " DEP " because no permissions boundary allows the "
	       "ecs:StopServiceDeployment action", call, stop, DEP, "no permissions boundary allows it", false);
	denied(WHO "ecs:StopServiceDeployment on resource: " DEP " because no service control policy allows the "
	       "ecs:StopServiceDeployment action", call, stop, DEP, "no service control policy allows it", false);
	denied(WHO "ecs:StopServiceDeployment on resource: " DEP " because no session policy allows the "
	       "ecs:StopServiceDeployment action", call, stop, DEP, "no session policy allows it", false);
	denied(WHO "ecs:StopServiceDeployment on resource: " DEP " with an " SCP, call, stop, DEP, SCP, false);
	denied(WHO "ecs:StopServiceDeployment on resource: " DEP " with an explicit deny in an identity-based policy", call, stop, DEP,
	       "explicit deny in an identity-based policy", false);
	denied(WHO "ecs:StopServiceDeployment on resource: " DEP " with an " SCP ": arn:aws:organizations::987654321098:policy/o-qv5/"
	       "service_control_policy/p-2kg", call, stop, DEP,
	       SCP ": arn:aws:organizations::987654321098:policy/o-qv5/service_control_policy/p-2kg", false);
	denied(WHO "ecs:StopServiceDeployment on resource: " DEP " with an explicit deny", call, stop, DEP, "explicit deny", false);
	denied(WHO "ecs:ListTasks on resource: *", call, "ecs:ListTasks", "*", "", true);
	denied(WHO "ecs:List\x01Tasks on resource: a\"b because no\nidentity policy allows the x action", call, stop,
	       E "service/edge/web", "no identity policy allows it", false);
	denied("You are not authorized to perform this operation. Encoded authorization failure message: 4hQx", call, stop,
	       E "service/edge/web", "", true);
	denied("AccessDeniedException", "ecr:GetAuthorizationToken", "ecr:GetAuthorizationToken", "*", "", true);
	denied(WHO "ecs:ListTasks", "x.DescribeTasks", "ecs:ListTasks", "*", "", true);
	denied("", "x.DescribeTasks", "ecs:DescribeTasks", E "task/edge/*", "", true);
	denied(WHO "iam:PassRole on resource: arn:aws:iam::123456789012:role/app because no identity-based policy allows the "
	       "iam:PassRole action", "x.UpdateService", "iam:PassRole", "arn:aws:iam::123456789012:role/app",
	       "no identity-based policy allows it", true);
}

static void statement(const char *action, const char *resource, const struct iam_names *n, const char *want)
{
	struct text t = text_on(room, sizeof(room));
	struct iam_denied d = { .why = "" };

	(void)str_put(d.action, sizeof(d.action), slice_of(action));
	(void)str_put(d.resource, sizeof(d.resource), slice_of(resource));
	iam_denied_statement(&d, n, &t);
	is_str(room, want, "%s on %.60s", action, resource);
}

static void statements(void)
{
	static const struct iam_names nothing = { .n = 0 };

	statement("ecs:StopServiceDeployment", DEP, &edge, STOP_STATEMENT);
	statement("ecs:StopServiceDeployment", DEP, &nothing, STOP_STATEMENT);
	statement("ecs:ListTasks", "*", &edge, "{\"Effect\":\"Allow\",\"Action\":\"ecs:ListTasks\",\"Resource\":\"*\",\"Condition\":{"
		  "\"ArnEquals\":{\"ecs:cluster\":\"" E "cluster/edge\"}}}");
	statement("ecs:UpdateService", E "service/edge/web", &edge, "{\"Effect\":\"Allow\",\"Action\":\"ecs:UpdateService\",\"Resource\":\""
		  E "service/edge/web\",\"Condition\":{\"ArnEquals\":{\"ecs:cluster\":\"" E "cluster/edge\"},\"ArnLike\":{"
		  "\"ecs:task-definition\":\"" E "task-definition/webfam:*\"},\"StringNotEqualsIfExists\":{"
		  "\"ecs:enable-execute-command\":\"true\"}}}");
	statement("ecs:DescribeServices", "arn:aws-cn:ecs:cn-north-1:210987654321:service/far/web", &edge,
		  "{\"Effect\":\"Allow\",\"Action\":\"ecs:DescribeServices\",\"Resource\":\"arn:aws-cn:ecs:cn-north-1:210987654321:"
		  "service/far/*\"}");
	statement("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/a\\\"b", &nothing, "{\"Effect\":\"Allow\",\"Action\":\"kms:Decrypt\","
		  "\"Resource\":\"arn:aws:kms:eu-west-1:123456789012:key/a\\\\\\\"b\"}");
	statement("ecs:DescribeServiceRevisions", "", &nothing, "{\"Effect\":\"Allow\",\"Action\":\"ecs:DescribeServiceRevisions\",\"Resource\":["
		  "\"arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/*\",\"arn:aws:ecs:REGION:ACCOUNT:service-revision/CLUSTER/*/*\"]}");
}

/* The Sids, and the actions, of a policy in a row. */
static void shape(const struct iam_names *n, enum iam_role role, bool lines, const char *sids)
{
	struct text t = text_on(room, sizeof(room));
	const cJSON *root = NULL, *s;
	char got[1024] = "";
	struct text g = text_on(got, sizeof(got));
	struct arena a;
	struct why why = { "" };

	arena_init(&a, parse_room, sizeof(parse_room));
	iam_policy(&t, n, role, lines);
	ok(!t.full && json_parse(&a, text_get(&t), &root, &why) == KERR_OK, "a policy is JSON %s", why.text);
	cJSON_ArrayForEach(s, json_array(root, "Statement")) {
		text_s(&g, " ");
		text_s(&g, json_get(s, "Sid")->valuestring + 5);
	}
	is_str(got, sids, "its statements");
}

static void policies(void)
{
	static const struct iam_names none = { .n = 0 };
	static char name[256];
	static struct iam_names many;

	shape(&none, IAM_OBSERVER, true, " ListTasks ReadTasks ReadDeployments ReadDefinitions ReadImages");
	ok(strstr(room, "Stop") == NULL && strstr(room, "Update") == NULL && strstr(room, "Put") == NULL, "an observer changes nothing");
	shape(&edge, IAM_ACTOR, false, " ListTasks ReadTasks ReadDeployments ReadDefinitions ReadImages RollBack");
	ok(strstr(room, "service-deployment/edge/web/*") != NULL && strstr(room, "Update") == NULL, "an actor stops deployments of its service");
	memset(name, 'n', 255);
	many = edge;
	many.cluster = slice_of(name);
	for (many.n = 0; many.n < SERVICES_MAX; many.n++)
		many.service[many.n].name = many.service[many.n].family = slice_of(name);
	many.service[0].name = SLICE("first");
	shape(&many, IAM_ACTOR_UPDATE, false, " ListTasks ReadTasks ReadDeployments ReadDefinitions ReadImages RollBack UpdateService "
	      "UpdateService2 UpdateService3 UpdateService4 UpdateService5 UpdateService6 UpdateService7 UpdateService8 UpdateService9 "
	      "UpdateService10 UpdateService11 UpdateService12 UpdateService13 UpdateService14 UpdateService15 UpdateService16 "
	      "UpdateService17 UpdateService18 UpdateService19 UpdateService20 UpdateService21 UpdateService22 UpdateService23 "
	      "UpdateService24 UpdateService25 UpdateService26 UpdateService27 UpdateService28 UpdateService29 UpdateService30 "
	      "UpdateService31 UpdateService32");
}

static void names(void)
{
	struct iam_names n = { .n = 0 };

	iam_names_from(&n, SLICE("not an ARN"));
	ok(n.region.n == 0 && n.n == 0, "no ARN gives no names");
	iam_names_from(&n, SLICE("arn:aws:iam::123456789012:role/x"));
	ok(slice_is(n.account, "123456789012") && n.region.n == 0 && n.cluster.n == 0, "a role's ARN gives the account");
	iam_names_region(&n, SLICE("cn-north-1"));
	ok(slice_is(n.region, "cn-north-1") && slice_is(n.partition, "aws"), "what is known stays");
	iam_names_from(&n, SLICE("arn:aws:ecs:eu-west-1:210987654321:container-instance/edge/0123456789abcdef0123456789abcdef"));
	ok(slice_is(n.account, "123456789012") && slice_is(n.cluster, "edge") && n.n == 0, "an instance's ARN gives the cluster");
	iam_names_from(&n, SLICE(DEP));
	ok(n.n == 1 && slice_is(n.service[0].name, "web"), "a deployment's ARN gives the service");
}

static void table(void)
{
	uint32_t all = 0, used = 0, i;

	for (i = 0; iam_action(i) != NULL; i++)
		all |= UINT32_C(1) << i;
	for (i = 0; iam_use(i) != NULL; i++)
		used |= iam_use(i)->actions;
	ok(all == used, "every action is used by something, and nothing uses another");
	is_str(iam_action(0), "ecs:ListTasks", "the first action");
}

/* Whatever somebody sends as a message is only read, and says nothing it should not. */
static void strange(void)
{
	static const char whole[] = WHO "ecs:StopServiceDeployment on resource: " DEP " because no identity-based policy allows the x";
	static char copy[sizeof(whole)];
	struct iam_denied d;
	size_t good = 0;

	for (size_t i = 0; i < 2 * sizeof(whole); i++) {
		struct slice s = { copy, i < sizeof(whole) ? i : sizeof(whole) - 1 };
		struct text t = text_on(room, sizeof(room));

		memcpy(copy, whole, sizeof(whole));
		if (i >= sizeof(whole))
			copy[i - sizeof(whole)] = (char)(0x80 + i % 100);
		iam_denied_from(s, "x.ListTasks", &edge, &d);
		good += d.action[0] != '\0' && d.resource[0] != '\0';
		iam_denied_say(&d, &t);
		(void)iam_denied_read(text_get(&t), &d);
	}
	is_int((long long)good, 2 * sizeof(whole), "an action and a resource each time");
	ok(!iam_denied_read(SLICE("AWS did not take the stop."), &d) && !iam_denied_read(SLICE(""), &d) &&
	   !iam_denied_read(SLICE("access is denied"), &d), "other sentences are no denial");
}

int main(void)
{
	refusals();
	statements();
	policies();
	names();
	table();
	strange();
	return done();
}
