// Runs functions that a test wrote in Node, here in the page, and hands back what they return.
import * as helpers from "./helpers.js";
import { watchLeftovers } from "./leftovers.js";

/** The first argument of every function: helpers, `mqtt` (the package) and `state`, which lasts until the next load. */
export const context = { ...helpers, watchLeftovers, state: {} };

const problems = [];
addEventListener("error", ({ message, error }) => problems.push(`error: ${error?.stack ?? message}`));
addEventListener("unhandledrejection", ({ reason }) =>
  problems.push(`unhandled rejection: ${reason?.stack ?? reason}`),
);
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  problems.push(`security policy: ${violatedDirective} ${blockedURI}`),
);

/** Resolves with JSON: `{ value }`, or `{ error }` as text. Never rejects. */
async function run(module, args) {
  try {
    const { default: body } = await import(module);
    return JSON.stringify({ value: (await body(context, ...JSON.parse(args))) ?? null });
  } catch (error) {
    return JSON.stringify({ error: `${error}\n${error?.stack ?? ""}` });
  }
}

let worker;

/** The same as `run`, in a dedicated worker, which has no document. It lasts until the next load. */
function work(module, args) {
  worker ??= new Worker("/worker.js", { type: "module" });
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve(JSON.stringify({ error: `the worker: ${message}` }));
    worker.postMessage([module, args]);
  });
}

globalThis.rig = { run, work, problems };
