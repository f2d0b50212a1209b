import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import type { Record } from "../model/record.ts";
import { csvColumns, csvHeader, recordCsv } from "./csv.ts";
import { sampleFlow } from "./sample-test.ts";

/** Python's csv module is the oracle of RFC 4180. */
function readCsv(text: string): string[][] {
  const program =
    "import csv, io, json, sys; print(json.dumps(list(csv.reader(io.StringIO(sys.stdin.read(), newline='')))))";
  const ran = spawnSync("python3", ["-c", program], { input: text, encoding: "utf8" });
  return JSON.parse(ran.stdout);
}

const hasPython = spawnSync("python3", ["-c", "import csv"]).status === 0;

test.skipIf(!hasPython)("quotes, commas and line ends come back from another reader", () => {
  const nasty = 'a,"b"\r\nc\nd';
  const record: Record = sampleFlow({ args: nasty });
  const rows = readCsv(csvHeader(undefined) + recordCsv(record, 0n));
  expect(rows).toHaveLength(2);
  const [header = [], row = []] = rows;
  expect(header).toEqual(csvColumns);
  expect(row).toHaveLength(header.length);
  expect(row[header.indexOf("proc.args")]).toBe(nasty);
  expect(row[header.indexOf("op")]).toBe("OPEN|READ");
  expect(row[header.indexOf("flow.rbytes")]).toBe("12");
  expect(row[header.indexOf("net.sip")]).toBe("");
});

test("lines end with CR LF", () => {
  expect(csvHeader(undefined).endsWith("\r\n")).toBe(true);
  expect(recordCsv(sampleFlow({}), 0n).endsWith("\r\n")).toBe(true);
});
