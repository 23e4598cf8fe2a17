// Small things that tests need inside the page.

const WAIT_MS = 20_000;

/** Rejects when `promise` has not settled after a while, and says what did not come. */
export function bounded(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come in ${WAIT_MS} ms`)), WAIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Resolves with what `promise` rejects with, as a plain object; rejects when it resolves. */
export async function failure(promise) {
  let value;
  try {
    value = await bounded(typeof promise === "function" ? promise() : promise, "a rejection");
  } catch (error) {
    return describe(error);
  }
  throw new Error(`this should have failed but gave ${JSON.stringify(value)}`);
}

const parts =
  "name message code layer hint retryable reasonCode reasonCodes reasonString closeCode statement serverReference limit evidence".split(
    " ",
  );

/** The parts of an error that survive JSON. */
export function describe(error) {
  return error === undefined ? null : Object.fromEntries(parts.map((part) => [part, error[part]]));
}

/** Resolves with the next event of this type for which `test` holds. */
export function next(client, type, test = () => true) {
  const { promise, resolve } = deferred();
  const off = client.on(type, (event) => {
    if (!test(event)) return;
    off();
    resolve(event);
  });
  return bounded(promise, `the event "${type}"`);
}

/** A message handler that keeps what it was given, and a promise for the first `count` messages. */
export function inbox(keep = plain) {
  const messages = [];
  const waiting = new Set();
  const handler = (message) => {
    messages.push(keep(message));
    for (const look of waiting) look();
  };
  const received = (count) => {
    const { promise, resolve } = deferred();
    const look = () => messages.length >= count && resolve(messages);
    waiting.add(look);
    look();
    return bounded(promise, `message ${count} in the page (${messages.length} so far)`);
  };
  return { messages, handler, received };
}

/** A message as JSON; the payload as an array of byte values. */
export function plain({ topic, payload, qos, retain, dup, params }) {
  return { topic, payload: [...payload], qos, retain, dup, params };
}

/** `size` bytes that depend on their place, so that a swap or shift changes the hash. */
export function pattern(size) {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 17) & 0xff;
  return bytes;
}

/** SHA-256 in hex. */
export async function sha256(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function deferred() {
  let resolve;
  let reject;
  const promise = new Promise((...both) => {
    [resolve, reject] = both;
  });
  return { promise, resolve, reject };
}
