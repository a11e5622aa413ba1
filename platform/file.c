#include "platform/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PATH_CAP = 1024 };

enum kerr file_errno(int err, const char *verb, const char *path, struct why *why)
{
	enum kerr kind = KERR_IO;
	const char *text = strerror(err);

	if (err == ENOENT || err == ENOTDIR)
		kind = KERR_GONE;
	else if (err == EACCES || err == EPERM)
		kind = KERR_DENIED;
	else if (err == ENOSPC || err == EDQUOT || err == EROFS || err == EFBIG)
		kind = KERR_NOSPACE;
	return why_set(why, kind, "%s %s: %s", verb, path, text);
}

static enum kerr failed(const char *verb, const char *path, struct why *why)
{
	return file_errno(errno, verb, path, why);
}

/* read(2) and write(2) to the end, through interruptions. -1 with errno, else bytes moved. */
static ssize_t read_all(int fd, char *buf, size_t cap)
{
	size_t n = 0;

	while (n < cap) {
		ssize_t got = read(fd, buf + n, cap - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static bool write_all(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		ssize_t put = write(fd, bytes.p, bytes.n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			errno = put == 0 ? ENOSPC : errno;
			return false;
		}
		bytes = slice_from(bytes, (size_t)put);
	}
	return true;
}

static enum kerr read_open(int fd, const char *path, enum file_flag flag, char *buf, size_t cap, size_t *len,
			   struct why *why)
{
	struct stat st;
	ssize_t n;
	char beyond;

	if (fstat(fd, &st) != 0)
		return failed("stat", path, why);
	if (flag == FILE_REGULAR && !S_ISREG(st.st_mode))
		return why_set(why, KERR_BAD_INPUT, "%s is not a regular file", path);
	n = read_all(fd, buf, cap);
	if (n < 0)
		return failed("read", path, why);
	/* the size of a /proc file is 0: only reading tells whether there is more */
	if ((size_t)n == cap && read_all(fd, &beyond, 1) != 0)
		return why_set(why, KERR_TOO_BIG, "%s is longer than %zu bytes", path, cap);
	*len = (size_t)n;
	return KERR_OK;
}

enum kerr file_read(const char *path, enum file_flag flag, char *buf, size_t cap, size_t *len, struct why *why)
{
	/* O_NONBLOCK: a fifo in the place of a file must not hold us */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum kerr err;

	*len = 0;
	if (fd < 0)
		return failed("open", path, why);
	err = read_open(fd, path, flag, buf, cap, len, why);
	close(fd);
	return err;
}

static enum kerr dir_of(const char *path, char dir[PATH_CAP], struct why *why)
{
	size_t slash = slice_rfind(slice_of(path), "/");
	struct slice part = slash == SIZE_MAX ? SLICE(".") : slice_to(slice_of(path), slash == 0 ? 1 : slash);

	if (!str_put(dir, PATH_CAP, part))
		return why_set(why, KERR_TOO_BIG, "the path %.60s... is too long", path);
	return KERR_OK;
}

/* A new or renamed name is only on the disk when its directory is. */
static enum kerr sync_dir_of(const char *path, struct why *why)
{
	char dir[PATH_CAP];
	enum kerr err = dir_of(path, dir, why);
	int fd;

	if (err != KERR_OK)
		return err;
	fd = open(dir, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	if (fd < 0)
		return failed("open", dir, why);
	/* EINVAL: a file system that cannot sync directories does it by itself */
	if (fsync(fd) != 0 && errno != EINVAL)
		err = failed("sync", dir, why);
	close(fd);
	return err;
}

static enum kerr write_new(const char *path, struct slice bytes, mode_t mode, bool durable, struct why *why)
{
	/* a leftover or planted name is removed, never opened or followed */
	int fd = unlink(path) == 0 || errno == ENOENT
		? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode) : -1;
	enum kerr err = KERR_OK;

	if (fd < 0)
		return failed("create", path, why);
	if (fchmod(fd, mode) != 0)
		err = failed("chmod", path, why);
	else if (!write_all(fd, bytes))
		err = failed("write", path, why);
	else if (durable && fsync(fd) != 0)
		err = failed("sync", path, why);
	if (close(fd) != 0 && err == KERR_OK)
		err = failed("close", path, why);
	if (err != KERR_OK)
		(void)unlink(path);
	return err;
}

enum put { PUT_DURABLE, PUT_VOLATILE, PUT_NEW };

/* A link, unlike a rename, takes no other file's place. */
static bool into_place(const char *temp, const char *path, enum put how)
{
	return how == PUT_NEW ? link(temp, path) == 0 && unlink(temp) == 0 : rename(temp, path) == 0;
}

static enum kerr replace(const char *path, struct slice bytes, mode_t mode, enum put how, struct why *why)
{
	char temp[PATH_CAP];
	struct text t = text_on(temp, sizeof(temp));
	enum kerr err;

	text_s(&t, path);
	text_say(&t, ".tmp");
	if (t.full)
		return why_set(why, KERR_TOO_BIG, "the path %.60s... is too long", path);
	err = write_new(temp, bytes, mode, how != PUT_VOLATILE, why);
	if (err != KERR_OK)
		return err;
	if (!into_place(temp, path, how)) {
		err = failed(how == PUT_NEW ? "create" : "rename to", path, why);
		(void)unlink(temp);
		return err;
	}
	return how != PUT_VOLATILE ? sync_dir_of(path, why) : KERR_OK;
}

enum kerr file_replace(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	return replace(path, bytes, mode, PUT_DURABLE, why);
}

enum kerr file_create(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	return replace(path, bytes, mode, PUT_NEW, why);
}

enum kerr file_replace_volatile(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	return replace(path, bytes, mode, PUT_VOLATILE, why);
}

enum kerr file_move(const char *from, const char *to, struct why *why)
{
	return into_place(from, to, PUT_NEW) ? sync_dir_of(to, why) : failed("rename to", to, why);
}

static enum kerr append_open(int fd, const char *path, struct slice bytes, struct why *why)
{
	struct stat st;
	enum kerr err;

	if (fstat(fd, &st) != 0)
		return failed("stat", path, why);
	if (!S_ISREG(st.st_mode))
		return why_set(why, KERR_BAD_INPUT, "%s is not a regular file", path);
	if (write_all(fd, bytes) && fdatasync(fd) == 0)
		return KERR_OK;
	err = failed("append to", path, why);
	if (ftruncate(fd, st.st_size) != 0)
		return failed("cut back", path, why);
	return err;
}

enum kerr file_append(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
	bool made = fd < 0 && errno == ENOENT;
	enum kerr err;

	if (made)
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, mode);
	if (fd < 0)
		return failed("open", path, why);
	/* the name first: once the bytes are there nothing may fail any more, or they would be added again */
	err = made ? sync_dir_of(path, why) : KERR_OK;
	if (err == KERR_OK)
		err = append_open(fd, path, bytes, why);
	close(fd);
	if (err != KERR_OK && made)
		(void)unlink(path);
	return err;
}

enum kerr file_truncate(const char *path, uint64_t size_bytes, struct why *why)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	enum kerr err = KERR_OK;

	if (fd < 0)
		return failed("open", path, why);
	if (ftruncate(fd, (off_t)size_bytes) != 0)
		err = failed("truncate", path, why);
	else if (fsync(fd) != 0)
		err = failed("sync", path, why);
	close(fd);
	return err;
}

