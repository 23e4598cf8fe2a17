import { BatchReader, type BatchRecord } from "./batch.js";
import type { Closable, EngineHost, EngineOptions, Glue, RawEngine, Target } from "./boundary.js";
import { engineError, MqttError } from "./errors.js";
import { MemoryView } from "./memory.js";

/** Who gets what the engine reports. Runs with no WebAssembly on the stack, but for `store`. */
export interface EngineSink {
  resolve(attempt: number): Promise<Target>;
  record(record: BatchRecord): void;
  /** Changes for the store; also those that the end of the engine leaves. To be answered later with `stored` or `storeFailed`. */
  store?(changes: StoreChanges, all: boolean): void;
  /** Nothing can be called any more. */
  crashed(error: MqttError): void;
}

/** Key, record or `undefined` for its removal, key, and so on. */
export type StoreChanges = Parameters<EngineHost["onStore"]>[0];

/**
 * The gate to the WebAssembly engine: every call goes through `call`, every report through one microtask per batch.
 * A trap does not stop a WebAssembly instance, so after one the gate stays shut.
 */
export class Engine {
  readonly #glue: Glue;
  readonly #sink: EngineSink;
  readonly #reader: BatchReader;
  #raw: RawEngine | undefined;
  #crash: MqttError | undefined;
  #socket: Closable | undefined;
  #records: BatchRecord[] = [];

  constructor(glue: Glue, options: EngineOptions, sink: EngineSink) {
    this.#glue = glue;
    this.#sink = sink;
    this.#reader = new BatchReader(new MemoryView(glue.memory));
    this.#raw = this.#guard(() => glue.createEngine(this.#host(), options));
  }

  /** Calls into the engine. Throws what the engine refuses, `client-closed` after `free`, `engine-crashed` after a trap. */
  call<T>(run: (raw: RawEngine) => T): T {
    const raw = this.#raw;
    if (!raw) throw this.#crash ?? new MqttError("client-closed");
    return this.#guard(() => run(raw));
  }

  /** Also after `free`: messages may lie in buffers for long. Nothing after a trap. */
  decodeProperties(block: Uint8Array): object {
    if (this.#crash) return {};
    return this.#guard(() => this.#glue.decodeProperties(block));
  }

  /** Ends it. Nothing is reported afterwards; what was about to be is returned. */
  free(): readonly BatchRecord[] {
    const raw = this.#raw;
    const records = this.#records;
    this.#raw = undefined;
    this.#records = [];
    if (raw) this.#guard(() => raw.free());
    return records;
  }

  #host(): EngineHost {
    return {
      resolve: async (attempt) => {
        await undefined; // the engine is on the stack until here
        return this.#sink.resolve(attempt);
      },
      onSocket: (socket) => {
        this.#socket = socket;
      },
      onBatch: (address, count, chunk, details) => this.#onBatch(address, count, chunk, details),
      onStore: (changes, all) => this.#sink.store?.(changes, all),
      schedule: () => queueMicrotask(() => this.#try(() => this.#raw?.flush())),
      makeError: engineError,
      onFault: () => this.#poison(undefined),
    };
  }

  /** Copies out while the memory is still, and hands on when the WebAssembly frames are gone. */
  #onBatch(
    address: number,
    count: number,
    chunk: ArrayBuffer | undefined,
    details: readonly unknown[],
  ): void {
    const waiting = this.#records.length > 0;
    this.#try(() => this.#reader.read(address, count, chunk, details, this.#records));
    if (!waiting && this.#records.length > 0) queueMicrotask(() => this.#try(() => this.#dispatch()));
  }

  #dispatch(): void {
    const records = this.#records;
    this.#records = [];
    for (const record of records) {
      // Closed or crashed meanwhile: only what the tap has seen still counts.
      if (this.#raw || record.kind === "packet") this.#sink.record(record);
    }
  }

  /** Like `#guard`, for callers to whom nothing may be thrown. The crash itself has been reported by then. */
  #try(run: () => void): void {
    try {
      this.#guard(run);
    } catch {}
  }

  #guard<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      // The engine throws our errors only; anything else is a trap, a stack overflow or a bug between the two sides.
      if (error instanceof MqttError && error.code !== "engine-crashed") throw error;
      throw this.#poison(error);
    }
  }

  #poison(cause: unknown): MqttError {
    if (this.#crash) return this.#crash;
    const error = new MqttError("engine-crashed", { cause });
    this.#crash = error;
    const raw = this.#raw as { __destroy_into_raw?(): unknown } | undefined;
    this.#raw = undefined;
    this.#records = [];
    raw?.__destroy_into_raw?.(); // keeps the glue's finaliser from calling into the wreck; frees nothing
    if (this.#socket) silence(this.#socket);
    queueMicrotask(() => this.#sink.crashed(error)); // WebAssembly may still be on the stack
    return error;
  }
}

function silence(socket: Closable): void {
  socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
  try {
    socket.close();
  } catch {} // a socket that was replaced by the user may do as it likes
}
