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
    this.#channel ??= new MessageChannel();
    const { port1, port2 } = this.#channel;
    port1.onmessage = () => {
      port1.onmessage = null; // one that listens keeps Node.js running
      this.#run();
    };
    port2.postMessage(0);
  }

  /** Nothing that was asked for runs any more. */
  end(): void {
    this.#channel?.port1.close();
    this.#channel = undefined;
  }
}
