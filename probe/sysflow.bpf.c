/* The kernel side of SysFlow's probe: what selected processes do, folded into flows before it leaves the kernel. Membership is tested
 * before anything is read. SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0) */
#include "flow.bpf.h"
#include "calls.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AT_FDCWD -100
#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030
#define MAP_ANONYMOUS 0x20
#define TS_COMPAT 2
#define PROTOCOL_UDP 17
#define EISCONN 106
#define EALREADY 114
#define MESSAGES_MAX 64

struct call {
	struct task_struct *task;
	struct pt_regs *regs;
	__u32 tgid, nr;
	__s64 ret;
	__u64 flow; /* id of the flow that it belongs to */
};

static __always_inline void used(struct flow *f, __u32 op)
{
	if ((f->out.ops & op) != op)
		__sync_fetch_and_or(&f->out.ops, op);
	f->last_jiffies = bpf_jiffies64();
}

/* A path that was lost and a socket without a peer are looked at again: cheap tests, rarely true. */
static __always_inline void mend(struct flow *f, struct task_struct *task, __u32 fd)
{
	if (f->out.kind == SF_KIND_FILE ? !f->out.path : (f->out.kind == SF_KIND_INET || f->out.kind == SF_KIND_INET6) && !f->out.dport && f->peers == NO_PEERS)
		look_here(fd, file_at(task, fd), LOOK_AGAIN);
}

static __always_inline void count_read(struct flow *f, __s64 bytes)
{
	used(f, SF_OP_READ);
	if (mode == SF_MODE_RAW || mode == SF_MODE_RAW_ENTER)
		return;
	__sync_fetch_and_add(&f->out.rops, 1);
	if (bytes > 0)
		__sync_fetch_and_add(&f->out.rbytes, bytes);
}

static __always_inline void count_write(struct flow *f, __s64 bytes)
{
	used(f, SF_OP_WRITE);
	if (mode == SF_MODE_RAW || mode == SF_MODE_RAW_ENTER)
		return;
	__sync_fetch_and_add(&f->out.wops, 1);
	if (bytes > 0)
		__sync_fetch_and_add(&f->out.wbytes, bytes);
}

static __always_inline void transfer(struct call *c, __u32 fd, int writes, __s64 bytes)
{
	struct flow *f = flow_of(c->task, c->tgid, fd);
	if (!f)
		return;
	c->flow = f->out.id;
	mend(f, c->task, fd);
	if (writes)
		count_write(f, bytes);
	else
		count_read(f, bytes);
}

/* The flow of one peer of an unconnected datagram socket; the socket's own where there are too many, or the peer is not known. */
static __always_inline int peer_transfer(__u32 tgid, __u32 fd, __u64 address_at, __u32 writes, __s64 bytes)
{
	__u64 own_key = flow_key(tgid, fd);
	struct flow *own = bpf_map_lookup_elem(&flows, &own_key);
	struct scratch *s = scratch_of(IN_PROCESS);
	if (!own || !s || !address_at)
		return 0;
	struct peer_key key = {.tgid = tgid, .fd = fd};
	__u8 address[28] = {};
	if (bpf_probe_read_user(address, 16, (void *)address_at)) {
		COUNT(faults, 1);
		return 0;
	}
	__u16 family;
	__builtin_memcpy(&family, address, 2);
	key.family = family;
	key.port = (__u16)address[2] << 8 | address[3];
	if (family == AF_INET)
		__builtin_memcpy(key.address, address + 4, 4);
	else if (family == AF_INET6) {
		if (bpf_probe_read_user(key.address, 16, (void *)(address_at + 8))) {
			COUNT(faults, 1);
			return 0;
		}
	} else
		return 0;
	struct flow *f = bpf_map_lookup_elem(&peers, &key);
	if (!f) {
		if (own->peers >= PEERS_MAX) {
			own->out.flags |= SF_FLOW_MANY_PEERS;
			COUNT(peers_lost, 1);
			return 0;
		}
		__builtin_memcpy(&s->flow, own, sizeof(s->flow));
		f = &s->flow;
		f->out.id = next_flow(s, IN_PROCESS);
		f->out.first = bpf_ktime_get_boot_ns();
		f->out.ops = 0;
		f->out.rops = f->out.wops = 0;
		f->out.rbytes = f->out.wbytes = 0;
		f->peers = NO_PEERS;
		f->told_jiffies = 0;
		/* Who spoke first is taken for the client. */
		if (writes) {
			f->out.dport = key.port;
			__builtin_memcpy(f->out.destination, key.address, 16);
		} else {
			f->out.flags |= SF_FLOW_ACCEPTED;
			f->out.dport = own->out.sport;
			__builtin_memcpy(f->out.destination, own->out.source, 16);
			f->out.sport = key.port;
			__builtin_memcpy(f->out.source, key.address, 16);
		}
		if (bpf_map_update_elem(&peers, &key, f, BPF_NOEXIST)) {
			own->out.flags |= SF_FLOW_MANY_PEERS;
			COUNT(peers_lost, 1);
			return 0;
		}
		__sync_fetch_and_add(&own->peers, 1);
		f = bpf_map_lookup_elem(&peers, &key);
		if (!f)
			return 0;
		if (mode != SF_MODE_AGGREGATE)
			flow_send(f, SF_WHY_BEGIN);
	}
	s->arguments[0] = f->out.id;
	if (writes)
		count_write(f, bytes);
	else
		count_read(f, bytes);
	return 1;
}

