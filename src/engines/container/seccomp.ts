import { EngineUnavailable } from "../../base/errors.ts";

/**
 * System calls that a sandbox may make: those of Deno, and those of the engine's runtime when it
 * starts Deno. The engine's own filter is for all programs. Some versions in use allow io_uring,
 * and sockets that no network namespace confines (vsock).
 */
const ALLOWED: Readonly<Record<string, string>> = {
  memory:
    "brk madvise membarrier memfd_create mmap mprotect mremap munmap pkey_alloc pkey_free pkey_mprotect",
  files:
    "access chdir chmod chown close close_range copy_file_range dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync flock fstat fstatfs fsync ftruncate futimesat getcwd getdents getdents64 ioctl lchown link linkat lseek lstat mkdir mkdirat newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readlink readlinkat readv rename renameat renameat2 rmdir sendfile stat statfs statx symlink symlinkat truncate umask unlink unlinkat utime utimensat utimes write writev",
  events:
    "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 inotify_add_watch inotify_init inotify_init1 inotify_rm_watch poll ppoll pselect6 select timerfd_create timerfd_gettime timerfd_settime",
  threads:
    "arch_prctl execve exit exit_group futex get_robust_list getpgid getpgrp getpid getpriority getppid getrlimit getrusage getsid gettid kill prctl prlimit64 restart_syscall rseq sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler sched_setaffinity sched_yield set_robust_list set_tid_address setrlimit tgkill times tkill wait4 waitid",
  signals:
    "pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait sigaltstack",
  identity:
    "capget capset getegid geteuid getgid getgroups getresgid getresuid getuid setgid setgroups setresgid setresuid setuid",
  time: "clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time",
  system: "getcpu getrandom sysinfo uname",
  sockets:
    "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto setsockopt shutdown socketpair",
};

/** Unix and internet sockets, the latter for loopback, and netlink, which lists interfaces. */
const SOCKET_FAMILIES = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16 };

/** Flags of clone() that would create a namespace. */
const NAMESPACE_FLAGS = 0x7e020000;
const ENOSYS = 38;

/** Returns the filter in the engine's format, as text for the security option `seccomp=…`. */
export function seccompProfile(): string {
  const allow = "SCMP_ACT_ALLOW";
  const names = Object.values(ALLOWED).flatMap((group) => group.split(" "));
  const equals = (value: number) => [{ index: 0, value, op: "SCMP_CMP_EQ" }];
  const noFlagOf = (mask: number) => [
    { index: 0, value: mask, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" },
  ];
  return JSON.stringify({
    defaultAction: "SCMP_ACT_ERRNO",
    archMap: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"].map((architecture) => ({
      architecture,
      subArchitectures: [],
    })),
    syscalls: [
      { names, action: allow },
      ...Object.values(SOCKET_FAMILIES).map((family) => ({
        names: ["socket"],
        action: allow,
        args: equals(family),
      })),
      { names: ["clone"], action: allow, args: noFlagOf(NAMESPACE_FLAGS) },
      // A filter cannot read its flags. The error says that it does not exist, so libc uses
      // clone().
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    ],
  });
}

/**
 * Checks the security options of an engine. Without its filter a sandbox would lack one layer, so
 * none is started.
 *
 * @throws {EngineUnavailable} if the engine does not filter system calls.
 */
export function assertSeccomp(options: unknown): void {
  const listed = Array.isArray(options) ? options.map(String) : [];
  const seccomp = listed.find((option) => option.startsWith("name=seccomp"));
  if (seccomp === undefined || seccomp.includes("profile=unconfined")) {
    throw new EngineUnavailable("The engine does not filter system calls (seccomp)");
  }
}
