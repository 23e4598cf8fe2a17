import { SLOT } from "./boundary.js";
import type { MemoryView } from "./memory.js";

/** The place in linear memory where the engine reads small messages: no copy of them is made for the call. */
export class Slot {
  readonly #memory: MemoryView;
  readonly #address: number;
  /** What lies there already. */
  #topic = "";

  /** `address` 0: there is no such place. */
  constructor(memory: MemoryView, address: number) {
    this.#memory = memory;
    this.#address = address;
  }

  /** Writes both. Returns the length of the topic in bytes, or 0 when they have to go another way: too long, or not ASCII. */
  write(topic: string, payload: Uint8Array): number {
    const { length } = topic;
    if (this.#address === 0 || length + payload.length > SLOT) return 0;
    const bytes = this.#memory.bytes();
    if (topic !== this.#topic) {
      this.#topic = ""; // until all of it is there
      for (let at = 0; at < length; at++) {
        const code = topic.charCodeAt(at);
        if (code > 0x7f) return 0;
        bytes[this.#address + at] = code;
      }
      this.#topic = topic;
    }
    bytes.set(payload, this.#address + length);
    return length;
  }
}
