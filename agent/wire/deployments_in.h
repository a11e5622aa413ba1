/* deployments_in.h - the table of `aws ecs describe-services --query services[].deployments` (founding case), out of
 * an answer of up to 240 KB of which nearly all are old service events: they are dropped while the bytes come in,
 * so that memory stays flat. And the same table as the JSON that is kept in state_dir for offline readers. */
#ifndef KEDGE_WIRE_DEPLOYMENTS_IN_H
#define KEDGE_WIRE_DEPLOYMENTS_IN_H

#include "agent/base/arena.h"
#include "agent/base/err.h"
#include "agent/base/limits.h"
#include "agent/base/str.h"
#include "agent/wire/ecs_in.h"
#include "agent/wire/elements.h"

#define DEP_SERVICES   10                /* ECS: services one DescribeServices takes. more: refused */
#define DEP_ROWS        5                /* deployments kept a service, PRIMARY first. more: counted */
#define DEP_EVENTS      3                /* events kept a service: the newest, and the newest that tells a trouble */
#define DEP_TEXT_CAP  400                /* bytes of one event's message. longer: cut */
#define DEP_ELEMENT   32768              /* bytes of one service after pruning. more: KERR_TOO_BIG */
#define DEP_ARENA    131072              /* bytes of arena that hold any such service as a tree */
#define DEP_CACHE_MAX 98304              /* bytes of the table as JSON */

struct dep_row {
	char id[STARTED_BY_CAP], status[16];             /* PRIMARY ACTIVE INACTIVE */
	char family[NAME_CAP];
	uint32_t revision, desired, pending, running, failed;
	int64_t created_unix_ms, updated_unix_ms;
	char launch_type[24], rollout[16], rollout_reason[SENTENCE_CAP]; /* rollout empty: AWS did not say */
};

struct dep_event { int64_t unix_ms; bool trouble; char text[DEP_TEXT_CAP]; };

struct dep_service {
	char name[NAME_CAP], cluster[NAME_CAP], status[16], controller[16], launch_type[24], scheduling[16];
	uint32_t desired, running, pending, n, left_out, events;
	struct dep_row row[DEP_ROWS];
	struct dep_event event[DEP_EVENTS];              /* newest first */
};

struct dep_table {
	int64_t asked_unix_ms;                           /* 0: never */
	uint32_t n, missing;                             /* missing: names AWS answered with failures[] */
	struct dep_service service[DEP_SERVICES];        /* sorted by name */
	char missing_name[DEP_SERVICES][NAME_CAP];
};

struct deployments_in {
	struct arena *arena;
	struct dep_table *out;
	struct elements elements;
	bool answered, cached, head;                     /* a `services` array was there; reading the kept form; its head */
	struct dep_event placement;                      /* of the service read last: the newest event that tells of a task
							    ECS could not place; unix_ms 0: none */
	char element[DEP_ELEMENT];
};

/* arena and out are borrowed; the arena is reset to where it stood after each service. */
void deployments_in_begin(struct deployments_in *d, struct arena *a, struct dep_table *out, int64_t asked_unix_ms);
/* The next bytes of the body, in any chunking. */
enum kerr deployments_in_feed(struct deployments_in *d, struct slice bytes, struct why *why) KERR_CHECK;
/* The body is whole: the table is ready. On any error the table is empty. */
enum kerr deployments_in_end(struct deployments_in *d, struct why *why) KERR_CHECK;

/* After deployments_in_end of an answer about that one service -> EV_AWS_SERVICE; one that AWS no longer knows, or that
 * is INACTIVE, is `missing`. KERR_BAD_INPUT: the answer is about another one. */
enum kerr deployments_in_service(const struct deployments_in *d, struct ecs_asked q, const char *service,
				 struct event *ev, struct why *why) KERR_CHECK;

/* The kept form, one JSON object of version 1. The reader refuses another version and a file that was not written
 * whole, naming `file`; the table is then empty. KERR_TOO_BIG: DEP_CACHE_MAX always holds it. */
enum kerr deployments_write(const struct dep_table *t, struct text *out, struct why *why) KERR_CHECK;
enum kerr deployments_read(struct slice text, const char *file, struct deployments_in *room, struct arena *a,
			   struct dep_table *out, struct why *why) KERR_CHECK;

#endif