/* The rarer uses of a descriptor: out of line, so that the verifier looks at them once. Id of the flow. */
__noinline unsigned long use_rare(__u32 fd, __u32 op, __s64 bytes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct flow *f = flow_of(task, task->tgid, fd);
	if (!f)
		return 0;
	if (op != SF_OP_READ && op != SF_OP_WRITE) {
		used(f, op);
		return f->out.id;
	}
	mend(f, task, fd);
	if (op == SF_OP_WRITE)
		count_write(f, bytes);
	else
		count_read(f, bytes);
	return f->out.id;
}

static __always_inline void transfer_with_peer(struct call *c, __u32 fd, int writes, __u64 address_at)
{
	struct flow *f = flow_of(c->task, c->tgid, fd);
	if (!f)
		return;
	if (f->peers != NO_PEERS && c->ret >= 0 && address_at && peer_transfer(c->tgid, fd, address_at, writes, c->ret)) {
		struct scratch *s = scratch_of(IN_PROCESS);
		if (s)
			c->flow = s->arguments[0];
		return;
	}
	c->flow = f->out.id;
	mend(f, c->task, fd);
	if (writes)
		count_write(f, c->ret);
	else
		count_read(f, c->ret);
}

/* struct msghdr: the name is its first field. */
static __always_inline __u64 message_name(__u64 message_at)
{
	__u64 name = 0;
	bpf_probe_read_user(&name, sizeof(name), (void *)message_at);
	return name;
}

/* Bytes of the messages that recvmmsg and sendmmsg moved; struct mmsghdr is 64 bytes, its length the 57th. */
__noinline long message_bytes(__u64 vector, __s64 messages)
{
	__s64 bytes = 0;
	for (int i = 0; i < MESSAGES_MAX; i++) {
		__u32 length = 0;
		if (i >= messages)
			break;
		if (bpf_probe_read_user(&length, sizeof(length), (void *)(vector + 64 * i + 56)))
			COUNT(faults, 1);
		bytes += length;
	}
	return messages < 0 ? messages : bytes;
}

__noinline unsigned long transfer_peer_rare(__u32 fd, __u32 writes, __u64 address_at, __s64 ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct call c = {.task = task, .tgid = task->tgid, .ret = ret};
	transfer_with_peer(&c, fd, writes, address_at);
	return c.flow;
}

/* Path id of the directory that a path argument starts from, or of the file behind a descriptor. */
__noinline int directory_id(__u64 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if ((__s32)fd == AT_FDCWD)
		return path_id(IN_PROCESS, (__u64)BPF_CORE_READ(task, fs, pwd.dentry), (__u64)BPF_CORE_READ(task, fs, pwd.mnt));
	struct file *file = (void *)file_at(task, fd);
	if (!file)
		return 0;
	return path_id(IN_PROCESS, (__u64)BPF_CORE_READ(file, f_path.dentry), (__u64)BPF_CORE_READ(file, f_path.mnt));
}

static __always_inline __u32 user_text(struct scratch *s, __u32 at, __u64 from, __u32 *flags, __u32 truncated)
{
	if (at > 4096)
		return 0;
	long n = bpf_probe_read_user_str(s->message.text + at, 4096, (void *)from);
	if (n <= 0) {
		COUNT(faults, 1);
		return 0;
	}
	if (n == 4096)
		*flags |= truncated;
	return n;
}

/* What listen's argument does not say: the address, as a struct sockaddr_in or sockaddr_in6. */
static __always_inline __u32 local_address(struct scratch *s, struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u16 port = big_endian(BPF_CORE_READ(sk, __sk_common.skc_num));
	if (family != AF_INET && family != AF_INET6)
		return 0;
	__builtin_memset(s->message.text, 0, 32);
	__builtin_memcpy(s->message.text, &family, 2);
	__builtin_memcpy(s->message.text + 2, &port, 2);
	if (family == AF_INET) {
		bpf_core_read(s->message.text + 4, 4, &sk->__sk_common.skc_rcv_saddr);
		return 16;
	}
	bpf_core_read(s->message.text + 8, 16, &sk->__sk_common.skc_v6_rcv_saddr);
	return 28;
}

