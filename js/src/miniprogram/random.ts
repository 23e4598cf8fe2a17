import type { Host } from "./host.js";

/** How many bytes the host is asked for at a time, and with how few left it is asked again. */
const POOL = 512;
const LOW = 128;

let pool: Uint8Array = new Uint8Array(0);
let used = 0;
let source: Host["getRandomValues"];
let isAsked = false;

/**
 * Random bytes for Client Identifiers, correlation data and the spread of delays, which have to differ and need not be
 * secret. Hosts give good ones later than they are needed, or none at all, so `Math.random` is behind all of them, mixed
 * with what the host gave until then.
 */
export const random = {
  getRandomValues<T extends Uint8Array | Uint32Array>(out: T): T {
    const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    for (let at = 0; at < bytes.length; at++) bytes[at] = (Math.random() * 256) ^ (pool[used++] ?? 0);
    if (pool.length - used < LOW) refill();
    return out;
  },
};

/** Asks this host from now on, if it has random bytes to give. */
export function useRandomOf(host: Host): void {
  if (!host.getRandomValues || source) return;
  source = (options) => host.getRandomValues?.(options);
  refill();
}

function refill(): void {
  if (!source || isAsked) return;
  isAsked = true;
  try {
    source({
      length: POOL,
      success({ randomValues }) {
        pool = new Uint8Array(randomValues);
        used = 0;
        isAsked = false;
      },
      fail() {}, // it is not asked again: there is Math.random
    });
  } catch {}
}
