/* Flows: one for each descriptor of a process, from its first use to its end. Totals are never reset; a message is a copy of the
 * totals. SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_FLOW_BPF_H
#define SYSFLOW_FLOW_BPF_H
#include "path.bpf.h"

static __always_inline __u64 flow_key(__u32 tgid, __u32 fd)
{
	return (__u64)tgid << 32 | fd;
}

static __always_inline __u16 big_endian(__u16 value)
{
	return value << 8 | value >> 8;
}

static __always_inline __u64 last_time(const struct flow *f, __u64 now)
{
	__u64 jiffies = bpf_jiffies64();
	__u64 past = jiffies > f->last_jiffies ? (jiffies - f->last_jiffies) * jiffy_ns : 0;
	__u64 last = past < now ? now - past : now;
	return last < f->out.first ? f->out.first : last;
}

/* 0 when there is no room. */
__noinline int flow_send(struct flow *f, __u32 why)
{
	if (!f)
		return 1;
	if (f->out.kind == SF_KIND_OTHER)
		return 1;
	/* Opened by nobody here and never used: nothing to say. */
	if (!f->out.ops && why != SF_WHY_SCAN && why != SF_WHY_BEGIN)
		return 1;
	struct sf_flow *out = bpf_ringbuf_reserve(&stream, sizeof(*out), 0);
	if (!out)
		return 0;
	__u64 now = bpf_ktime_get_boot_ns();
	__builtin_memcpy(out, &f->out, sizeof(*out));
	out->head.code = why;
	out->head.time = now;
	out->last = last_time(f, now);
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	COUNT(flows_sent, 1);
	return 1;
}

/* The last word. What finds no room waits in `parked`, and the sweep says it. */
__noinline int flow_last_word(struct flow *f, __u32 why)
{
	if (!f)
		return 0;
	if (flow_send(f, why))
		return 1;
	__u64 id = f->out.id;
	f->out.last = last_time(f, bpf_ktime_get_boot_ns());
	if (!park || bpf_map_update_elem(&parked, &id, &f->out, BPF_ANY)) {
		COUNT(flows_lost, 1);
		return 0;
	}
	COUNT(flows_parked, 1);
	return 1;
}

struct peer_walk {
	__u32 tgid, fd, why;
};

static long end_peer(void *map, struct peer_key *key, struct flow *f, struct peer_walk *walk)
{
	if (key->tgid != walk->tgid || key->fd != walk->fd)
		return 0;
	flow_last_word(f, walk->why);
	bpf_map_delete_elem(&peers, key);
	return 0;
}

/* Ends the flow on a descriptor, if there is one. Its place in the table stays while the process lives: descriptors' numbers come back
 * at once, and taking a place is cheaper than making one. */
__noinline int flow_end(__u32 tgid, __u32 fd, __u32 why)
{
	__u64 key = flow_key(tgid, fd);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	if (!f)
		return 0;
	if (!f->file) {
		if (why == SF_WHY_EXIT)
			bpf_map_delete_elem(&flows, &key);
		return 0;
	}
	if (why == SF_WHY_CLOSE) {
		f->out.ops |= SF_OP_CLOSE;
		f->last_jiffies = bpf_jiffies64();
	}
	if (f->peers && f->peers != NO_PEERS) {
		struct peer_walk walk = {tgid, fd, why};
		bpf_for_each_map_elem(&peers, end_peer, &walk, 0);
	}
	flow_last_word(f, why);
	f->file = 0;
	if (why == SF_WHY_EXIT)
		bpf_map_delete_elem(&flows, &key);
	COUNT(live_flows, -1);
	return 1;
}

