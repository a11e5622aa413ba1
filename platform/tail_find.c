#include "platform/tail_find.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

struct key {
	struct timespec written, renamed;
	char name[TAIL_PATH_MAX];       /* "" when it has none any more */
};

void tail_find_dir(const char *path, char dir[TAIL_PATH_MAX])
{
	struct slice all = slice_of(path);
	size_t slash = slice_rfind(all, "/");

	if (slash == SIZE_MAX)
		(void)str_put(dir, TAIL_PATH_MAX, SLICE("."));
	else
		(void)str_put(dir, TAIL_PATH_MAX, slice_to(all, slash == 0 ? 1 : slash));
}

static struct slice base_of(const char *path)
{
	size_t slash = slice_rfind(slice_of(path), "/");

	return slash == SIZE_MAX ? slice_of(path) : slice_from(slice_of(path), slash + 1);
}

static int compare_time(struct timespec a, struct timespec b)
{
	if (a.tv_sec != b.tv_sec)
		return a.tv_sec < b.tv_sec ? -1 : 1;
	return a.tv_nsec == b.tv_nsec ? 0 : a.tv_nsec < b.tv_nsec ? -1 : 1;
}

/* log.9 before log.10, log.2026-01-02-03 before log.2026-01-02-04; without leading zeros in play a
 * longer run of digits is a larger number. */
static int compare_names(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	if (na != nb)
		return na < nb ? -1 : 1;
	return strcmp(a, b);
}

static int compare(const struct key *a, const struct key *b)
{
	int by = compare_time(a->written, b->written);

	if (by == 0)
		by = compare_time(a->renamed, b->renamed);
	return by == 0 ? compare_names(a->name, b->name) : by;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void key_of(struct key *k, const struct stat *st, const char *name)
{
	k->written = st->st_mtim;
	k->renamed = st->st_ctim;
	(void)str_put(k->name, sizeof(k->name), slice_of(name));
}

/* The next entry "BASE.x" that is a regular file and not packed (.gz holds no lines). */
static bool next_rotated(DIR *d, const char *path, char name[TAIL_PATH_MAX], struct stat *st)
{
	struct slice base = base_of(path);
	char dir[TAIL_PATH_MAX];
	struct dirent *e;

	tail_find_dir(path, dir);
	while ((e = readdir(d)) != NULL) {
		struct slice entry = slice_of(e->d_name);
		struct text t = text_on(name, TAIL_PATH_MAX);

		if (entry.n <= base.n + 1 || !slice_eq(slice_to(entry, base.n), base) || entry.p[base.n] != '.')
			continue;
		if (slice_ends(entry, ".gz") || slice_ends(entry, ".xz") || slice_ends(entry, ".zst"))
			continue;
		text_s(&t, dir);
		text_c(&t, '/');
		text_slice(&t, entry);
		if (!t.full && stat(name, st) == 0 && S_ISREG(st->st_mode))
			return true;
	}
	return false;
}

static DIR *open_dir_of(const char *path)
{
	char dir[TAIL_PATH_MAX];

	tail_find_dir(path, dir);
	return opendir(dir);
}

/* Where fd's file stands now, by name; "" when it was removed. */
static void own_key(const char *path, const struct stat *own, struct key *k)
{
	char name[TAIL_PATH_MAX];
	struct stat st;
	DIR *d = open_dir_of(path);

	key_of(k, own, "");
	while (d != NULL && k->name[0] == '\0' && next_rotated(d, path, name, &st))
		if (same_file(&st, own))
			key_of(k, &st, name);
	if (d != NULL)
		closedir(d);
}

/* The oldest rotated file after `after`; false when there is none. */
static bool oldest_after(const char *path, const struct key *after, char next[TAIL_PATH_MAX])
{
	char name[TAIL_PATH_MAX];
	struct key k, best;
	struct stat st;
	bool found = false;
	DIR *d = open_dir_of(path);

	while (d != NULL && next_rotated(d, path, name, &st)) {
		key_of(&k, &st, name);
		if (compare(&k, after) <= 0 || (found && compare(&k, &best) >= 0))
			continue;
		best = k;
		found = true;
		(void)str_put(next, TAIL_PATH_MAX, slice_of(name));
	}
	if (d != NULL)
		closedir(d);
	return found;
}

bool tail_find_next(const char *path, int fd, char next[TAIL_PATH_MAX])
{
	struct stat own, st;
	struct key k;
	bool there = stat(path, &st) == 0;

	if (fstat(fd, &own) != 0 || (there && same_file(&own, &st)))
		return false;
	own_key(path, &own, &k);
	if (oldest_after(path, &k, next))
		return true;
	return there && str_put(next, TAIL_PATH_MAX, slice_of(path));
}

bool tail_find_inode(const char *path, uint64_t dev, uint64_t inode, char found[TAIL_PATH_MAX])
{
	struct stat st;
	bool same = stat(path, &st) == 0 && (uint64_t)st.st_dev == dev && (uint64_t)st.st_ino == inode;
	DIR *d;

	(void)str_put(found, TAIL_PATH_MAX, slice_of(path));
	if (same)
		return true;
	d = open_dir_of(path);
	while (d != NULL && !same && next_rotated(d, path, found, &st))
		same = (uint64_t)st.st_dev == dev && (uint64_t)st.st_ino == inode;
	if (d != NULL)
		closedir(d);
	return same;
}
