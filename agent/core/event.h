/* event.h - everything the judgement can learn. Time is a field; completions are events.
 * Strings are NUL-terminated and were checked by agent/wire: they fit and hold no control characters. */
#ifndef KEDGE_CORE_EVENT_H
#define KEDGE_CORE_EVENT_H

#include "agent/base/limits.h"
#include "agent/core/class.h"
#include "agent/core/event_agent.h"
#include "agent/core/event_aws.h"
#include "agent/core/event_engine.h"
#include "agent/core/event_node.h"
#include "agent/core/event_type.h"
#include "agent/core/record.h"

enum op_verb { OPV_ROLLBACK, OPV_CONFIRM, OPV_CANCEL, OPV_HOLD, OPV_LOOK, OPV_DEPLOY };
struct ev_operator {
	enum op_verb verb;
	char service[NAME_CAP], id[32];
	char to_family[NAME_CAP];                 /* OPV_DEPLOY, OPV_ROLLBACK --to; empty: to where AWS would return */
	uint32_t to_revision;
	bool force;                               /* OPV_DEPLOY: also what this node saw fail */
	uint64_t for_ms;                          /* OPV_HOLD; 0 ends the hold */
	uint32_t uid;
};

struct ev_saved { uint64_t seq; };

struct event {
	enum ev_type type;
	uint64_t now_ms;                 /* CLOCK_BOOTTIME; never goes back */
	int64_t now_unix_ms;             /* server-corrected wall clock; may jump */
	union {
		struct ev_epoch epoch;
		struct ev_source source;
		struct ev_sync sync;
		struct ev_container container;
		struct ev_image image;
		struct ev_last_words last_words;
		struct ev_target_image target_image;
		struct ev_registry registry;
		struct ev_task task;
		struct ev_pull pull;
		struct ev_change change;
		struct ev_fact fact;
		struct ev_saved saved;
		struct ev_aws_task aws_task;
		struct ev_aws_list aws_list;
		struct ev_aws_deployment aws_deployment;
		struct ev_aws_revision aws_revision;
		struct ev_aws_quorum aws_quorum;
		struct ev_aws_stopped aws_stopped;
		struct ev_aws_updated aws_updated;
		struct ev_aws_service aws_service;
		struct ev_aws_failed aws_failed;
		struct ev_operator operator;
		struct ev_restore restore;
	} u;
};

const char *source_name(enum source source);
const char *source_state_name(enum source_state state);
const char *fact_name(enum fact fact);

#endif
