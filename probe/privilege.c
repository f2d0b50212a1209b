/* Giving up privileges. SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "privilege.h"
#include <elf.h>
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#define NOBODY 65534

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#else
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int set_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {};
	__u32 bits = 1u << (CAP_PERFMON - 32) | 1u << (CAP_BPF - 32);
	data[1].effective = data[1].permitted = bits;
	return syscall(SYS_capset, &head, data);
}

static int filter_calls(void)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_bpf),
		ALLOW(SYS_sendto),
		ALLOW(SYS_recvfrom),
#ifdef SYS_poll
		ALLOW(SYS_poll),
#endif
		ALLOW(SYS_ppoll),
		ALLOW(SYS_clock_gettime),
		ALLOW(SYS_read),
		ALLOW(SYS_write),
		ALLOW(SYS_writev),
		ALLOW(SYS_close),
#ifdef SYS_open
		ALLOW(SYS_open),
#endif
		ALLOW(SYS_openat),
		ALLOW(SYS_fcntl),
		ALLOW(SYS_accept4),
		ALLOW(SYS_getsockopt),
		ALLOW(SYS_setsockopt),
		ALLOW(SYS_uname),
		ALLOW(SYS_nanosleep),
		ALLOW(SYS_clock_nanosleep),
		ALLOW(SYS_restart_syscall),
		ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_exit),
		ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

int drop_privileges(char *reason, size_t room)
{
	const char *step = 0;
	if (getuid() == 0) {
		if (prctl(PR_SET_KEEPCAPS, 1))
			step = "keepcaps";
		else if (setgroups(0, 0) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			step = "change of user";
	}
	if (!step && set_capabilities())
		step = "capset";
	if (!step && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		step = "no_new_privs";
	if (!step && filter_calls())
		step = "seccomp";
	if (step)
		snprintf(reason, room, "privileges cannot be dropped (%s: %s)", step, strerror(errno));
	return step != 0;
}
