// Numbers of entities in one output. Bounded: the oldest is forgotten when there are too many, and one that ended some time after it
// ended; what comes back is written again, under a new number.

import { Hand } from "../../base/hand.ts";
import { limits } from "../../model/limits.ts";

export class Numbers<Key> {
  readonly #numbers = new Map<Key, number>();
  readonly #hand = new Hand<Key>({ values: () => this.#numbers.keys() });
  readonly #max: number;
  /** What ended, as a ring: the oldest place is used again. */
  readonly #ended: Key[] = [];
  #endedAt = 0;
  #next = 1;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#numbers.size;
  }

  get(key: Key): number | undefined {
    return this.#numbers.get(key);
  }

  add(key: Key): number {
    while (this.#numbers.size >= this.#max) {
      const oldest = this.#hand.next();
      if (oldest !== undefined) this.#numbers.delete(oldest);
    }
    const number = this.#next++;
    this.#numbers.set(key, number);
    this.#hand.added();
    return number;
  }

  /** Little will be said of it any more. */
  end(key: Key): void {
    if (this.#ended.length < limits.departed.max) {
      this.#ended.push(key);
      return;
    }
    const oldest = this.#ended[this.#endedAt];
    if (oldest !== undefined) this.#numbers.delete(oldest);
    this.#ended[this.#endedAt] = key;
    this.#endedAt = (this.#endedAt + 1) % limits.departed.max;
  }
}
