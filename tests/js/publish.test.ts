import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import { MqttError } from "../../js/src/errors.js";
import { connectFake, fakeGlue, turn } from "./support/fake.js";

test("publish crosses at once and settles with the answer", async () => {
  const { client, engine } = await connectFake();
  const publishing = client.publish("a/b", "héllo", { qos: 1, retain: true, contentType: "text/plain" });
  assert.deepEqual(engine.called("publish"), [
    ["a/b", new TextEncoder().encode("héllo"), 5, { contentType: "text/plain" }],
  ]);
  engine.complete(engine.operation, {
    status: 1,
    packetId: 17,
    codes: [0x10],
    answer: { reasonString: "nobody" },
  });
  assert.deepEqual(await publishing, {
    qos: 1,
    status: "acknowledged",
    reasonCode: 0x10,
    packetId: 17,
    reasonString: "nobody",
  });

  const sent = client.publish("t", Uint8Array.of(1));
  engine.complete(engine.operation);
  assert.deepEqual(await sent, { qos: 0, status: "sent", reasonCode: 0 });

  const exactly = client.publish("t", new ArrayBuffer(0), { qos: 2 });
  engine.complete(engine.operation, { status: 2, packetId: 1, codes: [0] });
  assert.equal((await exactly).status, "completed");
});

test("a small message lies in the slot, others cross as objects", async () => {
  const { client, engine } = await connectFake();
  engine.hasSlot = true;
  const large = new Uint8Array(4096);
  const full = new Uint8Array(4095).fill(7);
  client.publish("t", "1");
  client.publish("t", "", { qos: 2, retain: true });
  client.publish("é", "2");
  client.publish("other", "3");
  client.publish("t", large);
  client.publish("t", full);
  client.publish("t", "4", { contentType: "text/plain" });
  client.publish("", "5");
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.deepEqual(engine.called("publish"), [
    ["t", bytes("1"), 0, "written"],
    ["t", bytes(""), 6, "written"],
    ["é", bytes("2"), 0, undefined],
    ["other", bytes("3"), 0, "written"],
    ["t", large, 0, undefined],
    ["t", full, 0, "written"],
    ["t", bytes("4"), 0, { contentType: "text/plain" }],
    ["", bytes("5"), 0, undefined],
  ]);
});

test("messages at QoS 0 that the engine joins settle together, each call for itself", async () => {
  const { client, engine } = await connectFake();
  const publish = (joins: boolean, options = {}) => {
    engine.joins = joins;
    return client.publish("t", "x", options);
  };
  const first = publish(false);
  const { operation } = engine;
  const all = [first, publish(true), publish(true)];
  assert.equal(new Set(all).size, 3, "a promise of its own for each");
  const apart = publish(true, { qos: 1 });
  const limited = publish(true, { timeout: 10_000 });
  assert.equal(engine.operation, operation + 2, "acknowledged ones and those with limits are on their own");
  engine.complete(operation);
  for (const sent of await Promise.all(all)) {
    assert.deepEqual(sent, { qos: 0, status: "sent", reasonCode: 0 });
    assert.ok(Object.isFrozen(sent), "they share it");
  }

  const lost = [publish(false), publish(true)];
  engine.throws.publish = new MqttError("packet-too-large");
  await assert.rejects(publish(true), { code: "packet-too-large", delivery: "none" });
  delete engine.throws.publish;
  engine.fail(engine.operation, new MqttError("connection-closed"));
  for (const one of lost) await assert.rejects(one, { code: "connection-closed", delivery: "none" });

  const open = [publish(false), publish(true), apart, limited];
  client.close({ force: true });
  for (const one of open) await assert.rejects(one, { code: "client-closed", delivery: "unknown" });
});

test("what the engine or the server refuses rejects", async () => {
  const { client, engine } = await connectFake();
  const full = new MqttError("queue-full");
  engine.throws.publish = full;
  await assert.rejects(client.publish("t", "x"), full);
  delete engine.throws.publish;

  const denied = new MqttError("rejected-by-server", { reasonCode: 0x87 });
  const publishing = client.publish("t", "x", { qos: 1 });
  engine.fail(engine.operation, denied, [0x87]);
  await assert.rejects(publishing, { code: "rejected-by-server", reasonCodes: [0x87] });
});

