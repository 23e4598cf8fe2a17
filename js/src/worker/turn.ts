import type { RawEngine, RawProperties } from "../boundary.js";
import { type Command, PUBLISH_WORDS, type Publishes } from "./messages.js";
import { Pack } from "./pack.js";

/** How often a turn is extended by a microtask, while it brings more commands: answers of a batch are several steps deep. */
const EXTENSIONS = 8;

/** Like that of the engine, which answers later. */
type Publish = (...message: Parameters<RawEngine["publish"]>) => void;

/** Gathers what the page wants done, until its turn ends. */
export class Turn {
  readonly #post: (commands: readonly Command[], transfer: ArrayBuffer[]) => void;
  #commands: Command[] = [];
  #transfer: ArrayBuffer[] = [];
  readonly #publishes = new Publications();
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

  /** Takes a message to publish, whose payload is copied. */
  publish: Publish = (operation, topic, payload, flags, properties) => {
    this.#publishes.add(operation, topic, payload, flags, properties);
    this.#extend();
  };

  #close(): void {
    const publishes = this.#publishes.take();
    if (!publishes) return;
    this.#commands.push(["publishes", publishes]);
    this.#transfer.push(publishes.block);
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
class Publications {
  readonly #pack = new Pack();
  readonly #topics = new Map<string, number>();
  #table: number[] = [];
  #properties: RawProperties[] = [];

  readonly add: Publish = (operation, topic, payload, flags, properties) => {
    let index = this.#topics.get(topic);
    if (index === undefined) {
      index = this.#topics.size;
      this.#topics.set(topic, index);
    }
    const block = properties ? this.#properties.push(properties) : 0;
    this.#table.push(operation, flags, index, payload.length, block);
    this.#pack.put(payload);
  };

  /** Hands out what was added, if anything was, and begins anew. */
  take(): Publishes | undefined {
    const count = this.#table.length / PUBLISH_WORDS;
    if (count === 0) return undefined;
    const table = this.#pack.put(new Uint8Array(Uint32Array.from(this.#table).buffer), 4);
    const topics = [...this.#topics.keys()];
    const properties = this.#properties;
    this.#table = [];
    this.#properties = [];
    this.#topics.clear();
    return { block: this.#pack.take().buffer, table, count, topics, properties };
  }
}
