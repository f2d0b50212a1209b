/* Made from src/model/probe.ts by `npm run references`; do not edit. SPDX-License-Identifier: Apache-2.0 */
#ifndef SYSFLOW_H
#define SYSFLOW_H
#include <linux/types.h>

#define SF_VERSION 1u
#define SF_FRAME_SIZE 8u

#define SF_TYPE_HELLO 1u
#define SF_TYPE_CLOCK 2u
#define SF_TYPE_STATS 3u
#define SF_TYPE_SCAN_BEGIN 4u
#define SF_TYPE_SCAN_END 5u
#define SF_TYPE_DIRTY 6u
#define SF_TYPE_ACK 7u
#define SF_TYPE_FORK 16u
#define SF_TYPE_EXEC 17u
#define SF_TYPE_EXIT 18u
#define SF_TYPE_CALL 19u
#define SF_TYPE_PATH 20u
#define SF_TYPE_FLOW 32u
#define SF_TYPE_RAW 33u
#define SF_TYPE_RAW_ENTER 34u

#define SF_WHY_BEGIN 1u
#define SF_WHY_CHECKPOINT 2u
#define SF_WHY_CLOSE 3u
#define SF_WHY_EXIT 4u
#define SF_WHY_EXEC 5u
#define SF_WHY_REPLACED 6u
#define SF_WHY_PARKED 7u
#define SF_WHY_SCAN 8u

#define SF_KIND_FILE 1u
#define SF_KIND_INET 2u
#define SF_KIND_INET6 3u
#define SF_KIND_UNIX 4u
#define SF_KIND_PIPE 5u
#define SF_KIND_OTHER 6u

#define SF_FLOW_PREEXISTING 1u
#define SF_FLOW_ACCEPTED 2u
#define SF_FLOW_MANY_PEERS 4u
#define SF_FLOW_URING 8u

#define SF_PATH_TRUNCATED 1u
#define SF_PATH_DELETED 2u

#define SF_EXEC_ARGV_TRUNCATED 1u
#define SF_EXEC_UPPER_LAYER 2u

#define SF_CALL_TEXT1_TRUNCATED 1u
#define SF_CALL_TEXT2_TRUNCATED 2u
#define SF_CALL_TEXT1_IS_ADDRESS 4u

#define SF_FEATURE_URING 1u
#define SF_FEATURE_SCAN 2u

#define SF_MODE_AGGREGATE 0u
#define SF_MODE_RAW 1u
#define SF_MODE_BOTH 2u
#define SF_MODE_RAW_ENTER 3u

#define SF_COMMAND_ADD 1u
#define SF_COMMAND_ADD_CGROUP 2u
#define SF_COMMAND_ADD_HOST 3u
#define SF_COMMAND_SCAN 4u
#define SF_COMMAND_WATCH 5u
#define SF_COMMAND_STOP 6u
#define SF_COMMAND_REMOVE 8u
#define SF_COMMAND_STALL 7u

#define SF_OP_CLONE 1u
#define SF_OP_EXEC 2u
#define SF_OP_EXIT 4u
#define SF_OP_SETUID 8u
#define SF_OP_SETNS 16u
#define SF_OP_ACCEPT 32u
#define SF_OP_CONNECT 64u
#define SF_OP_OPEN 128u
#define SF_OP_READ 256u
#define SF_OP_WRITE 512u
#define SF_OP_CLOSE 1024u
#define SF_OP_TRUNCATE 2048u
#define SF_OP_SHUTDOWN 4096u
#define SF_OP_MMAP 8192u
#define SF_OP_DIGEST 16384u
#define SF_OP_MKDIR 32768u
#define SF_OP_RMDIR 65536u
#define SF_OP_LINK 131072u
#define SF_OP_UNLINK 262144u
#define SF_OP_SYMLINK 524288u
#define SF_OP_RENAME 1048576u
#define SF_OP_BIND 2097152u
#define SF_OP_LISTEN 4194304u
#define SF_OP_IO_URING 8388608u
#define SF_OP_CHMOD 16777216u
#define SF_OP_CHOWN 33554432u
#define SF_OP_MKNOD 67108864u
#define SF_OP_FTRUNCATE 134217728u
#define SF_OP_MOUNT 268435456u
#define SF_OP_UMOUNT 536870912u

