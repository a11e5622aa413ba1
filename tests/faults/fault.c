#define _GNU_SOURCE /* accept4, pipe2, memfd_create, setresuid, syscall */
#include "tests/faults/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const struct { const char *name; int error; } kinds[] = {
	[FAULT_ALLOC] = { "alloc", ENOMEM }, [FAULT_FD] = { "fd", EMFILE }, [FAULT_READ] = { "read", EIO },
	[FAULT_WRITE] = { "write", ENOSPC }, [FAULT_SHORT] = { "short", 0 }, [FAULT_FSYNC] = { "fsync", EIO },
	[FAULT_NAME] = { "name", EROFS }, [FAULT_CONNECT] = { "connect", ECONNREFUSED }, [FAULT_FORK] = { "fork", EAGAIN },
	[FAULT_RIGHTS] = { "rights", ENOMEM },
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == FAULT_KINDS, "a row for each kind");

static unsigned calls[FAULT_KINDS]; /* atomic: libraries have threads */
static enum fault_kind armed;
static unsigned armed_nth;
static bool has_failed;
static pid_t begun;

const char *faults_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

void faults_arm(enum fault_kind kind, unsigned nth)
{
	memset(calls, 0, sizeof(calls));
	begun = getpid();
	armed = kind;
	armed_nth = nth;
	has_failed = false;
}

bool faults_disarm(void)
{
	armed_nth = 0;
	return has_failed;
}

void faults_in_child(void)
{
	begun = getpid();
}

void faults_told(bool failed)
{
	has_failed = failed;
}

static void write_counts(void)
{
	const char *path = getenv("FAULT_COUNT");
	FILE *f = path == NULL || getpid() != begun ? NULL : fopen(path, "w");

	if (f == NULL)
		return;
	for (int i = 0; i < FAULT_KINDS; i++)
		fprintf(f, "%s %u\n", kinds[i].name, calls[i]);
	fclose(f);
}

__attribute__((constructor)) static void from_environment(void)
{
	const char *kind = getenv("FAULT_KIND"), *nth = getenv("FAULT_NTH");

	faults_arm(FAULT_ALLOC, 0);
	for (int i = 0; i < FAULT_KINDS && kind != NULL && nth != NULL; i++)
		if (strcmp(kind, kinds[i].name) == 0)
			faults_arm((enum fault_kind)i, (unsigned)strtoul(nth, NULL, 10));
	(void)atexit(write_counts);
}

/* True: this call is the one. errno is set. */
static bool fails(enum fault_kind kind)
{
	unsigned n = __atomic_add_fetch(&calls[kind], 1, __ATOMIC_RELAXED);

	if (kind != armed || n != armed_nth || getpid() != begun)
		return false;
	has_failed = true;
	errno = kinds[kind].error;
	return true;
}

#define FAULTY(kind, bad, type, name, parameters, arguments) \
	type fault_##name parameters; \
	type fault_##name parameters { return fails(kind) ? (bad) : name arguments; }

FAULTY(FAULT_ALLOC, NULL, void *, malloc, (size_t n), (n))
FAULTY(FAULT_ALLOC, NULL, void *, calloc, (size_t n, size_t m), (n, m))
FAULTY(FAULT_ALLOC, NULL, void *, realloc, (void *p, size_t n), (p, n))
FAULTY(FAULT_ALLOC, NULL, char *, strdup, (const char *s), (s))

FAULTY(FAULT_ALLOC, MAP_FAILED, void *, mmap, (void *p, size_t n, int prot, int flags, int fd, off_t at),
       (p, n, prot, flags, fd, at))

FAULTY(FAULT_FD, -1, int, memfd_create, (const char *name, unsigned flags), (name, flags))
FAULTY(FAULT_FD, -1, int, socket, (int a, int b, int c), (a, b, c))
FAULTY(FAULT_FD, -1, int, socketpair, (int a, int b, int c, int *d), (a, b, c, d))
FAULTY(FAULT_FD, -1, int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int flags), (fd, a, n, flags))
FAULTY(FAULT_FD, -1, int, pipe2, (int *p, int flags), (p, flags))
FAULTY(FAULT_FD, -1, int, epoll_create1, (int flags), (flags))
FAULTY(FAULT_FD, -1, int, timerfd_create, (clockid_t id, int flags), (id, flags))
FAULTY(FAULT_FD, -1, int, inotify_init1, (int flags), (flags))
FAULTY(FAULT_FD, -1, int, signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags))
FAULTY(FAULT_FD, -1, int, eventfd, (unsigned n, int flags), (n, flags))
FAULTY(FAULT_FD, NULL, DIR *, opendir, (const char *path), (path))
FAULTY(FAULT_FD, NULL, FILE *, fopen, (const char *path, const char *mode), (path, mode))

