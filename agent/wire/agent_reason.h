/* agent_reason.h - the reasons the ECS agent gives ("Name: message"): the stage the name stands for, and the class.
 * Facts: amazon-ecs-agent 1.105.1, ecs-agent/api/errors, agent/dockerclient/dockerapi/errors.go. */
#ifndef KEDGE_WIRE_AGENT_REASON_H
#define KEDGE_WIRE_AGENT_REASON_H

#include "agent/base/str.h"
#include "agent/core/class.h"

struct agent_reason {
	enum stage stage;       /* STAGE_RUN for no name or one that is not known */
	enum class class;       /* CLASS_NONE: it says nothing, or is no failure */
};

struct agent_reason agent_reason_of(struct slice reason);
/* The class of a text seen at a stage, as everything in kedge judges it: what the agent's own words in it say (its
 * error name, its time-outs, its benign ones), else classify(). */
enum class agent_reason_class(enum stage stage, struct slice text);
/* No failure at all: the task was stopped before its pull began. Message or whole reason. */
bool agent_reason_benign(struct slice reason);

#endif
