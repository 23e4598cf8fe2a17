// Time that stands still until a test moves it.

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly run: () => void;
}

/** Milliseconds since 1970 when the test begins. */
const BEGIN = 1_700_000_000_000;

/** Takes the place of the platform's clocks and timers between `install` and `restore`. */
export class Clock {
  #now = 0;
  #next = 1;
  #timers: Timer[] = [];
  #restore: (() => void)[] = [];

  /** `armed` is told the length of each timer that is set. */
  constructor(readonly armed: (delay: number) => void) {}

  install(): void {
    this.#replace(globalThis, "setTimeout", (run: () => void, delay = 0) => {
      this.armed(delay);
      const timer = { id: this.#next++, due: this.#now + delay, run };
      this.#timers.push(timer);
      return timer.id;
    });
    this.#replace(globalThis, "clearTimeout", (id: number) => {
      this.#timers = this.#timers.filter((timer) => timer.id !== id);
    });
    this.#replace(Date, "now", () => BEGIN + this.#now);
    this.#replace(performance, "now", () => this.#now);
    this.#replace(globalThis, "MessageChannel", undefined); // its messages come when they like
  }

  restore(): void {
    for (const undo of this.#restore.splice(0)) undo();
  }

  /** Lets `ms` pass. `settle` runs after each timer. */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.due <= end)
        .sort((a, b) => a.due - b.due || a.id - b.id);
      const timer = due[0];
      if (!timer) break;
      this.#timers = this.#timers.filter((other) => other !== timer);
      this.#now = Math.max(this.#now, timer.due);
      timer.run();
      await settle();
    }
    this.#now = end;
  }

  #replace(target: object, name: string, value: unknown): void {
    const old = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    this.#restore.push(() => {
      if (old) Object.defineProperty(target, name, old);
      else Reflect.deleteProperty(target, name); // it was inherited
    });
  }
}
