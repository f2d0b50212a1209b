// The original's attribute names (`sf.*`, analysis spec §1.4), for filters written for it. Most are rows of ours under another
// name; where the original means something else (ancestry with the process itself, protocol numbers), the row has its own extractor.

import { processName } from "../entity.ts";
import { type Attribute, baseName, listed, text } from "./row.ts";
import { commandLine, ofLineage } from "./process.ts";

/** The original's name → ours, where both mean the same. */
export const sysflowNames: { readonly [name: string]: string } = {
  "sf.type": "type",
  "sf.opflags": "op",
  "sf.ret": "ret",
  "sf.ts": "ts",
  "sf.endts": "endTs",
  "sf.proc.pid": "proc.pid",
  "sf.proc.tid": "proc.tid",
  "sf.proc.createts": "proc.createdTs",
  "sf.proc.name": "proc.name",
  "sf.proc.exe": "proc.exe",
  "sf.proc.args": "proc.args",
  "sf.proc.cmdline": "proc.cmdline",
  "sf.proc.uid": "proc.uid",
  "sf.proc.gid": "proc.gid",
  "sf.proc.user": "proc.user",
  "sf.proc.group": "proc.group",
  "sf.proc.tty": "proc.tty",
  "sf.proc.entry": "proc.entry",
  "sf.proc.cwd": "proc.cwd",
  "sf.pproc.pid": "parent.pid",
  "sf.pproc.createts": "parent.createdTs",
  "sf.pproc.name": "parent.name",
  "sf.pproc.exe": "parent.exe",
  "sf.pproc.args": "parent.args",
  "sf.pproc.cmdline": "parent.cmdline",
  "sf.pproc.uid": "parent.uid",
  "sf.pproc.gid": "parent.gid",
  "sf.pproc.user": "parent.user",
  "sf.pproc.group": "parent.group",
  "sf.pproc.tty": "parent.tty",
  "sf.pproc.entry": "parent.entry",
  "sf.file.path": "file.path",
  "sf.file.name": "file.name",
  "sf.file.directory": "file.directory",
  "sf.file.type": "file.type",
  "sf.file.fd": "file.fd",
  "sf.file.openflags": "file.openflags",
  "sf.file.is_open_read": "file.is_open_read",
  "sf.file.is_open_write": "file.is_open_write",
  "sf.file.newpath": "file.newpath",
  "sf.file.newname": "file.newname",
  "sf.file.newdirectory": "file.newdirectory",
  "sf.net.sport": "net.sport",
  "sf.net.dport": "net.dport",
  "sf.net.port": "net.port",
  "sf.net.sip": "net.sip",
  "sf.net.dip": "net.dip",
  "sf.net.ip": "net.ip",
  "sf.flow.rbytes": "flow.rbytes",
  "sf.flow.rops": "flow.rops",
  "sf.flow.wbytes": "flow.wbytes",
  "sf.flow.wops": "flow.wops",
  "sf.container.id": "container.id",
  "sf.container.name": "container.name",
  "sf.container.imageid": "container.imageid",
  "sf.container.image": "container.image",
  "sf.pod.ts": "pod.ts",
  "sf.pod.id": "pod.id",
  "sf.pod.name": "pod.name",
  "sf.pod.nodename": "pod.node",
  "sf.pod.namespace": "pod.namespace",
  "sf.pod.restartcnt": "pod.restarts",
  "sf.ke.action": "kubernetes.action",
  "sf.ke.kind": "kubernetes.kind",
  "sf.ke.message": "kubernetes.message",
  "sf.node.id": "host",
  "sf.node.ip": "host.ip",
};

/** The original's names that a record alone cannot answer, and why. */
export const sysflowRefused: { readonly [name: string]: string } = {
  "sf.proc.oid": "a hash of the original's own; proc.key identifies a process",
  "sf.pproc.oid": "a hash of the original's own; parent.key identifies a process",
  "sf.file.symlink": "records keep the path without the prefix; use file.path",
  "sf.file.newsymlink": "records keep the path without the prefix; use file.newpath",
  "sf.meta.schema": "the schema belongs to the input, not to the record; see sysflow stats",
  "sf.meta.tracename": "the name belongs to the input, not to the record",
};

