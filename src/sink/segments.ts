// A recording on disk while it grows: NAME.open while it is written, NAME when it is complete, so that what is cut off by a crash is
// there to be read. In a folder, segments named EXPORTER.EPOCHSECONDS.sf follow each other.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const openSuffix = ".open";

/** One file, written in place of nothing: while it grows it has another name. */
export class Segment {
  readonly path: string;
  #file: number | undefined;

  /** Throws the file system's error where it cannot be written, or where an unfinished one of that name lies. */
  constructor(path: string) {
    this.path = path;
    this.#file = openSync(this.openPath, "wx");
  }

  get openPath(): string {
    return `${this.path}${openSuffix}`;
  }

  get name(): string {
    return basename(this.path);
  }

  /** All of it, or the file system's error. */
  write(bytes: Uint8Array): void {
    if (this.#file === undefined) throw new Error(`${this.path} is closed`);
    let at = 0;
    while (at < bytes.length) at += writeSync(this.#file, bytes, at);
  }

  /** Makes it durable and gives it its name, in place of an older file. */
  commit(): void {
    if (this.#file === undefined) return;
    fsyncSync(this.#file);
    closeSync(this.#file);
    this.#file = undefined;
    renameSync(this.openPath, this.path);
    const folder = openSync(dirname(this.path), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  /** Nothing was recorded: nothing is left. */
  abandon(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.openPath, { force: true });
  }
}

/** The next segment of a folder; two in one second get names a second apart. */
export function nextSegment(folder: string, exporter: string, epochSeconds: number): Segment {
  mkdirSync(folder, { recursive: true });
  const stem = fileNameOf(exporter);
  for (let seconds = Math.floor(epochSeconds); ; seconds++) {
    const path = join(folder, `${stem}.${seconds}.sf`);
    if (!existsSync(path) && !existsSync(`${path}${openSuffix}`)) return new Segment(path);
  }
}

/** What a file may be called: no folders, nothing hidden, nothing too long. */
export function fileNameOf(text: string): string {
  const clean = Array.from(text, (letter) => (/[\w.@+:-]/u.test(letter) ? letter : "_")).join("");
  const shown = clean.replace(/^\.+/, "").slice(0, 100);
  return shown === "" ? "sysflow" : shown;
}
