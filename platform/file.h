/* file.h - whole files, bounded and durable. Every why names the path.
 * Errors of all: KERR_GONE (no such file or directory), KERR_DENIED (mode), KERR_NOSPACE (disk, quota
 * or inodes used up, read-only file system), KERR_IO (the rest). */
#ifndef KEDGE_PLATFORM_FILE_H
#define KEDGE_PLATFORM_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

enum file_flag {
	FILE_REGULAR = 0,       /* anything but a regular file: KERR_BAD_INPUT (symbolic links are followed) */
	FILE_ANY_KIND = 1       /* /proc, devices, pipes; never waits for bytes */
};

struct file_space {
	uint64_t free_bytes, total_bytes;       /* free: what a non-root user may still write */
	uint64_t free_inodes, total_inodes;     /* total 0: the file system has no such limit */
};

struct file_ident {
	uint64_t dev, inode, size_bytes;
	int64_t mtime_unix_s;
	uint32_t mode;                          /* permission bits */
	uint32_t uid, gid;
};

/* Reads all of path into buf[cap], not NUL-terminated. KERR_TOO_BIG when it is longer than cap. */
KERR_CHECK enum kerr file_read(const char *path, enum file_flag flag, char *buf, size_t cap, size_t *len,
			       struct why *why);

/* The new bytes or, after any failure or loss of power, the old ones: a temporary file beside it
 * (PATH.tmp), fsync, rename, fsync of the directory. mode: permissions of the new file. */
KERR_CHECK enum kerr file_replace(const char *path, struct slice bytes, mode_t mode, struct why *why);

/* The same for a file that must not be there yet: one that is stays as it is, and this fails. */
KERR_CHECK enum kerr file_create(const char *path, struct slice bytes, mode_t mode, struct why *why);

/* The same without the two fsyncs: for files in /run that nobody needs after a loss of power. */
KERR_CHECK enum kerr file_replace_volatile(const char *path, struct slice bytes, mode_t mode,
					   struct why *why);

/* Adds bytes at the end (creating the file with mode) and returns when they are on the disk
 * (fdatasync). After a failure the file is as it was: cut back, or not there. */
KERR_CHECK enum kerr file_append(const char *path, struct slice bytes, mode_t mode, struct why *why);

/* Cuts the file to size_bytes, durably. */
KERR_CHECK enum kerr file_truncate(const char *path, uint64_t size_bytes, struct why *why);

/* Makes path and what is missing above it with mode; one that is there is fine. KERR_BAD_INPUT when
 * something on the way is no directory. */
KERR_CHECK enum kerr file_make_dirs(const char *path, mode_t mode, struct why *why);

/* Gives it another name, durably; a file that has that name already stays as it is, and this fails. */
KERR_CHECK enum kerr file_move(const char *from, const char *to, struct why *why);

/* KERR_OK also when there was nothing to remove. */
KERR_CHECK enum kerr file_remove(const char *path, struct why *why);

KERR_CHECK enum kerr file_space(const char *path, struct file_space *out, struct why *why);
KERR_CHECK enum kerr file_identify(const char *path, struct file_ident *out, struct why *why);

/* For other parts of platform/: errno as a kind, with "verb path: reason" in why. */
enum kerr file_errno(int err, const char *verb, const char *path, struct why *why);

#endif
