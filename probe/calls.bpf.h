/* Which system calls are looked at, and how. Unlisted ones cost one table look-up. SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_CALLS_BPF_H
#define SYSFLOW_CALLS_BPF_H
#include "calls-shape.h"
#include <asm/bitsperlong.h>
#if defined(__TARGET_ARCH_x86)
#include <asm/unistd_64.h>
#else
#undef __BITS_PER_LONG
#define __BITS_PER_LONG 64
#define __ARCH_WANT_RENAMEAT
#define __ARCH_WANT_SYS_CLONE3
#define __ARCH_WANT_NEW_STAT
#include <asm-generic/unistd.h>
#endif

enum call_class {
	CLASS_NONE,
	CLASS_READ,	   /* moves bytes from descriptor 0 */
	CLASS_WRITE,	   /* moves bytes to descriptor 0 */
	CLASS_READ_FROM,   /* the same, argument 4 may name a peer */
	CLASS_WRITE_TO,
	CLASS_READ_MESSAGE, /* the same, a message header may name a peer */
	CLASS_WRITE_MESSAGE,
	CLASS_READ_MANY,   /* the result counts messages, not bytes */
	CLASS_WRITE_MANY,
	CLASS_OPEN,
	CLASS_CLOSE,
	CLASS_CLOSE_RANGE,
	CLASS_DUP,
	CLASS_FCNTL,
	CLASS_NEW_FD,	   /* returns a descriptor that may reuse a number */
	CLASS_NEW_PAIR,	   /* writes two descriptors: argument 0 or 3 */
	CLASS_ACCEPT,
	CLASS_CONNECT,
	CLASS_MMAP,
	CLASS_SENDFILE,	   /* from descriptor 1 to descriptor 0 */
	CLASS_SPLICE,	   /* from descriptor 0 to descriptor 1 */
	CLASS_COPY,	   /* from descriptor 0 to descriptor 2 */
	CLASS_FTRUNCATE,
	CLASS_SHUTDOWN,
	CLASS_SETNS,
	CLASS_CALL,	   /* told in full */
	CLASS_CALL_FAILED, /* told in full when it fails */
	CLASS_CALL_NEW_FD, /* told in full, and returns a descriptor */
};

#define CURRENT 7
#define CALLS 512

