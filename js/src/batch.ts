import type { MqttError } from "./errors.js";
import type { PacketInfo } from "./packet.js";
import type { Target } from "./subscription.js";
import type { ClientState, Delivery, ServerInfo } from "./types.js";
import { createDecoder } from "./utf8.js";

/**
 * What the engine reports at once. It refers to nothing but itself and the chunk, so it can be handed to another thread,
 * and nobody writes to it any more.
 */
export interface Batch {
  /** Records of eight words, then what they refer to. */
  readonly words: Uint32Array;
  /** How many records. */
  readonly count: number;
  /** The bytes that came: most messages are views of them. */
  readonly chunk: ArrayBuffer | undefined;
  /** Objects that records refer to. */
  readonly details: readonly unknown[];
}

/** A topic, and the ids of the subscriptions that its messages belong to. */
export class Topic {
  readonly name: string;
  readonly routes: readonly number[];
  /** @internal For `Subscriptions` to keep: who gets the messages, and since which change of the subscriptions. */
  targets: readonly Target[] = [];
  epoch = 0;

  constructor(name: string, routes: readonly number[]) {
    this.name = name;
    this.routes = routes;
  }
}

/** Who gets the records of a batch. */
export interface BatchSink {
  /** A PUBLISH, in the record that begins at `at`: for `flagsOf` and the like. */
  message(topic: Topic, batch: Batch, at: number): void;
  record(record: BatchRecord): void;
}

export interface CompletedRecord {
  readonly kind: "completed";
  readonly operation: number;
  readonly status: number;
  readonly packetId: number;
  readonly reasonCodes: readonly number[];
  readonly answer:
    | { reasonString?: string; userProperties?: [string, string][]; authenticationData?: Uint8Array }
    | undefined;
}

export interface FailedRecord {
  readonly kind: "failed";
  readonly operation: number;
  /** Of a publish. */
  readonly delivery: Delivery;
  readonly reasonCodes: readonly number[];
  readonly error: MqttError;
}

export interface DisconnectedRecord {
  readonly kind: "disconnected";
  /** In milliseconds; `undefined`: no retry follows. */
  readonly delay: number | undefined;
  readonly attempt: number;
  readonly error: MqttError | undefined;
}

export type BatchRecord =
  | CompletedRecord
  | FailedRecord
  | DisconnectedRecord
  | { readonly kind: "state"; readonly state: ClientState }
  | { readonly kind: "connected"; readonly server: ServerInfo }
  | { readonly kind: "closed"; readonly error: MqttError | undefined }
  /** `subscription`: the id of the one that has ended with it, or 0. */
  | { readonly kind: "notice"; readonly error: MqttError; readonly subscription: number }
  | { readonly kind: "challenge"; readonly data: Uint8Array }
  | { readonly kind: "packet"; readonly packet: PacketInfo };

// The layout that `src/web/batch.rs` writes. What is not in a record lies behind all of them.
const STRIDE = 8;
enum Kind {
  Topic = 1,
  Message = 2,
  Completed = 3,
  Failed = 4,
  State = 5,
  Connected = 6,
  Disconnected = 7,
  Closed = 8,
  Notice = 9,
  Challenge = 10,
  Packet = 11,
}
const NO_RETRY = 0xffff_ffff;
const NO_REASONS: readonly number[] = Object.freeze([]);
const STATES: readonly ClientState[] = [
  "idle",
  "connecting",
  "connected",
  "reconnecting",
  "suspended",
  "closing",
  "closed",
];

/** Walks through batches, and remembers the topics that they have named. */
export class BatchReader {
  readonly #decode = createDecoder();
  readonly #topics: Topic[] = [];

  /** Hands every record to `sink`, in order. Throws at one that it does not know. */
  read(batch: Batch, sink: BatchSink): void {
    const { words, count } = batch;
    for (let at = 0; at < count * STRIDE; at += STRIDE) {
      if (words[at] === Kind.Message) sink.message(this.#topics[words[at + 1]!]!, batch, at);
      else if (words[at] === Kind.Topic) this.#name(batch, at);
      else sink.record(record(batch, at));
    }
  }

  #name(batch: Batch, at: number): void {
    const { words, count } = batch;
    const name = this.#decode(bytes(batch, words[at + 2]!, words[at + 3]!));
    const start = count * STRIDE + words[at + 4]! / 4;
    // The engine uses numbers again: what the topic before had is of no use to this one.
    this.#topics[words[at + 1]!] = new Topic(name, [...words.subarray(start, start + words[at + 5]!)]);
  }
}

