import { type Batch, flagsOf, payloadOf, propertiesOf, tokenOf } from "./batch.js";
import { invalidArgument } from "./errors.js";
import type { MessageProperties, QoS } from "./types.js";
import type { Decode } from "./utf8.js";

/** A message that arrived. */
export interface Message {
  readonly topic: string;
  /**
   * The bytes. They may be a view of a larger buffer that several messages share: respect `byteOffset`, do not write
   * to it or transfer its `buffer`, and `slice()` what you keep for long; or subscribe with `copyPayload`.
   */
  readonly payload: Uint8Array;
  /** The quality of service it was delivered with. */
  readonly qos: QoS;
  /** The RETAIN flag as it came: as a rule true only for what was stored before you subscribed (section 3.3.1.3). */
  readonly retain: boolean;
  /** The DUP flag as it came: true for a repeated transmission, which need not have arrived the first time. */
  readonly dup: boolean;
  /** MQTT 5.0; decoded when first read. Empty on 3.1.1. */
  readonly properties: MessageProperties;
  /** What each + and # of the subscription's filter matched, in order; # gives the rest with its slashes. */
  readonly params: readonly string[];
  /** The payload as UTF-8 text. Throws `invalid-argument` for bytes that are not. */
  text(): string;
  /** The payload parsed as JSON. Throws `invalid-argument` for anything else. The type is your claim, unchecked. */
  json<T = unknown>(): T;
  /** With `manualAck`: acknowledges the message. The first `ack` or `reject` counts; after a reconnect none does. */
  ack(): void;
  /** With `manualAck`: refuses the message with a reason code of 0x80 or above. On 3.1.1 the same as `ack`. @default 0x80 */
  reject(reasonCode?: number): void;
}

/** @internal What messages need of their client. */
export interface MessageContext {
  readonly decode: Decode;
  decodeProperties(block: Uint8Array): MessageProperties;
  acknowledge(token: number, reasonCode: number): void;
}

/** @internal A message record together with the filter that it matched. */
export class ReceivedMessage implements Message {
  readonly topic: string;
  readonly #batch: Batch;
  readonly #at: number;
  readonly #context: MessageContext;
  readonly #filter: string | undefined;
  #payload: Uint8Array | undefined;
  #properties: MessageProperties | undefined;
  #params: readonly string[] | undefined;

  constructor(topic: string, batch: Batch, at: number, context: MessageContext, filter?: string) {
    this.topic = topic;
    this.#batch = batch;
    this.#at = at;
    this.#context = context;
    this.#filter = filter;
  }

  get payload(): Uint8Array {
    this.#payload ??= payloadOf(this.#batch, this.#at);
    return this.#payload;
  }

  get qos(): QoS {
    return (flagsOf(this.#batch, this.#at) & 3) as QoS;
  }

  get retain(): boolean {
    return (flagsOf(this.#batch, this.#at) & 4) !== 0;
  }

  get dup(): boolean {
    return (flagsOf(this.#batch, this.#at) & 8) !== 0;
  }

  get properties(): MessageProperties {
    if (!this.#properties) {
      const block = propertiesOf(this.#batch, this.#at);
      this.#properties = block.length > 0 ? this.#context.decodeProperties(block) : {};
    }
    return this.#properties;
  }

  get params(): readonly string[] {
    this.#params ??= this.#filter === undefined ? [] : matchParams(this.#filter, this.topic);
    return this.#params;
  }

  text(): string {
    try {
      return this.#context.decode(this.payload);
    } catch {
      return invalidArgument("payload is not UTF-8", "Read `payload`, or have the publisher send text.");
    }
  }

  json<T = unknown>(): T {
    const text = this.text();
    try {
      return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text) as T;
    } catch {
      // Without a cause: engines quote the text in their message.
      return invalidArgument(
        "payload is not JSON",
        "Read `payload` or text(), or have the publisher send JSON.",
      );
    }
  }

  /** The same message as if it had come on another topic. */
  at(topic: string, filter: string): ReceivedMessage {
    return new ReceivedMessage(topic, this.#batch, this.#at, this.#context, filter);
  }

  ack(): void {
    this.reject(0);
  }

  reject(reasonCode = 0x80): void {
    this.#context.acknowledge(tokenOf(this.#batch, this.#at), reasonCode);
  }
}

/** Turns a value into a JSON payload: `publish(topic, json({ on: true }))`. Throws `invalid-argument` if JSON cannot hold it. */
export function json(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    invalidArgument(`value, ${(cause as Error).name}`, "Pass a value without cycles and BigInts.");
  }
  return text ?? invalidArgument("value", "Pass something other than undefined or a function.");
}

/** @internal What each wildcard of `filter` stands for in `topic`, which matches it. */
export function matchParams(filter: string, topic: string): string[] {
  const wanted = filter.split("/").slice(filter.startsWith("$share/") ? 2 : 0);
  const levels = topic.split("/");
  return wanted.flatMap((level, index) => {
    if (level === "+") return [levels[index] ?? ""];
    return level === "#" ? [levels.slice(index).join("/")] : [];
  });
}

const BYTE_ORDER_MARK = 0xfeff;
