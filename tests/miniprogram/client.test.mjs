// The client on every platform with every engine: messages both ways, background, network, and nothing left behind.
import assert from "node:assert/strict";
import { test } from "node:test";
import { combinations, different, failureOf, passTime, record, startWith } from "./package.mjs";
import { eventually, settle, URL_OF_BROKER } from "./support.mjs";

/** Text beyond ASCII, all bytes, and more than fits the engine's first memory. */
const PAYLOADS = [
  Buffer.from("grüß dich, 你好 🙂"),
  Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  Buffer.from(Array.from({ length: 2_000_000 }, (_, at) => (at * 7) & 255)),
];

function assertClean({ mp, broker }) {
  assert.deepEqual(broker.violations, []);
  assert.deepEqual(mp.uncaught, []);
}

for (const [name, engine] of combinations) {
  test(`${name}, ${engine}: messages of every size and quality, two clients side by side`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const [one, two] = [client({ engine }), client({ engine, protocolVersion: 4 })];
    await Promise.all([one.start(), two.start()]);
    assert.deepEqual([one.engine, two.engine, one.engineFallback], [engine, engine, undefined]);
    assert.deepEqual([one.server.protocolVersion, two.server.protocolVersion], [5, 4]);
    const got = [];
    await one.subscribe("to/one", { qos: 2 }, ({ payload, qos }) => got.push([qos, Buffer.from(payload)]));
    for (const qos of [0, 1, 2]) {
      for (const [index, payload] of PAYLOADS.entries()) {
        // Of this realm, and of that of the tests: the mini-program sees bytes of a foreign one.
        const bytes =
          index === 0 ? payload.toString() : index === 1 ? Uint8Array.from(payload).buffer : payload;
        await two.publish("to/one", bytes, { qos });
      }
    }
    await eventually(() => got.length === 9, "nine messages");
    for (const [index, [qos, payload]] of got.entries()) {
      assert.equal(qos, Math.floor(index / 3));
      assert.ok(payload.equals(PAYLOADS[index % 3]), `payload ${index}`);
    }
    assert.equal(typeof (await one.ping()), "number");
    await Promise.all([one.close(), two.close()]);
    await eventually(() => broker.connections.every(({ open }) => !open), "the end");
    assert.deepEqual(
      broker.connections.map(({ packets }) => packets.at(-1).name),
      ["DISCONNECT", "DISCONNECT"],
    );
    assert.equal(mp.live.size, 0);
    assertClean({ mp, broker });
  });

  test(`${name}, ${engine}: comes back from the background with what it was given there`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const mqtt = client({ engine });
    await mqtt.start();
    const { count } = record(mqtt);
    const got = [];
    await mqtt.subscribe("a", { qos: 1 }, (message) => got.push(message.text()));
    const { connectSocket } = mp.host;
    let dialled = 0;
    mp.host.connectSocket = (options) => {
      dialled++;
      return connectSocket(options);
    };
    mp.hide();
    await settle(); // time that is skipped would outrun the news
    await mp.skip(6000);
    assert.equal(mp.live.size, 0);
    const published = mqtt.publish("a", "from the background", { qos: 1 });
    await mp.skip(60_000);
    await settle();
    assert.equal(dialled, 0, "nothing is dialled while nobody looks");
    mp.show();
    await published;
    await eventually(() => got.length > 0, "the message");
    assert.deepEqual(got, ["from the background"]);
    assert.equal(mqtt.state, "connected");
    assert.equal(count("connect"), 1);
    assertClean({ mp, broker });
  });
}

test("a look at something else for a moment costs nothing", async (t) => {
  const { mp, broker, client } = await startWith(t, "wechat-android");
  const mqtt = client();
  await mqtt.start();
  mp.hide();
  await mp.skip(2000);
  mp.show();
  await settle();
  await mqtt.ping();
  assert.equal(broker.connections.length, 1);
  assert.equal(mqtt.state, "connected");
});

test("what is offered and refused, as to a plugin, is as good as absent", async (t) => {
  const { mp, client } = await startWith(t, "wechat-android");
  const refuse = () => {
    throw new Error("not in plugins");
  };
  const { connectSocket } = mp.host;
  const names = ["onAppShow", "onAppHide", "onNetworkStatusChange", "getNetworkType", "getRandomValues"];
  const host = { connectSocket, ...Object.fromEntries(names.map((name) => [name, refuse])) };
  const mqtt = client({ host });
  await mqtt.start();
  await mqtt.publish("a", "x", { qos: 1 });
});

