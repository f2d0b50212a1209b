/* What the probe remembers: maps, settings, counters. SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_STATE_BPF_H
#define SYSFLOW_STATE_BPF_H
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "kernel.h"
#include "sysflow.h"

#define ENOENT 2
#define EBADF 9
#define ENOTDIR 20
#define EINPROGRESS 115
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFIFO 0010000
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define PIPEFS_MAGIC 0x50495045
#define DESCRIPTORS_MAX 1048576
#define PIDS_MAX 4194304

/* Settings: the loader writes them before the programs are verified, so what is switched off costs nothing. */
const volatile __u32 mode = SF_MODE_AGGREGATE;
const volatile __u64 jiffy_ns = 4000000;
/* Only processes of this user; 0: of every user. */
const volatile __u32 owner = 0;
const volatile __u32 park = 1;
const volatile __u32 heal = 1;

struct flow {
	__u64 file; /* 0: nothing flows here, only the place is kept */
	__u64 inode;
	__u64 last_jiffies;
	__u64 told_jiffies; /* last_jiffies as of the last checkpoint */
	__u32 peers;	    /* unconnected datagrams: flows kept per peer; NO_PEERS: connected, or no datagrams */
	__u32 told_ops;
	struct sf_flow out;
};

#define NO_PEERS 0xffffffffu
#define PEERS_MAX 64

struct process {
	__u32 failed_opens;
	__u32 threads_cloned;
	__u32 threads_exited;
	__u32 unused;
};

struct path_key {
	__u64 dentry;
	__u64 mount;
	__u64 inode;
	__u64 name; /* hash and length */
	__u64 root; /* of the process, and the epoch of directory renames */
};

struct peer_key {
	__u32 tgid;
	__u32 fd;
	__u16 family;
	__u16 port;
	__u32 unused;
	__u64 address[2];
};

struct loss {
	__u32 forks, execs, exits, calls, paths, unused;
};

struct counters {
	__u64 control_sent, control_lost, flows_sent, flows_parked, flows_collected, flows_lost, flows_untracked;
	__u64 raw_sent, raw_lost, compat_calls, faults, processes_lost, dirty_lost, peers_lost;
	__u64 live_flows, members; /* changes: the sum over all processors is the number */
};

/* Working memory: too large for the stack. One for programs in the context of the traced process, where nothing preempts; one for
 * those that the loader runs. */
enum { IN_PROCESS, IN_LOADER, SCRATCHES };

/* Beginnings of the kernel's structures: one copy is cheaper than reading field by field. */
#define INODE_BYTES 192
#define FILE_BYTES 128
#define DENTRY_BYTES 64

struct scratch {
	__u8 inode_copy[INODE_BYTES];
	__u8 file_copy[FILE_BYTES];
	__u8 dentry_copy[DENTRY_BYTES];
	__u64 root_dentry, root_mount;
	__u64 start;
	__u32 tgid, tid;
	__u64 dentry, mount;
	__u32 offset, fresh; /* fresh: the path was said just now */
	struct path_key key;
	struct flow flow;
	__u64 arguments[8];
	__s64 ret;
	__u64 flows_begun;
	__u64 super; /* the file system seen last, and its device */
	__u32 device, unused;
	__u64 asked; /* flags that the open was called with: the file forgets some of them */
	struct {
		struct sf_path head;
		char text[4096 + 256];
	} path;
	struct {
		union {
			struct {
				/* The text follows directly, as it does after the longer one. */
				char before_call[sizeof(struct sf_exec) - sizeof(struct sf_call)];
				struct sf_call call;
			};
			struct sf_exec exec;
		};
		char text[8192 + 256];
	} message;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY); /* one bit a process: the only way in */
	__uint(max_entries, PIDS_MAX / 64);
	__type(key, __u32);
	__type(value, __u64);
} members SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 49152);
	__type(key, __u64); /* tgid << 32 | fd */
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct peer_key);
	__type(value, struct flow);
} peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 12288);
	__type(key, __u64); /* flow id */
	__type(value, struct sf_flow);
} parked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct path_key);
	__type(value, __u32);
} paths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* inodes of accepted sockets: a child that inherits one must know */
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u32);
} accepted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* connections already told at their begin: process and peer */
	__uint(max_entries, 8192);
	__type(key, struct peer_key);
	__type(value, __u32);
} contacts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* path id */
	__type(value, __u32);
} watched SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* tgid */
	__type(value, struct loss);
} dirty SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 << 20);
} stream SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCHES);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counts SEC(".maps");

