// The table of wire formats: what can be read, told apart by content.

import type { WireFormat } from "./reader.ts";
import { auditFormat } from "./audit/format.ts";
import { sysflowFormat } from "./avro/format.ts";
import { probeFormat } from "./probe/format.ts";
import { scapFormat } from "./scap/format.ts";
import { straceFormat } from "./strace/format.ts";

/** In the order in which they are tried. */
export const wireFormats: readonly WireFormat[] = [
  sysflowFormat,
  scapFormat,
  probeFormat,
  straceFormat,
  auditFormat,
];

export function sniffFormat(head: Uint8Array): WireFormat | undefined {
  return wireFormats.find((format) => format.sniff(head));
}

/** RFC 1952: whatever is inside is looked at after it is unpacked. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;
}
