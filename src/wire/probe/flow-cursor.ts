// The cursor that the two decoders of flows fill again and again, and which of their words count.

import { wide } from "../../base/wide.ts";
import { type FlowInput, FlowWhy } from "../../model/flow-input.ts";
import { noFd } from "../../model/syscall.ts";

/** Which messages count where the probe sends both: totals, single operations; undefined: both, each healing the other. */
export type Witness = "totals" | "operations" | undefined;

/** Times further from the base than this are not exact: no message has them. */
export const timeMax = 2 ** 53;

export function emptyFlow(): FlowInput {
  return {
    kind: "flow",
    ts: wide,
    pid: 0,
    tid: 0,
    start: wide,
    run: 0,
    idHigh: 0,
    idLow: 0,
    why: FlowWhy.operation,
    standing: "open",
    first: wide,
    last: wide,
    ops: 0,
    opens: 0,
    openFlags: 0,
    rops: 0,
    wops: 0,
    rbytes: wide,
    wbytes: wide,
    fd: noFd,
    what: "other",
    letter: "?",
    path: "",
    pathKnown: false,
    inode: wide,
    device: wide,
    generation: wide,
    peerInode: wide,
    net: undefined,
    accepted: false,
  };
}
