#define _GNU_SOURCE /* syscall, O_PATH */
#include "platform/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/str.h"
#include "platform/file.h"
#include "platform/sandbox_calls.h"

/* Of 32 bits the ones with names of their own: the others take 16. */
#ifdef SYS_setresuid32
#define NR_SETGROUPS SYS_setgroups32
#define NR_SETRESGID SYS_setresgid32
#define NR_SETRESUID SYS_setresuid32
#else
#define NR_SETGROUPS SYS_setgroups
#define NR_SETRESGID SYS_setresgid
#define NR_SETRESUID SYS_setresuid
#endif

const char *sandbox_folder(const char *path, char out[SANDBOX_PATH_MAX])
{
	char to[SANDBOX_PATH_MAX];
	ssize_t n = readlink(path, to, sizeof(to));
	struct slice dir = slice_to(slice_of(path), slice_rfind(slice_of(path), "/")), link = { to, n > 0 ? (size_t)n : 0 };
	struct text t = text_on(out, SANDBOX_PATH_MAX);

	if (link.n == 0 || to[0] != '/')
		text_slice(&t, dir);
	if (link.n > 0 && to[0] != '/')
		text_c(&t, '/');
	text_slice(&t, slice_to(link, slice_rfind(link, "/") == SIZE_MAX ? 0 : slice_rfind(link, "/")));
	if (t.full || t.len == 0)
		(void)str_put(out, SANDBOX_PATH_MAX, SLICE("/"));
	return out;
}

static enum kerr failed(const char *step, struct why *why)
{
	return file_errno(errno, "sandbox:", step, why);
}

static enum kerr left_out(struct sandbox_missing *missing, const struct packed *text)
{
	missing->text[missing->n++] = text;
	return KERR_OK;
}

/* ---- who it is ---- */

static enum kerr drop_user(const struct sandbox *s, struct why *why)
{
	if (geteuid() != 0)
		return KERR_OK;
	if (s->uid == 0 || s->gid == 0)
		return why_set(why, KERR_BAD_INPUT, "sandbox: root has to become somebody else, and so has its group");
	/* EPERM: whoever started us has taken the right to; no_new_privs holds without it. EINVAL: past the last one. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
			return failed("bounding set", why);
	if (errno != EINVAL)
		return failed("bounding set", why);
	/* the calls themselves: there is one thread, and a C library's are made for many */
	if (syscall(NR_SETGROUPS, 0, NULL) != 0)
		return failed("setgroups", why);
	if (syscall(NR_SETRESGID, s->gid, s->gid, s->gid) != 0)
		return failed("setresgid", why);
	return syscall(NR_SETRESUID, s->uid, s->uid, s->uid) == 0 ? KERR_OK : failed("setresuid", why);
}

/* The ambient ones go with those that are permitted. */
static enum kerr drop_rights(struct why *why)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };
	struct rlimit no_core = { 0, 0 };

	if (syscall(SYS_capset, &head, none) != 0)
		return failed("capset", why);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return failed("no_new_privs", why);
	return setrlimit(RLIMIT_CORE, &no_core) == 0 ? KERR_OK : failed("core limit", why);
}

/* ---- which files: landlock(7); linux/landlock.h of today has all of this, older ones a part ---- */

enum {
	LANDLOCK_CREATE = 444, LANDLOCK_ADD = 445, LANDLOCK_RESTRICT = 446, /* the same on all CPUs */
	LANDLOCK_VERSION = 1, LANDLOCK_BENEATH = 1,

	/* rights on files */
	WRITE_FILE = 1 << 1, READ_FILE = 1 << 2, READ_DIR = 1 << 3, REMOVE_DIR = 1 << 4, REMOVE_FILE = 1 << 5, MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8, REFER = 1 << 13 /* ABI 2 */, TRUNCATE = 1 << 14 /* ABI 3 */,
	RIGHTS_ABI_1 = 13, /* the first so many; ABI 5 adds ioctl on devices, ABI 9 connecting to sockets by path */
	RIGHTS_READ = READ_FILE | READ_DIR,
	RIGHTS_WRITE = RIGHTS_READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE,
	RIGHTS_ON_FILE = WRITE_FILE | READ_FILE | TRUNCATE,

	SCOPE_ALL = 3 /* ABI 6: no abstract socket of others, no signal to others */
};

struct landlock_rules { uint64_t files, net, scoped; };
struct landlock_path { uint64_t allowed; int32_t fd; } __attribute__((packed));

static enum kerr allow_path(int rules, const char *path, uint64_t rights, struct why *why)
{
	struct landlock_path rule = { rights, open(path, O_PATH | O_CLOEXEC) };
	struct stat st;
	enum kerr err = KERR_OK;

