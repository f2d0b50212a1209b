// The stream at hand as 32-bit words, arriving in pieces. A piece is read where it lies, as long as its frames lie on multiples of
// eight there; what straddles two pieces is copied, and so is a piece that lies askew.

const emptyBytes = new Uint8Array(0);
const emptyWords = new Int32Array(0);

export class FrameFeed {
  bytes: Uint8Array = emptyBytes;
  /** The same memory; the word at byte `at` is words[at >> 2]. */
  words: Int32Array = emptyWords;
  /** What is unread: bytes[at, end). Frames begin at multiples of eight. */
  at = 0;
  end = 0;
  /** Offset of bytes[0] in the stream. */
  offset = 0;
  /** The piece that follows what `bytes` holds. */
  #rest: Uint8Array = emptyBytes;
  /** `bytes` is our own buffer: it may be appended to. */
  #owned = false;
  // Views of the buffer that the source uses again and again.
  #source: ArrayBufferLike | undefined = undefined;
  #sourceBytes: Uint8Array = emptyBytes;
  #sourceWords: Int32Array = emptyWords;

  get position(): number {
    return this.offset + this.at;
  }

  /** Unread bytes altogether. */
  get left(): number {
    return this.end - this.at + this.#rest.length;
  }

  push(piece: Uint8Array): void {
    if (this.#rest.length > 0) {
      const joined = new Uint8Array(this.#rest.length + piece.length);
      joined.set(this.#rest);
      joined.set(piece, this.#rest.length);
      this.#rest = joined;
    } else this.#rest = piece;
    if (this.at >= this.end) this.#takeRest();
  }

  /** Forgets everything unread; what is pushed next begins a stream of its own. */
  restart(): void {
    this.clear();
    // Frames lie on multiples of eight of their own stream.
    this.offset += -this.position & 7;
  }

  /** Forgets everything unread. */
  clear(): void {
    this.#rest = emptyBytes;
    this.at = this.end;
  }

  /**
   * Makes `need` bytes available from `at` on. False: they have not arrived yet; then nothing refers to the pushed piece any more,
   * because its owner may use it again.
   */
  fill(need: number): boolean {
    if (this.end - this.at >= need) return true;
    if (this.at >= this.end) {
      this.#takeRest();
      if (this.end - this.at >= need) return true;
    }
    if (!this.#owned && this.at < this.end) this.#own(this.end - this.at);
    if (this.#rest.length > 0) {
      const missing = Math.min(this.#rest.length, need - (this.end - this.at));
      this.#append(this.#rest.subarray(0, missing));
      this.#rest = this.#rest.subarray(missing);
    }
    return this.end - this.at >= need;
  }

  #takeRest(): void {
    const rest = this.#rest;
    if (rest.length === 0) return;
    const begin = this.offset + this.at;
    this.#rest = emptyBytes;
    // Frames lie on multiples of eight in the stream: they must in memory too.
    if ((rest.byteOffset - begin) % 8 !== 0) {
      this.#begin(begin, rest.length);
      this.bytes.set(rest, this.at);
      this.end = this.at + rest.length;
      return;
    }
    if (this.#source !== rest.buffer) {
      this.#source = rest.buffer;
      this.#sourceBytes = new Uint8Array(rest.buffer);
      this.#sourceWords = new Int32Array(rest.buffer, 0, rest.buffer.byteLength >> 2);
    }
    this.bytes = this.#sourceBytes;
    this.words = this.#sourceWords;
    this.at = rest.byteOffset;
    this.end = rest.byteOffset + rest.length;
    this.offset = begin - this.at;
    this.#owned = false;
  }

  #append(piece: Uint8Array): void {
    if (this.end + piece.length > this.bytes.length) this.#own(this.end - this.at + piece.length);
    this.bytes.set(piece, this.end);
    this.end += piece.length;
  }

  /** Moves what is unread into a buffer of ours that has room for so many bytes, twice. */
  #own(size: number): void {
    const left = this.bytes.subarray(this.at, this.end);
    this.#begin(this.offset + this.at, size);
    this.bytes.set(left, this.at);
    this.end = this.at + left.length;
  }

  #begin(position: number, size: number): void {
    const room = Math.max(4096, 2 * size) + 8;
    this.bytes = new Uint8Array((room + 7) & ~7);
    this.words = new Int32Array(this.bytes.buffer);
    this.at = position % 8;
    this.end = this.at;
    this.offset = position - this.at;
    this.#owned = true;
  }
}
