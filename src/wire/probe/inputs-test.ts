// Runs streams of the probe through its reader, for tests: cursors are copied, so that they can be kept.

import type { Input } from "../../model/syscall.ts";
import { ProbeReader, type ProbeReaderOptions } from "./reader.ts";

function copyOf(input: Input): Input {
  return { ...input };
}

/** Everything that a reader says of bytes in pieces of the given sizes, which are used round and round. */
export function readInputs(
  bytes: Uint8Array,
  sizes: readonly number[] = [bytes.length],
  options: ProbeReaderOptions = {},
): { readonly inputs: Input[]; readonly reader: ProbeReader } {
  const reader = new ProbeReader(options);
  const inputs: Input[] = [];
  const take = (): void => {
    for (let input = reader.next(); input !== undefined; input = reader.next()) {
      inputs.push(copyOf(input));
    }
  };
  // One buffer for all pieces, as the source has it: what was pushed is overwritten by what is pushed next.
  const buffer = new Uint8Array(Math.max(1, ...sizes));
  let turn = 0;
  for (let at = 0; at < bytes.length;) {
    const size = Math.max(1, sizes[turn++ % sizes.length] ?? 1);
    const piece = bytes.subarray(at, at + size);
    buffer.fill(0xaa);
    buffer.set(piece);
    reader.push(buffer.subarray(0, piece.length));
    take();
    at += size;
  }
  buffer.fill(0xaa);
  reader.end();
  take();
  return { inputs, reader };
}
