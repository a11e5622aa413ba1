/* agent_change.h - the text of the ECS agent's state changes, all eras, into the members of struct ev_change.
 * Facts: amazon-ecs-agent agent/api/statechange.go; String() until 1.71.0, flat fields from 1.71.1 on. */
#ifndef KEDGE_WIRE_AGENT_CHANGE_H
#define KEDGE_WIRE_AGENT_CHANGE_H

#include "agent/base/err.h"
#include "agent/core/event.h"

/* All fill the members they find in *c and leave the others; KERR_BAD_INPUT: not such a text; KERR_TOO_BIG: a name
 * longer than its bound. A reason is cut at REASON_CAP, marked; its stage and class are read. */

/* Era C on, the value of a field containerChange-N. task_reason stands in where the container has none. */
KERR_CHECK enum kerr agent_change_flat(struct slice text, struct slice task_reason, struct ev_change *c, struct why *why);

/* Era C on, the fields of a container's own change, "ContainerStateChange"; code and reason may be empty. */
KERR_CHECK enum kerr agent_change_lone(struct slice name, struct slice status, struct slice code, struct slice reason,
				       struct ev_change *c, struct why *why);

/* The reason with its stage and class; empty: none. */
void agent_change_reason(struct ev_change *c, struct slice reason);
/* The error of a task's resource (secrets, cgroup, volume) as the reason: it never came as far as its containers. */
void agent_change_resource(struct ev_change *c, struct slice error);

/* Eras A and B: "TaskChange: [ARN -> STOPPED, ..., container change: ...] sent: false": task and task_status, and
 * the containers' texts in *rest. A lone "ContainerChange: [...]" has no task status. */
KERR_CHECK enum kerr agent_change_old(struct slice text, struct ev_change *c, struct slice *rest, struct why *why);
/* The next container's text off the front of *rest, which is not empty, into *c. Taken also when it is refused. */
KERR_CHECK enum kerr agent_change_old_next(struct slice *rest, struct ev_change *c, struct why *why);

/* The agent's words for states of tasks and containers; those before RUNNING are all PENDING to ECS. */
enum task_status agent_change_status(struct slice word);

#endif