/* Texts of a rare call, and the message itself. The arguments stand in the scratch memory. */
__noinline int say_call(__u32 nr)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *s = enter(task);
	if (!s)
		return 0;
	struct sf_call *m = &s->message.call;
	__u64 row = nr;
	BELOW(row, 511);
	const volatile struct call_shape *shape = &call_shapes[row];
	__u32 text1 = 0, text2 = 0, flags = 0;
	__u32 which = shape->directory1;
	m->dir1 = which ? directory_id(which == CURRENT ? (__u64)AT_FDCWD : s->arguments[(which - 1) & 7]) : 0;
	which = shape->directory2;
	m->dir2 = which ? directory_id(which == CURRENT ? (__u64)AT_FDCWD : s->arguments[(which - 1) & 7]) : 0;
	which = shape->text1;
	if (which && shape->address) {
		__u64 length = s->arguments[which & 7];
		text1 = length > 128 ? 128 : length;
		flags |= SF_CALL_TEXT1_IS_ADDRESS;
		if (bpf_probe_read_user(s->message.text, text1 & 255, (void *)s->arguments[(which - 1) & 7])) {
			COUNT(faults, 1);
			text1 = 0;
		}
	} else if (which)
		text1 = user_text(s, 0, s->arguments[(which - 1) & 7], &flags, SF_CALL_TEXT1_TRUNCATED);
	if (nr == __NR_bind || nr == __NR_listen || nr == __NR_connect) {
		struct sock *sk = socket_of(task, s->arguments[0]);
		s->arguments[4] = sk ? BPF_CORE_READ(sk, sk_protocol) : 0;
		if (nr == __NR_listen && sk) {
			text1 = local_address(s, sk);
			flags |= SF_CALL_TEXT1_IS_ADDRESS;
		}
	}
	which = shape->text2;
	if (which)
		text2 = user_text(s, text1, s->arguments[(which - 1) & 7], &flags, SF_CALL_TEXT2_TRUNCATED);
	__u64 length = (sizeof(*m) + text1 + text2 + 7) & ~7u;
	if (length > sizeof(*m) + sizeof(s->message.text))
		return 0;
	head(&m->head, SF_TYPE_CALL, nr, length, task);
	m->ret = s->ret;
	m->arg0 = s->arguments[0];
	m->arg1 = s->arguments[1];
	m->arg2 = s->arguments[2];
	m->arg3 = s->arguments[3];
	m->arg4 = s->arguments[4];
	m->uid = task->cred->uid.val;
	m->euid = task->cred->euid.val;
	m->gid = task->cred->gid.val;
	m->egid = task->cred->egid.val;
	m->capabilities = BPF_CORE_READ(task, cred, cap_effective.val);
	m->text1_bytes = text1;
	m->text2_bytes = text2;
	m->flags = flags;
	if (bpf_ringbuf_output(&control, m, length, BPF_RB_NO_WAKEUP))
		note_loss(s->tgid, LOST_CALL);
	else
		COUNT(control_sent, 1);
	return 0;
}

static __always_inline void tell(struct call *c)
{
	struct scratch *s = scratch_of(IN_PROCESS);
	if (!s)
		return;
	s->arguments[0] = ARGUMENT_0(c->regs);
	s->arguments[1] = ARGUMENT_1(c->regs);
	s->arguments[2] = ARGUMENT_2(c->regs);
	s->arguments[3] = ARGUMENT_3(c->regs);
	s->arguments[4] = ARGUMENT_4(c->regs);
	s->ret = c->ret;
	say_call(c->nr);
}

/* Raw messages name the flow that they belong to. */
static __always_inline void name_flow(struct call *c, __u32 fd)
{
	if (mode == SF_MODE_AGGREGATE)
		return;
	__u64 key = flow_key(c->tgid, fd);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	if (f)
		c->flow = f->out.id;
}

/* The flags argument of a call that opens a file. */
static __always_inline __u64 asked_flags(struct call *c)
{
	__u64 how = 0;
	switch (c->nr) {
	case __NR_openat:
		return ARGUMENT_2(c->regs);
	case __NR_openat2:
		if (bpf_probe_read_user(&how, sizeof(how), (void *)ARGUMENT_2(c->regs)))
			COUNT(faults, 1);
		return how;
#ifdef __NR_open
	case __NR_open:
		return ARGUMENT_1(c->regs);
	case __NR_creat:
		return OPEN_FORGOTTEN & ~0200;
#endif
	}
	return 0;
}

static __always_inline void opened(struct call *c)
{
	if (c->ret == -ENOENT || c->ret == -ENOTDIR) {
		struct process *p = process_of(c->tgid);
		if (p)
			__sync_fetch_and_add(&p->failed_opens, 1);
		return;
	}
	if (c->ret < 0) {
		tell(c);
		return;
	}
	struct scratch *s = scratch_of(IN_PROCESS);
	if (s)
		s->asked = asked_flags(c);
	look_here(c->ret, file_at(c->task, c->ret), SF_OP_OPEN);
	name_flow(c, c->ret);
}

static __always_inline void closed(struct call *c)
{
	if (c->ret == -EBADF)
		return;
	__u32 fd = ARGUMENT_0(c->regs);
	__u64 file = file_at(c->task, fd);
	if (file) {
		/* Another thread was given the number since: what flows there now may be its file. */
		__u64 key = flow_key(c->tgid, fd);
		struct flow *f = bpf_map_lookup_elem(&flows, &key);
		if (!f || f->file == file)
			return;
	}
	name_flow(c, fd);
	flow_end(c->tgid, fd, SF_WHY_CLOSE);
}

static __always_inline int end_descriptor(__u32 tgid, __u32 fd, __u32 why)
{
	__u64 key = flow_key(tgid, fd);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	if (!f || (why != SF_WHY_EXIT && (!f->file || f->file == file_at(bpf_get_current_task_btf(), fd))))
		return 0;
	return flow_end(tgid, fd, why);
}

struct range {
	__u32 tgid, first, why;
};

static long end_next(__u32 step, struct range *range)
{
	end_descriptor(range->tgid, range->first + step, range->why);
	return 0;
}

