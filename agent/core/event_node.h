/* event_node.h - what the node says of itself: its sources, and the outcome of experiments. */
#ifndef KEDGE_CORE_EVENT_NODE_H
#define KEDGE_CORE_EVENT_NODE_H

#include "agent/base/limits.h"
#include "agent/core/class.h"

enum source { SRC_ENGINE, SRC_AGENT_LOG, SRC_INTROSPECTION, SRC_AWS, SOURCES };
enum source_state { SS_UNKNOWN, SS_UP, SS_ABSENT, SS_REFUSED, SS_DENIED, SS_UNREACHABLE, SS_BROKEN, SOURCE_STATES };

struct ev_source { enum source source; enum source_state state; char detail[DETAIL_CAP]; };
/* asked_ms, of the engine's: boot clock at which the listing was asked for. What came up since may not be in it, and stays; 0: nothing did. */
struct ev_sync { enum source source; bool end; uint64_t asked_ms; };

enum fact {
	FACT_ROUTE,         /* yes: a default route exists */
	FACT_DNS,           /* yes: the resolver answered for `about` */
	FACT_CLOCK,         /* yes: the wall clock is plausible */
	FACT_CREDENTIALS,   /* yes: AWS credentials are there and not known to be expired */
	FACT_DISK,          /* yes: the data root has room; value = free bytes */
	FACT_INODES,        /* yes: it has inodes; value = free inodes */
	FACT_MEMORY,        /* yes: the host has memory left; value = available bytes */
	FACT_REGISTRY,      /* yes: the host `about` answered HTTP; value = status */
	FACT_REASONS,       /* yes: the ECS agent's log level lets through the lines that tell reasons */
	FACT_IMAGES_KEPT,   /* yes: the ECS agent's image clean-up leaves an image alone for as long as a rollback may need it */
	FACT_DATA,          /* yes: of the day's data budget nothing has to be saved yet; value = enum shed */
	FACTS
};
/* What the data budget makes kedge leave out, each beside those before it; what a rollback needs is never left out. */
enum shed { SHED_NOTHING, SHED_EXTRAS, SHED_HEARTBEATS, SHED_POLLS };

/* last: it was asked for by ACT_PROBE and no further answer to that follows. */
struct ev_fact { enum fact fact; enum tri yes; bool last; int64_t value; char about[NAME_CAP], detail[DETAIL_CAP]; };

#endif
