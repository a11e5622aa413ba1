/* sandbox_calls.h - which system calls a process in the sandbox may make, of each CPU: what musl and glibc make of the product,
 * seen by strace and in their sources. For sandbox.c alone. A 32-bit kernel before 5.1 has only the calls with 32-bit times. */
#ifndef KEDGE_PLATFORM_SANDBOX_CALLS_H
#define KEDGE_PLATFORM_SANDBOX_CALLS_H

#include <linux/audit.h>
#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define SANDBOX_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#elif defined(__ARM_EABI__) && defined(__ARMEL__)
#define SANDBOX_ARCH AUDIT_ARCH_ARM
#endif
#ifdef SANDBOX_ARCH

#if defined(SYS_clock_gettime64) && !defined(SYS_clock_gettime32) /* glibc has the kernel's names, musl its own */
#define SYS_clock_gettime32 SYS_clock_gettime
#define SYS_clock_getres_time32 SYS_clock_getres
#define SYS_clock_nanosleep_time32 SYS_clock_nanosleep
#define SYS_gettimeofday_time32 SYS_gettimeofday
#define SYS_timerfd_settime32 SYS_timerfd_settime
#endif

static const uint16_t sandbox_allowed[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_close, SYS_dup, SYS_dup3, SYS_pipe2,
	SYS_openat, SYS_faccessat, SYS_readlinkat, SYS_renameat2, SYS_unlinkat, SYS_mkdirat, SYS_linkat, SYS_statx, SYS_fchmod,
	SYS_umask, SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_fstat, SYS_statfs, SYS_fstatfs, SYS_getdents64,
	SYS_ppoll, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2, SYS_timerfd_create, SYS_signalfd4,
	SYS_connect, SYS_bind, SYS_listen, SYS_accept4, SYS_getsockname, SYS_getpeername, SYS_sendto, SYS_recvfrom, SYS_sendmsg,
	SYS_recvmsg, SYS_sendmmsg, SYS_shutdown, SYS_getsockopt,
	SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk,
	SYS_futex, SYS_set_robust_list, SYS_set_tid_address, SYS_rseq, SYS_exit, SYS_exit_group, SYS_sched_yield, SYS_gettid,
	SYS_getpid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
	SYS_nanosleep, SYS_uname, SYS_sysinfo, SYS_getrusage, SYS_getrandom,
#ifdef SYS_open /* x86 and 32-bit ARM, which have the older of each call, too */
	SYS_open, SYS_access, SYS_readlink, SYS_rename, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_link, SYS_stat, SYS_lstat, SYS_poll,
	SYS_epoll_wait, SYS_dup2,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_clock_gettime64 /* 32 bits */
	SYS_clock_gettime64, SYS_clock_getres_time64, SYS_clock_nanosleep_time64, SYS_futex_time64, SYS_ppoll_time64,
	SYS_timerfd_settime64, SYS_clock_gettime32, SYS_clock_getres_time32, SYS_clock_nanosleep_time32, SYS_gettimeofday_time32,
	SYS_timerfd_settime32, SYS__llseek, SYS_ftruncate64, SYS_fstat64, SYS_stat64, SYS_lstat64, SYS_fstatat64, SYS_statfs64,
	SYS_fstatfs64, SYS_sigreturn, SYS_getuid32, SYS_geteuid32, SYS_getgid32, SYS_getegid32,
#else
	SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_gettimeofday, SYS_timerfd_settime,
#endif
};

/* Nobody here makes these by chance. */
static const uint16_t sandbox_deadly[] = {
	SYS_execve, SYS_execveat, SYS_clone, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_mount, SYS_umount2,
	SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_init_module, SYS_finit_module,
	SYS_delete_module, SYS_kexec_load, SYS_open_by_handle_at, SYS_add_key, SYS_request_key, SYS_keyctl,
	425 /* io_uring_setup */, 426 /* io_uring_enter */, 427 /* io_uring_register */, 428 /* open_tree */, 429 /* move_mount */,
	430 /* fsopen */, 432 /* fsmount */, 442 /* mount_setattr */, /* these numbers are the same everywhere */
#ifdef SYS_fork
	SYS_fork, SYS_vfork,
#endif
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
};

#endif
#endif
