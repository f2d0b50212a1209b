// Records for the encoders' tests, made by hand.

import { Op } from "../model/opflag.ts";
import type { FileFlow } from "../model/record.ts";
import { sampleFile, sampleProcess } from "../model/sample-test.ts";

export type SampleSettings = {
  readonly args?: string;
  readonly exe?: string;
  readonly path?: string;
};

export function sampleFlow({ args, exe, path }: SampleSettings): FileFlow {
  return {
    type: "FF",
    proc: sampleProcess({ pid: 42, exe: exe ?? "/bin/cat", args, uid: 0, user: "root" }),
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