static enum kerr make_dir(const char *path, mode_t mode, struct why *why)
{
	struct stat st;
	int err;

	if (mkdir(path, mode) == 0)
		return KERR_OK;
	err = errno;
	if (stat(path, &st) != 0)
		return file_errno(err, "make directory", path, why);
	if (!S_ISDIR(st.st_mode))
		return why_set(why, KERR_BAD_INPUT, "%s is not a directory", path);
	return KERR_OK;
}

enum kerr file_make_dirs(const char *path, mode_t mode, struct why *why)
{
	char part[PATH_CAP];
	struct slice all = slice_of(path);

	if (all.n == 0 || all.n >= sizeof(part))
		return why_set(why, KERR_TOO_BIG, "a directory path of %zu bytes", all.n);
	for (size_t i = 1; i <= all.n; i++) {
		enum kerr err;

		if (i < all.n && all.p[i] != '/')
			continue;
		(void)str_put(part, sizeof(part), slice_to(all, i));
		err = make_dir(part, mode, why);
		if (err != KERR_OK)
			return err;
	}
	return KERR_OK;
}

enum kerr file_remove(const char *path, struct why *why)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return KERR_OK;
	return failed("remove", path, why);
}

enum kerr file_space(const char *path, struct file_space *out, struct why *why)
{
	struct statvfs v;

	*out = (struct file_space){ 0 };
	if (statvfs(path, &v) != 0)
		return failed("statvfs", path, why);
	*out = (struct file_space){
		.free_bytes = (uint64_t)v.f_bavail * v.f_frsize,
		.total_bytes = (uint64_t)v.f_blocks * v.f_frsize,
		.free_inodes = v.f_favail,
		.total_inodes = v.f_files,
	};
	return KERR_OK;
}

enum kerr file_identify(const char *path, struct file_ident *out, struct why *why)
{
	struct stat st;

	*out = (struct file_ident){ 0 };
	if (stat(path, &st) != 0)
		return failed("stat", path, why);
	*out = (struct file_ident){
		.dev = (uint64_t)st.st_dev,
		.inode = (uint64_t)st.st_ino,
		.size_bytes = (uint64_t)st.st_size,
		.mtime_unix_s = (int64_t)st.st_mtime,
		.mode = (uint32_t)(st.st_mode & 07777),
		.uid = (uint32_t)st.st_uid,
		.gid = (uint32_t)st.st_gid,
	};
	return KERR_OK;
}
