/* replay_engine.h - what the engine said, from a recording: its events, and the answer it would have given to an
 * inspect at a moment. */
#ifndef KEDGE_RUN_REPLAY_ENGINE_H
#define KEDGE_RUN_REPLAY_ENGINE_H

#include "agent/base/arena.h"
#include "agent/base/limits.h"
#include "agent/run/replay_lines.h"
#include "agent/wire/ev_out.h"
#include "agent/wire/json.h"
#include "agent/wire/prune.h"

#define REPLAY_INSPECTS_MAX 8192         /* recorded inspects. full: the later ones are passed over as bad lines */

/* A snapshot is true from the container's last event before it to the first one after it. */
struct replay_inspect {
	char id[DOCKER_ID_CAP];
	int64_t at_ms, from_ms, until_ms;
	uint64_t offset;
};

struct replay_engine {
	struct replay_lines events, inspects;
	struct arena *arena;
	struct prune prune;
	uint32_t n;
	struct replay_inspect inspect[REPLAY_INSPECTS_MAX];
	char events_buf[ENGINE_LINE_MAX], inspects_buf[ENGINE_LINE_MAX], again[ENGINE_LINE_MAX], whole[ENGINE_LINE_MAX],
	     pruned[ENGINE_LINE_MAX];
};

/* One line of /events through the pruner, as the daemon takes it. *told false: of no interest. */
KERR_CHECK enum kerr replay_engine_event(struct replay_engine *e, struct slice line, struct event *ev, bool *told,
					 struct why *why);

/* Reads e->inspects and, for when each is true, e->events; both must be open or -1, and e->events is at its start
 * again afterwards only when it is opened again. KERR_IO. */
KERR_CHECK enum kerr replay_engine_index(struct replay_engine *e, struct event *ev, struct why *why);

/* The engine's answer for this container at that time: C_LISTED in *ev. KERR_GONE: none was recorded between the
 * two events around it. KERR_BAD_INPUT: the recorded one is none. */
KERR_CHECK enum kerr replay_engine_inspect(struct replay_engine *e, const char *id, int64_t at_ms, struct event *ev,
					   struct why *why);

/* "t" of a recorded line: seconds as a number, within the years 1970 to 9999. */
KERR_CHECK enum kerr replay_stamp(const cJSON *root, int64_t *unix_ms, struct why *why);

#endif