/* Ends the flows of descriptors from `first` on that lead to another file than before, or to none. */
__noinline int end_range(__u32 tgid, __u32 first, __u32 last, __u32 why)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = task->files ? task->files->fdt : 0;
	__u32 room = table ? table->max_fds : 0;
	if (first >= room)
		return 0;
	__u32 count = last >= room ? room - first : last - first + 1;
	struct range range = {tgid, first, why};
	bpf_loop(count > DESCRIPTORS_MAX ? DESCRIPTORS_MAX : count, end_next, &range, 0);
	return 0;
}

static long end_open(__u32 word, struct range *range)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = task->files ? task->files->fdt : 0;
	if (!table)
		return 1;
	__u64 bits = 0;
	bpf_probe_read_kernel(&bits, sizeof(bits), table->open_fds + word);
	for (__u32 bit = 0; bit < 64 && bits; bit++, bits >>= 1)
		if (bits & 1)
			end_next(word * 64 + bit, range);
	return 0;
}

#define NEAR 1024

/* Ends the flows of a process that goes. What had been closed without our seeing it is found by the sweep. */
__noinline int end_all(__u32 tgid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = task->files ? task->files->fdt : 0;
	__u32 room = table ? table->max_fds : 0;
	struct range range = {tgid, 0, SF_WHY_EXIT};
	bpf_loop(room > NEAR ? NEAR : room, end_next, &range, 0);
	if (room > NEAR)
		bpf_loop((room > DESCRIPTORS_MAX ? DESCRIPTORS_MAX : room) / 64, end_open, &range, 0);
	return 0;
}

static __always_inline void duplicated(struct call *c)
{
	if (c->ret < 0)
		return;
	__u64 key = flow_key(c->tgid, c->ret);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	if (f && f->file && f->file != file_at(c->task, c->ret))
		flow_end(c->tgid, c->ret, SF_WHY_REPLACED);
}

static __always_inline void new_pair(struct call *c)
{
	__u32 pair[2] = {};
	int is_pipe = c->nr == __NR_pipe2;
#if defined(__TARGET_ARCH_x86)
	is_pipe |= c->nr == __NR_pipe;
#endif
	if (c->ret < 0 || bpf_probe_read_user(pair, sizeof(pair), (void *)(is_pipe ? ARGUMENT_0(c->regs) : ARGUMENT_3(c->regs))))
		return;
	flow_end(c->tgid, pair[0], SF_WHY_REPLACED);
	flow_end(c->tgid, pair[1], SF_WHY_REPLACED);
}

static __always_inline void accepted_one(struct call *c)
{
	if (c->ret < 0)
		return;
	look_here(c->ret, file_at(c->task, c->ret), SF_OP_ACCEPT);
	name_flow(c, c->ret);
}

/* A stream socket may ask again how its connection does; a datagram socket may be connected again, to somebody else. */
static __always_inline void connected(struct call *c)
{
	__u32 fd = ARGUMENT_0(c->regs);
	int again = c->ret == -EISCONN || c->ret == -EALREADY;
	if (c->ret < 0 && c->ret != -EINPROGRESS && !again) {
		tell(c);
		return;
	}
	__u64 key = flow_key(c->tgid, fd);
	__u64 file = file_at(c->task, fd);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	if (f && f->file == file && (again || (f->out.ops & SF_OP_CONNECT && f->out.protocol != PROTOCOL_UDP))) {
		used(f, SF_OP_CONNECT);
		look_here(fd, file, LOOK_AGAIN);
	} else
		look_here(fd, file, SF_OP_CONNECT);
	name_flow(c, fd);
}

static __always_inline void mapped(struct call *c)
{
	__s32 fd = ARGUMENT_4(c->regs);
	if (fd < 0 || ARGUMENT_3(c->regs) & MAP_ANONYMOUS || (c->ret < 0 && c->ret > -4096))
		return;
	c->flow = use_rare(fd, SF_OP_MMAP, 0);
}

static __always_inline void say_raw(struct call *c)
{
	struct sf_raw *m = bpf_ringbuf_reserve(&stream, sizeof(*m), 0);
	if (!m) {
		COUNT(raw_lost, 1);
		return;
	}
	head(&m->head, SF_TYPE_RAW, c->nr, sizeof(*m), c->task);
	m->ret = c->ret;
	m->flow = c->flow;
	m->arg0 = ARGUMENT_0(c->regs);
	m->arg1 = ARGUMENT_1(c->regs);
	m->arg2 = ARGUMENT_2(c->regs);
	bpf_ringbuf_submit(m, BPF_RB_NO_WAKEUP);
	COUNT(raw_sent, 1);
}

