/** Characters that `String.fromCharCode` gets at a time: engines bound the number of arguments. */
const RUN = 4096;
const REPLACEMENT = 0xfffd;

/** What the client uses of TextEncoder, for places that have none. A lone surrogate becomes U+FFFD. */
export class Utf8Encoder {
  encode(text = ""): Uint8Array {
    const bytes = new Uint8Array(text.length * 3);
    return bytes.slice(0, this.encodeInto(text, bytes).written);
  }

  /** Writes as many whole characters as there is room for. */
  encodeInto(text: string, into: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    while (read < text.length) {
      const code = codePointAt(text, read);
      const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
      if (written + length > into.length) break;
      read += length === 4 ? 2 : 1;
      if (length === 1) into[written++] = code;
      else {
        into[written++] = (0xf00 >> length) | (code >> (6 * (length - 1))); // as many ones as bytes, and a zero
        for (let rest = length - 2; rest >= 0; rest--) into[written++] = 0x80 | ((code >> (6 * rest)) & 0x3f);
      }
    }
    return { read, written };
  }
}

function codePointAt(text: string, at: number): number {
  const code = text.codePointAt(at) ?? REPLACEMENT;
  return code >= 0xd800 && code < 0xe000 ? REPLACEMENT : code;
}

/** What the client uses of TextDecoder, for places that have none: UTF-8 in one piece, a byte order mark is kept. */
export class Utf8Decoder {
  readonly #fatal: boolean;

  constructor(_label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }) {
    this.#fatal = options?.fatal === true;
  }

  /** Throws a `TypeError` for what is not UTF-8 if `fatal`; else each maximal part of a character becomes U+FFFD. */
  decode(bytes: Uint8Array = new Uint8Array(0)): string {
    let text = "";
    let units: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      const first = bytes[at++] ?? 0;
      let code = first;
      if (first >= 0x80) {
        const length = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
        // What would be too long, a surrogate, or beyond U+10FFFF shows in the second byte.
        let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
        let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
        let left = length;
        for (code = first & (0x7f >> length); left > 0; left--) {
          const next = bytes[at];
          if (next === undefined || next < low || next > high) break;
          code = (code << 6) | (next & 0x3f);
          [low, high] = [0x80, 0xbf];
          at++;
        }
        if (length === 0 || left > 0) {
          if (this.#fatal) throw new TypeError("not UTF-8");
          code = REPLACEMENT;
        }
      }
      if (code < 0x1_0000) units.push(code);
      else units.push(0xd7c0 + (code >> 10), 0xdc00 | (code & 0x3ff));
      if (units.length >= RUN) {
        text += String.fromCharCode(...units);
        units = [];
      }
    }
    return text + String.fromCharCode(...units);
  }
}
