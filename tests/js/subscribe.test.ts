import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttError } from "../../js/src/errors.js";
import type { Message } from "../../js/src/message.js";
import { connectFake, turn } from "./support/fake.js";

test("subscribe: the handler is there before SUBACK, with params; granted comes with it", async () => {
  const { client, engine } = await connectFake();
  const seen: unknown[] = [];
  const subscribing = client.subscribe(["home/+/temperature", "log/#"], { qos: 1 }, (message) => {
    seen.push([message.topic, message.text(), ...message.params]);
  });
  assert.deepEqual(engine.called("subscribe"), [
    [
      ["home/+/temperature", "log/#"],
      { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
    ],
  ]);
  engine.message("home/kitchen/temperature", "21", [1]);
  engine.complete(engine.operation, { codes: [1, 0] });
  const subscription = await subscribing;
  engine.message("log/a/b", "x", [2]);
  await turn();
  assert.deepEqual(seen, [
    ["home/kitchen/temperature", "21", "kitchen"],
    ["log/a/b", "x", "a/b"],
  ]);
  assert.deepEqual([...subscription.filters], ["home/+/temperature", "log/#"]);
  assert.deepEqual([...subscription.granted], [1, 0]);
});

test("one refused filter refuses all of them, with every code", async () => {
  const { client, engine } = await connectFake();
  const seen: string[] = [];
  const subscribing = client.subscribe(["ok", "secret"], {}, ({ topic }) => seen.push(topic));
  engine.complete(engine.operation, { codes: [0, 0x87] });
  await assert.rejects(subscribing, {
    code: "rejected-by-server",
    reasonCode: 0x87,
    reasonCodes: [0, 0x87],
    offset: 1,
    reasonName: "Not authorized",
  });
  assert.deepEqual(engine.called("unsubscribe"), [[[1, 2], {}]]);
  engine.message("ok", "x", [1]);
  await turn();
  assert.deepEqual(seen, []);
});

test("the same filter twice is one subscription of the server's, until the last one goes", async () => {
  const { client, engine } = await connectFake();
  const seen: string[] = [];
  const subscribe = async (name: string) => {
    const subscribing = client.subscribe("t", {}, () => seen.push(name));
    engine.complete(engine.operation, { codes: [0] });
    return subscribing;
  };
  const [one, two] = [await subscribe("one"), await subscribe("two")];
  engine.message("t", "", [1]);
  await turn();
  assert.deepEqual(seen, ["one", "two"]);

  await one.unsubscribe();
  assert.deepEqual(engine.called("unsubscribe"), []);
  const last = two.unsubscribe();
  assert.equal(last instanceof Promise, true);
  await turn();
  assert.deepEqual(engine.called("unsubscribe"), [[[1], {}]]);
  engine.complete(engine.operation, { codes: [0] });
  await last;
  engine.message("t", "", [1]);
  await turn();
  assert.deepEqual(seen, ["one", "two"]);
});

test("user properties go with the unsubscribe, and a refusal of them is told", async () => {
  const { client, engine } = await connectFake();
  const subscribing = client.subscribe("t", {}, () => assert.fail("unsubscribed"));
  engine.complete(engine.operation, { codes: [0] });
  const subscription = await subscribing;
  await assert.rejects(subscription.unsubscribe({ userProperties: ["why"] } as never), {
    code: "invalid-option",
  });
  const leaving = subscription.unsubscribe({ userProperties: [["why", "done"]] });
  await turn();
  assert.deepEqual(engine.called("unsubscribe"), [[[1], { userProperties: ["why", "done"] }]]);
  engine.fail(engine.operation, new MqttError("unsupported-in-version"));
  await assert.rejects(leaving, { code: "unsupported-in-version" });
  engine.message("t", "", [1]);
  await turn();
});

test("an aborted subscribe leaves nothing behind", async () => {
  const { client, engine } = await connectFake();
  const controller = new AbortController();
  const subscribing = client.subscribe("t", { signal: controller.signal }, () => assert.fail("unsubscribed"));
  controller.abort();
  await assert.rejects(subscribing, { code: "aborted" });
  assert.equal(engine.called("cancel").length, 1);
  assert.deepEqual(engine.called("unsubscribe"), [[[1], {}]]);
  engine.message("t", "", [1]);
  await turn();
});

test("an aborted unsubscribe changes nothing before its call, and is asked of the server after it", async () => {
  const { client, engine } = await connectFake();
  const subscribing = client.subscribe("t", {}, () => {});
  await turn();
  engine.complete(engine.operation, { codes: [0] });
  const subscription = await subscribing;
  await assert.rejects(subscription.unsubscribe({ signal: AbortSignal.abort() }), { code: "aborted" });
  assert.deepEqual(engine.called("unsubscribe"), [], "still subscribed");
  const controller = new AbortController();
  client.publish("t", new Blob(["read in a while"])).catch(() => {});
  const waiting = subscription.unsubscribe({ signal: controller.signal });
  controller.abort();
  await assert.rejects(waiting, { code: "aborted" });
  await turn();
  assert.deepEqual(engine.called("unsubscribe"), [[[1], {}]]);
});

test("the message event sees everything, also what has no handler", async () => {
  const { client, engine } = await connectFake();
  const seen: string[] = [];
  const first: Message[] = [];
  client.on("message", (message) => {
    first.push(message);
    seen.push(message.topic);
  });
  engine.message("nobody", "", []);
  engine.message("gone", "", [77]);
  await turn();
  assert.deepEqual(seen, ["nobody", "gone"]);
  assert.deepEqual([...(first[0]?.params ?? ["?"])], []);
});

test("properties and acknowledgements go to the engine, and nowhere after the end", async () => {
  const { client, engine } = await connectFake({ manualAck: true });
  const messages: Message[] = [];
  client.on("message", (message) => messages.push(message));
  engine.message("t", "", [], { flags: 1, token: 5, properties: [1, 1] });
  engine.message("t", "", []);
  await turn();
  assert.equal(messages[0]?.properties.contentType, "block of 2");
  messages[0]?.ack();
  messages[0]?.reject(0x83);
  messages[1]?.ack();
  assert.deepEqual(engine.called("acknowledge"), [
    [5, 0],
    [5, 0x83],
  ]);
  await client.close();
  messages[0]?.ack();
  assert.equal(engine.called("acknowledge").length, 2);
});

test("a failing handler is an error event, and without a listener the host's", async (context) => {
  const { client, engine } = await connectFake();
  const cause = new Error("boom");
  const subscribing = client.subscribe("t", {}, () => {
    throw cause;
  });
  engine.complete(engine.operation, { codes: [0] });
  await subscribing;

  const logged = context.mock.method(console, "error", () => {});
  engine.message("t", "", [1]);
  await turn();
  assert.equal(logged.mock.calls[0]?.arguments[0]?.cause, cause);

  const errors: MqttError[] = [];
  client.on("error", (error) => errors.push(error));
  engine.message("t", "", [1]);
  engine.report({ kind: 9, detail: new MqttError("dropped-from-queue") });
  await turn();
  assert.deepEqual(
    errors.map(({ code }) => code),
    ["handler-failed", "dropped-from-queue"],
  );
  assert.equal(logged.mock.callCount(), 1);
});

test("a guess of the engine is an error event, and without a listener a warning instead of a failure", async (context) => {
  const { client, engine } = await connectFake();
  const [failed, warned] = (["error", "warn"] as const).map((level) =>
    context.mock.method(console, level, () => {}),
  );
  const errors: string[] = [];
  for (const code of ["poison-message", "session-taken-over"] as const) {
    engine.report({ kind: 9, detail: new MqttError(code) });
    await turn();
    assert.match(String(warned?.mock.calls.at(-1)?.arguments[0]), new RegExp(`^wasmqtt: ${code}`));
    const off = client.on("error", (error) => errors.push(error.code));
    engine.report({ kind: 9, detail: new MqttError(code) });
    await turn();
    off();
  }
  assert.deepEqual(errors, ["poison-message", "session-taken-over"]);
  assert.deepEqual([warned?.mock.callCount(), failed?.mock.callCount()], [2, 0]);
});

test("listeners that throw end up in the error event, its own ones at the host", async (context) => {
  const { client, engine } = await connectFake();
  const logged = context.mock.method(console, "error", () => {});
  const errors: string[] = [];
  client.on("error", (error) => errors.push(error.message));
  client.on("error", () => {
    throw new Error("twice");
  });
  client.on("message", () => {
    throw new Error("once");
  });
  engine.message("t", "", []);
  await turn();
  assert.match(errors[0] ?? "", /message listener/);
  assert.equal(errors.length, 1);
  assert.match(String(logged.mock.calls[0]?.arguments[0]), /error listener/);
});
