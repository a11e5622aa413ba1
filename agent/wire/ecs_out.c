#include "agent/wire/ecs_out.h"

#include <string.h>

#include "agent/base/limits.h"
#include "agent/wire/arn.h"
#include "agent/wire/json.h"

const char *ecs_out_target(enum ecs_call call)
{
#define TARGET(name) "AmazonEC2ContainerServiceV20141113." name
	static const char *const target[] = {
		TARGET("ListServiceDeployments"), TARGET("DescribeServiceDeployments"),
		TARGET("DescribeServiceRevisions"), TARGET("ListTasks"), TARGET("DescribeTasks"),
		TARGET("DescribeServices"), TARGET("StopServiceDeployment"), TARGET("UpdateService"),
	};
#undef TARGET
	_Static_assert(sizeof(target) / sizeof(target[0]) == ECS_CALLS, "a target for each call");
	return target[call];
}

static enum kerr name_ok(const char *name, const char *what, struct why *why)
{
	struct slice s = slice_of(name);

	if (arn_cluster_name(s).n > 0 || arn_name_ok(s))
		return KERR_OK;
	return why_set(why, KERR_BAD_INPUT, "\"%.60s\" is no %s name: letters, digits, - and _, 1 to 255 of them", name,
		       what);
}

static enum kerr whole(const struct text *out, enum ecs_call call, struct why *why)
{
	if (out->full)
		return why_set(why, KERR_TOO_BIG, "the %s request does not fit %u bytes",
			       strchr(ecs_out_target(call), '.') + 1, (unsigned)out->cap);
	return KERR_OK;
}

static enum kerr list(struct text *out, const char *cluster, const char *service, const int64_t *after_unix_ms,
		      struct why *why)
{
	struct jw w = jw_on(out);
	enum kerr e = name_ok(cluster, "cluster", why);

	if (e == KERR_OK)
		e = name_ok(service, "service", why);
	if (e != KERR_OK)
		return e;
	jw_object(&w, NULL);
	jw_str(&w, "cluster", cluster);
	jw_str(&w, "service", service);
	if (after_unix_ms != NULL) {
		jw_object(&w, "createdAt");
		jw_unix_s(&w, "after", *after_unix_ms + 1);
		jw_object_end(&w);
	}
	jw_i64(&w, "maxResults", HISTORY_MAX);
	jw_object_end(&w);
	return whole(out, ECS_LIST_DEPLOYMENTS, why);
}

enum kerr ecs_out_list_all(struct text *out, const char *cluster, const char *service, struct why *why)
{
	return list(out, cluster, service, NULL, why);
}

enum kerr ecs_out_list_after(struct text *out, const char *cluster, const char *service, int64_t after_unix_ms,
			     struct why *why)
{
	if (after_unix_ms < 0)
		return why_set(why, KERR_BAD_INPUT, "deployments after a time before 1970 were asked for");
	return list(out, cluster, service, &after_unix_ms, why);
}

static enum kerr arns(struct text *out, enum ecs_call call, const char *member, const char *kind,
		      const struct slice *arn, size_t n, struct why *why)
{
	struct jw w = jw_on(out);
	struct arn parsed;

	if (n == 0 || n > ECS_ARNS_MAX)
		return why_set(why, KERR_BAD_INPUT, "%u ARNs to describe: 1 to %d are allowed", (unsigned)n, ECS_ARNS_MAX);
	jw_object(&w, NULL);
	jw_array(&w, member);
	for (size_t i = 0; i < n; i++) {
		enum kerr e = arn_parse_ecs(arn[i], kind, 4, &parsed, why);

		if (e != KERR_OK)
			return e;
		jw_slice(&w, NULL, arn[i]);
	}
	jw_array_end(&w);
	jw_object_end(&w);
	return whole(out, call, why);
}

enum kerr ecs_out_deployments(struct text *out, const struct slice *arn, size_t n, struct why *why)
{
	return arns(out, ECS_DESCRIBE_DEPLOYMENTS, "serviceDeploymentArns", "service-deployment", arn, n, why);
}

