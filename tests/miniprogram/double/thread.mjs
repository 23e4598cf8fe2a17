// The one thread on which a mini-program's own code runs: its timers and the events it is told, which stand still together.
import { setImmediate as turn } from "node:timers/promises";

/**
 * A thread with a clock of its own: real time plus what `skip` added. While it is frozen nothing runs, and what should
 * have run comes on thaw. Whatever the code throws is kept in `uncaught`.
 */
export function createThread() {
  const start = performance.now();
  const timers = new Map();
  const events = [];
  const uncaught = [];
  let [skipped, ids, frozen, stopped, skipping] = [0, 0, false, false, false];
  let alarm;
  let turning = false;

  const now = () => performance.now() - start + skipped;

  /** The timer to run next, if any may run: those of the host also run while the thread is frozen. */
  function next(limit = Number.POSITIVE_INFINITY) {
    let first;
    for (const timer of timers.values()) {
      if ((frozen && !timer.host) || timer.due > limit) continue;
      if (!first || timer.due < first.due) first = timer;
    }
    return first;
  }

  function run(callback) {
    if (stopped) return;
    try {
      callback();
    } catch (error) {
      uncaught.push(error);
    }
  }

  function fire(timer) {
    if (timer.every === undefined) timers.delete(timer.id);
    else {
      const missed = timer.due + timer.every <= now(); // what was missed comes once, as it does on phones
      timer.due = missed ? now() + timer.every : timer.due + timer.every;
    }
    run(timer.callback);
  }

  function arm() {
    clearTimeout(alarm);
    const timer = stopped || skipping ? undefined : next();
    if (!timer) return;
    alarm = setTimeout(
      () => {
        const due = next(now());
        if (due) fire(due);
        arm();
      },
      Math.max(0, timer.due - now()),
    );
  }

  function add(callback, delay, options) {
    const id = ++ids;
    const wait = Math.max(1, Number(delay) || 0);
    timers.set(id, {
      id,
      callback,
      due: now() + wait,
      every: options.every ? wait : undefined,
      host: options.host,
    });
    arm();
    return id;
  }

  async function drain() {
    if (turning) return;
    turning = true;
    while (events.length > 0 && !frozen && !stopped) {
      await turn(); // each event has a turn of its own, with the microtasks behind it
      if (!frozen && events.length > 0) run(events.shift());
    }
    turning = false;
  }

  return {
    now,
    uncaught,
    get frozen() {
      return frozen;
    },
    timer: (callback, delay, every = false) => add(callback, delay, { every }),
    /** A timer of the platform, which runs whatever the mini-program's thread does. */
    hostTimer: (callback, delay) => add(callback, delay, { host: true }),
    clear(id) {
      timers.delete(id);
      arm();
    },
    /** Runs `callback` in a later turn, behind all that was posted before. */
    post(callback) {
      events.push(callback);
      drain();
    },
    freeze() {
      frozen = true;
      arm();
    },
    thaw() {
      frozen = false;
      drain();
      arm();
    },
    /** Lets `ms` milliseconds pass at once, with every timer that falls due on the way, in order. */
    async skip(ms) {
      const end = now() + ms;
      skipping = true;
      for (let timer = next(end); timer; timer = next(end)) {
        skipped += Math.max(0, timer.due - now());
        fire(timer);
        await turn();
        await turn(); // events that the timer posted
      }
      skipped += Math.max(0, end - now());
      skipping = false;
      arm();
      await turn();
    },
    stop() {
      stopped = true;
      timers.clear();
      events.length = 0;
      clearTimeout(alarm);
    },
  };
}
