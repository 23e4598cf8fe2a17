/** Whole words, so that a buffer can be read as such. */
const whole = (length: number) => (length + 7) & -8;

/** As much as the last time is made room for at once, up to here. */
const USUAL = 256 * 1024;

/** Bytes that are copied into one buffer, to be transferred. */
export class Pack {
  #bytes = new Uint8Array(0);
  #length = 0;
  #usual = 0;

  get length(): number {
    return this.#length;
  }

  /** Room for this many bytes more, so that what is placed until then stays in one buffer. */
  reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(whole(Math.max(needed, 2 * this.#bytes.length, this.#usual)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** Copies bytes in and returns where they begin. `align`: a power of 2. */
  put(bytes: Uint8Array, align = 1): number {
    const at = (this.#length + align - 1) & -align;
    this.reserve(at - this.#length + bytes.length);
    this.#bytes.set(bytes, at);
    this.#length = at + bytes.length;
    return at;
  }

  /** Takes out what was put in behind `length`. */
  cut(length: number): void {
    this.#length = length;
  }

  /** Words that were put in, good until the next `put`. */
  words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, at, count);
  }

  /** Hands out what was put in, and begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    const length = this.#length;
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    this.#usual = Math.min(length, USUAL);
    // Half empty is not worth its memory where it goes.
    const exact = 2 * length < bytes.length ? bytes.slice(0, whole(length)) : bytes;
    return exact.subarray(0, length);
  }
}
