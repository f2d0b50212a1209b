// The bytes at hand of a stream that arrives in pieces. A piece is read where it lies; only a block that two pieces share is copied.

const emptyBytes = new Uint8Array(0);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export class ByteFeed {
  bytes: Uint8Array = emptyBytes;
  view: DataView = viewOf(emptyBytes);
  /** What is unread: bytes[at, end). */
  at = 0;
  end = 0;
  /** Offset of bytes[0] in the stream. */
  offset = 0;
  /** The piece that follows what `bytes` holds. */
  #rest: Uint8Array = emptyBytes;
  /** `bytes` is our own buffer: it may be appended to. */
  #owned = false;

  /** Offset in the stream of the byte at `at`. */
  get position(): number {
    return this.offset + this.at;
  }

  /** Unread bytes altogether. */
  get left(): number {
    return this.end - this.at + this.#rest.length;
  }

  /** Forgets everything unread. */
  clear(): void {
    this.#rest = emptyBytes;
    this.at = this.end;
  }

  push(piece: Uint8Array): void {
    if (this.#rest.length > 0) {
      const joined = new Uint8Array(this.#rest.length + piece.length);
      joined.set(this.#rest);
      joined.set(piece, this.#rest.length);
      this.#rest = joined;
    } else this.#rest = piece;
    if (this.at === this.end) this.#takeRest();
  }

  /**
   * Makes `need` bytes available from `at` on. False: they have not arrived yet; then nothing refers to the pushed piece any more,
   * because its owner may use it again.
   */
  fill(need: number): boolean {
    if (this.end - this.at >= need) return true;
    if (this.at === this.end) {
      this.#takeRest();
      if (this.end - this.at >= need) return true;
    }
    if (!this.#owned && this.at < this.end) this.#grow(this.end - this.at);
    if (this.#rest.length > 0) {
      const missing = Math.min(this.#rest.length, need - (this.end - this.at));
      this.#append(this.#rest.subarray(0, missing));
      this.#rest = this.#rest.subarray(missing);
    }
    return this.end - this.at >= need;
  }

  #takeRest(): void {
    if (this.#rest.length === 0) return;
    this.offset += this.at;
    this.bytes = this.#rest;
    this.view = viewOf(this.bytes);
    this.at = 0;
    this.end = this.bytes.length;
    this.#rest = emptyBytes;
    this.#owned = false;
  }

  #append(piece: Uint8Array): void {
    if (!this.#owned || this.end + piece.length > this.bytes.length) {
      const left = this.end - this.at;
      if (this.#owned && 2 * (left + piece.length) <= this.bytes.length) {
        this.bytes.copyWithin(0, this.at, this.end);
        this.offset += this.at;
        this.at = 0;
        this.end = left;
      } else this.#grow(left + piece.length);
    }
    this.bytes.set(piece, this.end);
    this.end += piece.length;
  }

  /** Copies what is unread into a buffer of ours that has room for so many bytes, twice. */
  #grow(size: number): void {
    const left = this.end - this.at;
    const own = new Uint8Array(Math.max(4096, 2 * size));
    own.set(this.bytes.subarray(this.at, this.end));
    this.offset += this.at;
    this.bytes = own;
    this.view = viewOf(own);
    this.at = 0;
    this.end = left;
    this.#owned = true;
  }
}
