// What the tests of the format share: the recorded files, and reading and writing them in one go.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import type { Record } from "../../src/model/record.ts";
import { ContainerReader } from "../../src/wire/avro/container.ts";
import { SysFlowReader } from "../../src/wire/avro/reader.ts";
import type { WriterOptions } from "../../src/wire/avro/writer.ts";
import { SysFlowWriter } from "../../src/wire/avro/writer.ts";
import { corpusPath, hasCorpus } from "../corpus.ts";

export const inflate = (bytes: Uint8Array): Uint8Array => inflateRawSync(bytes);

/** Every .sf file of the corpus, smallest first. */
export function recordedFiles(): string[] {
  if (!hasCorpus) return [];
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(".sf")) found.push(path);
    }
  };
  walk(corpusPath());
  return found.sort((a, b) => statSync(a).size - statSync(b).size);
}

export type ReadResult = {
  readonly records: Record[];
  readonly diagnostics: readonly Diagnostic[];
  readonly reader: SysFlowReader;
};

export function readAll(bytes: Uint8Array, chunk: number = bytes.length): ReadResult {
  const reader = new SysFlowReader({ inflate });
  const records: Record[] = [];
  const drain = (): void => {
    for (let batch = reader.read(); batch.length > 0; batch = reader.read()) records.push(...batch);
  };
  for (let at = 0; at < bytes.length; at += Math.max(1, chunk)) {
    reader.push(bytes.subarray(at, at + Math.max(1, chunk)));
    drain();
  }
  reader.end();
  drain();
  return { records, diagnostics: reader.diagnostics, reader };
}

export function readFile(path: string): ReadResult {
  return readAll(readFileSync(path));
}

export function writeAll(
  records: readonly Record[],
  schema: 5 | 6,
  options: Partial<WriterOptions> = {},
): { bytes: Uint8Array; writer: SysFlowWriter } {
  const writer = new SysFlowWriter({
    schema,
    codec: "deflate",
    deflate: (bytes) => deflateRawSync(bytes),
    ...options,
  });
  writer.write(records);
  writer.end();
  return { bytes: Buffer.concat(writer.take()), writer };
}

/** The blocks' unpacked bytes, joined, and the number of datums: what a file says without its container. */
export function datums(bytes: Uint8Array): { bytes: Buffer; count: number } {
  const container = new ContainerReader();
  container.push(bytes);
  container.end();
  const blocks: Uint8Array[] = [];
  let count = 0;
  for (let part = container.next(); part !== undefined; part = container.next()) {
    if (part.kind === "header") continue;
    if (part.kind !== "block") throw new Error(`unexpected ${part.kind}`);
    blocks.push(inflate(part.bytes));
    count += part.count;
  }
  return { bytes: Buffer.concat(blocks), count };
}