const volatile __u8 call_classes[CALLS] = {
	[__NR_read] = CLASS_READ,
	[__NR_readv] = CLASS_READ,
	[__NR_pread64] = CLASS_READ,
	[__NR_preadv] = CLASS_READ,
	[__NR_preadv2] = CLASS_READ,
	[__NR_getdents64] = CLASS_READ,
	[__NR_recvfrom] = CLASS_READ_FROM,
	[__NR_recvmsg] = CLASS_READ_MESSAGE,
	[__NR_recvmmsg] = CLASS_READ_MANY,
	[__NR_write] = CLASS_WRITE,
	[__NR_writev] = CLASS_WRITE,
	[__NR_pwrite64] = CLASS_WRITE,
	[__NR_pwritev] = CLASS_WRITE,
	[__NR_pwritev2] = CLASS_WRITE,
	[__NR_sendto] = CLASS_WRITE_TO,
	[__NR_sendmsg] = CLASS_WRITE_MESSAGE,
	[__NR_sendmmsg] = CLASS_WRITE_MANY,
	[__NR_openat] = CLASS_OPEN,
	[__NR_openat2] = CLASS_OPEN,
	[__NR_open_by_handle_at] = CLASS_OPEN,
	[__NR_close] = CLASS_CLOSE,
	[__NR_close_range] = CLASS_CLOSE_RANGE,
	[__NR_dup] = CLASS_DUP,
	[__NR_dup3] = CLASS_DUP,
	[__NR_fcntl] = CLASS_FCNTL,
	[__NR_socket] = CLASS_NEW_FD,
	[__NR_eventfd2] = CLASS_NEW_FD,
	[__NR_epoll_create1] = CLASS_NEW_FD,
	[__NR_inotify_init1] = CLASS_NEW_FD,
	[__NR_fanotify_init] = CLASS_NEW_FD,
	[__NR_timerfd_create] = CLASS_NEW_FD,
	[__NR_signalfd4] = CLASS_NEW_FD,
	[__NR_memfd_create] = CLASS_NEW_FD,
	[__NR_userfaultfd] = CLASS_NEW_FD,
	[__NR_pidfd_open] = CLASS_NEW_FD,
	[__NR_pidfd_getfd] = CLASS_NEW_FD,
	[__NR_perf_event_open] = CLASS_NEW_FD,
	[__NR_pipe2] = CLASS_NEW_PAIR,
	[__NR_socketpair] = CLASS_NEW_PAIR,
	[__NR_accept] = CLASS_ACCEPT,
	[__NR_accept4] = CLASS_ACCEPT,
	[__NR_connect] = CLASS_CONNECT,
	[__NR_mmap] = CLASS_MMAP,
	[__NR_sendfile] = CLASS_SENDFILE,
	[__NR_splice] = CLASS_COPY,
	[__NR_tee] = CLASS_SPLICE,
	[__NR_copy_file_range] = CLASS_COPY,
	[__NR_ftruncate] = CLASS_FTRUNCATE,
	[__NR_shutdown] = CLASS_SHUTDOWN,
	[__NR_setns] = CLASS_SETNS,
	[__NR_bind] = CLASS_CALL,
	[__NR_listen] = CLASS_CALL,
	[__NR_execve] = CLASS_CALL_FAILED,
	[__NR_execveat] = CLASS_CALL_FAILED,
	[__NR_clone] = CLASS_CALL_FAILED,
	[__NR_clone3] = CLASS_CALL_FAILED,
	[__NR_setuid] = CLASS_CALL,
	[__NR_setreuid] = CLASS_CALL,
	[__NR_setresuid] = CLASS_CALL,
	[__NR_setfsuid] = CLASS_CALL,
	[__NR_setgid] = CLASS_CALL,
	[__NR_setregid] = CLASS_CALL,
	[__NR_setresgid] = CLASS_CALL,
	[__NR_setfsgid] = CLASS_CALL,
	[__NR_setgroups] = CLASS_CALL,
	[__NR_capset] = CLASS_CALL,
	[__NR_setsid] = CLASS_CALL,
	[__NR_setpgid] = CLASS_CALL,
	[__NR_unshare] = CLASS_CALL,
	[__NR_mkdirat] = CLASS_CALL,
	[__NR_unlinkat] = CLASS_CALL,
	[__NR_linkat] = CLASS_CALL,
	[__NR_symlinkat] = CLASS_CALL,
	[__NR_renameat] = CLASS_CALL,
	[__NR_renameat2] = CLASS_CALL,
	[__NR_mknodat] = CLASS_CALL,
	[__NR_fchmod] = CLASS_CALL,
	[__NR_fchmodat] = CLASS_CALL,
	[452] = CLASS_CALL, /* fchmodat2 */
	[__NR_fchown] = CLASS_CALL,
	[__NR_fchownat] = CLASS_CALL,
	[__NR_truncate] = CLASS_CALL,
	[__NR_mount] = CLASS_CALL,
	[__NR_move_mount] = CLASS_CALL,
	[__NR_umount2] = CLASS_CALL,
	[__NR_chroot] = CLASS_CALL,
	[__NR_pivot_root] = CLASS_CALL,
	[__NR_ptrace] = CLASS_CALL,
	[__NR_process_vm_readv] = CLASS_CALL,
	[__NR_process_vm_writev] = CLASS_CALL,
	[__NR_kill] = CLASS_CALL,
	[__NR_tkill] = CLASS_CALL,
	[__NR_tgkill] = CLASS_CALL,
	[__NR_pidfd_send_signal] = CLASS_CALL,
	[__NR_init_module] = CLASS_CALL,
	[__NR_finit_module] = CLASS_CALL,
	[__NR_delete_module] = CLASS_CALL,
	[__NR_bpf] = CLASS_CALL_NEW_FD,
	[__NR_io_uring_setup] = CLASS_CALL_NEW_FD,
#if defined(__TARGET_ARCH_x86)
	/* Older twins that arm64 never had. */
	[__NR_getdents] = CLASS_READ,
	[__NR_open] = CLASS_OPEN,
	[__NR_creat] = CLASS_OPEN,
	[__NR_dup2] = CLASS_DUP,
	[__NR_eventfd] = CLASS_NEW_FD,
	[__NR_epoll_create] = CLASS_NEW_FD,
	[__NR_inotify_init] = CLASS_NEW_FD,
	[__NR_signalfd] = CLASS_NEW_FD,
	[__NR_pipe] = CLASS_NEW_PAIR,
	[__NR_fork] = CLASS_CALL_FAILED,
	[__NR_vfork] = CLASS_CALL_FAILED,
	[__NR_mkdir] = CLASS_CALL,
	[__NR_rmdir] = CLASS_CALL,
	[__NR_unlink] = CLASS_CALL,
	[__NR_link] = CLASS_CALL,
	[__NR_symlink] = CLASS_CALL,
	[__NR_rename] = CLASS_CALL,
	[__NR_mknod] = CLASS_CALL,
	[__NR_chmod] = CLASS_CALL,
	[__NR_chown] = CLASS_CALL,
	[__NR_lchown] = CLASS_CALL,
#endif
};

