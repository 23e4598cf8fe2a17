// The double held against what was reported of MQTT.js: a double in which these versions do better than on phones is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { waiters } from "../rig/wait.mjs";
import { mqttPackage } from "./corpus/mqttjs.mjs";
import { eventually, HOST, settle, start } from "./support.mjs";

const URL_WX = `wxs://${HOST}/mqtt`;

async function load(t, version, profile, options) {
  const { mp, broker } = await start(t, profile, {
    broker: { whole: false }, // it sends packets in several messages, which is allowed
    files: mqttPackage(version),
    ...options,
  });
  return { mp, broker, mqtt: () => mp.require("mqtt") };
}

/** Connects, and resolves with the client and the events it emitted, by name. */
function connect(mqtt, options = {}, url = URL_WX) {
  const events = [];
  const changes = waiters();
  const client = mqtt.connect(url, { clientId: "a", ...options });
  for (const name of ["connect", "message", "close", "reconnect", "error"]) {
    client.on(name, (...values) => {
      events.push({ name, values });
      changes.wake();
    });
  }
  const until = (name) => changes.until(() => events.find((event) => event.name === name), name);
  return { client, events, until };
}

/** A message to itself with QoS 0, 1 and 2; rejects when one does not come. */
async function exchange({ client, events, until }, broker) {
  await until("connect");
  await new Promise((yes, no) => client.subscribe("t", { qos: 2 }, (error) => (error ? no(error) : yes())));
  for (const qos of [0, 1, 2]) {
    await new Promise((yes, no) =>
      client.publish("t", `qos ${qos} ✓`, { qos }, (error) => (error ? no(error) : yes())),
    );
  }
  const messages = () => events.filter(({ name }) => name === "message");
  await broker.until(() => broker.connections[0].packets.some(({ name }) => name === "PUBCOMP"), "PUBCOMP");
  await settle();
  assert.deepEqual(
    messages().map(({ values: [topic, payload] }) => [topic, payload.toString()]),
    [0, 1, 2].map((qos) => ["t", `qos ${qos} ✓`]),
  );
  assert.deepEqual(broker.violations, []);
}

for (const version of ["4.1.0", "4.2.1"]) {
  for (const profile of ["wechat-devtools", "wechat-android", "wechat-ios", "wechat-ios-15"]) {
    test(`${version} works in ${profile}, as those who pin it say`, async (t) => {
      const { mp, broker, mqtt } = await load(t, version, profile);
      const session = connect(mqtt());
      await exchange(session, broker);
      assert.equal(broker.connections[0].offered, "mqtt");
      assert.deepEqual(mp.uncaught, []);
      session.client.end(true);
      await settle();
    });
  }
}

for (const version of ["4.2.8", "4.3.7", "4.3.8"]) {
  test(`${version} takes a phone for Node (#1702, #1771, #1772, #961, #1203)`, async (t) => {
    const { mqtt } = await load(t, version, "wechat-android");
    assert.throws(() => connect(mqtt()), /createConnection is not a function/);
  });
}

test("4.3.8 from a bundler connects, and sends four bytes where it means one (#1506)", async (t) => {
  const scope = { __webpack_require__: () => undefined };
  const { broker, mqtt } = await load(t, "4.3.8", "wechat-android", { scope });
  const { client, events } = connect(mqtt(), { reconnectPeriod: 0 });
  await broker.until(() => broker.violations[0], "a violation");
  const bytes = Buffer.concat(broker.connections[0].messages.map(({ data }) => data)).toString("hex");
  assert.match(bytes, /^100d00000000044d515454/); // 10, length 0d in four bytes, then "MQTT" as it should be
  assert.match(broker.violations[0].message, /unknown protocol: 00 00 00 00 04 4d 51 54 54/);
  await settle();
  assert.ok(!events.some(({ name }) => name === "connect"));
  client.end(true);
});

