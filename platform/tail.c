#include "platform/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/file.h"
#include "platform/tail_find.h"

enum { READ_CHUNK = 16 * 1024, FAULT_LOOK_MS = 30000, AGAIN_MS = 1, UNWANTED_TIMES = 8 };

/* ---- waking ---- */

static void set_timer(struct tail *t, long ms)
{
	struct itimerspec its = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 } };

	(void)timerfd_settime(t->timer_fd, 0, &its, NULL);
}

static void hear_notify(struct tail *t, bool on)
{
	struct epoll_event ev = { .events = on ? EPOLLIN : 0 };

	if (t->notify_fd >= 0)
		(void)epoll_ctl(t->wait_fd, EPOLL_CTL_MOD, t->notify_fd, &ev);
}

/* Under a stream of writes the news are muted for a while and read in one go; a line alone costs one wake-up.
 * turned: another file is read than before, so its neighbours are looked at once more. */
static void arm(struct tail *t, bool again_at_once, bool got_bytes, bool turned, bool fault)
{
	long quiet_ms = t->notify_fd < 0 ? TAIL_LOOK_MS : fault ? FAULT_LOOK_MS : 0;
	uint64_t now = clock_boot_ms();
	bool stream = turned || (got_bytes && now - t->heard_ms <= TAIL_PAUSE_MS);

	if (got_bytes)
		t->heard_ms = now;
	if (!again_at_once)
		hear_notify(t, !stream);
	set_timer(t, again_at_once ? AGAIN_MS : stream ? TAIL_PAUSE_MS : quiet_ms);
}

static enum kerr open_waiting(struct tail *t, struct why *why)
{
	struct epoll_event ev = { .events = EPOLLIN };

	t->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	t->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (t->wait_fd < 0 || t->timer_fd < 0 || epoll_ctl(t->wait_fd, EPOLL_CTL_ADD, t->timer_fd, &ev) != 0)
		return file_errno(errno, "wait for", t->path, why);
	/* none: too many instances of this user, or a kernel without; the timer looks instead */
	t->notify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (t->notify_fd >= 0 && epoll_ctl(t->wait_fd, EPOLL_CTL_ADD, t->notify_fd, &ev) != 0)
		return file_errno(errno, "wait for", t->path, why);
	return KERR_OK;
}

/* The directory, or the nearest one above it that is there: it is enough to hear of a mkdir. */
static void watch_dir(struct tail *t)
{
	const uint32_t news = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR;
	char dir[TAIL_PATH_MAX];
	int old = t->dir_wd;

	if (t->notify_fd < 0 || (t->dir_wd >= 0 && t->dir_exact))
		return;
	tail_find_dir(t->path, dir);
	t->dir_exact = true;
	for (t->dir_wd = inotify_add_watch(t->notify_fd, dir, news); t->dir_wd < 0;
	     t->dir_wd = inotify_add_watch(t->notify_fd, dir, news)) {
		t->dir_exact = false;
		if (str_eq(dir, "/") || str_eq(dir, "."))
			return;
		tail_find_dir(dir, dir);
	}
	if (old >= 0 && old != t->dir_wd)
		(void)inotify_rm_watch(t->notify_fd, old);
}

static void watch_file(struct tail *t)
{
	char link[40];
	struct text w = text_on(link, sizeof(link));

	if (t->notify_fd < 0 || t->fd < 0)
		return;
	/* by descriptor: the path may be another file already */
	text_say(&w, "/proc/self/fd/");
	text_u64(&w, (uint64_t)t->fd);
	t->file_wd = inotify_add_watch(t->notify_fd, link, IN_MODIFY);
	if (t->file_wd < 0)
		t->file_wd = inotify_add_watch(t->notify_fd, t->path, IN_MODIFY);
}

static void unwatch_file(struct tail *t)
{
	if (t->file_wd >= 0)
		(void)inotify_rm_watch(t->notify_fd, t->file_wd);
	t->file_wd = -1;
}

static void take_news(struct tail *t)
{
	_Alignas(struct inotify_event) char buf[2048];
	uint64_t expired;
	ssize_t n;

	(void)!read(t->timer_fd, &expired, sizeof(expired));
	while (t->notify_fd >= 0 && (n = read(t->notify_fd, buf, sizeof(buf))) > 0) {
		for (size_t at = 0; at < (size_t)n;) {
			const struct inotify_event *ev = (const void *)(buf + at);

			/* the directory went away: look for it anew */
			if (ev->wd == t->dir_wd && (ev->mask & (IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF)) != 0)
				t->dir_wd = -1;
			at += sizeof(*ev) + ev->len;
		}
	}
}

/* ---- lines ---- */

static unsigned pair_of(char a, char b)
{
	return ((unsigned char)a * 33u + (unsigned char)b) & 1023u;
}

static bool needle_at(const struct tail *t, struct slice rest)
{
	for (size_t k = 0; k < t->needle_count; k++)
		if (t->needle[k][0] == rest.p[0] && slice_starts(rest, t->needle[k]))   /* of so many hardly one: not worth a call each */
			return true;
	return false;
}

