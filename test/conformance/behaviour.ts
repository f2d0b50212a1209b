// What a recording says was done: (process, operation, object) and the volumes per process and object, whatever the records that
// say it. For comparing two recordings of the same calls that cut flows differently.

import { printIp } from "../../src/base/ip.ts";
import type { File, Process } from "../../src/model/entity.ts";
import { Op, opNames } from "../../src/model/opflag.ts";
import type { Record, Tuple, Volume } from "../../src/model/record.ts";

export type Behaviour = {
  /** `process OPERATION object`. */
  readonly acts: ReadonlySet<string>;
  /** By `process object`: read and write calls, bytes read and written. */
  readonly volumes: ReadonlyMap<string, readonly [number, number, number, number]>;
};

export function behaviourOf(records: readonly Record[]): Behaviour {
  const acts = new Set<string>();
  const volumes = new Map<string, [number, number, number, number]>();
  const act = (proc: Process, ops: number, object: string): void => {
    // TRUNCATE says how a flow was cut, not what was done.
    for (const name of opNames(ops))
      if (name !== "TRUNCATE") acts.add(`${oid(proc)} ${name} ${object}`);
  };
  const volume = (proc: Process, object: string, flow: Volume): void => {
    const key = `${oid(proc)} ${object}`;
    const sum = volumes.get(key) ?? [0, 0, 0, 0];
    const { rops, wops, rbytes, wbytes } = flow;
    volumes.set(key, [sum[0] + rops, sum[1] + wops, sum[2] + rbytes, sum[3] + wbytes]);
  };
  for (const record of records) {
    switch (record.type) {
      case "PE":
        act(record.proc, record.ops, "");
        // One record for both sides of a fork.
        if (record.ops === Op.CLONE && record.target !== undefined)
          act(record.target, Op.CLONE, "");
        break;
      case "PF":
        act(record.proc, record.ops, "");
        break;
      case "FE":
        act(record.proc, record.ops, fileOf(record.file));
        if (record.newFile !== undefined) act(record.proc, record.ops, fileOf(record.newFile));
        break;
      case "NE":
        act(record.proc, record.ops, tupleOf(record.net));
        break;
      case "FF":
        act(record.proc, record.ops, fileOf(record.file));
        volume(record.proc, fileOf(record.file), record);
        break;
      case "NF":
        act(record.proc, record.ops, tupleOf(record.net));
        volume(record.proc, tupleOf(record.net), record);
        break;
      default:
        break;
    }
  }
  return { acts, volumes };
}

/** Everything of `less` that `more` lacks. */
export function missingFrom(more: Behaviour, less: Behaviour): string[] {
  const missing: string[] = [];
  for (const act of less.acts) if (!more.acts.has(act)) missing.push(act);
  for (const [key, sums] of less.volumes) {
    const ours = more.volumes.get(key) ?? [0, 0, 0, 0];
    if (sums.some((sum, i) => (ours[i] ?? 0) < sum)) missing.push(`${key}: ${ours} < ${sums}`);
  }
  return missing;
}

function oid(process: Process): string {
  return `${process.pid}@${process.createdNs ?? 0n}`;
}

export function tupleOf(net: Tuple): string {
  return `${printIp(net.sip)}:${net.sport}>${printIp(net.dip)}:${net.dport}`;
}

/** The original calls pipes by nothing, and puts kernel addresses in front of a socket's path. */
function fileOf(file: File): string {
  const container = file.container?.id ?? "";
  if (file.type === "p") return `${container} pipe`;
  return `${container} ${file.path.replace(/^[0-9a-f]+->[0-9a-f]+ ?/, "")}`;
}
