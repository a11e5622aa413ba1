#define _DEFAULT_SOURCE /* S_ISVTX, fchownat's flags */
#include "agent/gate/gate_user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/gate/gate_state.h"
#include "platform/file.h"

#define NOBODY 65534                     /* on every Linux */

/* "name:x:UID:GID:..." (passwd(5)) */
static bool line_of(struct slice line, const char *name, uint64_t *uid, uint64_t *gid)
{
	struct slice part = SLICE("");

	if (!slice_next(&line, ':', &part) || !slice_is(part, name) || !slice_next(&line, ':', &part))
		return false;
	return slice_next(&line, ':', &part) && slice_u64(part, uid) && slice_next(&line, ':', &part) && slice_u64(part, gid) &&
	       *uid != 0 && *uid < UINT32_MAX && *gid < UINT32_MAX;
}

void gate_user_find(struct gate *g)
{
	struct slice all, line;
	uint64_t uid, gid;
	size_t len = 0;
	struct why why;

	g->worker.uid = geteuid();
	g->worker.gid = getegid();
	g->worker.missing = "";
	if (g->worker.uid != 0) {
		g->worker.missing = "root: gate and worker are of one user";
		return;
	}
	g->worker.uid = g->worker.gid = NOBODY;
	g->worker.missing = "a user of its own: not on this node";
	if (file_read("/etc/passwd", FILE_REGULAR, g->in, sizeof(g->in), &len, &why) != KERR_OK)
		return;
	all = (struct slice){ g->in, len };
	while (slice_next(&all, '\n', &line))
		if (line_of(line, g->conf->user, &uid, &gid)) {
			g->worker.uid = (uid_t)uid;
			g->worker.gid = (gid_t)gid;
			g->worker.missing = "";
			return;
		}
	log_line(&g->log, LOG_LEVEL_WARN, "there is no user %s on this node: the worker works as nobody", g->conf->user);
}

static void own(struct gate *g, int folder, const char *name, const char *path)
{
	struct stat st;

	/* a link, or what somebody else has put there, is none of ours */
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid == g->worker.uid)
		return;
	if (str_eq(name, GRANTED_NAME))
		return;
	if (fchownat(folder, name, g->worker.uid, g->worker.gid, AT_SYMLINK_NOFOLLOW) != 0)
		log_line(&g->log, LOG_LEVEL_WARN, "%s/%s cannot become the worker's: %s", path, name, strerror(errno));
}

static void folder(struct gate *g, const char *path, mode_t mode)
{
	struct why why;
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (file_make_dirs(path, 0755, &why) != KERR_OK) {
		log_line(&g->log, LOG_LEVEL_ERROR, "folder: %s", why.text);
		return;
	}
	d = g->worker.uid != geteuid() ? opendir(path) : NULL;
	if (d == NULL)
		return;
	/* the service manager may have made it so, and left no right to */
	if ((fstat(dirfd(d), &st) != 0 || st.st_uid != 0 || st.st_gid != g->worker.gid || (st.st_mode & 07777) != mode) &&
	    (fchown(dirfd(d), 0, g->worker.gid) != 0 || fchmod(dirfd(d), mode) != 0))
		log_line(&g->log, LOG_LEVEL_WARN, "%s cannot be opened to the worker: %s", path, strerror(errno));
	while ((e = readdir(d)) != NULL)
		own(g, dirfd(d), e->d_name, path);
	(void)closedir(d);
}

void gate_user_folders(struct gate *g)
{
	folder(g, g->conf->state_dir, 01770);
	folder(g, g->conf->run_dir, 01775);
}