struct sf_head {
	__u16 type; /* see probeMessages */
	__u16 code; /* system call number, reason or command, by type */
	__u32 length; /* of the whole message, bytes */
	__u32 pid; /* thread group id in the initial namespace */
	__u32 tid; /* thread id in the initial namespace */
	__u64 time; /* nanoseconds since boot, suspend included */
	__u64 start; /* when the process began, nanoseconds since boot */
};
_Static_assert(__builtin_offsetof(struct sf_head, type) == 0, "head.type");
_Static_assert(__builtin_offsetof(struct sf_head, code) == 2, "head.code");
_Static_assert(__builtin_offsetof(struct sf_head, length) == 4, "head.length");
_Static_assert(__builtin_offsetof(struct sf_head, pid) == 8, "head.pid");
_Static_assert(__builtin_offsetof(struct sf_head, tid) == 12, "head.tid");
_Static_assert(__builtin_offsetof(struct sf_head, time) == 16, "head.time");
_Static_assert(__builtin_offsetof(struct sf_head, start) == 24, "head.start");
_Static_assert(sizeof(struct sf_head) == 32, "head");

struct sf_hello {
	struct sf_head head;
	__u32 version; /* probeVersion */
	__u32 flow_size; /* bytes of a FLOW message */
	__u32 features; /* probeFeatures bits */
	__u32 hz; /* jiffies per second */
	__u32 mode; /* probeModes */
	__u32 kernel; /* major × 65536 + minor × 256 */
	__u8 boot_id[16]; /* the kernel's random boot id, binary */
	__u64 realtime; /* time since 1970 at `time`, nanoseconds */
	__u32 machine; /* ELF machine: 62 x86-64, 183 arm64 */
	__u32 head_size; /* bytes of the head */
	__u64 magic; /* "SYSFLOW1" */
};
_Static_assert(__builtin_offsetof(struct sf_hello, version) == 32, "hello.version");
_Static_assert(__builtin_offsetof(struct sf_hello, flow_size) == 36, "hello.flowSize");
_Static_assert(__builtin_offsetof(struct sf_hello, features) == 40, "hello.features");
_Static_assert(__builtin_offsetof(struct sf_hello, hz) == 44, "hello.hz");
_Static_assert(__builtin_offsetof(struct sf_hello, mode) == 48, "hello.mode");
_Static_assert(__builtin_offsetof(struct sf_hello, kernel) == 52, "hello.kernel");
_Static_assert(__builtin_offsetof(struct sf_hello, boot_id) == 56, "hello.bootId");
_Static_assert(__builtin_offsetof(struct sf_hello, realtime) == 72, "hello.realtime");
_Static_assert(__builtin_offsetof(struct sf_hello, machine) == 80, "hello.machine");
_Static_assert(__builtin_offsetof(struct sf_hello, head_size) == 84, "hello.headSize");
_Static_assert(__builtin_offsetof(struct sf_hello, magic) == 88, "hello.magic");
_Static_assert(sizeof(struct sf_hello) == 96, "hello");

struct sf_clock {
	struct sf_head head;
	__u64 realtime; /* time since 1970 at `time`, nanoseconds */
	__u64 window; /* how exact the pair is, nanoseconds */
};
_Static_assert(__builtin_offsetof(struct sf_clock, realtime) == 32, "clock.realtime");
_Static_assert(__builtin_offsetof(struct sf_clock, window) == 40, "clock.window");
_Static_assert(sizeof(struct sf_clock) == 48, "clock");

