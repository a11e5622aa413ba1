/* log.h - one line a fact, to stderr. The journal adds time and name itself; a terminal needs neither. */
#ifndef KEDGE_PLATFORM_LOG_H
#define KEDGE_PLATFORM_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/str.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVELS
};

enum { LOG_LINE_MAX = 1024 }; /* bytes of one line with its prefix and newline */

struct log {
	enum log_level level;   /* lines above it are not written; change it at any time */
	bool journal;           /* stderr is the journal: "<N>" priority prefix (sd-daemon(3)) */
	int fd;
	uint64_t cut;           /* lines that were longer than LOG_LINE_MAX, ended with "..." */
	uint64_t lost;          /* lines that could not be written without waiting */
};

/* Looks whether stderr is the journal: JOURNAL_STREAM names its device:inode (systemd.exec(5)). */
void log_init(struct log *log, enum log_level level);

/* "error" "warn" "info" "debug"; false on anything else. */
bool log_level_parse(struct slice name, enum log_level *level);
const char *log_level_name(enum log_level level);

/* Writes one line. Control bytes of the formatted text, newlines too, come out as \n, \t or \xNN.
 * Never waits: a reader that stands still costs the line (counted). */
void log_line(struct log *log, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