	if (rule.fd < 0)
		return failed(path, why);
	if (fstat(rule.fd, &st) != 0)
		err = failed(path, why);
	else if (!S_ISDIR(st.st_mode))
		rule.allowed &= RIGHTS_ON_FILE;
	if (err == KERR_OK && syscall(LANDLOCK_ADD, rules, LANDLOCK_BENEATH, &rule, 0) != 0)
		err = failed(path, why);
	close(rule.fd);
	return err;
}

static enum kerr allow_paths(int rules, const struct sandbox *s, uint64_t known, struct why *why)
{
	enum kerr err = KERR_OK;

	for (const char *const *p = s->writable; *p != NULL && err == KERR_OK; p++)
		err = allow_path(rules, *p, RIGHTS_WRITE & known, why);
	for (const char *const *p = s->readable; *p != NULL && err == KERR_OK; p++) {
		err = allow_path(rules, *p, RIGHTS_READ, why);
		if (err == KERR_GONE || err == KERR_DENIED)
			err = KERR_OK;
	}
	return err;
}

static enum kerr enter_landlock(const struct sandbox *s, struct sandbox_missing *missing, struct why *why)
{
	long abi = syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_VERSION);
	struct landlock_rules all = { 0, 0, abi >= 6 ? SCOPE_ALL : 0 };
	enum kerr err;
	int rules;

	if (abi < 0 && errno == ENOSYS)
		return left_out(missing, PACKED("Landlock: not in this kernel"));
	if (abi < 0 && errno == EOPNOTSUPP)
		return left_out(missing, PACKED("Landlock: switched off at boot"));
	if (abi < 0 && errno == EPERM)
		return left_out(missing, PACKED("Landlock: forbidden to kedge by who started it"));
	all.files = (1u << (RIGHTS_ABI_1 + (abi >= 2) + (abi >= 3) + (abi >= 5) + (abi >= 9))) - 1;
	rules = abi < 0 ? -1 : (int)syscall(LANDLOCK_CREATE, &all, sizeof(all), 0);
	if (rules < 0)
		return failed("Landlock", why);
	err = allow_paths(rules, s, all.files, why);
	if (err == KERR_OK && syscall(LANDLOCK_RESTRICT, rules, 0) != 0)
		err = failed("Landlock", why);
	close(rules);
	return err;
}

/* ---- which system calls: seccomp(2) ---- */

#if defined(__SANITIZE_ADDRESS__)
static enum kerr enter_seccomp(struct sandbox_missing *missing, struct why *why)
{
	(void)why;
	return left_out(missing, PACKED("seccomp: left out of a build with sanitizers"));
}
#elif !defined(SANDBOX_ARCH)
static enum kerr enter_seccomp(struct sandbox_missing *missing, struct why *why)
{
	(void)why;
	return left_out(missing, PACKED("seccomp: no list of calls for this CPU"));
}
#else
#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

enum how { ANY_OF, NONE_OF, EQUAL, AT_MOST };

/* A call is allowed if one of its arguments is as said (the lower half of it: all of these are ints or sets of low bits) and,
 * where `next` is set, what the next rule says holds, too. pid: our own instead of value. */
struct rule { uint16_t call; uint8_t arg; uint8_t how : 6, next : 1, pid : 1; uint32_t value; };

#ifdef SYS_fcntl64
#define CALL_FCNTL SYS_fcntl64
#define CALL_MMAP SYS_mmap2
#else
#define CALL_FCNTL SYS_fcntl
#define CALL_MMAP SYS_mmap
#endif

static const struct rule rules[] = {
	{ .call = CALL_MMAP, .arg = 2, .how = NONE_OF, .value = PROT_EXEC },
	{ .call = SYS_mprotect, .arg = 2, .how = NONE_OF, .value = PROT_EXEC },
	{ .call = SYS_clone, .arg = 0, .how = ANY_OF, .value = 0x10000 /* CLONE_THREAD */ },
	{ .call = SYS_socket, .arg = 0, .how = EQUAL, .value = AF_INET },
	{ .call = SYS_socket, .arg = 0, .how = EQUAL, .value = AF_INET6 },
	{ .call = SYS_socket, .arg = 0, .how = EQUAL, .value = AF_NETLINK, .next = 1 },
	{ .call = SYS_socket, .arg = 2, .how = EQUAL, .value = 0 /* NETLINK_ROUTE */ },
	/* up to SO_BINDTODEVICE: from SO_ATTACH_FILTER on a socket may get a program */
	{ .call = SYS_setsockopt, .arg = 1, .how = EQUAL, .value = SOL_SOCKET, .next = 1 },
	{ .call = SYS_setsockopt, .arg = 2, .how = AT_MOST, .value = 25 },
	{ .call = SYS_setsockopt, .arg = 1, .how = EQUAL, .value = 0 /* IP */ },
	{ .call = SYS_setsockopt, .arg = 1, .how = EQUAL, .value = 6 /* TCP */ },
	{ .call = SYS_setsockopt, .arg = 1, .how = EQUAL, .value = 41 /* IPv6 */ },
	/* not F_SETOWN and what comes after it: a signal to others. Locks are not needed. */
	{ .call = CALL_FCNTL, .arg = 1, .how = AT_MOST, .value = F_SETFL },
	{ .call = CALL_FCNTL, .arg = 1, .how = EQUAL, .value = F_DUPFD_CLOEXEC },
	{ .call = CALL_FCNTL, .arg = 1, .how = EQUAL, .value = F_GET_SEALS },
	{ .call = SYS_prlimit64, .arg = 0, .how = EQUAL, .value = 0 /* its own limits */ },
	{ .call = SYS_kill, .arg = 0, .how = EQUAL, .pid = 1 },
	{ .call = SYS_tkill, .arg = 0, .how = EQUAL, .pid = 1 },
	{ .call = SYS_tgkill, .arg = 0, .how = EQUAL, .pid = 1 },
};