struct sf_stats {
	struct sf_head head;
	__u64 control_sent; /* messages in the control ring */
	__u64 control_lost; /* control messages that found no room */
	__u64 flows_sent; /* messages in the flow ring */
	__u64 flows_parked; /* ended flows that found no room */
	__u64 flows_collected; /* of these, sent later */
	__u64 flows_lost; /* flows lost for good: every table full */
	__u64 flows_untracked; /* operations whose flow had no room */
	__u64 raw_sent; /* raw messages */
	__u64 raw_lost; /* raw messages that found no room */
	__u64 compat_calls; /* 32-bit system calls, not looked at */
	__u64 faults; /* user memory that could not be read */
	__u64 processes_lost; /* processes with no room in the table */
	__u64 dirty_lost; /* lost messages whose process could not be noted */
	__u64 live_flows; /* flows in the table now */
	__u64 members; /* processes in the selection now */
	__u64 peers_lost; /* datagrams to peers beyond those told apart */
};
_Static_assert(__builtin_offsetof(struct sf_stats, control_sent) == 32, "stats.controlSent");
_Static_assert(__builtin_offsetof(struct sf_stats, control_lost) == 40, "stats.controlLost");
_Static_assert(__builtin_offsetof(struct sf_stats, flows_sent) == 48, "stats.flowsSent");
_Static_assert(__builtin_offsetof(struct sf_stats, flows_parked) == 56, "stats.flowsParked");
_Static_assert(__builtin_offsetof(struct sf_stats, flows_collected) == 64, "stats.flowsCollected");
_Static_assert(__builtin_offsetof(struct sf_stats, flows_lost) == 72, "stats.flowsLost");
_Static_assert(__builtin_offsetof(struct sf_stats, flows_untracked) == 80, "stats.flowsUntracked");
_Static_assert(__builtin_offsetof(struct sf_stats, raw_sent) == 88, "stats.rawSent");
_Static_assert(__builtin_offsetof(struct sf_stats, raw_lost) == 96, "stats.rawLost");
_Static_assert(__builtin_offsetof(struct sf_stats, compat_calls) == 104, "stats.compatCalls");
_Static_assert(__builtin_offsetof(struct sf_stats, faults) == 112, "stats.faults");
_Static_assert(__builtin_offsetof(struct sf_stats, processes_lost) == 120, "stats.processesLost");
_Static_assert(__builtin_offsetof(struct sf_stats, dirty_lost) == 128, "stats.dirtyLost");
_Static_assert(__builtin_offsetof(struct sf_stats, live_flows) == 136, "stats.liveFlows");
_Static_assert(__builtin_offsetof(struct sf_stats, members) == 144, "stats.members");
_Static_assert(__builtin_offsetof(struct sf_stats, peers_lost) == 152, "stats.peersLost");
_Static_assert(sizeof(struct sf_stats) == 160, "stats");

struct sf_dirty {
	struct sf_head head;
	__u32 forks; /* lost FORK messages */
	__u32 execs; /* lost EXEC messages */
	__u32 exits; /* lost EXIT messages */
	__u32 calls; /* lost CALL messages: cannot be healed */
	__u32 paths; /* lost PATH messages: said again later */
	__u8 reserved[4];
};
_Static_assert(__builtin_offsetof(struct sf_dirty, forks) == 32, "dirty.forks");
_Static_assert(__builtin_offsetof(struct sf_dirty, execs) == 36, "dirty.execs");
_Static_assert(__builtin_offsetof(struct sf_dirty, exits) == 40, "dirty.exits");
_Static_assert(__builtin_offsetof(struct sf_dirty, calls) == 44, "dirty.calls");
_Static_assert(__builtin_offsetof(struct sf_dirty, paths) == 48, "dirty.paths");
_Static_assert(sizeof(struct sf_dirty) == 56, "dirty");

struct sf_ack {
	struct sf_head head;
	__u32 error; /* 0, or why it was refused */
	__u8 reserved[4];
};
_Static_assert(__builtin_offsetof(struct sf_ack, error) == 32, "ack.error");
_Static_assert(sizeof(struct sf_ack) == 40, "ack");

struct sf_fork {
	struct sf_head head;
	__u32 child; /* the new process' thread group id */
	__u32 vpid; /* its id in its own namespace */
	__u64 child_start; /* when it began, nanoseconds since boot */
	__u64 cgroup; /* id of its cgroup (v2), 0 if none */
};
_Static_assert(__builtin_offsetof(struct sf_fork, child) == 32, "fork.child");
_Static_assert(__builtin_offsetof(struct sf_fork, vpid) == 36, "fork.vpid");
_Static_assert(__builtin_offsetof(struct sf_fork, child_start) == 40, "fork.childStart");
_Static_assert(__builtin_offsetof(struct sf_fork, cgroup) == 48, "fork.cgroup");
_Static_assert(sizeof(struct sf_fork) == 56, "fork");