function hex(foid: string | undefined): string | undefined {
  if (foid === undefined || foid === "") return undefined;
  let digits = "";
  for (let i = 0; i < foid.length; i++) {
    digits += (foid.charCodeAt(i) & 255).toString(16).padStart(2, "0");
  }
  return digits;
}

/** 64-bit words as stored: one little-endian word holds an IPv4 address in its low half. */
function podAddress(words: readonly bigint[] | undefined): string | undefined {
  const word = words?.[0];
  if (word === undefined || words?.length !== 1) return undefined;
  const low = Number(BigInt.asUintN(32, word));
  return `${low & 255}.${(low >>> 8) & 255}.${(low >>> 16) & 255}.${low >>> 24}`;
}

export const sysflowAttributes: readonly Attribute[] = [
  {
    name: "sf.proc.apid",
    type: "ints",
    doc: "Process ids: the process itself, then its ancestors.",
    get: ({ proc }) =>
      proc === undefined ? undefined : [proc.pid, ...(ofLineage(proc, (p) => p.pid) ?? [])],
  },
  {
    name: "sf.proc.aname",
    type: "strings",
    doc: "Names: the process itself, then its ancestors.",
    get: ({ proc }) => {
      const own = proc === undefined ? undefined : text(processName(proc));
      const others = ofLineage(proc, (p) => text(processName(p))) ?? [];
      return listed(own === undefined ? others : [own, ...others]);
    },
  },
  {
    name: "sf.proc.aexe",
    type: "paths",
    doc: "Program paths: the process itself, then its ancestors.",
    get: ({ proc }) => {
      const own = text(proc?.exe);
      const others = ofLineage(proc, (p) => text(p.exe)) ?? [];
      return listed(own === undefined ? others : [own, ...others]);
    },
  },
  {
    name: "sf.proc.acmdline",
    type: "strings",
    doc: "Command lines: the process itself, then its ancestors.",
    get: ({ proc }) => {
      const own = proc === undefined ? undefined : commandLine(proc);
      const others = ofLineage(proc, commandLine) ?? [];
      return listed(own === undefined ? others : [own, ...others]);
    },
  },
  {
    name: "sf.net.proto",
    type: "int",
    doc: "IANA number of the protocol.",
    on: ["NF", "NE"],
    get: ({ net }) => net?.proto,
  },
  {
    name: "sf.container.type",
    type: "string",
    doc: "Container engine in capitals, without CT_; absent on the host (the original says DOCKER there).",
    get: ({ container }) => container?.type?.toUpperCase(),
  },
  {
    name: "sf.container.privileged",
    type: "int",
    doc: "1 if the container runs privileged, else 0.",
    get: ({ container }) =>
      container?.privileged === undefined ? undefined : Number(container.privileged),
  },
  {
    name: "sf.file.oid",
    type: "string",
    doc: "The file's object id as 40 hexadecimal digits, where the record came with one.",
    on: ["FF", "FE"],
    get: ({ file }) => hex(file?.foid),
  },
  {
    name: "sf.file.newoid",
    type: "string",
    doc: "The second file's object id.",
    on: ["FE"],
    get: ({ newFile }) => hex(newFile?.foid),
  },
  {
    name: "sf.pod.hostip",
    type: "string",
    doc: "IPv4 address of the pod's host.",
    get: ({ container }) => podAddress(container?.pod?.hostIp),
  },
  {
    name: "sf.pod.internalip",
    type: "string",
    doc: "IPv4 address of the pod.",
    get: ({ container }) => podAddress(container?.pod?.internalIp),
  },
  {
    name: "sf.pod.services",
    type: "strings",
    doc: "Names of the services in front of the pod.",
    get: ({ container }) =>
      listed(
        (container?.pod?.services ?? []).map((service) => baseName(service.name) ?? service.name),
      ),
  },
];
