/* Requests to the ECS API, and the command lines for people. */
#include "agent/wire/ecs_out.h"

#include "tests/tap.h"

#define DEP "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/Xk3mVbT9wQ2rLs7PfYz0a"
#define REV "arn:aws:ecs:eu-west-1:123456789012:service-revision/edge/web/5980306466373577096"

static struct why why;
static char buf[8192];
static struct text t;

static struct text *fresh(void)
{
	t = text_on(buf, sizeof(buf));
	return &t;
}

static void body(enum kerr got, const char *want, const char *what)
{
	ok(got == KERR_OK, "%s: %s", what, kerr_name(got));
	is_str(buf, want, "%s: its body", what);
}

static void bodies(void)
{
	struct slice dep = SLICE(DEP), rev[2] = { SLICE(REV), SLICE(REV) }, names[2] = { SLICE("web"), SLICE("api") };
	struct ecs_task_ids ids = { 2, { "0a", "0b" } };

	is_str(ecs_out_target(ECS_STOP_DEPLOYMENT), "AmazonEC2ContainerServiceV20141113.StopServiceDeployment", "a target");
	is_str(ecs_out_target(ECS_LIST_DEPLOYMENTS), "AmazonEC2ContainerServiceV20141113.ListServiceDeployments", "another");
	body(ecs_out_list_all(fresh(), "edge", "web", &why), "{\"cluster\":\"edge\",\"service\":\"web\",\"maxResults\":5}", "list");
	body(ecs_out_list_after(fresh(), "edge", "web", 1619234847027, &why),
	     "{\"cluster\":\"edge\",\"service\":\"web\",\"createdAt\":{\"after\":1619234847.028},\"maxResults\":5}", "list after");
	body(ecs_out_deployments(fresh(), &dep, 1, &why), "{\"serviceDeploymentArns\":[\"" DEP "\"]}", "deployments");
	body(ecs_out_revisions(fresh(), rev, 2, &why), "{\"serviceRevisionArns\":[\"" REV "\",\"" REV "\"]}", "revisions");
	body(ecs_out_list_tasks(fresh(), "edge", "web", "", true, "", &why),
	     "{\"cluster\":\"edge\",\"serviceName\":\"web\",\"desiredStatus\":\"STOPPED\"}", "tasks of a service");
	body(ecs_out_list_tasks(fresh(), "edge", "web", "", false, "eyJ\"", &why),
	     "{\"cluster\":\"edge\",\"serviceName\":\"web\",\"desiredStatus\":\"RUNNING\",\"nextToken\":\"eyJ\\\"\"}", "the next page of them");
	body(ecs_out_list_tasks(fresh(), "edge", "web", "ecs-svc/7", false, "", &why),
	     "{\"cluster\":\"edge\",\"startedBy\":\"ecs-svc/7\",\"desiredStatus\":\"RUNNING\"}", "tasks of a deployment");
	body(ecs_out_task(fresh(), "edge", SLICE("arn:aws:ecs:eu-west-1:123456789012:task/edge/0a1b"), &why),
	     "{\"cluster\":\"edge\",\"tasks\":[\"0a1b\"]}", "one task");
	body(ecs_out_tasks(fresh(), "edge", &ids, &why), "{\"cluster\":\"edge\",\"tasks\":[\"0a\",\"0b\"]}", "tasks");
	body(ecs_out_services(fresh(), "edge", names, 2, &why), "{\"cluster\":\"edge\",\"services\":[\"web\",\"api\"]}", "services");
	is_str(ecs_out_target(ECS_UPDATE_SERVICE), "AmazonEC2ContainerServiceV20141113.UpdateService", "the last");
	body(ecs_out_update(fresh(), "edge", "web", "test-task", 11, &why),
	     "{\"cluster\":\"edge\",\"service\":\"web\",\"taskDefinition\":\"test-task:11\"}", "update");
	body(ecs_out_stop(fresh(), DEP, &why), "{\"serviceDeploymentArn\":\"" DEP "\",\"stopType\":\"ROLLBACK\"}", "stop");
}

