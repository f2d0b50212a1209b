// One pair of a capture and the original's SysFlow file: the capture is converted in compat mode, and the records of both sides are
// compared as multisets of contents. Ids are compared as what they stand for. Not compared: user and group names (the original
// takes them from the machine), the header's file name.

import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { printIp } from "../../src/base/ip.ts";
import { FlowEngine } from "../../src/flow/engine.ts";
import type { Container, File, Process } from "../../src/model/entity.ts";
import { opNames } from "../../src/model/opflag.ts";
import type { Record, Tuple } from "../../src/model/record.ts";
import { type TimeBase, toAbsolute } from "../../src/model/time.ts";
import { SysFlowReader } from "../../src/wire/avro/reader.ts";
import { ScapReader } from "../../src/wire/scap/reader.ts";

/** Shares of equal records that may not be undercut, by the pair's name; any other pair has the default. */
const floors: Readonly<{ [pair: string]: number }> = {
  "alpine-alpine": 1,
  "client-server-tcp-client-server": 1,
  "files-files": 1,
  "files-filesat": 1,
  "mpm-event-cold_start_capture": 1,
  "mpm-event-full_capture": 0.997,
  "mpm-preforked-cold_start_capture": 1,
  "objectstore-ls": 1,
  "objectstore-upload": 1,
  "rename-rename": 1,
  "setuid-setuid": 1,
};
const defaultFloor = 0.95;

export function floorOf(pair: string): number {
  return floors[pair] ?? defaultFloor;
}

export type Conversion = {
  readonly records: readonly Record[];
  readonly base: TimeBase;
  readonly engine: FlowEngine;
  readonly relevant: number;
};

export type ConvertOptions = {
  readonly mode: "compat" | "native";
  readonly exporter?: string;
  /** Bytes handed to the reader at a time. */
  readonly chunk?: number;
};

export function convertCapture(path: string, options: ConvertOptions): Conversion {
  const bytes = readFileSync(path);
  const reader = new ScapReader();
  const records: Record[] = [];
  const chunk = options.chunk ?? 1 << 20;
  let engine: FlowEngine | undefined;
  const drain = (): void => {
    for (let input = reader.next(); input !== undefined; input = reader.next()) {
      engine ??= new FlowEngine({
        mode: options.mode,
        exporter: options.exporter,
        filename: path,
        base: reader.base ?? 0n,
      });
      engine.apply(input);
    }
    if (engine !== undefined) for (const record of engine.take()) records.push(record);
  };
  for (let at = 0; at < bytes.length; at += chunk) {
    reader.push(bytes.subarray(at, at + chunk));
    drain();
  }
  reader.end();
  drain();
  const base = reader.base ?? 0n;
  engine ??= new FlowEngine({ mode: options.mode, base });
  engine.end(reader.now);
  for (const record of engine.take()) records.push(record);
  return { records, base, engine, relevant: reader.counters.relevant };
}

export function readSysFlow(path: string, base: TimeBase): readonly Record[] {
  const reader = new SysFlowReader({ base, inflate: (bytes) => inflateRawSync(bytes) });
  reader.push(readFileSync(path));
  reader.end();
  const records: Record[] = [];
  for (let some = reader.read(); some.length > 0; some = reader.read()) {
    for (const record of some) records.push(record);
  }
  return records;
}

export type Comparison = {
  /** Records of the golden file. */
  readonly golden: number;
  readonly equal: number;
  /** Contents that only one side has, for people. */
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  /** Equal records as a share of the larger side. */
  readonly share: number;
};

