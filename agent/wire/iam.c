#include "agent/wire/iam.h"

#include "agent/wire/arn.h"
#include "agent/wire/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What an action is granted on: a bit each, and the end of its ARN. %C is the cluster, %S the service. */
enum { ON_ANY = 1, ON_SERVICE = 2, ON_DEPLOYMENT = 4, ON_REVISION = 8, ON_TASK = 16, ON_REPOSITORY = 32 };
static const char *const resources[] = {
	"*", "ecs|service/%C/%S", "ecs|service-deployment/%C/%S/*", "ecs|service-revision/%C/%S/*", "ecs|task/%C/*", "ecr|repository/*",
};
/* ecs:cluster where the resource alone does not bind to it; IF_UPDATE also to the service's own family, and no shell. */
enum { IF_CLUSTER = 1, IF_UPDATE = 2 };

/* A policy's statements, in this order: those an observer needs end before ROLL_BACK. */
enum group { LIST_TASKS, READ_TASKS, READ_DEPLOYMENTS, READ_DEFINITIONS, READ_IMAGES, ROLL_BACK, UPDATE_SERVICE, GROUPS };
static const struct packed *const sids[] = {
	PACKED("KedgeListTasks"), PACKED("KedgeReadTasks"), PACKED("KedgeReadDeployments"), PACKED("KedgeReadDefinitions"),
	PACKED("KedgeReadImages"), PACKED("KedgeRollBack"), PACKED("KedgeUpdateService"),
};

/* ListTasks of a service is judged on "*": its one resource type, the container instance, is not named in such a call. */
static const struct row { const char *action; uint8_t group, on, when; } rows[] = {
	{ "ecs:ListTasks", LIST_TASKS, ON_ANY, IF_CLUSTER },
	{ "ecs:DescribeTasks", READ_TASKS, ON_TASK, IF_CLUSTER },
	{ "ecs:ListServiceDeployments", READ_DEPLOYMENTS, ON_SERVICE, 0 },
	{ "ecs:DescribeServiceDeployments", READ_DEPLOYMENTS, ON_SERVICE | ON_DEPLOYMENT, 0 },
	{ "ecs:DescribeServiceRevisions", READ_DEPLOYMENTS, ON_SERVICE | ON_REVISION, 0 },
	{ "ecs:DescribeServices", READ_DEPLOYMENTS, ON_SERVICE, 0 },
	{ "ecs:DescribeTaskDefinition", READ_DEFINITIONS, ON_ANY, 0 },
	{ "ecr:GetAuthorizationToken", READ_DEFINITIONS, ON_ANY, 0 },
	{ "ecr:BatchGetImage", READ_IMAGES, ON_REPOSITORY, 0 },
	{ "ecs:StopServiceDeployment", ROLL_BACK, ON_SERVICE | ON_DEPLOYMENT, 0 },
	{ "ecs:UpdateService", UPDATE_SERVICE, ON_SERVICE, IF_CLUSTER | IF_UPDATE },
};
static const struct iam_use uses[] = {
	{ PACKED("agent"), 0x3f },
	{ PACKED("deployments"), 0x20 },
	{ PACKED("wait"), 0x20 },
	{ PACKED("rollback, confirm, [policy] rollback = auto"), 0x200 },
	{ PACKED("rollback --to, deploy, confirm with allow_update_service = yes"), 0x400 },
	{ PACKED("verify, [policy] probe = on"), 0x1c0 },
	{ PACKED("init --export"), 0x60 },
	{ PACKED("every other verb"), 0 },
};

const struct iam_use *iam_use(uint32_t i)
{
	return i < COUNT(uses) ? &uses[i] : NULL;
}

const char *iam_action(uint32_t i)
{
	return i < COUNT(rows) ? rows[i].action : NULL;
}

static void keep(struct slice *name, struct slice found)
{
	if (name->n == 0)
		*name = found;
}

void iam_names_region(struct iam_names *n, struct slice region)
{
	keep(&n->region, region);
	keep(&n->partition, slice_of(arn_partition_of(n->region)));
}

void iam_names_from(struct iam_names *n, struct slice arn)
{
	struct arn a;

	if (arn_parse(arn, &a, NULL) != KERR_OK)
		return;
	keep(&n->partition, a.partition);
	keep(&n->region, a.region);
	keep(&n->account, a.account);
	if (!slice_is(a.service, "ecs") || a.parts < 2)
		return;
	if (a.parts > 2 || slice_is(a.part[0], "cluster"))
		keep(&n->cluster, a.part[1]);
	if (n->n > 0 || a.parts < 3 || !slice_starts(a.part[0], "service"))
		return;
	n->service[0].name = a.part[2];
	n->service[0].family = SLICE("");
	n->n = 1;
}

static void put(struct text *t, struct slice name, const char *otherwise)
{
	if (name.n > 0)
		text_slice(t, name);
	else
		text_s(t, otherwise);
}

/* "ecs|service/%C/%S" -> arn:PARTITION:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE */
static void put_arn(struct text *t, const struct iam_names *n, const char *form, struct slice service)
{
	struct slice rest = slice_of(form), part;

	if (!slice_next(&rest, '|', &part) || rest.n == 0) {
		text_s(t, form);
		return;
	}
	text_say(t, "arn:");
	put(t, n->partition, "aws");
	text_c(t, ':');
	text_slice(t, part);
	text_c(t, ':');
	put(t, n->region, "REGION");
	text_c(t, ':');
	put(t, n->account, "ACCOUNT");
	text_c(t, ':');
	for (const char *p = rest.p; *p != '\0'; p++) {
		if (*p != '%')
			text_c(t, *p);
		else if (*++p == 'C')
			put(t, n->cluster, "CLUSTER");
		else
			put(t, service, *p == 'S' ? "SERVICE" : "FAMILY");
	}
}

