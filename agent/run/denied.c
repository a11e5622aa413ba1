#include "agent/run/denied.h"

#include "agent/run/node.h"

void denied_take(struct node *n, const struct aws_job *job, char *detail, size_t cap)
{
	struct iam_denied *d = &n->aws.denied[job->call];
	char statement[IAM_STATEMENT_CAP];
	struct text t, s = text_on(statement, sizeof(statement));
	bool stop = job->call == ECS_STOP_DEPLOYMENT, of_service = job->op != OP_TASK && job->reply == 0;
	struct iam_names names;

	if (slice_starts(slice_of(detail), "OptInRequired"))   /* the account has no such service: no policy's matter */
		return;
	view_iam_names(&n->core, of_service ? (int32_t)job->service : NONE, &names);
	iam_denied_from(slice_of(detail), ecs_out_target(job->call), &names, d);
	t = text_on(detail, cap);                              /* AWS's words are taken apart, and make room */
	/* a role that may not stop deployments is a choice, and the default one */
	n->actor = n->actor && !stop;
	text_s(&t, stop && iam_denied_helps(d) ? "This node is an observer. " : "");
	iam_denied_say(d, &t);
	iam_denied_statement(d, &names, &s);
	if (s.len > 0)
		log_line(&n->log, LOG_LEVEL_INFO, "aws: a statement that allows it: %s", statement);
}
