// An open flow's present slice as a record. A slice in which nothing happened is not written.

import { Op } from "../model/opflag.ts";
import type { TimeNs } from "../model/time.ts";
import type { Flow } from "./flow.ts";
import type { Output } from "./output.ts";

/** The original's record: one thread, one descriptor. */
export function writeFlow(output: Output, flow: Flow, endTs: TimeNs): void {
  const { ops, owner, file, net, tid, fd, ts, rops, wops, rbytes, wbytes } = flow;
  const proc = owner.version;
  if (ops === 0 || ops === Op.TRUNCATE || proc === undefined) return;
  if (net !== undefined) {
    output.push({ type: "NF", proc, ts, endTs, tid, ops, net, fd, rops, wops, rbytes, wbytes });
    return;
  }
  if (file === undefined) return;
  output.entities.introduceFile(file);
  const { openFlags } = flow;
  output.push({
    type: "FF",
    proc,
    ts,
    endTs,
    tid,
    ops,
    file: file.file,
    fd,
    openFlags,
    rops,
    wops,
    rbytes,
    wbytes,
  });
}
