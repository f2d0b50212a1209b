/* What the loader must know of the system. SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "about.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static ssize_t read_text(const char *path, char *text, size_t room)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	ssize_t n = read(file, text, room - 1);
	close(file);
	if (n >= 0)
		text[n] = 0;
	return n;
}

static int hexadecimal(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

void about_system(struct kernel_side *k)
{
	char text[256];
	struct timespec jiffy;
	/* The coarse clock advances with the timer's tick. */
	clock_getres(CLOCK_MONOTONIC_COARSE, &jiffy);
	k->jiffy_ns = jiffy.tv_nsec ? jiffy.tv_nsec : 4000000;
	k->processors = 1;
	if (read_text("/sys/devices/system/cpu/possible", text, sizeof(text)) > 0) {
		const char *last = strrchr(text, '-');
		k->processors = atoi(last ? last + 1 : text) + 1;
	}
	if (read_text("/proc/sys/kernel/random/boot_id", text, sizeof(text)) >= 36) {
		int n = 0;
		for (const char *c = text; c[0] && c[1] && n < 16;) {
			if (*c == '-') {
				c++;
				continue;
			}
			k->boot_id[n++] = hexadecimal(c[0]) << 4 | hexadecimal(c[1]);
			c += 2;
		}
	}
}

static int has_capability(int which)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {};
	return !syscall(SYS_capget, &head, data) && (data[which >> 5].effective >> (which & 31)) & 1;
}

void explain(char *reason, size_t room, int error)
{
	struct utsname system;
	unsigned major = 0, minor = 0;
	uname(&system);
	sscanf(system.release, "%u.%u", &major, &minor);
	/* The kernel's own answer to a missing capability can be a misleading EINVAL: what is known to be needed is looked at first. */
	if (!has_capability(39) || !has_capability(38))
		snprintf(reason, room, "CAP_BPF and CAP_PERFMON are needed, %s is missing", has_capability(39) ? "CAP_PERFMON" : "CAP_BPF");
	else if (access("/sys/kernel/btf/vmlinux", R_OK))
		snprintf(reason, room, "the kernel has no type information (BTF) in /sys/kernel/btf/vmlinux");
	else if (major < 5 || (major == 5 && minor < 17))
		snprintf(reason, room, "kernel %u.%u is older than 5.17", major, minor);
	else
		snprintf(reason, room, "the kernel refused the programs: %s", strerror(-error));
}
