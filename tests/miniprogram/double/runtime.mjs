// A mini-program on one platform: scope, modules, host object, sockets, storage and life, made from a profile.
import { randomBytes } from "node:crypto";
import { createCalls } from "./calls.mjs";
import { dialects } from "./dialects.mjs";
import { createLifecycle } from "./lifecycle.mjs";
import { createModules } from "./modules.mjs";
import { createRealm } from "./realm.mjs";
import { createSockets } from "./sockets.mjs";
import { createStorage } from "./storage.mjs";
import { createThread } from "./thread.mjs";
import { defineWasm } from "./wasm.mjs";

const MOST_RANDOM = 1_048_576; // bytes of one getRandomValues

/**
 * Starts a mini-program.
 * - `files`: its code package, `{ "/path": text or bytes }`.
 * - `routes`: which real address stands for a host, `{ "broker.example": { address: "ws://127.0.0.1:1", ca } }`.
 * - `domains`: hosts registered for the mini-program; all of `routes` unless given.
 * - `scope`: names that a bundler adds to every module.
 * - `cells`: storage of an earlier run.
 */
export function startMiniProgram(profile, options = {}) {
  const { files = {}, routes = {}, domains = Object.keys(routes), scope = {}, cells = new Map() } = options;
  const thread = createThread();
  const log = [];
  const realm = createRealm(profile, thread, log);
  const calls = createCalls(profile, thread, realm);
  let alive = true;
  const discard = () => {
    alive = false;
    thread.stop();
    for (const link of [...sockets.live]) link.end({});
  };
  const life = createLifecycle({ profile, thread, realm, calls, discard });
  const sockets = createSockets({ profile, thread, realm, routes, domains, calls, network: life.network });
  life.govern(sockets);

  const host = {
    ...sockets.members,
    ...createStorage({ profile, realm, calls, cells }),
    ...life.members,
    ...(profile.random ? { getRandomValues } : {}),
  };
  function getRandomValues(request) {
    const { answer, failure } = dialects[profile.family];
    const { length } = request;
    const valid = Number.isInteger(length) && length > 0 && length <= MOST_RANDOM;
    if (!valid) return calls.settle(request, failure("getRandomValues", "parameter"), false);
    const randomValues = realm.bytes(randomBytes(length));
    thread.post(() => {
      const told = Object.assign(realm.copy(answer("getRandomValues")), { randomValues });
      for (const callback of [request.success, request.complete]) {
        if (typeof callback === "function") calls.guard(() => callback(told));
      }
    });
    return undefined;
  }
  realm.define(profile.host, host);
  defineWasm(profile, realm, files);

  return {
    profile,
    host,
    /** Loads a module as a page would: by a path relative to /pages/index, or a package by its name. */
    require: createModules(profile, realm, files, scope, thread.uncaught),
    /** Runs a script in the global scope, outside of any module. */
    run: realm.run,
    define: realm.define,
    /** What the code threw where nobody could catch it. */
    uncaught: thread.uncaught,
    log,
    cells,
    sockets: sockets.all,
    live: sockets.live,
    /**
     * Faults for the next connectSocket: `throws`, `fails` ("inside" the call, or "later"), `silent` (never opens),
     * `success` ("after open", "never"), `end` (the events that follow instead of a connection), `ending` (those of a
     * connection that is lost), `send` ("fail", "silent").
     */
    inject: (...next) => void sockets.faults.push(...next),
    hide: life.hide,
    show: life.show,
    change: life.change,
    skip: thread.skip,
    now: thread.now,
    get frozen() {
      return thread.frozen;
    },
    get alive() {
      return alive;
    },
    /** The same mini-program, started again with what its storage holds. */
    relaunch: () => startMiniProgram(profile, { ...options, cells }),
    async stop() {
      discard();
    },
  };
}
