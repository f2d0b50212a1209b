// Files that are known to the output: what was written, and what may be forgotten.

import type { File } from "../model/entity.ts";

export type FileEntry = {
  readonly containerId: string;
  file: File;
  written: boolean;
  /** Still in the cache: what left it must be written again before it is used. */
  cached: boolean;
};

/** Files by container and path. Two steps, so that no key is put together for each lookup. */
export class FileGeneration {
  readonly #places = new Map<string, Map<string, FileEntry>>();
  #lastPlace: string | undefined;
  #lastFiles: Map<string, FileEntry> | undefined;
  size = 0;

  #filesOf(place: string): Map<string, FileEntry> | undefined {
    if (place === this.#lastPlace) return this.#lastFiles;
    this.#lastPlace = place;
    this.#lastFiles = this.#places.get(place);
    return this.#lastFiles;
  }

  get(place: string, path: string): FileEntry | undefined {
    return this.#filesOf(place)?.get(path);
  }

  set(entry: FileEntry): void {
    let files = this.#filesOf(entry.containerId);
    if (files === undefined) {
      files = new Map();
      this.#places.set(entry.containerId, files);
      this.#lastFiles = files;
    }
    files.set(entry.file.path, entry);
    this.size += 1;
  }

  delete(entry: FileEntry): void {
    if (this.#filesOf(entry.containerId)?.delete(entry.file.path) === true) this.size -= 1;
  }

  /** What is forgotten must be written again before it is used again. */
  retire(): void {
    for (const files of this.#places.values()) {
      for (const entry of files.values()) {
        entry.cached = false;
        entry.written = false;
      }
    }
  }
}
