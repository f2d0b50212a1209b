// The law of running totals: whatever is lost, doubled or out of order, what is given on adds up to the greatest total, and never to more.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type FlowInput, FlowWhy } from "../model/flow-input.ts";
import { Op } from "../model/opflag.ts";
import { Deltas } from "./delta.ts";

type Counts = Pick<FlowInput, "opens" | "rops" | "wops" | "rbytes" | "wbytes">;

function said(counts: Partial<Counts & Pick<FlowInput, "ops" | "openFlags">>): FlowInput {
  return {
    kind: "flow",
    ts: 0,
    pid: 1,
    tid: 1,
    start: 0,
    run: 1,
    idHigh: 0,
    idLow: 1,
    why: FlowWhy.checkpoint,
    standing: "open",
    first: 0,
    last: 0,
    ops: 0,
    opens: 0,
    openFlags: 0,
    rops: 0,
    wops: 0,
    rbytes: 0,
    wbytes: 0,
    fd: 3,
    what: "file",
    letter: "f",
    path: "/x",
    pathKnown: true,
    inode: 0,
    device: 0,
    generation: 0,
    peerInode: 0,
    net: undefined,
    accepted: false,
    ...counts,
  };
}

const nothing = (): void => undefined;
const zero: Counts = { opens: 0, rops: 0, wops: 0, rbytes: 0, wbytes: 0 };

function plus(a: Counts, b: Counts): Counts {
  return {
    opens: a.opens + b.opens,
    rops: a.rops + b.rops,
    wops: a.wops + b.wops,
    rbytes: a.rbytes + b.rbytes,
    wbytes: a.wbytes + b.wbytes,
  };
}

function countsOf({ opens, rops, wops, rbytes, wbytes }: Counts): Counts {
  return { opens, rops, wops, rbytes, wbytes };
}

const step = fc.record({
  opens: fc.nat(2),
  rops: fc.nat(5),
  wops: fc.nat(5),
  rbytes: fc.nat(2 ** 31 - 1),
  wbytes: fc.nat(2 ** 31 - 1),
});

test("checkpoints that are lost, doubled and out of order: the sum is the last total", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), fc.infiniteStream(fc.nat()), (steps, picks) => {
      const totals: Counts[] = [];
      for (const more of steps) totals.push(plus(totals.at(-1) ?? zero, more));
      const last = totals.at(-1) ?? zero;
      const shuffled = totals.flatMap((total) => {
        const pick = picks.next().value ?? 0;
        if (pick % 4 === 0) return [];
        return pick % 4 === 1 ? [total, totals[pick % totals.length] ?? total] : [total];
      });
      const deltas = new Deltas<string>(nothing);
      const flow = deltas.begin(0, 1, "flow");
      let sum = zero;
      for (const total of [...shuffled, last, ...shuffled]) {
        const before = { ...flow };
        const changed = deltas.total(flow, said(total));
        if (changed) sum = plus(sum, countsOf(deltas.delta));
        else expect(countsOf(flow)).toEqual(countsOf(before));
      }
      expect(sum).toEqual(last);
    }),
  );
});

test("two witnesses of the same operations, in any order: none counts twice, and one heals the other", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.nat(4096), lost: fc.boolean(), checkpoint: fc.boolean() })),
      (operations) => {
        const deltas = new Deltas<string>(nothing);
        const flow = deltas.begin(0, 1, "flow");
        let sum = zero;
        let total = zero;
        const take = (changed: boolean): void => {
          if (changed) sum = plus(sum, countsOf(deltas.delta));
        };
        for (const { bytes, lost, checkpoint } of operations) {
          total = plus(total, { ...zero, rops: 1, rbytes: bytes });
          // The kernel may say the totals before it tells the operation itself.
          if (checkpoint) take(deltas.total(flow, said(total)));
          if (!lost) {
            take(deltas.operation(flow, said({ rops: 1, rbytes: bytes, ops: Op.READ })));
          }
        }
        take(deltas.total(flow, said(total)));
        expect(sum).toEqual(total);
      },
    ),
  );
});

test("operations are told again only where their counts grew", () => {
  const deltas = new Deltas<string>(nothing);
  const flow = deltas.begin(0, 1, "flow");
  deltas.total(flow, said({ ops: Op.OPEN | Op.READ | Op.MMAP, opens: 1, rops: 2, openFlags: 1 }));
  expect(deltas.delta).toMatchObject({ ops: Op.OPEN | Op.READ | Op.MMAP, opens: 1, openFlags: 1 });
  deltas.total(flow, said({ ops: Op.OPEN | Op.READ | Op.MMAP, opens: 1, rops: 3, openFlags: 1 }));
  expect(deltas.delta).toMatchObject({ ops: Op.READ, opens: 0, rops: 1, openFlags: 0 });
  expect(deltas.total(flow, said({ ops: Op.READ, opens: 1, rops: 3 }))).toBe(false);
});

test("a word that comes after the last one adds nothing, as long as it is remembered", () => {
  const deltas = new Deltas<string>(nothing, { open: 10, ended: 2 });
  const end = (id: number): void => {
    const flow = deltas.begin(0, id, "flow");
    deltas.total(flow, said({ rops: 5 }));
    deltas.end(flow);
  };
  end(1);
  const late = deltas.find(0, 1);
  expect(late?.ended).toBe(true);
  if (late !== undefined) expect(deltas.total(late, said({ rops: 4 }))).toBe(false);
  end(2);
  end(3);
  expect(deltas.find(0, 1)).toBeUndefined();
  expect(deltas.find(0, 3)).toBeDefined();
  expect(deltas.size).toBe(2);
});

test("the table is bounded: what nobody spoke of goes first, and is counted", () => {
  const gone: string[] = [];
  const deltas = new Deltas<string>((totals) => gone.push(totals.subject), {
    open: 100,
    ended: 10,
  });
  for (let id = 1; id <= 1000; id++) {
    deltas.begin(0, id, `flow ${id}`);
    deltas.find(0, 1);
    if (id % 3 === 0) {
      const flow = deltas.find(0, id);
      if (flow !== undefined) deltas.end(flow);
    }
  }
  expect(deltas.size).toBeLessThanOrEqual(110);
  expect(deltas.evicted).toBe(gone.length);
  expect(gone.length).toBeGreaterThan(500);
  expect(deltas.find(0, 1)).toBeDefined();
});

test("numbers above what a double holds are told apart", () => {
  const deltas = new Deltas<string>(nothing);
  deltas.begin(0xffffffff, 0xfffffffe, "a");
  deltas.begin(0xffffffff, 0xffffffff, "b");
  expect(deltas.find(0xffffffff, 0xfffffffe)?.subject).toBe("a");
  expect(deltas.find(0xffffffff, 0xffffffff)?.subject).toBe("b");
  expect(deltas.find(0xfffffffe, 0xffffffff)).toBeUndefined();
});

test("another run of the probe begins with nothing", () => {
  const gone: string[] = [];
  const deltas = new Deltas<string>((totals) => gone.push(totals.subject));
  deltas.begin(0, 1, "open");
  deltas.end(deltas.begin(0, 2, "ended"));
  deltas.clear();
  expect(gone).toEqual(["open"]);
  expect(deltas.find(0, 1)).toBeUndefined();
  expect(deltas.size).toBe(0);
});