struct sf_exec {
	struct sf_head head;
	__u32 ppid; /* parent's thread group id */
	__u32 vpid; /* the process' id in its own namespace */
	__u32 uid; /* real user id */
	__u32 euid; /* effective user id */
	__u32 gid; /* real group id */
	__u32 egid; /* effective group id */
	__u32 exe; /* path id of the program */
	__u32 cwd; /* path id of the working directory */
	__u32 session; /* session id */
	__u32 process_group; /* process group id */
	__u32 login_uid; /* audit login uid, 4294967295: none */
	__u32 tty; /* 1: it has a controlling terminal */
	__u64 capabilities; /* effective capabilities */
	__u64 exe_inode; /* of the program */
	__u64 cgroup; /* id of its cgroup (v2), 0 if none */
	__u32 netns; /* inode of the network namespace */
	__u32 mntns; /* inode of the mount namespace */
	__u16 cgroup_bytes; /* text after the fixed part: components of the cgroup's path, leaf first, each ended by NUL */
	__u16 argv_bytes; /* then argv as it lies in memory */
	__u32 flags; /* execFlags bits */
	__u8 comm[16]; /* thread name */
	__u32 exe_generation; /* inode generation of the program */
	__u32 env_bytes; /* reserved, 0 */
};
_Static_assert(__builtin_offsetof(struct sf_exec, ppid) == 32, "exec.ppid");
_Static_assert(__builtin_offsetof(struct sf_exec, vpid) == 36, "exec.vpid");
_Static_assert(__builtin_offsetof(struct sf_exec, uid) == 40, "exec.uid");
_Static_assert(__builtin_offsetof(struct sf_exec, euid) == 44, "exec.euid");
_Static_assert(__builtin_offsetof(struct sf_exec, gid) == 48, "exec.gid");
_Static_assert(__builtin_offsetof(struct sf_exec, egid) == 52, "exec.egid");
_Static_assert(__builtin_offsetof(struct sf_exec, exe) == 56, "exec.exe");
_Static_assert(__builtin_offsetof(struct sf_exec, cwd) == 60, "exec.cwd");
_Static_assert(__builtin_offsetof(struct sf_exec, session) == 64, "exec.session");
_Static_assert(__builtin_offsetof(struct sf_exec, process_group) == 68, "exec.processGroup");
_Static_assert(__builtin_offsetof(struct sf_exec, login_uid) == 72, "exec.loginUid");
_Static_assert(__builtin_offsetof(struct sf_exec, tty) == 76, "exec.tty");
_Static_assert(__builtin_offsetof(struct sf_exec, capabilities) == 80, "exec.capabilities");
_Static_assert(__builtin_offsetof(struct sf_exec, exe_inode) == 88, "exec.exeInode");
_Static_assert(__builtin_offsetof(struct sf_exec, cgroup) == 96, "exec.cgroup");
_Static_assert(__builtin_offsetof(struct sf_exec, netns) == 104, "exec.netns");
_Static_assert(__builtin_offsetof(struct sf_exec, mntns) == 108, "exec.mntns");
_Static_assert(__builtin_offsetof(struct sf_exec, cgroup_bytes) == 112, "exec.cgroupBytes");
_Static_assert(__builtin_offsetof(struct sf_exec, argv_bytes) == 114, "exec.argvBytes");
_Static_assert(__builtin_offsetof(struct sf_exec, flags) == 116, "exec.flags");
_Static_assert(__builtin_offsetof(struct sf_exec, comm) == 120, "exec.comm");
_Static_assert(__builtin_offsetof(struct sf_exec, exe_generation) == 136, "exec.exeGeneration");
_Static_assert(__builtin_offsetof(struct sf_exec, env_bytes) == 140, "exec.envBytes");
_Static_assert(sizeof(struct sf_exec) == 144, "exec");

struct sf_exit {
	struct sf_head head;
	__u32 status; /* wait status */
	__u32 failed_opens; /* opens that failed with ENOENT */
	__u32 threads_cloned; /* threads begun besides the first */
	__u32 threads_exited; /* threads ended besides the last */
	__u32 left; /* 1: it lives on but left the selection (another user's) */
	__u8 reserved[4];
};
_Static_assert(__builtin_offsetof(struct sf_exit, status) == 32, "exit.status");
_Static_assert(__builtin_offsetof(struct sf_exit, failed_opens) == 36, "exit.failedOpens");
_Static_assert(__builtin_offsetof(struct sf_exit, threads_cloned) == 40, "exit.threadsCloned");
_Static_assert(__builtin_offsetof(struct sf_exit, threads_exited) == 44, "exit.threadsExited");
_Static_assert(__builtin_offsetof(struct sf_exit, left) == 48, "exit.left");
_Static_assert(sizeof(struct sf_exit) == 56, "exit");

