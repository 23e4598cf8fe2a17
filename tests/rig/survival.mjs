// A browser that dies says nothing about the package: the case that was running gets one more chance in a fresh one.
import { AssertionError } from "node:assert";
import { within } from "./wait.mjs";

const ANSWER_MS = 60_000; // above the limits that the browser itself holds for scripts and loads
const PROBE_MS = 20_000;
const RESTARTS = 3;

/** What the page answered is a result, so the browser was alive: never a reason to try again. */
export class PageError extends Error {}

/**
 * Starts a browser with `start` that can be replaced by a fresh one. Resolves with `{ driver, ask(work), answers(),
 * processes(), evidence(), renew(), stop() }`: `ask` resolves with `work(driver)` or rejects when that takes too long.
 */
export async function startRenewable(start, { answerMs = ANSWER_MS, probeMs = PROBE_MS } = {}) {
  let current = await start();
  const ask = (work, ms = answerMs) =>
    within(ms, work(current.driver), "the browser did not answer a command");
  return {
    get driver() {
      return current.driver;
    },
    ask,
    /** Says whether scripts still run in its page. */
    answers: () =>
      ask((driver) => driver.executeScript("return true"), probeMs).then(
        () => true,
        () => false,
      ),
    processes: () => current.processes(),
    evidence: () => current.evidence(),
    async renew() {
      await current.stop();
      current = await start();
    },
    stop: () => current.stop(),
  };
}

/**
 * Looks after a renewable browser for a whole run. Returns `attempt(name, work)`, which does `work` and settles like it.
 * When `work` fails and the browser is found dead, the evidence is told with `say`, and `work` is done once more in a
 * fresh browser; dying again, it fails. A failed assertion, or an error that the page answered, is final. After
 * `restarts` fresh browsers there is no further one: what needs it fails at once and names the last death.
 */
export function lookAfter(browser, { restarts = RESTARTS, say = console.log } = {}) {
  let left = restarts;
  let death; // the last one, until a fresh browser runs

  const died = async (name, error) => {
    if (error instanceof AssertionError || error instanceof PageError || (await browser.answers()))
      return false;
    death = `the browser died in "${name}" (${reason(error)}): ${browser.evidence()}`;
    say(`# ${death}`);
    return true;
  };
  const revive = async () => {
    if (death === undefined) return;
    if (left === 0) throw new Error(`no fresh browser after ${restarts}: ${death}`);
    left--;
    await browser.renew();
    death = undefined;
  };

  return async function attempt(name, work) {
    await revive();
    try {
      return await work();
    } catch (error) {
      if (!(await died(name, error))) throw error;
    }
    await revive();
    try {
      return await work();
    } catch (error) {
      if (await died(name, error)) throw new Error(`twice ${death}`, { cause: error });
      throw error;
    }
  };
}

const reason = ({ name, message }) => [name, message.split("\n")[0]].filter(Boolean).join(": ");
