// How clone and exec change the table of threads. clone is seen twice, by the caller and by the child, in either order; which of
// the two may create the child depends on namespaces. Format spec §6.5.

import { CloneFlag, type Syscall, type ThreadInfo } from "../model/syscall.ts";
import { second } from "../model/time.ts";
import { asDirectory, containerIdOf, joinPath } from "./path.ts";
import type { KernelState } from "./state.ts";
import { Thread } from "./thread.ts";

const notAvailable = "<NA>";

/** Takes over what the source says; paths are the caller's business. */
export function describe<Owner, Flow>(thread: Thread<Owner, Flow>, info: ThreadInfo): void {
  thread.described = true;
  if (info.parentTid !== undefined) thread.parentTid = info.parentTid;
  if (info.vtid !== undefined) thread.vtid = info.vtid;
  if (info.vpid !== undefined) thread.vpid = info.vpid;
  if (info.argv0 !== undefined) thread.argv0 = info.argv0;
  if (info.args !== undefined) thread.args = info.args;
  if (info.comm !== undefined) thread.comm = info.comm;
  if (info.env !== undefined) thread.env = info.env;
  if (info.cgroups !== undefined) thread.containerId = containerIdOf(info.cgroups);
  if (info.uid !== undefined) thread.uid = info.uid;
  if (info.gid !== undefined) thread.gid = info.gid;
  if (info.tty !== undefined) thread.tty = info.tty;
  if (info.session !== undefined) thread.session = info.session;
  if (info.processGroup !== undefined) thread.processGroup = info.processGroup;
  if (info.loginUid !== undefined) thread.loginUid = info.loginUid;
  if (info.capabilities !== undefined) thread.capabilities = info.capabilities;
  if (info.exeInode !== undefined) thread.exeInode = info.exeInode;
  if (info.exeUpperLayer !== undefined) thread.exeUpperLayer = info.exeUpperLayer;
  if (info.networkNamespace !== undefined) thread.networkNamespace = info.networkNamespace;
}

/** The thread that the call made, if this side of it was the one to make it. */
export function applyClone<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  call: Syscall,
): Thread<Owner, Flow> | undefined {
  if (call.ret > 0) return cloneByCaller(state, call);
  return call.ret === 0 ? cloneByChild(state, call) : undefined;
}

function cloneByCaller<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  call: Syscall,
): Thread<Owner, Flow> | undefined {
  const caller = state.thread;
  const inNamespace = caller.vtid !== caller.tid && (state.quirks || caller.vtid >= 0);
  const flags = call.flags;
  if (inNamespace || (flags & (CloneFlag.CHILD_IN_PIDNS | CloneFlag.NEWPID)) !== 0) {
    return undefined;
  }
  const tid = call.ret;
  const known = state.threads.get(tid);
  if (known !== undefined && isFresh(known, call)) return undefined;
  const isThread = (flags & CloneFlag.THREAD) !== 0;
  const leader = state.threads.leaderOf(caller);
  const child = new Thread<Owner, Flow>(tid, isThread ? caller.pid : tid);
  inherit(state, child, leader, isThread);
  if (call.info !== undefined) describe(child, call.info);
  const sibling = isThread || (!state.quirks && (flags & CloneFlag.PARENT) !== 0);
  child.parentTid = sibling ? caller.parentTid : caller.tid;
  child.exePath = caller.exePath;
  child.vtid = tid;
  child.vpid = child.pid;
  return addChild(state, child, call);
}

function cloneByChild<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  call: Syscall,
): Thread<Owner, Flow> | undefined {
  const { info } = call;
  const known = state.threads.get(call.tid);
  if (known !== undefined && isFresh(known, call)) {
    // Only the child knows its ids inside its own namespace.
    if (info?.vtid !== undefined) known.vtid = info.vtid;
    if (info?.vpid !== undefined) known.vpid = info.vpid;
    if (!state.quirks && info?.cgroups !== undefined) {
      known.containerId = containerIdOf(info.cgroups);
    }
    return undefined;
  }
  const pid = info?.pid ?? call.tid;
  const parentTid = info?.parentTid ?? -1;
  const isThread = pid !== call.tid;
  if (isThread && state.threads.get(pid) === undefined) {
    addLeader(state, pid, parentTid, info);
  }
  const child = new Thread<Owner, Flow>(call.tid, pid);
  const source = state.threads.get(isThread ? pid : parentTid) ?? addParent(state, parentTid, info);
  if (source !== undefined) {
    inherit(state, child, state.threads.leaderOf(source), isThread);
    child.exePath = source.exePath;
  } else if (info?.cwd !== undefined && info.cwd !== notAvailable) {
    child.cwd = asDirectory(info.cwd);
  }
  if (info !== undefined) describe(child, info);
  return addChild(state, child, call);
}

