// Entities for tests, of which a test says only what matters to it.

import type { File, Host, Process } from "./entity.ts";

export const sampleHost: Host = { id: "host" };

/** A process of which nothing is known but that it exists; its own identity's current version. */
export function sampleProcess(fields: Partial<Process> = {}): Process {
  const identity = {} as { current: Process };
  identity.current = {
    identity,
    host: sampleHost,
    pid: 100,
    createdNs: undefined,
    parent: undefined,
    previous: undefined,
    known: true,
    state: "REUP",
    ts: 0,
    exe: undefined,
    args: undefined,
    uid: undefined,
    user: undefined,
    gid: undefined,
    group: undefined,
    tty: false,
    entry: false,
    container: undefined,
    cwd: undefined,
    env: [],
    argv: undefined,
    comm: undefined,
    session: undefined,
    processGroup: undefined,
    loginUid: undefined,
    capabilities: undefined,
    exeInode: undefined,
    exeUpperLayer: undefined,
    networkNamespace: undefined,
    ...fields,
  };
  return identity.current;
}

export function sampleFile(path: string, fields: Partial<File> = {}): File {
  return {
    host: sampleHost,
    state: "REUP",
    ts: 0,
    type: "f",
    path,
    container: undefined,
    ...fields,
  };
}
