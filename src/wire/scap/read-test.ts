// Reads a whole capture for tests: every input copied, the bytes cut as asked. Not part of the product.

import type { Input } from "../../model/syscall.ts";
import type { ReaderOptions } from "../reader.ts";
import { ScapReader } from "./reader.ts";

export type Reading = { readonly inputs: readonly Input[]; readonly reader: ScapReader };

export function read(
  bytes: Uint8Array,
  chunk: number = bytes.length,
  options: ReaderOptions = {},
): Reading {
  const reader = new ScapReader(options);
  const inputs: Input[] = [];
  const take = (): void => {
    for (let input = reader.next(); input !== undefined; input = reader.next()) {
      inputs.push({ ...input });
    }
  };
  // One buffer for all pieces, as a file's reader has: what is kept of it must have been copied.
  const piece = new Uint8Array(Math.max(1, chunk));
  for (let at = 0; at < bytes.length; at += Math.max(1, chunk)) {
    const part = bytes.subarray(at, at + chunk);
    piece.fill(0xee);
    piece.set(part);
    reader.push(piece.subarray(0, part.length));
    take();
  }
  reader.end();
  take();
  return { inputs, reader };
}

/** The calls of a capture as short text: what a test compares. */
export function calls(reading: Reading): string[] {
  return reading.inputs.flatMap((input) =>
    input.kind === "call"
      ? [
          `${input.name} ${input.ret}${input.fd < 0 ? "" : ` fd=${input.fd}`}` +
            `${input.path === undefined ? "" : ` ${input.path}`}` +
            `${input.newPath === undefined ? "" : ` ${input.newPath}`}` +
            `${input.paired ? "" : " unpaired"}`,
        ]
      : [],
  );
}
