import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import { MqttError } from "../../js/src/errors.js";
import type { Message } from "../../js/src/message.js";
import { connectFake, createFake, fakeGlue, turn } from "./support/fake.js";

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

test("on answers with off, and ends with a signal", async () => {
  const { client, engine } = await connectFake();
  const controller = new AbortController();
  let count = 0;
  const off = client.on("message", () => void count++);
  client.on("message", () => void count++, { signal: controller.signal });
  engine.message("t", "", []);
  await turn();
  off();
  controller.abort();
  engine.message("t", "", []);
  await turn();
  assert.equal(count, 2);
  assert.throws(() => client.on("data" as never, () => {}), { code: "invalid-argument" });
});

/** Stands in for the page's window, until the test is over. */
function fakePage(context: TestContext): EventTarget {
  const page = new EventTarget();
  const names = ["addEventListener", "removeEventListener"] as const;
  const before = names.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  for (const name of names)
    Object.defineProperty(globalThis, name, { value: page[name].bind(page), configurable: true });
  context.after(() => {
    names.forEach((name, index) => {
      const old = before[index];
      if (old) Object.defineProperty(globalThis, name, old);
      else Reflect.deleteProperty(globalThis, name);
    });
  });
  return page;
}

test("the packet tap is on while somebody listens, and only then", async () => {
  const { client, engine } = await connectFake();
  const controller = new AbortController();
  client.on("message", () => {});
  assert.deepEqual(engine.called("tap"), []);
  const off = client.on("packet", () => {});
  client.on("packet", () => {}, { signal: controller.signal });
  off();
  assert.deepEqual(engine.called("tap").at(-1), [true]);
  controller.abort();
  assert.deepEqual(engine.called("tap").at(-1), [false]);
});

test("a listener from before the engine was loaded sees every packet", async () => {
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, "wss://example.test/mqtt");
  const seen: number[] = [];
  client.on("packet", ({ size }) => seen.push(size));
  const started = client.start();
  await turn();
  const engine = glue.engines[0] ?? assert.fail("no engine");
  assert.deepEqual(engine.calls.slice(0, 2), [["tap", true], ["start"]]);
  engine.report({ kind: 11, words: { 4: 5, 5: 17 }, bytes: { 2: [0x10] } });
  engine.accept();
  await started;
  assert.deepEqual(seen, [17]);
});

test("the packet that says goodbye is shown although the client is closed by then", async () => {
  const { client, engine } = await connectFake({ reconnect: false });
  const seen: string[] = [];
  client.on("packet", ({ direction }) => {
    seen.push(`${direction} in state ${client.state}`);
  });
  engine.report(
    { kind: 8 },
    { kind: 11, words: { 4: 5, 5: 3 }, bytes: { 2: [0xe0] } },
    { kind: 5, words: { 1: 2 } },
  );
  await client.closed;
  await turn();
  assert.deepEqual(seen, ["sent in state closed"]);
  assert.equal(client.state, "closed", "nothing else that follows counts");
});

test("what a packet listener throws is reported and disturbs nobody", async () => {
  const { client, engine } = await connectFake();
  const errors: string[] = [];
  let messages = 0;
  client.on("error", ({ code }) => errors.push(code));
  client.on("packet", () => assert.fail("mine"));
  client.on("message", () => void messages++);
  const packet = { kind: 11, words: { 4: 5, 5: 3 }, bytes: { 2: [0x30] } };
  engine.report(packet, { kind: 5, words: { 1: 3 } });
  await turn();
  assert.deepEqual([errors, client.state], [["handler-failed"], "reconnecting"]);
});

test("the page's waking wakes the engine, until the client is closed", async (context) => {
  const page = fakePage(context);
  const { client, engine } = await connectFake();
  for (const type of ["online", "pageshow", "beforeunload", "unload"]) page.dispatchEvent(new Event(type));
  assert.equal(engine.called("wake").length, 2);
  await client.close();
  page.dispatchEvent(new Event("online"));
  assert.equal(engine.called("wake").length, 2);
});

test("a page that is left takes its connection with it", async (context) => {
  const page = fakePage(context);
  const { engine } = await connectFake();
  page.dispatchEvent(new Event("pagehide"));
  assert.deepEqual(engine.called("interrupt"), [[false]]);
});

test("a policy that blocks the address ends the attempt, and nothing else does", async (context) => {
  const page = fakePage(context);
  const violate = (blockedURI: string) =>
    page.dispatchEvent(Object.assign(new Event("securitypolicyviolation"), { blockedURI }));
  const { client, engine } = await createFake({}, "wss://broker.test/mqtt");
  client.start().catch(() => {});
  engine.state("connecting");
  await engine.host.resolve(1);
  await turn();
  for (const other of ["https://broker.test/", "wss://other.test/", "inline", ""]) violate(other);
  assert.deepEqual(engine.called("interrupt"), []);
  violate("wss://broker.test");
  assert.deepEqual(engine.called("interrupt"), [[true]]);
  engine.state("connected");
  await turn();
  violate("wss://broker.test/mqtt");
  assert.equal(engine.called("interrupt").length, 1);
});

test("await using closes where the host has it", async () => {
  const { client } = await connectFake();
  if (Symbol.asyncDispose) await client[Symbol.asyncDispose]();
  else await client.close();
  assert.equal(client.state, "closed");
});
