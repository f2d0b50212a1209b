// What fd-juggle says that it did (programs/truth.h), beside what the probe says, or strace. Every difference is a line of text.

import { readFileSync } from "node:fs";
import { flowKinds } from "../../src/model/probe.ts";
import type { Fold, FlowTotals } from "./fold.ts";
import { callNumbers } from "./raw.ts";

export type Sums = { rops: number; wops: number; rbytes: number; wbytes: number };

type TruthObject = {
  readonly kind: "file" | "memory" | "pipe" | "unix" | "tcp" | "udp" | "peer" | "event";
  readonly device: number;
  readonly inode: number;
  readonly local: number;
  readonly remote: number;
  readonly names: Set<string>;
};

export type TruthCount = Sums & {
  readonly pid: number;
  readonly of: number;
  readonly rfails: number;
  readonly wfails: number;
  readonly opens: number;
};

type TruthProcess = {
  readonly process: number;
  readonly forks: number;
  readonly execs: number;
  readonly threads: number;
  readonly missing: number;
  readonly denied: number;
  readonly renames: number;
  readonly unlinks: number;
  readonly links: number;
};

export type Truth = {
  readonly folder: string;
  readonly objects: readonly TruthObject[];
  readonly counts: readonly TruthCount[];
  readonly processes: readonly TruthProcess[];
  /** tid → pid. */
  readonly threads: ReadonlyMap<number, number>;
};

export function readTruth(log: string): Truth {
  const objects: TruthObject[] = [];
  const counts: TruthCount[] = [];
  const processes: TruthProcess[] = [];
  const threads = new Map<number, number>();
  for (const line of readFileSync(log, "utf8").split("\n")) {
    if (line === "") continue;
    const row: { [field: string]: number | string } = JSON.parse(line);
    if ("object" in row) {
      objects.push({ ...(row as unknown as TruthObject), names: new Set() });
    } else if ("name" in row) objects[Number(row["of"])]?.names.add(String(row["name"]));
    else if ("pid" in row) counts.push(row as unknown as TruthCount);
    else if ("process" in row) processes.push(row as unknown as TruthProcess);
    else threads.set(Number(row["thread"]), Number(row["in"]));
  }
  return { folder: `${log}.d`, objects, counts, processes, threads };
}

/** The kernel's own device number of what stat tells (include/linux/kdev_t.h). */
function kernelDevice(device: number): number {
  const low = device % 0x1_0000_0000;
  const minor = (low & 0xff) | ((low >>> 12) & 0xfff00);
  return ((low >>> 8) & 0xfff) * 0x100000 + minor;
}

const kindOf = {
  file: flowKinds.file,
  memory: flowKinds.file,
  pipe: flowKinds.pipe,
  unix: flowKinds.unix,
  tcp: flowKinds.inet,
  udp: flowKinds.inet,
  peer: flowKinds.inet,
  event: flowKinds.other,
} as const;

/** One key for an object, whoever speaks of it. */
function objectKey(pid: number, object: TruthObject): string {
  const { kind, inode, local, remote } = object;
  const device = kind === "file" || kind === "memory" ? kernelDevice(object.device) : "";
  const ports = kind === "tcp" || kind === "peer" ? portsKey(local, remote) : "";
  return `${pid} ${kindOf[kind]} ${device} ${inode} ${ports}`;
}

function portsKey(a: number, b: number): string {
  return a < b ? `${a}:${b}` : `${b}:${a}`;
}

function flowKey(flow: FlowTotals): string {
  const device = flow.kind === flowKinds.file ? flow.device : "";
  const ports = flow.kind === flowKinds.inet ? portsKey(flow.sport, flow.dport) : "";
  return `${flow.pid} ${flow.kind} ${device} ${flow.inode} ${ports}`;
}

type Entry = Sums & { opens: number };

function add(table: Map<string, Entry>, key: string, sums: Entry): void {
  const entry = table.get(key);
  if (entry === undefined) {
    const { rops, wops, rbytes, wbytes, opens } = sums;
    table.set(key, { rops, wops, rbytes, wbytes, opens });
    return;
  }
  entry.rops += sums.rops;
  entry.wops += sums.wops;
  entry.rbytes += sums.rbytes;
  entry.wbytes += sums.wbytes;
  entry.opens += sums.opens;
}

/** Calls that failed on a descriptor that is open are operations too, without bytes. */
export function withFailures(count: TruthCount): TruthCount {
  return { ...count, rops: count.rops + count.rfails, wops: count.wops + count.wfails };
}

