/** What page and worker say to each other. Types only, and the few numbers that both sides count with. */
import type {
  EngineHost,
  EngineOptions,
  RawEngine,
  RawProperties,
  RawSubscribeOptions,
  Target,
} from "../boundary.js";

/** Calls of the engine that are passed on as they are. */
type Passed = Exclude<
  keyof RawEngine,
  "cancel" | "disconnect" | "flush" | "publish" | "publishWritten" | "slot" | "stats" | "subscribe"
>;

/** One thing that the page wants done. Those of a turn leave in one message. */
export type Command =
  | { [K in Passed]: readonly [name: K, ...args: Parameters<RawEngine[K]>] }[Passed]
  | readonly [name: "open", options: EngineOptions]
  | readonly [name: "publishes", publishes: Publishes]
  /** Answered with `answer` and the number of the question. */
  | readonly [name: "cancel", question: number, operation: number]
  | readonly [name: "disconnect", question: number, options: Parameters<RawEngine["disconnect"]>[0]]
  | readonly [
      name: "subscribe",
      question: number,
      operation: number,
      filters: readonly string[],
      options: RawSubscribeOptions,
    ]
  /** Asks for nothing but an answer: what came before has been done. */
  | readonly [name: "reach", question: number]
  /** Where an attempt goes, or that the page's own error forbids it. */
  | readonly [name: "target", attempt: number, target: Target]
  | readonly [name: "refuse", attempt: number, refused: number, retryable: boolean]
  /** A report with batches was dispatched. */
  | readonly [name: "taken"]
  /** Counters are wanted with the next report. */
  | readonly [name: "stats"];

/** Messages to publish, in their order. */
export interface Publishes {
  /** All payloads, one behind the other, and at the byte `table` the table. */
  readonly block: ArrayBuffer;
  readonly table: number;
  /** Five words for each: operation, flags, index of the topic, length of the payload, 1 + index of the properties or 0. */
  readonly count: number;
  readonly topics: readonly string[];
  readonly properties: readonly RawProperties[];
}
export const PUBLISH_WORDS = 5;
/** Of a batch without details: its place, length, count and chunk. */
export const BATCH_WORDS = 4;

/** Stands in the worker for an error object, which only the page can make. */
export interface Described {
  readonly made: Parameters<EngineHost["makeError"]>;
}

/** Stands in the worker for the error with which the page refused an attempt. */
export interface Refusal {
  readonly refused: number;
  readonly retryable: boolean;
}

/** One thing that the worker tells. */
export type Item =
  /** Records in the block, `length` words from the byte `at` on, with the number of the chunk of their messages. */
  | readonly [
      name: "batch",
      at: number,
      length: number,
      count: number,
      chunk: number,
      details: readonly unknown[],
    ]
  /** Batches without details: `count` times four words from the byte `at` of the block on, as the numbers above. */
  | readonly [name: "batches", at: number, count: number]
  | readonly [name: "resolve", attempt: number]
  | readonly [name: "store", changes: Parameters<EngineHost["onStore"]>[0], all: boolean, newest: number]
  | readonly [name: "answer", question: number, value: unknown, error: Described | undefined]
  | readonly [name: "crashed", cause: string | undefined]
  | readonly [name: "freed"]
  /** Nothing holds the worker any more. */
  | readonly [name: "gone"];

/** What the worker told in one message. */
export interface Report {
  readonly items: readonly Item[];
  /** Everything that is small, copied into one buffer. */
  readonly block: ArrayBuffer | undefined;
  /** Large frames, which come as they are. They count from 1: number 0 is the block. */
  readonly chunks: readonly ArrayBuffer[];
  /** Whether it counts until it is taken. */
  readonly counts: boolean;
  readonly stats: unknown;
}

/** What a worker says before anything else, when it has the module. */
export interface Ready {
  /** Why it cannot work. */
  readonly failure: string | undefined;
}
