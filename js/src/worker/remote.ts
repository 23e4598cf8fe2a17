import type { EngineHost, EngineOptions, RawEngine, RawSubscribeOptions } from "../boundary.js";
import { BATCH_WORDS, type Described, type Item, type Ready, type Refusal, type Report } from "./messages.js";
import { Turn } from "./turn.js";

/** The part of a `Worker` that is used. */
export type WorkerPort = Pick<
  Worker,
  "onmessage" | "onmessageerror" | "onerror" | "postMessage" | "terminate"
>;

/** Bytes of payloads that the worker may have before it is asked how far it is. */
const REACH_BYTES = 256 * 1024;
const REACH_MESSAGES = 1000;
/** Milliseconds that a worker may take to come to its end. */
const END_MS = 2000;
/** Numbers of error codes at the boundary. */
const QUEUE_FULL = 5;
/** Of the flags of `publish`: may join another one. */
const JOINS = 1 << 4;
/** Where `makeError` has the error behind an error. */
const CAUSE = 9;
const NOTHING = new ArrayBuffer(0);

/** Stands on the page for an engine in a worker: sends on what it is called with, and plays the worker's reports back. */
export class RemoteEngine implements RawEngine {
  readonly #worker: WorkerPort;
  readonly #memory: { buffer: ArrayBuffer };
  readonly #host: EngineHost;
  readonly #limits: Pick<EngineOptions, "maxBytes" | "maxMessages">;
  readonly #turn: Turn;
  /** What waits for an answer, by number; it gets `undefined` when none will come. */
  readonly #questions = new Map<number, (value: unknown, error?: unknown) => void>();
  #asked = 0;
  /** Messages that the worker has not taken in, as far as is known, and those of them that it was not asked about. */
  #waiting = { messages: 0, bytes: 0 };
  #unasked = { messages: 0, bytes: 0 };
  /** Why the page refused the latest attempts: errors stay here, the worker gets a number. */
  readonly #refusals = new Map<number, unknown>();
  #stats: unknown = {};
  #wantsStats = false;
  #freed: (() => void) | undefined;
  #isFreed = false;
  #hasEnded = false;

