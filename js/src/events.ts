import { invalidArgument } from "./errors.js";

/** Takes what an event carries. A promise that it returns is watched for failure, not waited for. */
export type Listener<T> = (event: T) => void;

/**
 * @internal Typed listeners. What a listener throws goes to `onThrow` and disturbs nobody else. `onChange` learns of
 * those that come and go.
 */
export class Emitter<Events extends object> {
  readonly #listeners: Map<keyof Events, readonly Listener<never>[]>;
  readonly #onThrow: (error: unknown, type: keyof Events) => void;
  readonly #onChange: ((type: keyof Events) => void) | undefined;

  constructor(
    types: readonly (keyof Events)[],
    onThrow: (error: unknown, type: keyof Events) => void,
    onChange?: (type: keyof Events) => void,
  ) {
    this.#listeners = new Map(types.map((type) => [type, []]));
    this.#onThrow = onThrow;
    this.#onChange = onChange;
  }

  /** Adds a listener and returns the function that removes it. */
  on<K extends keyof Events>(type: K, listener: Listener<Events[K]>, signal?: AbortSignal): () => void {
    const known = this.#listeners.get(type);
    if (!known)
      invalidArgument(`event "${String(type)}"`, `Use one of ${[...this.#listeners.keys()].join(", ")}.`);
    if (typeof listener !== "function") invalidArgument("listener", "Pass a function.");
    if (signal?.aborted) return () => {};

    const entry: Listener<Events[K]> = (event) => listener(event); // its own identity: added twice, removed once
    const off = () => {
      this.#listeners.set(
        type,
        (this.#listeners.get(type) ?? []).filter((other) => other !== entry),
      );
      signal?.removeEventListener("abort", off);
      this.#onChange?.(type);
    };
    this.#listeners.set(type, [...known, entry]); // a new array, so that a running emit is not disturbed
    signal?.addEventListener("abort", off, { once: true });
    this.#onChange?.(type);
    return off;
  }

  /** Calls the listeners there are now, in the order they were added. */
  emit<K extends keyof Events>(type: K, event: Events[K]): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      contain(listener as Listener<Events[K]>, event, (error) => this.#onThrow(error, type));
    }
  }

  has(type: keyof Events): boolean {
    return (this.#listeners.get(type)?.length ?? 0) > 0;
  }
}

/** @internal Runs code of the application: what it throws, or a promise of it rejects with, goes to `fail`. */
export function contain<T>(run: (event: T) => unknown, event: T, fail: (error: unknown) => void): void {
  try {
    const result = run(event) as PromiseLike<unknown> | undefined | null;
    if (typeof result?.then === "function") result.then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}
