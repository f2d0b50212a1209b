/* Talking to the kernel side once it is loaded. SPDX-License-Identifier: Apache-2.0 */
#include "kernel-side.h"
#include "sysflow.h"
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROCESSORS_MAX 1024

static long sys_bpf(int command, union bpf_attr *a, size_t size)
{
	return syscall(SYS_bpf, command, a, size);
}

void kernel_detach(struct kernel_side *k)
{
	for (int i = 0; i < LINKS; i++) {
		if (k->links[i] > 0)
			close(k->links[i]);
		k->links[i] = 0;
	}
}

static int run(int program, void *context, size_t size)
{
	union bpf_attr a;
	memset(&a, 0, sizeof(a));
	a.test.prog_fd = program;
	a.test.ctx_in = (unsigned long)context;
	a.test.ctx_size_in = size;
	return sys_bpf(BPF_PROG_RUN, &a, sizeof(a)) < 0 ? -errno : (int)a.test.retval;
}

int kernel_command(struct kernel_side *k, void *command, size_t size)
{
	int result = run(k->command_fd, command, size);
	return result < 0 ? -result : result;
}

int kernel_sweep(struct kernel_side *k)
{
	__u32 context[2] = {};
	int result = run(k->sweep_fd, context, sizeof(context));
	return result < 0 ? 0 : result;
}

int kernel_scan(struct kernel_side *k, __u32 pid)
{
	union bpf_iter_link_info only;
	union bpf_attr a;
	char byte[64];
	memset(&only, 0, sizeof(only));
	memset(&a, 0, sizeof(a));
	only.task.pid = pid;
	a.link_create.prog_fd = k->scan_fd;
	a.link_create.attach_type = BPF_TRACE_ITER;
	if (pid) {
		a.link_create.iter_info = (unsigned long)&only;
		a.link_create.iter_info_len = sizeof(only);
	}
	int link = sys_bpf(BPF_LINK_CREATE, &a, sizeof(a));
	if (link < 0 && pid) {
		/* Before 6.1 an iterator goes over every process; the program looks at none but the selected. */
		a.link_create.iter_info = 0;
		a.link_create.iter_info_len = 0;
		link = sys_bpf(BPF_LINK_CREATE, &a, sizeof(a));
	}
	if (link < 0)
		return errno;
	memset(&a, 0, sizeof(a));
	a.iter_create.link_fd = link;
	int iterator = sys_bpf(BPF_ITER_CREATE, &a, sizeof(a));
	int error = iterator < 0 ? errno : 0;
	if (iterator >= 0) {
		ssize_t n;
		do
			n = read(iterator, byte, sizeof(byte));
		while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
		if (n < 0)
			error = errno;
		close(iterator);
	}
	close(link);
	return error;
}

/* The order of `struct counters` in state.bpf.h. */
void kernel_counters(struct kernel_side *k, struct sf_stats *stats)
{
	enum { COUNTERS = 16 };
	static __u64 values[PROCESSORS_MAX][COUNTERS];
	__u64 sum[COUNTERS] = {};
	__u32 zero = 0;
	union bpf_attr a;
	memset(&a, 0, sizeof(a));
	a.map_fd = k->counts_fd;
	a.key = (unsigned long)&zero;
	a.value = (unsigned long)values;
	if (sys_bpf(BPF_MAP_LOOKUP_ELEM, &a, sizeof(a)))
		return;
	for (int i = 0; i < k->processors && i < PROCESSORS_MAX; i++)
		for (int j = 0; j < COUNTERS; j++)
			sum[j] += values[i][j];
	stats->control_sent = sum[0];
	stats->control_lost = sum[1];
	stats->flows_sent = sum[2];
	stats->flows_parked = sum[3];
	stats->flows_collected = sum[4];
	stats->flows_lost = sum[5];
	stats->flows_untracked = sum[6];
	stats->raw_sent = sum[7];
	stats->raw_lost = sum[8];
	stats->compat_calls = sum[9];
	stats->faults = sum[10];
	stats->processes_lost = sum[11];
	stats->dirty_lost = sum[12];
	stats->peers_lost = sum[13];
	stats->live_flows = sum[14];
	stats->members = sum[15];
}

int kernel_take_losses(struct kernel_side *k, struct lost_messages *losses, int room)
{
	int n = 0;
	while (n < room) {
		__u32 pid;
		__u32 value[6];
		union bpf_attr a;
		memset(&a, 0, sizeof(a));
		a.map_fd = k->dirty_fd;
		a.next_key = (unsigned long)&pid;
		if (sys_bpf(BPF_MAP_GET_NEXT_KEY, &a, sizeof(a)))
			break;
		memset(&a, 0, sizeof(a));
		a.map_fd = k->dirty_fd;
		a.key = (unsigned long)&pid;
		a.value = (unsigned long)value;
		if (sys_bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM, &a, sizeof(a))) {
			/* Kernels before 5.14 cannot take from a hash table. */
			if (sys_bpf(BPF_MAP_LOOKUP_ELEM, &a, sizeof(a)))
				break;
			memset(&a, 0, sizeof(a));
			a.map_fd = k->dirty_fd;
			a.key = (unsigned long)&pid;
			sys_bpf(BPF_MAP_DELETE_ELEM, &a, sizeof(a));
		}
		losses[n++] = (struct lost_messages){pid, value[0], value[1], value[2], value[3], value[4]};
	}
	return n;
}
