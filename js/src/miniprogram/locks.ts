/** What is needed of a signal here. */
export interface Stop {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The end of each lock's queue. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Web Locks among the clients of one mini-program, which has one context and no tabs: `run` has the lock from its call
 * until its promise settles. Rejects when `signal` is aborted before.
 */
export const locks = {
  request<T>(name: string, { signal }: { readonly signal: Stop }, run: () => Promise<T>): Promise<T> {
    const before = queues.get(name) ?? Promise.resolve();
    const turn = new Promise<void>((resolve, reject) => {
      const give = () => reject(new Error("The request was aborted."));
      if (signal.aborted) return give();
      signal.addEventListener("abort", give);
      before.then(() => {
        signal.removeEventListener("abort", give);
        resolve();
      });
    });
    const held = turn.then(run);
    const left = held.then(
      () => before,
      () => before, // who gave up leaves the queue as it was
    );
    queues.set(name, left);
    left.then(() => {
      if (queues.get(name) === left) queues.delete(name);
    });
    return held;
  },
};
