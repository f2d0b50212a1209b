// Events about processes: creation, programs, ends, identities. The eleven ages of clone and execve differ in their parameters only.

import type { EventRow } from "../layout.ts";

const start = "ret exe args tid pid ptid cwd .";
const memory = ". . . . .";
const clone11 = `${start} flags uid gid`;
const clone16 = `${start} ${memory} flags uid gid`;
const clone17 = `${start} ${memory} comm flags uid gid`;
const clone20 = `${start} ${memory} comm cgroups flags uid gid vtid vpid .`;
const exec19 =
  `${start} ${memory} comm cgroups env tty pgid loginuid exeflags . . capabilities ` +
  "inode . . uid exepath . gid filename";

/** Names of the parameters that describe a thread, for rows with `thread`. */
export const threadParameters = [
  "ret",
  "exe",
  "args",
  "tid",
  "pid",
  "ptid",
  "cwd",
  "comm",
  "cgroups",
  "env",
  "tty",
  "pgid",
  "loginuid",
  "exeflags",
  "capabilities",
  "inode",
  "exepath",
  "flags",
  "uid",
  "gid",
  "vtid",
  "vpid",
  "filename",
] as const;
export type ThreadParameter = (typeof threadParameters)[number];

export const processEvents = [
  { id: 15, call: "clone", exit: clone11, thread: true },
  { id: 157, call: "clone", exit: clone16, thread: true },
  { id: 183, call: "fork", exit: clone16, thread: true },
  { id: 185, call: "vfork", exit: clone16, thread: true },
  { id: 217, call: "clone", exit: clone17, thread: true },
  { id: 219, call: "fork", exit: clone17, thread: true },
  { id: 221, call: "vfork", exit: clone17, thread: true },
  { id: 223, call: "clone", exit: clone20, thread: true },
  { id: 225, call: "fork", exit: clone20, thread: true },
  { id: 227, call: "vfork", exit: clone20, thread: true },
  { id: 335, call: "clone3", exit: clone20, thread: true },
  { id: 13, call: "execve", exit: start, thread: true },
  { id: 155, call: "execve", exit: `${start} ${memory}`, thread: true },
  { id: 173, call: "execve", exit: `${start} ${memory} env`, thread: true },
  { id: 215, call: "execve", exit: `${start} ${memory} comm env`, thread: true },
  { id: 231, call: "execve", exit: `${start} ${memory} comm cgroups env`, thread: true },
  { id: 283, call: "execve", exit: `${start} ${memory} comm cgroups env tty`, thread: true },
  {
    id: 289,
    call: "execve",
    entry: "path",
    exit: `${start} ${memory} comm cgroups env tty`,
    thread: true,
  },
  { id: 293, call: "execve", entry: "path", exit: exec19, thread: true },
  { id: 331, call: "execveat", entry: "dirfd path flags", exit: exec19, thread: true },
  { id: 16, call: "exit", exit: "", at: "entry" },
  { id: 186, call: "exit", exit: "mode64 . . . .", at: "entry" },
  { id: 193, call: "setresuid", entry: ". uid .", exit: "ret | . uid ." },
  { id: 199, call: "setuid", entry: "uid", exit: "ret | uid" },
  { id: 427, call: "setreuid", entry: "", exit: "ret . uid" },
  { id: 195, call: "setresgid", entry: ". gid .", exit: "ret | . gid ." },
  { id: 201, call: "setgid", entry: "gid", exit: "ret | gid" },
  { id: 429, call: "setregid", entry: "", exit: "ret . gid" },
  { id: 353, call: "capset", entry: "", exit: "ret . . capabilities" },
  { id: 241, call: "setns", entry: "fd flags", exit: "ret | fd flags" },
  { id: 285, call: "unshare", entry: "flags", exit: "ret | flags" },
  { id: 275, call: "setsid", entry: "", exit: "ret" },
  { id: 295, call: "setpgid", entry: "target mode64", exit: "ret | target mode64" },
] as const satisfies readonly EventRow[];
