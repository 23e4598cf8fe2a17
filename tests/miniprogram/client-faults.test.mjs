// What goes wrong on a phone, as the client tells it: typed errors that say what to change, and no end of waiting.
import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { profiles } from "./double/profiles.mjs";
import { different, failureOf, files, passTime, record, startWith } from "./package.mjs";
import { eventually, HOST, open, settle, start, URL_OF_BROKER } from "./support.mjs";

const ELSEWHERE = "wss://elsewhere.example/mqtt";
const FAST = { minDelay: 1, maxDelay: 1 };

for (const [name, engine] of different) {
  const { domains } = profiles[name];

  test(`${name}, ${engine}: a sixth socket is one too many, and a free one is taken`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const others = Array.from({ length: 5 }, () => open(mp));
    await Promise.all(others.map((one) => one.until("open")));
    const error = await failureOf(client({ engine }).start());
    assert.deepEqual([error.code, error.layer, error.retryable], ["socket-limit", "page", true]);
    assert.match(error.reasonString, /max websocket connect count/);
    assert.equal(error.evidence.phase, "dialing");

    const patient = client({ engine, reconnect: { ...FAST, retryInitial: true } });
    const started = patient.start();
    const { count } = record(patient);
    await eventually(() => count("reconnecting") > 0, "a failed attempt");
    others[0].close();
    await passTime(mp, () => patient.state === "connected", "the connection", 10);
    await started;
    assert.deepEqual([broker.violations, mp.uncaught], [[], []]);
  });

  if (domains)
    test(`${name}, ${engine}: a host that is not listed`, async (t) => {
      const { mp, mqtt } = await startWith(t, name, { domains: [HOST] });
      const error = await failureOf(mqtt.connect(ELSEWHERE, { engine }));
      assert.equal(error.code, "domain-not-allowed");
      assert.match(error.hint, /^List the host of the URL among the socket domains/);
      assert.doesNotMatch(error.message, /elsewhere/, "a URL may hold a token");
      assert.deepEqual(mp.uncaught, []);
    });

  test(`${name}, ${engine}: a socket that says success and never opens`, async (t) => {
    const { mp, client } = await startWith(t, name);
    mp.inject({ silent: true });
    const mqtt = client({ engine, connectTimeout: 3000 });
    const failed = failureOf(mqtt.start());
    await eventually(() => mp.sockets.length === 1, "the socket");
    await settle();
    await mp.skip(3000);
    const error = await failed;
    assert.equal(error.code, "connect-timeout");
    assert.match(error.message, /the socket never opened/);
    assert.match(error.hint, /"success" of connectSocket/);
    await eventually(() => mp.live.size === 0, "the end of the socket");
    assert.deepEqual(mp.uncaught, []);
  });

  for (const fault of [
    { fails: "inside" },
    { fails: "later" },
    { throws: true },
    { end: "error" },
    { end: "close" },
  ]) {
    const label = JSON.stringify(fault);
    test(`${name}, ${engine}: connectSocket with ${label} fails once, and the next one works`, async (t) => {
      const { mp, broker, client } = await startWith(t, name);
      mp.inject(fault, fault);
      const failed = failureOf(client({ engine }).start());
      await settle();
      await mp.skip(1500);
      const error = await failed;
      assert.equal(error.code, "connect-failed");
      if (!fault.end) assert.match(error.reasonString, /injected/);
      const mqtt = client({ engine, reconnect: { ...FAST, retryInitial: true } });
      const started = mqtt.start();
      await passTime(mp, () => mqtt.state === "connected", "the connection", 50);
      await started;
      assert.equal(mp.live.size, 1);
      assert.deepEqual([broker.violations, mp.uncaught], [[], []]);
    });
  }

  for (const success of ["after open", "never"]) {
    test(`${name}, ${engine}: "success" that comes ${success} is of no interest`, async (t) => {
      const { mp, client } = await startWith(t, name);
      mp.inject({ success });
      const mqtt = client({ engine });
      await mqtt.start();
      await mqtt.publish("a", "x", { qos: 1 });
      assert.deepEqual(mp.uncaught, []);
    });
  }

  test(`${name}, ${engine}: a message that cannot be sent ends the connection, and is sent on the next`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const mqtt = client({ engine, reconnect: FAST, sessionExpiryInterval: 60 });
    await mqtt.start();
    const { told } = record(mqtt);
    mp.hide();
    await mp.skip(1000);
    broker.connections[0].drop();
    mp.inject({ send: "fail" });
    mp.show();
    const published = mqtt.publish("a", "kept", { qos: 1 });
    await passTime(mp, () => broker.connections.length === 3, "a third connection", 50);
    await published;
    const lost = told.filter(([type]) => type === "reconnecting").map(([, { error }]) => error.code);
    assert.ok(
      lost.includes("connect-failed") ||
        lost.includes("connection-closed") ||
        lost.includes("closed-before-connack"),
      lost.join(),
    );
    assert.deepEqual([broker.violations, mp.uncaught], [[], []]);
  });
}

