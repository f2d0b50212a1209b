// What can be read of a machine, always below one root folder, so that a made-up machine is a folder too. Nothing here throws:
// what cannot be read is undefined.

import { accessSync, closeSync, constants, openSync, readSync, readdirSync } from "node:fs";
import { readlinkSync, realpathSync, statSync, statfsSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { shippedProbe } from "../../source/probe-binary.ts";

export type Machine = {
  /** Contents of a file (its first 64 KiB). */
  readonly text: (path: string) => string | undefined;
  readonly exists: (path: string) => boolean;
  readonly names: (path: string) => readonly string[];
  readonly isExecutable: (path: string) => boolean;
  /** This very user may run it. */
  readonly mayRun: (path: string) => boolean;
  /** What a symbolic link says, as it stands there. */
  readonly link: (path: string) => string | undefined;
  /** Bytes that an ordinary user may still write to the root's file system. */
  readonly freeBytes: () => number | undefined;
  /** What is not in files: the running program's own facts. */
  readonly nodeVersion: string;
  readonly arch: string;
  readonly isRoot: boolean;
  /** The probe that came with the program. */
  readonly shippedProbe: string | undefined;
  readonly searchPath: readonly string[];
};

const textMax = 65_536;

export function machineBelow(root: string): Machine {
  const top = attempt(() => realpathSync(resolve(root))) ?? resolve(root);
  // A symbolic link may lead out of the root: what it names is not of this machine.
  const find = (path: string): string | undefined =>
    attempt(() => {
      const real = realpathSync(join(top, path));
      const inside = relative(top, real);
      return inside === ".." || inside.startsWith(`..${sep}`) ? undefined : real;
    });
  return {
    text: (path) => {
      const real = find(path);
      return real === undefined ? undefined : attempt(() => readStart(real));
    },
    exists: (path) => find(path) !== undefined,
    names: (path) => {
      const real = find(path);
      return (real === undefined ? undefined : attempt(() => readdirSync(real))) ?? [];
    },
    isExecutable: (path) => {
      const real = find(path);
      if (real === undefined) return false;
      const stat = attempt(() => statSync(real));
      return stat !== undefined && stat.isFile() && (stat.mode & 0o111) !== 0;
    },
    mayRun: (path) => {
      const real = find(path);
      return real !== undefined && attempt(() => accessSync(real, constants.X_OK) ?? true) === true;
    },
    link: (path) => attempt(() => readlinkSync(join(top, path))),
    freeBytes: () =>
      attempt(() => {
        const stat = statfsSync(top);
        return stat.bavail * stat.bsize;
      }),
    nodeVersion: process.versions.node,
    arch: process.arch,
    isRoot: process.geteuid?.() === 0,
    shippedProbe: shippedProbe(),
    searchPath: (process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(":"),
  };
}

function readStart(path: string): string | undefined {
  // A named pipe would keep us waiting.
  if (!statSync(path).isFile()) return undefined;
  const file = openSync(path, "r");
  try {
    const buffer = new Uint8Array(textMax);
    const length = readSync(file, buffer, 0, textMax, null);
    return new TextDecoder().decode(buffer.subarray(0, length));
  } finally {
    closeSync(file);
  }
}

/** Permissions, races and odd file systems are all the same answer here: it cannot be read. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
