/* sandbox: in a child each, what has to be refused is tried, and what the product needs is done. Where the kernel has no Landlock
 * or no seccomp (qemu-user has neither) the rows that need it are skipped, aloud: tests/sandbox/arm.t boots kernels for them. */
#define _GNU_SOURCE /* clone flags, memfd_create, pipe2, setresuid, syscall, unshare */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/file.h"
#include "platform/packet.h"
#include "platform/sandbox.h"
#include "tests/tap.h"

enum { NOBODY = 54321, BOARD = 4096, WRONG = 200, NOT_IN = 201, KILLED = -SIGSYS };
enum needs { NOTHING, ROOT, FILES, CALLS };     /* what has to be there for a row to hold */

static char dir[64];
static bool have[CALLS + 1] = { true };
static int pair[2], board_fd = -1, unix_fd = -1, other_fd = -1;
static char *board;
static struct sandbox box;
static struct sandbox_missing missing;
static struct why why;

struct attempt { const char *name; int (*go)(void); int want; enum needs needs; };

static const char *at(const char *name)
{
	static char path[4][128];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

/* 0 or errno: what a row is about */
static int outcome(long rc)
{
	return rc < 0 ? errno : 0;
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	return outcome(fd);
}

/* ---- files ---- */

static int read_outside(void)        { return opened(at("shut/file"), O_RDONLY); }
static int read_root(void)           { return opened("/", O_RDONLY | O_DIRECTORY); }
static int read_proc(void)           { return opened("/proc/self/maps", O_RDONLY); }
static int read_environ(void)        { return opened("/proc/1/environ", O_RDONLY); }
static int read_shadow(void)         { return opened("/etc/shadow", O_RDONLY); }
static int read_by_link(void)        { return opened(at("open/way_out"), O_RDONLY); }
static int read_by_dots(void)        { return opened(at("open/../shut/file"), O_RDONLY); }
static int write_readable(void)      { return opened(at("open/file"), O_WRONLY); }
static int make_readable(void)       { return opened(at("open/new"), O_WRONLY | O_CREAT); }
static int remove_readable(void)     { return outcome(unlink(at("open/file"))); }
static int write_outside(void)       { return opened(at("shut/new"), O_WRONLY | O_CREAT); }
static int write_alone(void)         { return opened(at("alone"), O_WRONLY); }
static int move_out(void)            { return outcome(rename(at("state/file"), at("shut/moved"))); }
static int make_node(void)           { return outcome(mkfifo(at("state/fifo"), 0600)) != 0 ? EACCES : 0; }
static int make_link(void)           { return outcome(symlink("/etc", at("state/link"))) != 0 ? EACCES : 0; }
static int read_open(void)           { return opened(at("open/file"), O_RDONLY); }
static int read_below(void)          { return opened(at("open/below/file"), O_RDONLY); }
static int read_alone(void)          { return opened(at("alone"), O_RDONLY); }

static int list_open(void)
{
	DIR *d = opendir(at("open"));
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	return d != NULL && closedir(d) == 0 && n >= 4 ? 0 : WRONG;
}

/* As the journal and the status file do. */
static int keep_files(void)
{
	struct file_space space;
	struct file_ident ident;
	char buf[16];
	size_t n = 0;

	if (file_replace(at("state/kept"), SLICE("one"), 0640, &why) != KERR_OK ||
	    file_append(at("state/kept"), SLICE("two"), 0640, &why) != KERR_OK ||
	    file_truncate(at("state/kept"), 5, &why) != KERR_OK ||
	    file_replace_volatile(at("state/run"), SLICE("x"), 0644, &why) != KERR_OK)
		return WRONG;
	if (file_read(at("state/kept"), FILE_REGULAR, buf, sizeof(buf), &n, &why) != KERR_OK || n != 5 ||
	    memcmp(buf, "onetw", 5) != 0)
		return WRONG;
	if (file_create(at("state/made"), SLICE("x"), 0600, &why) != KERR_OK ||
	    file_move(at("state/made"), at("state/moved"), &why) != KERR_OK || file_remove(at("state/moved"), &why) != KERR_OK ||
	    file_make_dirs(at("state/a/b"), 0700, &why) != KERR_OK)
		return WRONG;
	if (file_space(at("state"), &space, &why) != KERR_OK || file_identify(at("state/kept"), &ident, &why) != KERR_OK)
		return WRONG;
	return outcome(rmdir(at("state/a/b")));
}

/* ---- who it is ---- */

static int become_root(void)         { return outcome(setresuid(0, 0, 0)); }
static int become_setuid(void)       { return outcome(syscall(SYS_setuid, 0)); }
static int join_group(void)          { return outcome(syscall(SYS_setgid, 0)); }
static int bind_mount(void)          { return outcome(mount("/", "/", NULL, MS_BIND, NULL)); }
static int more_core(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	return outcome(setrlimit(RLIMIT_CORE, &limit));
}

/* ---- system calls that are refused ---- */

static int made_socket(int domain, int type, int protocol)
{
	return outcome(syscall(SYS_socket, domain, type, protocol));
}

static int unix_socket(void)         { return made_socket(AF_UNIX, SOCK_STREAM, 0); }
static int unix_datagram(void)       { return made_socket(AF_UNIX, SOCK_DGRAM, 0); }
static int packet_socket(void)       { return made_socket(AF_PACKET, SOCK_RAW, 0); }
static int netlink_audit(void)       { return made_socket(AF_NETLINK, SOCK_RAW, 9); }
static int netlink_filter(void)      { return made_socket(AF_NETLINK, SOCK_RAW, 12); }
static int vsock_socket(void)        { return made_socket(40, SOCK_STREAM, 0); }
static int alg_socket(void)          { return made_socket(38, SOCK_SEQPACKET, 0); }
static int socket_pair(void)         { int fd[2]; return outcome(syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, fd)); }
static int signal_parent(void)       { return outcome(kill(getppid(), 0)); }
static int signal_all(void)          { return outcome(kill(-1, 0)); }
static int signal_group(void)        { return outcome(kill(0, 0)); }
static int signal_thread(void)       { return outcome(syscall(SYS_tgkill, getppid(), getppid(), 0)); }
static int signal_tid(void)          { return outcome(syscall(SYS_tkill, 1, 0)); }
static int own_by_fcntl(void)        { return outcome(fcntl(unix_fd, F_SETOWN, 1)); }
static int dumpable(void)            { return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
static int rename_self(void)         { return outcome(prctl(PR_SET_NAME, "systemd", 0, 0, 0)); }
static int terminal_input(void)      { char c = 'x'; return outcome(ioctl(0, TIOCSTI, &c)); }
static int memory_file(void)         { return outcome(syscall(SYS_memfd_create, "x", 0)); }
static int user_faults(void)         { return outcome(syscall(SYS_userfaultfd, 0)); }
static int limits_of_parent(void)    { return outcome(syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, NULL, NULL)); }
static int set_clock(void)           { struct timespec t = { 1, 0 }; return outcome(clock_settime(CLOCK_REALTIME, &t)); }
static int priority(void)            { return outcome(setpriority(PRIO_PROCESS, 0, 1)); }
static int as_another(void)          { return outcome(syscall(SYS_personality, 0x0400000)); }
static int swap_on(void)             { return outcome(syscall(SYS_swapon, "/x", 0)); }
static int reboot_now(void)          { return outcome(syscall(SYS_reboot, 0, 0, 0, NULL)); }
static int unknown_call(void)        { return outcome(syscall(1023)); }
static int new_clone(void)           { return outcome(syscall(435, NULL, 0)); }
static int truncated(void)           { return outcome(syscall(SYS_truncate, at("open/file"), 0L)); }
static int attach_filter(void)       { int v = 0; return outcome(setsockopt(other_fd, SOL_SOCKET, 26, &v, sizeof(v))); }

