// The outbox in the key-value storage: what survives, what its limits do, and what is left behind.
import assert from "node:assert/strict";
import { test } from "node:test";
import { combinations, failureOf, passTime, record, startWith } from "./package.mjs";
import { eventually, settle, URL_OF_BROKER } from "./support.mjs";

const OURS = { clientId: "phone", store: "storage" };

/** Keeps others' data in the storage until `free` bytes are left. */
function fill(mp, free) {
  const { storage } = mp.profile;
  const used = () => [...mp.cells].reduce((sum, [key, text]) => sum + key.length + text.length, 0);
  for (let count = 0; ; count++) {
    const size = Math.min(storage.perKey, storage.total - used() - free) - 50;
    if (size <= 0) return;
    mp.cells.set(`theirs${count}`, JSON.stringify("x".repeat(size)));
  }
}

const free = (mp) => {
  for (const key of [...mp.cells.keys()]) if (key.startsWith("theirs")) mp.cells.delete(key);
};
const ours = (mp) => [...mp.cells.keys()].filter((key) => !key.startsWith("theirs"));

for (const [name, engine] of combinations) {
  test(`${name}, ${engine}: what was accepted survives that the mini-program is thrown away`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const mqtt = client({ ...OURS, engine });
    await mqtt.start();
    mp.change(false, "none");
    await eventually(() => mqtt.state === "suspended", "suspended");
    // The last one is larger than any key may be on Alipay.
    const payloads = ["one", "grüß 你好 🙂", "x".repeat(300_000)];
    for (const [index, payload] of payloads.entries()) {
      const qos = 1 + (index % 2);
      assert.equal((await mqtt.publish("a", payload, { qos, until: "stored" })).status, "stored");
    }
    mp.hide();
    await mp.skip(mp.profile.background.destroy);
    assert.equal(mp.alive, false);

    const again = mp.relaunch();
    t.after(again.stop);
    const next = await again.require("./app").connect(URL_OF_BROKER, { ...OURS, engine });
    const sent = () =>
      broker.connections.flatMap(({ packets }) => packets).filter((one) => one.name === "PUBLISH");
    await eventually(() => sent().length === 3, "all of them");
    assert.deepEqual(
      sent().map(({ payload }) => payload.toString()),
      payloads,
    );
    await eventually(() => next.stats.inFlight === 0, "the answers");
    await next.close();
    assert.ok(ours(again).length <= 1, "nothing of use is left");
    assert.deepEqual([broker.violations, mp.uncaught, again.uncaught], [[], [], []]);
  });
}

for (const name of ["wechat-ios", "alipay-ios", "baidu"]) {
  test(`${name}: a storage that is full is told once; the client goes on, and stores again when it can`, async (t) => {
    const { mp, broker, client } = await startWith(t, name);
    const mqtt = client({ ...OURS, engine: "js" });
    const { errors } = record(mqtt);
    await mqtt.start();
    fill(mp, 20_000);
    const payload = "y".repeat(100_000);
    await Promise.all([1, 2, 1].map((qos) => mqtt.publish("a", payload, { qos })));
    assert.deepEqual(
      errors().map(({ code }) => code),
      ["store-full"],
    );
    assert.match(errors()[0].hint, /Free space/);
    const sent = broker.connections[0].packets.filter((one) => one.name === "PUBLISH");
    assert.equal(sent.length, 3, "nothing is lost");

    free(mp);
    mp.change(false, "none");
    await eventually(() => mqtt.state === "suspended", "suspended");
    const kept = mqtt.publish("a", "kept", { qos: 1, until: "stored" });
    await passTime(mp, () => ours(mp).length > 0, "the store");
    assert.equal((await kept).status, "stored");
    assert.equal(errors().length, 1);
    assert.deepEqual(mp.uncaught, []);
  });

  test(`${name}: with fallback "fail" a full storage ends the client, and what is in it stays`, async (t) => {
    const { mp, client } = await startWith(t, name);
    const mqtt = client({ clientId: "phone", store: { fallback: "fail" }, engine: "js" });
    await mqtt.start();
    mp.change(false, "none");
    await eventually(() => mqtt.state === "suspended", "suspended");
    await mqtt.publish("a", "first", { qos: 1, until: "stored" });
    fill(mp, 5000);
    const error = await failureOf(mqtt.publish("a", "z".repeat(50_000), { qos: 1, until: "stored" }));
    assert.equal(error.code, "client-closed");
    assert.equal((await mqtt.closed).code, "store-full");
    free(mp);
    const again = mp.relaunch();
    t.after(again.stop);
    const next = await again.require("./app").connect(URL_OF_BROKER, OURS);
    await eventually(() => next.stats.messagesSent === 1, "the first message");
  });
}

