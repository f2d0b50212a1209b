/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_PRIVILEGE_H
#define SYSFLOW_PRIVILEGE_H
#include <stddef.h>

/* Leaves CAP_BPF and CAP_PERFMON and nothing else: another user than root, no new privileges, few system calls. 0, or why not. */
int drop_privileges(char *reason, size_t room);
#endif
