/* replay_lines.h - a recorded file line by line, however long it is, with line numbers for messages. */
#ifndef KEDGE_RUN_REPLAY_LINES_H
#define KEDGE_RUN_REPLAY_LINES_H

#include "agent/base/err.h"
#include "agent/base/str.h"

#define REPLAY_PATH_CAP   1024           /* bytes. longer: refused */
#define REPLAY_BAD_SHOWN  20             /* bad lines named a file. more: only counted */

struct replay_lines {
	char path[REPLAY_PATH_CAP];
	int fd;                          /* -1: not open */
	char *buf;
	size_t cap, at, len;             /* the bytes not handed out yet are buf[at .. at + len) */
	uint64_t line, bad;              /* number of the line handed out last, from 1; lines passed over */
	uint64_t offset;                 /* where in the file that line begins */
	uint64_t next_offset;
	bool ended, quiet;               /* quiet: bad lines are neither named nor counted, as they will be another time */
};

/* dir/name, or dir alone when name is NULL. buf is borrowed; its size bounds a line. Nothing but a regular file:
 * KERR_BAD_INPUT. KERR_GONE, KERR_DENIED, KERR_IO. */
KERR_CHECK enum kerr replay_lines_open(struct replay_lines *l, const char *dir, const char *name, char *buf, size_t cap_bytes,
				       struct why *why);
void replay_lines_close(struct replay_lines *l);

/* The next line that is not empty, without its newline, valid until the next call. KERR_GONE: the file has ended.
 * A line longer than the buffer is passed over as bad. KERR_IO. */
KERR_CHECK enum kerr replay_lines_next(struct replay_lines *l, struct slice *line, struct why *why);

/* Says on stderr that this line is passed over, and why. */
void replay_lines_bad(struct replay_lines *l, const char *what);

/* Reads the line at offset, as handed out before, again into buf[cap], which is not the reader's own. KERR_IO. */
KERR_CHECK enum kerr replay_lines_again(const struct replay_lines *l, uint64_t offset, char *buf, size_t cap_bytes,
					struct slice *line, struct why *why);

#endif
