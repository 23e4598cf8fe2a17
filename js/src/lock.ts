import { MqttError } from "./errors.js";

/** Milliseconds that another page may take to let go: one that is being reloaded, or a component that is mounted twice. */
const GRACE = 3000;

/** What all pages of an origin that share a session must agree on: its server and its Client Identifier. */
export function sessionName(url: string, clientId: string): string {
  const { host, pathname } = new URL(url || "wss://any");
  return `wasmqtt ${host}${pathname} ${clientId}`;
}

/** How to go about a lock. */
export interface LockOptions {
  /** True: waits for as long as it takes. @default false: `client-id-in-use` after three seconds */
  readonly wait?: boolean;
  /** Ends the wait with `aborted`. A lock that is held is not touched. */
  readonly signal?: AbortSignal;
}

/**
 * Takes the lock `name`, which one holder has at a time in all pages and workers of an origin, and which ends with its
 * page. Resolves with what gives it back. Without Web Locks, as on insecure pages, nothing is locked.
 */
export function acquire(name: string, { wait = false, signal }: LockOptions = {}): Promise<() => void> {
  const limit = new AbortController();
  const abort = () => limit.abort();
  const timer = wait ? undefined : setTimeout(abort, GRACE);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return new Promise<() => void>((resolve, reject) => {
    const hold = () => new Promise<void>((release) => resolve(release));
    const refuse = () => {
      if (limit.signal.aborted) reject(new MqttError(signal?.aborted ? "aborted" : "client-id-in-use"));
      // Not granted for a reason of the page's: it has no origin, or is being left. Nobody to share with.
      else resolve(() => {});
    };
    // Also called with a lock that somebody stole; that settles nothing any more.
    const { locks } = globalThis.navigator ?? {};
    if (locks) locks.request(name, { signal: limit.signal }, hold).catch(refuse);
    else refuse();
  }).finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  });
}
