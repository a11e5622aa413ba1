/* proc.h - what this program costs and what it runs on, as the kernel says. */
#ifndef KEDGE_PLATFORM_PROC_H
#define KEDGE_PLATFORM_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

/* The CPU in the words of an image index (OCI image spec: GOARCH, and for arm a variant). */
struct proc_cpu {
	const char *arch;       /* "amd64" "arm64" "arm" "386" "riscv64" ...; "" when not known */
	const char *variant;    /* "v6" "v7" "v8" for arm and arm64, else "" */
};

/* Proportional set size of this process and of the n processes given (children; one that has ended
 * counts 0), from smaps_rollup (proc(5), Linux 4.14). KERR_GONE where the kernel has none. */
KERR_CHECK enum kerr proc_pss_bytes(const pid_t *others, size_t n, uint64_t *bytes, struct why *why);

/* The same of this process alone, through *fd, which is opened at the first call (-1 before) and stays good where /proc cannot be
 * opened any more. KERR_GONE, KERR_BAD_INPUT as above; the descriptor is the caller's. */
KERR_CHECK enum kerr proc_own_pss_bytes(int *fd, uint64_t *bytes, struct why *why);

/* Bytes this process caused to be written to disks since its start (getrusage(2): what write_bytes of /proc/self/io counts). */
uint64_t proc_disk_written_bytes(void);

/* Lets go of the program's own code pages before a long wait: they are clean, stay in the page cache, and those that are
 * needed again are mapped again. The kernel maps 64 KiB around each fault, so else the whole binary ends up resident. */
void proc_rest(void);

/* Gives the whole pages of a buffer back that holds nothing any more; they read as zeros. Not for what is shared. */
void proc_give_back(void *buf, size_t n_bytes);

/* No core dump of this process (PR_SET_DUMPABLE), and nothing but code in one that a debugger of root's makes: coredump_filter 0, which
 * is MADV_DONTDUMP on all it has and will have, and holds for its children, too (core(5)). Without /proc only the first. */
void proc_no_dump(void);

/* CPU time used by this process, milliseconds. */
uint64_t proc_cpu_ms(void);

/* uname -m of the running kernel. Under a 32-bit personality this is the 32-bit name. */
struct proc_cpu proc_cpu(void);
/* The same from a name: "armv7l" -> arm v7. */
struct proc_cpu proc_cpu_of(struct slice machine);

#endif