static __always_inline void fold(struct call *c, __u8 class)
{
	struct pt_regs *regs = c->regs;
	switch (class) {
	case CLASS_READ: transfer(c, ARGUMENT_0(regs), 0, c->ret); break;
	case CLASS_WRITE: transfer(c, ARGUMENT_0(regs), 1, c->ret); break;
	case CLASS_READ_FROM: c->flow = transfer_peer_rare(ARGUMENT_0(regs), 0, ARGUMENT_4(regs), c->ret); break;
	case CLASS_WRITE_TO: c->flow = transfer_peer_rare(ARGUMENT_0(regs), 1, ARGUMENT_4(regs), c->ret); break;
	case CLASS_READ_MESSAGE: c->flow = transfer_peer_rare(ARGUMENT_0(regs), 0, message_name(ARGUMENT_1(regs)), c->ret); break;
	case CLASS_WRITE_MESSAGE: c->flow = transfer_peer_rare(ARGUMENT_0(regs), 1, message_name(ARGUMENT_1(regs)), c->ret); break;
	case CLASS_READ_MANY: c->flow = use_rare(ARGUMENT_0(regs), SF_OP_READ, message_bytes(ARGUMENT_1(regs), c->ret)); break;
	case CLASS_WRITE_MANY: c->flow = use_rare(ARGUMENT_0(regs), SF_OP_WRITE, message_bytes(ARGUMENT_1(regs), c->ret)); break;
	case CLASS_OPEN: opened(c); break;
	case CLASS_CLOSE: closed(c); break;
	case CLASS_CLOSE_RANGE:
		if (c->ret >= 0)
			end_range(c->tgid, ARGUMENT_0(regs), ARGUMENT_1(regs), SF_WHY_CLOSE);
		break;
	case CLASS_DUP: duplicated(c); break;
	case CLASS_FCNTL:
		if (ARGUMENT_1(regs) == F_DUPFD || ARGUMENT_1(regs) == F_DUPFD_CLOEXEC)
			duplicated(c);
		break;
	case CLASS_NEW_FD:
		if (c->ret >= 0)
			flow_end(c->tgid, c->ret, SF_WHY_REPLACED);
		break;
	case CLASS_NEW_PAIR: new_pair(c); break;
	case CLASS_ACCEPT: accepted_one(c); break;
	case CLASS_CONNECT: connected(c); break;
	case CLASS_MMAP: mapped(c); break;
	case CLASS_SENDFILE:
		use_rare(ARGUMENT_1(regs), SF_OP_READ, c->ret);
		c->flow = use_rare(ARGUMENT_0(regs), SF_OP_WRITE, c->ret);
		break;
	case CLASS_SPLICE:
		use_rare(ARGUMENT_0(regs), SF_OP_READ, c->ret);
		c->flow = use_rare(ARGUMENT_1(regs), SF_OP_WRITE, c->ret);
		break;
	case CLASS_COPY:
		use_rare(ARGUMENT_0(regs), SF_OP_READ, c->ret);
		c->flow = use_rare(ARGUMENT_2(regs), SF_OP_WRITE, c->ret);
		break;
	case CLASS_FTRUNCATE:
		if (c->ret >= 0)
			c->flow = use_rare(ARGUMENT_0(regs), SF_OP_FTRUNCATE, 0);
		break;
	case CLASS_SHUTDOWN: c->flow = use_rare(ARGUMENT_0(regs), SF_OP_SHUTDOWN, 0); break;
	case CLASS_SETNS: c->flow = use_rare(ARGUMENT_0(regs), SF_OP_SETNS, 0); break;
	case CLASS_CALL: tell(c); break;
	case CLASS_CALL_FAILED:
		if (c->ret < 0)
			tell(c);
		break;
	case CLASS_CALL_NEW_FD:
		if (c->ret >= 0)
			flow_end(c->tgid, c->ret, SF_WHY_REPLACED);
		tell(c);
		break;
	}
}

/* A directory that got another name: every path below it is another one. */
static __always_inline void note_rename(struct call *c)
{
	int renames = c->nr == __NR_renameat || c->nr == __NR_renameat2 || c->nr == __NR_chroot || c->nr == __NR_pivot_root || c->nr == __NR_mount || c->nr == __NR_move_mount || c->nr == __NR_umount2;
#if defined(__TARGET_ARCH_x86)
	renames |= c->nr == __NR_rename;
#endif
	if (renames && c->ret >= 0)
		next_number(RENAME_EPOCH);
}

SEC("tp_btf/sys_exit")
int on_sys_exit(__u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	__u64 nr = SYSCALL_NUMBER(regs);
	if (nr >= CALLS)
		return 0;
	__u8 class = call_classes[nr];
	if (!class)
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 tgid = task->tgid;
	if (!is_member(tgid))
		return 0;
#if defined(__TARGET_ARCH_x86)
	/* 32-bit calls have numbers of their own. */
	if (task->thread_info.status & TS_COMPAT) {
		COUNT(compat_calls, 1);
		return 0;
	}
#endif
	struct call c = {.task = task, .regs = regs, .tgid = tgid, .nr = nr, .ret = ctx[1]};
	fold(&c, class);
	if (class == CLASS_CALL)
		note_rename(&c);
	if (mode != SF_MODE_AGGREGATE)
		say_raw(&c);
	return 0;
}

/* Only attached for comparison with loggers that send both ends of every call. */
SEC("tp_btf/sys_enter")
int on_sys_enter(__u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	__u64 nr = ctx[1];
	if (nr >= CALLS || !call_classes[nr])
		return 0;
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	if (!is_member(tgid))
		return 0;
	struct sf_raw_enter *m = bpf_ringbuf_reserve(&stream, sizeof(*m), 0);
	if (!m) {
		COUNT(raw_lost, 1);
		return 0;
	}
	head(&m->head, SF_TYPE_RAW_ENTER, nr, sizeof(*m), bpf_get_current_task_btf());
	m->arg0 = ARGUMENT_0(regs);
	m->arg1 = ARGUMENT_1(regs);
	m->arg2 = ARGUMENT_2(regs);
	m->arg3 = ARGUMENT_3(regs);
	m->arg4 = ARGUMENT_4(regs);
	bpf_ringbuf_submit(m, BPF_RB_NO_WAKEUP);
	COUNT(raw_sent, 1);
	return 0;
}

