// Where records and what is known of new files come to life. The program starts with a nursery of 1 MB that does not grow
// (bin/sysflow.mjs), which keeps small work small. Where every call names a new file, most of that is still in use when it is full,
// and is copied twice before it dies; four times the room, and most has died before.

import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

const factor = 4;
const grownBytes = 4 << 20;
/** Batches from one look to the next: far fewer than it takes to grow again. */
const batchesPerLook = 16;

function setGrowth(value: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${value}`);
}

/** Lets the nursery grow, once and only if enough survives in it. Returns a function to call after every batch. */
export function letNurseryGrow(): () => void {
  let batches = 0;
  let growing = true;
  setGrowth(factor);
  return () => {
    if (!growing || ++batches % batchesPerLook !== 0) return;
    const space = getHeapSpaceStatistics().find((item) => item.space_name === "new_space");
    if (space !== undefined && space.space_size < grownBytes) return;
    growing = false;
    setGrowth(1);
  };
}