test("wrong arguments reject and never reach the engine", async () => {
  const { client, engine } = await connectFake();
  const cases: [Promise<unknown>, string][] = [
    [client.publish(undefined as never, "x"), "invalid-argument"],
    [client.publish("a\ud800", "x"), "invalid-topic"],
    [client.publish("t", "\ud800"), "invalid-argument"],
    [client.publish("t", { on: true } as never), "invalid-argument"],
    [client.publish("t", "x", { QoS: 1 } as never), "invalid-option"],
    [client.publish("t", "x", { timeout: -5 }), "invalid-argument"],
    [client.publish("t", "x", { signal: AbortSignal.abort() }), "aborted"],
    [client.subscribe(5 as never), "invalid-argument"],
    [client.subscribe(["a", null as never]), "invalid-argument"],
    [client.subscribe("\ud800"), "invalid-filter"],
    [client.subscribe("a", (() => {}) as never), "invalid-argument"],
    [client.subscribe("a", {}, "handler" as never), "invalid-argument"],
    [client.ping({ wait: 1 } as never), "invalid-option"],
  ];
  for (const [promise, code] of cases) await assert.rejects(promise, { code });
  assert.deepEqual(engine.calls, [["start"]]);
});

test("calls before the engine is loaded keep their order and their payload", async () => {
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, "wss://h");
  const bytes = Uint8Array.of(1, 2);
  const results = [client.publish("first", bytes), client.subscribe("second"), client.publish("third", "x")];
  bytes.fill(9);
  client.start().catch(() => {});
  await turn();
  const engine = glue.engines[0];
  assert.deepEqual(
    engine?.calls.map(([name, first]) => [name, first]),
    [
      ["publish", "first"],
      ["subscribe", ["second"]],
      ["publish", "third"],
      ["start", undefined],
    ],
  );
  assert.deepEqual(engine?.called("publish")[0]?.[1], Uint8Array.of(1, 2));
  await client.close({ force: true });
  for (const result of results) await assert.rejects(result, { code: "client-closed" });
});

test("a Blob is read first and later calls wait for their turn", async () => {
  const { client, engine } = await connectFake();
  const publishing = [client.publish("blob", new Blob(["from a blob"])), client.publish("after", "x")];
  assert.deepEqual(engine.called("publish"), []);
  await turn();
  assert.deepEqual(
    engine
      .called("publish")
      .map(([topic, payload]) => [topic, Buffer.from(payload as Uint8Array).toString()]),
    [
      ["blob", "from a blob"],
      ["after", "x"],
    ],
  );
  client.publish("direct again", "x").catch(() => {});
  assert.equal(engine.called("publish").length, 3);
  await client.close({ force: true });
  for (const promise of publishing) await assert.rejects(promise, { code: "client-closed" });
});

test("a Blob that cannot be read fails alone", async () => {
  const { client, engine } = await connectFake();
  const cause = new Error("NotReadableError");
  const blob = new Blob(["x"]);
  blob.arrayBuffer = () => Promise.reject(cause);
  const publishing = client.publish("blob", blob);
  const after = client.publish("after", "x");
  await assert.rejects(publishing, { code: "invalid-argument", cause });
  await turn();
  assert.deepEqual(
    engine.called("publish").map(([topic]) => topic),
    ["after"],
  );
  engine.complete(engine.operation);
  await after;
});

test("abort: before its turn, queued, and under way", async () => {
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, "wss://h");
  const early = new AbortController();
  const never = client.publish("never", "x", { signal: early.signal });
  early.abort();
  await assert.rejects(never, { code: "aborted" });
  await turn();
  const engine = glue.engines[0];
  assert.ok(engine);
  assert.deepEqual(engine.calls, [], "neither published nor cancelled");

  const controller = new AbortController();
  const publishing = client.publish("t", "x", { qos: 1, signal: controller.signal });
  const { operation } = engine;
  controller.abort("enough");
  await assert.rejects(publishing, { code: "aborted", cause: "enough" });
  assert.deepEqual(engine.called("cancel"), [[operation]]);
  engine.complete(operation, { status: 1 });
  await turn();
  await client.close();
});

test("many calls that waited for the engine reach it in their order, in more than one task", async (t) => {
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, "wss://h");
  let now = 0;
  t.mock.method(performance, "now", () => ++now); // each look at the clock takes a millisecond
  const { mock: tasks } = t.mock.method(MessagePort.prototype, "postMessage");
  const names = Array.from({ length: 100 }, (_, n) => `${n}`);
  for (const name of names) client.publish(name, new Blob([name])).catch(() => {});
  for (const name of names) client.publish(name, name).catch(() => {});
  const published = () => glue.engines[0]?.called("publish").map(([topic]) => topic) ?? [];
  for (let turns = 0; turns < 5000 && published().length < 2 * names.length; turns++) await turn();
  assert.deepEqual(published(), [...names, ...names]);
  assert.ok(tasks.callCount() > 5, `${tasks.callCount()} further tasks`);
  await client.close({ force: true });
});
