import { type Batch, BatchReader, type BatchRecord, type BatchSink } from "./batch.js";
import type { Closable, EngineHost, EngineOptions, Glue, RawEngine, Target } from "./boundary.js";
import { engineError, MqttError } from "./errors.js";
import { take } from "./intake.js";
import { MemoryView } from "./memory.js";
import { Slot } from "./slot.js";
import { Turns } from "./turns.js";
import type { MaybePromise } from "./types.js";

/** Who gets what the engine reports. Runs with no WebAssembly on the stack, but for `store`. */
export interface EngineSink extends BatchSink {
  resolve(attempt: number): Promise<Target>;
  /** Changes for the store; also those that the end of the engine leaves. To be answered later with `stored` or `storeFailed`. */
  store?(changes: StoreChanges, all: boolean, newest?: number): void;
  /** Nothing can be called any more. */
  crashed(error: MqttError): void;
}

/** Key, record or `undefined` for its removal, key, and so on. */
export type StoreChanges = Parameters<EngineHost["onStore"]>[0];

/**
 * The gate to the WebAssembly engine: every call goes through `call`, every report is handed on when it is over: in the task of
 * a WebSocket message at once, else in a microtask.
 * A trap does not stop a WebAssembly instance, so after one the gate stays shut.
 */
export class Engine {
  readonly #glue: Glue;
  readonly #sink: EngineSink;
  readonly #memory: MemoryView;
  readonly #reader = new BatchReader();
  #raw: RawEngine | undefined;
  #slot: Slot | undefined;
  #crash: MqttError | undefined;
  #socket: Closable | undefined;
  #batches: Batch[] = [];
  /** What came is being read, and the messages in it are handed out. */
  #isTaking = false;
  /** What is being read. */
  #chunk: ArrayBuffer | undefined;
  #wantsFlush = false;
  readonly #flush = () => this.#try(() => this.#raw?.flush());
  readonly #turns = new Turns(this.#flush);
  #leaving: Promise<void> | undefined;

  constructor(glue: Glue, options: EngineOptions, sink: EngineSink) {
    this.#glue = glue;
    this.#sink = sink;
    this.#memory = new MemoryView(glue.memory);
    this.#raw = this.#guard(() => glue.createEngine(this.#host(), options));
  }

