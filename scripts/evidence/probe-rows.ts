// The promises of the kernel probe, one row each.

import { bench, holds, probeTests, rawEvent, tests } from "./measures.ts";
import type { Row } from "./rows.ts";

const slice = 6;
const benchLine = "npm run -s bench -- probe --json";
const inBench = (pattern: RegExp): Pick<Row, "command" | "slow" | "measure"> => ({
  command: "npm run bench -- probe",
  slow: true,
  measure: bench(pattern, benchLine),
});

export const probeRows: readonly Row[] = [
  {
    slice,
    item: "the fuzzer's own log = strace",
    ...probeTests("test/probe/truth.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "aggregate = raw = own log = strace: fuzzer, dd, redis, make, Node server, sendfile, splice, copy",
    ...probeTests("test/probe/exact.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "stalled reader, 256 KiB: 0 of 10 000 flows lost, control losses detected; with each switch off it fails",
    ...probeTests("test/probe/rings.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "capabilities, binary, memory, maps, short processes, no bystander in the stream",
    ...probeTests("test/probe/bounds.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "losses healed, with and without",
    ...probeTests("test/e2e/record-loss.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "record: sudo drops to the caller, --pid, rotation, kill -9 of probe, analysis, both; unprivileged with the installed probe",
    ...probeTests("test/e2e/record.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "run: alert within 100 ms of the begin, one and not two, live = replay",
    ...probeTests("test/e2e/run-probe.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "reader, totals, laws over the stream, damage",
    ...tests("src/wire/probe src/flow/delta.test.ts src/source/probe.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "lab under the probe: the same incident as under strace",
    ...probeTests("lab/intrusion.test.ts lab/probe.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "a real container: id and image in the records",
    ...probeTests("lab/container.test.ts"),
    target: "all pass",
  },
  {
    slice,
    item: "audit log as a source, ausearch agrees",
    ...tests("src/wire/audit test/audit"),
    target: "all pass",
  },
  {
    slice,
    item: "arm64 and the libbpf build compile",
    command: "node scripts/probe.mjs libbpf arm64",
    target: "built",
    measure: holds("node scripts/probe.mjs libbpf arm64"),
  },
  {
    slice,
    item: "added to a 1-byte read or write",
    ...inBench(/^added to a 1-byte/),
    target: "≤ 250 ns (aim 200)",
  },
  { slice, item: "÷ raw enter + exit", ...inBench(/^the same ÷ raw/), target: "≤ 65 %" },
  {
    slice,
    item: "added for a bystander",
    ...inBench(/unwatched/),
    target: "≤ 200 ns",
  },
  {
    slice,
    item: "added to open + read + close",
    ...inBench(/^added to open/),
    target: "≤ 1 200 ns",
  },
  {
    slice,
    item: "records against raw enter + exit: redis, keep-alive, make, connection per request",
    ...inBench(/^raw enter \+ exit ÷ aggregate/),
    target: "≥ 1000, 1000, 8, 10 ×",
  },
  { slice, item: "HTTP keep-alive loss", ...inBench(/keep-alive.*lost/), target: "≤ 5 % (aim 3)" },
  {
    slice,
    item: "raw mode for 30 s without a drop",
    ...inBench(/^raw mode, messages/),
    target: "≥ 1 M/s",
  },
  {
    slice,
    item: "binary, memory, maps, attach",
    ...inBench(/^probe, /),
    target: "≤ 300 KiB, 4 MB, 32 MB, 0.3 s",
  },
  {
    slice,
    item: "our CPU per raw event after the kernel",
    command: "node scripts/run.mjs bench/probe-decode.ts",
    target: "≤ 0.4 µs",
    measure: rawEvent,
  },
];
