// Through the whole product: what `sysflow record` writes adds up to what the recorded program counted itself.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { needsBuild, sysflow } from "../e2e/sysflow.ts";
import { canProbe, probeBinary, program } from "./machine.ts";
import { type Sums, type Truth, print, readTruth, withFailures } from "./truth.ts";

const folder = canProbe ? mkdtempSync(join(tmpdir(), "sysflow-product-")) : "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));
needsBuild();

type Row = {
  readonly type: string;
  readonly proc?: { readonly pid: number };
  readonly file?: { readonly path: string; readonly inode?: number };
  readonly net?: { readonly sport?: number; readonly dport?: number };
  readonly flow?: Sums;
};

function addTo(table: Map<string, Sums>, key: string, sums: Sums): void {
  const entry = table.get(key) ?? { rops: 0, wops: 0, rbytes: 0, wbytes: 0 };
  table.set(key, entry);
  entry.rops += sums.rops;
  entry.wops += sums.wops;
  entry.rbytes += sums.rbytes;
  entry.wbytes += sums.wbytes;
}

function ports(a: number, b: number): string {
  return `ports ${Math.min(a, b)}:${Math.max(a, b)}`;
}

/** Files have names that others had before them: the files of a process are one sum. Pipes, sockets and connections are told apart. */
function fromTruth(truth: Truth): Map<string, Sums> {
  const table = new Map<string, Sums>();
  for (const count of truth.counts) {
    const object = truth.objects[count.of];
    if (object === undefined || object.kind === "event" || object.kind === "memory") continue;
    const { kind, inode, local, remote } = object;
    const words = { file: "files", pipe: `pipe:[${inode}]`, unix: `socket:[${inode}]` };
    const word = kind in words ? words[kind as "file"] : ports(local, remote);
    addTo(table, `${count.pid} ${word}`, withFailures(count));
  }
  return table;
}

function fromFile(path: string, truth: Truth): Map<string, Sums> {
  const printed = sysflow(["print", path, "--json"]);
  expect(printed.status).toBe(0);
  const table = new Map<string, Sums>();
  for (const line of printed.out.split("\n")) {
    if (line === "") continue;
    const row: Row = JSON.parse(line);
    if (row.flow === undefined || row.proc === undefined) continue;
    const { pid } = row.proc;
    const { net, file } = row;
    if (net !== undefined)
      addTo(table, `${pid} ${ports(net.sport ?? 0, net.dport ?? 0)}`, row.flow);
    else if (file === undefined) continue;
    else if (/^(pipe|socket):/.test(file.path)) addTo(table, `${pid} ${file.path}`, row.flow);
    else if (file.path.startsWith(`${truth.folder}/`)) addTo(table, `${pid} files`, row.flow);
  }
  return table;
}

describe.skipIf(!canProbe)("sysflow record", () => {
  for (const seed of [3, 201]) {
    test(`seed ${seed}: the file's totals are the program's own`, () => {
      const log = join(folder, `log${seed}`);
      const out = join(folder, `run${seed}.sf`);
      const juggle = [program("fd-juggle"), String(seed), "800", log];
      const ran = sysflow(["record", "--probe", probeBinary, "-o", out, "--", ...juggle]);
      expect({ status: ran.status, err: ran.err }).toMatchObject({ status: 0 });
      const truth = readTruth(log);
      const own = fromTruth(truth);
      const told = fromFile(out, truth);
      const pids = new Set(truth.processes.map((row) => row.process));
      const any = (sums: Sums | undefined): boolean =>
        sums !== undefined && sums.rops + sums.wops > 0;
      const wrong: string[] = [];
      for (const key of new Set([...own.keys(), ...told.keys()])) {
        const [a, b] = [own.get(key), told.get(key)];
        if ((!any(a) && !any(b)) || !pids.has(Number(key.split(" ")[0]))) continue;
        if (print(a) !== print(b)) wrong.push(`${key}: truth ${print(a)}; recorded ${print(b)}`);
      }
      expect(wrong).toEqual([]);
      expect(own.size).toBeGreaterThan(20);
    });
  }
});
