// What is loaded only by clients with a store: the keeper of it, and IndexedDB.
import { acquire } from "../lock.js";
import { IndexedDbStore } from "./indexeddb.js";
import { Keeper, type KeeperSink, type Records } from "./keeper.js";
import type { StoreOptions } from "./types.js";

export type { Changes, KeeperSink, Records } from "./keeper.js";

/** What a client with a store has of it. */
export interface Outbox {
  /** What was stored before; once, because it may be much. */
  take(): Records;
  /** See `Keeper`. */
  readonly save: Keeper["save"];
  /** Resolves when the last changes are written or given up, and other tabs may have the outbox. */
  close(): Promise<void>;
}

/** How a client opens its outbox. */
export interface OutboxOptions extends StoreOptions {
  readonly name: string;
  /** Whether to wait for as long as another tab has it. */
  readonly wait: boolean;
  /** Aborted when the client ends before. */
  readonly signal: AbortSignal;
}

/** Takes the outbox from other tabs and reads what is in it. Rejects with `client-id-in-use`, and as `fallback` says. */
export async function openOutbox(options: OutboxOptions, sink: KeeperSink): Promise<Outbox> {
  const { name, durability = "relaxed", open = () => new IndexedDbStore(name, durability) } = options;
  const release = await acquire(`${name} outbox`, options);
  const keeper = new Keeper(() => open(name), options, sink);
  const close = () => keeper.close().finally(release);
  try {
    let records = await keeper.load();
    const take = () => {
      const taken = records;
      records = [];
      return taken;
    };
    return { take, save: (...batch) => keeper.save(...batch), close };
  } catch (error) {
    await close();
    throw error;
  }
}
