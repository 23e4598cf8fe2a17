// Waiting for something that an event will bring, never for time to pass.

const WAIT_MS = 15_000;

/** A condition that is looked at again each time `wake` is called. */
export function waiters() {
  const waiting = new Set();
  return {
    wake() {
      for (const look of [...waiting]) look();
    },
    /** Resolves with the first truthy value of `condition`; rejects when it throws, or names `what` never came. */
    until(condition, what) {
      return new Promise((resolve, reject) => {
        const settle = (how, value) => {
          clearTimeout(timer);
          waiting.delete(look);
          how(value);
        };
        const look = () => {
          try {
            const value = condition();
            if (value) settle(resolve, value);
          } catch (error) {
            settle(reject, error);
          }
        };
        const timer = setTimeout(
          () => settle(reject, new Error(`${what} did not come in ${WAIT_MS} ms`)),
          WAIT_MS,
        );
        waiting.add(look);
        look();
      });
    },
  };
}

/** Settles as `promise` does, or rejects after `ms` milliseconds with `complaint`. */
export function within(ms, promise, complaint) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} in ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