static void arn_member(struct jw *w, const char *name, const struct iam_names *n, const char *form, struct slice service)
{
	char arn[3 * NAME_CAP + 128];
	struct text t = text_on(arn, sizeof(arn));

	put_arn(&t, n, form, service);
	jw_slice(w, name, text_get(&t));
}

static void condition(struct jw *w, const char *test, const char *key, const struct iam_names *n, const char *form,
		      struct slice family)
{
	jw_object(w, test);
	arn_member(w, key, n, form, family);
	jw_object_end(w);
}

static void conditions(struct jw *w, const struct iam_names *n, unsigned when, struct slice family)
{
	if (when == 0)
		return;
	jw_object(w, "Condition");
	condition(w, PACKED_TEXT("ArnEquals"), PACKED_TEXT("ecs:cluster"), n, "ecs|cluster/%C", SLICE(""));
	if ((when & IF_UPDATE) != 0) {
		condition(w, PACKED_TEXT("ArnLike"), PACKED_TEXT("ecs:task-definition"), n, "ecs|task-definition/%F:*", family);
		condition(w, PACKED_TEXT("StringNotEqualsIfExists"), PACKED_TEXT("ecs:enable-execute-command"), n, "true", SLICE(""));
	}
	jw_object_end(w);
}

/* Which services a statement is about: reading goes by cluster, since a node finds its services by reading. */
struct about { uint32_t from, to; };

static struct slice service_at(const struct iam_names *n, enum group group, uint32_t i)
{
	return group < ROLL_BACK ? SLICE("*") : i < n->n ? n->service[i].name : SLICE("");
}

static void resource(struct jw *w, const struct iam_names *n, enum group group, unsigned on, struct about about)
{
	bool several = (on & (on - 1)) != 0 || about.to - about.from > 1;

	if (several)
		jw_array(w, "Resource");
	for (uint32_t i = about.from; i < about.to; i++)
		for (uint32_t k = 0; k < COUNT(resources); k++)
			if ((on >> k & 1) != 0)
				arn_member(w, several ? NULL : "Resource", n, resources[k], service_at(n, group, i));
	if (several)
		jw_array_end(w);
}

/* Of the actions in `which`, all of one group. */
static void statement(struct text *out, const struct iam_names *n, uint32_t which, const char *sid, struct about about)
{
	struct jw w = jw_on(out);
	bool several = (which & (which - 1)) != 0;
	unsigned on = 0, when = 0;
	enum group group = GROUPS;

	jw_object(&w, NULL);
	if (sid != NULL)
		jw_str(&w, "Sid", sid);
	jw_str(&w, "Effect", "Allow");
	if (several)
		jw_array(&w, "Action");
	for (uint32_t i = 0; i < COUNT(rows); i++)
		if ((which >> i & 1) != 0) {
			jw_str(&w, several ? NULL : "Action", rows[i].action);
			on |= rows[i].on;
			when |= rows[i].when;
			group = (enum group)rows[i].group;
		}
	if (several)
		jw_array_end(&w);
	resource(&w, n, group, on, about);
	conditions(&w, n, when, about.from < n->n ? n->service[about.from].family : SLICE(""));
	jw_object_end(&w);
}

static void of_policy(struct text *out, const struct iam_names *n, enum group group, struct about about, bool lines)
{
	char sid[32];
	struct text s = text_on(sid, sizeof(sid));
	uint32_t which = 0;

	for (uint32_t i = 0; i < COUNT(rows); i++)
		which |= rows[i].group == group ? UINT32_C(1) << i : 0;
	text_packed(&s, sids[group]);
	if (about.from > 0)
		text_u64(&s, about.from + 1);        /* no two statements of a policy may have one Sid */
	text_s(out, group == 0 ? "" : ",");
	text_s(out, lines ? "\n    " : "");
	statement(out, n, which, sid, about);
}

void iam_policy(struct text *out, const struct iam_names *n, enum iam_role role, bool lines)
{
	struct about all = { 0, n->n == 0 ? 1 : n->n };

	text_packed(out, lines
		? PACKED("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [")
		: PACKED("{\"Version\":\"2012-10-17\",\"Statement\":["));
	for (enum group g = 0; g < ROLL_BACK; g++)
		of_policy(out, n, g, (struct about){ 0, 1 }, lines);
	if (role != IAM_OBSERVER)
		of_policy(out, n, ROLL_BACK, all, lines);
	/* one each: a service may go to its own family's revisions, not to another's */
	for (uint32_t i = 0; role == IAM_ACTOR_UPDATE && i < all.to; i++)
		of_policy(out, n, UPDATE_SERVICE, (struct about){ i, i + 1 }, lines);
	text_packed(out, lines ? PACKED("\n  ]\n}\n") : PACKED("]}"));
}

static uint32_t row_of(struct slice action)
{
	uint32_t i = 0;

	while (i < COUNT(rows) && !slice_is(action, rows[i].action))
		i++;
	return i;
}

void iam_statement(struct text *out, const struct iam_names *n, struct slice action, struct slice on)
{
	uint32_t i = row_of(action);
	struct jw w = jw_on(out);

	if (i < COUNT(rows)) {
		statement(out, n, UINT32_C(1) << i, NULL, (struct about){ 0, 1 });
		return;
	}
	jw_object(&w, NULL);
	jw_str(&w, "Effect", "Allow");
	jw_slice(&w, "Action", action);
	jw_slice(&w, "Resource", on);
	jw_object_end(&w);
}
