/* The few fields of the kernel's structures that the probe reads. Offsets are corrected when it is loaded (CO-RE): only names and types
 * matter here, not order or what lies between. SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_KERNEL_H
#define SYSFLOW_KERNEL_H
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_generation;
	__u32 i_rdev;
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	void *private_data;
	struct inode *f_inode;
	unsigned int f_flags;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
};

typedef struct {
	int counter;
} atomic_t;

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct tty_struct;

struct signal_struct {
	atomic_t live;
	struct pid *pids[4];
	struct tty_struct *tty;
};

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

typedef struct {
	__u64 val;
} kernel_cap_t;

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t euid;
	kgid_t egid;
	kernel_cap_t cap_effective;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

struct kernfs_node {
	struct kernfs_node *__parent; /* since 6.15 */
	const char *name;
	__u64 id;
};

struct kernfs_node___before_6_15 {
	struct kernfs_node *parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct thread_info {
	__u32 status; /* x86 */
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	const struct cred *cred;
	struct pid *thread_pid;
	kuid_t loginuid;
	struct css_set *cgroups;
	int exit_code;
	char comm[16];
};

struct in6_addr {
	__u8 bytes[16];
};

struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
	__u16 skc_dport; /* big-endian */
	__u16 skc_num;
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	struct socket *sk_socket;
};

struct socket {
	short type;
	struct sock *sk;
	struct file *file;
};

struct inet_sock {
	__u16 inet_sport; /* big-endian; stays when the port is given back */
};

struct unix_sock {
	struct path path;
	struct sock *peer;
};

struct io_kiocb {
	struct file *file;
	__u8 opcode;
};

struct io_uring_cqe {
	__s32 res;
};

struct bpf_iter_meta;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, r10, r8, r9, orig_ax;
};
#define SYSCALL_NUMBER(r) ((r)->orig_ax)
#define ARGUMENT_0(r) ((r)->di)
#define ARGUMENT_1(r) ((r)->si)
#define ARGUMENT_2(r) ((r)->dx)
#define ARGUMENT_3(r) ((r)->r10)
#define ARGUMENT_4(r) ((r)->r8)
#elif defined(__TARGET_ARCH_arm64)
/* x0 holds the result at the exit; the kernel keeps the first argument beside it. */
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};
#define SYSCALL_NUMBER(r) ((unsigned int)(r)->syscallno)
#define ARGUMENT_0(r) ((r)->orig_x0)
#define ARGUMENT_1(r) ((r)->regs[1])
#define ARGUMENT_2(r) ((r)->regs[2])
#define ARGUMENT_3(r) ((r)->regs[3])
#define ARGUMENT_4(r) ((r)->regs[4])
#else
#error "x86-64 and arm64 are supported"
#endif

#pragma clang attribute pop
#endif
