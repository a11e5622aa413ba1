/* seam.h - the only way to the engine: fixed GETs, of each answer only the members on a list. What is asked
 * and what comes back can be served by another process without any caller noticing. */
#ifndef KEDGE_RUN_SEAM_H
#define KEDGE_RUN_SEAM_H

#include "agent/base/limits.h"
#include "agent/wire/engine_lines.h"
#include "agent/wire/engine_out.h"
#include "agent/wire/last_words.h"
#include "agent/wire/prune.h"
#include "platform/http.h"

struct node;

#define SEAM_QUEUE 320                   /* questions waiting: more than there are containers. full: refuse */

/* body: pruned JSON, or the name of a class for EG_LOGS; borrowed; empty unless status is 200. err KERR_GONE: the engine answered 404. */
typedef void seam_fn(struct node *n, enum kerr err, const char *key, struct slice body, const char *detail);

struct seam_job {
	enum engine_get get;
	char arg[IMAGE_CAP];             /* what is asked for: a container's or image's id */
	seam_fn *fn;
};

struct seam {
	struct seam_job queue[SEAM_QUEUE];
	uint32_t head, count;            /* queue[head] is being asked when busy */
	bool busy, connected;
	uint32_t stream;                 /* http id of /events, HTTP_NONE: none */
	struct prune prune, event_prune;
	size_t got;
	enum kerr failed;
	struct why failed_why;
	struct last_words words;
	struct engine_lines lines;
	uint64_t malformed;
	char body[ANSWER_MAX];           /* the pruned answer */
	char line[ENGINE_LINE_MAX];
	char one[ENGINE_LINE_MAX];       /* the pruned event */
};

/* One answer after the other, in order. KERR_TOO_BIG: the queue is full; KERR_BAD_INPUT: no such id. */
enum kerr seam_get(struct node *n, enum engine_get get, const char *arg, seam_fn *fn, struct why *why) KERR_CHECK;

/* Opens the event stream (replacing an open one). on_open: the engine has begun; on_line: one pruned event;
 * on_end: it is over, with the reason. */
enum kerr seam_stream(struct node *n, int64_t since_unix_ms, struct why *why) KERR_CHECK;
void seam_close(struct node *n);

#endif
