/* log.h - one line a fact: to stderr, to journald with fields by its own protocol, to syslog. Nothing here waits. */
#ifndef KEDGE_PLATFORM_LOG_H
#define KEDGE_PLATFORM_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVELS
};

enum {
	LOG_LINE_MAX = 1024,    /* bytes of one line with its prefix and newline */
	LOG_FIELDS_MAX = 6144,  /* bytes of the fields beside it; more: the line goes without them */
	LOG_PATH_MAX = 108
};

#define LOG_JOURNALD "/run/systemd/journal/socket"
#define LOG_SYSLOG   "/dev/log"

struct log {
	enum log_level level;   /* lines above it are not written; change it at any time */
	bool journal;           /* stderr is the journal: "<N>" priority prefix (sd-daemon(3)) */
	bool terminal;          /* a person looks at stderr */
	int fd;
	int sock;               /* datagrams to the two below; -1: log_to() was not called */
	char journald[LOG_PATH_MAX], syslog[LOG_PATH_MAX];      /* where their sockets are; empty: not told */
	uint64_t cut;           /* lines that were longer than LOG_LINE_MAX, ended with "..." */
	uint64_t told;          /* lines written at all */
	uint64_t lost;          /* lines that could not be written without waiting, each way that lost it counted */
	uint64_t last;          /* hash of the line before */
	uint64_t again;         /* how often it came again */
};

/* Looks whether stderr is the journal: JOURNAL_STREAM names its device:inode (systemd.exec(5)). Lines go to stderr alone. */
void log_init(struct log *log, enum log_level level);
/* From now on lines go to these sockets too (LOG_JOURNALD, LOG_SYSLOG; NULL or "": not), by systemd.io/JOURNAL_NATIVE_PROTOCOL
 * and RFC 3164. To stderr as well, unless that is the journal and journald took the line. The first call opens the socket, whether
 * one is asked for or not: a later one may come when none can be made any more. KERR_IO: it could not be made. */
KERR_CHECK enum kerr log_to(struct log *log, const char *journald, const char *syslog, struct why *why);
void log_close(struct log *log);

/* "error" "warn" "info" "debug"; false on anything else. */
bool log_level_parse(struct slice name, enum log_level *level);
const char *log_level_name(enum log_level level);

/* Writes one line. Control bytes of the formatted text, newlines too, come out as \n, \t or \xNN. Never waits: a reader that
 * stands still costs the line (counted). Of a line that is as the one before only the count is told, after 1, 10, 100 ... repeats. */
void log_line(struct log *log, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define log_line(log, level, ...) log_line(log, level, PACKED_FORMAT __VA_ARGS__)
/* The same of a finished text, with fields for journald: lines "NAME=value\n", as they are. */
void log_event(struct log *log, enum log_level level, const char *fields, const char *text);

#endif
