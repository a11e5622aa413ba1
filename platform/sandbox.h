/* sandbox.h - a process shuts itself in: another user, no capabilities and no way to get any, no core dump, files by
 * landlock(7), system calls by seccomp(2). No way back. What the kernel lacks is named and left out; all else is an error. */
#ifndef KEDGE_PLATFORM_SANDBOX_H
#define KEDGE_PLATFORM_SANDBOX_H

#include <sys/types.h>

#include "agent/base/err.h"

struct sandbox {
	uid_t uid;      /* who it becomes if it is root now, else it stays who it is; not 0 for root */
	gid_t gid;
	/* Files and folders with all below; each list ends in NULL. A name stands for what it leads to now, through symbolic links:
	 * for a file that is replaced later its folder has to stand here. */
	const char *const *readable;    /* read and listed; what is not there or out of its reach is passed over */
	const char *const *writable;    /* also written, made, moved, cut and removed: files and folders, nothing special */
};

enum { SANDBOX_PARTS = 4, SANDBOX_PATH_MAX = 512 };

/* For `readable`: the folder a file is in, where the file is a symbolic link that of what it names. Whoever replaces the file by
 * another leaves the folder. Returns out; longer than that: "/". */
const char *sandbox_folder(const char *path, char out[SANDBOX_PATH_MAX]);

struct sandbox_missing {        /* what is left out, in words for people: "Landlock: not in this kernel" */
	unsigned n;
	const struct packed *text[SANDBOX_PARTS];
};

/* Enters. Call it with one thread, and with nothing open that is not meant to stay: what is open stays usable.
 * What works afterwards: files as above; sockets of IPv4, IPv6 and rtnetlink, DNS; pipes, eventfd, timers; threads, memory,
 * clocks, polling; signals to itself.
 * What fails with EPERM: any other socket (AF_UNIX too: the engine's is as good as root), memory that can be executed, ioctl,
 * prctl, signals to others, and each system call that is on no list. clone3 fails with ENOSYS, so that a libc takes clone.
 * What ends the process (SIGSYS): starting programs and processes, ptrace and the like, mounts, namespaces, modules, BPF,
 * io_uring, keyrings, and calls of another ABI. The lists are in sandbox_calls.h; a CPU without one has no seccomp.
 * A build with AddressSanitizer leaves seccomp and PR_SET_DUMPABLE out (its leak checker is a process that traces) and says so.
 * KERR_BAD_INPUT: root, and uid or gid is 0; KERR_GONE: something writable is not there; KERR_DENIED, KERR_IO: why names the
 * step. After an error the process may be half shut in: it has to end. */
KERR_CHECK enum kerr sandbox_enter(const struct sandbox *s, struct sandbox_missing *missing, struct why *why);

#endif