struct sf_call {
	struct sf_head head;
	__s64 ret; /* result or −errno */
	__u64 arg0; /* first argument */
	__u64 arg1; /* second argument */
	__u64 arg2; /* third argument */
	__u64 arg3; /* fourth argument */
	__u64 arg4; /* fifth argument; bind, listen, connect: the socket's IANA protocol */
	__u32 uid; /* real user id after the call */
	__u32 euid; /* effective user id after the call */
	__u32 gid; /* real group id after the call */
	__u32 egid; /* effective group id after the call */
	__u32 dir1; /* path id of the first directory descriptor, of the working directory where that is meant, or of the descriptor argument */
	__u32 dir2; /* the same of the second */
	__u16 text1_bytes; /* text after the fixed part: the first path as the program passed it, or a socket address (listen: the one it is bound to) */
	__u16 text2_bytes; /* then the second */
	__u32 flags; /* callFlags bits */
	__u64 capabilities; /* effective capabilities after the call */
};
_Static_assert(__builtin_offsetof(struct sf_call, ret) == 32, "call.ret");
_Static_assert(__builtin_offsetof(struct sf_call, arg0) == 40, "call.arg0");
_Static_assert(__builtin_offsetof(struct sf_call, arg1) == 48, "call.arg1");
_Static_assert(__builtin_offsetof(struct sf_call, arg2) == 56, "call.arg2");
_Static_assert(__builtin_offsetof(struct sf_call, arg3) == 64, "call.arg3");
_Static_assert(__builtin_offsetof(struct sf_call, arg4) == 72, "call.arg4");
_Static_assert(__builtin_offsetof(struct sf_call, uid) == 80, "call.uid");
_Static_assert(__builtin_offsetof(struct sf_call, euid) == 84, "call.euid");
_Static_assert(__builtin_offsetof(struct sf_call, gid) == 88, "call.gid");
_Static_assert(__builtin_offsetof(struct sf_call, egid) == 92, "call.egid");
_Static_assert(__builtin_offsetof(struct sf_call, dir1) == 96, "call.dir1");
_Static_assert(__builtin_offsetof(struct sf_call, dir2) == 100, "call.dir2");
_Static_assert(__builtin_offsetof(struct sf_call, text1_bytes) == 104, "call.text1Bytes");
_Static_assert(__builtin_offsetof(struct sf_call, text2_bytes) == 106, "call.text2Bytes");
_Static_assert(__builtin_offsetof(struct sf_call, flags) == 108, "call.flags");
_Static_assert(__builtin_offsetof(struct sf_call, capabilities) == 112, "call.capabilities");
_Static_assert(sizeof(struct sf_call) == 120, "call");

struct sf_path {
	struct sf_head head;
	__u32 id; /* path id, never 0 */
	__u32 mode; /* inode mode */
	__u64 inode; /* inode number */
	__u32 device; /* the kernel's device number (major << 20 | minor) */
	__u32 generation; /* inode generation */
	__u32 bytes; /* text after the fixed part: components, leaf first, each ended by NUL; none: the root */
	__u32 flags; /* pathFlags bits */
};
_Static_assert(__builtin_offsetof(struct sf_path, id) == 32, "path.id");
_Static_assert(__builtin_offsetof(struct sf_path, mode) == 36, "path.mode");
_Static_assert(__builtin_offsetof(struct sf_path, inode) == 40, "path.inode");
_Static_assert(__builtin_offsetof(struct sf_path, device) == 48, "path.device");
_Static_assert(__builtin_offsetof(struct sf_path, generation) == 52, "path.generation");
_Static_assert(__builtin_offsetof(struct sf_path, bytes) == 56, "path.bytes");
_Static_assert(__builtin_offsetof(struct sf_path, flags) == 60, "path.flags");
_Static_assert(sizeof(struct sf_path) == 64, "path");

