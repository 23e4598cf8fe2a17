// Assertions that throw: a Rust panic would go to the engine's own hook, which keeps its words to itself.
import { realTimeout } from "./clock.js";

const LIMIT_MS = 20_000; // ends a case that waits for what never comes

/** Both print alike: same members, none undefined where the other has none. */
export function equal(actual, expected, what = "value") {
  const [is, should] = [show(actual), show(expected)];
  if (is !== should) throw new Error(`${what}\n     is ${is}\n should ${should}`);
}

export function ok(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

/** What `run` throws. */
export function thrown(run) {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error(`nothing was thrown by ${run}`);
}

/** Waits for something that has to happen. */
export async function until(condition, what = String(condition)) {
  for (const end = Date.now() + LIMIT_MS; !condition(); await turn()) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
  }
}

/** Everything that is due now has run, microtasks included. */
export function turn() {
  return new Promise((resolve) => realTimeout(resolve));
}

function show(value) {
  if (ArrayBuffer.isView(value)) return `bytes ${value.length} [${Array.from(value.slice(0, 512))}]`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    const members = Object.keys(value).sort();
    return `{ ${members.map((name) => `${name}: ${show(value[name])}`).join(", ")} }`;
  }
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
