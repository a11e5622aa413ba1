/* tail.h - follows a log that others write and rotate, by inode: the renamed file is read to its end,
 * then the new one from its start. A file that is not there (yet) is a normal state. */
#ifndef KEDGE_PLATFORM_TAIL_H
#define KEDGE_PLATFORM_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

enum { TAIL_PATH_MAX = 256, TAIL_LINE_MAX = 64 * 1024, TAIL_NEEDLES_MAX = 24,
       TAIL_PAUSE_MS = 25 /* of a stream of writes: they may gather so long */, TAIL_LOOK_MS = 2000 };

/* Without its newline; borrowed until the return. */
typedef void tail_line_fn(void *arg, struct slice line);

struct tail_place {             /* where reading goes on: keep it over a restart */
	uint64_t dev, inode, offset;
};

struct tail_counters {
	uint64_t lines;         /* whole lines seen, dropped ones too */
	uint64_t passed;        /* of these, handed to on_line */
	uint64_t bytes;
	uint64_t oversize;      /* lines longer than TAIL_LINE_MAX, skipped whole */
	uint64_t rotations, truncations;
	uint64_t lost;          /* times a file vanished with bytes or whole files unread: a gap */
};

struct tail {
	char path[TAIL_PATH_MAX];
	int fd;                 /* the file being read; -1: none now */
	int wait_fd;            /* epoll of the two below: what the loop watches */
	int notify_fd;          /* inotify; -1: not available, the timer looks every TAIL_LOOK_MS */
	int timer_fd;
	int dir_wd, file_wd;    /* -1: not watched */
	bool dir_exact;         /* dir_wd is the directory itself, not one above that exists already */
	uint64_t heard_ms;      /* when bytes came last, clock_boot_ms */
	struct tail_place at;
	struct tail_counters count;
	const char *needle[TAIL_NEEDLES_MAX]; /* a line needs one of them; none set: all lines pass */
	size_t needle_count;
	uint64_t pairs[16];     /* which first two bytes (hashed) a needle may have */
	size_t held;            /* bytes of an unfinished line in buf */
	uint64_t skipped;       /* bytes of an oversize line passed over so far */
	bool skipping;          /* in the middle of a line nobody gets: oversize, or torn at the start */
	char buf[TAIL_LINE_MAX];
};

/* Starts following path, which need not exist. from == NULL: begins at the first line start within
 * the last last_bytes of it; else there, if the file, or a rotated one beside it, is still the same
 * (otherwise counts a gap in lost and starts with the oldest byte of the present file).
 * KERR_TOO_BIG: path too long. tail_close gives the descriptors back. */
KERR_CHECK enum kerr tail_open(struct tail *t, const char *path, uint64_t last_bytes,
			       const struct tail_place *from, struct why *why);
void tail_close(struct tail *t);

/* Only lines that contain one of the needles (borrowed, static) are handed on: cheap, before any
 * parsing. KERR_TOO_BIG past TAIL_NEEDLES_MAX, KERR_BAD_INPUT below 2 bytes. */
KERR_CHECK enum kerr tail_needle(struct tail *t, const char *needle, struct why *why);

/* To be watched for POLLIN by the loop, all the time: when it is readable, call tail_read. It wakes for
 * changes of this file and this directory only, at most every TAIL_PAUSE_MS however fast the writer is;
 * without inotify every TAIL_LOOK_MS. */
int tail_fd(const struct tail *t);

/* Reads about max_bytes at most, eight times as much where no line is handed on. *more: there is more (tail_fd stays
 * readable). KERR_GONE: the file is not there at the moment (not a fault; it is looked for at each call). KERR_DENIED, KERR_IO. */
KERR_CHECK enum kerr tail_read(struct tail *t, tail_line_fn *on_line, void *arg, size_t max_bytes,
			       bool *more, struct why *why);

/* The place after the last whole line handed on. */
struct tail_place tail_place(const struct tail *t);

#endif
