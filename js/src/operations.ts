import type { CompletedRecord } from "./batch.js";
import { invalidArgument, MqttError } from "./errors.js";
import type { Delivery, OperationOptions, QoS } from "./types.js";

/** What a call that resolves early knows of its answer. */
const NO_ANSWER = {
  kind: "completed",
  operation: 0,
  packetId: 0,
  reasonCodes: [],
  answer: undefined,
} as const;

const CRASHED = "engine-crashed";
/** Milliseconds that a timer may take: longer ones fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What an answer means to who called. It lives as long as the call waits: it had better hold nothing. */
export type Complete<T> = (record: CompletedRecord, qos: QoS) => T;

/** A call that waits for an answer. */
export class Operation<T> {
  readonly promise: Promise<T>;
  /** Its number, also in the engine: above 0. */
  readonly id: number;
  resolve!: (value: T) => void;
  reject!: (error: unknown) => void;
  /** Stops watching `signal` and `timeout`. */
  release: (() => void) | undefined;
  /** Whether the engine has been told of it. */
  isSubmitted = false;
  /** Of a publish: what may have become of its message, should it fail now. */
  delivery: Delivery | undefined;
  /** Whether its message is one for the store. */
  isKept = false;
  /** Of its message. */
  qos: QoS = 0;
  readonly #complete: Complete<T>;

  constructor(id: number, complete: Complete<T>) {
    this.id = id;
    this.#complete = complete;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Resolves with what the engine's answer means. */
  settle(record: CompletedRecord): void {
    this.resolve(this.#complete(record, this.qos));
  }

  /** Rejects; the error of a publish says what may have become of its message. */
  fail(error: unknown): void {
    const { delivery } = this;
    if (!delivery || !(error instanceof MqttError)) this.reject(error);
    // One crash is the error of many calls.
    else if (error.code === CRASHED) this.reject(new MqttError(CRASHED, { cause: error.cause, delivery }));
    else this.reject(Object.assign(error, { delivery }));
  }

  /** Resolves before the answer; what fails afterwards goes to `late`. */
  reach(status: number, late: (error: unknown) => void): void {
    this.release?.();
    this.release = undefined;
    this.settle({ ...NO_ANSWER, status });
    this.reject = late;
  }
}

type Pending = Pick<
  Operation<unknown>,
  "delivery" | "fail" | "id" | "isKept" | "isSubmitted" | "release" | "settle"
>;

/** All calls that wait. */
export class Operations {
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  /** The highest number that the engine knows. */
  newest = 0;
  /** The last one whose message is in the store. */
  #stored = 0;
  /** Those that wait for the store, with what to do then. */
  readonly #unstored = new Map<Pending, () => void>();

  /** `onCancel` runs when `signal` or `timeout` ends the wait. */
  open<T>(
    { signal, timeout }: OperationOptions,
    complete: Complete<T>,
    onCancel: (operation: Operation<T>, error: MqttError) => unknown,
  ): Operation<T> {
    if (timeout !== undefined && !(timeout >= 0)) invalidArgument("timeout", "Pass milliseconds, 0 or more.");
    if (signal !== undefined && !(signal instanceof AbortSignal))
      invalidArgument("signal", "Pass an AbortSignal.");
    if (signal?.aborted) throw new MqttError("aborted", { cause: signal.reason });

    const operation = this.add(complete);
    if (signal || timeout !== undefined) {
      operation.release = limit(signal, timeout, (error) => this.#cancel(operation, error, onCancel));
    }
    return operation;
  }

  /** The number that the next operation will have. */
  get next(): number {
    return (this.#last % 0xffff_ffff) + 1; // Wraps after four billion; those of back then are long settled.
  }

  /** An operation without limits of its own. */
  add<T>(complete: Complete<T>): Operation<T> {
    this.#last = this.next;
    const operation = new Operation<T>(this.#last, complete);
    this.#pending.set(operation.id, operation);
    return operation;
  }

  #cancel<T>(
    operation: Operation<T>,
    error: MqttError,
    onCancel: (operation: Operation<T>, error: MqttError) => unknown,
  ): void {
    if (!this.take(operation.id)) return;
    const answer = onCancel(operation, error);
    if (answer instanceof Promise) answer.then(() => operation.fail(error));
    else operation.fail(error);
  }

  /** The engine has taken the operation in. Messages come in the order of their numbers. */
  submitted(operation: Pending): void {
    operation.isSubmitted = true;
    if (operation.delivery) operation.delivery = "unknown";
    this.newest = Math.max(this.newest, operation.id);
  }

  /** Runs `then` when the message is in the store. */
  whenStored(operation: Pending, then: () => void): void {
    this.#unstored.set(operation, then);
  }

  /** The messages of all operations up to this number are in the store, but for those that are done. */
  stored(upTo: number): void {
    this.#stored = upTo;
    for (const [operation, then] of this.#unstored) {
      if (operation.id > upTo) break; // they are in their order
      this.#unstored.delete(operation);
      then();
    }
  }

  has(id: number): boolean {
    return this.#pending.has(id);
  }

  /** Removes the operation, whose wait is over. */
  take(id: number): Pending | undefined {
    const operation = this.#pending.get(id);
    this.#pending.delete(id);
    if (operation) this.#unstored.delete(operation);
    operation?.release?.();
    return operation;
  }

  /** The engine knows what became of a message. */
  learn(id: number, delivery: Delivery): void {
    const operation = this.#pending.get(id);
    if (operation?.delivery) operation.delivery = delivery;
  }

  /** `reason` makes the error of each; `isStored`: its message is in the store. */
  failAll(reason: (isStored: boolean) => MqttError): void {
    for (const id of [...this.#pending.keys()]) {
      const isStored = this.isStored(id);
      if (isStored) this.learn(id, "stored");
      this.take(id)?.fail(reason(isStored));
    }
  }

  isStored(id: number): boolean {
    return id <= this.#stored && this.#pending.get(id)?.isKept === true;
  }
}

/** Calls `cancel` when `signal` is aborted or `timeout` has passed, unless the function that it returns is called before. */
export function limit(
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
