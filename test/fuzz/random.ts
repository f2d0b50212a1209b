// Random numbers that a seed makes the same everywhere: each fuzzed input can be made again from its seed and number.

const interesting = [
  0, 1, 2, 3, 4, 7, 8, 11, 12, 16, 27, 28, 31, 32, 36, 40, 63, 64, 100, 127, 128, 255, 256, 4095,
  4096, 32_767, 32_768, 65_535, 65_536, 0x7f_ffff, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ff9c,
  0xffff_fffe, 0xffff_ffff,
];

export class Random {
  #state: number;

  constructor(seed: number) {
    // Spreads neighbouring seeds.
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) | 1;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** 32 bits (xorshift). */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 … below − 1. */
  int(below: number): number {
    return below <= 1 ? 0 : this.next() % below;
  }

  chance(oneIn: number): boolean {
    return this.int(oneIn) === 0;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.int(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** A number that lies at an edge, or anywhere. */
  word(): number {
    return this.chance(4) ? this.next() : this.pick(interesting);
  }
}
