import { array, assert, integer, property, record as object } from "fast-check";
import { expect, test } from "vitest";
import type { Activity } from "../model/activity.ts";
import type { Host } from "../model/entity.ts";
import { limits } from "../model/limits.ts";
import { Op } from "../model/opflag.ts";
import type { FileFlow, Record } from "../model/record.ts";
import { sampleProcess } from "../model/sample-test.ts";
import { LiveOrder } from "./live.ts";
import { EventOrder } from "./order.ts";

const host: Host = { id: "h" };
const proc = sampleProcess({ host, pid: 7, exe: "/bin/x" });

function flow(ts: number, endTs: number, more: Partial<FileFlow> = {}): FileFlow {
  return {
    type: "FF",
    proc,
    ts,
    endTs,
    tid: 7,
    ops: Op.OPEN | Op.READ,
    file: { host, state: "REUP", ts, type: "f", path: "/f", container: undefined },
    fd: 3,
    openFlags: 0,
    rops: 0,
    wops: 0,
    rbytes: 0,
    wbytes: 0,
    flowId: 1,
    slice: 0,
    final: true,
    ...more,
  };
}

function event(ts: number): Record {
  return { type: "PE", proc, ts, tid: 7, ops: Op.EXEC, args: [], ret: 0 };
}

function said(activities: readonly Activity[]): string[] {
  return activities.map(({ phase, at }) => `${at} ${phase}`);
}

test("a flow is seen when it begins, and its slices when they are written", () => {
  const order = new LiveOrder();
  expect(said(order.push([flow(10, 10)], [event(12)]))).toEqual(["10 begin", "12 instant"]);
  expect(said(order.push([], [flow(10, 30, { final: false })]))).toEqual(["30 update"]);
  expect(said(order.push([], [flow(30, 40, { slice: 1 })]))).toEqual(["40 end"]);
});

test("a flow whose begin was not told begins with its first slice", () => {
  const order = new LiveOrder();
  expect(said(order.push([], [flow(10, 30)]))).toEqual(["10 begin", "30 end"]);
  // Schema 5 has no number of the slice.
  const old = { flowId: undefined, slice: undefined, final: undefined };
  expect(said(order.push([], [flow(40, 50, old)]))).toEqual(["40 begin", "50 update"]);
});

test("what arrives together comes out in event-time order, what came late does not wait", () => {
  const order = new LiveOrder();
  const together = order.push([flow(5, 5, { flowId: 2 })], [event(9), event(4)]);
  expect(said(together)).toEqual(["4 instant", "5 begin", "9 instant"]);
  expect(said(order.push([], [event(1)]))).toEqual(["1 instant"]);
});

test("another recording counts its flows anew: a begin of the one before does not stand for one of it", () => {
  const order = new LiveOrder();
  order.push([flow(10, 10)], []);
  const header: Record = { type: "H", host, version: 6, filename: undefined, base: 0n };
  expect(said(order.push([], [header, flow(20, 30)]))).toEqual(["20 begin", "30 end"]);
});

test("begins that wait for their flow are bounded; what is forgotten is counted and told again", () => {
  const order = new LiveOrder();
  for (let i = 0; i <= limits.flows.max; i++) order.push([flow(i, i, { flowId: i })], []);
  expect(order.forgotten).toBe(1);
  expect(said(order.push([], [flow(0, 1, { flowId: 0 })]))).toEqual(["0 begin", "1 end"]);
  expect(said(order.push([], [flow(1, 2, { flowId: 1 })]))).toEqual(["2 end"]);
});

test("property: live and replay see the same phases of the same records", () => {
  const flowOf = object({
    end: integer({ min: 0, max: 400 }),
    length: integer({ min: 0, max: 30 }),
  });
  assert(
    property(array(flowOf, { maxLength: 60 }), integer({ min: 0, max: 2 }), (shapes, told) => {
      shapes.sort((a, b) => a.end - b.end);
      const records = shapes.map(({ end, length }, i) => flow(end - length, end, { flowId: i }));
      const order = new LiveOrder();
      const replay = new EventOrder();
      const live: Activity[] = [];
      // Some begins are told, some are not.
      const begins = records.filter((_, i) => i % 3 <= told);
      live.push(...order.push(begins, []));
      for (const record of records) live.push(...order.push([], [record]));
      const sorted = [...replay.push(records), ...replay.end()];
      expect(said(live).sort()).toEqual(said(sorted).sort());
    }),
    { numRuns: 100 },
  );
});
