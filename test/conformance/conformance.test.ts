// Every recorded pair, record by record: what the original wrote is the oracle. `npm run conformance` prints the same as a table.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { corpusPath, hasCorpus } from "../corpus.ts";
import { compareRecords, convertCapture, floorOf, readSysFlow } from "./compare.ts";

const folder = corpusPath("pairs");
const names = hasCorpus ? readdirSync(folder).filter((name) => name.endsWith(".scap")) : [];

test.skipIf(!hasCorpus)("the pairs are all there", () => {
  expect(names.length).toBeGreaterThanOrEqual(11);
});

test.skipIf(!hasCorpus).each(names)("%s becomes what the original wrote", (name) => {
  const { records, base } = convertCapture(join(folder, name), {
    mode: "compat",
    exporter: "tests",
  });
  const golden = readSysFlow(join(folder, name.replace(/scap$/, "sf")), base);
  const { missing, extra, share } = compareRecords(records, golden, base);
  const floor = floorOf(name.slice(0, -".scap".length));
  if (floor === 1) expect({ missing, extra }).toEqual({ missing: [], extra: [] });
  expect(share).toBeGreaterThanOrEqual(floor);
});
