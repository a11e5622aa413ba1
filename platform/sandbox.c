#define _GNU_SOURCE /* setresuid, O_PATH, syscall */
#include "platform/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/sandbox_calls.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#endif

#define X32_BIT 0x40000000u              /* of a call's number on x86-64: the same calls by other numbers */

static enum kerr failed(const char *what, struct why *why)
{
	return why_set(why, KERR_IO, "%s: %s", what, strerror(errno));
}

static void lacks(struct text *missing, const char *part, int err)
{
	text_s(missing, missing->len > 0 ? "; " : "");
	text_s(missing, part);
	text_s(missing, err == ENOSYS || err == EOPNOTSUPP || err == EINVAL ? ": not in this kernel" : ": ");
	text_s(missing, err == ENOSYS || err == EOPNOTSUPP || err == EINVAL ? "" : strerror(err));
}

/* ---- user and privileges ---- */

/* The bounding set says what a program with file capabilities could get: it takes CAP_SETPCAP to shrink, and no_new_privs holds
 * without it. */
static enum kerr drop_privileges(const struct sandbox *s, struct why *why)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	const struct rlimit nothing = { 0, 0 };

	for (unsigned long cap = 0; cap < 64; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 && errno != EPERM))
		return failed("setgroups", why);
	if (s->gid != getegid() && setresgid(s->gid, s->gid, s->gid) != 0)
		return failed("setresgid", why);
	if (s->uid != geteuid() && setresuid(s->uid, s->uid, s->uid) != 0)
		return failed("setresuid", why);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(__NR_capset, &head, none) != 0)
		return failed("capset", why);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return failed("no_new_privs", why);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &nothing) != 0)
		return failed("core dumps", why);
	return KERR_OK;
}

/* ---- files ---- */

/* Rights by the ABI that has them first (landlock(7)); the kernel's headers at hand may be older than the kernel. */
enum {
	FS_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	FS_WRITE = FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG,
	FS_FILE = LANDLOCK_ACCESS_FS_READ_FILE,
	FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14, FS_IOCTL = 1 << 15, SCOPES = 3 /* abstract sockets, signals */
};

struct ruleset { uint64_t fs, net, scoped; };

static struct ruleset all_rights(long abi, size_t *size)
{
	struct ruleset r = { (1 << 13) - 1, 0, 0 };

	*size = sizeof(r.fs);
	r.fs |= abi >= 2 ? FS_REFER : 0;
	r.fs |= abi >= 3 ? FS_TRUNCATE : 0;
	r.fs |= abi >= 5 ? FS_IOCTL : 0;
	if (abi >= 6) {
		r.scoped = SCOPES;
		*size = sizeof(r);
	}
	return r;
}

static enum kerr allow(int set, const char *const *paths, uint64_t rights, struct why *why)
{
	for (; *paths != NULL; paths++) {
		struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = open(*paths, O_PATH | O_CLOEXEC) };
		struct stat st;
		long done;

		if (rule.parent_fd < 0)
			continue;
		if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
			rule.allowed_access &= FS_FILE;
		done = syscall(__NR_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
		(void)close(rule.parent_fd);
		if (done != 0)
			return failed(*paths, why);
	}
	return KERR_OK;
}

static enum kerr few_files(const struct sandbox *s, struct text *missing, struct why *why)
{
	long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rights;
	size_t size;
	enum kerr err;
	int set;

	if (abi < 1) {
		lacks(missing, "Landlock", errno);
		return KERR_OK;
	}
	rights = all_rights(abi, &size);
	set = (int)syscall(__NR_landlock_create_ruleset, &rights, size, 0);
	if (set < 0)
		return failed("Landlock", why);
	err = allow(set, s->readable, FS_READ, why);
	if (err == KERR_OK)
		err = allow(set, s->writable, FS_WRITE | (abi >= 3 ? FS_TRUNCATE : 0), why);
	if (err == KERR_OK && syscall(__NR_landlock_restrict_self, set, 0) != 0)
		err = failed("Landlock", why);
	(void)close(set);
	return err;
}

/* ---- calls ---- */

enum { PROGRAM_MAX = 320, REFUSE = SECCOMP_RET_ERRNO | EPERM };

