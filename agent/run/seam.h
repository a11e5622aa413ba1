/* seam.h - the only way to the engine: questions to the gate, which has its socket. Fixed GETs, of each answer only the members
 * on a list. */
#ifndef KEDGE_RUN_SEAM_H
#define KEDGE_RUN_SEAM_H

#include <stdbool.h>

#include "agent/base/limits.h"
#include "agent/base/str.h"
#include "agent/wire/engine_out.h"

struct node;

#define SEAM_QUEUE 320                   /* questions waiting: more than there are containers. full: refuse */

/* body: pruned JSON, or the name of a class for EG_LOGS; borrowed; empty unless the engine answered. err KERR_GONE: it answered 404. */
typedef void seam_fn(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail);

struct seam_job {
	enum engine_get get;
	char arg[IMAGE_CAP];             /* what is asked for: a container's or image's id */
	seam_fn *fn;
};

struct seam {
	struct seam_job queue[SEAM_QUEUE];
	uint32_t head, count;            /* queue[head] is being asked when busy */
	bool busy, stream;               /* stream: asked for, and not ended */
	uint64_t malformed, oversize;    /* as the gate counts; with what this process refuses in malformed_here */
	uint64_t malformed_here;
};

/* One answer after the other, in order. KERR_TOO_BIG: the queue is full; KERR_BAD_INPUT: no such id. */
enum kerr seam_get(struct node *n, enum engine_get get, const char *arg, seam_fn *fn, struct why *why) KERR_CHECK;

/* Opens the event stream (replacing an open one); src_engine.h hears of it. */
enum kerr seam_stream(struct node *n, int64_t since_unix_ms, struct why *why) KERR_CHECK;
void seam_close(struct node *n);

#endif
