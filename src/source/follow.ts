// The bytes of something that grows: standard input, a named pipe, or a file that is still written. Unlike source/file.ts it never
// blocks the program while it waits, and it ends when it is told to. What the bytes mean is none of this file's business.

import { type Stats, closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { standardInput } from "./file.ts";

const chunkBytes = 1 << 17;
/** How often a file is looked at that has no more bytes yet. */
const lookMs = 25;

/**
 * Bytes as they come; ends at the end of a stream, when a file was renamed or removed and has been read to its end (its writer is
 * done with it), and soon after `stop` is aborted. A yielded array is valid until the next one is asked for. Errors of the file
 * system are thrown.
 */
export async function* followBytes(
  path: string,
  counters: { bytes: number },
  stop: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const chunks =
    path === standardInput
      ? streamed(process.stdin, stop)
      : statSync(path).isFIFO()
        ? fromPipe(path, stop)
        : fromFile(path, stop);
  for await (const chunk of chunks) {
    counters.bytes += chunk.length;
    yield chunk;
  }
}

async function* fromFile(path: string, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    const own = fstatSync(file);
    const buffer = new Uint8Array(chunkBytes);
    for (;;) {
      // Looked at before the read: what was written before the file was closed is read.
      const left = !isSame(own, path) || stop.aborted;
      const length = readSync(file, buffer, 0, chunkBytes, null);
      if (length > 0) yield buffer.subarray(0, length);
      if (stop.aborted || (length === 0 && left)) return;
      // A turn for signals and timers, also while there is always more.
      await pause(length === 0 ? lookMs : 0, stop);
    }
  } finally {
    closeSync(file);
  }
}

function isSame(own: Stats, path: string): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino === own.ino && now.dev === own.dev;
}

/** Opening a named pipe waits for its writer; so that the wait can be ended, we are that writer then. */
async function* fromPipe(path: string, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  if (stop.aborted) return;
  let waking: NodeJS.Timeout | undefined;
  const wake = (): void => {
    // The open may not have begun yet: again, until it ends.
    waking = setInterval(() => openForWriting(path), lookMs);
  };
  stop.addEventListener("abort", wake, { once: true });
  const handle = await open(path, "r");
  stop.removeEventListener("abort", wake);
  clearInterval(waking);
  try {
    if (stop.aborted) return;
    const socket = new Socket({ fd: handle.fd, readable: true, writable: false });
    yield* streamed(socket, stop);
  } finally {
    // The socket has closed it, where there was one.
    await handle.close().catch(() => undefined);
  }
}

/** Wakes whoever waits for a writer. */
function openForWriting(path: string): void {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch {
    // Nobody waits.
  }
}

async function* streamed(stream: Readable, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  const end = (): void => void stream.destroy();
  if (stop.aborted) return end();
  stop.addEventListener("abort", end, { once: true });
  try {
    for await (const chunk of stream) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    // We ended it ourselves.
    if (!stop.aborted) throw error;
  } finally {
    stop.removeEventListener("abort", end);
  }
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.addEventListener("abort", done, { once: true });
  });
}
