#include "platform/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
	*log = (struct log){ .level = level, .fd = STDERR_FILENO, .sock = -1 };
	log->journal = is_journal(log->fd);
	log->terminal = isatty(log->fd);
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
			text_say(t, "\\x");
			text_hex(t, c, 1);
		}
	}
}

static bool can_write(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

enum kerr log_to(struct log *log, const char *journald, const char *syslog, struct why *why)
{
	log->journald[0] = log->syslog[0] = '\0';
	if (log->sock < 0)
		log->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (slice_of(journald).n + slice_of(syslog).n == 0)
		return KERR_OK;
	if (log->sock < 0)
		return why_set(why, KERR_IO, "a socket for the log: %s", strerror(errno));
	if (!str_put(log->journald, sizeof(log->journald), slice_of(journald)) ||
	    !str_put(log->syslog, sizeof(log->syslog), slice_of(syslog)))
		return why_set(why, KERR_TOO_BIG, "the path of a log's socket is longer than %d bytes", LOG_PATH_MAX - 1);
	return KERR_OK;
}

void log_close(struct log *log)
{
	if (log->sock >= 0)
		close(log->sock);
	log->sock = -1;
}

/* The address is looked up each time: whoever listened there may have started anew. */
static bool send_to(struct log *log, const char *path, struct slice datagram)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	_Static_assert(sizeof(to.sun_path) >= LOG_PATH_MAX, "room for a path");
	memcpy(to.sun_path, path, strlen(path) + 1);
	return sendto(log->sock, datagram.p, datagram.n, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)(const void *)&to,
		      sizeof(to)) == (ssize_t)datagram.n;
}

static bool to_journald(struct log *log, enum log_level level, const char *fields, struct slice line)
{
	char datagram[LOG_FIELDS_MAX + LOG_LINE_MAX + 64];
	struct text t = text_on(datagram, sizeof(datagram));

	if (log->journald[0] == '\0')
		return false;
	text_say(&t, "SYSLOG_IDENTIFIER=kedge\nPRIORITY=");
	text_c(&t, priority_digit(level));
	text_say(&t, "\nMESSAGE=");
	text_slice(&t, line);
	text_c(&t, '\n');
	if (slice_of(fields).n < LOG_FIELDS_MAX)
		text_s(&t, fields);
	if (send_to(log, log->journald, text_get(&t)))
		return true;
	log->lost++;
	return false;
}

/* Facility 3: a system daemon. The time is the daemon's to add: its clock is the one of the whole log. */
static void to_syslog(struct log *log, enum log_level level, struct slice line)
{
	char datagram[LOG_LINE_MAX + 64];
	struct text t = text_on(datagram, sizeof(datagram));

	if (log->syslog[0] == '\0')
		return;
	text_c(&t, '<');
	text_u64(&t, 3 * 8 + (uint64_t)(priority_digit(level) - '0'));
	text_say(&t, ">kedge[");
	text_u64(&t, (uint64_t)getpid());
	text_say(&t, "]: ");
	text_slice(&t, line);
	if (!send_to(log, log->syslog, text_get(&t)))
		log->lost++;
}

static void to_stderr(struct log *log, enum log_level level, struct slice line)
{
	char whole[LOG_LINE_MAX + 16];
	struct text t = text_on(whole, sizeof(whole));

	if (log->journal) {
		text_c(&t, '<');
		text_c(&t, priority_digit(level));
		text_c(&t, '>');
	} else {
		text_s(&t, log_level_name(level));
		text_say(&t, ": ");
	}
	text_slice(&t, line);
	text_c(&t, '\n');
	if (!can_write(log->fd) || write(log->fd, whole, t.len) != (ssize_t)t.len)
		log->lost++;
}

static void tell(struct log *log, enum log_level level, const char *fields, struct slice line)
{
	bool taken = to_journald(log, level, fields, line);

	log->told++;
	to_syslog(log, level, line);
	if (!taken || !log->journal)
		to_stderr(log, level, line);
}

static bool power_of_ten(uint64_t n)
{
	while (n % 10 == 0)
		n /= 10;
	return n == 1;
}

/* A flood of one line is one line, and now and then how often it came. */
static bool folded(struct log *log, enum log_level level, struct slice line)
{
	uint64_t hash = slice_hash(line);
	char buf[64];
	struct text t = text_on(buf, sizeof(buf));

	if (hash != log->last) {
		log->last = hash;
		log->again = 0;
		return false;
	}
	log->again++;
	text_say(&t, "the line before came ");
	text_u64(&t, log->again);
	text_packed(&t, log->again == 1 ? PACKED(" time more") : PACKED(" times more"));
	if (power_of_ten(log->again))
		tell(log, level, "", text_get(&t));
	return true;
}

/* Escaped, and cut where it does not fit. */
static void put_line(struct log *log, enum log_level level, const char *fields, const char *raw, bool cut)
{
	char line[LOG_LINE_MAX - 16];
	struct text t = text_on(line, sizeof(line) - 3); /* room for "..." */

	put_escaped(&t, raw);
	cut = cut || t.full;
	log->cut += cut;
	t.full = false;
	t.cap = sizeof(line);
	text_s(&t, cut ? "..." : "");
	if (!folded(log, level, text_get(&t)))
		tell(log, level, fields, text_get(&t));
}

void (log_line)(struct log *log, enum log_level level, const char *fmt, ...)
{
	char raw[LOG_LINE_MAX], buf[PACKED_MAX];
	bool cut;
	va_list ap;

	if (level > log->level)
		return;
	va_start(ap, fmt);
	cut = vsnprintf(raw, sizeof(raw), packed_format(buf, fmt), ap) >= (int)sizeof(raw);
	va_end(ap);
	put_line(log, level, "", raw, cut);
}

void log_event(struct log *log, enum log_level level, const char *fields, const char *text)
{
	if (level <= log->level)
		put_line(log, level, fields, text, false);
}
