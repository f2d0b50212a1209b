/* Loads the kernel side with libbpf: shows the verifier's log when the kernel refuses, and
 * leaves out the io_uring hook where the kernel's differs. Kernels since 5.17. SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "about.h"
#include "kernel-side.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "calls-shape.h"
#include "sysflow.skel.h"

static struct sysflow_bpf *skeleton;

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, arguments);
}

static int attach(struct kernel_side *k, int at, struct bpf_program *program)
{
	k->links[at] = bpf_raw_tracepoint_open(0, bpf_program__fd(program));
	return k->links[at] < 0 ? errno : 0;
}

static int open_and_load(const struct kernel_side *k, const struct settings *s, int uring)
{
	skeleton = sysflow_bpf__open();
	if (!skeleton)
		return -errno;
	skeleton->rodata->mode = s->mode;
	skeleton->rodata->owner = s->owner;
	skeleton->rodata->park = s->park;
	skeleton->rodata->heal = s->heal;
	skeleton->rodata->jiffy_ns = k->jiffy_ns;
	bpf_map__set_max_entries(skeleton->maps.control, s->control_kib << 10);
	bpf_map__set_max_entries(skeleton->maps.stream, s->stream_kib << 10);
	bpf_program__set_autoload(skeleton->progs.on_uring, uring);
	int error = sysflow_bpf__load(skeleton);
	if (error) {
		sysflow_bpf__destroy(skeleton);
		skeleton = 0;
	}
	return error;
}

int kernel_open(struct kernel_side *k, const struct settings *s, char *reason, size_t room)
{
	about_system(k);
	libbpf_set_print(print);
	int uring = s->uring;
	int error = open_and_load(k, s, uring);
	if (error && uring) {
		uring = 0;
		error = open_and_load(k, s, 0);
	}
	if (error) {
		explain(reason, room, error);
		return 1;
	}
	k->control_fd = bpf_map__fd(skeleton->maps.control);
	k->stream_fd = bpf_map__fd(skeleton->maps.stream);
	k->counts_fd = bpf_map__fd(skeleton->maps.counts);
	k->dirty_fd = bpf_map__fd(skeleton->maps.dirty);
	k->control_bytes = s->control_kib << 10;
	k->stream_bytes = s->stream_kib << 10;
	k->scan_fd = bpf_program__fd(skeleton->progs.scan);
	k->command_fd = bpf_program__fd(skeleton->progs.command);
	k->sweep_fd = bpf_program__fd(skeleton->progs.sweep);
	error = attach(k, 0, skeleton->progs.on_sys_exit);
	error = error ? error : attach(k, 1, skeleton->progs.on_fork);
	error = error ? error : attach(k, 2, skeleton->progs.on_exec);
	error = error ? error : attach(k, 3, skeleton->progs.on_exit);
	if (!error && s->mode == 3)
		error = attach(k, 4, skeleton->progs.on_sys_enter);
	if (error) {
		explain(reason, room, -error);
		return 1;
	}
	k->uring = uring && !attach(k, 5, skeleton->progs.on_uring);
	return 0;
}