/* musl makes ENOMEM of EPERM. */
static int code_memory(void)
{
	bool made = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;

	return made ? 0 : errno == ENOMEM ? EPERM : errno;
}

static int code_later(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? WRONG : outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

/* ---- ... and that end it ---- */

static int run_program(void)         { return outcome(execl("/bin/sh", "sh", "-c", "true", NULL)); }
static int run_open(void)            { return outcome(syscall(SYS_execveat, 0, "", NULL, NULL, 0x1000)); }
static int forked(void)              { pid_t pid = fork(); if (pid == 0) _exit(0); return outcome(pid); }
static int cloned(void)              { return outcome(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL)); }
static int cloned_silent(void)       { return outcome(syscall(SYS_clone, 0, NULL, NULL, NULL, NULL)); }
static int new_user(void)            { return outcome(unshare(CLONE_NEWUSER)); }
static int other_ns(void)            { return outcome(setns(0, 0)); }
static int traced(void)              { return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL)); }
static int trace_parent(void)        { return outcome(syscall(SYS_ptrace, 16L, (long)getppid(), 0L, 0L)); }
static int unmount(void)             { return outcome(umount2("/proc", MNT_DETACH)); }
static int changed_root(void)        { return outcome(chroot("/")); }
static int bpf_map(void)             { return outcome(syscall(SYS_bpf, 0, NULL, 0)); }
static int module(void)              { return outcome(syscall(SYS_init_module, NULL, 0, "")); }
static int kexec(void)               { return outcome(syscall(SYS_kexec_load, 0, 0, NULL, 0)); }
static int by_handle(void)           { return outcome(syscall(SYS_open_by_handle_at, -1, NULL, 0)); }
static int uring(void)               { return outcome(syscall(425, 1, NULL)); }
static int key(void)                 { return outcome(syscall(SYS_keyctl, 0, -3, 0)); }
static int perf(void)                { return outcome(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }
static int mount_tree(void)          { return outcome(syscall(428, -1, "/", 0)); }

static int read_parent(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return outcome(syscall(SYS_process_vm_readv, getppid(), &here, 1, &there, 1, 0));
}

static int write_parent(void)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { &byte, 1 };

	return outcome(syscall(SYS_process_vm_writev, getppid(), &here, 1, &there, 1, 0));
}