  /** `memory` is what the page's reader takes for linear memory: the block of the report that is being read. */
  constructor(worker: WorkerPort, memory: { buffer: ArrayBuffer }, host: EngineHost, options: EngineOptions) {
    this.#worker = worker;
    this.#memory = memory;
    this.#host = host;
    this.#limits = options;
    this.#turn = new Turn((commands, transfer) => {
      if (!this.#hasEnded) worker.postMessage(commands, transfer);
    });
    worker.onmessage = ({ data }: MessageEvent<Report | Ready>) => {
      if ("items" in data) this.#onReport(data);
    };
    worker.onmessageerror = () => this.#crash("messageerror");
    worker.onerror = (event) => this.#crash((event as ErrorEvent).message);
    this.#turn.add(["open", options]);
  }

  restore = (...args: Parameters<RawEngine["restore"]>) => this.#turn.add(["restore", ...args]);
  stored = () => this.#turn.add(["stored"]);
  storeFailed = () => this.#turn.add(["storeFailed"]);
  storeAgain = () => this.#turn.add(["storeAgain"]);
  start = () => this.#turn.add(["start"]);
  unsubscribe = (...args: Parameters<RawEngine["unsubscribe"]>) => this.#turn.add(["unsubscribe", ...args]);
  acknowledge = (token: number, reasonCode: number) => this.#turn.add(["acknowledge", token, reasonCode]);
  ping = (operation: number) => this.#turn.add(["ping", operation]);
  authenticate = (data: Uint8Array | undefined, giveUp: boolean) =>
    this.#turn.add(["authenticate", data, giveUp]);
  reauthenticate = (operation: number, data: Uint8Array | undefined) =>
    this.#turn.add(["reauthenticate", operation, data]);
  renew = () => this.#turn.add(["renew"]);
  terminate = () => this.#turn.add(["terminate"]);
  wake = (presence: number, offline: boolean) => this.#turn.add(["wake", presence, offline]);
  block = () => this.#turn.add(["block"]);
  tap = (on: boolean) => this.#turn.add(["tap", on]);
  /** The worker does so at the end of each turn. */
  flush(): void {}
  /** The socket is the worker's. */
  reserve = () => 0;
  slot = () => 0;
  publishWritten = () => false;
  needed = (_: number, length: number) => length;
  received(): void {}
  refuseFrame(): void {}

  /** What settles together is known in the worker only, too late. */
  publish: RawEngine["publish"] = (operation, topic, payload, flags, properties) => {
    const { maxMessages, maxBytes } = this.#limits;
    const { messages, bytes } = this.#waiting;
    // The engine judges what is too much. This bounds what it has not seen yet, beyond what it may have seen unasked.
    const isFull = messages >= maxMessages + REACH_MESSAGES || bytes > maxBytes + REACH_BYTES;
    if (isFull) {
      throw this.#host.makeError(QUEUE_FULL, -1, -1, maxMessages, undefined, undefined, -1);
    }
    this.#turn.publish(operation, topic, payload, flags & ~JOINS, properties);
    for (const count of [this.#waiting, this.#unasked]) {
      count.messages++;
      count.bytes += payload.length;
    }
    if (this.#unasked.messages >= REACH_MESSAGES || this.#unasked.bytes >= REACH_BYTES) this.#reach();
    return false;
  };

  subscribe(
    operation: number,
    filters: readonly string[],
    options: RawSubscribeOptions,
    later: (ids: Iterable<number>) => void,
  ): undefined {
    const question = ++this.#asked;
    this.#questions.set(question, (ids) => ids && later(ids as Uint32Array)); // at once: messages may be in this report
    this.#turn.add(["subscribe", question, operation, filters, options]);
  }

  cancel(operation: number): Promise<boolean> {
    return this.#ask<boolean>((question) => this.#turn.add(["cancel", question, operation])).then(Boolean);
  }

  disconnect(...[options]: Parameters<RawEngine["disconnect"]>): Promise<void> {
    return this.#ask<void>((question) => this.#turn.add(["disconnect", question, options]));
  }

  /** As they were when the worker last told of anything; asks it to tell again. */
  stats(): unknown {
    if (!this.#wantsStats) this.#turn.add(["stats"]);
    this.#wantsStats = true;
    return this.#stats;
  }

  /** Resolves when the worker has told its last. */
  free(): Promise<void> {
    this.#turn.add(["free"]);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end(), END_MS);
      this.#freed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** What the page's gate calls after a crash. */
  __destroy_into_raw(): void {
    this.#end();
  }

  #ask<T>(send: (question: number) => void): Promise<T | undefined> {
    const question = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#questions.set(question, (value, error) => {
        if (error) reject(error);
        else resolve(value as T);
      });
      send(question);
    });
  }

  #reach(): void {
    const { messages, bytes } = this.#unasked;
    this.#unasked = { messages: 0, bytes: 0 };
    this.#ask((question) => this.#turn.add(["reach", question])).then(() => {
      this.#waiting.messages -= messages;
      this.#waiting.bytes -= bytes;
    });
  }

  #onReport({ items, block = NOTHING, chunks, counts, stats }: Report): void {
    if (this.#hasEnded) return;
    if (stats) {
      this.#stats = stats;
      this.#wantsStats = false;
    }
    this.#memory.buffer = block;
    for (const item of items) this.#onItem(item, [block, ...chunks]);
    if (counts) this.#turn.add(["taken"]); // leaves after the batches were dispatched, with what handlers did
  }

  #onItem(item: Item, buffers: readonly ArrayBuffer[]): void {
    switch (item[0]) {
      case "batch": {
        const [, at, length, count, chunk, details] = item;
        const objects = details.map((detail) => this.#object(detail));
        this.#host.onBatch(at, length, count, objects, buffers[chunk]);
        break;
      }
      case "batches": {
        const words = new Uint32Array(buffers[0] ?? NOTHING, item[1], BATCH_WORDS * item[2]);
        for (let row = 0; row < words.length; row += BATCH_WORDS) {
          const chunk = buffers[words[row + 3] ?? 0];
          this.#host.onBatch(words[row] ?? 0, words[row + 1] ?? 0, words[row + 2] ?? 0, undefined, chunk);
        }
        break;
      }
      case "resolve":
        this.#resolve(item[1]);
        break;
      case "store":
        this.#host.onStore(item[1], item[2], item[3]);
        break;
      case "answer": {
        const [, question, value, error] = item;
        const settle = this.#questions.get(question);
        this.#questions.delete(question);
        settle?.(value, error && this.#object(error));
        break;
      }
      case "crashed":
        this.#crash(item[1]);
        break;
      case "freed":
        this.#settle();
        break;
      case "gone":
        this.#end();
        break;
      default:
        item satisfies never;
    }
  }

  /** What `detail` stands for. */
  #object(detail: unknown): unknown {
    const { made, refused } = detail as Partial<Described & Refusal>;
    if (refused !== undefined) return this.#refusals.get(refused);
    if (!made) return detail;
    const args = [...made] as Described["made"];
    if (args[CAUSE]) args[CAUSE] = this.#object(args[CAUSE]);
    return this.#host.makeError(...args);
  }

  #resolve(attempt: number): void {
    this.#host.resolve(attempt).then(
      (target) => this.#turn.add(["target", attempt, target]),
      (error) => {
        for (const older of this.#refusals.keys()) if (this.#refusals.size > 3) this.#refusals.delete(older);
        const refused = ++this.#asked;
        this.#refusals.set(refused, error);
        this.#turn.add(["refuse", attempt, refused, (error as { retryable?: boolean }).retryable !== false]);
      },
    );
  }

  #crash(cause: unknown): void {
    if (this.#hasEnded) return;
    if (!this.#isFreed) this.#host.onFault(cause);
    this.#end();
  }

  /** Nothing is said or heard any more, and nobody waits. */
  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#worker.terminate();
    this.#settle();
  }

  /** The engine is no more, and nobody waits for it. */
  #settle(): void {
    this.#isFreed = true;
    for (const settle of this.#questions.values()) settle(undefined);
    this.#questions.clear();
    this.#freed?.();
  }
}
