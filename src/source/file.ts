// Files, folders, globs and standard input as sources of bytes. What the bytes mean is none of this file's business.

import { closeSync, existsSync, openSync, readSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createGunzip, constants as zlib } from "node:zlib";
import { Readable } from "node:stream";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { isGzip } from "../wire/index.ts";

const chunkBytes = 1 << 17;
/** 64 MB, a fifth of a second: soon enough for Ctrl-C; more turns make the collector lazy and the heap larger. */
const chunksPerTurn = 512;

/** The name that stands for standard input. */
export const standardInput = "-";

export type Found = {
  readonly paths: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
};

/** Expands folders (recursively, in name order) and globs; what does not exist is a diagnostic. */
export async function findInputs(names: readonly string[]): Promise<Found> {
  const paths: string[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const name of names) {
    if (name === standardInput) paths.push(name);
    else if (existsSync(name)) {
      const found = statSync(name).isDirectory() ? filesBelow(name) : [name];
      if (found.length === 0) {
        diagnostics.push(
          diagnostic("SF1003", `no recording in the folder ${name}`, { path: name }),
        );
      }
      paths.push(...found);
    } else if (/[*?[\]{}]/.test(name)) {
      const { glob } = await import("tinyglobby");
      const found = (await glob(name, { dot: false, onlyFiles: true })).sort();
      if (found.length === 0) {
        diagnostics.push(diagnostic("SF1002", `nothing matches ${name}`, { path: name }));
      }
      paths.push(...found);
    } else diagnostics.push(diagnostic("SF1002", `${name} does not exist`, { path: name }));
  }
  return { paths, diagnostics };
}

function filesBelow(folder: string): string[] {
  const files: string[] = [];
  const entries = readdirSync(folder, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory()) files.push(...filesBelow(path));
    else if (entry.isFile()) files.push(path);
  }
  return files;
}

/**
 * The bytes of a file, gunzipped where they are gzip. A yielded array is valid until the next one is asked for. Errors of the
 * file system and of gzip are thrown as Error with a `cause`; what was read before them has been yielded.
 */
export async function* readBytes(
  path: string,
  counters: { bytes: number },
): AsyncGenerator<Uint8Array> {
  const chunks = readPlain(path, counters);
  const first = await chunks.next();
  if (first.done === true) return;
  if (!isGzip(first.value)) {
    yield first.value;
    yield* chunks;
    return;
  }
  yield* gunzip(prepend(first.value.slice(), chunks));
}

async function* prepend(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  // The stream below holds on to chunks, so each needs bytes of its own.
  for await (const chunk of rest) yield chunk.slice();
}

async function* gunzip(compressed: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  // With a sync flush at the end, a truncated file yields all that can be unpacked.
  const unpacked = createGunzip({ finishFlush: zlib.Z_SYNC_FLUSH, chunkSize: chunkBytes });
  const packed = Readable.from(compressed);
  packed.on("error", (error) => unpacked.destroy(error));
  packed.pipe(unpacked);
  for await (const chunk of unpacked) if (chunk instanceof Uint8Array) yield chunk;
}

async function* readPlain(path: string, counters: { bytes: number }): AsyncGenerator<Uint8Array> {
  if (path === standardInput) {
    for await (const chunk of process.stdin) {
      if (!(chunk instanceof Uint8Array)) continue;
      counters.bytes += chunk.length;
      yield chunk;
    }
    return;
  }
  const file = openSync(path, "r");
  try {
    const buffer = new Uint8Array(chunkBytes);
    let chunks = 0;
    for (;;) {
      const length = readSync(file, buffer, 0, chunkBytes, null);
      if (length === 0) return;
      counters.bytes += length;
      yield buffer.subarray(0, length);
      // Reads that never wait would leave no turn to signals and timers.
      if (++chunks % chunksPerTurn === 0) await setImmediate();
    }
  } finally {
    closeSync(file);
  }
}