static __always_inline struct kernfs_node *above(struct kernfs_node *node)
{
	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ((struct kernfs_node___before_6_15 *)node, parent);
}

static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

#define CGROUP_DEPTH 12

/* The cgroup, or one above it, was selected. */
static __always_inline int is_in_selected_cgroup(struct task_struct *task)
{
	__u64 *used_ = number(CGROUPS_USED);
	if (!task || !used_ || !*used_)
		return 0;
	struct kernfs_node *node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	for (int i = 0; i < CGROUP_DEPTH && node; i++) {
		__u64 id = BPF_CORE_READ(node, id);
		if (bpf_map_lookup_elem(&cgroups, &id))
			return 1;
		node = above(node);
	}
	return 0;
}

static __always_inline int is_selected(struct task_struct *task)
{
	__u64 *every = number(EVERY_PROCESS);
	return (every && *every) || is_in_selected_cgroup(task);
}

static __always_inline __u32 id_in_namespace(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	__u32 nr = 0;
	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)((__u64)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid)));
	return nr;
}

SEC("tp_btf/sched_process_fork")
int on_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0];
	struct task_struct *child = (void *)ctx[1];
	__u32 tgid = child->tgid;
	__u32 parent_tgid = parent->tgid;
	if (!is_member(parent_tgid) && !is_selected(child))
		return 0;
	if (tgid == parent_tgid) {
		struct process *p = process_of(tgid);
		if (p)
			__sync_fetch_and_add(&p->threads_cloned, 1);
		return 0;
	}
	join(tgid);
	process_of(tgid);
	struct sf_fork *m = bpf_ringbuf_reserve(&control, sizeof(*m), 0);
	if (!m) {
		note_loss(tgid, LOST_FORK);
		return 0;
	}
	head(&m->head, SF_TYPE_FORK, 0, sizeof(*m), parent);
	m->child = tgid;
	m->vpid = id_in_namespace(child);
	m->child_start = child->start_boottime;
	m->cgroup = cgroup_of(child);
	bpf_ringbuf_submit(m, BPF_RB_NO_WAKEUP);
	COUNT(control_sent, 1);
	return 0;
}

/* Components of the cgroup's path, leaf first. On hosts with both generations the second may hold nothing but its root. */
static __always_inline __u32 cgroup_text(__u32 slot)
{
	struct scratch *s = scratch_of(slot);
	struct task_struct *task = bpf_get_current_task_btf();
	if (!s)
		return 0;
	struct kernfs_node *node = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
	if (!node || !above(node))
		node = BPF_CORE_READ(task, cgroups, subsys[0], cgroup, kn);
	__u32 at = 0;
	for (int i = 0; i < CGROUP_DEPTH; i++) {
		struct kernfs_node *up = node ? above(node) : 0;
		if (!up || at > 2048)
			break;
		long n = bpf_probe_read_kernel_str(s->message.text + (at & 2047), 256, BPF_CORE_READ(node, name));
		if (n <= 0)
			break;
		at += n;
		node = up;
	}
	return at;
}

static __always_inline void leave_told(struct task_struct *task, __u32 tgid, __u32 left)
{
	struct process *p = bpf_map_lookup_elem(&processes, &tgid);
	/* Behind the last words of its flows; where these found no room, at least its own is heard. */
	struct sf_exit *m = bpf_ringbuf_reserve(&stream, sizeof(*m), 0);
	if (!m)
		m = bpf_ringbuf_reserve(&control, sizeof(*m), 0);
	if (!m)
		note_loss(tgid, LOST_EXIT);
	else {
		head(&m->head, SF_TYPE_EXIT, 0, sizeof(*m), task);
		m->status = task->exit_code;
		m->failed_opens = p ? p->failed_opens : 0;
		m->threads_cloned = p ? p->threads_cloned : 0;
		m->threads_exited = p ? p->threads_exited : 0;
		m->left = left;
		__builtin_memset(m->reserved, 0, sizeof(m->reserved));
		bpf_ringbuf_submit(m, BPF_RB_NO_WAKEUP);
		COUNT(control_sent, 1);
	}
	leave(tgid);
}

static __always_inline int is_foreign(struct task_struct *task)
{
	return owner && (task->cred->uid.val != owner || task->cred->euid.val != owner);
}

SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 tgid = task->tgid;
	if (!is_member(tgid)) {
		if (!is_selected(task))
			return 0;
		join(tgid);
	}
	if (is_foreign(task)) {
		end_all(tgid);
		leave_told(task, tgid, 1);
		return 0;
	}
	process_of(tgid);
	end_range(tgid, 0, ~0u, SF_WHY_EXEC);
	struct scratch *s = enter(task);
	if (!s)
		return 0;
	struct sf_exec *m = &s->message.exec;
	struct file *program = BPF_CORE_READ(task, mm, exe_file);
	__u32 exe = path_id(IN_PROCESS, (__u64)BPF_CORE_READ(program, f_path.dentry), (__u64)BPF_CORE_READ(program, f_path.mnt));
	__u32 cwd = path_id(IN_PROCESS, (__u64)BPF_CORE_READ(task, fs, pwd.dentry), (__u64)BPF_CORE_READ(task, fs, pwd.mnt));
	__u32 group = cgroup_text(IN_PROCESS);
	if (group > 2304)
		return 0;
	__u64 from = BPF_CORE_READ(task, mm, arg_start);
	__u64 size = BPF_CORE_READ(task, mm, arg_end) - from;
	__u64 bytes = size > 4096 ? 4096 : size;
	BELOW(bytes, 8191);
	m->flags = size > 4096 ? SF_EXEC_ARGV_TRUNCATED : 0;
	if (bpf_probe_read_user(s->message.text + group, bytes, (void *)from)) {
		COUNT(faults, 1);
		bytes = 0;
	}
	__u64 length = (sizeof(*m) + group + bytes + 7) & ~7u;
	if (length > sizeof(s->message))
		return 0;
	head(&m->head, SF_TYPE_EXEC, 0, length, task);
	m->ppid = task->real_parent->tgid;
	m->vpid = id_in_namespace(task);
	m->uid = task->cred->uid.val;
	m->euid = task->cred->euid.val;
	m->gid = task->cred->gid.val;
	m->egid = task->cred->egid.val;
	m->exe = exe;
	m->cwd = cwd;
	m->session = BPF_CORE_READ(task, signal, pids[3], numbers[0].nr);
	m->process_group = BPF_CORE_READ(task, signal, pids[2], numbers[0].nr);
	m->login_uid = bpf_core_field_exists(task->loginuid) ? task->loginuid.val : ~0u;
	m->tty = BPF_CORE_READ(task, signal, tty) != 0;
	m->capabilities = BPF_CORE_READ(task, cred, cap_effective.val);
	m->exe_inode = BPF_CORE_READ(program, f_inode, i_ino);
	m->exe_generation = BPF_CORE_READ(program, f_inode, i_generation);
	m->cgroup = cgroup_of(task);
	m->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	m->mntns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	m->cgroup_bytes = group;
	m->argv_bytes = bytes;
	m->env_bytes = 0;
	bpf_probe_read_kernel(m->comm, sizeof(m->comm), task->comm);
	if (bpf_ringbuf_output(&control, &s->message, length, BPF_RB_NO_WAKEUP))
		note_loss(tgid, LOST_EXEC);
	else
		COUNT(control_sent, 1);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 tgid = task->tgid;
	if (!is_member(tgid))
		return 0;
	if (task->signal->live.counter > 0) {
		struct process *p = process_of(tgid);
		if (p)
			__sync_fetch_and_add(&p->threads_exited, 1);
		return 0;
	}
	end_all(tgid);
	leave_told(task, tgid, 0);
	return 0;
}

#ifndef NO_URING
/* Operations of include/uapi/linux/io_uring.h that move bytes. */
static __always_inline int uring_direction(__u8 operation)
{
	switch (operation) {
	case 1: /* READV */
	case 4: /* READ_FIXED */
	case 10: /* RECVMSG */
	case 22: /* READ */
	case 27: /* RECV */
	case 49: /* READ_MULTISHOT */
		return 1;
	case 2: /* WRITEV */
	case 5: /* WRITE_FIXED */
	case 9: /* SENDMSG */
	case 23: /* WRITE */
	case 26: /* SEND */
	case 47: /* SEND_ZC */
	case 48: /* SENDMSG_ZC */
		return 2;
	default:
		return 0;
	}
}

/* The descriptor's number is gone by now: the flow's key is made from the file instead, above every real number. */
SEC("tp_btf/io_uring_complete")
int on_uring(__u64 *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	if (!is_member(tgid))
		return 0;
	struct io_kiocb *request = (void *)ctx[1];
	struct io_uring_cqe *result = (void *)ctx[2];
	if (!request)
		return 0;
	int direction = uring_direction(BPF_CORE_READ(request, opcode));
	__u64 file = (__u64)BPF_CORE_READ(request, file);
	if (!direction || !file)
		return 0;
	__s32 bytes = BPF_CORE_READ(result, res);
	__u32 fd = 0x80000000u | (__u32)(file >> 6);
	__u64 key = flow_key(tgid, fd);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	__u64 inode = (__u64)BPF_CORE_READ((struct file *)file, f_inode);
	if (f && (f->file != file || f->inode != inode))
		f = 0;
	if (!f) {
		struct task_struct *task = bpf_get_current_task_btf();
		if (!enter(task) || !flow_begin(IN_PROCESS, fd, file, SF_OP_IO_URING, SF_FLOW_URING))
			return 0;
		f = bpf_map_lookup_elem(&flows, &key);
		if (!f)
			return 0;
	}
	if (direction == 1)
		count_read(f, bytes);
	else
		count_write(f, bytes);
	return 0;
}
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32); /* process to scan, 0: all */
} scan_target SEC(".maps");

