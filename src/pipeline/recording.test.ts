// A reader hands out its records in bounded portions: all of them must arrive, also those that are left when the bytes end.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Host } from "../model/entity.ts";
import type { Record } from "../model/record.ts";
import { SysFlowWriter } from "../wire/avro/writer.ts";
import { openRecording } from "./recording.ts";

test("a small file with very many records is read to its end", async () => {
  const count = 200_000;
  const host: Host = { id: "host" };
  const writer = new SysFlowWriter({
    schema: 6,
    codec: "deflate",
    deflate: (bytes) => deflateRawSync(bytes),
  });
  writer.write([{ type: "H", host, version: 6, filename: undefined, base: 0n }]);
  const gap: Record = {
    type: "G",
    host,
    ts: 1,
    endTs: 2,
    reason: "dropped",
    lost: 1,
    unit: "events",
    where: undefined,
  };
  for (let i = 0; i < count; i++) writer.write([gap]);
  writer.end();
  const folder = mkdtempSync(join(tmpdir(), "sysflow-recording-"));
  try {
    const path = join(folder, "many.sf");
    writeFileSync(path, Buffer.concat(writer.take()));
    const recording = openRecording([path], { report: (item) => expect(item).toBeUndefined() });
    let seen = 0;
    for await (const batch of recording.batches()) seen += batch.records.length;
    expect(seen).toBe(count + 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
