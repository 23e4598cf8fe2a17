import { MqttError } from "../errors.js";

/**
 * Runs `work` for at most `ms` milliseconds and gives `late` when it takes longer. Afterwards, however it ended, the
 * signal that `work` got is aborted, so that nothing of it stays open. Rejects with `aborted` when `outer` says so.
 */
export async function within<T>(
  ms: number,
  outer: AbortSignal | undefined,
  late: () => T,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(outer);
  const inner = new AbortController();
  let stop = () => {};
  const ended = new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => resolve(late()), ms);
    const abort = () => reject(aborted(outer));
    outer?.addEventListener("abort", abort);
    stop = () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
    };
  });
  try {
    return await Promise.race([work(inner.signal), ended]);
  } finally {
    stop();
    inner.abort();
  }
}

/** Resolves after `ms` milliseconds, or when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

function aborted(signal: AbortSignal | undefined): MqttError {
  return new MqttError("aborted", { cause: signal?.reason });
}
