/* aws_body.h - the bodies of the calls: what is asked, and what the answers become. */
#ifndef KEDGE_RUN_AWS_BODY_H
#define KEDGE_RUN_AWS_BODY_H

#include "agent/run/aws.h"

/* Writes the request's body. KERR_GONE: what it was about is not known any more. */
enum kerr aws_body_make(struct node *n, const struct aws_job *job, struct text *out, struct why *why) KERR_CHECK;
/* Where the answer goes: a buffer, or a parser that takes it as it streams in. */
void aws_body_expect(struct node *n, const struct aws_job *job, struct http_request *r);
/* The whole answer of a 200: told to the core, or to the person who asked. */
enum kerr aws_body_take(struct node *n, const struct aws_job *job, const struct http_result *r, struct why *why) KERR_CHECK;
/* The text of an answer that is not a 200. */
struct slice aws_body_text(struct node *n, const struct http_result *r);
void aws_body_services_failed(struct node *n, const struct aws_job *job, const char *detail);

/* A further call of the same question, before all that wait: while its answer is taken in (aws.c). */
bool aws_more(struct node *n, const struct aws_job *job);
/* What asked is told that there is no answer, and why (aws.c). */
void aws_tell_failed(struct node *n, const struct aws_job *job, enum aws_error error, const char *detail);

#endif