  /** Calls into the engine. Throws what the engine refuses, `client-closed` after `free`, `engine-crashed` after a trap. */
  call<T>(run: (raw: RawEngine, operation: number) => T, operation = 0): T {
    const raw = this.#raw;
    if (!raw) throw this.#crash ?? new MqttError("client-closed");
    try {
      return run(raw, operation);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  /** `RawEngine.publish` without properties, which comes often enough to have a way of its own for small messages. */
  publish(operation: number, topic: string, payload: Uint8Array, flags: number): boolean {
    const raw = this.#raw;
    if (!raw) throw this.#crash ?? new MqttError("client-closed");
    try {
      this.#slot ??= new Slot(this.#memory, raw.slot());
      const topicLength = this.#slot.write(topic, payload);
      if (topicLength === 0) return raw.publish(operation, topic, payload, flags, undefined);
      return raw.publishWritten(operation, topicLength, payload.length, flags);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  /** Also after `free`: messages may lie in buffers for long. Nothing after a trap. */
  decodeProperties(block: Uint8Array): object {
    if (this.#crash) return {};
    return this.#guard(() => this.#glue.decodeProperties(block));
  }

  /** Ends it. Nothing is reported afterwards; what was about to be is returned, by a worker when it has told its last. */
  free(): MaybePromise<readonly BatchRecord[]> {
    const raw = this.#raw;
    this.#raw = undefined;
    this.#turns.end();
    this.#leaving = raw && (this.#guard(() => raw.free()) ?? undefined);
    return this.#leaving ? this.#leaving.then(() => this.#rest()) : this.#rest();
  }

  #rest(): readonly BatchRecord[] {
    const batches = this.#batches;
    this.#batches = [];
    const records: BatchRecord[] = [];
    const sink: BatchSink = { message() {}, record: (record) => void records.push(record) };
    for (const batch of batches) this.#reader.read(batch, sink);
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
        socket.onmessage = ({ data }: { readonly data: unknown }) => this.#onMessage(socket, data);
        if (socket.missed) queueMicrotask(() => retell(socket)); // the engine is about to listen
      },
      onBatch: (...batch) => this.#onBatch(...batch),
      onStore: (...changes) => this.#sink.store?.(...changes),
      schedule: (later) => {
        if (later) this.#turns.ask();
        else if (this.#isTaking) this.#wantsFlush = true;
        else queueMicrotask(this.#flush);
      },
      makeError: engineError,
      onFault: (cause) => void this.#poison(cause),
    };
  }

  /** All in one task: the engine reads, handlers run with no WebAssembly on the stack, and what they answer leaves. */
  #onMessage(socket: Closable, data: unknown, isLate = false): void {
    const raw = this.#raw;
    if (!raw || socket !== this.#socket) return;
    this.#isTaking = true;
    this.#chunk = data as ArrayBuffer;
    try {
      if (take(raw, this.#memory, data)) this.#dispatch();
      else if (isLate) throw new MqttError("engine-crashed");
      // A socket of the application that answers while it sends.
      else queueMicrotask(() => this.#onMessage(socket, data, true));
    } catch (error) {
      this.#poison(error);
    }
    this.#chunk = undefined;
    this.#isTaking = false;
    if (!this.#wantsFlush) return;
    this.#wantsFlush = false;
    this.#flush();
  }

  /** Copies out, to hand on when the WebAssembly frames are gone. */
  #onBatch(
    address: number,
    length: number,
    count: number,
    details: Batch["details"] = NONE,
    chunk = this.#chunk,
  ): void {
    if (this.#crash) return;
    const part = this.#glue.memory.isStill ? "subarray" : "slice";
    const words = this.#memory.words()[part](address / 4, address / 4 + length);
    if (this.#batches.length === 0 && !this.#isTaking)
      queueMicrotask(() => this.#try(() => this.#dispatch()));
    this.#batches.push({ words, count, chunk, details });
  }

  #dispatch(): void {
    if (this.#leaving) return;
    const batches = this.#batches;
    if (batches.length === 0) return;
    this.#batches = [];
    for (const batch of batches) this.#reader.read(batch, this.#gate);
  }

  /** Closed or crashed meanwhile: only what the tap has seen still counts. */
  readonly #gate: BatchSink = {
    message: (topic, batch, at) => {
      if (this.#raw) this.#sink.message(topic, batch, at);
    },
    record: (record) => {
      if (this.#raw || record.kind === "packet") this.#sink.record(record);
    },
  };

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
      throw this.#judge(error);
    }
  }

  /** The engine throws our errors only; anything else is a trap, a stack overflow or a bug between the two sides. */
  #judge(error: unknown): MqttError {
    return error instanceof MqttError && error.code !== "engine-crashed" ? error : this.#poison(error);
  }

  #poison(cause: unknown): MqttError {
    if (this.#crash) return this.#crash;
    const error = new MqttError("engine-crashed", { cause });
    this.#crash = error;
    const raw = this.#raw as { __destroy_into_raw?(): unknown } | undefined;
    this.#raw = undefined;
    this.#batches = [];
    this.#turns.end();
    raw?.__destroy_into_raw?.(); // keeps the glue's finaliser from calling into the wreck; frees nothing
    if (this.#socket) silence(this.#socket);
    queueMicrotask(() => this.#sink.crashed(error)); // WebAssembly may still be on the stack
    return error;
  }
}

const NONE: readonly unknown[] = [];

function retell(socket: Closable): void {
  for (const event of socket.missed ?? []) {
    const listener = socket[`on${event.type}` as "onopen" | "onerror" | "onclose"];
    (listener as ((event: Event) => void) | null)?.call(socket, event);
  }
}

function silence(socket: Closable): void {
  socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
  try {
    socket.close();
  } catch {} // a socket that was replaced by the user may do as it likes
}
