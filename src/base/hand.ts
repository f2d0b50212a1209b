// A hand that goes round a map, to choose who must go when the map is full. Finding a map's first entry anew steps over all that were
// deleted before it, so the place is kept; but an iterator that is kept and not used holds every table that the map has outgrown,
// with all that was in them. So it is let go when entries came and nobody had to go.

/** So many additions without a step: the next step begins at the oldest entry again. */
const idleMax = 1024;

/** A map, or its keys. */
type Round<Value> = { values(): IterableIterator<Value> };

export class Hand<Value> {
  readonly #map: Round<Value>;
  #values: IterableIterator<Value> | undefined = undefined;
  #idle = 0;

  constructor(map: Round<Value>) {
    this.#map = map;
  }

  /** The map got an entry. */
  added(): void {
    if (this.#values === undefined) return;
    this.#idle += 1;
    if (this.#idle > idleMax) this.#values = undefined;
  }

  /** The next entry, after the last one the first again; undefined when the map is empty. */
  next(): Value | undefined {
    this.#idle = 0;
    for (let turn = 0; turn < 2; turn++) {
      this.#values ??= this.#map.values();
      const step = this.#values.next();
      if (step.done !== true) return step.value;
      this.#values = undefined;
    }
    return undefined;
  }
}
