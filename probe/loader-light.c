/* Loads the kernel side with bpftool's light skeleton: no libbpf, libelf or zlib, little memory. Kernels since 5.17.
 * SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "kernel-side.h"
#include "about.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "calls-shape.h"
#include "sysflow.lskel.h"

static struct sysflow_bpf *skeleton;

static int attach(struct kernel_side *k, int at, int program)
{
	k->links[at] = skel_raw_tracepoint_open(0, program);
	return k->links[at] < 0 ? errno : 0;
}

int kernel_open(struct kernel_side *k, const struct settings *s, char *reason, size_t room)
{
	about_system(k);
	skeleton = sysflow_bpf__open();
	if (!skeleton) {
		snprintf(reason, room, "not enough memory");
		return 1;
	}
	skeleton->rodata->mode = s->mode;
	skeleton->rodata->owner = s->owner;
	skeleton->rodata->park = s->park;
	skeleton->rodata->heal = s->heal;
	skeleton->rodata->jiffy_ns = k->jiffy_ns;
	skeleton->maps.control.max_entries = s->control_kib << 10;
	skeleton->maps.stream.max_entries = s->stream_kib << 10;
	int error = sysflow_bpf__load(skeleton);
	if (error) {
		explain(reason, room, error);
		return 1;
	}
	k->control_fd = skeleton->maps.control.map_fd;
	k->stream_fd = skeleton->maps.stream.map_fd;
	k->counts_fd = skeleton->maps.counts.map_fd;
	k->dirty_fd = skeleton->maps.dirty.map_fd;
	k->control_bytes = s->control_kib << 10;
	k->stream_bytes = s->stream_kib << 10;
	k->scan_fd = skeleton->progs.scan.prog_fd;
	k->command_fd = skeleton->progs.command.prog_fd;
	k->sweep_fd = skeleton->progs.sweep.prog_fd;
	error = attach(k, 0, skeleton->progs.on_sys_exit.prog_fd);
	error = error ? error : attach(k, 1, skeleton->progs.on_fork.prog_fd);
	error = error ? error : attach(k, 2, skeleton->progs.on_exec.prog_fd);
	error = error ? error : attach(k, 3, skeleton->progs.on_exit.prog_fd);
	if (!error && s->mode == 3)
		error = attach(k, 4, skeleton->progs.on_sys_enter.prog_fd);
	if (error) {
		explain(reason, room, -error);
		return 1;
	}
	k->uring = s->uring && !attach(k, 5, skeleton->progs.on_uring.prog_fd);
	return 0;
}
