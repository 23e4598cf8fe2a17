/** The bytes of what `scripts/build/text.mjs` has written: a byte is a character, or two if the first is `#` or `$`. */
export function fromText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let prefixed = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const index = code - (code < 0x5c ? 0x23 : 0x24); // there is no backslash
    if (index < 2) prefixed = (index + 1) * 89;
    else {
      bytes[length++] = prefixed + index - 2;
      prefixed = 0;
    }
  }
  return bytes.slice(0, length);
}
