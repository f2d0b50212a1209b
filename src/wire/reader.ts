// The two shapes of a wire format: some yield system calls, some yield records. wire/index.ts is the table of them.

import type { Diagnostic } from "../model/diagnostic.ts";
import type { Record } from "../model/record.ts";
import type { TimeBase } from "../model/time.ts";
import type { InputCounters, SyscallReader } from "../model/syscall.ts";

/**
 * A pure, push-fed reader of records: `push` bytes, take what `read` returns. It never throws; everything before a damage is
 * returned, then a diagnostic with the offset, then what follows the next sync marker.
 */
export type RecordReader = {
  push(bytes: Uint8Array): void;
  end(): void;
  /** The records complete so far, in file order; empty when more bytes are needed. */
  read(): Record[];
  readonly base: TimeBase | undefined;
  readonly counters: InputCounters;
  readonly diagnostics: readonly Diagnostic[];
  readonly diagnosticsDropped: number;
};

/** Decompresses one raw DEFLATE stream; throws on damage. Node passes zlib's, the browser uses fflate's. */
export type Inflate = (bytes: Uint8Array) => Uint8Array;
/** Compresses one block as a raw DEFLATE stream; told which block of the file it is, from 0. */
export type Deflate = (bytes: Uint8Array, block: number) => Uint8Array;

export type ReaderOptions = {
  /** Time 0 of the run; without it the reader takes the first timestamp it sees, floored to the second. */
  readonly base?: TimeBase | undefined;
  readonly inflate?: Inflate | undefined;
  /** Named in diagnostics. */
  readonly path?: string | undefined;
};

export type WireFormat = {
  readonly name: string;
  readonly doc: string;
  /** True when the first bytes (at least 4 KiB, or the whole input) are of this format. */
  readonly sniff: (head: Uint8Array) => boolean;
  readonly open: (
    options: ReaderOptions,
  ) =>
    | { readonly kind: "syscalls"; readonly reader: SyscallReader }
    | { readonly kind: "records"; readonly reader: RecordReader };
};
