// Records for the encoders' tests, made by hand.

import type { File, Process } from "../model/entity.ts";
import { Op } from "../model/opflag.ts";
import type { FileFlow } from "../model/record.ts";

export type SampleSettings = {
  readonly args?: string;
  readonly exe?: string;
  readonly path?: string;
};

export function sampleProcess(pid: number, more: Partial<Process>): Process {
  const process: Process = {
    identity: {
      get current() {
        return process;
      },
    },
    host: { id: "host" },
    pid,
    createdNs: undefined,
    parent: undefined,
    previous: undefined,
    known: true,
    state: "REUP",
    ts: 0,
    exe: `/usr/bin/p${pid}`,
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
    ...more,
  };
  return process;
}

export function sampleFile(path: string): File {
  return {
    host: { id: "host" },
    state: "REUP",
    ts: 0,
    type: "f",
    path,
    container: undefined,
  };
}

export function sampleFlow({ args, exe, path }: SampleSettings): FileFlow {
  return {
    type: "FF",
    proc: sampleProcess(42, { exe: exe ?? "/bin/cat", args, uid: 0, user: "root" }),
    file: sampleFile(path ?? "/etc/hosts"),
    ts: 1_000_000,
    endTs: 2_000_000,
    tid: 42,
    fd: 3,
    ops: Op.OPEN + Op.READ,
    openFlags: 1,
    rops: 1,
    wops: 0,
    rbytes: 12,
    wbytes: 0,
  };
}
