// What the tests of this folder share: a mini-program on a profile, with a server behind it.
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { waiters } from "../rig/wait.mjs";
import { profiles } from "./double/profiles.mjs";
import { startMiniProgram } from "./double/runtime.mjs";
import { startStrictBroker } from "./server/broker.mjs";

export const HOST = "broker.example";
export const URL_OF_BROKER = `wss://${HOST}/mqtt`;

/** A whole CONNECT of MQTT 3.1.1 with the client identifier "a". */
export const CONNECT = Buffer.from("100d00044d51545404020000000161", "hex");

/** Starts server and mini-program for one test, by the name of a profile or with one; answers `{ mp, broker }`. */
export async function start(t, name, { broker: brokerOptions, ca, ...options } = {}) {
  const broker = await startStrictBroker(brokerOptions);
  const routes = { [HOST]: { address: broker.address, ca } };
  const mp = startMiniProgram(typeof name === "string" ? profiles[name] : name, { routes, ...options });
  t.after(async () => {
    await mp.stop();
    await broker.stop();
  });
  return { mp, broker };
}

/** Opens a socket through the host object and writes down what its listeners and callbacks are told, in order. */
export function open(mp, options = {}) {
  const told = [];
  const changes = waiters();
  const note = (type) => (detail) => {
    told.push({ type, detail });
    changes.wake();
  };
  const callbacks = (api) => ({ success: note(`${api} success`), fail: note(`${api} fail`) });
  const family = mp.profile.family === "my" ? { multiple: true } : {};
  const request = { url: URL_OF_BROKER, protocols: ["mqtt"], ...family, ...callbacks("connect"), ...options };
  const task = mp.host.connectSocket(request);
  if (task)
    for (const type of ["Open", "Message", "Error", "Close"]) task[`on${type}`](note(type.toLowerCase()));
  return {
    task,
    told,
    types: () => told.map(({ type }) => type),
    detail: (type) => told.find((one) => one.type === type)?.detail,
    until: (type) => changes.until(() => told.find((one) => one.type === type)?.detail, type),
    send: (data) => task.send({ ...encoded(mp, data), ...callbacks("send") }),
    sendRaw: (fields) => task.send({ ...fields, ...callbacks("send") }),
    close: (fields = {}) => task.close({ ...fields, ...callbacks("close") }),
  };
}

/** Bytes as the family's `send` takes them. */
export function encoded(mp, bytes) {
  if (mp.profile.family === "my") return { data: Buffer.from(bytes).toString("base64"), isBuffer: true };
  return { data: new Uint8Array(bytes).buffer };
}

/** Lets everything that is already on its way within the process arrive. */
export async function settle() {
  for (let i = 0; i < 20; i++) await turn();
}

/** Resolves when `condition` holds, for what no event tells of. */
export async function eventually(condition, what) {
  const end = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what} did not come`);
    await pause(5);
  }
}

/** Plain data, whatever realm it is from. */
export const plain = (value) => JSON.parse(JSON.stringify(value));