static void refused(enum kerr got, const char *words)
{
	ok(got == KERR_BAD_INPUT && strstr(why.text, words) != NULL, "refused: %s", why.text);
}

static void refusals(void)
{
	struct slice many[ECS_ARNS_MAX + 1], dep = SLICE(DEP), bad = SLICE("w\"b");
	struct ecs_task_ids none = { 0, { "" } };
	struct text small;
	char name[257], little[32];

	for (size_t i = 0; i <= ECS_ARNS_MAX; i++)
		many[i] = dep;
	memset(name, 'a', 256);
	name[256] = '\0';
	refused(ecs_out_list_all(fresh(), "", "web", &why), "cluster name");
	refused(ecs_out_list_all(fresh(), "edge", "we\"b", &why), "service name");
	refused(ecs_out_list_all(fresh(), "edge", name, &why), "service name");
	refused(ecs_out_list_after(fresh(), "edge", "web", -1, &why), "1970");
	refused(ecs_out_deployments(fresh(), many, ECS_ARNS_MAX + 1, &why), "1 to 20");
	ok(ecs_out_deployments(fresh(), many, ECS_ARNS_MAX, &why) == KERR_OK, "twenty are allowed");
	refused(ecs_out_deployments(fresh(), many, 0, &why), "1 to 20");
	refused(ecs_out_revisions(fresh(), &dep, 1, &why), "service-revision");
	refused(ecs_out_stop(fresh(), REV, &why), "service-deployment");
	refused(ecs_out_stop(fresh(), "web", &why), "does not begin with arn:");
	refused(ecs_out_update(fresh(), "edge", "web", "a b", 11, &why), "\"a b:11\" is no task definition");
	refused(ecs_out_update(fresh(), "edge", "web", "test-task", 0, &why), "no task definition");
	refused(ecs_out_update(fresh(), "edge", "", "test-task", 1, &why), "service name");
	refused(ecs_out_update(fresh(), "", "web", "test-task", 1, &why), "cluster name");
	refused(ecs_out_task(fresh(), "edge", SLICE("a b"), &why), "no task");
	refused(ecs_out_tasks(fresh(), "edge", &none, &why), "1 to 100");
	refused(ecs_out_services(fresh(), "edge", &bad, 1, &why), "no valid name");
	refused(ecs_out_list_tasks(fresh(), "edge", "a/b", "x", false, "", &why), "service name");
	small = text_on(little, sizeof(little));
	ok(ecs_out_stop(&small, DEP, &why) == KERR_TOO_BIG && strstr(why.text, "StopServiceDeployment") != NULL, "%s", why.text);
}

static void commands(void)
{
	ok(ecs_out_cli_stop(fresh(), "eu-west-1", DEP), "stop");
	is_str(buf, "aws ecs stop-service-deployment --region eu-west-1 --service-deployment-arn " DEP " --stop-type ROLLBACK",
	       "as a line");
	ok(ecs_out_cli_update(fresh(), "", "edge", "web", "test-task", 11), "update");
	is_str(buf, "aws ecs update-service --cluster edge --service web --task-definition test-task:11", "as a line");
	ok(ecs_out_cli_update(fresh(), "", "edge", "web", "test-task", 0), "update to the newest");
	is_str(buf, "aws ecs update-service --cluster edge --service web --task-definition test-task", "as a line");
	ok(ecs_out_cli_describe(fresh(), "eu-west-1", "edge", "web"), "describe");
	is_str(buf, "aws ecs describe-services --region eu-west-1 --cluster edge --services web --query 'services[].deployments'",
	       "as a line, quoted where a shell would look twice");
	ecs_out_shell(fresh(), SLICE("a'b; rm -rf $HOME"));
	is_str(buf, "'a'\\''b; rm -rf $HOME'", "a hostile word stays one word");
	ecs_out_shell(fresh(), SLICE(""));
	is_str(buf, "''", "an empty word is a word");
}

int main(void)
{
	bodies();
	refusals();
	commands();
	return done();
}
