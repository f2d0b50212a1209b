/* What the loader needs of the kernel side, however it was loaded: with the light skeleton (loader-light.c) or with libbpf
 * (loader-libbpf.c, for older kernels and for the verifier's log). SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_KERNEL_SIDE_H
#define SYSFLOW_KERNEL_SIDE_H
#include <stddef.h>
#include <linux/types.h>

struct sf_stats;

struct settings {
	__u32 mode, owner, park, heal, uring;
	__u32 control_kib, stream_kib;
};

enum { LINKS = 8 };

struct kernel_side {
	int control_fd, stream_fd, counts_fd, dirty_fd;
	int scan_fd, command_fd, sweep_fd;
	size_t control_bytes, stream_bytes;
	int links[LINKS];
	int uring;
	int processors;
	__u64 jiffy_ns;
	__u8 boot_id[16];
};

struct lost_messages {
	__u32 pid, forks, execs, exits, calls, paths;
};

/* A ring buffer mapped as the kernel documents it: one page that is ours to write, then the kernel's page and the data twice. */
struct ring {
	volatile __u64 *consumer;
	const volatile __u64 *producer;
	const __u8 *data;
	__u64 mask;
};

/* Loads and attaches; 0, or why not in words. */
int kernel_open(struct kernel_side *k, const struct settings *s, char *reason, size_t room);
void kernel_detach(struct kernel_side *k);
/* Runs the kernel side's command program; an errno. */
int kernel_command(struct kernel_side *k, void *command, size_t size);
/* Checkpoints and parked flows; 1 when there was no room for all. */
int kernel_sweep(struct kernel_side *k);
/* Says the open descriptors of one process, or of all selected ones; an errno. */
int kernel_scan(struct kernel_side *k, __u32 pid);
void kernel_counters(struct kernel_side *k, struct sf_stats *stats);
/* Takes at most `room` entries of the table of losses. */
int kernel_take_losses(struct kernel_side *k, struct lost_messages *losses, int room);

int ring_open(struct ring *r, int fd, size_t bytes);
__u64 ring_end(const struct ring *r);
/* Gives complete messages before `until` out in as few spans as there are; bytes, or -1 when `pass` says 0. */
long ring_pass(struct ring *r, __u64 until, int (*pass)(const void *, size_t, void *), void *context);
#endif
