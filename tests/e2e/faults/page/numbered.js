// Messages that carry their number, and enough bytes that depend on it to notice when one was changed.

const HEAD = 8;

/** A payload for message `n`, with `size` bytes behind its number. */
export function numbered(n, size) {
  const bytes = new Uint8Array(HEAD + size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, n);
  view.setUint32(4, size);
  for (let at = 0; at < size; at++) bytes[HEAD + at] = n + at * 31;
  return bytes;
}

/** The number of such a payload; null when it is not what was sent. */
export function read(bytes) {
  if (bytes.length < HEAD) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const n = view.getUint32(0);
  if (view.getUint32(4) !== bytes.length - HEAD) return null;
  for (let at = 0; at < bytes.length - HEAD; at++) {
    if (bytes[HEAD + at] !== ((n + at * 31) & 0xff)) return null;
  }
  return n;
}
