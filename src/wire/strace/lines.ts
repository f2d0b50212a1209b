// Cuts pushed bytes into lines; the result does not depend on how the bytes were cut. A line longer than the limit is reported as
// such and never held.

export type RawLine = {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly tooLong: boolean;
  /** False: the input ended before the line did. */
  readonly complete: boolean;
};

const newline = 10;
const carriageReturn = 13;
const nothing = new Uint8Array(0);

export class LineSplitter {
  readonly #max: number;
  #chunks: Uint8Array[] = [];
  #at = 0;
  /** The beginning of a line whose end has not come yet. */
  #held: Uint8Array = nothing;
  #heldLength = 0;
  #overflow = false;

  constructor(max: number) {
    this.#max = max;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chunks.push(bytes.slice());
  }

  next(): RawLine | undefined {
    for (;;) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) return undefined;
      const from = this.#at;
      const end = chunk.indexOf(newline, from);
      if (end < 0) {
        this.#hold(chunk, from, chunk.length);
        this.#chunks.shift();
        this.#at = 0;
        continue;
      }
      this.#at = end + 1;
      if (this.#at === chunk.length) {
        this.#chunks.shift();
        this.#at = 0;
      }
      if (this.#heldLength === 0 && !this.#overflow && end - from <= this.#max) {
        return this.#line(chunk, from, end, true);
      }
      this.#hold(chunk, from, end);
      return this.#takeHeld(true);
    }
  }

  /** What is left behind the last newline, at the end of the input. */
  rest(): RawLine | undefined {
    return this.#heldLength === 0 && !this.#overflow ? undefined : this.#takeHeld(false);
  }

  #hold(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (this.#overflow || this.#heldLength + length > this.#max) {
      this.#overflow = true;
      this.#heldLength = 0;
      return;
    }
    if (this.#held.length < this.#heldLength + length) {
      const size = Math.min(this.#max, Math.max(256, 2 * (this.#heldLength + length)));
      const grown = new Uint8Array(size);
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(bytes.subarray(from, to), this.#heldLength);
    this.#heldLength += length;
  }

  #takeHeld(complete: boolean): RawLine {
    const bytes = this.#held;
    const length = this.#heldLength;
    const tooLong = this.#overflow;
    this.#heldLength = 0;
    this.#overflow = false;
    if (tooLong) return { bytes: nothing, start: 0, end: 0, tooLong, complete };
    return this.#line(bytes, 0, length, complete);
  }

  #line(bytes: Uint8Array, start: number, to: number, complete: boolean): RawLine {
    const end = to > start && bytes[to - 1] === carriageReturn ? to - 1 : to;
    return { bytes, start, end, tooLong: false, complete };
  }
}
