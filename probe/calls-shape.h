/* The type of a table that the skeleton mentions; the loader never looks at it. SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_CALLS_SHAPE_H
#define SYSFLOW_CALLS_SHAPE_H
#include <linux/types.h>

/* Where a rare call has its texts: argument number + 1; 0: none. */
struct call_shape {
	__u8 directory1; /* CURRENT: the working directory */
	__u8 text1;
	__u8 directory2;
	__u8 text2;
	__u8 address; /* text1 is a socket address whose length is the next argument */
};
#endif
