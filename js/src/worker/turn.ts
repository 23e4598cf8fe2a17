import type { RawProperties } from "../boundary.js";
import { type Command, PUBLISH_WORDS, type Publishes } from "./messages.js";
import { Pack } from "./pack.js";

/** How often a turn is extended by a microtask, while it brings more commands: answers of a batch are several steps deep. */
const EXTENSIONS = 8;

/** Gathers what the page wants done, until its turn ends. */
export class Turn {
  readonly #post: (commands: readonly Command[], transfer: ArrayBuffer[]) => void;
  #commands: Command[] = [];
  #transfer: ArrayBuffer[] = [];
  #group: PublishGroup | undefined;
  #size = 0;
  #isOpen = false;

  constructor(post: (commands: readonly Command[], transfer: ArrayBuffer[]) => void) {
    this.#post = post;
  }

  add(command: Command): void {
    this.#close();
    this.#commands.push(command);
    this.#extend();
  }

  /** The payload is copied. */
  publish(
    operation: number,
    topic: string,
    payload: Uint8Array,
    flags: number,
    properties: RawProperties | undefined,
  ): void {
    this.#group ??= new PublishGroup();
    this.#group.add(operation, topic, payload, flags, properties);
    this.#extend();
  }

  #close(): void {
    const group = this.#group?.finish();
    this.#group = undefined;
    if (!group) return;
    this.#commands.push(["publishes", group]);
    this.#transfer.push(group.payloads.buffer as ArrayBuffer, group.table.buffer as ArrayBuffer);
  }

  #extend(): void {
    this.#size++;
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#wait(0, EXTENSIONS);
  }

  #wait(seen: number, left: number): void {
    queueMicrotask(() => {
      if (left > 0 && this.#size > seen) this.#wait(this.#size, left - 1);
      else this.#flush();
    });
  }

  #flush(): void {
    this.#close();
    const commands = this.#commands;
    const transfer = this.#transfer;
    this.#commands = [];
    this.#transfer = [];
    this.#size = 0;
    this.#isOpen = false;
    this.#post(commands, transfer);
  }
}

/** Messages to publish, encoded as they come. */
class PublishGroup {
  #table = new Uint32Array(16 * PUBLISH_WORDS);
  #count = 0;
  readonly #topics: string[] = [];
  readonly #known = new Map<string, number>();
  readonly #properties: RawProperties[] = [];
  readonly #payloads = new Pack();

  add(
    operation: number,
    topic: string,
    payload: Uint8Array,
    flags: number,
    properties: RawProperties | undefined,
  ): void {
    let index = this.#known.get(topic);
    if (index === undefined) {
      index = this.#topics.push(topic) - 1;
      this.#known.set(topic, index);
    }
    const at = this.#count++ * PUBLISH_WORDS;
    if (at === this.#table.length) {
      const grown = new Uint32Array(2 * at);
      grown.set(this.#table);
      this.#table = grown;
    }
    this.#table[at] = operation;
    this.#table[at + 1] = flags;
    this.#table[at + 2] = index;
    this.#table[at + 3] = payload.length;
    this.#table[at + 4] = properties ? this.#properties.push(properties) : 0;
    this.#payloads.put(payload);
  }

  finish(): Publishes {
    return {
      table: this.#table.subarray(0, this.#count * PUBLISH_WORDS),
      topics: this.#topics,
      properties: this.#properties,
      payloads: this.#payloads.take(),
    };
  }
}
