import { acquire, sessionName } from "./lock.js";
import type { ClientOptions } from "./options.js";

/**
 * A client's hold on its Client Identifier among the clients of this browser: two with the same one throw each other out
 * (5.0 and 3.1.1, section 3.1.4). Identifiers made by chance need none.
 */
export class Claim {
  readonly #name: string | undefined;
  readonly #wait: boolean;
  /** Set while it is held or asked for. */
  #asking: AbortController | undefined;
  #release: (() => void) | undefined;

  /** `url` stands for the server; "" if it is not known beforehand. */
  constructor(url: string, { clientId, whenClientIdInUse }: ClientOptions) {
    if (clientId && whenClientIdInUse !== "ignore") this.#name = sessionName(url, clientId);
    this.#wait = whenClientIdInUse === "wait";
  }

  /** Whether the client may connect. */
  get isHeld(): boolean {
    return !this.#name || this.#release !== undefined;
  }

  /** Calls `then` when the identifier is this client's: at once where that is sure, never when it was dropped meanwhile. */
  take(then: () => void, fail: (error: unknown) => void): void {
    if (this.isHeld) then();
    if (!this.#name || this.#asking) return; // held, or on its way: who asked is told
    const asking = new AbortController();
    const { signal } = asking;
    this.#asking = asking;
    acquire(this.#name, { wait: this.#wait, signal }).then(
      (release) => {
        if (signal.aborted) return release();
        this.#release = release;
        then();
      },
      (error) => {
        if (!signal.aborted) fail(error);
      },
    );
  }

  /** Gives it back, or stops asking. */
  drop(): void {
    this.#asking?.abort();
    this.#release?.();
    this.#asking = this.#release = undefined;
  }
}