/** A leader that was missed: its thread describes it. */
function addLeader<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  pid: number,
  parentTid: number,
  info: ThreadInfo | undefined,
): void {
  const leader = new Thread<Owner, Flow>(pid, pid);
  const parent = state.threads.get(parentTid);
  if (parent !== undefined) {
    inherit(state, leader, state.threads.leaderOf(parent), false);
    leader.exePath = parent.exePath;
  }
  if (info !== undefined) describe(leader, info);
  leader.vtid = leader.vpid;
  state.threads.add(leader);
}

/** A parent that was missed: it most likely ran what its child runs. */
function addParent<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  tid: number,
  info: ThreadInfo | undefined,
): Thread<Owner, Flow> | undefined {
  if (tid <= 0) return undefined;
  const parent = new Thread<Owner, Flow>(tid, tid);
  parent.argv0 = info?.argv0;
  parent.args = info?.args ?? [];
  parent.comm = info?.comm;
  state.threads.add(parent);
  return parent;
}

/** Made by the other side of the same clone, not by an older one whose exit was missed. */
function isFresh<Owner, Flow>(thread: Thread<Owner, Flow>, call: Syscall): boolean {
  return thread.createdAt !== undefined && call.ts - thread.createdAt < 2 * second;
}

/** A child has what its parent has, until it changes it. */
export function inherit<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  child: Thread<Owner, Flow>,
  leader: Thread<Owner, Flow>,
  isThread: boolean,
): void {
  child.tty = leader.tty;
  child.session = leader.session;
  child.processGroup = leader.processGroup;
  child.loginUid = leader.loginUid;
  child.capabilities = leader.capabilities;
  child.exeInode = leader.exeInode;
  child.exeUpperLayer = leader.exeUpperLayer;
  child.networkNamespace = leader.networkNamespace;
  child.uid = leader.uid;
  child.gid = leader.gid;
  child.argv0 = leader.argv0;
  child.args = leader.args;
  child.comm = leader.comm;
  child.containerId = leader.containerId;
  child.cwd = leader.cwd;
  child.env = leader.env;
  if (isThread) child.leader = leader;
  else state.inheritDescriptors(leader, child);
}

function addChild<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  child: Thread<Owner, Flow>,
  call: Syscall,
): Thread<Owner, Flow> {
  child.createdAt = call.ts;
  child.userFromEvent = true;
  state.threads.add(child);
  return child;
}

export function applyExec<Owner, Flow>(
  state: KernelState<Owner, Flow>,
  thread: Thread<Owner, Flow>,
  call: Syscall,
): void {
  if (call.ret < 0) return;
  const { info } = call;
  if (info?.pid !== undefined && info.pid > 0) thread.pid = info.pid;
  if (info !== undefined) describe(thread, info);
  // Nothing said which ids an unknown thread has inside its namespace: the plain ones are the likely ones.
  if (thread.vtid < 0) thread.vtid = thread.tid;
  if (thread.vpid < 0) thread.vpid = thread.pid;
  const trusted = info?.exePath;
  if (trusted !== undefined && trusted !== "" && trusted !== notAvailable) thread.exePath = trusted;
  else if (
    (state.quirks ? call.entered : call.paired) &&
    call.path !== undefined &&
    call.path !== notAvailable
  ) {
    const directory = state.directory(call.dirfd);
    thread.exePath = directory === "" ? call.path : joinPath(directory, call.path);
  }
  if (info?.cwd !== undefined && info.cwd !== "" && info.cwd !== notAvailable && !state.quirks) {
    thread.cwd = asDirectory(info.cwd);
  }
}
