#include "agent/run/denied.h"

#include "agent/run/node.h"

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
	iam_denied_from(slice_of(detail), slot == DENIED_DEFINITION ? "ecs:DescribeTaskDefinition" : "ecr:GetAuthorizationToken", &names, d);
	say(n, d, &names, "", detail, cap);
	n->publish = true;
}

void denied_lifted(struct node *n, unsigned slot)
{
	n->publish = n->publish || n->aws.denied[slot].action[0] != '\0';
	n->aws.denied[slot].action[0] = '\0';
}
