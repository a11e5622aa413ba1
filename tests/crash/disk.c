/* The doubles of platform/ that the real journal writes to: a file in memory, a clock that is the site's. */
#include "platform/clock.h"
#include "platform/file.h"
#include "tests/crash/site.h"

#include <string.h>

struct run *alive;
void (*on_write)(struct run *r, struct slice bytes, bool rewrite);

static bool refuses(const struct site *s)
{
	return s->story->full_s != 0 && s->now_ms >= s->zero_ms + s->story->full_s * 1000 &&
	       s->now_ms < s->zero_ms + s->story->room_s * 1000;
}

enum kerr file_read(const char *path, enum file_flag flag, char *buf, size_t cap, size_t *len, struct why *why)
{
	struct disk *d = &alive->s.disk;

	(void)flag;
	*len = 0;
	if (!d->there)
		return why_set(why, KERR_GONE, "open %s: none", path);
	if (d->n > cap)
		return why_set(why, KERR_TOO_BIG, "%s is too long", path);
	memcpy(buf, d->file, d->n);
	*len = d->n;
	return KERR_OK;
}

enum kerr file_append(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	struct disk *d = &alive->s.disk;

	(void)mode;
	if (refuses(&alive->s) || d->n + bytes.n > sizeof(d->file))
		return why_set(why, KERR_NOSPACE, "append to %s: no space", path);
	if (on_write != NULL)
		on_write(alive, bytes, false);
	memcpy(d->file + d->n, bytes.p, bytes.n);
	d->n += bytes.n;
	d->there = true;
	return KERR_OK;
}

enum kerr file_replace(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	struct disk *d = &alive->s.disk;

	(void)mode;
	if (refuses(&alive->s) || bytes.n > sizeof(d->file))
		return why_set(why, KERR_NOSPACE, "write %s: no space", path);
	if (on_write != NULL)
		on_write(alive, bytes, true);
	memcpy(d->file, bytes.p, bytes.n);
	d->n = bytes.n;
	d->there = true;
	return KERR_OK;
}

enum kerr file_truncate(const char *path, uint64_t size_bytes, struct why *why)
{
	if (size_bytes > alive->s.disk.n)
		return why_set(why, KERR_IO, "truncate %s: beyond its end", path);
	alive->s.disk.n = size_bytes;
	return KERR_OK;
}

/* No story has a journal of another version. */
enum kerr file_move(const char *from, const char *to, struct why *why)
{
	return why_set(why, KERR_IO, "move %s to %s", from, to);
}

enum kerr file_identify(const char *path, struct file_ident *out, struct why *why)
{
	if (!alive->s.disk.there)
		return why_set(why, KERR_GONE, "stat %s: none", path);
	*out = (struct file_ident){ .size_bytes = alive->s.disk.n };
	return KERR_OK;
}

enum kerr file_make_dirs(const char *path, mode_t mode, struct why *why)
{
	(void)path;
	(void)mode;
	(void)why;
	return KERR_OK;
}

/* CLOCK_BOOTTIME begins anew with each boot of the host. */
uint64_t clock_boot_ms(void)
{
	return alive->s.now_ms - alive->s.boot_ms;
}

int64_t clock_wall_ms(void)
{
	return SITE_UNIX_MS + (int64_t)alive->s.now_ms;
}

void log_line(struct log *log, enum log_level level, const char *fmt, ...)
{
	(void)log;
	(void)level;
	(void)fmt;
}
