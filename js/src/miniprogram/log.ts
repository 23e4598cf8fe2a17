import type { Store, StoreChange, StoreRecord } from "../store/types.js";
import { type Batch, decodeBatch, encodeBatch, partOf } from "./batches.js";
import type { TextStorage } from "./storage.js";

/** Letters of batches that are of no use any more, beyond as many as are in use, before they are cleared away. */
const SLACK = 64 * 1024;

/** Bytes that each record costs beyond its own. */
const EXTRA = 24;

/** One batch in the storage. */
interface Entry {
  /** The numbers of its keys, in order. */
  readonly parts: readonly number[];
  /** Letters in the storage. */
  readonly size: number;
  /** Those of its records that nothing later has replaced or removed, with the letters that each is worth. */
  readonly live: Map<number, number>;
}

/**
 * Keeps records in key-value storage, which can change one key at a time: so each `write` becomes one batch under a new key,
 * which is there or not, and what is stored is what all batches make, one after the other. A batch too large for one key
 * has several, and counts when the last one is there.
 *
 * Batches go from the oldest on, when none of their records counts any more; so no removal can go before what it removes.
 * One that holds up the others for a few records has these written again behind them.
 */
export class LogStore implements Store {
  readonly #storage: TextStorage;
  readonly #prefix: string;
  #entries: Entry[] = [];
  /** In which batch each record is. */
  #where = new Map<number, Entry>();
  #next = 0;
  /** Letters in the storage, and how many of them records are worth. */
  #used = 0;
  #needed = 0;

  constructor(storage: TextStorage, name: string) {
    this.#storage = storage;
    this.#prefix = `${name}|`;
  }

  load(): Iterable<StoreRecord> {
    const records = new Map<number, Uint8Array>();
    this.#entries = [];
    this.#where = new Map();
    this.#used = this.#needed = 0;
    let damaged = 0;
    for (const [parts, texts] of this.#stored()) {
      const batch = isWhole(texts) ? decodeBatch(texts) : undefined;
      if (!batch && isWhole(texts)) damaged++; // one that is not whole was never finished, or is half removed
      this.#enter(parts, length(texts), batch ?? { all: false, changes: [] });
      if (batch?.all) records.clear();
      for (const [key, record] of batch?.changes ?? []) {
        if (record) records.set(key, record);
        else records.delete(key);
      }
      this.#next = Math.max(this.#next, (parts[parts.length - 1] ?? 0) + 1);
    }
    const foreign = Array.from({ length: damaged }, () => [Number.NaN, new Uint8Array(0)] as const);
    return [...records, ...foreign];
  }

  write(changes: readonly StoreChange[], all: boolean): void {
    try {
      this.#append({ all, changes });
    } catch {
      this.#clear(0); // there may be room behind what is of no use
      this.#append({ all, changes });
    }
    this.#clear(SLACK);
  }

  close(): void {}

  /** Keys that belong together, oldest first, with their texts. */
  #stored(): [parts: number[], texts: string[]][] {
    const numbers = this.#storage
      .keys()
      .filter((key) => key.startsWith(this.#prefix) && /^\d{1,15}$/.test(key.slice(this.#prefix.length)))
      .map((key) => Number(key.slice(this.#prefix.length)))
      .sort((a, b) => a - b);
    const groups: [parts: number[], texts: string[]][] = [];
    for (const number of numbers) {
      const text = this.#storage.get(this.#prefix + number) ?? "";
      const [parts, texts] = groups[groups.length - 1] ?? [[], []];
      const index = partOf(text)?.index;
      if (index && index === texts.length && parts[0] === number - index && sameBatch(texts[0], text)) {
        parts.push(number);
        texts.push(text);
      } else groups.push([[number], [text]]);
    }
    return groups;
  }

  /** Makes one batch of it, or leaves everything as it was. */
  #append(batch: Batch): void {
    const texts = encodeBatch(batch);
    const parts = texts.map((_, index) => this.#next + index);
    this.#next += texts.length; // also if it fails: what is left of it must not become a part of another one
    const done: number[] = [];
    try {
      for (const [index, text] of texts.entries()) {
        this.#storage.set(this.#prefix + (parts[index] ?? 0), text);
        done.push(parts[index] ?? 0);
      }
    } catch (error) {
      const left = done.filter((part) => !this.#remove(part));
      if (left.length > 0) this.#enter(left, 0, { all: false, changes: [] });
      throw error;
    }
    this.#enter(parts, length(texts), batch);
  }

  #enter(parts: readonly number[], size: number, { all, changes }: Batch): void {
    const entry: Entry = { parts, size, live: new Map() };
    this.#used += size;
    if (all) {
      for (const { live } of this.#entries) live.clear();
      this.#where.clear();
      this.#needed = 0;
    }
    for (const [key, record] of changes) {
      const before = this.#where.get(key)?.live;
      this.#needed -= before?.get(key) ?? 0;
      before?.delete(key);
      this.#where.delete(key);
      if (!record) continue;
      const worth = Math.ceil(((record.length + EXTRA) * 4) / 3);
      this.#needed += worth;
      entry.live.set(key, worth);
      this.#where.set(key, entry);
    }
    this.#entries.push(entry);
  }

  /** Removes what is of no use, until there is no more than `slack` of it; as far as that works. */
  #clear(slack: number): void {
    try {
      for (let moves = this.#entries.length; this.#entries.length > 0; ) {
        const [oldest] = this.#entries as [Entry];
        if (oldest.live.size > 0) {
          if (moves-- <= 0 || this.#used - 2 * this.#needed <= slack) return;
          const batch = decodeBatch(oldest.parts.map((part) => this.#storage.get(this.#prefix + part) ?? ""));
          if (!batch) return; // somebody else changed it: what it had is known to the client only
          this.#append({ all: false, changes: batch.changes.filter(([key]) => oldest.live.has(key)) });
        }
        if (!oldest.parts.every((part) => this.#remove(part))) return;
        this.#entries.shift();
        this.#used -= oldest.size;
      }
    } catch {} // it stays as it is, and is tried again
  }

  #remove(part: number): boolean {
    try {
      this.#storage.remove(this.#prefix + part);
      return true;
    } catch {
      return false;
    }
  }
}

function isWhole(texts: readonly string[]): boolean {
  const { index, count } = partOf(texts[0] ?? "") ?? { index: 0, count: 1 };
  return index === 0 && count === texts.length;
}

function sameBatch(first: string | undefined, other: string): boolean {
  return partOf(first ?? "")?.count === partOf(other)?.count;
}

function length(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
