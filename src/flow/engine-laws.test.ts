// Whatever a source says, however wrong: the engine ends, throws nothing, writes entities before what needs them, and gives the same
// records for the same inputs.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Record } from "../model/record.ts";
import { Family, type Input, type ThreadInfo, emptySyscall, syscalls } from "../model/syscall.ts";
import { FlowEngine } from "./engine.ts";

const tids = fc.constantFrom(-1, 0, 1, 2, 3, 4, 5);
const fds = fc.constantFrom(-1, 0, 1, 2, 3, 1_048_575, 1_048_576, 2 ** 40);
const paths = fc.constantFrom(undefined, "", "<NA>", "/", "/a", "a/../b", "../..", "x".repeat(300));
const rets = fc.constantFrom(-115, -111, -13, -2, 0, 1, 2, 3, 4, 5, 1000);
const ips = fc.constantFrom(0, 0x7f000001, "::1");
const cgroup = `cpu=/docker/${"0123456789abcdef".repeat(4)}`;

const infos: fc.Arbitrary<ThreadInfo> = fc.record({
  tid: fc.option(tids, { nil: undefined }),
  pid: fc.option(tids, { nil: undefined }),
  parentTid: fc.option(tids, { nil: undefined }),
  vtid: fc.option(tids, { nil: undefined }),
  vpid: fc.option(tids, { nil: undefined }),
  comm: fc.constantFrom(undefined, "sh"),
  argv0: fc.constantFrom(undefined, "sh", "<NA>"),
  args: fc.constantFrom(undefined, ["-c"]),
  env: fc.constantFrom(undefined, ["A=1"]),
  exePath: paths,
  cwd: paths,
  cgroups: fc.constantFrom(undefined, [], [cgroup]),
  uid: fc.constantFrom(undefined, 0, 1000),
  gid: fc.constantFrom(undefined, 0),
  tty: fc.constantFrom(undefined, 0, 1),
  session: fc.constant(undefined),
  processGroup: fc.constant(undefined),
  loginUid: fc.constant(undefined),
  capabilities: fc.constantFrom(undefined, 5n),
  exeInode: fc.constant(undefined),
  exeUpperLayer: fc.constant(undefined),
});

const tuples = fc.option(
  fc.record({
    family: fc.constantFrom(1, 2, 10, 16),
    sip: ips,
    sport: fc.constantFrom(0, 80),
    dip: ips,
    dport: fc.constantFrom(0, 4000),
    path: fc.constantFrom("", "/run/socket"),
    sourceId: fc.constantFrom(undefined, "0", "ff"),
  }),
  { nil: undefined },
);

const calls: fc.Arbitrary<Input> = fc
  .record({
    row: fc.constantFrom(...syscalls),
    tid: tids,
    pid: tids,
    ret: rets,
    fd: fds,
    fd2: fds,
    dirfd: fc.constantFrom(-100, 3, 99),
    newDirfd: fc.constantFrom(-100, 3, 99),
    path: paths,
    newPath: paths,
    fdPath: fc.constantFrom("", "/known", "pipe:[5]", "socket:[6]", "anon_inode:[x]"),
    flags: fc.constantFrom(0, 1, 3, 1024, 1 << 13, 1 << 29, 256),
    mode: fc.constantFrom(0, 9, 0o755, 0o020644),
    domain: fc.constantFrom(0, 1, 2, 10, 16),
    socketType: fc.constantFrom(1, 2, 3, 0x80001),
    protocol: fc.constantFrom(0, 6, 58, 255),
    tuple: tuples,
    uid: fc.constantFrom(-1, 0, 1000),
    gid: fc.constantFrom(-1, 0, 1000),
    target: tids,
    info: fc.option(infos, { nil: undefined }),
    paired: fc.boolean(),
    entered: fc.boolean(),
    stateOnly: fc.boolean(),
  })
  .map(({ row, ...fields }) => ({
    ...emptySyscall(),
    ...fields,
    name: row.name,
    family: Family[row.family],
  }));

const others: fc.Arbitrary<Input> = fc.oneof(
  fc.record({ tid: tids, pid: tids, info: infos }).map(({ tid, pid, info }) => ({
    ...info,
    kind: "thread" as const,
    tid,
    pid,
  })),
  fc
    .record({
      tid: tids,
      fd: fds,
      type: fc.constantFrom("file", "ipv4", "ipv6", "listening", "unix", "other"),
      path: fc.constantFrom("", "/a"),
      tuple: tuples,
    })
    .map((fields) => ({
      ...fields,
      kind: "descriptor" as const,
      fileType: undefined,
      openFlags: 0,
      proto: 6,
      inode: undefined,
      device: undefined,
    })),
  fc.constant<Input>({ kind: "section" }),
  fc.constant<Input>({
    kind: "container",
    id: "0123456789ab",
    name: "web",
    image: "image",
    imageId: "1",
    imageTag: "latest",
    type: 0,
    privileged: false,
    complete: true,
  }),
);

const timed = fc.array(
  fc.record({
    input: fc.oneof({ weight: 8, arbitrary: calls }, others),
    step: fc.integer({ min: -5, max: 100 }),
  }),
  { minLength: 30, maxLength: 200, size: "max" },
);

function run(list: readonly Input[], mode: "compat" | "native"): Record[] {
  const engine = new FlowEngine({ mode, exporter: "h", base: 1_700_000_000_123_456_789n });
  const records: Record[] = [];
  for (const input of list) {
    engine.apply(input);
    records.push(...engine.take());
  }
  engine.end();
  records.push(...engine.take());
  const counted = Object.values(engine.counters.records).reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(records.length);
  return records;
}

function checkOrder(records: readonly Record[]): void {
  const processes = new Set<unknown>();
  const files = new Set<unknown>();
  for (const record of records) {
    if (record.type === "P") processes.add(record.process.identity);
    else if (record.type === "F") files.add(record.file);
    else if ("proc" in record) {
      expect(processes.has(record.proc.identity)).toBe(true);
      if (record.type === "FF" || record.type === "FE") expect(files.has(record.file)).toBe(true);
      if (record.type === "PE" && record.target !== undefined) {
        expect(processes.has(record.target.identity)).toBe(true);
      }
    }
  }
}

test("any sequence of inputs", () => {
  fc.assert(
    fc.property(timed, (list) => {
      let ts = 0;
      const inputs = list.map(({ input, step }): Input => {
        ts = Math.max(0, ts + step * 100_000_000);
        return input.kind === "call" ? { ...input, ts } : input;
      });
      for (const mode of ["compat", "native"] as const) {
        const records = run(inputs, mode);
        checkOrder(records);
        expect(run(inputs, mode)).toEqual(records);
      }
    }),
    { numRuns: 25 },
  );
});