/* A field out of the copy of a structure's beginning, or from the kernel where a layout has it further behind. */
#define FIELD(value, copy, room, address, type, field)                                             \
	do {                                                                                       \
		if (bpf_core_field_offset(type, field) + sizeof(value) <= (room))                  \
			__builtin_memcpy(&(value), (copy) + bpf_core_field_offset(type, field), sizeof(value)); \
		else                                                                               \
			bpf_probe_read_kernel(&(value), sizeof(value), (void *)((address) + bpf_core_field_offset(type, field))); \
	} while (0)

enum { NEXT_PATH, RENAME_EPOCH, EVERY_PROCESS, CGROUPS_USED, WATCHES, NUMBERS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NUMBERS);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");

static __always_inline struct scratch *scratch_of(__u32 slot)
{
	return bpf_map_lookup_elem(&scratches, &slot);
}

static __always_inline struct counters *counters(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&counts, &zero);
}

/* A bound that the compiler knows to hold already, and the verifier does not. `value` has 64 bits. */
#define BELOW(value, mask) asm volatile("%0 &= " #mask : "+r"(value))

#define COUNT(name, by)                                 \
	do {                                            \
		struct counters *c_ = counters();       \
		if (c_)                                 \
			c_->name += (by);               \
	} while (0)

static __always_inline __u64 *number(__u32 which)
{
	return bpf_map_lookup_elem(&numbers, &which);
}

static __always_inline __u64 next_number(__u32 which)
{
	__u64 *n = number(which);
	return n ? __sync_fetch_and_add(n, 1) + 1 : 0;
}

static __always_inline int is_member(__u32 tgid)
{
	__u32 word = tgid >> 6;
	__u64 *bits = bpf_map_lookup_elem(&members, &word);
	return bits && (*bits >> (tgid & 63)) & 1;
}

/* Returns 0 when it was one already. */
static __always_inline int join(__u32 tgid)
{
	__u32 word = tgid >> 6;
	__u64 *bits = bpf_map_lookup_elem(&members, &word);
	__u64 bit = 1ULL << (tgid & 63);
	if (!bits || *bits & bit)
		return 0;
	__sync_fetch_and_or(bits, bit);
	COUNT(members, 1);
	return 1;
}

static __always_inline void leave(__u32 tgid)
{
	__u32 word = tgid >> 6;
	__u64 *bits = bpf_map_lookup_elem(&members, &word);
	if (!bits)
		return;
	__sync_fetch_and_and(bits, ~(1ULL << (tgid & 63)));
	COUNT(members, -1);
	bpf_map_delete_elem(&processes, &tgid);
}

static __always_inline struct process *process_of(__u32 tgid)
{
	struct process *p = bpf_map_lookup_elem(&processes, &tgid);
	if (p)
		return p;
	static const struct process fresh;
	if (bpf_map_update_elem(&processes, &tgid, &fresh, BPF_NOEXIST))
		COUNT(processes_lost, 1);
	return bpf_map_lookup_elem(&processes, &tgid);
}

enum lost { LOST_FORK, LOST_EXEC, LOST_EXIT, LOST_CALL, LOST_PATH };

/* A control message found no room: the loader is told whose, and the reader heals what can be healed. */
__noinline int note_loss(__u32 tgid, __u32 what)
{
	COUNT(control_lost, 1);
	if (!heal)
		return 0;
	struct loss *l = bpf_map_lookup_elem(&dirty, &tgid);
	if (!l) {
		static const struct loss none;
		bpf_map_update_elem(&dirty, &tgid, &none, BPF_NOEXIST);
		l = bpf_map_lookup_elem(&dirty, &tgid);
		if (!l) {
			COUNT(dirty_lost, 1);
			return 0;
		}
	}
	switch (what) {
	case LOST_FORK: __sync_fetch_and_add(&l->forks, 1); break;
	case LOST_EXEC: __sync_fetch_and_add(&l->execs, 1); break;
	case LOST_EXIT: __sync_fetch_and_add(&l->exits, 1); break;
	case LOST_CALL: __sync_fetch_and_add(&l->calls, 1); break;
	default: __sync_fetch_and_add(&l->paths, 1); break;
	}
	return 0;
}

static __always_inline void head(struct sf_head *h, __u16 type, __u16 code, __u32 length, struct task_struct *task)
{
	h->type = type;
	h->code = code;
	h->length = length;
	h->pid = task->tgid;
	h->tid = task->pid;
	h->time = bpf_ktime_get_boot_ns();
	h->start = task->group_leader->start_boottime;
}
#endif
