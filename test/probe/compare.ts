// Further witnesses of the same run: the probe's own raw messages, and strace.

import { expect } from "vitest";
import { flowKinds } from "../../src/model/probe.ts";
import type { Fold } from "./fold.ts";
import type { StraceSums } from "./strace.ts";
import { type Sums, print } from "./truth.ts";

/** Mode both: every flow's totals beside its raw messages. What has no flow (event counters and the like) is told only as raw. */
export function compareWithRaw(fold: Fold): string[] {
  const wrong: string[] = [];
  const nothing = { rops: 0, wops: 0, rbytes: 0, wbytes: 0, uncertain: false };
  for (const flow of fold.flows.values()) {
    if (flow.kind === flowKinds.other) continue;
    const raw = fold.raw.flows.get(flow.id) ?? nothing;
    const bytes = raw.uncertain || (raw.rbytes === flow.rbytes && raw.wbytes === flow.wbytes);
    if (raw.rops === flow.rops && raw.wops === flow.wops && bytes) continue;
    const where = `flow ${flow.id} (${fold.paths.get(flow.path) ?? flow.kind})`;
    wrong.push(`${where}: folded in the kernel ${print(flow)}; from raw ${print(raw)}`);
  }
  return wrong;
}

function addTo(table: Map<number, Sums>, pid: number, sums: Sums): void {
  const entry = table.get(pid) ?? { rops: 0, wops: 0, rbytes: 0, wbytes: 0 };
  table.set(pid, entry);
  entry.rops += sums.rops;
  entry.wops += sums.wops;
  entry.rbytes += sums.rbytes;
  entry.wbytes += sums.wbytes;
}

/** Per process, everything that has flows: anonymous inodes have none. */
export function compareWithStrace(fold: Fold, strace: StraceSums): string[] {
  const theirs = new Map<number, Sums>();
  for (const [tid, targets] of strace.of) {
    const pid = strace.leaders.get(tid) ?? tid;
    for (const [target, sums] of targets) {
      if (!target.startsWith("anon_inode:")) addTo(theirs, pid, sums);
    }
  }
  const ours = new Map<number, Sums>();
  for (const flow of fold.flows.values()) addTo(ours, flow.pid, flow);
  const wrong: string[] = strace.unread.map((line) => `not understood: ${line}`);
  for (const [pid, sums] of theirs) {
    const own = ours.get(pid);
    if (print(own) !== print(sums) && (own !== undefined || sums.rops + sums.wops > 0)) {
      wrong.push(`process ${pid}: probe ${print(own)}; strace ${print(sums)}`);
    }
  }
  return wrong;
}

/** Nothing was lost, left over or broken. */
export function expectSound(fold: Fold): void {
  expect(fold.wrong).toEqual([]);
  const { controlLost, flowsLost, flowsUntracked, dirtyLost, processesLost, rawLost } = fold.stats;
  expect({ controlLost, flowsLost, flowsUntracked, dirtyLost, processesLost, rawLost }).toEqual({
    controlLost: 0,
    flowsLost: 0,
    flowsUntracked: 0,
    dirtyLost: 0,
    processesLost: 0,
    rawLost: 0,
  });
}
