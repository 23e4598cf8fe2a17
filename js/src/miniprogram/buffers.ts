/**
 * Bytes of another realm, where `instanceof` does not know them, in a buffer of this one: hosts hand such out. Anything else
 * as it is.
 */
export function ownBuffer(data: unknown): unknown {
  if (data instanceof ArrayBuffer || data instanceof Uint8Array) return data;
  const isBuffer = Object.prototype.toString.call(data) === "[object ArrayBuffer]";
  if (!isBuffer && !ArrayBuffer.isView(data)) return data;
  const { buffer, byteOffset, byteLength } = isBuffer
    ? new Uint8Array(data as ArrayBuffer)
    : (data as ArrayBufferView);
  return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
}
