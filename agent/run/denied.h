/* denied.h - a call that AWS's permissions refused: what is lacking, in words and as the statement that lifts it. */
#ifndef KEDGE_RUN_DENIED_H
#define KEDGE_RUN_DENIED_H

#include <stddef.h>

struct node;
struct aws_job;

/* detail: AWS's message; becomes a sentence that names action, reason and resource. It is kept for the views until such a
 * call is allowed, and the statement is logged. */
void denied_take(struct node *n, const struct aws_job *job, char *detail, size_t cap);

#endif