FAULTY(FAULT_READ, -1, ssize_t, read, (int fd, void *p, size_t n), (fd, p, n))
FAULTY(FAULT_READ, -1, ssize_t, pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
FAULTY(FAULT_READ, -1, ssize_t, recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
FAULTY(FAULT_READ, -1, ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags))
FAULTY(FAULT_READ, -1, ssize_t, getrandom, (void *p, size_t n, unsigned flags), (p, n, flags))
FAULTY(FAULT_READ, NULL, struct dirent *, readdir, (DIR *dir), (dir))
FAULTY(FAULT_READ, -1, int, fstat, (int fd, struct stat *st), (fd, st))
FAULTY(FAULT_READ, EAI_SYSTEM, int, getaddrinfo, (const char *n, const char *s, const struct addrinfo *h, struct addrinfo **r),
       (n, s, h, r))

FAULTY(FAULT_FSYNC, -1, int, fsync, (int fd), (fd))
FAULTY(FAULT_FSYNC, -1, int, fdatasync, (int fd), (fd))

FAULTY(FAULT_NAME, -1, int, rename, (const char *a, const char *b), (a, b))
FAULTY(FAULT_NAME, -1, int, link, (const char *a, const char *b), (a, b))
FAULTY(FAULT_NAME, -1, int, unlink, (const char *a), (a))
FAULTY(FAULT_NAME, -1, int, mkdir, (const char *a, mode_t mode), (a, mode))
FAULTY(FAULT_NAME, -1, int, ftruncate, (int fd, off_t n), (fd, n))

FAULTY(FAULT_CONNECT, -1, int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
FAULTY(FAULT_CONNECT, -1, int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
FAULTY(FAULT_CONNECT, -1, int, listen, (int fd, int n), (fd, n))

FAULTY(FAULT_FORK, -1, pid_t, fork, (void), ())
FAULTY(FAULT_FORK, EAGAIN, int, pthread_create, (pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *p), (t, a, f, p))

FAULTY(FAULT_RIGHTS, -1, int, setgroups, (size_t n, const gid_t *g), (n, g))
FAULTY(FAULT_RIGHTS, -1, int, setresgid, (gid_t a, gid_t b, gid_t c), (a, b, c))
FAULTY(FAULT_RIGHTS, -1, int, setresuid, (uid_t a, uid_t b, uid_t c), (a, b, c))
FAULTY(FAULT_RIGHTS, -1, int, setrlimit, (__rlimit_resource_t what, const struct rlimit *limit), (what, limit))
FAULTY(FAULT_RIGHTS, -1, int, setsockopt, (int fd, int a, int b, const void *p, socklen_t n), (fd, a, b, p, n))
FAULTY(FAULT_RIGHTS, -1, int, getsockopt, (int fd, int a, int b, void *p, socklen_t *n), (fd, a, b, p, n))

static size_t part(size_t n)
{
	return n > 1 && fails(FAULT_SHORT) ? n / 2 : n;
}

FAULTY(FAULT_WRITE, -1, ssize_t, write, (int fd, const void *p, size_t n), (fd, p, part(n)))
FAULTY(FAULT_WRITE, -1, ssize_t, send, (int fd, const void *p, size_t n, int flags), (fd, p, part(n), flags))
FAULTY(FAULT_WRITE, -1, ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
FAULTY(FAULT_WRITE, -1, ssize_t, sendto, (int fd, const void *p, size_t n, int flags, const struct sockaddr *a, socklen_t m),
       (fd, p, n, flags, a, m))

int fault_open(const char *path, int flags, ...);
int fault_open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return fails(FAULT_FD) ? -1 : open(path, flags, mode);
}

/* As many arguments as any of them has: those that were not given are not looked at. */
#define FAULTY_ANY(type, name, first) \
	type fault_##name(first what, ...); \
	type fault_##name(first what, ...) \
	{ \
		long a[5]; \
		va_list ap; \
		va_start(ap, what); \
		for (int i = 0; i < 5; i++) \
			a[i] = va_arg(ap, long); \
		va_end(ap); \
		return fails(FAULT_RIGHTS) ? -1 : name(what, a[0], a[1], a[2], a[3], a[4]); \
	}

FAULTY_ANY(int, prctl, int)
FAULTY_ANY(long, syscall, long)

int fault_fcntl(int fd, int what, ...);
int fault_fcntl(int fd, int what, ...)
{
	long value;
	va_list ap;

	va_start(ap, what);
	value = va_arg(ap, long);
	va_end(ap);
	return fails(FAULT_RIGHTS) ? -1 : fcntl(fd, what, value);
}
