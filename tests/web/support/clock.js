// Timers and time of the page, replaced by ones that are wound by hand.

export const realTimeout = globalThis.setTimeout.bind(globalThis);
const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };

/** Virtual time from the moment it is made until `restore`. */
export class Clock {
  /** Milliseconds. */
  now = 1000;
  /** Delay of every timer that was ever armed. */
  armed = [];
  #timers = new Map();
  #last = 0;

  constructor() {
    globalThis.setTimeout = (run, delay) => {
      this.armed.push(delay);
      this.#timers.set(++this.#last, { run, at: this.now + delay });
      return this.#last;
    };
    globalThis.clearTimeout = (id) => this.#timers.delete(id);
    performance.now = () => this.now;
  }

  /** Timers that still wait. */
  get waiting() {
    return this.#timers.size;
  }

  /** Lets time pass. Timers fire in their order, each at its own time. */
  advance(milliseconds) {
    const end = this.now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, { run, at }] = due;
      this.now = Math.max(this.now, at);
      this.#timers.delete(id);
      run();
    }
    this.now = end;
  }

  /** Time passes while timers sleep, as in a frozen page. */
  jump(milliseconds) {
    this.now += milliseconds;
  }

  /** Fires the timer that is due next, although its time has not come. */
  fireEarly() {
    const [id, { run }] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)[0];
    this.#timers.delete(id);
    run();
  }

  static restore() {
    Object.assign(globalThis, real);
    delete performance.now; // uncovers the browser's own
  }
}
