/* introspection_in.h - the ECS agent's introspection API on 127.0.0.1:51678 into events.
 * Facts: amazon-ecs-agent ecs-agent/introspection/v1/response.go; members came with versions (Image, ImageID and
 * times 1.77.0, RestartCount 1.86.0) and the order of tasks and containers changes from call to call. */
#ifndef KEDGE_WIRE_INTROSPECTION_IN_H
#define KEDGE_WIRE_INTROSPECTION_IN_H

#include "agent/base/arena.h"
#include "agent/base/err.h"
#include "agent/wire/ev_out.h"

#define INTROSPECTION_IN_METADATA "/v1/metadata"
#define INTROSPECTION_IN_TASKS "/v1/tasks"

/* GET /v1/metadata: EV_EPOCH with agent_version ("1.105.1"), cluster, container_instance and region; those not
 * said (not registered yet) stay empty. The arena is left as it was. */
KERR_CHECK enum kerr introspection_in_metadata(struct arena *a, struct slice body, struct event *ev, struct why *why);

struct introspection_in_counts { uint32_t told, refused; };

/* GET /v1/tasks: EV_TASK T_STATUS for each task, no EV_SYNC (the caller brackets it). A bad entry is refused and
 * counted (why holds the last reason), the others are told. KERR_BAD_INPUT: not such an answer at all. */
KERR_CHECK enum kerr introspection_in_tasks(struct arena *a, struct slice body, const struct ev_out *out,
					    struct introspection_in_counts *n, struct why *why);

#endif
