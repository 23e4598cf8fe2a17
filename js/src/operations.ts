import type { CompletedRecord } from "./batch.js";
import { invalidArgument, MqttError } from "./errors.js";
import type { OperationOptions } from "./types.js";

const LONGEST_TIMER_MS = 2 ** 31 - 1; // longer ones fire at once

/** A call that waits for an answer. */
export class Operation<T> {
  readonly promise: Promise<T>;
  /** The engine's number; below 0 until the engine knows the operation. */
  id: number;
  resolve!: (value: T) => void;
  reject!: (error: unknown) => void;
  /** Stops watching `signal` and `timeout`. */
  release: (() => void) | undefined;
  readonly #complete: (record: CompletedRecord) => T;

  constructor(id: number, complete: (record: CompletedRecord) => T) {
    this.id = id;
    this.#complete = complete;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Resolves with what the engine's answer means. */
  settle(record: CompletedRecord): void {
    this.resolve(this.#complete(record));
  }
}

type Pending = Pick<Operation<unknown>, "id" | "release" | "reject" | "settle">;

/** All calls that wait. */
export class Operations {
  readonly #pending = new Map<number, Pending>();
  #unnumbered = 0;

  /** `onCancel` runs when `signal` or `timeout` ended the wait. */
  open<T>(
    { signal, timeout }: OperationOptions,
    complete: (record: CompletedRecord) => T,
    onCancel: (operation: Operation<T>, error: MqttError) => void,
  ): Operation<T> {
    if (timeout !== undefined && !(timeout >= 0)) invalidArgument("timeout", "Pass milliseconds, 0 or more.");
    if (signal !== undefined && !(signal instanceof AbortSignal))
      invalidArgument("signal", "Pass an AbortSignal.");
    if (signal?.aborted) throw new MqttError("aborted", { cause: signal.reason });

    const operation = new Operation<T>(--this.#unnumbered, complete);
    this.#pending.set(operation.id, operation);
    if (signal || timeout !== undefined) {
      const cancel = (error: MqttError) => {
        if (!this.take(operation.id)) return;
        operation.reject(error);
        onCancel(operation, error);
      };
      operation.release = limit(signal, timeout, cancel);
    }
    return operation;
  }

  /** The engine gave the operation its number. */
  number(operation: Pending, id: number): void {
    this.#pending.delete(operation.id);
    operation.id = id;
    this.#pending.set(id, operation);
  }

  has(id: number): boolean {
    return this.#pending.has(id);
  }

  /** Removes the operation, whose wait is over. */
  take(id: number): Pending | undefined {
    const operation = this.#pending.get(id);
    this.#pending.delete(id);
    operation?.release?.();
    return operation;
  }

  rejectAll(error: MqttError): void {
    for (const id of [...this.#pending.keys()]) this.take(id)?.reject(error);
  }
}

function limit(
  signal: AbortSignal | undefined,
  timeout: number | undefined,
  cancel: (error: MqttError) => void,
): () => void {
  const onAbort = () => cancel(new MqttError("aborted", { cause: signal?.reason }));
  const onTimeout = () => cancel(new MqttError("timeout", { limit: timeout }));
  const timer =
    timeout === undefined || timeout > LONGEST_TIMER_MS ? undefined : setTimeout(onTimeout, timeout);
  signal?.addEventListener("abort", onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
}
