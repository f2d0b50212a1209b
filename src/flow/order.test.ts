import { array, assert, integer, property, record as object } from "fast-check";
import { expect, test } from "vitest";
import type { Activity } from "../model/activity.ts";
import type { Host, Process } from "../model/entity.ts";
import { Op } from "../model/opflag.ts";
import type { FileFlow, Record } from "../model/record.ts";
import { sampleProcess } from "../model/sample-test.ts";
import { second } from "../model/time.ts";
import { EventOrder } from "./order.ts";

const host: Host = { id: "h" };

const proc = sampleProcess({ host, pid: 7, exe: "/bin/x" });

function flow(ts: number, endTs: number, ops: number, more: Partial<FileFlow> = {}): FileFlow {
  return {
    type: "FF",
    proc,
    ts,
    endTs,
    tid: 7,
    ops,
    file: { host, state: "REUP", ts, type: "f", path: "/f", container: undefined },
    fd: 3,
    openFlags: 0,
    rops: 0,
    wops: 0,
    rbytes: 0,
    wbytes: 0,
    ...more,
  };
}

function event(ts: number): Record {
  return { type: "PE", proc, ts, tid: 7, ops: Op.EXEC, args: [], ret: 0 };
}

function said(activities: readonly Activity[]): string[] {
  return activities.map(({ phase, at }) => `${at / second} ${phase}`);
}

function run(records: readonly Record[]): string[] {
  const order = new EventOrder();
  return said([...order.push(records), ...order.end()]);
}

test("a flow is seen at its begin and at its end, around what happened in between", () => {
  const records = [event(2 * second), flow(second, 5 * second, Op.OPEN | Op.WRITE | Op.CLOSE)];
  expect(run(records)).toEqual(["1 begin", "2 instant", "5 end"]);
});

test("only the first slice of a flow has a begin: by operation, by slice number, by key", () => {
  expect(
    run([
      flow(0, 30 * second, Op.OPEN | Op.WRITE),
      flow(30 * second, 60 * second, Op.WRITE),
      flow(60 * second, 61 * second, Op.WRITE | Op.CLOSE),
    ]),
  ).toEqual(["0 begin", "30 update", "60 update", "61 end"]);
  // Opened before the recording: the first slice that is seen begins it.
  expect(run([flow(0, 9 * second, Op.READ), flow(9 * second, 10 * second, Op.READ)])).toEqual([
    "0 begin",
    "9 update",
    "10 update",
  ]);
  expect(
    run([
      flow(0, second, Op.WRITE, { flowId: 1, slice: 0, final: false }),
      flow(second, 2 * second, Op.WRITE, { flowId: 1, slice: 1, final: true }),
    ]),
  ).toEqual(["0 begin", "1 update", "2 end"]);
});

test("a process version is the one in force at the phase, not the newest", () => {
  const before = sampleProcess({ host, pid: 9, exe: "/bin/x" });
  const after: Process = { ...before, previous: before, exe: "/bin/later", ts: 3 * second };
  after.identity.current = after;
  const order = new EventOrder();
  const record = { ...flow(second, 5 * second, Op.OPEN | Op.CLOSE), proc: after };
  const activities = [...order.push([record]), ...order.end()];
  expect(activities.map((activity) => activity.proc?.exe)).toEqual(["/bin/x", "/bin/later"]);
});

test("property: everything comes out once, sorted by time, whatever the batches (oracle: a plain sort)", () => {
  const flowOf = object({
    end: integer({ min: 0, max: 400 }),
    length: integer({ min: 0, max: 30 }),
  }).map(({ end, length }) => ({ end, length }));
  assert(
    property(
      array(flowOf, { maxLength: 80 }),
      array(integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }),
      (shapes, cuts) => {
        // As a writer does it: in the order in which flows end.
        shapes.sort((a, b) => a.end - b.end);
        const records = shapes.map(({ end, length }, i) =>
          flow((end - length) * second, end * second, Op.OPEN | Op.CLOSE, { fd: i }),
        );
        const naive = shapes
          .flatMap(({ end, length }) => [`${end - length} begin`, `${end} end`])
          .map((text, i) => ({ text, i, at: Number(text.split(" ")[0]) }))
          .sort((a, b) => a.at - b.at || a.i - b.i)
          .map(({ text }) => text);
        const order = new EventOrder();
        const out: Activity[] = [];
        for (let at = 0, k = 0; at < records.length; k++) {
          const size = cuts[k % cuts.length] ?? 1;
          out.push(...order.push(records.slice(at, at + size)));
          at += size;
        }
        out.push(...order.end());
        expect(said(out)).toEqual(naive);
        expect(order.late).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test("what is held back is bounded, and releasing early is counted", () => {
  const order = new EventOrder({ max: 3 });
  const records = Array.from({ length: 10 }, (_, i) => event(i * 1e6));
  const early = order.push(records);
  expect(early.length).toBe(7);
  expect(order.forced).toBe(7);
  expect(order.end().length).toBe(3);
});

test("a record older than what was released comes out all the same, and is counted as late", () => {
  const order = new EventOrder();
  const first = order.push([event(0), event(100 * second)]);
  expect(said(first)).toEqual(["0 instant"]);
  // 60 s is behind the newest by more than is held back, but not behind what was released; −1 s is.
  const rest = [...order.push([event(60 * second), event(-second)]), ...order.end()];
  expect(said(rest)).toEqual(["60 instant", "-1 instant", "100 instant"]);
  expect(order.late).toBe(1);
});

test("time that passes on a silent host releases what is due", () => {
  const order = new EventOrder();
  expect(order.push([event(second)])).toEqual([]);
  expect(said(order.advance(40 * second))).toEqual(["1 instant"]);
});
