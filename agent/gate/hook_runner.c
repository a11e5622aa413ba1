#define _GNU_SOURCE /* prctl's names come with linux, SOCK_SEQPACKET's flags with it */
#include "agent/gate/hook_runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/str.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/spawn.h"

enum { PATH_CAP = 512, ENV_MAX = HOOK_FIELDS_MAX + 3 /* of its own */, NICE = 5 };

struct names { uint32_t n; bool more; char name[HOOKS_MAX][HOOK_NAME_CAP]; };

/* What editors and package managers leave beside a file is none. */
static bool is_name(struct slice name)
{
	static const char *const left[] = { "~", ".bak", ".sample", ".apk-new", "-opkg" };

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		if (slice_ends(name, left[i]))
			return false;
	return name.n > 0 && name.n < HOOK_NAME_CAP && name.p[0] != '.' && slice_find(name, ".dpkg-") == SIZE_MAX;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* In the order of their names, so that a number before them orders them. */
static void list(const char *folder, bool confirm, struct names *all)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	all->n = 0;
	all->more = false;
	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		struct slice name = slice_of(e->d_name);

		if (!is_name(name) || (slice_find(name, "confirm") != SIZE_MAX) != confirm)
			continue;
		all->more = all->n == HOOKS_MAX;
		if (all->more)
			break;
		(void)str_put(all->name[all->n++], HOOK_NAME_CAP, name);
	}
	closedir(d);
	qsort(all->name, all->n, HOOK_NAME_CAP, by_name);
}

static void say(int fd, const struct hook_word *word)
{
	/* waits when the daemon is slow: it is the one who is served here */
	while (send(fd, word, sizeof(*word), MSG_NOSIGNAL) < 0 && errno == EINTR)
		continue;
}

/* Root runs it: nobody else may have had the chance to write it. */
static bool is_safe(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static void first_line(char *said)
{
	char *end = strpbrk(said, "\r\n");

	if (end != NULL)
		*end = '\0';
}

static void run(int fd, const char *path, const struct hook_job *job, char *const *envp, struct slice json, struct hook_word *word)
{
	char event[HOOK_EVENT_CAP], program[PATH_CAP];
	char *argv[] = { program, event, NULL };
	struct spawn_end end;
	uint64_t began_ms = clock_boot_ms();
	struct why why;
	struct spawn s = { .path = path, .argv = argv, .envp = envp, .input = json, .limit_ms = job->limit_ms, .quit_fd = fd,
			   .output = word->said, .output_cap = sizeof(word->said) };

	(void)str_cut(event, sizeof(event), slice_of(job->event));
	(void)str_cut(program, sizeof(program), slice_of(path));
	if (spawn_run(&s, &end, &why) != KERR_OK) {
		word->did = HOOK_BROKEN;
		(void)str_cut(word->said, sizeof(word->said), slice_of(why.text));
		return;
	}
	first_line(word->said);
	word->did = end.timed_out ? HOOK_TIMED_OUT : HOOK_RAN;
	word->exit_code = end.exit_code;
	word->signal = end.signal;
	word->took_ms = (uint32_t)(clock_boot_ms() - began_ms);
}

static void try_one(int fd, const char *folder, const char *name, const struct hook_job *job, char *const *envp, struct slice json)
{
	struct hook_word word = { .did = HOOK_UNSAFE, .exit_code = -1 };
	char path[PATH_CAP];
	struct text t = text_on(path, sizeof(path));
	struct stat st;

	text_s(&t, folder);
	text_c(&t, '/');
	text_s(&t, name);
	(void)str_put(word.name, sizeof(word.name), slice_of(name));
	if (t.full || stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & S_IXUSR) == 0)
		return;
	if (is_safe(&st))
		run(fd, path, job, envp, json, &word);
	say(fd, &word);
}

/* fields: its line ends become the ends of strings. */
static void environment(char *fields, size_t bytes, char **envp)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char home[] = "HOME=/", lang[] = "LANG=C.UTF-8";
	size_t n = 0;

	envp[n++] = path;
	envp[n++] = home;
	envp[n++] = lang;
	for (char *at = fields, *end; n < ENV_MAX && (end = memchr(at, '\n', bytes - (size_t)(at - fields))) != NULL; at = end + 1) {
		*end = '\0';
		envp[n++] = at;
	}
	envp[n] = NULL;
}

static void do_job(int fd, const char *folder, char *bytes, size_t n)
{
	static struct names all;
	char *envp[ENV_MAX + 1];
	struct hook_word done = { .did = HOOK_ALL_DONE };
	struct hook_job job;
	struct slice json;
	struct stat st;

	memcpy(&job, bytes, sizeof(job));
	if (n != sizeof(job) + job.fields_bytes + job.json_bytes)
		return;   /* nobody but this program speaks here */
	environment(bytes + sizeof(job), job.fields_bytes, envp);
	json = (struct slice){ bytes + sizeof(job) + job.fields_bytes, job.json_bytes };
	list(folder, str_eq(job.event, "confirm"), &all);
	if (stat(folder, &st) == 0 && !is_safe(&st)) {
		done = (struct hook_word){ .did = HOOK_UNSAFE };
		(void)str_cut(done.name, sizeof(done.name), slice_of(folder));
		say(fd, &done);
		all.n = 0;
	}
	for (uint32_t i = 0; i < all.n; i++)
		try_one(fd, folder, all.name[i], &job, envp, json);
	if (all.more) {
		done = (struct hook_word){ .did = HOOK_BROKEN, .said = "more hooks than are run; the rest is left out" };
		say(fd, &done);
	}
	done = (struct hook_word){ .did = HOOK_ALL_DONE };
	say(fd, &done);
}

static _Noreturn void serve(int fd, const char *folder)
{
	static char bytes[HOOK_JOB_MAX];
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t child;
	ssize_t n;

	/* it ends when the daemon does, and not before: a hook that runs then is killed */
	sigaction(SIGTERM, &ignore, NULL);
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	(void)prctl(PR_SET_NAME, "kedge-hooks");
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		if (n >= (ssize_t)sizeof(struct hook_job))
			do_job(fd, folder, bytes, (size_t)n);
	}
	_exit(0);
}

enum kerr hook_runner_fork(const char *folder, int *fd, pid_t *pid, struct why *why)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return file_errno(errno, "sockets for", folder, why);
	*pid = fork();
	if (*pid == 0) {
		close(ends[0]);
		serve(ends[1], folder);
	}
	close(ends[1]);
	if (*pid > 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0) {
		*fd = ends[0];
		return KERR_OK;
	}
	close(ends[0]);
	return file_errno(errno, "fork for", folder, why);
}
