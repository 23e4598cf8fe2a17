import type { MqttError } from "./errors.js";
import type { MemoryView } from "./memory.js";
import type { PacketInfo } from "./packet.js";
import type { ClientState, Delivery, ServerInfo } from "./types.js";
import { createDecoder } from "./utf8.js";

/** One PUBLISH, with bytes of its own or of the chunk that arrived. */
export interface MessageRecord {
  readonly kind: "message";
  readonly topic: string;
  /** QoS | retain << 2 | dup << 3. */
  readonly flags: number;
  readonly payload: Uint8Array;
  /** The property block as it came, empty when there is none. */
  readonly properties: Uint8Array;
  /** Ids of the subscriptions that it belongs to. */
  readonly routes: readonly number[];
  /** For `acknowledge`; 0 when there is nothing to acknowledge. */
  readonly token: number;
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
  | MessageRecord
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

// The layout that `src/web/batch.rs` writes: 12 words a record, the first one tells which.
const STRIDE = 12;
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
const IN_MEMORY = 1 << 4;
const NO_RETRY = 0xffff_ffff;
const STATES: readonly ClientState[] = [
  "idle",
  "connecting",
  "connected",
  "reconnecting",
  "suspended",
  "closing",
  "closed",
];
/** Turns the engine's record table into objects that own what they hold. */
export class BatchReader {
  readonly #memory: MemoryView;
  readonly #decode = createDecoder();
  readonly #topics = new Map<number, string>();

  constructor(memory: MemoryView) {
    this.#memory = memory;
  }

  /** Appends `count` records at `address` to `out`. Throws for a table that this reader does not know. */
  read(
    address: number,
    count: number,
    chunk: ArrayBuffer | undefined,
    details: readonly unknown[],
    out: BatchRecord[],
  ): void {
    const words = this.#memory.words();
    for (let at = address >>> 2, end = at + count * STRIDE; at < end; at += STRIDE) {
      const record = this.#record(words.subarray(at, at + STRIDE), chunk, details);
      if (record) out.push(record);
    }
  }

  #record(
    w: Uint32Array,
    chunk: ArrayBuffer | undefined,
    details: readonly unknown[],
  ): BatchRecord | undefined {
    const detail = details[w[7]! - 1];
    switch (w[0]) {
      case Kind.Topic:
        this.#topics.set(w[1]!, this.#decode(this.#slice(w[2]!, w[3]!)));
        return;
      case Kind.Message:
        return this.#message(w, chunk);
      case Kind.Completed:
        return {
          kind: "completed",
          operation: w[1]!,
          status: w[3]!,
          packetId: w[4]!,
          reasonCodes: [...this.#slice(w[5]!, w[6]!)],
          answer: detail as CompletedRecord["answer"],
        };
      case Kind.Failed:
        return {
          kind: "failed",
          operation: w[1]!,
          delivery: w[3] ? "unknown" : "none",
          reasonCodes: [...this.#slice(w[5]!, w[6]!)],
          error: detail as MqttError,
        };
      case Kind.State:
        return { kind: "state", state: STATES[w[1]!]! };
      case Kind.Connected:
        return { kind: "connected", server: detail as ServerInfo };
      case Kind.Disconnected:
        return {
          kind: "disconnected",
          delay: w[2] === NO_RETRY ? undefined : w[2],
          attempt: w[3]!,
          error: detail as MqttError | undefined,
        };
      case Kind.Closed:
        return { kind: "closed", error: detail as MqttError | undefined };
      case Kind.Notice:
        return { kind: "notice", error: detail as MqttError, subscription: w[1]! };
      case Kind.Challenge:
        return { kind: "challenge", data: this.#slice(w[2]!, w[3]!) };
      case Kind.Packet:
        return {
          kind: "packet",
          packet: {
            direction: w[1] ? "received" : "sent",
            protocolVersion: w[4] as 4 | 5,
            size: w[5]!,
            head: this.#slice(w[2]!, w[3]!),
          },
        };
    }
    throw new RangeError(`unknown record ${w[0]}`);
  }

  #message(w: Uint32Array, chunk: ArrayBuffer | undefined): MessageRecord {
    const flags = w[2]!;
    const source = flags & IN_MEMORY ? undefined : chunk;
    const routes = w[7]! >>> 2;
    return {
      kind: "message",
      topic: this.#topics.get(w[1]!)!,
      flags,
      payload: this.#slice(w[3]!, w[4]!, source),
      properties: this.#slice(w[5]!, w[6]!, source),
      routes: [...this.#memory.words().subarray(routes, routes + w[8]!)],
      token: w[9]!,
    };
  }

  /** A view of the chunk, or a copy out of linear memory. */
  #slice(at: number, length: number, chunk?: ArrayBuffer): Uint8Array {
    return chunk ? new Uint8Array(chunk, at, length) : this.#memory.bytes().slice(at, at + length);
  }
}
