// Web Locks for tests: exclusive locks of one origin, in the order they were asked for.
import type { TestContext } from "node:test";
import { fakeGlobal } from "./page.js";

interface Options {
  signal?: AbortSignal;
}

export class FakeLocks {
  /** Name → who holds it or waits for it, first come first served. */
  readonly queues = new Map<string, (() => void)[]>();

  readonly request = async (name: string, { signal }: Options, hold: () => Promise<void>): Promise<void> => {
    signal?.throwIfAborted();
    const queue = this.queues.get(name) ?? [];
    this.queues.set(name, queue);
    await new Promise<void>((granted, reject) => {
      queue.push(granted);
      if (queue.length === 1) granted();
      signal?.addEventListener("abort", () => {
        const place = queue.indexOf(granted);
        if (place <= 0) return; // a lock that is held is not touched
        queue.splice(place, 1);
        reject(signal.reason);
      });
    });
    try {
      await hold();
    } finally {
      queue.shift();
      queue[0]?.();
      if (queue.length === 0) this.queues.delete(name);
    }
  };
}

/** Gives this process Web Locks, or none, until the test is over. */
export function fakeLocks(context: TestContext, locks: object | null = new FakeLocks()): FakeLocks {
  fakeGlobal(context, "navigator", { locks });
  return locks as FakeLocks;
}