enum {
	RULE_STEPS = 5,
	PROGRAM_MAX = 16 + LENGTH(sandbox_allowed) + LENGTH(sandbox_deadly) + RULE_STEPS * LENGTH(rules)
};
_Static_assert(LENGTH(sandbox_allowed) < 255 && LENGTH(sandbox_deadly) < 255, "a jump goes over 255 steps at most");

struct program { unsigned short n; struct sock_filter step[PROGRAM_MAX]; };

static void add(struct program *p, unsigned code, unsigned yes, unsigned no, uint32_t k)
{
	p->step[p->n++] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes, (uint8_t)no, k };
}

static void load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void end_with(struct program *p, uint32_t verdict)
{
	add(p, BPF_RET | BPF_K, 0, 0, verdict);
}

/* Every call of the list ends with the verdict that stands after it. */
static void add_list(struct program *p, const uint16_t *call, unsigned n, uint32_t verdict)
{
	for (unsigned i = 0; i < n; i++)
		add(p, BPF_JMP | BPF_JEQ | BPF_K, n - i, 0, call[i]);
	add(p, BPF_JMP | BPF_JA, 0, 0, 1);
	end_with(p, verdict);
}

/* Steps: is it the call? load, test, verdict, load the call's number again. With `next` the other rule is the verdict. */
static void add_rule(struct program *p, const struct rule *r)
{
	static const uint16_t test[] = { [ANY_OF] = BPF_JSET, [NONE_OF] = BPF_JSET, [EQUAL] = BPF_JEQ, [AT_MOST] = BPF_JGT };
	bool inverted = r->how == NONE_OF || r->how == AT_MOST;
	unsigned away = r->next ? RULE_STEPS : 1;

	add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, r->next ? RULE_STEPS + 3 : RULE_STEPS - 1, r->call);
	load(p, offsetof(struct seccomp_data, args) + 8 * r->arg);
	add(p, BPF_JMP | BPF_K | test[r->how], inverted ? away : 0, inverted ? 0 : away,
	    r->pid ? (uint32_t)getpid() : r->value);
	if (!r->next)
		end_with(p, SECCOMP_RET_ALLOW);
	load(p, offsetof(struct seccomp_data, nr));
}

static void write_program(struct program *p)
{
	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SANDBOX_ARCH);
	end_with(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	add(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000 /* x32 */);
	end_with(p, SECCOMP_RET_KILL_PROCESS);
#endif
	add_list(p, sandbox_allowed, LENGTH(sandbox_allowed), SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < LENGTH(rules); i++)
		add_rule(p, &rules[i]);
	add_list(p, sandbox_deadly, LENGTH(sandbox_deadly), SECCOMP_RET_KILL_PROCESS);
	add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 435 /* clone3 */);
	end_with(p, SECCOMP_RET_ERRNO | ENOSYS);
	end_with(p, SECCOMP_RET_ERRNO | EPERM);
}

static enum kerr enter_seccomp(struct sandbox_missing *missing, struct why *why)
{
	struct program p = { 0 };
	struct sock_fprog filter = { 0, p.step };

	/* without a program: EFAULT where there is seccomp with filters */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EINVAL)
		return left_out(missing, PACKED("seccomp: not in this kernel"));
	write_program(&p);
	filter.len = p.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0 ? KERR_OK : failed("seccomp", why);
}
#endif

enum kerr sandbox_enter(const struct sandbox *s, struct sandbox_missing *missing, struct why *why)
{
	enum kerr err = drop_user(s, why);

	*missing = (struct sandbox_missing){ 0 };
	if (err == KERR_OK)
		err = drop_rights(why);
#ifdef __SANITIZE_ADDRESS__
	if (err == KERR_OK)
		err = left_out(missing, PACKED("PR_SET_DUMPABLE: left out of a build with sanitizers"));
#else
	/* after the change of user, which sets it as the machine has it */
	if (err == KERR_OK && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		err = failed("PR_SET_DUMPABLE", why);
#endif
	if (err == KERR_OK)
		err = enter_landlock(s, missing, why);
	return err == KERR_OK ? enter_seccomp(missing, why) : err;
}
