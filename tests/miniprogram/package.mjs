// The package as it is published, in a mini-program: what the tests of the client share.
import fs from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { profiles } from "./double/profiles.mjs";
import { start, URL_OF_BROKER } from "./support.mjs";

const FOLDER = fileURLToPath(new URL("../../pkg/miniprogram_dist/", import.meta.url));
const APP = "/pages/index/app.js";

/** The code package of an app that has installed wasmqtt, as WeChat's npm builder lays it out. */
export const files = {
  [APP]: "module.exports = require('wasmqtt');",
  ...Object.fromEntries(
    fs
      .readdirSync(FOLDER, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [`/miniprogram_npm/wasmqtt/${name}`, fs.readFileSync(FOLDER + name)]),
  ),
};

/** Every profile with every engine that it can have: `[name, engine]`. */
export const combinations = Object.values(profiles).flatMap(({ name, wasm }) =>
  (wasm && wasm.global !== "WebAssembly" ? ["wasm", "js"] : ["js"]).map((engine) => [name, engine]),
);

/** Profiles that differ in what most tests are about: families, threads, promises, realms. */
export const different = [
  ["wechat-ios", "wasm"],
  ["wechat-ios-15", "js"],
  ["wechat-android-promises", "wasm"],
  ["alipay-ios", "js"],
  ["douyin-ios", "wasm"],
  ["baidu", "js"],
  ["uni-app", "js"],
];

/** `start` of support.mjs with the package: also `mqtt`, what it exports, and `client(options)`, one that is not started. */
export async function startWith(t, name, options = {}) {
  const { files: more, ...rest } = options;
  const { mp, broker } = await start(t, name, { files: { ...files, ...more }, ...rest });
  const mqtt = mp.require("./app");
  const client = (own) => {
    const made = mqtt.createClient(URL_OF_BROKER, own);
    t.after(() => made.close({ force: true }));
    return made;
  };
  return { mp, broker, mqtt, client };
}

/** Everything that `client` tells, in order: `[event, detail]`. */
export function record(client) {
  const told = [];
  for (const type of ["state", "connect", "disconnect", "reconnecting", "error"])
    client.on(type, (detail) => told.push([type, detail]));
  return {
    told,
    count: (type) => told.filter(([one]) => one === type).length,
    errors: () => told.filter(([type]) => type === "error").map(([, error]) => error),
  };
}

/** Lets time pass in steps that real sockets can follow, until `condition` holds; an error names `what` did not come. */
export async function passTime(mp, condition, what, step = 200) {
  for (let passed = 0; !condition(); passed += step) {
    if (passed > 600_000) throw new Error(`${what} did not come in ten minutes of the mini-program`);
    await mp.skip(step);
    await pause(2);
  }
}

/** The error that a promise rejects with; resolves with what it resolves with, for the message of an assertion. */
export const failureOf = (promise) =>
  promise.then(
    (value) => ({ resolved: value }),
    (error) => error,
  );
