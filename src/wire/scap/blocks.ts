// The blocks of a capture: type numbers, what is in them, and in which version. Reading them is done elsewhere.
// Format: libscap's savefile.

export const sectionHeader = 0x0a0d0d0a;
export const sectionMagic = 0x1a2b3c4d;
export const sectionMagicSwapped = 0x4d3c2b1a;

/** Bytes around a body: type and length before it, the length again behind it. */
export const framing = 12;

export type BlockName =
  | "section"
  | "machine"
  | "processes"
  | "descriptors"
  | "interfaces"
  | "users"
  | "event";

/** One shape for all, so that the block loop stays monomorphic. */
export type BlockKind = {
  readonly kind: BlockName;
  /** Events: 1 leaves the number of parameters to be inferred, 2 says it in the header. */
  readonly version: number;
  /** Events: flags stand in front of the header. */
  readonly flags: boolean;
  /** Events: lengths of some kinds are 32 bits wide. */
  readonly large: boolean;
  /** Events: where the header begins in the block. */
  readonly headerAt: number;
};

function metadata(kind: BlockName, version: number): BlockKind {
  return { kind, version, flags: false, large: false, headerAt: 0 };
}

function event(version: number, flags: boolean, large: boolean): BlockKind {
  return { kind: "event", version, flags, large, headerAt: flags ? 14 : 10 };
}

const table: readonly (readonly [number, BlockKind])[] = [
  [sectionHeader, metadata("section", 1)],
  [0x201, metadata("machine", 1)],
  [0x202, metadata("processes", 1)],
  [0x207, metadata("processes", 2)],
  [0x209, metadata("processes", 3)],
  [0x210, metadata("processes", 4)],
  [0x211, metadata("processes", 5)],
  [0x212, metadata("processes", 6)],
  [0x213, metadata("processes", 7)],
  [0x214, metadata("processes", 8)],
  [0x215, metadata("processes", 9)],
  [0x203, metadata("descriptors", 1)],
  [0x218, metadata("descriptors", 2)],
  [0x205, metadata("interfaces", 1)],
  [0x219, metadata("interfaces", 2)],
  [0x206, metadata("users", 1)],
  [0x220, metadata("users", 2)],
  [0x204, event(1, false, false)],
  [0x208, event(1, true, false)],
  [0x216, event(2, false, false)],
  [0x217, event(2, true, false)],
  [0x221, event(2, false, true)],
  [0x222, event(2, true, true)],
  // The numbers that the first releases used.
  [0x8000abcd, metadata("processes", 1)],
  [0x8001abcd, metadata("descriptors", 1)],
  [0x8002abcd, metadata("machine", 1)],
  [0x8010abcd, event(1, false, false)],
  [0x8011abcd, metadata("interfaces", 1)],
  [0x8012abcd, metadata("users", 1)],
  [0x8013abcd, metadata("processes", 2)],
  [0x8014abcd, metadata("processes", 3)],
];

const blockKinds: ReadonlyMap<number, BlockKind> = new Map(table);
const common: readonly (BlockKind | undefined)[] = Array.from({ length: 64 }, (_, i) =>
  blockKinds.get(0x200 + i),
);

export function blockKind(type: number): BlockKind | undefined {
  const index = type - 0x200;
  return index >= 0 && index < 64 ? common[index] : blockKinds.get(type);
}

/** Event kinds whose parameter lengths are 32 bits wide in a large block: plugin, container, async. */
export function hasWideLengths(eventType: number): boolean {
  return eventType === 322 || eventType === 324 || eventType === 402;
}

/** Bytes of an event header: time, thread, length, type (and the number of parameters from version 2 on). */
export function eventHeaderBytes(version: number): number {
  return version === 2 ? 26 : 22;
}
