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
import type { ByteFeed } from "./feed.ts";

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

/** Whether a block begins `ahead` bytes behind feed.at; undefined: more bytes must come to tell. */
export function isPlausible(feed: ByteFeed, ahead: number, ended: boolean): boolean | undefined {
  if (!feed.fill(ahead + 8)) return ended ? false : undefined;
  const type = feed.view.getUint32(feed.at + ahead, true);
  const kind = blockKind(type);
  if (kind === undefined) return false;
  const length = feed.view.getUint32(feed.at + ahead + 4, true);
  if (length > blockBytesBehindDamage || lengthTrouble(kind, length) !== undefined) return false;
  if (kind.kind === "event") {
    if (!feed.fill(ahead + eventHeadBytes)) return ended ? false : undefined;
    const at = feed.at + ahead;
    if (!isConsistentEvent(feed.view, at, kind, length)) return false;
    return feed.view.getUint16(at + kind.headerAt + 20, true) < eventTypesMax;
  }
  if (!feed.fill(ahead + length)) return ended ? false : undefined;
  const at = feed.at + ahead;
  if (type === sectionHeader && feed.view.getUint32(at + 8, true) !== sectionMagic) return false;
  return feed.view.getUint32(at + length - 4, true) === length;
}