/* One pass for all needles: the bit of two bytes rules nearly every position out. */
static bool wanted(const struct tail *t, struct slice line)
{
	if (t->needle_count == 0)
		return true;
	for (size_t i = 0; i + 1 < line.n; i++) {
		unsigned pair = pair_of(line.p[i], line.p[i + 1]);

		if ((t->pairs[pair / 64] >> pair % 64 & 1) != 0 && needle_at(t, slice_from(line, i)))
			return true;
	}
	return false;
}

static void give_line(struct tail *t, struct slice line, tail_line_fn *on_line, void *arg)
{
	t->count.lines++;
	if (!wanted(t, line))
		return;
	t->count.passed++;
	on_line(arg, line);
}

/* Hands on the whole lines of buf[0..held+got) and keeps the rest at its front. */
static void split(struct tail *t, size_t got, tail_line_fn *on_line, void *arg)
{
	size_t end = t->held + got, begin = 0, from = t->held;
	const char *nl;

	while ((nl = memchr(t->buf + from, '\n', end - from)) != NULL) {
		size_t next = (size_t)(nl - t->buf) + 1;

		/* a callback that asks for the place gets the one after its line */
		t->at.offset += next - begin;
		if (!t->skipping)
			give_line(t, (struct slice){ t->buf + begin, next - 1 - begin }, on_line, arg);
		t->at.offset += t->skipped;
		t->skipped = 0;
		t->skipping = false;
		begin = from = next;
	}
	t->held = end - begin;
	memmove(t->buf, t->buf + begin, t->held);
	if (t->held < TAIL_LINE_MAX && !t->skipping)
		return;
	t->count.oversize += !t->skipping;
	t->skipping = true;
	t->skipped += t->held;
	t->held = 0;
}

/* ---- files ---- */

static void forget_line(struct tail *t)
{
	t->held = 0;
	t->skipped = 0;
	t->skipping = false;
}

static void use_file(struct tail *t, int fd, const struct stat *st)
{
	unwatch_file(t);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = fd;
	t->at = (struct tail_place){ (uint64_t)st->st_dev, (uint64_t)st->st_ino, 0 };
	forget_line(t);
	watch_file(t);
}

/* -1 with errno. Waits for nothing, not even for a fifo somebody put there. */
static int open_log(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	errno = EISDIR;
	return -1;
}

static enum kerr open_first(struct tail *t, struct why *why)
{
	struct stat st;
	int fd = open_log(t->path, &st);

	if (fd < 0)
		return file_errno(errno, "follow", t->path, why);
	use_file(t, fd, &st);
	return KERR_OK;
}

/* Between the look at the directory and the opening a fast writer may have renamed what was found: a second look must
 * find the very file that was opened. */
static bool still_next(const struct tail *t, const struct stat *opened)
{
	char next[TAIL_PATH_MAX];
	struct stat st;

	return tail_find_next(t->path, t->fd, next) && stat(next, &st) == 0 && st.st_dev == opened->st_dev && st.st_ino == opened->st_ino;
}

/* The present file ended: has it been cut, or is there a newer one? True when reading can go on. */
static bool move_on(struct tail *t, tail_line_fn *on_line, void *arg)
{
	char next[TAIL_PATH_MAX];
	struct stat st;
	int fd;

	if (fstat(t->fd, &st) == 0 && st.st_size < lseek(t->fd, 0, SEEK_CUR)) {
		(void)lseek(t->fd, 0, SEEK_SET);
		t->at.offset = 0;
		forget_line(t);
		t->count.truncations++;
		return true;
	}
	if (!tail_find_next(t->path, t->fd, next))
		return false;
	/* its writer may have added a last line before it was renamed */
	if (fstat(t->fd, &st) == 0 && st.st_size > lseek(t->fd, 0, SEEK_CUR))
		return true;
	fd = open_log(next, &st);
	if (fd < 0)
		return false;
	if (!still_next(t, &st)) {
		close(fd);
		return true;   /* looked for again */
	}
	if (t->held > 0 && !t->skipping)
		give_line(t, (struct slice){ t->buf, t->held }, on_line, arg);
	use_file(t, fd, &st);
	t->count.rotations++;
	return true;
}

/* ---- the public part ---- */

static void start_near_end(struct tail *t, uint64_t last_bytes)
{
	struct stat st;
	uint64_t size, from;

	if (fstat(t->fd, &st) != 0)
		return;
	size = (uint64_t)st.st_size;
	from = size > last_bytes ? size - last_bytes : 0;
	if (from == 0)
		return;
	/* from the byte before, so that a line beginning right here is not taken for a torn one */
	(void)lseek(t->fd, (off_t)(from - 1), SEEK_SET);
	t->at.offset = from - 1;
	t->skipping = true;
}

