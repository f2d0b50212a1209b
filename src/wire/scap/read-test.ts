// Reads a whole capture for tests: every input copied, the bytes cut as asked. Not part of the product.

import { expect } from "vitest";
import type { Input, Syscall } from "../../model/syscall.ts";
import type { ReaderOptions } from "../reader.ts";
import { ScapReader } from "./reader.ts";
import * as w from "./write-test.ts";

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

const start = 1_700_000_000_000_000_000n;

/** Events of thread 42, a nanosecond apart, and what comes of them but the passing of time. */
export function run(...events: readonly (readonly [number, ...Uint8Array[]])[]): Input[] {
  const blocks = events.map(([type, ...parameters], i) =>
    w.event(start + BigInt(i), 42, type, parameters),
  );
  const reading = read(w.join([w.section(), ...blocks]));
  expect(reading.reader.diagnostics).toEqual([]);
  return reading.inputs.filter((input) => input.kind !== "time");
}

/** The one call that comes of the events. */
export function one(...events: readonly (readonly [number, ...Uint8Array[]])[]): Syscall {
  const found = run(...events);
  expect(found).toHaveLength(1);
  const call = found[0];
  if (call?.kind !== "call") throw new Error("no call was delivered");
  return call;
}
