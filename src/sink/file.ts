// A file that is replaced only when its successor is complete: written beside, synced, renamed.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export class FileSink {
  readonly path: string;
  readonly #temporary: string;
  readonly #direct: boolean;
  #file: number | undefined;

  /** Throws the file system's error when the place cannot be written. */
  constructor(path: string) {
    this.path = path;
    // Renaming over a device or a pipe would replace it; those are written in place.
    this.#direct = isSpecial(path);
    this.#temporary = this.#direct
      ? path
      : join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    this.#file = openSync(this.#temporary, this.#direct ? "w" : "wx");
  }

  write(bytes: Uint8Array): void {
    if (this.#file === undefined) throw new Error(`${this.path} is closed`);
    let at = 0;
    while (at < bytes.length) at += writeSync(this.#file, bytes, at);
  }

  /** Makes the new content durable, then puts it in the old one's place. */
  commit(): void {
    if (this.#file === undefined) return;
    if (!this.#direct) fsyncSync(this.#file);
    closeSync(this.#file);
    this.#file = undefined;
    if (this.#direct) return;
    renameSync(this.#temporary, this.path);
    syncFolder(dirname(this.path));
  }

  /** Drops what was written; the old file stays as it was. */
  abandon(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    if (!this.#direct) rmSync(this.#temporary, { force: true });
  }
}

function isSpecial(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
