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

globalThis.rig = { run, problems };
