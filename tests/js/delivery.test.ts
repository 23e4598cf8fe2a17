// What the error of a publish says of its message, and how many may wait before the engine has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import { MqttError } from "../../js/src/errors.js";
import type { PublishOptions } from "../../js/src/options.js";
import { connectFake, fakeGlue, turn } from "./support/fake.js";

const never = new Promise<never>(() => {});

/** Resolves with code and delivery of the error that `promise` rejects with. */
const fate = (promise: Promise<unknown>) =>
  promise.then(
    () => ["resolved"],
    (error: MqttError) => [error.code, error.delivery],
  );

const publish = (client: MqttClient, options: PublishOptions = {}) =>
  client.publish("t", "x", { qos: 1, ...options });

test("the engine's word is passed on", async () => {
  const { client, engine } = await connectFake();
  const lost = publish(client);
  engine.fail(engine.operation, new MqttError("session-lost"), [], 1);
  const expired = publish(client);
  engine.fail(engine.operation, new MqttError("message-expired"), [], 0);
  const other = client.subscribe("f");
  engine.fail(engine.operation, new MqttError("session-lost"), [], 1);
  assert.deepEqual(await fate(lost), ["session-lost", "unknown"]);
  assert.deepEqual(await fate(expired), ["message-expired", "none"]);
  assert.deepEqual(await fate(other), ["session-lost", undefined], "only of messages");
});

test("what the engine refuses was not delivered", async () => {
  const { client, engine } = await connectFake();
  engine.throws.publish = new MqttError("queue-full");
  assert.deepEqual(await fate(publish(client)), ["queue-full", "none"]);
});

test("what is refused before the engine sees it was not delivered", async () => {
  const { client } = await connectFake();
  const unreadable = new Blob(["x"]);
  unreadable.arrayBuffer = () => Promise.reject(new Error("gone"));
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  const refused = [
    client.publish(7 as never, "x"),
    client.publish("t", {} as never),
    client.publish("t", "x", { signal: AbortSignal.abort() }),
    client.publish("t", unreadable),
    client.publish("t", unreadable, { signal: AbortSignal.abort() }),
  ].map(fate);
  const codes = ["invalid-argument", "invalid-argument", "aborted", "invalid-argument", "aborted"];
  assert.deepEqual(
    await Promise.all(refused),
    codes.map((code) => [code, "none"]),
  );
  await client.close({ force: true });
  assert.deepEqual(await fate(client.publish("t", unreadable)), ["client-closed", "none"]);
  await turn();
  process.off("unhandledRejection", note);
  assert.deepEqual(unhandled, []);
});

test("a call that is given up asks the engine", async () => {
  const { client, engine } = await connectFake();
  for (const [neverSent, delivery] of [
    [true, "none"],
    [false, "unknown"],
  ] as const) {
    engine.neverSent = neverSent;
    const controller = new AbortController();
    const aborted = publish(client, { signal: controller.signal });
    controller.abort();
    assert.deepEqual(await fate(aborted), ["aborted", delivery]);
    assert.deepEqual(await fate(publish(client, { timeout: 1 })), ["timeout", delivery]);
  }
});

test("a call that waits for its turn was not delivered, however it ends", async () => {
  const client = new MqttClient(() => never, "wss://h");
  const controller = new AbortController();
  const aborted = publish(client, { signal: controller.signal });
  const late = publish(client, { timeout: 1 });
  const closed = publish(client);
  const subscribing = client.subscribe("f");
  controller.abort();
  assert.deepEqual(await fate(aborted), ["aborted", "none"]);
  assert.deepEqual(await fate(late), ["timeout", "none"]);
  await client.close();
  assert.deepEqual(await fate(closed), ["client-closed", "none"]);
  assert.deepEqual(await fate(subscribing), ["client-closed", undefined]);
});

