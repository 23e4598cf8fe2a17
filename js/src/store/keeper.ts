import type { MqttError, MqttErrorInit } from "../errors.js";
import type { MaybePromise } from "../types.js";
import type { Store, StoreChange, StoreOptions } from "./types.js";

/** Milliseconds before a store that failed is tried again; they double up to the longest. */
const FIRST_DELAY = 1000;
const LONGEST_DELAY = 60_000;

/** Milliseconds by which a timer is late when everything slept. */
const MUCH = 2000;

/** Stands for the answer that a store did not give. */
const SILENT = Symbol("silent");

/** Records as they cross the boundary: key, record, key, record; `undefined` in place of a record removes it. */
export type Records = (number | Uint8Array)[];
export type Changes = readonly (number | Uint8Array | undefined)[];

type StoreErrorCode = "store-unavailable" | "store-full" | "store-damaged";

/** What the keeper of a store has to tell. */
export interface KeeperSink {
  /** Makes an error. It is asked for, so that this code, which is loaded by itself, imports nothing that clients share. */
  error(code: StoreErrorCode, init: MqttErrorInit): MqttError;
  /** The changes that were handed over with `mark` are safe. */
  stored(mark: number): void;
  /** They are not; go on without the store. */
  failed(): void;
  /** The store may work again: hand out everything. */
  again(): void;
  /** Something failed that no call waits for. */
  report(error: MqttError): void;
  /** The client cannot go on. */
  end(error: MqttError): void;
}

/**
 * Stands between engine and store. The engine hands out changes and waits for an answer to each batch of them, which it
 * gets, whatever the store does: throw, reject, or never answer.
 */
export class Keeper {
  readonly #open: () => MaybePromise<Store>;
  #store: Promise<Store> | undefined;
  readonly #timeout: number;
  readonly #mayFail: boolean;
  readonly #sink: KeeperSink;
  /** Settles, and never rejects, when all that was handed out is written or given up. */
  #written: Promise<void> = Promise.resolve();
  #isLoaded = false;
  /** What went wrong, until the store works again. */
  #failure: MqttError | undefined;
  #delay = FIRST_DELAY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosing = false;

  /** `open` is called when the store is first needed, and again when it failed. */
  constructor(
    open: () => MaybePromise<Store>,
    { timeout = 5000, fallback = "memory" }: StoreOptions,
    sink: KeeperSink,
  ) {
    this.#open = open;
    this.#timeout = timeout;
    this.#mayFail = fallback === "memory";
    this.#sink = sink;
  }

  /** What is stored. Nothing if that cannot be read and the client may go on without; rejects if it may not. */
  async load(): Promise<Records> {
    try {
      return await this.#read();
    } catch (cause) {
      const error = this.#error(cause);
      if (!this.#mayFail) throw error;
      this.#note(error);
      return [];
    }
  }

  /** Writes changes, after those before, and answers the engine; not from within, because it is on the stack. */
  save(changes: Changes, all: boolean, mark: number): void {
    this.#written = this.#written.then(() => this.#write(changes, all, mark));
  }

  /** Resolves when the last changes are written or given up, and the store is closed. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    await this.#written;
    const closing = this.#store && this.#within((store) => store.close()).catch(() => {}); // nothing depends on it
    if (!this.#failure) await closing; // one that fails may never answer
  }

  async #read(): Promise<Records> {
    const records: Records = [];
    let foreign = 0;
    for (const [key, record] of await this.#within((store) => store.load())) {
      if (!Number.isSafeInteger(key) || key < 0) foreign++;
      else records.push(key, record instanceof Uint8Array ? record : new Uint8Array(0)); // which the engine removes
    }
    this.#isLoaded = true;
    if (foreign > 0) {
      this.#sink.report(this.#sink.error("store-damaged", { detail: `${foreign} foreign keys` }));
    }
    return records;
  }

  async #write(changes: Changes, all: boolean, mark: number): Promise<void> {
    try {
      if (this.#failure && !all) throw this.#failure;
      await this.#within((store) => store.write(pairs(changes), all));
    } catch (cause) {
      this.#note(this.#error(cause));
      if (!this.#mayFail) return;
      this.#sink.failed();
      return this.#retryLater();
    }
    this.#failure = undefined;
    this.#delay = FIRST_DELAY;
    this.#sink.stored(mark);
  }

  /**
   * Told once, until the store works again. What is in it stays there: it may be old, but without it a reload would lose
   * what is not sent yet.
   */
  #note(error: MqttError): void {
    const isNew = !this.#failure;
    this.#failure = error;
    if (isNew) this.#sink[this.#mayFail ? "report" : "end"](error);
  }

  #retryLater(): void {
    if (this.#isClosing) return;
    this.#timer = setTimeout(() => this.#retry(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
  }

  async #retry(): Promise<void> {
    if (this.#isLoaded) return this.#sink.again();
    // The engine cannot take records in any more, and must not write over what it has not seen.
    const isEmpty = await this.#read().then(
      (records) => records.length === 0,
      () => undefined,
    );
    if (this.#isClosing) return;
    if (isEmpty) this.#sink.again();
    else if (isEmpty === undefined) this.#retryLater();
  }

  /**
   * Asks the store, which runs code of the application, and waits for its answer as long as that may take. A timer that
   * comes much too late tells of a machine or page that slept, and of nothing else: then once more.
   */
  #within<T>(ask: (store: Store) => MaybePromise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const due = performance.now() + this.#timeout;
      const refuse = () => reject(SILENT);
      const look = () => {
        if (performance.now() < due + MUCH) refuse();
        else timer = setTimeout(refuse, this.#timeout);
      };
      let timer = setTimeout(look, this.#timeout);
      this.#opened()
        .then(ask)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }

  #error(cause: unknown): MqttError {
    if (this.#failure && cause === this.#failure) return this.#failure;
    if (cause === SILENT) {
      return this.#sink.error("store-unavailable", { detail: "no answer", limit: this.#timeout });
    }
    const isFull = (cause as Error | null)?.name === "QuotaExceededError";
    return this.#sink.error(isFull ? "store-full" : "store-unavailable", { cause });
  }

  #opened(): Promise<Store> {
    this.#store ??= Promise.resolve()
      .then(this.#open)
      .catch((error) => {
        this.#store = undefined;
        throw error;
      });
    return this.#store;
  }
}

function pairs(changes: Changes): StoreChange[] {
  const list: StoreChange[] = [];
  for (let at = 0; at < changes.length; at += 2) {
    list.push([changes[at] as number, changes[at + 1] as Uint8Array | undefined]);
  }
  return list;
}
