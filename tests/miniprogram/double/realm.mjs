// The global scope of one profile in a context of Node's vm: what is not listed does not exist there.
import vm from "node:vm";

const NEVER = ["WebAssembly", "console", "SharedArrayBuffer", "Atomics", "escape", "unescape", "Iterator"];
const OPTIONAL = ["globalThis", "BigInt", "WeakRef", "FinalizationRegistry"];
const WITH_BIGINT = ["BigInt64Array", "BigUint64Array"];

/** The names of the web platform that a profile may list as `extras`, made from Node's own. */
const EXTRAS = {
  queueMicrotask: () => queueMicrotask,
  TextEncoder: () => TextEncoder,
  TextDecoder: () => TextDecoder,
  global: () => ({}), // an object that is not the real global
  navigator: () => ({}), // there, and without `language` or `userAgent`
};

const startOfTime = Date.now();

/** Makes a `Date` that tells the time of the thread. */
const DATE = `(now) => {
  Date.now = now;
  return new Proxy(Date, {
    construct: (target, args, self) => Reflect.construct(target, args.length > 0 ? args : [now()], self),
  });
}`;

/** A promise as iOS 15 and older have it: its reactions are timers, not microtasks. */
const MACROTASK_PROMISE = `(() => {
  function settle(p, state, value) {
    if (p._state) return;
    p._state = state;
    p._value = value;
    p._waiting.forEach((reaction) => setTimeout(reaction, 0));
  }
  function resolve(p, value) {
    if (value === p) return settle(p, 2, new TypeError("a promise cannot be resolved with itself"));
    let then;
    try {
      then = value !== null && (typeof value === "object" || typeof value === "function") ? value.then : undefined;
    } catch (error) {
      return settle(p, 2, error);
    }
    if (typeof then !== "function") return settle(p, 1, value);
    setTimeout(() => run(p, (yes, no) => then.call(value, yes, no)), 0);
  }
  function run(p, executor) {
    let done = false;
    const once = (f) => (value) => { if (!done) { done = true; f(p, value); } };
    const no = once((q, error) => settle(q, 2, error));
    try { executor(once(resolve), no); } catch (error) { no(error); }
  }
  class Promise {
    constructor(executor) { this._state = 0; this._waiting = []; run(this, executor); }
    then(yes, no) {
      return new Promise((resolve, reject) => {
        const react = () => {
          const handler = this._state === 1 ? yes : no;
          if (typeof handler !== "function") return (this._state === 1 ? resolve : reject)(this._value);
          try { resolve(handler(this._value)); } catch (error) { reject(error); }
        };
        if (this._state) setTimeout(react, 0); else this._waiting.push(react);
      });
    }
    catch(no) { return this.then(undefined, no); }
    finally(f) {
      return this.then((value) => Promise.resolve(f()).then(() => value), (error) => Promise.resolve(f()).then(() => { throw error; }));
    }
    static resolve(value) { return value instanceof Promise ? value : new Promise((yes) => yes(value)); }
    static reject(error) { return new Promise((_, no) => no(error)); }
    static all(list) {
      return new Promise((yes, no) => {
        const all = Array.from(list), out = [];
        let left = all.length;
        if (left === 0) yes(out);
        all.forEach((one, i) => Promise.resolve(one).then((value) => { out[i] = value; if (--left === 0) yes(out); }, no));
      });
    }
    static race(list) {
      return new Promise((yes, no) => Array.from(list).forEach((one) => Promise.resolve(one).then(yes, no)));
    }
  }
  return Promise;
})()`;

/**
 * Makes the scope: `{ define(name, value), run(code, filename), copy(value), bytes(buffer), wasm }`. `copy` and `bytes`
 * bring data into the realm; `wasm` is the realm's own WebAssembly, which its code cannot see.
 */
export function createRealm(profile, thread, log) {
  const context = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: true } });
  const run = (code, filename = "realm.js") => vm.runInContext(code, context, { filename });
  const global = run("globalThis");
  const own = run("({ JSON, Uint8Array, Promise, WebAssembly })");
  const define = (name, value) =>
    Object.defineProperty(global, name, { value, writable: true, configurable: true, enumerable: false });

  define("setTimeout", (f, ms, ...rest) => thread.timer(() => f(...rest), ms));
  define("setInterval", (f, ms, ...rest) => {
    // F, MQTT.js #968: Android WeChat 7.0 cannot take an empty list as the third argument.
    if (profile.brokenIntervals && Array.isArray(rest[0]) && rest[0].length === 0) {
      throw new TypeError("Cannot read property 'apply' of undefined");
    }
    return thread.timer(() => f(...rest), ms, true);
  });
  for (const name of ["clearTimeout", "clearInterval"]) define(name, (id) => thread.clear(id));
  const write =
    (level) =>
    (...values) =>
      void log.push([level, ...values]);
  const levels = ["log", "info", "warn", "error", "debug"];
  define(
    "Date",
    run(DATE)(() => Math.floor(startOfTime + thread.now())),
  );
  if (profile.promise === "macrotask") define("Promise", run(MACROTASK_PROMISE));

  const gone = OPTIONAL.filter((name) => !profile.language.includes(name));
  if (gone.includes("BigInt")) gone.push(...WITH_BIGINT);
  for (const name of [...NEVER, ...gone]) delete global[name];
  define("console", Object.fromEntries(levels.map((level) => [level, write(level)])));
  for (const name of profile.extras) define(name, EXTRAS[name]());

  return {
    define,
    run,
    wasm: own.WebAssembly,
    Promise: profile.promise === "macrotask" ? run("Promise") : own.Promise,
    /** A value of the realm with the same JSON. */
    copy: (value) => (value === undefined ? undefined : own.JSON.parse(JSON.stringify(value))),
    /** An ArrayBuffer of the realm, or with `foreignBuffers` one of another, with exactly these bytes. */
    bytes(buffer) {
      const view = profile.foreignBuffers ? new Uint8Array(buffer.length) : new own.Uint8Array(buffer.length);
      view.set(buffer);
      return view.buffer;
    },
  };
}