test("five clients that all lose their connections all come back", async (t) => {
  for (const name of ["wechat-android", "alipay-android", "douyin-devtools"]) {
    const { mp, broker, client } = await startWith(t, name);
    const clients = Array.from({ length: 5 }, () => client());
    await Promise.all(clients.map((one) => one.start()));
    for (let round = 1; round < 3; round++) {
      for (const one of broker.connections) one.drop();
      await passTime(mp, () => clients.every(({ stats }) => stats.connections > round), "all five", 50);
      await Promise.all(clients.map((one) => one.publish("a", "x", { qos: 2 })));
    }
    assert.deepEqual([broker.violations, mp.uncaught], [[], []]);
  }
});

test("a host that never says what became of a message does not stop the client", async (t) => {
  const { mp, broker, client } = await startWith(t, "wechat-android");
  const connectSocket = mp.host.connectSocket;
  mp.host.connectSocket = (options) => {
    const task = connectSocket(options);
    return { ...task, send: ({ data }) => task.send({ data, success() {}, fail() {} }) };
  };
  const mqtt = client();
  await mqtt.start();
  const block = new Uint8Array(200_000);
  const published = Array.from({ length: 5 }, () => mqtt.publish("a", block, { qos: 0 }));
  await passTime(mp, () => broker.connections[0].packets.length >= 6, "all of it");
  await Promise.all(published);
  assert.equal(broker.connections.length, 1);
});

test("a client that is made while the platform has cut the network off", async (t) => {
  const { mp, mqtt } = await startWith(t, "wechat-android-promises");
  mp.hide();
  await mp.skip(6000);
  const error = await failureOf(mqtt.connect(URL_OF_BROKER));
  assert.deepEqual([error.code, error.retryable], ["interrupted", true]);
});

test("without a host object, or with one that is none", async (t) => {
  const { mp, mqtt } = await startWith(t, "wechat-android");
  for (const host of [{}, null, 5, "wx", { connectSocket: true }]) {
    assert.throws(() => mqtt.createClient(URL_OF_BROKER, { host }), { code: "unknown-host", hint: /`host`/ });
  }
  assert.throws(() => mqtt.createClient(URL_OF_BROKER, { platform: "my" }), { code: "unknown-host" });
  assert.throws(() => mqtt.createClient(URL_OF_BROKER, { platform: "x" }), { code: "invalid-option" });
  const { connectSocket } = mp.host;
  mp.define("wx", { request() {} });
  assert.throws(() => mqtt.createClient(URL_OF_BROKER), { code: "unknown-host" });
  assert.ok(await mqtt.connect(URL_OF_BROKER, { host: { connectSocket } }), "one is enough");
});

test("options that are wrong are refused when the client is made", async (t) => {
  const { mqtt } = await startWith(t, "wechat-android");
  const wrong = [
    [{ wasmPath: "wasmqtt.wasm" }, "invalid-option", /wasmPath/],
    [{ wasmPath: "./a/wasmqtt.wasm.br" }, "invalid-option", /wasmPath/],
    [{ wasmPath: "https://x.example/wasmqtt.wasm" }, "invalid-option", /wasmPath/],
    [{ wasmPath: "/wasmqtt.bin" }, "invalid-option", /wasmPath/],
    [{ engine: "asm" }, "invalid-option", /engine/],
    [{ header: { a: 1 } }, "invalid-option", /header/],
    [{ instantiate: true }, "invalid-option", /instantiate/],
    [{ webSocket() {} }, "invalid-option", /webSocket/],
    [{ worker: true }, "invalid-option", /worker/],
    [{ keepAlives: 1 }, "invalid-option", /keepAlives/],
    [{ store: "disk", clientId: "a" }, "invalid-option", /store/],
    [{ store: "storage" }, "invalid-option", /clientId/],
    [null, "invalid-option", /options/],
    ["wasm", "invalid-option", /options/],
  ];
  for (const [options, code, message] of wrong) {
    assert.throws(
      () => mqtt.createClient(URL_OF_BROKER, options),
      { code, message },
      JSON.stringify(options),
    );
    const error = await failureOf(mqtt.connect(URL_OF_BROKER, options));
    assert.equal(error.code, code);
  }
  for (const url of [
    "",
    "broker.example",
    "https://broker.example",
    "wss://a b/",
    "wss://u:p@broker.example/",
    5,
    {},
  ]) {
    assert.throws(() => mqtt.createClient(url), { code: "invalid-url" }, String(url));
  }
});

test("a module that is not there: an error with engine wasm, the other engine with auto", async (t) => {
  for (const name of ["wechat-ios", "douyin-ios"]) {
    const path = { wasmPath: "/nowhere/core.wasm" };
    const { mqtt } = await startWith(t, name);
    const error = await failureOf(mqtt.connect(URL_OF_BROKER, { ...path, engine: "wasm" }));
    assert.equal(error.code, "wasm-load-failed");
    assert.match(error.message, /nowhere/);
    assert.match(error.cause.message, /file not found/);

    const logged = [];
    const logger = { warn: (...what) => logged.push(what) };
    const client = await mqtt.connect(URL_OF_BROKER, { ...path, logger });
    assert.deepEqual([client.engine, client.engineFallback.code], ["js", "wasm-load-failed"]);
    assert.match(logged[0][0], /plain JavaScript/);
    await client.publish("a", "x", { qos: 1 });
  }
});