struct sf_flow {
	struct sf_head head;
	__u64 id; /* of this flow; never used again */
	__u64 first; /* first operation, nanoseconds since boot */
	__u64 last; /* last operation, nanoseconds since boot, exact to a jiffy */
	__u64 rbytes; /* bytes read since the flow began */
	__u64 wbytes; /* bytes written since the flow began */
	__u32 rops; /* reads since the flow began */
	__u32 wops; /* writes since the flow began */
	__u32 ops; /* operations since the flow began (model/opflag.ts) */
	__u32 fd; /* descriptor */
	__u32 path; /* path id, 0: none or lost */
	__u32 device; /* the kernel's device number */
	__u64 inode; /* inode number */
	__u16 mode; /* inode mode */
	__u8 kind; /* flowKinds */
	__u8 flags; /* flowFlags bits */
	__u32 open_flags; /* f_flags of all opens and what they were called with, the kernel's bits */
	__u32 opens; /* opens */
	__u16 sport; /* client's port */
	__u16 dport; /* server's port */
	__u16 protocol; /* IANA protocol number */
	__u16 state; /* socket state */
	__u32 generation; /* inode generation */
	__u8 source[16]; /* client's address (4 or 16 bytes); unix: peer's inode as u64 */
	__u8 destination[16]; /* server's address */
};
_Static_assert(__builtin_offsetof(struct sf_flow, id) == 32, "flow.id");
_Static_assert(__builtin_offsetof(struct sf_flow, first) == 40, "flow.first");
_Static_assert(__builtin_offsetof(struct sf_flow, last) == 48, "flow.last");
_Static_assert(__builtin_offsetof(struct sf_flow, rbytes) == 56, "flow.rbytes");
_Static_assert(__builtin_offsetof(struct sf_flow, wbytes) == 64, "flow.wbytes");
_Static_assert(__builtin_offsetof(struct sf_flow, rops) == 72, "flow.rops");
_Static_assert(__builtin_offsetof(struct sf_flow, wops) == 76, "flow.wops");
_Static_assert(__builtin_offsetof(struct sf_flow, ops) == 80, "flow.ops");
_Static_assert(__builtin_offsetof(struct sf_flow, fd) == 84, "flow.fd");
_Static_assert(__builtin_offsetof(struct sf_flow, path) == 88, "flow.path");
_Static_assert(__builtin_offsetof(struct sf_flow, device) == 92, "flow.device");
_Static_assert(__builtin_offsetof(struct sf_flow, inode) == 96, "flow.inode");
_Static_assert(__builtin_offsetof(struct sf_flow, mode) == 104, "flow.mode");
_Static_assert(__builtin_offsetof(struct sf_flow, kind) == 106, "flow.kind");
_Static_assert(__builtin_offsetof(struct sf_flow, flags) == 107, "flow.flags");
_Static_assert(__builtin_offsetof(struct sf_flow, open_flags) == 108, "flow.openFlags");
_Static_assert(__builtin_offsetof(struct sf_flow, opens) == 112, "flow.opens");
_Static_assert(__builtin_offsetof(struct sf_flow, sport) == 116, "flow.sport");
_Static_assert(__builtin_offsetof(struct sf_flow, dport) == 118, "flow.dport");
_Static_assert(__builtin_offsetof(struct sf_flow, protocol) == 120, "flow.protocol");
_Static_assert(__builtin_offsetof(struct sf_flow, state) == 122, "flow.state");
_Static_assert(__builtin_offsetof(struct sf_flow, generation) == 124, "flow.generation");
_Static_assert(__builtin_offsetof(struct sf_flow, source) == 128, "flow.source");
_Static_assert(__builtin_offsetof(struct sf_flow, destination) == 144, "flow.destination");
_Static_assert(sizeof(struct sf_flow) == 160, "flow");

struct sf_raw {
	struct sf_head head;
	__s64 ret; /* result or −errno */
	__u64 flow; /* id of the flow that it belongs to, 0: none */
	__u64 arg0; /* first argument */
	__u64 arg1; /* second argument */
	__u64 arg2; /* third argument */
};
_Static_assert(__builtin_offsetof(struct sf_raw, ret) == 32, "raw.ret");
_Static_assert(__builtin_offsetof(struct sf_raw, flow) == 40, "raw.flow");
_Static_assert(__builtin_offsetof(struct sf_raw, arg0) == 48, "raw.arg0");
_Static_assert(__builtin_offsetof(struct sf_raw, arg1) == 56, "raw.arg1");
_Static_assert(__builtin_offsetof(struct sf_raw, arg2) == 64, "raw.arg2");
_Static_assert(sizeof(struct sf_raw) == 72, "raw");

struct sf_raw_enter {
	struct sf_head head;
	__u64 arg3; /* fourth argument */
	__u64 arg4; /* fifth argument */
	__u64 arg0; /* first argument */
	__u64 arg1; /* second argument */
	__u64 arg2; /* third argument */
};
_Static_assert(__builtin_offsetof(struct sf_raw_enter, arg3) == 32, "raw_enter.arg3");
_Static_assert(__builtin_offsetof(struct sf_raw_enter, arg4) == 40, "raw_enter.arg4");
_Static_assert(__builtin_offsetof(struct sf_raw_enter, arg0) == 48, "raw_enter.arg0");
_Static_assert(__builtin_offsetof(struct sf_raw_enter, arg1) == 56, "raw_enter.arg1");
_Static_assert(__builtin_offsetof(struct sf_raw_enter, arg2) == 64, "raw_enter.arg2");
_Static_assert(sizeof(struct sf_raw_enter) == 72, "raw_enter");

#endif
