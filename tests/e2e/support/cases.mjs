// What every case needs around it: a fresh page before, no uncaught error after, and a browser that survives.
import { it as test } from "node:test";

const CASE_MS = 240_000; // two attempts of a case whose browser hangs, and a fresh browser between them

/**
 * Makes the `it` of a suite. `setting()` is asked for `{ attempt, prepare, verify }` when a case runs: each attempt is
 * `prepare`, the case, `verify`. The case gets `{ after(work) }`, whose work ends its own attempt.
 */
export function casesIn(setting) {
  return function it(name, body) {
    test(name, { timeout: CASE_MS }, () => {
      const { attempt, prepare, verify } = setting();
      return attempt(name, () =>
        cleaningUp(name, async (t) => {
          await prepare();
          await body(t);
          await verify();
        }),
      );
    });
  };
}

/** Does what `work` asked for at its end, last thing first. Of two errors the one of `work` counts. */
async function cleaningUp(name, work) {
  const ends = [];
  const failures = [];
  const noted = (error) => failures.push(error);
  await work({ after: (end) => ends.unshift(end) }).catch(noted);
  for (const end of ends) await Promise.resolve().then(end).catch(noted);
  const [first, ...others] = failures;
  for (const error of others) console.log(`# at the end of "${name}":`, error);
  if (first) throw first;
}