#ifdef __x86_64__
static int x32_call(void)            { return outcome(syscall(0x40000000 + SYS_getpid)); }

static int old_abi(void)
{
	long rc = 20; /* getpid of i386 */

	__asm__ volatile("int $0x80" : "+a"(rc) : : "memory");
	return 0;
}
#endif

/* ---- what the product does ---- */

static void *thread(void *arg)
{
	*(int *)arg = 7;
	return arg;
}

static int threads(void)
{
	pthread_t t[4];
	int seen[4] = { 0 };

	for (int i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, thread, &seen[i]) != 0)
			return WRONG;
	for (int i = 0; i < 4; i++)
		if (pthread_join(t[i], NULL) != 0 || seen[i] != 7)
			return WRONG;
	return 0;
}

static int memory(void)
{
	char *p = malloc(3 << 20), *q;
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == NULL || m == MAP_FAILED)
		return WRONG;
	q = realloc(p, 5 << 20);
	if (q == NULL || mprotect(m, 4096, PROT_READ) != 0 || madvise(m, 8192, MADV_DONTNEED) != 0)
		return WRONG;
	free(q);
	return outcome(munmap(m, 8192));
}

static int clocks(void)
{
	struct timespec t, res, pause = { 0, 1000000 };
	unsigned char bytes[32];

	if (clock_gettime(CLOCK_BOOTTIME, &t) != 0 || clock_getres(CLOCK_MONOTONIC, &res) != 0 || time(NULL) == (time_t)-1)
		return WRONG;
	/* what a libc does where the kernel's own page of code is not taken */
	if (syscall(SYS_getrandom, bytes, sizeof(bytes), 0) != (long)sizeof(bytes))
		return WRONG;
	return outcome(nanosleep(&pause, NULL));
}

