// Attributes that the records before tell: who wrote the file or the program, from which service the process descends, and where
// the process connected to. They are absent where the recording does not show it.

import { printIp } from "../../base/ip.ts";
import type { Activity } from "../activity.ts";
import { type Process, lineage, processName } from "../entity.ts";
import type { DroppedProgram, Facts, Writing } from "../facts.ts";
import { type Attribute, type AttributeType, type AttributeValue, text } from "./row.ts";

type Relation = "self" | "ancestor" | "container" | "other";

/** The same process, also where two files of a recording describe it. */
function same(a: Process, b: Process): boolean {
  if (a.identity === b.identity) return true;
  if (a.pid !== b.pid || a.host.id !== b.host.id) return false;
  return a.createdNs === undefined || b.createdNs === undefined || a.createdNs === b.createdNs;
}

/** How the writer is related to the process. */
function relationOf(process: Process, writer: Process): Relation {
  if (same(process, writer)) return "self";
  if (lineage(process).some((ancestor) => same(ancestor, writer))) return "ancestor";
  const container = process.container;
  return container !== undefined && container.id === writer.container?.id ? "container" : "other";
}

function writingOfFile({ file, container }: Activity, facts: Facts): Writing | undefined {
  if (file === undefined || file.path === "") return undefined;
  return facts.provenance?.writingOf(file.path, file.container ?? container);
}

function programOf({ proc }: Activity, facts: Facts): Writing | undefined {
  return proc === undefined ? undefined : facts.provenance?.programOf(proc);
}

function droppedOf({ proc }: Activity, facts: Facts): DroppedProgram | undefined {
  return proc === undefined ? undefined : facts.provenance?.droppedOf(proc);
}

function serviceOf({ proc }: Activity, facts: Facts): Process | undefined {
  return proc === undefined ? undefined : facts.provenance?.serviceOf(proc);
}

type Source = {
  readonly prefix: string;
  /** Completes the docs. */
  readonly what: string;
  readonly get: (activity: Activity, facts: Facts) => Writing | undefined;
};

const sources: readonly Source[] = [
  { prefix: "file", what: "the file", get: writingOfFile },
  { prefix: "program", what: "the program (or script) that the process runs", get: programOf },
  {
    prefix: "dropped",
    what: "the program that the nearest of the process and its ancestors runs which was written during the recording",
    get: (activity, facts) => droppedOf(activity, facts)?.writing,
  },
];

type WriterRow = {
  readonly key: string;
  readonly type: AttributeType;
  readonly doc: (what: string) => string;
  readonly values?: readonly string[];
  readonly get: (writing: Writing, activity: Activity, facts: Facts) => AttributeValue | undefined;
};

const writerRows: readonly WriterRow[] = [
  {
    key: "writer.exe",
    type: "path",
    doc: (what) => `Program of the process that last wrote ${what} during the recording.`,
    get: ({ writer }) => text(writer.exe),
  },
  {
    key: "writer.name",
    type: "string",
    doc: (what) => `Name of the process that last wrote ${what} during the recording.`,
    get: ({ writer }) => text(processName(writer)),
  },
  {
    key: "writer.pid",
    type: "int",
    doc: (what) => `Id of the process that last wrote ${what} during the recording.`,
    get: ({ writer }) => writer.pid,
  },
  {
    key: "writer.service",
    type: "string",
    doc: (what) =>
      `Name of the network service that wrote ${what}, or whose descendant did; absent if no service did.`,
    get: ({ writer }, _, facts) => {
      const service = facts.provenance?.serviceOf(writer);
      return service === undefined ? undefined : text(processName(service));
    },
  },
  {
    key: "writer.relation",
    type: "string",
    doc: (what) =>
      `What the writer of ${what} is to the process that acts: self, ancestor, container (the same one), other.`,
    values: ["self", "ancestor", "container", "other"],
    get: ({ writer }, { proc }) => (proc === undefined ? undefined : relationOf(proc, writer)),
  },
  {
    key: "writer.age",
    type: "duration",
    doc: (what) => `Time since ${what} was last written.`,
    get: ({ at }, activity) => Math.max(0, activity.at - at),
  },
  {
    key: "writer.made_executable",
    type: "bool",
    doc: (what) => `Whether ${what} was given an execute bit after it was written.`,
    get: ({ madeExecutable }) => madeExecutable,
  },
];

function ofWriting(source: Source): Attribute[] {
  return writerRows.map((row) => ({
    name: `${source.prefix}.${row.key}`,
    type: row.type,
    doc: row.doc(source.what),
    ...(source.prefix === "file" ? { on: ["FF", "FE"] as const } : {}),
    ...(row.values === undefined ? {} : { values: row.values }),
    get: (activity, facts) => {
      const writing = source.get(activity, facts);
      return writing === undefined ? undefined : row.get(writing, activity, facts);
    },
  }));
}

export const provenanceAttributes: readonly Attribute[] = [
  ...sources.flatMap(ofWriting),
  {
    name: "program.path",
    type: "path",
    doc: "Path of the program or script that the process runs, if it was written during the recording.",
    get: (activity, facts) => programOf(activity, facts)?.path,
  },
  {
    name: "dropped.path",
    type: "path",
    doc: "Path of the program written during the recording that the process runs or descends from.",
    get: (activity, facts) => droppedOf(activity, facts)?.writing.path,
  },
  {
    name: "dropped.pid",
    type: "int",
    doc: "Id of the process that runs the program written during the recording.",
    get: (activity, facts) => droppedOf(activity, facts)?.process.pid,
  },
  {
    name: "service.name",
    type: "string",
    doc: "Name of the nearest of the process and its ancestors that is a network service: it accepted a connection during the recording, or it runs a well-known server program.",
    get: (activity, facts) => {
      const service = serviceOf(activity, facts);
      return service === undefined ? undefined : text(processName(service));
    },
  },
  {
    name: "service.exe",
    type: "path",
    doc: "Program of that service.",
    get: (activity, facts) => text(serviceOf(activity, facts)?.exe),
  },
  {
    name: "service.pid",
    type: "int",
    doc: "Id of that service.",
    get: (activity, facts) => serviceOf(activity, facts)?.pid,
  },
  {
    name: "service.self",
    type: "bool",
    doc: "Whether the process is that service itself (not a descendant).",
    get: (activity, facts) => {
      const service = serviceOf(activity, facts);
      const { proc } = activity;
      return service === undefined || proc === undefined ? undefined : same(service, proc);
    },
  },
  {
    name: "connected.ip",
    type: "ip",
    doc: "Server of the last connection that the process made, whatever program it ran then.",
    get: ({ proc }, facts) =>
      proc === undefined ? undefined : facts.provenance?.connectionOf(proc)?.net.dip,
  },
  {
    name: "connected.port",
    type: "int",
    doc: "Port of that server.",
    get: ({ proc }, facts) =>
      proc === undefined ? undefined : facts.provenance?.connectionOf(proc)?.net.dport,
  },
  {
    name: "connected.peer",
    type: "string",
    doc: "That server as address:port.",
    get: ({ proc }, facts) => {
      const net = proc === undefined ? undefined : facts.provenance?.connectionOf(proc)?.net;
      return net === undefined ? undefined : `${printIp(net.dip)}:${net.dport}`;
    },
  },
];