enum kerr ecs_out_revisions(struct text *out, const struct slice *arn, size_t n, struct why *why)
{
	return arns(out, ECS_DESCRIBE_REVISIONS, "serviceRevisionArns", "service-revision", arn, n, why);
}

enum kerr ecs_out_list_tasks(struct text *out, const char *cluster, const char *service, const char *started_by,
			     bool stopped, const char *token, struct why *why)
{
	struct jw w = jw_on(out);
	enum kerr e = name_ok(cluster, "cluster", why);

	if (e == KERR_OK)
		e = name_ok(service, "service", why);
	if (e != KERR_OK)
		return e;
	jw_object(&w, NULL);
	jw_str(&w, "cluster", cluster);
	if (started_by[0] != '\0')
		service = started_by;   /* no other filter may stand beside it */
	jw_str(&w, service == started_by ? "startedBy" : "serviceName", service);
	jw_str(&w, "desiredStatus", stopped ? "STOPPED" : "RUNNING");
	if (token[0] != '\0')
		jw_str(&w, "nextToken", token);
	jw_object_end(&w);
	return whole(out, ECS_LIST_TASKS, why);
}

enum kerr ecs_out_task(struct text *out, const char *cluster, struct slice task, struct why *why)
{
	struct jw w = jw_on(out);
	struct slice id = arn_task_id(task);
	enum kerr e = name_ok(cluster, "cluster", why);

	if (e != KERR_OK)
		return e;
	if (id.n == 0)
		return why_set(why, KERR_BAD_INPUT, "\"%.*s\" is no task", (int)(task.n > 120 ? 120 : task.n),
			       task.n == 0 ? "" : task.p);
	jw_object(&w, NULL);
	jw_str(&w, "cluster", cluster);
	jw_array(&w, "tasks");
	jw_slice(&w, NULL, id);
	jw_array_end(&w);
	jw_object_end(&w);
	return whole(out, ECS_DESCRIBE_TASKS, why);
}

enum kerr ecs_out_tasks(struct text *out, const char *cluster, const struct ecs_task_ids *ids, struct why *why)
{
	struct jw w = jw_on(out);
	enum kerr e = name_ok(cluster, "cluster", why);

	if (e != KERR_OK)
		return e;
	if (ids->n == 0 || ids->n > ECS_TASKS_MAX)
		return why_set(why, KERR_BAD_INPUT, "%u tasks to describe: 1 to %d are allowed", (unsigned)ids->n,
			       ECS_TASKS_MAX);
	jw_object(&w, NULL);
	jw_str(&w, "cluster", cluster);
	jw_array(&w, "tasks");
	for (uint32_t i = 0; i < ids->n; i++)
		jw_str(&w, NULL, ids->id[i]);
	jw_array_end(&w);
	jw_object_end(&w);
	return whole(out, ECS_DESCRIBE_TASKS, why);
}

enum kerr ecs_out_services(struct text *out, const char *cluster, const struct slice *service, size_t n,
			   struct why *why)
{
	struct jw w = jw_on(out);
	enum kerr e = name_ok(cluster, "cluster", why);

	if (e != KERR_OK)
		return e;
	if (n == 0 || n > ECS_SERVICES_MAX)
		return why_set(why, KERR_BAD_INPUT, "%u services to describe: 1 to %d are allowed", (unsigned)n,
			       ECS_SERVICES_MAX);
	jw_object(&w, NULL);
	jw_str(&w, "cluster", cluster);
	jw_array(&w, "services");
	for (size_t i = 0; i < n; i++) {
		if (!arn_name_ok(service[i]))
			return why_set(why, KERR_BAD_INPUT, "service %u to describe has no valid name", (unsigned)i);
		jw_slice(&w, NULL, service[i]);
	}
	jw_array_end(&w);
	jw_object_end(&w);
	return whole(out, ECS_DESCRIBE_SERVICES, why);
}

