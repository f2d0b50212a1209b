// Attributes of the process that acted, its parent, and its ancestors.

import { type Process, lineage, parentOf, processKey, processName } from "../entity.ts";
import { type Attribute, type AttributeType, type AttributeValue, listed, text } from "./row.ts";

/** Path and arguments, joined by one space. */
export function commandLine(process: Process): string | undefined {
  const exe = text(process.exe);
  if (exe === undefined) return text(process.args);
  return process.args === undefined || process.args === "" ? exe : `${exe} ${process.args}`;
}

type ProcessRow = {
  readonly key: string;
  readonly aliases?: readonly string[];
  readonly type: AttributeType;
  /** Completes "… of the process". */
  readonly what: string;
  readonly get: (process: Process) => AttributeValue | undefined;
};

const rows: readonly ProcessRow[] = [
  {
    key: "key",
    type: "string",
    what: "Identity (host, pid and creation time, the same in every file)",
    get: processKey,
  },
  { key: "pid", type: "int", what: "Process id in the host's namespace", get: (p) => p.pid },
  { key: "exe", type: "path", what: "Path of the program", get: (p) => text(p.exe) },
  {
    key: "name",
    type: "string",
    what: "Last part of the program's path",
    get: (p) => text(processName(p)),
  },
  { key: "args", type: "string", what: "Arguments, without the first", get: (p) => text(p.args) },
  { key: "cmdline", type: "string", what: "Program path and arguments", get: commandLine },
  { key: "cwd", type: "path", what: "Current directory, ending with /", get: (p) => text(p.cwd) },
  {
    key: "tty",
    type: "bool",
    what: "Whether there is a controlling terminal",
    get: (p) => (p.known ? p.tty : undefined),
  },
  {
    key: "entry",
    type: "bool",
    what: "Whether it is pid 1 of its namespace, a container's entry point",
    get: (p) => (p.known ? p.entry : undefined),
  },
  { key: "uid", type: "int", what: "User id", get: (p) => p.uid },
  { key: "user", type: "string", what: "User name", get: (p) => text(p.user) },
  { key: "gid", type: "int", what: "Group id", get: (p) => p.gid },
  { key: "group", type: "string", what: "Group name", get: (p) => text(p.group) },
  {
    key: "createdTs",
    aliases: ["created"],
    type: "time",
    what: "Creation time",
    get: (p) => p.createdNs,
  },
  { key: "comm", type: "string", what: "Kernel's short name (schema 6)", get: (p) => text(p.comm) },
  { key: "argv0", type: "string", what: "argv[0] (schema 6)", get: (p) => text(p.argv?.[0]) },
  { key: "session", type: "int", what: "Session id (schema 6)", get: (p) => p.session },
  { key: "loginuid", type: "int", what: "Login user id (schema 6)", get: (p) => p.loginUid },
  {
    key: "exe_upper_layer",
    type: "bool",
    what: "Whether the program lies in the container's writable layer (schema 6)",
    get: (p) => p.exeUpperLayer,
  },
];

function ofProcess(row: ProcessRow): Attribute {
  const get = row.get;
  return {
    name: `proc.${row.key}`,
    ...(row.aliases === undefined ? {} : { aliases: row.aliases.map((name) => `proc.${name}`) }),
    type: row.type,
    doc: `${row.what} of the process that acted.`,
    of: "proc",
    get: ({ proc }) => (proc === undefined ? undefined : get(proc)),
  };
}

function ofParent(row: ProcessRow): Attribute {
  const get = row.get;
  return {
    name: `parent.${row.key}`,
    ...(row.aliases === undefined ? {} : { aliases: row.aliases.map((name) => `parent.${name}`) }),
    type: row.type,
    doc: `${row.what} of the parent.`,
    get: ({ proc }) => {
      const parent = proc === undefined ? undefined : parentOf(proc);
      return parent === undefined ? undefined : get(parent);
    },
  };
}

/** Values of the ancestors, nearest first, where they are known. */
export function ofLineage<T>(
  process: Process | undefined,
  get: (process: Process) => T | undefined,
): readonly T[] | undefined {
  if (process === undefined) return undefined;
  return listed(
    lineage(process)
      .map(get)
      .filter((value) => value !== undefined),
  );
}

export const processAttributes: readonly Attribute[] = [
  ...rows.map(ofProcess),
  {
    name: "proc.tid",
    type: "int",
    doc: "Thread that acted; absent where the record joins several.",
    get: ({ record }) => (record.type === "KE" || record.type === "PF" ? undefined : record.tid),
  },
  {
    name: "proc.known",
    type: "bool",
    doc: "Whether a source described the process; if not, only its id is known.",
    of: "proc",
    get: ({ proc }) => proc?.known,
  },
  {
    name: "proc.apid",
    type: "ints",
    doc: "Process ids of the ancestors, nearest first; the process itself is not among them.",
    get: ({ proc }) => ofLineage(proc, (process) => process.pid),
  },
  {
    name: "proc.aname",
    type: "strings",
    doc: "Names of the ancestors, nearest first; the process itself is not among them.",
    get: ({ proc }) => ofLineage(proc, (process) => text(processName(process))),
  },
  {
    name: "proc.aexe",
    type: "paths",
    doc: "Program paths of the ancestors, nearest first.",
    get: ({ proc }) => ofLineage(proc, (process) => text(process.exe)),
  },
  {
    name: "proc.acmdline",
    type: "strings",
    doc: "Command lines of the ancestors, nearest first.",
    get: ({ proc }) => ofLineage(proc, commandLine),
  },
  ...rows.map(ofParent),
];
