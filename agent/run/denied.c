#include "agent/run/denied.h"

#include "agent/run/node.h"
#include "agent/wire/view_byhand.h"

static void say(struct node *n, const struct iam_denied *d, const struct iam_names *names, const char *before, char *detail, size_t cap)
{
	char statement[IAM_STATEMENT_CAP];
	struct text t = text_on(detail, cap), s = text_on(statement, sizeof(statement));

	text_s(&t, before);
	iam_denied_say(d, &t);
	iam_denied_statement(d, names, &s);
	if (s.len > 0)
		log_line(&n->log, LOG_LEVEL_INFO, "aws: a statement that allows it: %s", statement);
}

void denied_take(struct node *n, const struct aws_job *job, char *detail, size_t cap)
{
	struct iam_denied *d = &n->aws.denied[job->call];
	bool stop = job->call == ECS_STOP_DEPLOYMENT, of_service = job->op != OP_TASK && job->reply == 0;
	struct iam_names names;

	if (slice_starts(slice_of(detail), "OptInRequired"))   /* the account has no such service: no policy's matter */
		return;
	view_iam_names(&n->core, of_service ? (int32_t)job->service : NONE, &names);
	iam_denied_from(slice_of(detail), ecs_out_target(job->call), &names, d);
	/* a role that may not stop deployments is a choice, and the default one */
	n->actor = n->actor && !stop;
	say(n, d, &names, stop && iam_denied_helps(d) ? "This node is an observer. " : "", detail, cap);
}

void denied_image(struct node *n, unsigned slot, char *detail, size_t cap)
{
	struct iam_denied *d = &n->aws.denied[slot];
	struct iam_names names;

	view_iam_names(&n->core, NONE, &names);
	iam_denied_from(slice_of(detail), slot < ECS_CALLS ? ecs_out_target((enum ecs_call)slot) :
			slot == DENIED_DEFINITION ? "ecs:DescribeTaskDefinition" : "ecr:GetAuthorizationToken", &names, d);
	say(n, d, &names, "", detail, cap);
	n->publish = true;
}

void denied_lifted(struct node *n, unsigned slot)
{
	n->publish = n->publish || n->aws.denied[slot].action[0] != '\0';
	n->aws.denied[slot].action[0] = '\0';
	n->aws.allowed |= UINT32_C(1) << slot;
}

void denied_view(const struct node *n, struct view *v)
{
	/* iam.h has the actions in the order of the policies, the slots are in that of the calls */
	static const uint8_t action_of[DENIED_SLOTS] = {
		[ECS_LIST_TASKS] = 0, [ECS_DESCRIBE_TASKS] = 1, [ECS_LIST_DEPLOYMENTS] = 2, [ECS_DESCRIBE_DEPLOYMENTS] = 3,
		[ECS_DESCRIBE_REVISIONS] = 4, [ECS_DESCRIBE_SERVICES] = 5, [DENIED_DEFINITION] = 6, [DENIED_ECR_TOKEN] = 7,
		[ECS_STOP_DEPLOYMENT] = 9, [ECS_UPDATE_SERVICE] = 10,
	};

	for (unsigned i = 0; i < DENIED_SLOTS; i++)
		v->allowed |= (n->aws.allowed >> i & 1) << action_of[i];
	/* a file that a person named may be this device's own */
	v->keys_shared = n->keys.from == CREDENTIALS_FILE && (n->conf->credentials != CONF_CRED_FILE ||
			 str_eq(n->conf->credentials_file, "/root/.aws/credentials"));
}