/** QoS | retain << 2 | dup << 3. */
export const flagsOf = ({ words }: Batch, at: number): number => words[at + 2]!;

/** For `acknowledge`; 0 when there is nothing to acknowledge. */
export const tokenOf = ({ words }: Batch, at: number): number => words[at + 6]!;

/** The property block as it came, empty when there is none. */
export const propertiesOf = (batch: Batch, at: number): Uint8Array =>
  part(batch, at, batch.words[at + 3]!, batch.words[at + 4]!);

export const payloadOf = (batch: Batch, at: number): Uint8Array =>
  part(batch, at, batch.words[at + 3]! + batch.words[at + 4]!, batch.words[at + 5]!);

/** The message in a batch of its own, at its beginning. It keeps nothing else in memory. */
export function alone(batch: Batch, at: number): Batch {
  const words = batch.words.slice(at, at + STRIDE);
  const body = part(batch, at, words[3]!, words[4]! + words[5]!).slice();
  words[3] = 0;
  words[7] = 1;
  return { words, count: 1, chunk: undefined, details: [body] };
}

/** A view of the chunk, or of the message's own bytes. */
function part({ words, chunk, details }: Batch, at: number, start: number, length: number): Uint8Array {
  const own = words[at + 7]!;
  return own === 0
    ? new Uint8Array(chunk!, start, length)
    : (details[own - 1] as Uint8Array).subarray(start, start + length);
}

/** Bytes behind the records. */
function bytes({ words, count }: Batch, at: number, length: number): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset + 4 * count * STRIDE + at, length);
}

/** A single reason code stands in the place of the position. Most answers have none, and share one list. */
function reasons(batch: Batch, at: number, count: number): readonly number[] {
  if (count === 0) return NO_REASONS;
  return count === 1 ? [at] : [...bytes(batch, at, count)];
}

function record(batch: Batch, at: number): BatchRecord {
  const { words } = batch;
  const own = words[at + 7]!;
  const detail = own > 0 ? batch.details[own - 1] : undefined; // an index of -1 would be looked up by name
  switch (words[at]) {
    case Kind.Completed:
      return {
        kind: "completed",
        operation: words[at + 1]!,
        status: words[at + 3]!,
        packetId: words[at + 4]!,
        reasonCodes: reasons(batch, words[at + 5]!, words[at + 6]!),
        answer: detail as CompletedRecord["answer"],
      };
    case Kind.Failed:
      return {
        kind: "failed",
        operation: words[at + 1]!,
        delivery: words[at + 3] ? "unknown" : "none",
        reasonCodes: reasons(batch, words[at + 5]!, words[at + 6]!),
        error: detail as MqttError,
      };
    case Kind.State:
      return { kind: "state", state: STATES[words[at + 1]!]! };
    case Kind.Connected:
      return { kind: "connected", server: detail as ServerInfo };
    case Kind.Disconnected:
      return {
        kind: "disconnected",
        delay: words[at + 2] === NO_RETRY ? undefined : words[at + 2],
        attempt: words[at + 3]!,
        error: detail as MqttError | undefined,
      };
    case Kind.Closed:
      return { kind: "closed", error: detail as MqttError | undefined };
    case Kind.Notice:
      return { kind: "notice", error: detail as MqttError, subscription: words[at + 1]! };
    case Kind.Challenge:
      return { kind: "challenge", data: bytes(batch, words[at + 2]!, words[at + 3]!).slice() };
    case Kind.Packet:
      return {
        kind: "packet",
        packet: {
          direction: words[at + 1] ? "received" : "sent",
          protocolVersion: words[at + 4] as 4 | 5,
          size: words[at + 5]!,
          head: bytes(batch, words[at + 2]!, words[at + 3]!).slice(),
        },
      };
  }
  throw new RangeError(`unknown record ${words[at]}`);
}