export function print(sums: Sums | undefined): string {
  if (sums === undefined) return "nothing";
  return `read ${sums.rops}×/${sums.rbytes} B, written ${sums.wops}×/${sums.wbytes} B`;
}

function isEmpty(entry: Entry): boolean {
  return entry.rops + entry.wops + entry.opens === 0;
}

function compareCounts(truth: Truth, fold: Fold, wrong: string[]): void {
  const expected = new Map<string, Entry>();
  const described = new Map<string, TruthObject>();
  for (const count of truth.counts) {
    const object = truth.objects[count.of];
    // Event counters are no flows.
    if (object === undefined || object.kind === "event") continue;
    const key = objectKey(count.pid, object);
    described.set(key, object);
    add(expected, key, withFailures(count));
  }
  const pids = new Set(truth.processes.map((row) => row.process));
  const found = new Map<string, Entry>();
  for (const flow of fold.flows.values()) {
    if (!pids.has(flow.pid)) continue;
    const path = fold.paths.get(flow.path) ?? "";
    const key = flowKey(flow);
    const object = described.get(key);
    if (object === undefined) {
      const isOurs = path.startsWith(truth.folder) && !/\.d(\/denied)?$/.test(path);
      if (!isOurs && flow.kind === flowKinds.file) continue;
      // Sockets that listen, files that are mapped or cut, and the like.
      if (flow.rops + flow.wops + flow.opens === 0) continue;
      wrong.push(`${key} (fd ${flow.fd}, ${path}): ${print(flow)}; the program knows none`);
      continue;
    }
    if (object.kind === "file") {
      const name = path.slice(path.lastIndexOf("/") + 1);
      const folder = path.slice(0, path.lastIndexOf("/"));
      if (folder !== truth.folder || !(object.names.has(name) || object.names.size === 0)) {
        wrong.push(`${key}: is called ${path}, not one of ${[...object.names].join(", ")}`);
      }
    }
    add(found, key, flow);
  }
  for (const [key, entry] of expected) {
    const other = found.get(key);
    if (other === undefined && isEmpty(entry)) continue;
    const same =
      other !== undefined &&
      (["rops", "wops", "rbytes", "wbytes", "opens"] as const).every(
        (field) => other[field] === entry[field],
      );
    if (same) continue;
    const kind = described.get(key)?.kind;
    const opens = `opens ${other?.opens} for ${entry.opens}`;
    wrong.push(`${kind} ${key}: probe ${print(other)}; truth ${print(entry)}; ${opens}`);
  }
}

function callsOf(
  fold: Fold,
  pid: number,
  number: number,
  wanted: (ret: number) => boolean,
): number {
  let sum = 0;
  for (const [ret, times] of fold.processes.get(pid)?.calls.get(number) ?? []) {
    if (wanted(ret)) sum += times;
  }
  return sum;
}

function compareDeeds(truth: Truth, fold: Fold, wrong: string[]): void {
  const { rename, unlink, link, open, openat } = callNumbers;
  for (const row of truth.processes) {
    const pid = row.process;
    const sums = fold.processes.get(pid);
    const done = (ret: number): boolean => ret >= 0;
    const refused = (ret: number): boolean => ret === -13;
    const pairs: [string, number, number][] = [
      ["forks", sums?.forks ?? 0, row.forks],
      ["execs", sums?.execs ?? 0, row.execs],
      ["exits", sums?.exits ?? 0, 1],
      ["threads", sums?.threadsCloned ?? 0, row.threads],
      ["opens of what is missing", sums?.failedOpens ?? 0, row.missing],
      [
        "opens denied",
        callsOf(fold, pid, open, refused) + callsOf(fold, pid, openat, refused),
        row.denied,
      ],
      ["renames", callsOf(fold, pid, rename, done), row.renames],
      ["unlinks", callsOf(fold, pid, unlink, done), row.unlinks],
      ["links", callsOf(fold, pid, link, done), row.links],
    ];
    for (const [what, probe, own] of pairs) {
      if (probe !== own) wrong.push(`process ${pid}: ${what}: probe ${probe}, truth ${own}`);
    }
  }
}

/** Differences between the truth and the probe's stream. */
export function compareWithProbe(truth: Truth, fold: Fold): string[] {
  const wrong: string[] = [];
  compareCounts(truth, fold, wrong);
  compareDeeds(truth, fold, wrong);
  return wrong;
}
