import type { LinearMemory } from "./boundary.js";

/** Views of linear memory. Growth detaches the old buffer, so a view is good until the next call into the engine. */
export class MemoryView {
  readonly #memory: LinearMemory;
  #bytes = new Uint8Array(0);
  #words = new Uint32Array(0);

  constructor(memory: LinearMemory) {
    this.#memory = memory;
  }

  bytes(): Uint8Array {
    this.#refresh();
    return this.#bytes;
  }

  /** Little-endian words; the index is the address divided by 4. */
  words(): Uint32Array {
    this.#refresh();
    return this.#words;
  }

  #refresh(): void {
    const { buffer } = this.#memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
  }
}