for (const [name, engine] of different) {
  test(`${name}, ${engine}: closes in order before it is cut off, where that is wanted`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const mqtt = client({ engine, lifecycle: "close-when-hidden" });
    await mqtt.start();
    mp.hide();
    await passTime(mp, () => mqtt.state === "suspended", "suspended", 100);
    await eventually(() => !broker.connections[0].open, "the end");
    assert.equal(broker.connections[0].packets.at(-1).name, "DISCONNECT");
    assert.ok(mp.now() < 60_000 && !mp.frozen);
    mp.show();
    await eventually(() => mqtt.state === "connected", "connected");
    assertClean({ mp, broker });
  });

  test(`${name}, ${engine}: notices a socket that is open in name only`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const mqtt = client({ engine });
    await mqtt.start();
    mp.change(true, "wifi");
    await settle();
    mp.change(true, "4g", "deaf");
    const changed = mp.now();
    const published = mqtt.publish("a", "x", { qos: 1 });
    await passTime(mp, () => broker.connections.length === 2, "another connection");
    assert.ok(
      mp.now() - changed < 30_000,
      "asked at once, and not when the next ping is due after 34 seconds",
    );
    await published;
    assertClean({ mp, broker });
  });

  test(`${name}, ${engine}: waits for a network, and goes on at once`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const mqtt = client({ engine });
    await mqtt.start();
    mp.change(false, "none");
    mp.change(false, "none");
    await eventually(() => mqtt.state === "suspended", "suspended");
    await mp.skip(120_000);
    assert.equal(broker.connections.length, 1);
    mp.change(true, "wifi");
    mp.change(true, "wifi");
    await eventually(() => mqtt.state === "connected", "connected");
    assert.equal(broker.connections.length, 2);
    assertClean({ mp, broker });
  });

  for (const ending of [
    "close",
    "error",
    "error, close",
    "close, error",
    "close, close",
    "error, error, close",
  ]) {
    test(`${name}, ${engine}: one loss is one loss, told as "${ending}"`, async (t) => {
      const { mp, broker, client } = await startWith(t, name);
      mp.inject({ ending });
      const mqtt = client({ engine, reconnect: { minDelay: 1, maxDelay: 1 } });
      await mqtt.start();
      const { count } = record(mqtt);
      broker.connections[0].drop();
      await eventually(() => count("connect") === 1, "the reconnect");
      const [old] = mp.sockets;
      for (const type of ["error", "close", "open", "close"])
        old.late(type, { why: "handshake", code: 1006, reason: "late", header: {} });
      old.late("message", { bytes: Buffer.from([0xff, 0xff]), binary: true });
      await settle();
      await mqtt.publish("a", "x", { qos: 2 });
      assert.deepEqual([count("disconnect"), count("connect"), broker.connections.length], [1, 1, 2]);
      assertClean({ mp, broker });
    });
  }
}

test("news of the background twice, or half of them, do no harm", async (t) => {
  const { mp, broker, client } = await startWith(t, "wechat-android");
  const mqtt = client();
  await mqtt.start();
  mp.show();
  mp.hide();
  mp.hide();
  await mp.skip(1000);
  mp.show();
  mp.show();
  mp.hide();
  await mp.skip(7000);
  mp.show();
  await mqtt.publish("a", "x", { qos: 1 });
  assert.equal(mqtt.state, "connected");
  assertClean({ mp, broker });
});

test("a network that is none at the start is known where the platform tells", async (t) => {
  const { mp, client } = await startWith(t, "wechat-android", { domains: ["broker.example"], routes: {} });
  mp.host.getNetworkType = ({ success }) => success({ networkType: "none" });
  const error = await failureOf(client().start());
  assert.deepEqual([error.code, error.evidence.online], ["offline", false]);
});

test("nothing is put on the global object", async (t) => {
  for (const name of ["wechat-ios-15", "alipay-devtools", "douyin-ios", "uni-app"]) {
    const { mp, client } = await startWith(t, name);
    const names = () => mp.run("Object.getOwnPropertyNames(this).sort().join()");
    const before = names();
    const mqtt = client();
    await mqtt.start();
    await mqtt.close();
    assert.equal(names(), before);
  }
});

test("subprotocols: in the handshake of every platform, or none at all", async (t) => {
  for (const name of ["wechat-android", "alipay-ios", "alipay-devtools", "douyin-ios", "baidu"]) {
    const { broker, client } = await startWith(t, name);
    const mqtt = client();
    await mqtt.start();
    assert.equal(broker.connections[0].offered, "mqtt", name);
    const other = await startWith(t, name, { broker: { subprotocol: "" } });
    await other.client({ subprotocols: [] }).start();
    assert.equal(other.broker.connections[0].offered, undefined, name);
  }
});

test("headers of the application go with the handshake", async (t) => {
  for (const name of ["wechat-android", "alipay-ios", "douyin-ios"]) {
    const { broker, client } = await startWith(t, name);
    await client({ header: { "X-Token": "abc" } }).start();
    assert.equal(broker.connections[0].headers["x-token"], "abc");
  }
});

test("a signal of the package's own AbortController ends the wait", async (t) => {
  for (const name of ["wechat-ios-15", "alipay-android"]) {
    const { mp, mqtt } = await startWith(t, name);
    mp.inject({ silent: true });
    const controller = new mqtt.AbortController();
    const connecting = failureOf(mqtt.connect(URL_OF_BROKER, { signal: controller.signal }));
    await eventually(() => mp.sockets.length === 1, "the socket");
    controller.abort(new Error("enough"));
    const error = await connecting;
    assert.deepEqual([error.code, error.cause.message], ["aborted", "enough"]);
    await eventually(() => mp.live.size === 0, "the end of the socket");
  }
});

test("two clients of one identifier: the second one is refused, or waits", async (t) => {
  const { mp, client } = await startWith(t, "wechat-ios");
  const first = client({ clientId: "a" });
  await first.start();
  const second = failureOf(client({ clientId: "a" }).start());
  const third = client({ clientId: "a", whenClientIdInUse: "wait" });
  const waiting = third.start();
  await settle();
  await mp.skip(3000);
  assert.equal((await second).code, "client-id-in-use");
  await first.close();
  await waiting;
  assert.equal(third.state, "connected");
});

test("Client Identifiers and request identifiers differ, with randomness of the host or without", async (t) => {
  for (const name of ["wechat-ios", "alipay-ios"]) {
    const { client } = await startWith(t, name);
    const ids = Array.from({ length: 50 }, () => client().clientId);
    assert.equal(new Set(ids).size, 50);
    for (const id of ids) assert.match(id, /^wasmqtt[0-9a-z]{16}$/);
  }
});
