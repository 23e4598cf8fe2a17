import type { RawEngine } from "./boundary.js";
import type { MemoryView } from "./memory.js";

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
  memory.bytes().set(new Uint8Array(data), address);
  raw.received(byteLength);
  return true;
}
