// What is loaded only by clients with a store: the keeper of it, and IndexedDB.
import { IndexedDbStore } from "./indexeddb.js";
import { Keeper, type KeeperSink, type Records } from "./keeper.js";
import type { StoreOptions } from "./types.js";

export type { KeeperSink } from "./keeper.js";

/** What a client with a store has of it. */
export interface Outbox {
  /** What was stored before; once, because it may be much. */
  take(): Records;
  /** See `Keeper`. */
  readonly save: Keeper["save"];
  /** Resolves when the last changes are written or given up. */
  close(): Promise<void>;
}

/** Reads what is in the outbox `name`, which nobody else must use. Rejects as `fallback` says. */
export async function openOutbox(name: string, options: StoreOptions, sink: KeeperSink): Promise<Outbox> {
  const { durability = "relaxed", open = () => new IndexedDbStore(name, durability) } = options;
  const keeper = new Keeper(() => open(name), options, sink);
  const close = () => keeper.close();
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
