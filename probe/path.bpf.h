/* Paths: said once, then a number. A path is as the process sees it, from its own root. SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_PATH_BPF_H
#define SYSFLOW_PATH_BPF_H
#include "state.bpf.h"

#define COMPONENTS 96
#define PATH_ROOM 4096

static __always_inline void root_of(struct scratch *s, struct task_struct *task)
{
	struct fs_struct *fs = task->fs;
	s->root_dentry = fs ? (__u64)fs->root.dentry : 0;
	s->root_mount = fs ? (__u64)fs->root.mnt : 0;
}

/* One step towards the root; 1 at its end. The position lives in the scratch memory. */
static long path_step(__u32 step, __u32 *slot)
{
	struct scratch *s = scratch_of(*slot);
	if (!s)
		return 1;
	struct dentry *dentry = (void *)s->dentry;
	struct vfsmount *mount = (void *)s->mount;
	if (s->dentry == s->root_dentry && s->mount == s->root_mount)
		return 1;
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == BPF_CORE_READ(mount, mnt_root) || dentry == parent) {
		struct mount *m = (void *)(s->mount - bpf_core_field_offset(struct mount, mnt));
		struct mount *up = BPF_CORE_READ(m, mnt_parent);
		if (up == m || !up)
			return 1;
		s->dentry = (__u64)BPF_CORE_READ(m, mnt_mountpoint);
		s->mount = (__u64)up + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	__u32 offset = s->offset;
	if (offset > PATH_ROOM - 1) {
		s->path.head.flags |= SF_PATH_TRUNCATED;
		return 1;
	}
	long n = bpf_probe_read_kernel_str(s->path.text + offset, 256, BPF_CORE_READ(dentry, d_name.name));
	if (n < 0)
		return 1;
	s->offset = offset + n;
	s->dentry = (__u64)parent;
	return 0;
}

/* Number of a path; 0 where it could not be said. `fresh` in the scratch memory tells whether it was said just now. */
__noinline int path_id(__u32 slot, __u64 dentry_at, __u64 mount_at)
{
	struct scratch *s = scratch_of(slot);
	if (!s || !dentry_at || !mount_at)
		return 0;
	struct dentry *dentry = (void *)dentry_at;
	__u64 *epoch = number(RENAME_EPOCH);
	s->fresh = 0;
	bpf_probe_read_kernel(s->dentry_copy, DENTRY_BYTES, dentry);
	s->key.dentry = dentry_at;
	s->key.mount = mount_at;
	FIELD(s->key.inode, s->dentry_copy, DENTRY_BYTES, dentry_at, struct dentry, d_inode);
	FIELD(s->key.name, s->dentry_copy, DENTRY_BYTES, dentry_at, struct dentry, d_name.hash_len);
	struct inode *inode = (void *)s->key.inode;
	s->key.root = s->root_dentry ^ (epoch ? *epoch << 48 : 0);
	__u32 *known = bpf_map_lookup_elem(&paths, &s->key);
	if (known)
		return *known;
	s->dentry = dentry_at;
	s->mount = mount_at;
	s->offset = 0;
	s->path.head.flags = 0;
	if (bpf_loop(COMPONENTS, path_step, &slot, 0) >= COMPONENTS)
		s->path.head.flags |= SF_PATH_TRUNCATED;
	__u32 bytes = s->offset;
	if (bytes > PATH_ROOM + 255)
		return 0;
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	if (!BPF_CORE_READ(dentry, d_hash.pprev) && parent != dentry)
		s->path.head.flags |= SF_PATH_DELETED;
	struct sf_path *p = &s->path.head;
	__u32 id = next_number(NEXT_PATH);
	p->head.type = SF_TYPE_PATH;
	p->head.code = 0;
	p->head.length = (sizeof(*p) + bytes + 7) & ~7u;
	p->head.pid = s->tgid;
	p->head.tid = s->tid;
	p->head.time = bpf_ktime_get_boot_ns();
	p->head.start = s->start;
	p->id = id;
	p->mode = BPF_CORE_READ(inode, i_mode);
	p->inode = BPF_CORE_READ(inode, i_ino);
	p->device = BPF_CORE_READ(inode, i_sb, s_dev);
	p->generation = BPF_CORE_READ(inode, i_generation);
	p->bytes = bytes;
	__u64 length = (sizeof(*p) + bytes + 7) & ~7u;
	if (length > sizeof(s->path))
		return 0;
	if (bpf_ringbuf_output(&control, &s->path, length, BPF_RB_NO_WAKEUP)) {
		/* Not remembered: the next flow on it says it again. */
		note_loss(s->tgid, LOST_PATH);
		return 0;
	}
	COUNT(control_sent, 1);
	bpf_map_update_elem(&paths, &s->key, &id, BPF_ANY);
	s->fresh = 1;
	return id;
}
#endif
