import { describe, expect, test } from "vitest";
import type { Process } from "../model/entity.ts";
import { Op } from "../model/opflag.ts";
import type { Record } from "../model/record.ts";
import { SysFlowReader } from "../wire/avro/reader.ts";
import { Recorder } from "./recorder.ts";

type Kept = { bytes: Uint8Array[]; state: "open" | "complete" | "gone" };

function recorder(rotateMs?: number): { made: Recorder; files: Kept[]; clock: { now: number } } {
  const files: Kept[] = [];
  const clock = { now: 0 };
  const made = new Recorder({
    schema: 6,
    rotateMs,
    clock: () => clock.now,
    open: () => {
      const file: Kept = { bytes: [], state: "open" };
      files.push(file);
      return {
        name: `file-${files.length}`,
        write: (bytes) => void file.bytes.push(bytes.slice()),
        commit: () => {
          file.state = "complete";
        },
        abandon: () => {
          file.state = "gone";
        },
      };
    },
  });
  return { made, files, clock };
}

function read(file: Kept | undefined): Record[] {
  const reader = new SysFlowReader({ base: 0n });
  for (const bytes of file?.bytes ?? []) reader.push(bytes);
  reader.end();
  const records: Record[] = [];
  for (let more = reader.read(); more.length > 0; more = reader.read()) records.push(...more);
  expect(reader.diagnostics).toEqual([]);
  return records;
}

const host = { id: "host" };
const header: Record = { type: "H", host, version: 6, filename: "x", base: 0n, precision: "ns" };

/** Versions of one process: it was made, and then ran other programs. */
function versions(pid: number, programs: readonly string[], parent?: Process): Process[] {
  const identity: { current: Process } = Object.create(null);
  const made: Process[] = [];
  programs.forEach((exe, i) => {
    const ts = i * 1000;
    const previous = made.at(-1);
    const state = i === 0 ? "CREATED" : "MODIFIED";
    made.push({
      ...{ identity, host, pid, createdNs: 1n, parent, previous, known: true, state, ts, exe },
      ...{ args: "", uid: 0, user: undefined, gid: 0, group: undefined, tty: false, entry: false },
      ...{ container: undefined, cwd: undefined, env: [], argv: [exe], comm: undefined },
      ...{ session: undefined, processGroup: undefined, loginUid: undefined },
      ...{ capabilities: undefined, exeInode: undefined, exeUpperLayer: undefined },
      networkNamespace: undefined,
    });
  });
  const last = made.at(-1);
  if (last !== undefined) identity.current = last;
  return made;
}

function event(proc: Process, ts: number): Record {
  return { type: "PE", proc, ts, tid: proc.pid, ops: Op.EXIT, args: [], ret: 0 };
}

describe("a block at least every second", () => {
  test("half a second after the last one, with what comes then", async () => {
    const { made, files, clock } = recorder();
    const [proc] = versions(1, ["/a"]);
    if (proc === undefined) return;
    await made.write([header, { type: "P", process: proc }, event(proc, 1)]);
    expect(files[0]?.bytes).toEqual([]);
    clock.now = 500;
    await made.write([]);
    expect(read(files[0]).map((record) => record.type)).toEqual(["H", "P", "PE"]);
    expect(files[0]?.state).toBe("open");
    await made.end();
    expect(files[0]?.state).toBe("complete");
  });
});

describe("a new file", () => {
  test("begins when it is time and something comes; its header has its name", async () => {
    const { made, files, clock } = recorder(1000);
    const [proc] = versions(1, ["/a"]);
    if (proc === undefined) return;
    await made.write([header, { type: "P", process: proc }, event(proc, 1)]);
    clock.now = 5000;
    await made.write([]);
    expect(files).toHaveLength(1);
    await made.write([event(proc, 2)]);
    await made.end();
    expect(files.map((file) => file.state)).toEqual(["complete", "complete"]);
    const second = read(files[1]);
    expect(second[0]).toMatchObject({ type: "H", filename: "file-2" });
    expect(second.map((record) => record.type)).toEqual(["H", "P", "PE"]);
    expect(made.records).toBe(3 + 3);
  });

  test("describes ancestors, and of each what it was then and what it became", async () => {
    const { made, files, clock } = recorder(1000);
    const parents = versions(1, ["/sh", "/make"]);
    // The child was made before its parent ran another program.
    const children = versions(2, ["/sh", "/cc"], parents[0]);
    const all = [...parents, ...children];
    await made.write([header, ...all.map((process): Record => ({ type: "P", process }))]);
    clock.now = 1000;
    const [, parent] = parents;
    const [, child] = children;
    if (parent === undefined || child === undefined) return;
    // It began before both of these versions, and ends now.
    const flow = { type: "PF", proc: child, ts: 500, endTs: 3000, ops: Op.CLONE } as const;
    const counts = { threadsCloned: 1, threadsExited: 0, cloneErrors: 0 };
    await made.write([{ ...flow, ...counts }, event(parent, 3001)]);
    await made.end();
    const second = read(files[1]);
    const told = second.map((record) =>
      record.type === "P" ? `${record.process.pid} ${record.process.exe}` : record.type,
    );
    expect(told).toEqual(["H", "1 /sh", "1 /make", "2 /sh", "2 /cc", "PF", "PE"]);
    const last = second.at(-1);
    expect(last).toMatchObject({ proc: { exe: "/make" } });
  });
});

test("a file in which nothing is to be kept goes", () => {
  const { made, files } = recorder();
  made.abandon();
  expect(files[0]?.state).toBe("gone");
});