test("when the client gives up, the engine says of each message what became of it", async () => {
  const { client, engine } = await connectFake();
  const [waiting, sent, done, silent] = [publish(client), publish(client), publish(client), publish(client)];
  const first = engine.operation - 3;
  engine.terminate = () => {
    engine.fail(first, new MqttError("client-closed"), [], 0);
    engine.fail(first + 1, new MqttError("client-closed"), [], 1);
    engine.complete(first + 2, { status: 1 });
  };
  await client.close({ force: true });
  assert.deepEqual(await fate(waiting), ["client-closed", "none"]);
  assert.deepEqual(await fate(sent), ["client-closed", "unknown"]);
  assert.equal((await done).status, "acknowledged", "its answer had come");
  assert.deepEqual(await fate(silent), ["client-closed", "unknown"]);
});

test("after a trap nobody knows, but of what was still to come", async () => {
  const { client, engine } = await connectFake();
  const sent = publish(client);
  const blob = client.publish("t", new Blob(["x"]), { qos: 1 });
  engine.throws.tap = new WebAssembly.RuntimeError("unreachable");
  client.on("packet", () => {});
  assert.deepEqual(await fate(sent), ["engine-crashed", "unknown"]);
  assert.deepEqual(await fate(blob), ["engine-crashed", "none"]);
  assert.equal((await client.closed)?.delivery, undefined);
});

test("what waits for the engine is bounded like what waits in it", async () => {
  for (const offlineQueue of [{ maxMessages: 3 }, { maxBytes: 300 }]) {
    const glue = fakeGlue();
    let load = () => {};
    const loading = new Promise<void>((resolve) => {
      load = resolve;
    });
    const client = new MqttClient(() => loading.then(() => glue), "wss://h", { offlineQueue });
    const waiting = [1, 2, 3].map(() => client.publish("t", "x".repeat(99), { qos: 1 }));
    const refused = await fate(client.publish("t", "x".repeat(99)));
    assert.deepEqual(refused, ["queue-full", "none"]);
    load();
    await turn();
    const engine = glue.engines[0] ?? assert.fail("no engine");
    assert.equal(engine.called("publish").length, 3);
    waiting.push(client.publish("t", "room again", { qos: 1 }));
    assert.equal(engine.called("publish").length, 4);
    await Promise.all([client.close({ force: true }), Promise.allSettled(waiting)]);
  }
});

test("Blobs that wait count, and one alone always passes", async () => {
  const { client, engine } = await connectFake({ offlineQueue: { maxMessages: 0, maxBytes: 10 } });
  const blob = (size: number) => client.publish("t", new Blob(["x".repeat(size)]), { qos: 1 });
  const acknowledged = async (publishing: Promise<unknown>) => {
    await turn();
    engine.complete(engine.operation);
    await publishing;
  };
  const [first, second] = [blob(1000), blob(1)];
  assert.deepEqual(await fate(second), ["queue-full", "none"]);
  await acknowledged(first);
  await acknowledged(blob(1));
  await assert.rejects(client.publish("t", new Blob(["x"]), { timeout: -1 }), { code: "invalid-argument" });
  await acknowledged(blob(1));
});

test("properties of messages in a buffer outlive the client, but no trap", async () => {
  for (const end of ["close", "trap"]) {
    const { client, engine } = await connectFake();
    const subscribing = client.subscribe("f");
    engine.complete(engine.operation, { codes: [0] });
    const subscription = await subscribing;
    engine.message("f", "", [1], { properties: [1, 0] });
    await turn();
    if (end === "trap") engine.throws.tap = new WebAssembly.RuntimeError("unreachable");
    client.on("packet", () => {});
    await client.close({ force: true });
    const { value } = await subscription[Symbol.asyncIterator]().next();
    assert.deepEqual(value?.properties, end === "trap" ? {} : { contentType: "block of 2" });
  }
});

test("while the client is suspended the next attempt has no delay", async () => {
  const { client, engine } = await connectFake();
  const told: unknown[] = [];
  client.on("reconnecting", (event) => told.push([event.attempt, "delay" in event ? event.delay : "none"]));
  engine.lose(new MqttError("connection-closed"), 1000, 2);
  engine.state("suspended");
  engine.lose(new MqttError("connection-closed"), 1000, 3);
  await turn();
  assert.deepEqual(told, [
    [2, 1000],
    [3, "none"],
  ]);
  await client.close({ force: true });
});
