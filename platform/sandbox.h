/* sandbox.h - a process shuts itself in: another user, no capabilities, no way to get any, no core dump, files by landlock(7), system
 * calls by seccomp(2). There is no way back. What the kernel lacks is named and left out; whatever else fails is an error. */
#ifndef KEDGE_PLATFORM_SANDBOX_H
#define KEDGE_PLATFORM_SANDBOX_H

#include <sys/types.h>

#include "agent/base/err.h"

struct sandbox {
	uid_t uid;      /* who it becomes if it is root now, else it stays who it is; not 0 for root */
	gid_t gid;
	/* Files and folders with all below, each list ending in NULL. A name stands for what it means now, behind symbolic links: a file
	 * that is replaced later needs its folder here. What is not there is passed over, but what is writable has to be there. */
	const char *const *readable;    /* read and listed */
	const char *const *writable;    /* also written, made, moved, cut and removed: files and folders, no devices, sockets or links */
};

enum { SANDBOX_PARTS = 4 };

struct sandbox_missing {        /* what is left out, in words for people: "Landlock: not in this kernel" */
	unsigned n;
	const char *text[SANDBOX_PARTS];        /* fixed text */
};

/* Enters. To be called with one thread, and with no file open that is not meant to stay. What works afterwards:
 *   reading and writing what is open, files as above, IPv4, IPv6 and rtnetlink sockets, DNS, threads, memory, clocks, signals to itself.
 * What does not, EPERM: other sockets (AF_UNIX: the engine's is root; pairs of streams may be made), memory that can be executed, ioctl,
 * prctl, signals to others, any system call that is not on the list; ENOSYS: clone3, so that libcs fall back to clone.
 * What ends the process (SIGSYS): programs and other processes started, ptrace and the like, mounts, namespaces, modules, BPF, calls of
 * another ABI. The lists are in sandbox_calls.h.
 * A build with AddressSanitizer leaves seccomp and PR_SET_DUMPABLE out, since its leak checker starts a process that traces: missing
 * says so. On a CPU without a list (sandbox_calls.h) seccomp is missing, too.
 * KERR_BAD_INPUT: root, and uid or gid is 0; KERR_GONE: something writable is not there; KERR_DENIED, KERR_IO: why names the step. After
 * an error the process may be shut in half: it can only end. */
KERR_CHECK enum kerr sandbox_enter(const struct sandbox *s, struct sandbox_missing *missing, struct why *why);

#endif