/* A place is after a newline: an inode number used again by another file hardly has one just there. */
static bool resume(struct tail *t, int fd, const struct stat *st, const struct tail_place *from)
{
	char before = '\n';

	if ((uint64_t)st->st_dev != from->dev || (uint64_t)st->st_ino != from->inode || (uint64_t)st->st_size < from->offset)
		return false;
	if (from->offset > 0 && pread(fd, &before, 1, (off_t)(from->offset - 1)) != 1)
		return false;
	if (before != '\n' || lseek(fd, (off_t)from->offset, SEEK_SET) < 0)
		return false;
	use_file(t, fd, st);
	t->at.offset = from->offset;
	return true;
}

static void start_at_place(struct tail *t, const struct tail_place *from)
{
	char path[TAIL_PATH_MAX];
	struct stat st;
	int fd;

	if (tail_find_inode(t->path, from->dev, from->inode, path)) {
		fd = open_log(path, &st);
		if (fd >= 0 && resume(t, fd, &st, from))
			return;
		if (fd >= 0)
			close(fd);
	}
	t->count.lost++;
}

enum kerr tail_open(struct tail *t, const char *path, uint64_t last_bytes, const struct tail_place *from,
		    struct why *why)
{
	enum kerr err;

	memset(t, 0, offsetof(struct tail, buf));
	t->fd = t->wait_fd = t->notify_fd = t->timer_fd = t->dir_wd = t->file_wd = -1;
	/* room for a rotated name's ending */
	if (slice_of(path).n + 40 >= sizeof(t->path) || !str_put(t->path, sizeof(t->path), slice_of(path)))
		return why_set(why, KERR_TOO_BIG, "the log path %.60s... is too long", path);
	err = open_waiting(t, why);
	if (err != KERR_OK) {
		tail_close(t);
		return err;
	}
	watch_dir(t);
	if (from != NULL)
		start_at_place(t, from);
	if (t->fd < 0 && open_first(t, why) == KERR_OK && from == NULL)
		start_near_end(t, last_bytes);
	arm(t, true, false, false, false);
	return KERR_OK;
}

void tail_close(struct tail *t)
{
	int *const all[] = { &t->fd, &t->notify_fd, &t->timer_fd, &t->wait_fd };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (*all[i] >= 0)
			close(*all[i]);
		*all[i] = -1;
	}
}

enum kerr tail_needle(struct tail *t, const char *needle, struct why *why)
{
	unsigned pair;

	if (slice_of(needle).n < 2)
		return why_set(why, KERR_BAD_INPUT, "a needle of the log needs two bytes");
	if (t->needle_count == TAIL_NEEDLES_MAX)
		return why_set(why, KERR_TOO_BIG, "more than %d needles for %.100s", TAIL_NEEDLES_MAX, t->path);
	pair = pair_of(needle[0], needle[1]);
	t->pairs[pair / 64] |= (uint64_t)1 << pair % 64;
	t->needle[t->needle_count++] = needle;
	return KERR_OK;
}

int tail_fd(const struct tail *t)
{
	return t->wait_fd;
}

/* Reads until the end (!*more), the budget or an error; *got: all bytes of this call. The budget is for what is handed on: where
 * nothing is, a storm of lines would cost more by its turns than by its bytes. */
static enum kerr read_some(struct tail *t, tail_line_fn *on_line, void *arg, size_t max_bytes, size_t *got, bool *more,
			   struct why *why)
{
	const uint64_t passed = t->count.passed;

	for (*more = true; *got < max_bytes || (t->count.passed == passed && *got < UNWANTED_TIMES * max_bytes);) {
		size_t room = TAIL_LINE_MAX - t->held;
		ssize_t n = read(t->fd, t->buf + t->held, room < READ_CHUNK ? room : READ_CHUNK);

		if (n < 0 && errno == EINTR)
			return KERR_OK;
		if (n <= 0 && (n < 0 || !move_on(t, on_line, arg))) {
			*more = false;
			return n == 0 ? KERR_OK : file_errno(errno, "read", t->path, why);
		}
		if (n == 0)
			continue;
		*got += (size_t)n;
		t->count.bytes += (uint64_t)n;
		split(t, (size_t)n, on_line, arg);
	}
	return KERR_OK;
}

enum kerr tail_read(struct tail *t, tail_line_fn *on_line, void *arg, size_t max_bytes, bool *more, struct why *why)
{
	uint64_t before = t->at.inode;
	enum kerr err = KERR_OK;
	size_t got = 0;

	*more = false;
	take_news(t);
	watch_dir(t);
	if (t->fd < 0)
		err = open_first(t, why);
	if (err == KERR_OK)
		err = read_some(t, on_line, arg, max_bytes, &got, more, why);
	/* a file that cannot be opened sends no news when its mode changes */
	arm(t, *more, got > 0, t->at.inode != before, err != KERR_OK && err != KERR_GONE);
	if (err == KERR_OK && got == 0 && access(t->path, F_OK) != 0)
		return file_errno(errno, "follow", t->path, why);
	return err;
}

struct tail_place tail_place(const struct tail *t)
{
	return t->at;
}
