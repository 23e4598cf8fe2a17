// Timers and time of the engine, replaced by ones that are wound by hand.

export const realTimeout = globalThis.setTimeout.bind(globalThis);
const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
const realDate = Date.now;

/** WebDriver has timers on the same page, and they have to go on. */
const isOfEngine = (run) => "_wbg_cb_unref" in run; // a closure of the glue

/** Virtual time from the moment it is made until `restore`. */
export class Clock {
  /** Milliseconds. */
  now = 1000;
  /** Milliseconds since 1970. */
  wall = 1_700_000_000_000;
  /** Delay of every timer that was ever armed. */
  armed = [];
  #timers = new Set();

  constructor() {
    globalThis.setTimeout = (run, delay, ...args) => {
      if (!isOfEngine(run)) return realTimeout(run, delay, ...args);
      this.armed.push(delay);
      const timer = { run, at: this.now + delay };
      this.#timers.add(timer);
      return timer;
    };
    globalThis.clearTimeout = (timer) => {
      if (!this.#timers.delete(timer)) real.clearTimeout.call(globalThis, timer);
    };
    performance.now = () => this.now;
    Date.now = () => this.wall + this.now;
  }

  /** Timers that still wait. */
  get waiting() {
    return this.#timers.size;
  }

  /** Lets time pass. Timers fire in their order, each at its own time. */
  advance(milliseconds) {
    const end = this.now + milliseconds;
    for (let timer = this.#next(); timer && timer.at <= end; timer = this.#next()) {
      this.now = Math.max(this.now, timer.at);
      this.#fire(timer);
    }
    this.now = end;
  }

  /** Time passes while timers sleep, as in a frozen page. */
  jump(milliseconds) {
    this.now += milliseconds;
  }

  /** The machine sleeps, and all but the wall clock with it. */
  sleep(milliseconds) {
    this.wall += milliseconds;
  }

  /** Fires the timer that is due next, although its time has not come. */
  fireEarly() {
    this.#fire(this.#next());
  }

  #next() {
    return [...this.#timers].sort((a, b) => a.at - b.at)[0];
  }

  #fire(timer) {
    this.#timers.delete(timer);
    timer.run();
  }

  static restore() {
    Object.assign(globalThis, real);
    Date.now = realDate;
    delete performance.now; // uncovers the browser's own
  }
}
