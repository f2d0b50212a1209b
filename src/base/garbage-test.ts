// For tests of what is held: runs the collector, and waits until references that were looked at no longer count.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** How many of the references still lead somewhere. */
export async function heldOf(references: readonly WeakRef<object>[]): Promise<number> {
  // What a reference gave out lives until the end of the turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return references.filter((reference) => reference.deref() !== undefined).length;
}
