/** Runs one function in tasks of their own: soon, but behind everything that waits for the thread already. */
export class Turns {
  readonly #run: () => void;
  #channel: MessageChannel | undefined;

  constructor(run: () => void) {
    this.#run = run;
  }

  /** Where there are no channels, a microtask has to do. */
  ask(): void {
    if (typeof MessageChannel !== "function") {
      queueMicrotask(this.#run);
      return;
    }
    if (!this.#channel) {
      this.#channel = new MessageChannel();
      this.#channel.port1.onmessage = this.#run;
    }
    this.#channel.port2.postMessage(0);
  }

  /** Lets go of the channel, which would keep Node.js running. */
  end(): void {
    this.#channel?.port1.close();
    this.#channel = undefined;
  }
}
