// The promises of the spine, one row each, in the order of its slices.

import {
  type Outcome,
  bench,
  bytesOf,
  conformance,
  countRecords,
  demo,
  holds,
  oneIncident,
  ordinaryWork,
  readsCompletely,
  sizes,
  tests,
} from "./measures.ts";

export type Row = {
  readonly slice: number;
  readonly item: string;
  readonly command: string;
  readonly target: string;
  readonly slow?: boolean;
  readonly measure: () => Outcome;
};

export const rows: readonly Row[] = [
  {
    slice: 1,
    item: "express slices hold the specification's record counts",
    command: "sysflow print F --json | wc -l",
    target: "19885 / 7396 / 22339",
    measure: countRecords,
  },
  {
    slice: 1,
    item: "every file of traces/ and attacks/ reads completely",
    command: "sysflow stats $C/traces $C/attacks --json",
    target: "11 files, 0 lost, exit 0",
    measure: readsCompletely,
  },
  {
    slice: 1,
    item: "codec: avsc agrees, decode → encode is the identity, damage is survived",
    ...tests("src/wire/avro test/format"),
    target: "all pass",
  },
  {
    slice: 1,
    item: "tidy: ranks, purity, nothing knows the test data",
    ...tests("test/tidy.test.ts"),
    target: "all pass",
  },
  {
    slice: 2,
    item: "captures: every block, every chunking, sysdig agrees",
    ...tests("src/wire/scap"),
    target: "all pass",
  },
  {
    slice: 2,
    item: "conformance with the original's files",
    command: "npm run conformance",
    target: "100 % (mpm-event full ≥ 99.7 %)",
    measure: conformance,
  },
  {
    slice: 2,
    item: "Python's sysflow-tools prints our schema 5 as it prints the original's",
    ...tests("test/format/sysflow-tools.test.ts"),
    target: "all pairs equal",
  },
  {
    slice: 3,
    item: "no behaviour of --compat is missing in the default mode",
    ...tests("test/conformance/native.test.ts"),
    target: "all pairs",
  },
  {
    slice: 3,
    item: "default output ÷ original's bytes, all pairs",
    command: "node scripts/run.mjs scripts/sizes.ts",
    target: "≤ 0.6",
    measure: sizes((t) => {
      const r = bytesOf(t, "ours") / bytesOf(t, "original");
      return [r, r <= 0.6, "×"];
    }),
  },
  {
    slice: 3,
    item: "--compat output ÷ original's bytes, all pairs",
    command: "node scripts/run.mjs scripts/sizes.ts",
    target: "≤ 1.0",
    measure: sizes((t) => {
      const r = bytesOf(t, "compat") / bytesOf(t, "original");
      return [r, r <= 1, "×"];
    }),
  },
  {
    slice: 3,
    item: "gzipped captures ÷ default output, all pairs",
    command: "node scripts/run.mjs scripts/sizes.ts",
    target: "≥ 10",
    measure: sizes((t) => {
      const r = bytesOf(t, "gzipped") / bytesOf(t, "ours");
      return [r, r >= 10, "×"];
    }),
  },
  {
    slice: 3,
    item: "fastavro and Java's avro read schema 6",
    ...tests("test/format"),
    target: "all pass",
  },
  {
    slice: 3,
    item: "strace: every shape, every chunking, a program's own truth",
    ...tests("src/wire/strace src/testing"),
    target: "all pass",
  },
  {
    slice: 4,
    item: "rules: compiled = interpreted, packs pass their tests",
    ...tests("src/rule"),
    target: "all pass",
  },
  {
    slice: 4,
    item: "story on attacks/express: one path, steps of spec §8.1",
    ...tests("src/graph test/e2e/story.test.ts"),
    target: "all pass",
  },
  {
    slice: 4,
    item: "attacks/express is one incident",
    command: "sysflow story $C/attacks/express --json",
    target: "1 incident",
    measure: oneIncident("$C/attacks/express"),
  },
  {
    slice: 4,
    item: "attacks/shellshock.sf is one incident",
    command: "sysflow story $C/attacks/shellshock.sf --json",
    target: "1 incident",
    measure: oneIncident("$C/attacks/shellshock.sf"),
  },
  {
    slice: 4,
    item: "traces/cron.sf is one incident",
    command: "sysflow story $C/traces/cron.sf --json",
    target: "1 incident",
    measure: oneIncident("$C/traces/cron.sf"),
  },
  {
    slice: 4,
    item: "ordinary work claims no attack",
    command: "sysflow story $C/traces/X --json",
    target: "0 claims",
    measure: ordinaryWork,
  },
  {
    slice: 4,
    item: "lab: seeds change names, ports, language; the verdict stays",
    ...tests("lab"),
    target: "all pass",
  },
  {
    slice: 4,
    item: "demo",
    command: "npm run demo",
    target: "< 60 s; 1 incident · … · no root",
    measure: demo,
  },
  {
    slice: 4,
    item: "the outside of the program: exit codes, bad input, JSON shapes",
    ...tests("test/e2e"),
    target: "all pass",
  },
  {
    slice: 5,
    item: "convert ÷ sysdig CPU, 10 M events, default codec",
    command: "npm run bench",
    target: "≤ 1.5 (aim 1.0)",
    slow: true,
    measure: bench(/default codec/),
  },
  {
    slice: 5,
    item: "convert ÷ sysdig CPU, every open a new path",
    command: "npm run bench",
    target: "≤ 3 (aim 1.75)",
    slow: true,
    measure: bench(/new path/),
  },
  {
    slice: 5,
    item: "peak memory",
    command: "npm run bench",
    target: "≤ 100 MB (aim 70)",
    slow: true,
    measure: bench(/peak memory$/),
  },
  {
    slice: 5,
    item: "peak memory, 10 M ÷ 2.5 M events",
    command: "npm run bench",
    target: "≤ 1.15",
    slow: true,
    measure: bench(/of the long capture/),
  },
  {
    slice: 5,
    item: "decode ÷ avsc",
    command: "npm run bench",
    target: "≥ 3",
    slow: true,
    measure: bench(/^decode/),
  },
  {
    slice: 5,
    item: "encode ÷ avsc",
    command: "npm run bench",
    target: "≥ 4",
    slow: true,
    measure: bench(/^encode/),
  },
  {
    slice: 5,
    item: "start-up beyond bare node",
    command: "npm run bench",
    target: "≤ 80 ms (aim 50)",
    slow: true,
    measure: bench(/^start-up/),
  },
  {
    slice: 5,
    item: "mutated inputs: no crash, no hang, ≥ 60 % yield a record",
    command: "npm run fuzz -- --count 3000",
    target: "0 crashes, ≥ 60 %",
    measure: holds("npm run -s fuzz -- --count 3000"),
  },
  {
    slice: 5,
    item: "tests pass on Node 20.19, 22 and 24",
    command: "bash scripts/node-versions.sh",
    target: "3 versions pass",
    slow: true,
    measure: holds("bash scripts/node-versions.sh"),
  },
];