static __always_inline void describe_inet(struct sf_flow *out, struct sock *sk, __u16 family)
{
	__u16 local = BPF_CORE_READ(sk, __sk_common.skc_num);
	/* A connection that is over has given its port back. */
	if (!local)
		local = big_endian(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	__u16 remote = big_endian(BPF_CORE_READ(sk, __sk_common.skc_dport));
	__u8 *here = out->flags & SF_FLOW_ACCEPTED ? out->destination : out->source;
	__u8 *there = out->flags & SF_FLOW_ACCEPTED ? out->source : out->destination;
	out->sport = out->flags & SF_FLOW_ACCEPTED ? remote : local;
	out->dport = out->flags & SF_FLOW_ACCEPTED ? local : remote;
	out->protocol = BPF_CORE_READ(sk, sk_protocol);
	out->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (family == AF_INET) {
		bpf_core_read(here, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(there, 4, &sk->__sk_common.skc_daddr);
	} else {
		bpf_core_read(here, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(there, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

static __always_inline void describe_unix(__u32 slot, struct sf_flow *out, struct sock *sk)
{
	struct unix_sock *u = (void *)sk;
	struct sock *peer = BPF_CORE_READ(u, peer);
	struct unix_sock *named = (void *)sk;
	if (!BPF_CORE_READ(u, path.dentry) && peer)
		named = (void *)peer;
	out->path = path_id(slot, (__u64)BPF_CORE_READ(named, path.dentry), (__u64)BPF_CORE_READ(named, path.mnt));
	__u64 inode = peer ? BPF_CORE_READ(peer, sk_socket, file, f_inode, i_ino) : 0;
	__builtin_memcpy(out->source, &inode, 8);
}

/* What the socket is connected to, as far as it is known now. */
__noinline int describe_socket(__u32 slot, __u64 file_at)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	struct sf_flow *out = &s->flow.out;
	struct file *file = (void *)file_at;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	if (!sk)
		return 0;
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	switch (family) {
	case AF_INET:
	case AF_INET6:
		out->kind = family == AF_INET ? SF_KIND_INET : SF_KIND_INET6;
		describe_inet(out, sk, family);
		break;
	case AF_UNIX:
		out->kind = SF_KIND_UNIX;
		describe_unix(slot, out, sk);
		break;
	default:
		out->kind = SF_KIND_OTHER;
	}
	return 1;
}

/* Numbers of each processor's own: nothing is shared. Below 2^53 for 8192 processors. */
static __always_inline __u64 next_flow(struct scratch *s, __u32 slot)
{
	return (__u64)bpf_get_smp_processor_id() << 40 | (__u64)slot << 39 | ++s->flows_begun;
}

/* First outgoing connection of a process to a peer. */
static __always_inline int is_first_contact(const struct sf_flow *out, __u32 tgid)
{
	struct peer_key key = {.tgid = tgid, .family = out->kind, .port = out->dport};
	__builtin_memcpy(key.address, out->destination, 16);
	__u32 one = 1;
	return !bpf_map_update_elem(&contacts, &key, &one, BPF_NOEXIST);
}

/* O_CREAT, O_EXCL and O_TRUNC: asked for, and not kept in f_flags (fs/open.c, do_dentry_open). The same on both architectures. */
#define OPEN_FORGOTTEN (0100 | 0200 | 01000)

static __always_inline int is_told_at_begin(struct scratch *s, const struct sf_flow *out, __u32 op)
{
	if (mode != SF_MODE_AGGREGATE || s->fresh)
		return 1;
	__u64 *watches = number(WATCHES);
	if (watches && *watches && out->path && bpf_map_lookup_elem(&watched, &out->path))
		return 1;
	return op == SF_OP_CONNECT && is_first_contact(out, s->tgid);
}

/* Begins the flow of a descriptor: what it refers to is looked up now. 0 when the table is full. The caller has set root, start, tgid
 * and tid in the scratch memory. */
__noinline int flow_begin(__u32 slot, __u32 fd, __u64 file_at, __u32 op, __u32 flags)
{
	struct scratch *s = scratch_of(slot);
	if (!s || !file_at)
		return 0;
	bpf_probe_read_kernel(s->file_copy, FILE_BYTES, (void *)file_at);
	__u64 inode_at = 0;
	FIELD(inode_at, s->file_copy, FILE_BYTES, file_at, struct file, f_inode);
	bpf_probe_read_kernel(s->inode_copy, INODE_BYTES, (void *)inode_at);
	struct inode *inode = (void *)inode_at;
	struct flow *f = &s->flow;
	struct sf_flow *out = &f->out;
	__builtin_memset(f, 0, sizeof(*f));
	__u64 now = bpf_ktime_get_boot_ns();
	f->file = file_at;
	f->inode = inode_at;
	f->last_jiffies = bpf_jiffies64();
	f->peers = NO_PEERS;
	out->head.type = SF_TYPE_FLOW;
	out->head.length = sizeof(*out);
	out->head.pid = s->tgid;
	out->head.tid = s->tid;
	out->head.start = s->start;
	out->id = next_flow(s, slot);
	out->first = now;
	out->fd = fd;
	out->ops = op;
	out->flags = flags;
	FIELD(out->mode, s->inode_copy, INODE_BYTES, inode_at, struct inode, i_mode);
	FIELD(out->inode, s->inode_copy, INODE_BYTES, inode_at, struct inode, i_ino);
	FIELD(out->generation, s->inode_copy, INODE_BYTES, inode_at, struct inode, i_generation);
	__u64 super = 0;
	FIELD(super, s->inode_copy, INODE_BYTES, inode_at, struct inode, i_sb);
	if (s->super != super) {
		bpf_core_read(&s->device, sizeof(s->device), &((struct super_block *)super)->s_dev);
		s->super = super;
	}
	out->device = s->device;
	s->fresh = 0;
	__u32 type = out->mode & S_IFMT;
	if (type == S_IFSOCK) {
		__u64 at = f->inode;
		/* The same memory may hold another socket later: its number tells. */
		__u32 own = out->inode;
		__u32 *known = bpf_map_lookup_elem(&accepted, &at);
		if (op == SF_OP_ACCEPT) {
			bpf_map_update_elem(&accepted, &at, &own, BPF_ANY);
			out->flags |= SF_FLOW_ACCEPTED;
		} else if (op == SF_OP_CONNECT)
			bpf_map_delete_elem(&accepted, &at);
		else if (known && *known == own)
			out->flags |= SF_FLOW_ACCEPTED;
		describe_socket(slot, file_at);
		if (out->kind != SF_KIND_UNIX && out->protocol == 17 && !out->dport)
			f->peers = 0;
	} else if (type == S_IFIFO && BPF_CORE_READ(inode, i_sb, s_magic) == PIPEFS_MAGIC)
		out->kind = SF_KIND_PIPE;
	else if (!type)
		out->kind = SF_KIND_OTHER;
	else {
		out->kind = SF_KIND_FILE;
		__u64 dentry = 0, mount = 0;
		FIELD(dentry, s->file_copy, FILE_BYTES, file_at, struct file, f_path.dentry);
		FIELD(mount, s->file_copy, FILE_BYTES, file_at, struct file, f_path.mnt);
		out->path = path_id(slot, dentry, mount);
	}
	if (op == SF_OP_OPEN) {
		out->opens = 1;
		FIELD(out->open_flags, s->file_copy, FILE_BYTES, file_at, struct file, f_flags);
		out->open_flags |= s->asked & OPEN_FORGOTTEN;
	}
	__u64 key = flow_key(s->tgid, fd);
	struct flow *place = bpf_map_lookup_elem(&flows, &key);
	/* Its number was another file's whose end was not seen. */
	if (place && place->file)
		flow_end(s->tgid, fd, SF_WHY_REPLACED);
	if (place) {
		f->file = 0;
		__builtin_memcpy(place, f, sizeof(*place));
		place->file = file_at;
	} else if (bpf_map_update_elem(&flows, &key, f, BPF_NOEXIST)) {
		COUNT(flows_untracked, 1);
		return 0;
	}
	COUNT(live_flows, 1);
	if (is_told_at_begin(s, out, op)) {
		/* Raw mode's messages mean nothing without it. In the others the flow's next word says the same. */
		if (!flow_send(f, SF_WHY_BEGIN) && mode != SF_MODE_AGGREGATE)
			COUNT(flows_lost, 1);
	}
	return 1;
}

/* A socket that was not connected yet is looked at again, and a path that could not be said is said again. */
__noinline int flow_refresh(__u32 slot, __u32 fd, __u64 file_at)
{
	struct scratch *s = scratch_of(slot);
	if (!s)
		return 0;
	__u64 key = flow_key(s->tgid, fd);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	if (!f)
		return 0;
	struct file *file = (void *)file_at;
	if (f->out.kind == SF_KIND_FILE) {
		f->out.path = path_id(slot, (__u64)BPF_CORE_READ(file, f_path.dentry), (__u64)BPF_CORE_READ(file, f_path.mnt));
		return 1;
	}
	struct sf_flow *out = &s->flow.out;
	out->flags = f->out.flags;
	describe_socket(slot, file_at);
	f->out.kind = out->kind;
	f->out.sport = out->sport;
	f->out.dport = out->dport;
	f->out.protocol = out->protocol;
	f->out.state = out->state;
	__builtin_memcpy(f->out.source, out->source, 16);
	__builtin_memcpy(f->out.destination, out->destination, 16);
	if (out->kind == SF_KIND_UNIX)
		f->out.path = out->path;
	if (out->dport)
		f->peers = NO_PEERS;
	return 1;
}

/* Address of the open file behind a descriptor of the current process, 0 if none. */
static __always_inline __u64 file_at(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = task->files ? task->files->fdt : 0;
	if (!table || fd >= table->max_fds)
		return 0;
	__u64 file = 0;
	bpf_probe_read_kernel(&file, sizeof(file), table->fd + fd);
	return file;
}

static __always_inline struct scratch *enter(struct task_struct *task)
{
	struct scratch *s = scratch_of(IN_PROCESS);
	if (!s)
		return 0;
	s->tgid = task->tgid;
	s->tid = task->pid;
	s->start = task->group_leader->start_boottime;
	root_of(s, task);
	return s;
}

#define LOOK_AGAIN ~0u

/* Begins a flow of the current process, or looks again at what one refers to. */
__noinline int look_here(__u32 fd, __u64 file, __u32 op)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (!enter(task))
		return 0;
	return op == LOOK_AGAIN ? flow_refresh(IN_PROCESS, fd, file) : flow_begin(IN_PROCESS, fd, file, op, 0);
}

/* The socket behind a descriptor of the current process, 0 if it is none. */
static __always_inline struct sock *socket_of(struct task_struct *task, __u32 fd)
{
	struct file *file = (void *)file_at(task, fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* The flow of a descriptor of the current process. A file and its inode are both compared: the same memory may hold another file. */
static __always_inline struct flow *flow_of(struct task_struct *task, __u32 tgid, __u32 fd)
{
	__u64 file = file_at(task, fd);
	if (!file)
		return 0;
	__u64 key = flow_key(tgid, fd);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	if (f) {
		__u64 inode = 0;
		bpf_probe_read_kernel(&inode, sizeof(inode), (void *)(file + bpf_core_field_offset(struct file, f_inode)));
		if (f->file == file && f->inode == inode)
			return f;
	}
	if (!look_here(fd, file, 0))
		return 0;
	return bpf_map_lookup_elem(&flows, &key);
}
#endif