test("a host without storage: the client says so and goes on without", async (t) => {
  const { mp, mqtt } = await startWith(t, "wechat-android");
  const { connectSocket } = mp.host;
  const client = mqtt.createClient(URL_OF_BROKER, { ...OURS, host: { connectSocket } });
  const { errors } = record(client);
  await client.start();
  await client.publish("a", "x", { qos: 1 });
  assert.deepEqual(
    errors().map(({ code, cause }) => [code, cause.message]),
    [["store-unavailable", "The host has no key-value storage."]],
  );
});

test("whatever is found in the storage: no error but store-damaged, and the good is used", async (t) => {
  const { mp, broker, client } = await startWith(t, "wechat-android");
  const mqtt = client(OURS);
  await mqtt.start();
  mp.change(false, "none");
  await eventually(() => mqtt.state === "suspended", "suspended");
  for (const text of ["one", "two", "three"]) await mqtt.publish("a", text, { qos: 1, until: "stored" });
  await mp.stop();
  const [key] = ours(mp).filter((one) => mp.cells.get(one).includes("0/1:"));
  const prefix = key.slice(0, key.lastIndexOf("|") + 1);
  const last = Math.max(...ours(mp).map((one) => Number(one.slice(prefix.length))));
  const junk = [
    "",
    "nonsense",
    "0/1:",
    "0/1:%%%%",
    "0/2:AQAA",
    "7/9:AQAA",
    "0/1:AQAAAAAAAAAAAAAA/////g==",
    5,
    null,
    {},
  ];
  for (const [index, value] of junk.entries()) {
    mp.cells.set(prefix + (last + 1 + index), JSON.stringify(value));
  }
  mp.cells.set(`${prefix}x`, JSON.stringify("theirs"));
  const again = mp.relaunch();
  t.after(again.stop);
  const next = again.require("./app").createClient(URL_OF_BROKER, OURS);
  const { errors } = record(next);
  await next.start();
  const sent = () => broker.connections.at(-1).packets.filter((one) => one.name === "PUBLISH");
  await eventually(() => sent().length === 3, "all of them");
  assert.deepEqual(
    errors().map(({ code }) => code),
    ["store-damaged"],
  );
  await next.publish("a", "four", { qos: 2 });
  await next.close();
  assert.equal(mp.cells.get(`${prefix}x`), JSON.stringify("theirs"));
  assert.deepEqual(again.uncaught, []);
});

test("a client that publishes for long leaves no more in the storage than one that begins", async (t) => {
  const { mp, client } = await startWith(t, "alipay-ios");
  const mqtt = client(OURS);
  await mqtt.start();
  mp.change(false, "none");
  await eventually(() => mqtt.state === "suspended", "suspended");
  const waits = mqtt.publish("a", "waits", { qos: 1 });
  await settle();
  mp.change(true, "wifi");
  await waits;
  for (let round = 0; round < 30; round++) {
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => mqtt.publish("a", "x".repeat(1000), { qos: 1 + (index % 2) })),
    );
  }
  await settle();
  const size = [...mp.cells.values()].reduce((sum, text) => sum + text.length, 0);
  assert.ok(size < 20_000, `${size} letters`);
});
