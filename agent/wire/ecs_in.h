/* ecs_in.h - answers of the Amazon ECS API into events. Members kedge does not know are ignored, words it does not
 * know become "other", times are seconds that may come with an exponent. A member of the wrong type, or one that
 * must be there and is not, is KERR_BAD_INPUT and named. Everything lives in the caller's arena until it resets it.
 * Each function sets ev->type and the whole payload, and nothing else of the event. */
#ifndef KEDGE_WIRE_ECS_IN_H
#define KEDGE_WIRE_ECS_IN_H

#include "agent/base/arena.h"
#include "agent/base/err.h"
#include "agent/core/event.h"
#include "agent/wire/ecs_out.h"
#include "agent/wire/ev_out.h"

struct ecs_asked { uint32_t service, ask; };      /* repeated in the event */

/* ListServiceDeployments -> EV_AWS_LIST, sorted newest first; more than HISTORY_MAX: the oldest are left out. */
enum kerr ecs_in_list(struct slice body, struct arena *a, struct ecs_asked q, struct event *ev, struct why *why) KERR_CHECK;
/* DescribeServiceDeployments of one ARN -> EV_AWS_DEPLOYMENT. An answer about another ARN is refused. */
enum kerr ecs_in_deployment(struct slice body, struct arena *a, struct ecs_asked q, const char *arn, struct event *ev,
			    struct why *why) KERR_CHECK;
/* DescribeServiceRevisions -> one EV_AWS_REVISION each, failures[] as `missing`, `last` on the last one; an answer
 * with neither is KERR_BAD_INPUT. */
enum kerr ecs_in_revisions(struct slice body, struct arena *a, struct ecs_asked q, const struct ev_out *out,
			   struct why *why) KERR_CHECK;
/* DescribeTasks of one task -> EV_AWS_TASK (group "service:NAME" gives the service). */
enum kerr ecs_in_task(struct slice body, struct arena *a, const char *task, struct event *ev, struct why *why) KERR_CHECK;
/* StopServiceDeployment -> EV_AWS_STOPPED. */
enum kerr ecs_in_stopped(struct slice body, struct arena *a, struct ecs_asked q, struct event *ev,
			 struct why *why) KERR_CHECK;

/* ListTasks: adds the ids it names to *ids, no id twice; what does not fit is counted in *left_out. token: what asks
 * for the next page, empty on the last one; one that does not fit is KERR_TOO_BIG. */
enum kerr ecs_in_task_ids(struct slice body, struct arena *a, struct ecs_task_ids *ids, uint32_t *left_out,
			  char token[ECS_TOKEN_CAP], struct why *why) KERR_CHECK;

#endif
