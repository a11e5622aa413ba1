#include "agent/run/replay_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/file.h"

static enum kerr only_regular(struct replay_lines *l, struct why *why)
{
	struct stat st;

	if (fstat(l->fd, &st) != 0)
		return file_errno(errno, "read", l->path, why);
	if (S_ISREG(st.st_mode))
		return KERR_OK;
	return why_set(why, KERR_BAD_INPUT, "%s is %s", l->path,
		       S_ISDIR(st.st_mode) ? "a directory (for one: --dir DIR)" : "no regular file");
}

enum kerr replay_lines_open(struct replay_lines *l, const char *dir, const char *name, char *buf, size_t cap_bytes,
			    struct why *why)
{
	struct text path = text_on(l->path, sizeof(l->path));
	enum kerr err;

	text_s(&path, dir);
	if (name != NULL) {
		text_c(&path, '/');
		text_s(&path, name);
	}
	l->buf = buf;
	l->cap = cap_bytes;
	l->at = l->len = 0;
	l->line = l->bad = l->offset = l->next_offset = 0;
	l->ended = l->quiet = false;
	l->fd = -1;
	if (path.full)
		return why_set(why, KERR_TOO_BIG, "the path is longer than %d bytes", REPLAY_PATH_CAP - 1);
	/* not waiting for a writer, should it be a pipe */
	l->fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (l->fd < 0)
		return file_errno(errno, "open", l->path, why);
	err = only_regular(l, why);
	if (err != KERR_OK)
		replay_lines_close(l);
	return err;
}

void replay_lines_close(struct replay_lines *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Moves what is left to the front and reads behind it. */
static enum kerr more(struct replay_lines *l, struct why *why)
{
	ssize_t n;

	memmove(l->buf, l->buf + l->at, l->len);
	l->at = 0;
	do
		n = read(l->fd, l->buf + l->len, l->cap - l->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return file_errno(errno, "read", l->path, why);
	l->ended = n == 0;
	l->len += (size_t)n;
	return KERR_OK;
}

static void take(struct replay_lines *l, size_t n_bytes)
{
	l->at += n_bytes;
	l->len -= n_bytes;
	l->next_offset += n_bytes;
}

/* The rest of a line that the buffer cannot hold. */
static enum kerr skip(struct replay_lines *l, struct why *why)
{
	enum kerr err = KERR_OK;

	while (err == KERR_OK) {
		const char *end = memchr(l->buf + l->at, '\n', l->len);

		take(l, end != NULL ? (size_t)(end - (l->buf + l->at)) + 1 : l->len);
		if (end != NULL || l->ended)
			return KERR_OK;
		err = more(l, why);
	}
	return err;
}

static enum kerr one(struct replay_lines *l, struct slice *line, struct why *why)
{
	enum kerr err = KERR_OK;
	const char *end;
	size_t n;

	while ((end = memchr(l->buf + l->at, '\n', l->len)) == NULL && !l->ended && l->len < l->cap && err == KERR_OK)
		err = more(l, why);
	if (err != KERR_OK)
		return err;
	if (end == NULL && l->ended && l->len == 0)
		return KERR_GONE;
	l->line++;
	l->offset = l->next_offset;
	if (end == NULL && !l->ended) {
		replay_lines_bad(l, "it is longer than any line kedge reads");
		*line = (struct slice){ NULL, 0 };
		return skip(l, why);
	}
	n = end != NULL ? (size_t)(end - (l->buf + l->at)) : l->len;
	*line = slice_trim((struct slice){ l->buf + l->at, n });
	take(l, end != NULL ? n + 1 : n);
	return KERR_OK;
}

enum kerr replay_lines_next(struct replay_lines *l, struct slice *line, struct why *why)
{
	enum kerr err;

	do
		err = one(l, line, why);
	while (err == KERR_OK && line->n == 0);
	return err;
}

void replay_lines_bad(struct replay_lines *l, const char *what)
{
	if (!l->quiet && l->bad++ < REPLAY_BAD_SHOWN)
		fprintf(stderr, "kedge: %s:%" PRIu64 ": passed over: %s\n", l->path, l->line, what);
}

enum kerr replay_lines_again(const struct replay_lines *l, uint64_t offset, char *buf, size_t cap_bytes,
			     struct slice *line, struct why *why)
{
	size_t len = 0;

	while (len < cap_bytes && memchr(buf, '\n', len) == NULL) {
		ssize_t n = pread(l->fd, buf + len, cap_bytes - len, (off_t)(offset + len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return file_errno(errno, "read", l->path, why);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*line = slice_to((struct slice){ buf, len }, slice_find((struct slice){ buf, len }, "\n"));
	return KERR_OK;
}