static int polling(void)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	struct itimerspec soon = { .it_value = { 0, 1000000 } };
	sigset_t set;
	int t = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC), ep = epoll_create1(EPOLL_CLOEXEC), e = eventfd(1, EFD_CLOEXEC), p[2];
	uint64_t n;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	if (ep < 0 || e < 0 || t < 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) < 0)
		return WRONG;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev) != 0 || epoll_wait(ep, &got, 1, 100) != 1 ||
	    pipe2(p, O_CLOEXEC | O_NONBLOCK) != 0)
		return WRONG;
	if (timerfd_settime(t, 0, &soon, NULL) != 0 || read(t, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return WRONG;
	{
		struct pollfd fd = { .fd = e, .events = POLLIN };
		struct timespec limit = { 0, 100000000 };

		return poll(&fd, 1, 100) == 1 && ppoll(&fd, 1, &limit, NULL) == 1 && fcntl(p[0], F_SETFL, 0) == 0 ? 0 : WRONG;
	}
}

static volatile sig_atomic_t heard;

static void hear(int sig)
{
	heard = sig;
}

static int own_signal(void)
{
	struct sigaction sa = { .sa_handler = hear };

	return sigaction(SIGUSR1, &sa, NULL) == 0 && raise(SIGUSR1) == 0 && heard == SIGUSR1 && kill(getpid(), 0) == 0 ? 0 : WRONG;
}

static int aborts(void)              { abort(); }

static int looks(void)
{
	struct utsname u;
	struct rusage r;
	struct statvfs vfs;
	struct rlimit limit;

	if (uname(&u) != 0 || getrusage(RUSAGE_SELF, &r) != 0 || statvfs(at("state"), &vfs) != 0 ||
	    getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return WRONG;
	(void)isatty(1);
	return getpid() > 0 && (!have[ROOT] || geteuid() == NOBODY) ? 0 : WRONG;
}

/* glibc for i386 does all with sockets by socketcall(2), whose arguments cannot be looked at: it has none in here. */
#if !(defined(__i386__) && defined(__GLIBC__))
#define NET 1

static int connection(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, got;
	char byte = 'x';

	if (s < 0 || c < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(s, (struct sockaddr *)&a, n) != 0 || listen(s, 2) != 0 || getsockname(s, (struct sockaddr *)&a, &n) != 0 ||
	    setsockopt(c, 6 /* TCP */, 1 /* NODELAY */, &on, sizeof(on)) != 0)
		return WRONG;
	if (connect(c, (struct sockaddr *)&a, n) != 0)
		return outcome(-1);
	got = accept4(s, NULL, NULL, SOCK_CLOEXEC);
	if (got < 0 || send(c, &byte, 1, MSG_NOSIGNAL) != 1 || recv(got, &byte, 1, 0) != 1)
		return WRONG;
	return outcome(shutdown(c, SHUT_WR));
}

/* As a resolver asks: from a bound socket. */
static int datagram(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } }, from;
	socklen_t n = sizeof(a);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char byte = 'x';

	if (s < 0 || bind(s, (struct sockaddr *)&a, n) != 0 || getsockname(s, (struct sockaddr *)&a, &n) != 0)
		return WRONG;
	if (sendto(s, &byte, 1, MSG_NOSIGNAL, (struct sockaddr *)&a, n) != 1)
		return outcome(-1);
	return recvfrom(s, &byte, 1, 0, (struct sockaddr *)&from, &n) == 1 ? 0 : WRONG;
}

static int routes(void)
{
	struct { uint16_t family, pad; uint32_t pid, groups; } a = { .family = AF_NETLINK, .groups = 1 };
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return s < 0 ? outcome(s) : outcome(bind(s, (struct sockaddr *)(void *)&a, sizeof(a)));
}