export function compareRecords(
  ours: readonly Record[],
  golden: readonly Record[],
  base: TimeBase,
): Comparison {
  const left = new Map<string, number>();
  // Drafts of the schema cannot say all that the final one says: then it is not compared.
  const header = golden.find((record) => record.type === "H");
  const draft = header?.type === "H" && header.version !== 5;
  const textOf = (record: Record): string => contentOf(draft ? asDraft(record) : record, base);
  for (const record of golden) {
    const text = textOf(record);
    left.set(text, (left.get(text) ?? 0) + 1);
  }
  let equal = 0;
  const extra: string[] = [];
  for (const record of ours) {
    const text = textOf(record);
    const count = left.get(text) ?? 0;
    if (count === 0) extra.push(text);
    else {
      equal += 1;
      left.set(text, count - 1);
    }
  }
  const missing: string[] = [];
  for (const [text, count] of left) for (let i = 0; i < count; i++) missing.push(text);
  const share = equal / Math.max(golden.length, ours.length, 1);
  return { golden: golden.length, equal, missing, extra, share };
}

/** Drafts have no working directory, environment or header fields of version 5, and a protocol only where the type has no flags. */
function asDraft(record: Record): Record {
  switch (record.type) {
    case "H":
      return { ...record, version: 0, host: { id: record.host.id } };
    case "P":
      return { ...record, process: { ...record.process, cwd: undefined, env: [], entry: false } };
    case "NF":
      return { ...record, net: { ...record.net, proto: undefined } };
    default:
      return record;
  }
}

/** Everything that is compared of a record, as one line. */
export function contentOf(record: Record, base: TimeBase): string {
  const at = (time: number): string => String(toAbsolute(base, time));
  switch (record.type) {
    case "H":
      return `H ${record.version} ${record.host.id} ip=${record.host.ip ?? ""}`;
    case "C":
      return `C ${containerContent(record.container)}`;
    case "P":
      return `P ${processContent(record.process, at)}`;
    case "F":
      return `F ${record.file.state} ${at(record.file.ts)} ${fileContent(record.file)}`;
    case "PE":
      return `PE ${oid(record.proc)} ${at(record.ts)} ${record.tid} ${opNames(record.ops).join("|")} [${record.args.join(",")}] ${record.ret}`;
    case "FE": {
      const newFile = record.newFile === undefined ? "-" : fileContent(record.newFile);
      return `FE ${oid(record.proc)} ${at(record.ts)} ${record.tid} ${opNames(record.ops).join("|")} ${fileContent(record.file)} → ${newFile} ${record.ret}`;
    }
    case "FF":
      return `FF ${oid(record.proc)} ${at(record.ts)} ${at(record.endTs)} ${record.tid} ${opNames(record.ops).join("|")} ${fileContent(record.file)} fd ${record.fd} flags ${record.openFlags} ${record.rops} ${record.wops} ${record.rbytes} ${record.wbytes}`;
    case "NF":
      return `NF ${oid(record.proc)} ${at(record.ts)} ${at(record.endTs)} ${record.tid} ${opNames(record.ops).join("|")} ${tupleContent(record.net)} fd ${record.fd} ${record.rops} ${record.wops} ${record.rbytes} ${record.wbytes}`;
    default:
      return `${record.type}`;
  }
}

function oid(process: Process): string {
  return `${process.pid}@${process.createdNs ?? 0n}`;
}

function tupleContent(net: Tuple): string {
  return `${printIp(net.sip)}:${net.sport}>${printIp(net.dip)}:${net.dport}/${net.proto}`;
}

/** Type letters and containers are part of what a file id stands for. */
function fileContent(file: File): string {
  return `${file.type} ${file.container?.id ?? "-"} ${JSON.stringify(file.path)}`;
}

function containerContent(container: Container): string {
  const { id, name, image, imageId, type, privileged } = container;
  return JSON.stringify([id, name, image, imageId ?? "", type, privileged ?? false]);
}

function processContent(process: Process, at: (time: number) => string): string {
  const { state, ts, exe, args, uid, gid, tty, entry, container, cwd, env, parent } = process;
  const poid = parent === undefined ? "-" : oid(parent);
  return `${state} ${oid(process)} < ${poid} ${at(ts)} ${JSON.stringify([exe, args, uid, gid, tty, entry, container?.id, cwd, env])}`;
}
