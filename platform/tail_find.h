/* tail_find.h - which rotated file is which: names and times in one directory (for tail.c). */
#ifndef KEDGE_PLATFORM_TAIL_FIND_H
#define KEDGE_PLATFORM_TAIL_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/tail.h"

/* The directory of path, "." for a bare name. dir may be path itself. */
void tail_find_dir(const char *path, char dir[TAIL_PATH_MAX]);

/* The file whose writing came right after the one open as fd: a rotated one beside path (PATH.x), or
 * path itself. False when path is still fd's file, or nothing newer is there. Order: time of the last
 * write, then of the renaming, then the names, numbers counted as numbers. */
bool tail_find_next(const char *path, int fd, char next[TAIL_PATH_MAX]);

/* The file of this device and inode among path and the rotated ones beside it. */
bool tail_find_inode(const char *path, uint64_t dev, uint64_t inode, char found[TAIL_PATH_MAX]);

#endif