test("a module that is damaged, or for which the platform has no answer", async (t) => {
  const name = "wechat-ios";
  const broken = { "/a.wasm": Buffer.from("0061736d01000000ff", "hex"), "/b.wasm": Buffer.from("<html>") };
  for (const wasmPath of Object.keys(broken)) {
    const { mqtt } = await startWith(t, name, { files: broken });
    const client = await mqtt.connect(URL_OF_BROKER, { wasmPath });
    assert.equal(client.engine, "js");
  }
  const { mp, client } = await startWith(t, name);
  let answer;
  const silent = client({
    instantiate: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  });
  const started = silent.start();
  await settle();
  await mp.skip(15_000);
  await started;
  assert.equal(silent.engine, "js");
  answer({ exports: {} }); // too late to count
  await settle();
  await silent.publish("a", "x", { qos: 2 });
});

test("a module that is still being read when the program is put aside is not given up on return", async (t) => {
  const { mp, client } = await startWith(t, "wechat-ios");
  let answer;
  const instantiate = (path, imports) =>
    new Promise((resolve) => {
      answer = () => resolve(mp.run("WXWebAssembly").instantiate(path, imports));
    });
  const mqtt = client({ instantiate });
  const started = mqtt.start();
  await settle();
  mp.hide();
  await mp.skip(100_000);
  mp.show();
  await settle();
  await mp.skip(100); // the timer that fell due meanwhile
  answer();
  await started;
  assert.equal(mqtt.engine, "wasm");
});

test("engine wasm where there is none, and where the application brings one", async (t) => {
  const without = await startWith(t, "baidu");
  const error = await failureOf(without.mqtt.connect(URL_OF_BROKER, { engine: "wasm" }));
  assert.equal(error.code, "wasm-load-failed");
  assert.match(error.hint, /"js"/);

  const { mp, mqtt } = await startWith(t, "alipay-devtools");
  const bytes = brotliDecompressSync(files["/miniprogram_npm/wasmqtt/wasmqtt.wasm.br"]);
  const instantiate = (_path, imports) => mp.run("WebAssembly").instantiate(bytes, imports);
  const client = await mqtt.connect(URL_OF_BROKER, { instantiate });
  assert.equal(client.engine, "wasm");
});

test("all clients of a mini-program have one engine, that of the first", async (t) => {
  const { mqtt } = await startWith(t, "wechat-android");
  const [a, b] = await Promise.all([
    mqtt.connect(URL_OF_BROKER, { engine: "js" }),
    mqtt.connect(URL_OF_BROKER, { engine: "wasm" }),
  ]);
  assert.deepEqual([a.engine, b.engine], ["js", "js"]);
  await Promise.all([a.publish("a", "x", { qos: 2 }), b.publish("a", "x", { qos: 2 })]);
});

test("text in place of MQTT, and a server that ends the connection with a code", async (t) => {
  for (const name of ["wechat-android", "alipay-ios", "douyin-ios"]) {
    const { broker, client } = await startWith(t, name);
    const mqtt = client({ reconnect: FAST });
    await mqtt.start();
    const { told } = record(mqtt);
    const errors = () => told.filter(([type]) => type === "disconnect").map(([, { error }]) => error);
    broker.connections[0].send("hello");
    await eventually(() => errors().length === 1, "the first end");
    assert.equal(errors()[0].code, "text-frame");
    await eventually(() => broker.connections.length === 2 && mqtt.state === "connected", "the reconnect");
    broker.connections[1].close(1008);
    await eventually(() => errors().length === 2, "the second end");
    assert.equal(errors()[1].code, "connection-closed");
    if (name !== "alipay-ios") assert.equal(errors()[1].closeCode, 1008);
  }
});

test("a client that is closed while it dials leaves no socket behind", async (t) => {
  for (const [name, engine] of different) {
    const { mp, client } = await startWith(t, name);
    mp.inject({ silent: true });
    const mqtt = client({ engine });
    const started = failureOf(mqtt.start());
    await eventually(() => mp.sockets.length === 1, "the socket");
    await mqtt.close();
    assert.equal((await started).code, "client-closed");
    await eventually(() => mp.live.size === 0, "the end of the socket");
    assert.deepEqual(mp.uncaught, [], `${name}, ${engine}`);
  }
});

test("a platform that drops the subprotocol is told from one that is only slow", async (t) => {
  const { mp } = await start(t, "alipay-ios");
  assert.equal(mp.profile.protocols, "dropped");
  const { mqtt } = await startWith(t, "alipay-ios", { broker: { subprotocol: "" } });
  const error = await failureOf(mqtt.connect(URL_OF_BROKER));
  assert.deepEqual(
    [error.code, error.reasonString],
    ["subprotocol-rejected", "the server selected no subprotocol"],
  );
});
