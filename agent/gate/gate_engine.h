/* gate_engine.h - the engine's socket: a fixed list of GETs, of each answer the members on a list, of a log one word. */
#ifndef KEDGE_GATE_ENGINE_H
#define KEDGE_GATE_ENGINE_H

#include "agent/base/limits.h"
#include "agent/gate/talk.h"
#include "agent/wire/engine_lines.h"
#include "agent/wire/last_words.h"
#include "agent/wire/prune.h"

struct gate;

struct gate_engine {
	bool busy;                       /* one question is under way: */
	uint32_t asked;                  /* its http id */
	enum engine_get get;
	char arg[IMAGE_CAP];
	bool listening;                  /* to a log */
	uint32_t stream;                 /* http id of /events, HTTP_NONE: none */
	struct prune prune, event_prune;
	size_t got;
	enum kerr failed;
	struct why failed_why;
	struct last_words words;
	struct engine_lines lines;
	uint64_t malformed, told_malformed, told_oversize;
	char life[192];                  /* whether a container lives, when it started and ended */
	char line[ENGINE_LINE_MAX];
	char one[TALK_TAIL_MAX];         /* the pruned event */
};

/* ASK_ENGINE, ASK_STREAM, ASK_STREAM_END. */
void gate_engine_ask(struct gate *g, const struct ask *q, struct answer *a);
/* The worker has ended: what it asked for is of no use to the next one. */
void gate_engine_forget(struct gate *g);

#endif
