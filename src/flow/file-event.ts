// Calls that change names in the file system, as events. Written for success and failure alike; the path is the call's, made
// absolute by text. Format spec §3.6.

import type { ObjectState } from "../model/entity.ts";
import { Op } from "../model/opflag.ts";
import { Family, type Syscall, atFdcwd } from "../model/syscall.ts";
import type { FileEntry } from "./file-entry.ts";
import type { Output } from "./output.ts";

export class FileEvents {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  handle(call: Syscall): void {
    switch (call.family) {
      case Family.mkdir:
        return this.#single(call, Op.MKDIR, "d");
      case Family.rmdir:
        return this.#single(call, Op.RMDIR, "d");
      case Family.unlink:
        return this.#single(call, Op.UNLINK, "?");
      case Family.link:
        return this.#pair(call, Op.LINK);
      case Family.rename:
        return this.#pair(call, Op.RENAME);
      case Family.symlink:
        return this.#pair(call, Op.SYMLINK);
      default:
        return;
    }
  }

  #single(call: Syscall, ops: number, type: string): void {
    const path = this.#absolute(call.dirfd, call.path);
    if (path === undefined) return this.#output.drop("no path");
    this.#push(call, ops, this.#file(path, type, "CREATED", call), undefined);
  }

  #pair(call: Syscall, ops: number): void {
    // A symbolic link's target is text, meant from where the link lies: only the original resolves it against the directory.
    const isSymlink = ops === Op.SYMLINK;
    const asGiven = isSymlink && (!this.#output.state.quirks || call.name === "symlinkat");
    const path = asGiven ? call.path : this.#absolute(isSymlink ? atFdcwd : call.dirfd, call.path);
    const newPath = this.#absolute(call.newDirfd, call.newPath);
    if (path === undefined || newPath === undefined) return this.#output.drop("no path");
    const file = this.#file(path, "?", "REUP", call);
    // Another name of the same file; the original does not say so.
    const same = !isSymlink && !this.#output.state.quirks;
    const type = same ? file.file.type : isSymlink && !this.#output.state.quirks ? "l" : "?";
    this.#push(call, ops, file, this.#file(newPath, type, "CREATED", call));
  }

  #absolute(dirfd: number, path: string | undefined): string | undefined {
    if (path === undefined || path === "<NA>") return undefined;
    const { state } = this.#output;
    // Where the directory is not known the text is kept as it is.
    if (!path.startsWith("/") && state.directory(dirfd) === "") return path;
    return state.resolve(dirfd, path);
  }

  #file(path: string, type: string, state: ObjectState, call: Syscall): FileEntry {
    const { entities } = this.#output;
    const { containerId } = this.#output.state.thread;
    const file = entities.file(containerId, path, type, state, call.ts);
    entities.introduceFile(file);
    return file;
  }

  #push(call: Syscall, ops: number, file: FileEntry, newFile: FileEntry | undefined): void {
    const { entities, state } = this.#output;
    const proc = entities.ownerOf(state.leader).version;
    if (proc === undefined) return;
    this.#output.push({
      type: "FE",
      proc,
      ts: call.ts,
      tid: call.tid,
      ops,
      file: file.file,
      newFile: newFile?.file,
      ret: call.ret | 0,
    });
  }
}