/* Open descriptors of selected processes: what was there before the recording began. */
SEC("iter/task_file")
int scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	if (!task || !ctx->file || task->pid != task->tgid)
		return 0;
	__u32 tgid = task->tgid;
	__u32 zero = 0;
	__u32 *target = bpf_map_lookup_elem(&scan_target, &zero);
	if (!is_member(tgid) || (target && *target && *target != tgid))
		return 0;
	__u32 fd = ctx->fd;
	__u64 at = file_at(task, fd);
	__u64 key = flow_key(tgid, fd);
	struct flow *f = bpf_map_lookup_elem(&flows, &key);
	struct scratch *s = scratch_of(IN_LOADER);
	if (!s || !at)
		return 0;
	s->tgid = tgid;
	s->tid = tgid;
	s->start = task->group_leader->start_boottime;
	root_of(s, task);
	if (!f || !f->file) {
		if (!flow_begin(IN_LOADER, fd, at, 0, SF_FLOW_PREEXISTING))
			return 0;
		f = bpf_map_lookup_elem(&flows, &key);
		if (!f)
			return 0;
	} else if (f->out.kind == SF_KIND_FILE && !f->out.path)
		flow_refresh(IN_LOADER, fd, at);
	flow_send(f, SF_WHY_SCAN);
	return 0;
}

struct command {
	__u32 what, pid;
	__u64 value;
};

SEC("syscall")
int command(struct command *c)
{
	switch (c->what) {
	case SF_COMMAND_ADD:
		join(c->pid);
		process_of(c->pid);
		return 0;
	case SF_COMMAND_REMOVE:
		leave(c->pid);
		return 0;
	case SF_COMMAND_ADD_CGROUP: {
		__u64 id = c->value;
		__u32 one = 1;
		if (bpf_map_update_elem(&cgroups, &id, &one, BPF_ANY))
			return 28; /* ENOSPC */
		next_number(CGROUPS_USED);
		return 0;
	}
	case SF_COMMAND_ADD_HOST:
		next_number(EVERY_PROCESS);
		return 0;
	case SF_COMMAND_SCAN: {
		__u32 zero = 0;
		__u32 pid = c->pid;
		bpf_map_update_elem(&scan_target, &zero, &pid, BPF_ANY);
		return 0;
	}
	case SF_COMMAND_WATCH: {
		__u32 id = c->value;
		__u32 one = 1;
		bpf_map_update_elem(&watched, &id, &one, BPF_ANY);
		next_number(WATCHES);
		return 0;
	}
	}
	return 22; /* EINVAL */
}

struct sweep {
	__u32 unsaid; /* there was no room */
	__u32 unused;
};

static __always_inline long checkpoint(struct flow *f, struct sweep *sweep)
{
	__u64 last = f->last_jiffies;
	if (f->told_jiffies == last && f->told_ops == f->out.rops + f->out.wops + f->out.ops)
		return 0;
	__u32 ops = f->out.rops + f->out.wops + f->out.ops;
	if (flow_send(f, SF_WHY_CHECKPOINT)) {
		f->told_jiffies = last;
		f->told_ops = ops;
		return 0;
	}
	sweep->unsaid = 1;
	return 1;
}

#define PLACE_PATIENCE_NS 2000000000ull

/* Flows of a process that is gone end here, if its end did not end them. */
static long sweep_flow(void *map, __u64 *key, struct flow *f, struct sweep *sweep)
{
	int member = is_member(*key >> 32);
	if (!f->file) {
		/* A place that nothing took for long. */
		if (!member || (bpf_jiffies64() - f->last_jiffies) * jiffy_ns > PLACE_PATIENCE_NS)
			bpf_map_delete_elem(&flows, key);
		return 0;
	}
	if (member)
		return checkpoint(f, sweep);
	if (!flow_send(f, SF_WHY_EXIT)) {
		sweep->unsaid = 1;
		return 1;
	}
	bpf_map_delete_elem(&flows, key);
	COUNT(live_flows, -1);
	return 0;
}

static long sweep_peer(void *map, struct peer_key *key, struct flow *f, struct sweep *sweep)
{
	if (is_member(key->tgid))
		return checkpoint(f, sweep);
	if (!flow_send(f, SF_WHY_EXIT)) {
		sweep->unsaid = 1;
		return 1;
	}
	bpf_map_delete_elem(&peers, key);
	return 0;
}

static long sweep_parked(void *map, __u64 *key, struct sf_flow *f, struct sweep *sweep)
{
	struct sf_flow *out = bpf_ringbuf_reserve(&stream, sizeof(*out), 0);
	if (!out) {
		sweep->unsaid = 1;
		return 1;
	}
	__builtin_memcpy(out, f, sizeof(*out));
	out->head.code = SF_WHY_PARKED;
	out->head.time = bpf_ktime_get_boot_ns();
	bpf_ringbuf_submit(out, BPF_RB_NO_WAKEUP);
	bpf_map_delete_elem(&parked, key);
	COUNT(flows_collected, 1);
	return 0;
}

/* Snapshots of the flows that changed, and what was parked. 1 when there was no room for all. */
SEC("syscall")
int sweep(struct sweep *s)
{
	struct sweep state = {};
	bpf_for_each_map_elem(&parked, sweep_parked, &state, 0);
	if (!state.unsaid)
		bpf_for_each_map_elem(&flows, sweep_flow, &state, 0);
	if (!state.unsaid)
		bpf_for_each_map_elem(&peers, sweep_peer, &state, 0);
	return state.unsaid;
}
