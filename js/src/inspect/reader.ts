/** Thrown where the head of a packet ends early. */
export class EndOfHead extends Error {}

/** Reads the field types of section 1.5. */
export class HeadReader {
  readonly #bytes: Uint8Array;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new EndOfHead();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A big-endian integer of this many bytes. */
  integer(length: number): number {
    return this.take(length).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Variable Byte Integer. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 128 ** 3; scale *= 128) {
      const byte = this.integer(1);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new EndOfHead();
  }

  /** Binary Data. */
  binary(): Uint8Array {
    return this.take(this.integer(2));
  }

  /** What is not UTF-8 becomes U+FFFD: this is for reading, not for going on. */
  string(): string {
    return this.#decoder.decode(this.binary());
  }
}
