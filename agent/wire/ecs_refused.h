/* ecs_refused.h - an ECS answer that is not a success: what AWS, or something before it, says and means. */
#ifndef KEDGE_WIRE_ECS_REFUSED_H
#define KEDGE_WIRE_ECS_REFUSED_H

#include "agent/base/arena.h"
#include "agent/core/event.h"
#include "agent/wire/ecs_in.h"

struct ecs_refusal {
	int status;                      /* HTTP */
	struct slice error_type;         /* x-amzn-ErrorType header, or empty */
	struct slice body;
	int64_t date_unix_s;             /* Date header, 0 = none */
	int64_t signed_unix_s;           /* the time the request was signed with */
	const char *host, *location;     /* whom kedge meant to ask; the Location header, or "" */
};
/* -> EV_AWS_FAILED without op and task (the caller's); detail: AWS's code and message in one line, or what the body
 * is instead. *server_unix_s: the server's own clock when the error is about clocks, else 0. Never fails. */
void ecs_refused(const struct ecs_refusal *r, struct arena *a, struct ecs_asked q, struct event *ev,
		 int64_t *server_unix_s);

#endif
