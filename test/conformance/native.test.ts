// Our mode says everything that the original's said, over every recorded pair. The oracle is the original's own file (compat
// equals it, see conformance.test.ts), not our output.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Op } from "../../src/model/opflag.ts";
import type { Record } from "../../src/model/record.ts";
import { SysFlowWriter } from "../../src/wire/avro/writer.ts";
import { corpusPath, hasCorpus } from "../corpus.ts";
import { behaviourOf, missingFrom } from "./behaviour.ts";
import { contentOf, convertCapture, readSysFlow } from "./compare.ts";

const folder = corpusPath("pairs");
const pairs = hasCorpus
  ? readdirSync(folder)
      .filter((name) => name.endsWith(".scap"))
      .map((name) => name.slice(0, -".scap".length))
  : [];

/** Connects that failed: the original names their socket after nothing; ours is an event with the address and the error. */
function isFailedConnect(act: string): boolean {
  return / CONNECT (\S* 0|0\.0\.0\.0:0>0\.0\.0\.0:0)$/.test(act);
}

/** `0` is the original's name for a unix socket that could not connect; for us it stays one without a name. */
function ownName(act: string): string {
  return act.replace(/ CLOSE (\S*) 0$/, " CLOSE $1 ");
}

test.skipIf(!hasCorpus).each(pairs)("%s: no behaviour of the original is missing", (pair) => {
  const { records, base } = convertCapture(join(folder, `${pair}.scap`), { mode: "native" });
  const golden = behaviourOf(readSysFlow(join(folder, `${pair}.sf`), base));
  const ours = behaviourOf(records);
  const acts = new Set([...golden.acts].filter((act) => !isFailedConnect(act)).map(ownName));
  const volumes = new Map([...golden.volumes].filter(([, sums]) => sums.some((sum) => sum > 0)));
  expect(missingFrom(ours, { acts, volumes })).toEqual([]);
  const failed = [...golden.acts].filter(isFailedConnect);
  for (const act of failed) {
    const pid = Number(act.slice(0, act.indexOf("@")));
    expect(records.some((record) => isFailure(record, pid))).toBe(true);
  }
});

function isFailure(record: Record, pid: number): boolean {
  if (record.type !== "NE" && record.type !== "FE") return false;
  return record.proc.pid === pid && record.ops === Op.CONNECT && record.ret < 0;
}

test.skipIf(!hasCorpus)("the output does not depend on how the input was cut", () => {
  for (const pair of ["client-server-tcp-client-server", "mpm-event-cold_start_capture"]) {
    const path = join(folder, `${pair}.scap`);
    for (const mode of ["compat", "native"] as const) {
      const whole = convertCapture(path, { mode });
      const cut = convertCapture(path, { mode, chunk: 977 });
      const texts = (records: readonly Record[]): string[] =>
        records.map((record) => contentOf(record, whole.base));
      expect(texts(cut.records)).toEqual(texts(whole.records));
    }
  }
});

test.skipIf(!hasCorpus)(
  "an entity is written before what needs it, and only what is needed is written",
  () => {
    for (const pair of pairs) {
      const { records } = convertCapture(join(folder, `${pair}.scap`), { mode: "native" });
      const processes = new Set<unknown>();
      const files = new Set<unknown>();
      const used = new Set<unknown>();
      for (const record of records) {
        if (record.type === "P") {
          const { parent, container } = record.process;
          if (parent !== undefined) expect(processes.has(parent.identity)).toBe(true);
          expect(container === undefined || files.has(container.id)).toBe(true);
          processes.add(record.process.identity);
        } else if (record.type === "C") files.add(record.container.id);
        else if (record.type === "F") files.add(record.file);
        else if ("proc" in record) {
          expect(processes.has(record.proc.identity)).toBe(true);
          if (record.type === "FF" || record.type === "FE") {
            expect(files.has(record.file)).toBe(true);
            used.add(record.file);
          }
          if (record.type === "FE" && record.newFile !== undefined) {
            expect(files.has(record.newFile)).toBe(true);
            used.add(record.newFile);
          }
        }
      }
      for (const record of records) {
        if (record.type === "F") expect(used.has(record.file), record.file.path).toBe(true);
      }
    }
  },
);

test.skipIf(!hasCorpus)(
  "schema 6 is at most 0.6 of the original's bytes, a tenth of the gzipped captures",
  () => {
    let ours = 0;
    let golden = 0;
    let captures = 0;
    for (const pair of pairs) {
      const { records } = convertCapture(join(folder, `${pair}.scap`), { mode: "native" });
      const writer = new SysFlowWriter({ schema: 6, codec: "deflate" });
      writer.write(records);
      writer.end();
      for (const bytes of writer.take()) ours += bytes.length;
      golden += readFileSync(join(folder, `${pair}.sf`)).length;
      captures += gzipSync(readFileSync(join(folder, `${pair}.scap`))).length;
    }
    expect(ours / golden).toBeLessThanOrEqual(0.6);
    expect(captures / ours).toBeGreaterThanOrEqual(10);
  },
);
