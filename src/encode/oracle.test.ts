// The original's Python library as oracle: for every event and flow of other people's recordings, our JSON says what the library's
// reader says of the same row. Skipped where the library or the recordings are missing.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { corpusPath, hasCorpus, repositoryRoot } from "../../test/corpus.ts";
import { type Record, isBehaviour } from "../model/record.ts";
import { SysFlowReader } from "../wire/avro/reader.ts";
import { recordJson } from "./json.ts";

const python = join(repositoryRoot, ".cache", "python", "bin", "python");
const hasTools = spawnSync(python, ["-c", "import sysflow"]).status === 0;

/** One JSON array a row: the values that a reader of the table would look at. */
const program = `
import json, socket, struct, sys
from sysflow.reader import FlattenedSFReader
def ip(value):
    return socket.inet_ntoa(struct.pack("<I", value & 0xffffffff))
for kind, header, pod, cont, parent, proc, files, event, flow in FlattenedSFReader(sys.argv[1]):
    # The library takes some rows of the oldest schemas for another kind: what a row has says what it is.
    row = vars(event if event is not None else flow)
    name = "NF" if "dip" in row else "FF" if "openFlags" in row else "FE" if "fileOID" in row else "PE"
    print(json.dumps([
        name, row["ts"], row.get("endTs"), row["opFlags"], row.get("ret"),
        [proc.oid.hpid, "" if proc.exe == "<NA>" else proc.exe, proc.exeArgs, proc.uid],
        # What the original spells "" or "<NA>" is absent in ours.
        [f.path for f in files if f is not None and f.path != ""] if files else [],
        [ip(row["sip"]), row["sport"], ip(row["dip"]), row["dport"]] if name == "NF" else None,
        [row[key] for key in ("numRRecvBytes", "numWSendBytes", "numRRecvOps", "numWSendOps")] if name[1] == "F" else None,
        cont.id if cont is not None else None,
        parent.oid.hpid if parent is not None else None,
    ]))
`;

type Row = readonly unknown[];

function rowsOfLibrary(path: string): Row[] {
  const ran = spawnSync(python, ["-c", program, path], { encoding: "utf8", maxBuffer: 1 << 28 });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout
    .trimEnd()
    .split("\n")
    .map((line): Row => JSON.parse(line));
}

function recordsOf(path: string): { records: Record[]; base: bigint } {
  const reader = new SysFlowReader({ inflate: (bytes) => inflateRawSync(bytes) });
  reader.push(readFileSync(path));
  reader.end();
  const records: Record[] = [];
  for (let some = reader.read(); some.length > 0; some = reader.read()) records.push(...some);
  expect(reader.diagnostics).toEqual([]);
  return { records, base: reader.base ?? 0n };
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}

function nanoseconds(text: unknown): number | null {
  if (typeof text !== "string") return null;
  const [seconds = "", fraction = ""] = text.replace("Z", "").split(".");
  // As JSON.parse reads the library's integer: the nearest double.
  return Number(BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction));
}

const bits = ["CLONE", "EXEC", "EXIT", "SETUID", "SETNS", "ACCEPT", "CONNECT", "OPEN", "READ"];
bits.push("WRITE", "CLOSE", "TRUNCATE", "SHUTDOWN", "MMAP", "DIGEST", "MKDIR", "RMDIR", "LINK");
bits.push("UNLINK", "SYMLINK", "RENAME");

function mask(names: unknown): number {
  return Array.isArray(names) ? names.reduce((sum, name) => sum + 2 ** bits.indexOf(name), 0) : 0;
}

/** The same values out of our JSON; absent ones as the library spells them. */
function rowOfJson(json: unknown): Row {
  const type = at(json, "type");
  const flow = type === "FF" || type === "NF";
  const paths = [at(json, "file", "path"), at(json, "file", "newpath")];
  return [
    type,
    nanoseconds(at(json, "ts")),
    nanoseconds(at(json, "endTs")),
    mask(at(json, "op")),
    at(json, "ret") ?? null,
    [
      at(json, "proc", "pid"),
      at(json, "proc", "exe") ?? "",
      at(json, "proc", "args") ?? "",
      at(json, "proc", "uid") ?? -1,
    ],
    type === "FF" || type === "FE" ? paths.filter((path) => path !== undefined) : [],
    type === "NF" ? ["sip", "sport", "dip", "dport"].map((key) => at(json, "net", key) ?? 0) : null,
    flow ? ["rbytes", "wbytes", "rops", "wops"].map((key) => at(json, "flow", key)) : null,
    at(json, "container", "id") ?? null,
    at(json, "parent", "pid") ?? null,
  ];
}

const files = hasCorpus
  ? ["apache", "cron", "httpd", "tcp", "v1000a-objectstore", "v1000b-nodejs-benign"]
      .map((name) => corpusPath("traces", `${name}.sf`))
      .concat(corpusPath("attacks", "express", "mon.1531776712.sf"))
  : [];

test.skipIf(!hasTools || !hasCorpus).for(files)("the library's rows: %s", (path) => {
  const { records, base } = recordsOf(path);
  const ours = records
    .filter(isBehaviour)
    .filter((record) => record.type !== "KE")
    .map((record) => rowOfJson(recordJson(record, base)));
  const theirs = rowsOfLibrary(path);
  expect(ours.length, basename(path)).toBe(theirs.length);
  const wrong = ours
    .map((row, i) => [row, theirs[i]])
    .filter(([a, b]) => JSON.stringify(a) !== JSON.stringify(b));
  expect(wrong.slice(0, 5)).toEqual([]);
});
