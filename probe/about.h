/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_ABOUT_H
#define SYSFLOW_ABOUT_H
#include "kernel-side.h"

/* Jiffy, boot id, number of processors that may exist. */
void about_system(struct kernel_side *k);
/* Why loading failed, in words; `error` is negative. */
void explain(char *reason, size_t room, int error);
#endif