static int resolved(void)
{
	struct addrinfo *r = NULL, hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	int rc = getaddrinfo("127.0.0.1", "443", &hints, &r);

	if (rc == 0)
		freeaddrinfo(r);
	return rc == 0 ? 0 : WRONG;
}

static int packets(void)
{
	char in[16];
	size_t n;

	if (packet_send(pair[0], "as", 2, "k", 1, &why) != KERR_OK || packet_receive(pair[1], in, sizeof(in), &n, &why) != KERR_OK)
		return WRONG;
	return n == 3 && memcmp(in, "ask", 3) == 0 ? 0 : WRONG;
}
#endif

static int on_board(void)
{
	void *again = NULL;

	board[1] = 'b';
	return packet_board_open(board_fd, BOARD, &again, &why) == KERR_OK && ((char *)again)[1] == 'b' ? 0 : WRONG;
}

static const struct attempt attempts[] = {
	{ "a file outside", read_outside, EACCES, FILES },
	{ "a file outside, through a symbolic link", read_by_link, EACCES, FILES },
	{ "... through dots", read_by_dots, EACCES, FILES },
	{ "the root's list", read_root, EACCES, FILES },
	{ "its own /proc", read_proc, EACCES, FILES },
	{ "the environment of process 1", read_environ, EACCES, FILES },
	{ "/etc/shadow", read_shadow, EACCES, FILES },
	{ "writing what is readable", write_readable, EACCES, FILES },
	{ "a file made in what is readable", make_readable, EACCES, FILES },
	{ "a file removed there", remove_readable, EACCES, FILES },
	{ "a file made outside", write_outside, EACCES, FILES },
	{ "writing a single readable file", write_alone, EACCES, FILES },
	{ "a file moved out", move_out, EACCES, FILES },
	{ "a fifo", make_node, EACCES, FILES },
	{ "a symbolic link", make_link, EACCES, FILES },
	{ "root again", become_root, EPERM, ROOT },
	{ "root by setuid", become_setuid, EPERM, ROOT },
	{ "root's group", join_group, EPERM, ROOT },
	{ "a core dump", more_core, EPERM, ROOT },
	{ "a socket to the engine", unix_socket, EPERM, CALLS },
	{ "a datagram socket to the system's log", unix_datagram, EPERM, CALLS },
	{ "a pair of datagram sockets, which could connect elsewhere", socket_pair, EPERM, CALLS },
	{ "raw packets", packet_socket, EPERM, CALLS },
	{ "the audit's netlink", netlink_audit, EPERM, CALLS },
	{ "the packet filter's netlink", netlink_filter, EPERM, CALLS },
	{ "a socket to the hypervisor", vsock_socket, EPERM, CALLS },
	{ "a socket for the kernel's ciphers", alg_socket, EPERM, CALLS },
	{ "a program on a socket", attach_filter, EPERM, CALLS },
	{ "a signal to its parent", signal_parent, EPERM, CALLS },
	{ "... to all", signal_all, EPERM, CALLS },
	{ "... to its group", signal_group, EPERM, CALLS },
	{ "... to another's thread", signal_thread, EPERM, CALLS },
	{ "... to a thread by number", signal_tid, EPERM, CALLS },
	{ "... by a descriptor", own_by_fcntl, EPERM, CALLS },
	{ "dumpable again", dumpable, EPERM, CALLS },
	{ "another name", rename_self, EPERM, CALLS },
	{ "typing into the terminal", terminal_input, EPERM, CALLS },
	{ "memory that can be executed", code_memory, EPERM, CALLS },
	{ "memory made executable", code_later, EPERM, CALLS },
	{ "a file in memory", memory_file, EPERM, CALLS },
	{ "page faults of its own", user_faults, EPERM, CALLS },
	{ "its parent's limits", limits_of_parent, EPERM, CALLS },
	{ "the clock", set_clock, EPERM, CALLS },
	{ "its priority", priority, EPERM, CALLS },
	{ "another personality", as_another, EPERM, CALLS },
	{ "cutting a file by name", truncated, EPERM, CALLS },
	{ "swap", swap_on, EPERM, CALLS },
	{ "reboot", reboot_now, EPERM, CALLS },
	{ "a call nobody knows", unknown_call, EPERM, CALLS },
	{ "clone3, for clone", new_clone, ENOSYS, CALLS },
	{ "a program", run_program, KILLED, CALLS },
	{ "a program that is open", run_open, KILLED, CALLS },
	{ "fork", forked, KILLED, CALLS },
	{ "clone without a thread", cloned, KILLED, CALLS },
	{ "... and without a signal at its end", cloned_silent, KILLED, CALLS },
	{ "a user namespace", new_user, KILLED, CALLS },
	{ "another namespace", other_ns, KILLED, CALLS },
	{ "being traced", traced, KILLED, CALLS },
	{ "tracing its parent", trace_parent, KILLED, CALLS },
	{ "its parent's memory read", read_parent, KILLED, CALLS },
	{ "its parent's memory written", write_parent, KILLED, CALLS },
	{ "a mount", bind_mount, KILLED, CALLS },
	{ "a mount of the new kind", mount_tree, KILLED, CALLS },
	{ "an unmount", unmount, KILLED, CALLS },
	{ "another root", changed_root, KILLED, CALLS },
	{ "bpf", bpf_map, KILLED, CALLS },
	{ "perf", perf, KILLED, CALLS },
	{ "a module", module, KILLED, CALLS },
	{ "another kernel", kexec, KILLED, CALLS },
	{ "a file by handle", by_handle, KILLED, CALLS },
	{ "io_uring", uring, KILLED, CALLS },
	{ "keyrings", key, KILLED, CALLS },
#ifdef __x86_64__
	{ "a call of x32", x32_call, KILLED, CALLS },
	{ "a call of i386", old_abi, KILLED, CALLS },
#endif
	{ "works: a readable file", read_open, 0, NOTHING },
	{ "works: a file below it", read_below, 0, NOTHING },
	{ "works: a single readable file", read_alone, 0, NOTHING },
	{ "works: its list", list_open, 0, NOTHING },
	{ "works: files kept, made, moved, cut, removed", keep_files, 0, NOTHING },
	{ "works: threads", threads, 0, NOTHING },
	{ "works: memory", memory, 0, NOTHING },
	{ "works: clocks and random bytes", clocks, 0, NOTHING },
	{ "works: polling, timers, signals as descriptors", polling, 0, NOTHING },
	{ "works: a signal to itself", own_signal, 0, NOTHING },
	{ "works: abort", aborts, -SIGABRT, NOTHING },
	{ "works: looking at itself", looks, 0, NOTHING },
#ifdef NET
	{ "works: a connection", connection, 0, NOTHING },
	{ "works: datagrams", datagram, 0, NOTHING },
	{ "works: news of routes", routes, 0, NOTHING },
	{ "works: an address", resolved, 0, NOTHING },
	{ "works: packets to the gate", packets, 0, NOTHING },
#endif
	{ "works: shared memory", on_board, 0, NOTHING },
};

