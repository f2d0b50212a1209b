// The row of the table of wire formats for captures. Compression is undone before the bytes come here.

import type { WireFormat } from "../reader.ts";
import { blockKind, sectionHeader, sectionMagic, sectionMagicSwapped } from "./blocks.ts";
import { ScapReader } from "./reader.ts";

export const scapFormat: WireFormat = {
  name: "scap",
  doc: "captures of sysdig, Falco and the SysFlow collector (.scap)",
  sniff: isScap,
  open: (options) => ({ kind: "syscalls", reader: new ScapReader(options) }),
};

// pcapng begins with the same block type and the same magic: the block behind the section header tells them apart.
function isScap(head: Uint8Array): boolean {
  if (head.length < 12) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(0, true) !== sectionHeader) return false;
  const magic = view.getUint32(8, true);
  if (magic === sectionMagicSwapped) return view.getUint32(4, false) === 28;
  if (magic !== sectionMagic) return false;
  const length = view.getUint32(4, true);
  if (length < 12 || length + 4 > head.length) return true;
  return blockKind(view.getUint32(length, true)) !== undefined;
}
