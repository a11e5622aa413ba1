#include "platform/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const level_names[] = { "error", "warn", "info", "debug" };
_Static_assert(sizeof(level_names) / sizeof(level_names[0]) == LOG_LEVELS, "a name for each level");

static bool is_journal(int fd)
{
	struct slice rest = slice_of(getenv("JOURNAL_STREAM")), part;
	uint64_t dev, inode;
	struct stat st;

	if (!slice_next(&rest, ':', &part) || !slice_u64(part, &dev) || !slice_u64(rest, &inode))
		return false;
	return fstat(fd, &st) == 0 && (uint64_t)st.st_dev == dev && (uint64_t)st.st_ino == inode;
}

void log_init(struct log *log, enum log_level level)
{
	*log = (struct log){ .level = level, .fd = STDERR_FILENO };
	log->journal = is_journal(log->fd);
}

bool log_level_parse(struct slice name, enum log_level *level)
{
	for (int i = 0; i < LOG_LEVELS; i++) {
		if (!slice_is(name, level_names[i]))
			continue;
		*level = (enum log_level)i;
		return true;
	}
	return false;
}

const char *log_level_name(enum log_level level)
{
	return (unsigned)level < LOG_LEVELS ? level_names[level] : "unknown";
}

/* syslog(3) numbers, as the journal reads them in front of a line */
static char priority_digit(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return '3';
	case LOG_LEVEL_WARN:
		return '4';
	case LOG_LEVEL_INFO:
		return '6';
	case LOG_LEVEL_DEBUG:
	case LOG_LEVELS:
		break;
	}
	return '7';
}

static bool is_control(const unsigned char *c)
{
	/* C1 controls too: 0xc2 0x80..0x9f, a terminal obeys them */
	return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f);
}

static void put_escaped(struct text *t, const char *s)
{
	for (const unsigned char *c = (const unsigned char *)s; *c != '\0'; c++) {
		if (!is_control(c)) {
			text_c(t, (char)*c);
		} else if (*c == '\n' || *c == '\t') {
			text_s(t, *c == '\n' ? "\\n" : "\\t");
		} else {
			c += *c == 0xc2;
			text_s(t, "\\x");
			text_hex(t, c, 1);
		}
	}
}

static bool can_write(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

void log_line(struct log *log, enum log_level level, const char *fmt, ...)
{
	char raw[LOG_LINE_MAX], line[LOG_LINE_MAX];
	struct text t = text_on(line, sizeof(line) - 4); /* room for "..." and the newline */
	bool cut;
	va_list ap;

	if (level > log->level)
		return;
	va_start(ap, fmt);
	cut = vsnprintf(raw, sizeof(raw), fmt, ap) >= (int)sizeof(raw);
	va_end(ap);
	if (log->journal) {
		text_c(&t, '<');
		text_c(&t, priority_digit(level));
		text_c(&t, '>');
	} else {
		text_s(&t, log_level_name(level));
		text_s(&t, ": ");
	}
	put_escaped(&t, raw);
	cut = cut || t.full;
	log->cut += cut;
	t.full = false;
	t.cap = sizeof(line);
	text_s(&t, cut ? "...\n" : "\n");
	if (!can_write(log->fd) || write(log->fd, line, t.len) != (ssize_t)t.len)
		log->lost++;
}