/* Exit code, or a signal as a negative number, of a child that enters and goes. */
static int in_box(int (*go)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (sandbox_enter(&box, &missing, &why) != KERR_OK)
			_exit(NOT_IN);
		_exit(go());
	}
	if (waitpid(pid, &status, 0) != pid)
		return WRONG;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- as the kernel says it from outside ---- */

static bool says(const char *text, const char *name, const char *value)
{
	const char *at_name = strstr(text, name);
	size_t n = strlen(value);

	if (at_name == NULL)
		return false;
	at_name += strlen(name);
	at_name += strspn(at_name, " \t");
	return strncmp(at_name, value, n) == 0 && (at_name[n] == '\n' || at_name[n] == ' ' || at_name[n] == '\t');
}

static void read_of(pid_t pid, const char *name, char *buf, size_t cap)
{
	char path[64];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if (file_read(path, FILE_ANY_KIND, buf, cap - 1, &n, &why) != KERR_OK)
		n = 0;
	buf[n] = '\0';
}

static void from_outside(void)
{
	static char status[8192], limits[8192];
	int ready[2], go[2];
	char byte = 'x', path[64];
	struct stat st = { .st_uid = NOBODY };
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		byte = sandbox_enter(&box, &missing, &why) == KERR_OK ? 'y' : 'n';
		(void)!write(ready[1], &byte, 1);
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	ok(read(ready[0], &byte, 1) == 1 && byte == 'y', "a process enters");
	read_of(pid, "status", status, sizeof(status));
	read_of(pid, "limits", limits, sizeof(limits));
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	(void)stat(path, &st);
	(void)!write(go[1], &byte, 1);
	(void)waitpid(pid, NULL, 0);
	ok(says(status, "CapEff:", "0000000000000000") && says(status, "CapPrm:", "0000000000000000"), "it has no capability");
	ok(says(status, "CapInh:", "0000000000000000"), "... none to pass on");
	if (have[ROOT]) {
		ok(says(status, "CapBnd:", "0000000000000000"), "... and can never have one");
		ok(says(status, "Uid:", "54321\t54321\t54321\t54321"), "it is another user, in all four ways");
		ok(says(status, "Gid:", "54321\t54321\t54321\t54321"), "... of another group");
		ok(strstr(status, "Groups:\t \n") != NULL || strstr(status, "Groups:\t\n") != NULL, "... of no other groups");
	}
	ok(have[CALLS] ? says(status, "NoNewPrivs:", "1") : true, "no_new_privs");
	ok(have[CALLS] ? says(status, "Seccomp:", "2") : true, "seccomp by a filter%s", have[CALLS] ? "" : " # SKIP");
	ok(!have[FILES] || says(limits, "Max core file size", "0"), "no core dumps%s", have[FILES] ? "" : " # SKIP");
	ok(!have[CALLS] || !have[ROOT] || st.st_uid == 0, "not dumpable: root's in /proc%s",
	   have[CALLS] && have[ROOT] ? "" : " # SKIP");
}

