// A store in memory that fails as a test says.
import type { Store, StoreChange, StoreRecord } from "../../../js/src/store/types.js";

/** What a call does in place of its work: throws this, or never answers. */
export type Fault = { readonly throws: unknown } | "silence";

export class MemoryStore implements Store {
  readonly records = new Map<unknown, unknown>();
  readonly calls: string[] = [];
  /** Method → what it does from now on. */
  readonly faults: Partial<Record<"load" | "write" | "close", Fault>> = {};
  /** Resolvers of writes that are held up, while `isSlow`. */
  readonly waiting: (() => void)[] = [];
  isSlow = false;

  load(): Promise<Iterable<StoreRecord>> {
    return this.#run("load", () => [...this.records] as StoreRecord[]);
  }

  write(changes: readonly StoreChange[], all: boolean): Promise<void> {
    return this.#run(all ? "write all" : "write", async () => {
      if (this.isSlow) await new Promise<void>((resolve) => this.waiting.push(resolve));
      if (all) this.records.clear();
      for (const [key, record] of changes) {
        if (record) this.records.set(key, record);
        else this.records.delete(key);
      }
    });
  }

  close(): Promise<void> {
    return this.#run("close", () => {});
  }

  /** Lets the oldest write that is held up happen. */
  release(): void {
    this.waiting.shift()?.();
  }

  #run<T>(call: string, work: () => T | Promise<T>): Promise<T> {
    this.calls.push(call);
    const fault = this.faults[call.split(" ")[0] as "load"];
    if (fault === "silence") return new Promise(() => {});
    if (fault) throw fault.throws;
    return Promise.resolve(work());
  }
}

export const bytes = (text: string) => new TextEncoder().encode(text);

export function quotaExceeded(): DOMException {
  return new DOMException("no room", "QuotaExceededError");
}
