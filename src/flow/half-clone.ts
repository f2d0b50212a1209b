// A clone is seen from two sides, by the caller and by the child, in either order: one side waits for the other.

import type { TimeNs } from "../model/time.ts";
import type { Owner } from "./owner.ts";

/** One side of a clone whose other side is still awaited. */
export type HalfClone = {
  readonly owner: Owner;
  /** The child's id as its parent sees it. */
  readonly id: number;
  readonly ts: TimeNs;
  readonly second: number;
  readonly tid: number;
  readonly namespaced: boolean;
};

const halvesMax = 4096;

/** Removes the half that belongs to this one. Across namespaces ids differ: then the oldest of the same process is taken. */
export function takeHalf(halves: HalfClone[], other: HalfClone): HalfClone | undefined {
  let at = halves.findIndex((half) => half.owner === other.owner && half.id === other.id);
  if (at < 0 && other.namespaced) {
    at = halves.findIndex((half) => half.owner === other.owner && half.namespaced);
  }
  return at < 0 ? undefined : halves.splice(at, 1)[0];
}

/** Returns the half that had to go. */
export function keepHalf(halves: HalfClone[], half: HalfClone): HalfClone | undefined {
  halves.push(half);
  return halves.length > halvesMax ? halves.shift() : undefined;
}
