/* denied.h - a call that AWS's permissions refused: what is lacking, in words and as the statement that lifts it. */
#ifndef KEDGE_RUN_DENIED_H
#define KEDGE_RUN_DENIED_H

#include <stddef.h>

#include "agent/wire/ecs_out.h"

struct node;
struct view;
struct aws_job;

/* What may be denied: each call of the queue, by its enum ecs_call, and those that questions about images make. */
enum { DENIED_DEFINITION = ECS_CALLS, DENIED_ECR_TOKEN, DENIED_SLOTS };

/* detail: AWS's message; becomes a sentence that names action, reason and resource. It is kept for the views until such a
 * call is allowed, and the statement is logged. */
void denied_take(struct node *n, const struct aws_job *job, char *detail, size_t cap);
/* The same of a question about images or of an export, by its slot; detail may be empty where AWS's message was not kept. */
void denied_image(struct node *n, unsigned slot, char *detail, size_t cap);
/* Such a call was allowed. */
void denied_lifted(struct node *n, unsigned slot);

/* What was seen to be allowed, for the views. */
void denied_view(const struct node *n, struct view *v);

#endif
