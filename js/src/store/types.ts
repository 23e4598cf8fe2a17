import type { MaybePromise } from "../types.js";

/** A record and its key: a whole number from 0 to 2^53 - 1. What is in the bytes is the client's own affair. */
export type StoreRecord = readonly [key: number, record: Uint8Array];

/** A record to keep under its key, in place of the one there may be, or `undefined` to remove that. */
export type StoreChange = readonly [key: number, record: Uint8Array | undefined];

/**
 * Where a client keeps what is unfinished: a list of records. For stores of your own, see `StoreOptions.open`.
 *
 * What it throws or rejects with is handled as `StoreOptions.fallback` says. The error has the code `store-full` if its
 * name is "QuotaExceededError", `store-unavailable` otherwise.
 */
export interface Store {
  /** All records, in any order. Called first, and again after it failed. */
  load(): MaybePromise<Iterable<StoreRecord>>;
  /**
   * Makes all changes or none of them, and resolves when they survive what the store is meant to survive. With `all`
   * every record goes first: the changes are all there is. A call follows when the one before has settled or was not
   * answered within `StoreOptions.timeout`, and has to take effect after it.
   */
  write(changes: readonly StoreChange[], all: boolean): MaybePromise<void>;
  /** Nothing is asked any more. */
  close(): MaybePromise<void>;
}

/** How messages are kept in the browser. */
export interface StoreOptions {
  /** Opens a store of your own. `name` is {@link StoreOptions.name}. @default IndexedDB */
  readonly open?: (name: string) => MaybePromise<Store>;
  /** The name of the database, and of the lock that keeps other tabs away from it. @default made of the first URL's host and path, and of `clientId` */
  readonly name?: string;
  /**
   * What happens when the store cannot be opened, read or written. "memory": the `error` event tells of it and the client
   * goes on without; it tries again after a second, and then at growing intervals of up to a minute, to store all that is
   * unfinished. "fail": the client ends with the error, and what was stored stays for the next one.
   * @default "memory"
   */
  readonly fallback?: "memory" | "fail";
  /** Milliseconds that the store may take to answer, 1 or more; then it counts as unavailable. @default 5000 */
  readonly timeout?: number;
  /** IndexedDB only. "relaxed": what is stored survives a crash of the tab or the browser. "strict": also a power cut, at the price of waiting for the disk. @default "relaxed" */
  readonly durability?: "relaxed" | "strict";
}
