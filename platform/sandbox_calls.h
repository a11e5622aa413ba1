/* sandbox_calls.h - what a process that waits, computes, speaks over sockets and keeps a few files calls: of musl and of glibc, by
 * the names that the architecture at hand has. */
#ifndef KEDGE_PLATFORM_SANDBOX_CALLS_H
#define KEDGE_PLATFORM_SANDBOX_CALLS_H

#include <stdint.h>
#include <asm/unistd.h>

static const uint16_t sandbox_calls[] = {
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_pwrite64, __NR_close, __NR_lseek, __NR_dup, __NR_ftruncate, __NR_fsync,
	__NR_fdatasync, __NR_openat, __NR_unlinkat, __NR_mkdirat, __NR_renameat2, __NR_fchmod, __NR_fchmodat, __NR_faccessat, __NR_readlinkat,
	__NR_getdents64, __NR_umask, __NR_statfs, __NR_fstatfs, __NR_fstat, __NR_getcwd,
	__NR_connect, __NR_bind, __NR_listen, __NR_accept4, __NR_getsockname, __NR_getpeername, __NR_setsockopt, __NR_getsockopt, __NR_shutdown,
	__NR_sendto, __NR_sendmsg, __NR_sendmmsg, __NR_recvfrom, __NR_recvmsg, __NR_ppoll, __NR_pselect6, __NR_eventfd2,
	__NR_munmap, __NR_madvise, __NR_mremap, __NR_brk, __NR_futex, __NR_set_robust_list, __NR_set_tid_address, __NR_exit, __NR_exit_group,
	__NR_getpid, __NR_gettid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid, __NR_sched_yield, __NR_rt_sigaction, __NR_rt_sigprocmask,
	__NR_rt_sigreturn, __NR_restart_syscall, __NR_clock_gettime, __NR_clock_getres, __NR_nanosleep, __NR_clock_nanosleep, __NR_gettimeofday,
	__NR_getrandom, __NR_uname, __NR_sysinfo, __NR_getrusage, __NR_times,
#ifdef __NR_membarrier
	__NR_membarrier,
#endif
#ifdef __NR_statx
	__NR_statx,
#endif
#ifdef __NR_rseq
	__NR_rseq,
#endif
#ifdef __NR_faccessat2
	__NR_faccessat2,
#endif
	/* older than the calls with "at", which arm64 does not have */
#ifdef __NR_open
	__NR_open, __NR_stat, __NR_lstat, __NR_access, __NR_unlink, __NR_mkdir, __NR_rename, __NR_chmod, __NR_readlink, __NR_poll, __NR_dup2,
#endif
#ifdef __NR_select
	__NR_select,
#endif
#ifdef __NR__newselect
	__NR__newselect,
#endif
#ifdef __NR_time
	__NR_time,
#endif
#ifdef __NR_accept
	__NR_accept,
#endif
#ifdef __NR_renameat
	__NR_renameat,
#endif
#ifdef __NR_newfstatat
	__NR_newfstatat,
#endif
	/* of 32 bits */
#ifdef __NR_fstatat64
	__NR_fstatat64, __NR_fstat64, __NR_stat64, __NR_lstat64, __NR__llseek, __NR_ftruncate64, __NR_fcntl64, __NR_statfs64, __NR_fstatfs64,
	__NR_getuid32, __NR_geteuid32, __NR_getgid32, __NR_getegid32, __NR_sigreturn,
#endif
#ifdef __NR_clock_gettime64
	__NR_clock_gettime64, __NR_clock_nanosleep_time64, __NR_ppoll_time64, __NR_pselect6_time64, __NR_futex_time64, __NR_recvmmsg_time64,
#endif
#ifdef __NR_fcntl
	__NR_fcntl,
#endif
};

#endif
