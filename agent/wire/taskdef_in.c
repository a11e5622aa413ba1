#include "agent/wire/taskdef_in.h"

#include <string.h>

#include "agent/wire/ecs_member.h"

PRUNE_LIST(taskdef_list,
	"taskDefinition/family|revision|status taskDefinition/containerDefinitions/[10]/name|image|essential");

#define IN_BOTH "placementConstraints|tags|"

PRUNE_LIST(taskdef_export,
	"taskDefinition/family|taskRoleArn|executionRoleArn|networkMode|cpu|memory|pidMode|ipcMode|enableFaultInjection"
	" taskDefinition/" IN_BOTH "containerDefinitions|volumes|requiresCompatibilities|proxyConfiguration|inferenceAccelerators"
	"|ephemeralStorage|runtimePlatform/**");
PRUNE_LIST(taskdef_export_service,
	"services/[1]/taskDefinition|desiredCount|launchType|platformVersion|healthCheckGracePeriodSeconds|schedulingStrategy"
	"|enableECSManagedTags|propagateTags|enableExecuteCommand|availabilityZoneRebalancing"
	" services/[1]/" IN_BOTH "capacityProviderStrategy|deploymentConfiguration|deploymentController|loadBalancers|networkConfiguration"
	"|placementStrategy|serviceRegistries/**");

enum kerr taskdef_out(struct text *out, const char *family, uint32_t revision, struct why *why)
{
	char name[NAME_CAP + 12];
	struct text t = text_on(name, sizeof(name));
	struct jw w = jw_on(out);

	text_definition(&t, family, revision);
	jw_object(&w, NULL);
	jw_str(&w, "taskDefinition", name);
	jw_object_end(&w);
	return out->full || t.full ? why_set(why, KERR_TOO_BIG, "the name of the task definition is too long") : KERR_OK;
}

/* ECS: a container is essential unless it says otherwise. */
static enum kerr container(const cJSON *o, struct taskdef_container *out, struct why *why)
{
	bool essential = true;
	enum kerr e = json_bool(o, "essential", &essential, why);

	out->essential = essential ? TRI_YES : TRI_NO;
	if (e == KERR_OK || e == KERR_GONE)
		e = ecs_member_must_str(o, "name", out->name, sizeof(out->name), why);
	if (e == KERR_OK)
		e = ecs_member_must_str(o, "image", out->image, sizeof(out->image), why);
	return e;
}

enum kerr taskdef_in(const cJSON *root, const char *family, uint32_t revision, struct taskdef *out, struct why *why)
{
	const cJSON *def = json_object(root, "taskDefinition"), *one;
	char status[16];
	enum kerr e = ecs_member_must_str(def, "family", out->family, sizeof(out->family), why);

	out->n = 0;
	if (e == KERR_OK)
		e = ecs_member_may_u32(def, "revision", &out->revision, why);
	if (e == KERR_OK)
		e = ecs_member_may_str(def, "status", status, sizeof(status), why);
	if (e == KERR_OK && (!str_eq(out->family, family) || out->revision != revision))
		e = why_set(why, KERR_BAD_INPUT, "the answer is about %.60s:%u, which was not asked for", out->family, (unsigned)out->revision);
	cJSON_ArrayForEach(one, json_array(def, "containerDefinitions"))
		if (e == KERR_OK && out->n < TASK_CONTAINERS)
			e = container(one, &out->container[out->n++], why);
	if (e == KERR_OK && out->n == 0)
		e = why_set(why, KERR_BAD_INPUT, "the task definition has no container");
	out->inactive = e == KERR_OK && str_eq(status, "INACTIVE");
	return e;
}
