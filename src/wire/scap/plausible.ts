// Whether a block may begin at a place: how reading goes on behind damage, and how a block is checked before it is believed.

import { limits } from "../../model/limits.ts";
import {
  type BlockKind,
  blockKind,
  eventHeaderBytes,
  framing,
  sectionHeader,
  sectionMagic,
} from "./blocks.ts";
import { eventTypesMax } from "./events.ts";
import type { ByteWindow } from "./window.ts";

/** Bytes that tell whether an event block is consistent: type, length, cpu, flags, header. */
export const eventHeadBytes = 36;
const blockBytesBehindDamage = 1 << 20;

/** Why the block's length cannot be right; undefined when it can. */
export function lengthTrouble(kind: BlockKind | undefined, length: number): string | undefined {
  if (length < framing) return `a block of ${length} bytes; ${framing} are the least`;
  if (length > limits.blockBytes.max) {
    return `a block of ${length} bytes; ${limits.blockBytes.max} are the most`;
  }
  if (kind?.kind !== "event") return undefined;
  const least = kind.headerAt + eventHeaderBytes(kind.version) + 4;
  return length < least ? `an event block of ${length} bytes; ${least} are the least` : undefined;
}

/** Whether the event's own length fits its block: up to three bytes of padding may follow. */
export function isConsistentEvent(
  view: DataView,
  at: number,
  kind: BlockKind,
  length: number,
): boolean {
  const own = view.getUint32(at + kind.headerAt + 16, true);
  const padding = length - 4 - kind.headerAt - own;
  return padding >= 0 && padding < 4 && own >= eventHeaderBytes(kind.version);
}

/** Whether a block begins `ahead` bytes behind window.at; undefined: more bytes must come to tell. */
export function isPlausible(
  window: ByteWindow,
  ahead: number,
  ended: boolean,
): boolean | undefined {
  if (!window.fill(ahead + 8)) return ended ? false : undefined;
  const type = window.view.getUint32(window.at + ahead, true);
  const kind = blockKind(type);
  if (kind === undefined) return false;
  const length = window.view.getUint32(window.at + ahead + 4, true);
  if (length > blockBytesBehindDamage || lengthTrouble(kind, length) !== undefined) return false;
  if (kind.kind === "event") {
    if (!window.fill(ahead + eventHeadBytes)) return ended ? false : undefined;
    const at = window.at + ahead;
    if (!isConsistentEvent(window.view, at, kind, length)) return false;
    return window.view.getUint16(at + kind.headerAt + 20, true) < eventTypesMax;
  }
  if (!window.fill(ahead + length)) return ended ? false : undefined;
  const at = window.at + ahead;
  if (type === sectionHeader && window.view.getUint32(at + 8, true) !== sectionMagic) return false;
  return window.view.getUint32(at + length - 4, true) === length;
}
