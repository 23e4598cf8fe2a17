import type { RawEngine } from "./boundary.js";
import type { MemoryView } from "./memory.js";

/** Messages up to this many bytes are copied at once. Of larger ones the engine is asked what it has to see, by and by. */
const AT_ONCE = 32 * 1024;
const LOOK = 2 * 1024;

/**
 * Has the engine read a WebSocket message, in one call whatever the number of packets in it. False: not now, because an
 * engine is on the stack, or broke. `data` that is no ArrayBuffer ends the connection.
 */
export function take(raw: RawEngine, memory: MemoryView, data: unknown): boolean {
  if (!(data instanceof ArrayBuffer)) {
    raw.refuseFrame();
    return true;
  }
  const { byteLength } = data;
  const address = raw.reserve(byteLength);
  if (address === 0) return false;
  const bytes = memory.bytes();
  let size = byteLength > AT_ONCE ? LOOK : byteLength;
  for (let at = 0; at < byteLength; ) {
    const end = Math.min(at + size, byteLength);
    bytes.set(new Uint8Array(data, at, end - at), address + at);
    at = end < byteLength ? raw.needed(end, byteLength) : end;
    size = at > end ? LOOK : 2 * size; // behind a payload, or still within what is read
  }
  raw.received(byteLength);
  return true;
}