const volatile struct call_shape call_shapes[CALLS] = {
	[__NR_bind] = {.text1 = 2, .address = 1},
	[__NR_connect] = {.text1 = 2, .address = 1},
	[__NR_openat] = {.directory1 = 1, .text1 = 2},
	[__NR_openat2] = {.directory1 = 1, .text1 = 2},
	[__NR_execve] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_execveat] = {.directory1 = 1, .text1 = 2},
	[__NR_mkdirat] = {.directory1 = 1, .text1 = 2},
	[__NR_unlinkat] = {.directory1 = 1, .text1 = 2},
	[__NR_linkat] = {.directory1 = 1, .text1 = 2, .directory2 = 3, .text2 = 4},
	[__NR_symlinkat] = {.text1 = 1, .directory2 = 2, .text2 = 3},
	[__NR_renameat] = {.directory1 = 1, .text1 = 2, .directory2 = 3, .text2 = 4},
	[__NR_renameat2] = {.directory1 = 1, .text1 = 2, .directory2 = 3, .text2 = 4},
	[__NR_mknodat] = {.directory1 = 1, .text1 = 2},
	[__NR_fchmod] = {.directory1 = 1},
	[__NR_fchmodat] = {.directory1 = 1, .text1 = 2},
	[452] = {.directory1 = 1, .text1 = 2},
	[__NR_fchown] = {.directory1 = 1},
	[__NR_fchownat] = {.directory1 = 1, .text1 = 2},
	[__NR_truncate] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_mount] = {.directory1 = CURRENT, .text1 = 1, .directory2 = CURRENT, .text2 = 2},
	[__NR_move_mount] = {.directory1 = 1, .text1 = 2, .directory2 = 3, .text2 = 4},
	[__NR_umount2] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_chroot] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_pivot_root] = {.directory1 = CURRENT, .text1 = 1, .directory2 = CURRENT, .text2 = 2},
	[__NR_finit_module] = {.directory1 = 1},
	[__NR_delete_module] = {.text1 = 1},
#if defined(__TARGET_ARCH_x86)
	[__NR_open] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_creat] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_mkdir] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_rmdir] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_unlink] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_link] = {.directory1 = CURRENT, .text1 = 1, .directory2 = CURRENT, .text2 = 2},
	[__NR_symlink] = {.text1 = 1, .directory2 = CURRENT, .text2 = 2},
	[__NR_rename] = {.directory1 = CURRENT, .text1 = 1, .directory2 = CURRENT, .text2 = 2},
	[__NR_mknod] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_chmod] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_chown] = {.directory1 = CURRENT, .text1 = 1},
	[__NR_lchown] = {.directory1 = CURRENT, .text1 = 1},
#endif
};
#endif