struct program { unsigned short n; struct sock_filter at[PROGRAM_MAX]; };

static void op(struct program *p, unsigned code, unsigned char yes, unsigned char no, uint32_t k)
{
	p->at[p->n++] = (struct sock_filter){ (unsigned short)code, yes, no, k };
}

static void load(struct program *p, size_t offset)
{
	op(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void end(struct program *p, uint32_t action)
{
	op(p, BPF_RET | BPF_K, 0, 0, action);
}

/* The lower half, where all that is looked at here stands. */
static size_t argument(int i)
{
	return offsetof(struct seccomp_data, args) + 8 * (size_t)i;
}

/* What is loaded equals k (or, by bits, has one of k's): action. */
static void when(struct program *p, unsigned test, uint32_t k, uint32_t action)
{
	op(p, BPF_JMP | test | BPF_K, 0, 1, k);
	end(p, action);
}

/* Of one call: an argument that passes a test leads to `passed`, any other to `else_`. */
static void look(struct program *p, uint32_t call, int arg, unsigned test, uint32_t k, uint32_t passed, uint32_t else_)
{
	op(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, call);
	load(p, argument(arg));
	when(p, test, k, passed);
	end(p, else_);
}

static void special(struct program *p)
{
#ifdef __NR_mmap
	look(p, __NR_mmap, 2, BPF_JSET, PROT_EXEC, REFUSE, SECCOMP_RET_ALLOW);
#endif
#ifdef __NR_mmap2
	look(p, __NR_mmap2, 2, BPF_JSET, PROT_EXEC, REFUSE, SECCOMP_RET_ALLOW);
#endif
	look(p, __NR_mprotect, 2, BPF_JSET, PROT_EXEC, REFUSE, SECCOMP_RET_ALLOW);
	/* a thread, as curl's for names; no process */
	look(p, __NR_clone, 0, BPF_JSET, CLONE_THREAD, SECCOMP_RET_ALLOW, REFUSE);
	/* abort() */
	look(p, __NR_tgkill, 0, BPF_JEQ, (uint32_t)getpid(), SECCOMP_RET_ALLOW, REFUSE);
	look(p, __NR_ioctl, 1, BPF_JEQ, FIONBIO, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | ENOTTY);
#ifdef __NR_clone3
	/* its flags stand where no filter can look: the library then takes the call above */
	when(p, BPF_JEQ, __NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
#endif
	/* Internet, and routes; not AF_UNIX, behind which the engine is */
	op(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 8, __NR_socket);
	load(p, argument(0));
	when(p, BPF_JEQ, AF_INET, SECCOMP_RET_ALLOW);
	when(p, BPF_JEQ, AF_INET6, SECCOMP_RET_ALLOW);
	when(p, BPF_JEQ, AF_NETLINK, SECCOMP_RET_ALLOW);
	end(p, REFUSE);
}

static void few_calls(struct text *missing)
{
	struct program p = { .n = 0 };
	struct sock_fprog all;

	load(&p, offsetof(struct seccomp_data, arch));
	op(&p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	end(&p, SECCOMP_RET_KILL_PROCESS);
	load(&p, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	when(&p, BPF_JSET, X32_BIT, REFUSE);
#endif
	for (size_t i = 0; i < sizeof(sandbox_calls) / sizeof(sandbox_calls[0]); i++)
		when(&p, BPF_JEQ, sandbox_calls[i], SECCOMP_RET_ALLOW);
	special(&p);
	end(&p, REFUSE);
	all = (struct sock_fprog){ p.n, p.at };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all, 0, 0) != 0)
		lacks(missing, "seccomp", errno);
}

enum kerr sandbox_enter(const struct sandbox *s, struct text *missing, struct why *why)
{
	enum kerr err = KERR_OK;

	/* before the user changes: root can open the folders that lead to them */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return failed("no_new_privs", why);
	err = few_files(s, missing, why);
	if (err == KERR_OK)
		err = drop_privileges(s, why);
#ifdef __SANITIZE_ADDRESS__
	lacks(missing, "seccomp, in a build with sanitizers", ENOSYS);
#else
	if (err == KERR_OK)
		few_calls(missing);
#endif
	return err;
}
