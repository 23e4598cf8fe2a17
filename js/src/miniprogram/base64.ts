const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** What each character stands for; 255: nothing. */
const VALUES = new Uint8Array(256).fill(255);
for (let value = 0; value < 64; value++) VALUES[LETTERS.charCodeAt(value)] = value;

const PADDING = 61; // =

/** Characters per piece: a list of more arguments may be too long for a call. */
const PIECE = 8192;

/** Base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  for (let from = 0, to = 0; from < bytes.length; from += 3) {
    const bits = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    for (let shift = 18; shift >= 0; shift -= 6) codes[to++] = LETTERS.charCodeAt((bits >> shift) & 63);
  }
  codes.fill(PADDING, codes.length - ((3 - (bytes.length % 3)) % 3));
  let text = "";
  for (let at = 0; at < codes.length; at += PIECE) {
    text += String.fromCharCode.apply(undefined, codes.subarray(at, at + PIECE) as unknown as number[]);
  }
  return text;
}

/** The bytes, or `undefined` for what is not Base64. Padding and line breaks may be left out or added. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  const letters = text.replace(/[\r\n]+|=+\s*$/g, "");
  if (letters.length % 4 === 1) return undefined;
  const bytes = new Uint8Array((letters.length * 3) >> 2);
  let bits = 0;
  for (let at = 0, to = 0; at < letters.length; at++) {
    const value = VALUES[letters.charCodeAt(at)] ?? 255;
    if (value > 63) return undefined;
    bits = (bits << 6) | value;
    const full = (at & 3) * 2; // bits of the byte before that are in this letter
    if (full > 0) bytes[to++] = bits >> (6 - full);
  }
  return bytes;
}