/* Who is nobody already stays who it is; its change of user does not make it undumpable, as root's does. */
static void as_nobody(void)
{
	int ready[2], go[2];
	char byte = 'x', path[64];
	struct stat st = { .st_uid = NOBODY };
	pid_t pid;

	if (!have[CALLS] || !have[ROOT] || pipe2(ready, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		if (setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
		    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 && sandbox_enter(&box, &missing, &why) == KERR_OK)
			byte = 'y';
		(void)!write(ready[1], &byte, 1);
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	ok(read(ready[0], &byte, 1) == 1 && byte == 'y', "somebody who is not root enters");
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	(void)stat(path, &st);
	(void)!write(go[1], &byte, 1);
	(void)waitpid(pid, NULL, 0);
	is_int(st.st_uid, 0, "... and is not dumpable");
}

/* ---- what cannot be entered ---- */

static enum kerr tried;

static int entering(const struct sandbox *s)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		tried = sandbox_enter(s, &missing, &why);
		_exit((int)tried);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : WRONG;
}

static void errors(void)
{
	const char *gone[] = { at("nowhere"), NULL };
	struct sandbox s = box;

	s.readable = gone;
	is_int(entering(&s), KERR_OK, "a readable folder that is not there is passed over");
	s.writable = gone;
	is_int(entering(&s), have[FILES] ? KERR_GONE : KERR_OK, "a writable one that is not there is an error%s",
	       have[FILES] ? "" : " # SKIP");
	s = box;
	s.uid = 0;
	is_int(entering(&s), have[ROOT] ? KERR_BAD_INPUT : KERR_OK, "root does not stay root");
	s = box;
	s.gid = 0;
	is_int(entering(&s), have[ROOT] ? KERR_BAD_INPUT : KERR_OK, "... nor of its group");
}

/* Which parts are there, asked of the sandbox in a child that then tells. */
static void ask_parts(void)
{
	int end[2], status = 0;
	pid_t pid;

	if (pipe(end) != 0)
		return;
	have[ROOT] = geteuid() == 0;
	have[FILES] = have[CALLS] = true;
	pid = fork();
	if (pid == 0) {
		enum kerr err = sandbox_enter(&box, &missing, &why);

		for (unsigned i = 0; i < missing.n; i++) {
			char text[128];

			(void)!write(end[1], text, strlen(packed_copy(text, sizeof(text), missing.text[i])) + 1);
		}
		if (err != KERR_OK)
			(void)!write(2, why.text, strlen(why.text));
		_exit((int)err);
	}
	close(end[1]);
	{
		char text[512];
		ssize_t n = 0, got, i = 0;

		while ((got = read(end[0], text + n, sizeof(text) - 1 - (size_t)n)) > 0)
			n += got;
		for (text[n] = '\0'; i < n; i += (ssize_t)strlen(text + i) + 1) {
			printf("# left out: %s\n", text + i);
			have[FILES] = have[FILES] && strncmp(text + i, "Landlock", 8) != 0;
			have[CALLS] = have[CALLS] && strncmp(text + i, "seccomp", 7) != 0;
		}
	}
	close(end[0]);
	ok(waitpid(pid, &status, 0) == pid && status == 0, "the sandbox can be entered");
	ok(getenv("SANDBOX_WHOLE") == NULL || (have[FILES] && have[CALLS] && have[ROOT]),
	   "... and nothing is left out that has to be there");
}

static bool prepare(void)
{
	static const char *const folders[] = { "open", "open/below", "state", "shut" };
	static const char *const files[] = { "open/file", "open/below/file", "state/file", "shut/file", "alone" };
	static const gid_t groups[] = { 0, 4 };
	bool well = chmod(dir, 0755) == 0 && (geteuid() != 0 || setgroups(2, groups) == 0);

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		well = well && mkdir(at(folders[i]), 0777) == 0 && chmod(at(folders[i]), 0777) == 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		well = well && file_replace_volatile(at(files[i]), SLICE("bytes"), 0666, &why) == KERR_OK;
	well = well && symlink("../shut/file", at("open/way_out")) == 0 && packet_pair(pair, &why) == KERR_OK;
	well = well && packet_board(BOARD, &board_fd, (void **)&board, &why) == KERR_OK;
	unix_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	other_fd = socket(AF_INET, SOCK_DGRAM, 0);
	return well;
}

static void clean(void)
{
	static const char *const left[] = {
		"open/file", "open/new", "open/below/file", "open/way_out", "open/below", "open", "state/file", "state/kept",
		"state/run", "state/made", "state/moved", "state/a/b", "state/a", "state/fifo", "state/link", "state", "shut/file",
		"shut/new", "shut/moved", "shut", "alone",
	};

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		(void)remove(at(left[i]));
	is_int(rmdir(dir), 0, "nothing is left");
}

int main(void)
{
	static const char *lists[2][3];

	strcpy(dir, "/tmp/kedge_box.XXXXXX");
	if (mkdtemp(dir) == NULL || !prepare()) {
		printf("Bail out! %s\n", why.text);
		return 1;
	}
	lists[0][0] = strdup(at("open"));
	lists[0][1] = strdup(at("alone"));
	lists[1][0] = strdup(at("state"));
	box = (struct sandbox){ NOBODY, NOBODY, lists[0], lists[1] };
	ask_parts();
	from_outside();
	as_nobody();
	errors();
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		const struct attempt *a = &attempts[i];

		if (!have[a->needs])
			ok(true, "%s # SKIP not in this kernel or build", a->name);
		else
			is_int(in_box(a->go), a->want, "%s", a->name);
	}
	clean();
	return done();
}
