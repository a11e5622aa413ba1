/* ecs_quorum.h - how other nodes fare with a release: DescribeTasks answers of up to 190 KB, added up per container
 * instance as they stream in. */
#ifndef KEDGE_WIRE_ECS_QUORUM_H
#define KEDGE_WIRE_ECS_QUORUM_H

#include "agent/base/arena.h"
#include "agent/base/err.h"
#include "agent/core/event.h"
#include "agent/wire/ecs_in.h"
#include "agent/wire/elements.h"

#define ECS_QUORUM_NODES 1024            /* container instances told apart. more: counted, and not judged */
#define ECS_QUORUM_TASK  16384           /* bytes of one pruned task. more: KERR_TOO_BIG */
struct ecs_quorum_of {
	const char *started_by;          /* Task.startedBy of the release's tasks; empty: by the next three */
	const char *family;
	uint32_t revision;
	int64_t since_unix_ms;           /* the deployment was created then */
	int64_t now_unix_ms;
	uint32_t well_ms;                /* so long RUNNING and not unhealthy is running well (ECS itself: 40 s) */
};
struct ecs_quorum {
	const struct ecs_quorum_of *of;
	struct arena *arena;             /* 64 KiB; reset after each task */
	struct elements elements;
	uint32_t n, left_out;            /* container instances kept; tasks of instances beyond the bound, and what the
					    caller could not read: pages, ids */
	uint32_t tasks;                  /* tasks of the release seen */
	struct { uint64_t instance; bool failed, well; } node[ECS_QUORUM_NODES];
	char task[ECS_QUORUM_TASK];
};
/* of and a are borrowed. Then for each answer: answer, feed..., fed; at last the event. */
void ecs_quorum_begin(struct ecs_quorum *q, const struct ecs_quorum_of *of, struct arena *a);
void ecs_quorum_answer(struct ecs_quorum *q);
enum kerr ecs_quorum_feed(struct ecs_quorum *q, struct slice bytes, struct why *why) KERR_CHECK;
enum kerr ecs_quorum_fed(struct ecs_quorum *q, struct why *why) KERR_CHECK;
/* -> EV_AWS_QUORUM. tried: instances ECS placed a task of the release on; failed: one failed there by its
 * own fault (the reason's class blames the release) and none ran well; ran_well: one did, whatever else happened.
 * False: something was left out and none was seen to run well. Then the event must not be told: "none runs it" would be
 * claimed of nodes nobody looked at, and that alone lets a rollback go on. One that runs it well is enough to know. */
bool ecs_quorum_event(const struct ecs_quorum *q, struct ecs_asked asked, struct event *ev);

#endif
