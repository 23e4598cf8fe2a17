import type { LinearMemory } from "./boundary.js";

/** A view of linear memory. Growth detaches the old buffer, so a view is good until the next call into the engine. */
export class MemoryView {
  readonly #memory: LinearMemory;
  #words = new Uint32Array(0);

  constructor(memory: LinearMemory) {
    this.#memory = memory;
  }

  /** Little-endian words; the index is the address divided by 4. */
  words(): Uint32Array {
    const { buffer } = this.#memory;
    if (this.#words.buffer !== buffer) this.#words = new Uint32Array(buffer);
    return this.#words;
  }
}
