// Every profile: which names exist, what modules may do, and that bytes get through in both directions as they are.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { profiles } from "./double/profiles.mjs";
import { CONNECT, encoded, open, start } from "./support.mjs";

const NEVER = [
  "WebSocket XMLHttpRequest fetch window document self location localStorage crypto performance process Buffer",
  "setImmediate structuredClone AbortController URL Blob Event EventTarget atob btoa indexedDB SharedArrayBuffer",
]
  .join(" ")
  .split(" ");
const SOMETIMES =
  "globalThis BigInt WeakRef FinalizationRegistry queueMicrotask TextEncoder TextDecoder".split(" ");
const PAGE = "/pages/index";

const typesOf = (names) => `module.exports = {${names.map((name) => `${name}: typeof ${name}`)}};`;

for (const [name, profile] of Object.entries(profiles)) {
  describe(name, () => {
    test("has the names of its profile and no other", async (t) => {
      const names = [
        ...NEVER,
        ...SOMETIMES,
        "wx",
        "my",
        "tt",
        "swan",
        "qq",
        "ks",
        "uni",
        "navigator",
        "global",
      ];
      const wasms = ["WebAssembly", "WXWebAssembly", "TTWebAssembly", "MYWebAssembly"];
      const files = { [`${PAGE}/types.js`]: typesOf([...names, ...wasms]) };
      const { mp } = await start(t, name, { files });
      const types = mp.require("./types");
      const there = [...names, ...wasms].filter((one) => types[one] !== "undefined").sort();
      const wanted = [
        ...profile.language,
        ...profile.extras,
        profile.host,
        profile.wasm?.global ?? [],
      ].flat();
      assert.deepEqual(there, wanted.sort());
    });

    test("makes no code of text, and loads what is packed", async (t) => {
      const files = {
        [`${PAGE}/eval.js`]: `module.exports = [() => eval("1"), () => new Function("return 1")()];`,
        [`${PAGE}/a.js`]: `exports.early = true; exports.b = require("../../lib/b").value; exports.p = require("pack");`,
        "/lib/b.js": `exports.value = require("../pages/index/a").early;`,
        "/miniprogram_npm/pack/index.js": `module.exports = typeof this;`,
        [`${PAGE}/variable.js`]: `const name = "./a"; require(name);`,
        [`${PAGE}/absolute.js`]: `require("/lib/b");`,
        [`${PAGE}/missing.js`]: `require("./nothing");`,
        [`${PAGE}/node.js`]: `require("fs");`,
      };
      const { mp } = await start(t, name, { files });
      for (const make of mp.require("./eval")) assert.throws(make, /Code generation from strings disallowed/);
      assert.deepEqual({ ...mp.require("./a") }, { early: true, b: true, p: "undefined" });
      for (const wrong of ["./variable", "./absolute", "./missing", "./node"]) {
        if (profile.swallowsModuleErrors) mp.require(wrong);
        else assert.throws(() => mp.require(wrong), /is not defined/);
      }
      assert.equal(mp.uncaught.length, profile.swallowsModuleErrors ? 4 : 0);
    });

    test("carries bytes as they are, in the shapes of its family", async (t) => {
      const { mp, broker } = await start(t, name);
      const socket = open(mp);
      const opened = await socket.until("open");
      if (profile.protocols === "sent") assert.equal(broker.connections[0].offered, "mqtt");
      assert.equal("header" in opened, profile.family !== "my");
      assert.equal("socketType" in opened, profile.family === "tt");
      assert.equal(socket.types()[0], "connect success");

      socket.send(CONNECT);
      const received = await socket.until("message");
      assert.deepEqual(bytesOf(profile, received), Buffer.from([0x20, 2, 0, 0]));
      assert.deepEqual(broker.connections[0].messages[0].data, CONNECT);

      broker.connections[0].close(4001);
      const closed = await socket.until("close");
      if (profile.family === "my") assert.deepEqual(Object.keys(closed.data), ["socketTaskID"]);
      else assert.equal(closed.code, profile.family === "tt" ? "4001" : 4001);
      assert.deepEqual(broker.violations, []);
      assert.deepEqual(mp.uncaught, []);
    });

    test("sends the whole of an ArrayBuffer, and the server notices", async (t) => {
      const { mp, broker } = await start(t, name);
      const socket = open(mp);
      await socket.until("open");
      const backing = new Uint8Array(64);
      backing.set(CONNECT);
      socket.send(backing.buffer); // what `view.buffer` does with a view
      await broker.until(() => broker.violations.length, "a violation");
      assert.match(broker.violations[0].message, /reserved from a client: 00/);
    });

    test("has room for five sockets", async (t) => {
      const { mp, broker } = await start(t, name);
      const sockets = Array.from({ length: 5 }, () => open(mp));
      const sixth = open(mp);
      const refusal = await sixth.until("connect fail");
      assert.match(refusal.errMsg ?? refusal.errorMessage, /max websocket connect count 5/);
      sixth.send(CONNECT);
      await sixth.until("send fail");
      await Promise.all(sockets.map((socket) => socket.until("open")));
      sockets[0].close();
      await sockets[0].until("close");
      await open(mp).until("open");
      assert.equal(broker.connections.length, 6);
    });

    test("knows only hosts that are registered", async (t) => {
      const { mp } = await start(t, name, { domains: [] });
      const socket = open(mp);
      if (profile.domains) {
        const error = await socket.until("error");
        assert.match(error.errMsg ?? error.data.errorMessage, /domain list/);
        assert.ok(!socket.types().includes("open"));
      } else await socket.until("open");
      await socket.until("connect success"); // which says nothing about either
    });

    test("says of a send what became of it", async (t) => {
      const { mp } = await start(t, name);
      const early = open(mp);
      early.send(CONNECT);
      const refused = await early.until("send fail");
      assert.match(refused.errMsg ?? refused.errorMessage, /not connected/);
      await early.until("open");
      for (const data of [CONNECT, 1, null, { data: 1 }]) {
        const socket = open(mp);
        await socket.until("open");
        socket.sendRaw({ ...encoded(mp, CONNECT), data });
        await socket.until("send fail");
        socket.close();
        await socket.until("close");
      }
      early.send(CONNECT);
      await early.until("send success");
    });
  });
}

function bytesOf({ family }, detail) {
  if (family !== "my") return Buffer.from(detail.data);
  assert.equal(detail.data.isBuffer, true);
  return Buffer.from(detail.data.data, "base64");
}
