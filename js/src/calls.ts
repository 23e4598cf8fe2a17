import type { CompletedRecord } from "./batch.js";
import type { RawEngine } from "./boundary.js";
import type { Engine } from "./engine.js";
import { MqttError } from "./errors.js";
import { type Operation, Operations } from "./operations.js";
import type { OperationOptions } from "./types.js";

/** What becomes of a message that is published, as far as its call is concerned. */
export interface Handling {
  /** Whether it goes to the store. */
  readonly isKept: boolean;
  /** The call resolves with this status when the engine or the store has the message, and what fails later is told. */
  readonly early?: { readonly when: "queued" | "stored"; readonly status: number } | undefined;
}

const STORED = "Nothing to do: the next client with this `clientId` and `store` sends the message.";

/** The calls of one client, in the order they were made: they wait while the engine loads, or an earlier one is read. */
export class Calls {
  readonly operations = new Operations();
  /** Set once it is loaded, and unset at the end. */
  engine: Engine | undefined;
  readonly #boot: () => Promise<void>;
  readonly #report: (error: MqttError) => void;
  #booting: Promise<void> | undefined;
  /** Set while calls must wait for an earlier one, or for the engine to load. */
  #queue: Promise<void> | undefined;
  #end: { readonly error: MqttError | undefined } | undefined;

  /** `boot` runs with the first call. It sets `engine`, or ends everything. */
  constructor(boot: () => Promise<void>, report: (error: MqttError) => void) {
    this.#boot = boot;
    this.#report = report;
  }

  /** True: a call now reaches the engine before it returns. */
  get isDirect(): boolean {
    return this.engine !== undefined && !this.#queue;
  }

  /** Hands a call to the engine when its turn comes, after `reading`, and promises the answer. */
  operate<T>(
    options: OperationOptions,
    submit: (raw: RawEngine) => number,
    complete: (record: CompletedRecord) => T,
    { reading, handling }: { reading?: Promise<void> | undefined; handling?: Handling } = {},
  ): Promise<T> {
    this.assertOpen();
    const { operations } = this;
    const operation = operations.open(options, complete, ({ id }) => {
      if (id > 0) this.try((raw) => raw.cancel(id));
    });
    const fail = (error: unknown) => operations.take(operation.id)?.reject(error);
    reading?.catch((cause) =>
      fail(new MqttError("invalid-argument", { detail: "Blob cannot be read", cause })),
    );
    this.enqueue((engine) => {
      if (!operations.has(operation.id)) return; // given up before its turn
      try {
        operations.number(operation, engine.call(submit));
        if (handling) this.#handle(operation, handling);
      } catch (error) {
        fail(error);
      }
    }, reading);
    return operation.promise;
  }

  #handle<T>(operation: Operation<T>, { isKept, early }: Handling): void {
    operation.isKept = isKept;
    if (!early) return;
    const late = (error: unknown) => {
      if ((error as MqttError).delivery !== "stored") this.#report(error as MqttError);
    };
    const reach = () => operation.reach(early.status, late);
    if (early.when === "queued") reach();
    else this.operations.whenStored(operation, reach);
  }

  /** Promises what neither engine nor server answers: `run` gets what settles it, unless the client ends before. */
  async wait<T>(options: OperationOptions, run: (operation: Operation<T>) => void): Promise<T> {
    this.assertOpen();
    const operation = this.operations.open<T>(
      options,
      () => undefined as T,
      () => {},
    );
    try {
      run(operation);
      return await operation.promise;
    } finally {
      this.operations.take(operation.id);
    }
  }

  /** Runs `run` now, or after everything that waits and `reading`. Not at all when the client is closed by then. */
  enqueue(run: (engine: Engine) => void, reading?: Promise<void>): void {
    if (this.engine && !this.#queue && !reading) {
      run(this.engine);
      return;
    }
    this.#booting ??= this.#boot();
    const turn = (this.#queue ?? this.#booting)
      .then(() => reading)
      .catch(() => {}) // who reads is told elsewhere; the others go on
      .then(() => {
        if (this.#queue === turn) this.#queue = undefined;
        if (this.engine) run(this.engine);
      });
    this.#queue = turn;
  }

  /** A call to the engine that nobody waits for: without an engine there is nothing to do. */
  try<T>(run: (raw: RawEngine) => T): T | undefined {
    try {
      return this.engine?.call(run);
    } catch {
      return undefined;
    }
  }

  assertOpen(): void {
    if (this.#end) throw new MqttError("client-closed", { cause: this.#end.error });
  }

  /** From now on nothing reaches the engine. Who waits is told by `rejectAll`. */
  end(error: MqttError | undefined): void {
    this.#end = { error };
    try {
      this.engine?.free();
    } catch {} // it crashed before or just now
    this.engine = undefined;
  }

  rejectAll(): void {
    const error = this.#end?.error;
    const code = error?.code === "engine-crashed" ? error.code : "client-closed";
    const cause = error?.code === code ? error.cause : error;
    const stored = new MqttError(code, { delivery: "stored", hint: STORED, cause });
    this.operations.rejectAll(code === error?.code ? error : new MqttError(code, { cause }), stored);
  }
}
