import type { Store, StoreChange, StoreRecord } from "./types.js";

/** The one object store of each database; its keys are those of the records. */
const RECORDS = "records";

/** Keeps records in a database of its own. */
export class IndexedDbStore implements Store {
  readonly #name: string;
  readonly #options: IDBTransactionOptions;
  #opening: Promise<IDBDatabase> | undefined;
  /** The database closed under us: what it holds now, if anything, is not what we wrote. */
  #isLost = false;

  constructor(name: string, durability: "relaxed" | "strict") {
    this.#name = name;
    this.#options = { durability };
  }

  async load(): Promise<Iterable<StoreRecord>> {
    const transaction = (await this.#database()).transaction(RECORDS);
    const done = finished(transaction);
    const keys = transaction.objectStore(RECORDS).getAllKeys();
    const values = transaction.objectStore(RECORDS).getAll();
    await done;
    return keys.result.map((key, index) => [key as number, values.result[index]]);
  }

  async write(changes: readonly StoreChange[], all: boolean): Promise<void> {
    if (this.#isLost && !all) throw new DOMException("The database was closed.", "InvalidStateError");
    const transaction = (await this.#database()).transaction(RECORDS, "readwrite", this.#options);
    const done = finished(transaction);
    try {
      const records = transaction.objectStore(RECORDS);
      if (all) records.clear();
      for (const [key, record] of changes) {
        if (record) records.put(record, key);
        else records.delete(key);
      }
      transaction.commit();
    } catch (error) {
      transaction.abort(); // or it would commit what came before
      await done.catch(() => {});
      throw error;
    }
    await done;
    this.#isLost = false;
  }

  async close(): Promise<void> {
    const database = await this.#opening;
    this.#opening = undefined;
    database?.close();
  }

  #database(): Promise<IDBDatabase> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.#name, 1);
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      request.onupgradeneeded = () => request.result.createObjectStore(RECORDS);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const lose = () => {
      this.#isLost = true;
      this.#opening = undefined;
      database.close();
    };
    database.onversionchange = lose; // somebody deletes it
    database.onclose = lose; // the browser took it away
    return database;
  }
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