enum kerr ecs_out_stop(struct text *out, const char *deployment_arn, struct why *why)
{
	struct jw w = jw_on(out);
	struct arn parsed;
	enum kerr e = arn_parse_ecs(slice_of(deployment_arn), "service-deployment", 4, &parsed, why);

	if (e != KERR_OK)
		return e;
	jw_object(&w, NULL);
	jw_str(&w, "serviceDeploymentArn", deployment_arn);
	jw_str(&w, "stopType", "ROLLBACK");
	jw_object_end(&w);
	return whole(out, ECS_STOP_DEPLOYMENT, why);
}

static void definition(struct text *out, const char *family, uint32_t revision)
{
	ecs_out_shell(out, slice_of(family));
	text_c(out, ':');
	text_u64(out, revision);
}

enum kerr ecs_out_update(struct text *out, const char *cluster, const char *service, const char *family,
			 uint32_t revision, struct why *why)
{
	char to[NAME_CAP + 16];
	struct text t = text_on(to, sizeof(to));
	struct jw w = jw_on(out);
	enum kerr e = name_ok(cluster, "cluster", why);

	if (e == KERR_OK)
		e = name_ok(service, "service", why);
	if (e != KERR_OK)
		return e;
	if (!arn_name_ok(slice_of(family)) || revision == 0)
		return why_set(why, KERR_BAD_INPUT, "\"%.60s:%u\" is no task definition", family, (unsigned)revision);
	definition(&t, family, revision);
	jw_object(&w, NULL);
	jw_str(&w, "cluster", cluster);
	jw_str(&w, "service", service);
	jw_str(&w, "taskDefinition", to);
	jw_object_end(&w);
	return whole(out, ECS_UPDATE_SERVICE, why);
}

void ecs_out_shell(struct text *out, struct slice word)
{
	bool bare = word.n > 0;

	for (size_t i = 0; i < word.n && bare; i++)
		bare = ch_alnum(word.p[i]) || (word.p[i] != '\0' && strchr("-_./:@%+=,", word.p[i]) != NULL);
	if (bare) {
		text_slice(out, word);
		return;
	}
	text_c(out, '\'');
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] == '\'')
			text_say(out, "'\\''");
		else
			text_c(out, word.p[i]);
	}
	text_c(out, '\'');
}

static void option(struct text *out, const char *name, const char *value)
{
	text_say(out, " --");
	text_s(out, name);
	text_c(out, ' ');
	ecs_out_shell(out, slice_of(value));
}

static void command(struct text *out, const char *verb, const char *region)
{
	text_say(out, "aws ecs ");
	text_s(out, verb);
	if (region[0] != '\0')
		option(out, "region", region);
}

bool ecs_out_cli_stop(struct text *out, const char *region, const char *deployment_arn)
{
	command(out, "stop-service-deployment", region);
	option(out, "service-deployment-arn", deployment_arn);
	option(out, "stop-type", "ROLLBACK");
	return !out->full;
}

bool ecs_out_cli_update(struct text *out, const char *region, const char *cluster, const char *service,
			const char *family, uint32_t revision)
{
	command(out, "update-service", region);
	option(out, "cluster", cluster);
	option(out, "service", service);
	text_say(out, " --task-definition ");
	if (revision > 0)
		definition(out, family, revision);
	else
		ecs_out_shell(out, slice_of(family));
	return !out->full;
}

bool ecs_out_cli_definition(struct text *out, const char *region, const char *family, uint32_t revision)
{
	command(out, "describe-task-definition", region);
	text_say(out, " --task-definition ");
	definition(out, family, revision);
	text_say(out, " --query taskDefinition --output json");
	return !out->full;
}

bool ecs_out_cli_register(struct text *out, const char *region, const char *file)
{
	command(out, "register-task-definition", region);
	text_say(out, " --cli-input-json file://");
	ecs_out_shell(out, slice_of(file));
	return !out->full;
}

bool ecs_out_cli_describe(struct text *out, const char *region, const char *cluster, const char *service)
{
	command(out, "describe-services", region);
	option(out, "cluster", cluster);
	option(out, "services", service);
	option(out, "query", "services[].deployments");
	return !out->full;
}