test("3.0.0 gives the subprotocol as a string: iOS takes it, Android does not (#969)", async (t) => {
  const ios = await load(t, "3.0.0", "wechat-ios");
  const session = connect(ios.mqtt());
  await exchange(session, ios.broker);
  session.client.end(true);

  const android = await load(t, "3.0.0", "wechat-android");
  const failing = connect(android.mqtt(), { reconnectPeriod: 0 });
  await android.mp.skip(5000);
  assert.deepEqual(android.broker.connections, []);
  assert.ok(!failing.events.some(({ name }) => name === "connect"));
  failing.client.end(true);
});

for (const version of ["4.1.0", "4.2.1"]) {
  test(`${version} sets an interval with an empty list, which Android WeChat 7.0 cannot take (#968)`, async (t) => {
    const { mp, mqtt } = await load(t, version, "wechat-android-7");
    connect(mqtt());
    await eventually(() => mp.uncaught.length > 0, "an error");
    assert.match(mp.uncaught[0].message, /Cannot read property 'apply' of undefined/);
  });
}

for (const { keepalive, after } of [
  { keepalive: 60, after: 50_000 },
  { keepalive: 0, after: 3_600_000 },
]) {
  const how = keepalive > 0 ? "until its next ping fails" : "for ever without pings";
  test(`4.2.1 stays connected after the background ${how} (#1180, #947)`, async (t) => {
    const { mp, broker, mqtt } = await load(t, "4.2.1", "wechat-android");
    const { client, events, until } = connect(mqtt(), { keepalive, reconnectPeriod: 1000 });
    await until("connect");
    mp.hide();
    await mp.skip(6000);
    assert.equal(mp.frozen, true);
    assert.equal(mp.live.size, 0, "the socket has ended");
    mp.show();
    await mp.skip(after);
    assert.equal(client.connected, true);
    assert.deepEqual(
      events.map(({ name }) => name),
      ["connect"],
    );
    assert.equal(broker.connections.length, 1);
    client.removeAllListeners();
  });
}

test("4.2.1 in an Alipay mini-program needs `my` among its options, and then sends a string as protocols (#943)", async (t) => {
  const { mp, broker, mqtt } = await load(t, "4.2.1", "alipay-devtools");
  const url = `alis://${HOST}/mqtt`;
  assert.throws(() => connect(mqtt(), {}, url), /reading 'connectSocket'/);
  const { client, until } = connect(mqtt(), { my: mp.host, reconnectPeriod: 0 }, url);
  await until("close");
  assert.deepEqual(broker.connections, []);
  client.end(true);
});

test("4.2.1 in the developer's tools reaches a host that the phone refuses (#923, #1111)", async (t) => {
  const tools = await load(t, "4.2.1", "wechat-devtools", { domains: [] });
  const session = connect(tools.mqtt());
  await exchange(session, tools.broker);
  session.client.end(true);

  const phone = await load(t, "4.2.1", "wechat-android", { domains: [] });
  const { client, events } = connect(phone.mqtt(), { reconnectPeriod: 0 });
  await phone.mp.skip(5000);
  assert.deepEqual(phone.broker.connections, []);
  assert.ok(!events.some(({ name }) => name === "connect"));
  client.end(true);
});

test("5.16.0 cannot be loaded: AbortController is hidden (#1797)", async (t) => {
  const { mqtt } = await load(t, "5.16.0", "wechat-android");
  assert.throws(mqtt, /AbortController/);
});

/** What users of MQTT.js 5 are told to add, in the place of names that are hidden. */
const abortable = { self: { AbortController, AbortSignal } };
const withEverything = { ...abortable, navigator: { language: "zh-CN", userAgent: "" } };

test("5.16.0 with an AbortController cannot be loaded either: navigator is hidden (#1750, #1919)", async (t) => {
  const { mqtt } = await load(t, "5.16.0", "wechat-android", { scope: abortable });
  assert.throws(mqtt, /reading 'language'/);
});

test("5.16.0 with all of that, and two options, works", async (t) => {
  const { broker, mqtt } = await load(t, "5.16.0", "wechat-android", { scope: withEverything });
  const session = connect(mqtt(), { forceNativeWebSocket: true, timerVariant: "native" });
  await exchange(session, broker);
  session.client.end(true);
  await settle();
});
