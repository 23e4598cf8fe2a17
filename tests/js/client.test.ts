import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import { MqttError } from "../../js/src/errors.js";
import { connectFake, createFake, fakeGlue, turn } from "./support/fake.js";

test("ping resolves with the round trip", async () => {
  const { client, engine } = await connectFake();
  const ping = client.ping();
  engine.complete(engine.operation, { status: 35 });
  assert.equal(await ping, 35);
  engine.throws.ping = new MqttError("not-connected");
  await assert.rejects(client.ping(), { code: "not-connected" });
});

test("stats are there before, during and after", async () => {
  const client = new MqttClient(async () => fakeGlue(), "wss://h");
  assert.equal(client.stats.bytesSent, 0);
  client.start().catch(() => {});
  await turn();
  assert.equal(client.stats.bytesSent, 7);
  assert.equal(client.stats.messagesReceived, 0);
  await client.close({ force: true });
  assert.equal(client.stats.bytesSent, 7);
});

test("close ends everything, once", async () => {
  const { client, engine } = await connectFake();
  const states: string[] = [];
  client.on("state", (state) => states.push(state));
  const subscribing = client.subscribe("t");
  engine.complete(engine.operation, { codes: [0] });
  const subscription = await subscribing;
  const waiting = [client.publish("t", "x", { qos: 1 }), client.ping(), client.subscribe("u")];
  const reading = subscription[Symbol.asyncIterator]().next();

  const closing = client.close({ timeout: 100, reasonCode: 4 });
  assert.equal(client.close(), closing, "one promise");
  await closing;
  assert.deepEqual(engine.called("disconnect"), [[{ reasonCode: 4, drainTimeout: 100 }]]);
  for (const promise of waiting) await assert.rejects(promise, { code: "client-closed" });
  assert.equal((await reading).done, true);
  assert.deepEqual(states, ["closing", "closed"]);
  assert.equal(await client.closed, undefined);
  assert.equal(engine.called("free").length, 1);
  assert.equal(client.close(), closing);
  await subscription.unsubscribe();
  await assert.rejects(client.start(), { code: "client-closed" });
});

test("close before anything, while loading, and by force", async () => {
  const idle = new MqttClient(() => assert.fail("not loaded"), "wss://h");
  await idle.close();
  assert.equal(idle.state, "closed");
  await assert.rejects(idle.start(), { code: "client-closed" });

  const loading = new MqttClient(() => new Promise(() => {}), "wss://h");
  const started = loading.start();
  await loading.close();
  await assert.rejects(started, { code: "client-closed" });

  const { client, engine } = await connectFake();
  await client.close({ force: true });
  assert.deepEqual(engine.called("disconnect"), []);
  assert.equal(engine.called("terminate").length, 1);
  assert.equal(client.state, "closed");
});

test("close waits for a Blob that was published before", async () => {
  const { client, engine } = await connectFake();
  const publishing = client.publish("t", new Blob(["x"]));
  publishing.catch(() => {});
  await client.close();
  assert.deepEqual(engine.calls.map(([name]) => name).slice(1), ["publish", "disconnect", "free"]);
});

test("wrong close options reject and leave the client open", async () => {
  const { client, engine } = await connectFake();
  await assert.rejects(client.close({ timeout: "1" as never }), { code: "invalid-option" });
  engine.throws.disconnect = new MqttError("invalid-argument");
  await assert.rejects(client.close({ sessionExpiryInterval: 5 }), { code: "invalid-argument" });
  delete engine.throws.disconnect;
  assert.equal(client.state, "connected");
  await client.close();
  assert.equal(client.state, "closed");
});

test("a crash rejects everything and tells why", async () => {
  const { client, engine } = await connectFake();
  const subscribing = client.subscribe("t");
  engine.complete(engine.operation, { codes: [0] });
  const subscription = await subscribing;
  const reading = subscription[Symbol.asyncIterator]().next();
  const publishing = client.publish("t", "x", { qos: 1 });
  engine.throws.ping = new WebAssembly.RuntimeError("unreachable");
  const ping = client.ping();
  for (const promise of [ping, publishing, reading])
    await assert.rejects(promise, { code: "engine-crashed" });
  assert.equal((await client.closed)?.code, "engine-crashed");
  assert.equal(client.state, "closed");
  assert.deepEqual(engine.called("free"), []);
  await client.close();
  await subscription.unsubscribe();
});

test("a crash while connecting rejects start", async () => {
  const { client, engine, started } = await createFake();
  engine.host.onFault();
  await assert.rejects(started, { code: "engine-crashed" });
  assert.equal((await client.closed)?.code, "engine-crashed");
});

test("await using closes where the host has it", async () => {
  const { client } = await connectFake();
  if (Symbol.asyncDispose) await client[Symbol.asyncDispose]();
  else await client.close();
  assert.equal(client.state, "closed");
});
