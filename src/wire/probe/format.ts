// The row of the table of wire formats for streams of the probe that were kept in a file, as tests keep them.

import { probeFrame, probeMessages } from "../../model/probe.ts";
import type { WireFormat } from "../reader.ts";
import { probeMagic } from "./hello.ts";
import { helloAt } from "./layout.ts";
import { ProbeReader } from "./reader.ts";

export const probeFormat: WireFormat = {
  name: "probe",
  doc: "the stream of SysFlow's own kernel probe, as it came over its socket",
  sniff: isProbe,
  open: (options) => ({ kind: "syscalls", reader: new ProbeReader(options) }),
};

function isProbe(head: Uint8Array): boolean {
  const magicAt = probeFrame.size + helloAt.magic;
  if (head.length < magicAt + 8) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return (
    view.getUint16(probeFrame.size, true) === probeMessages.hello.type &&
    view.getUint32(magicAt, true) === probeMagic[0] &&
    view.getUint32(magicAt + 4, true) === probeMagic[1]
  );
}
