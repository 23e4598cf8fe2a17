import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import { MqttError } from "../../js/src/errors.js";
import type { ClientOptions, PublishOptions } from "../../js/src/options.js";
import type { StoreOptions } from "../../js/src/store/types.js";
import { type FakeEngine, fakeGlue, turn } from "./support/fake.js";
import { fakeLocks } from "./support/locks.js";
import { bytes, MemoryStore, quotaExceeded } from "./support/store.js";

const URL = "wss://example.test/mqtt?token=1";
const code = (name: string) => ({ code: name });

/** A client with this store, whose fake engine is loaded. */
async function create(store: MemoryStore, storeOptions: StoreOptions = {}, options: ClientOptions = {}) {
  const glue = fakeGlue();
  const names: string[] = [];
  const open = (name: string) => {
    names.push(name);
    return store;
  };
  const client = new MqttClient(async () => glue, URL, {
    clientId: "ada",
    store: { open, ...storeOptions },
    ...options,
  });
  const errors: MqttError[] = [];
  client.on("error", (error) => errors.push(error));
  const started = client.start();
  started.catch(() => {});
  let closed: MqttError | undefined | false = false;
  client.closed.then((error) => {
    closed = error;
  });
  while (!glue.engines[0] && closed === false) await turn();
  const [engine] = glue.engines;
  return { client, engine: engine as FakeEngine, started, errors, names };
}

/** Calls of the engine, without those that tell it of the page. */
function called(engine: FakeEngine): string[] {
  return engine.calls.map(([name]) => name).filter((name) => name !== "wake");
}

async function publish(client: MqttClient, options: PublishOptions = {}) {
  const told: unknown[] = [];
  client.publish("t", "x", { qos: 1, ...options }).then(
    ({ status }) => told.push(status),
    ({ code, delivery }) => told.push(code, delivery),
  );
  await turn();
  return told;
}

test("what is stored is restored before anything else, and changes are stored", async () => {
  const store = new MemoryStore();
  store.records.set(3, bytes("three"));
  const { engine, errors, names } = await create(store);
  assert.equal(engine.options.durable, true);
  assert.deepEqual(called(engine), ["restore", "start"]);
  const [[records, time] = []] = engine.called("restore");
  assert.deepEqual(records, [3, bytes("three")]);
  assert.ok(Math.abs((time as number) - Date.now()) < 60_000);
  assert.deepEqual(names, ["wasmqtt example.test/mqtt ada"]);

  engine.host.onStore([4, bytes("four"), 3, undefined], false);
  assert.deepEqual(store.calls, ["load"], "not from within");
  await turn();
  assert.deepEqual([...store.records], [[4, bytes("four")]]);
  assert.deepEqual(called(engine), ["restore", "start", "stored"]);
  assert.deepEqual(errors, []);
});

test("without a store nothing of it is loaded, and everything is as it was", async () => {
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, URL, { store: "memory" });
  client.start().catch(() => {});
  await turn();
  assert.deepEqual(glue.engines[0]?.called("restore"), []);
  assert.equal(glue.engines[0]?.options.durable, false);
  await client.close({ force: true });
});

test("`until` says how far a message has to get", async () => {
  const store = new MemoryStore();
  const { client, engine, errors } = await create(store);
  const [queued, stored, sent, done] = await Promise.all(
    (["queued", "stored", "sent", "acknowledged"] as const).map((until) => publish(client, { until })),
  );
  assert.deepEqual([queued, stored, sent, done], [["queued"], [], [], []]);
  const flags = engine.called("publish").map((call) => call[2]);
  assert.deepEqual(flags, [9, 9, 9, 1]);

  store.isSlow = true;
  engine.host.onStore([1, bytes("a")], false);
  const late = await publish(client, { until: "stored" }); // comes with the next batch
  store.release();
  await turn();
  assert.deepEqual([stored, late], [["stored"], []]);
  for (let operation = 0; operation <= engine.operation; operation++) engine.complete(operation);
  await turn();
  assert.deepEqual(
    [queued, stored, sent, done, late],
    [["queued"], ["stored"], ["sent"], ["sent"], ["sent"]],
  );
  assert.deepEqual(errors, []);
});

test("what fails after an early answer is told, once", async () => {
  const { client, engine, errors } = await create(new MemoryStore());
  const queued = await publish(client, { until: "queued" });
  const operation = engine.operation;
  const stored = await publish(client, { until: "stored", timeout: 1_000_000 });
  engine.host.onStore([1, bytes("a")], false);
  await turn();
  engine.fail(operation, new MqttError("message-expired"));
  engine.fail(operation + 1, new MqttError("dropped-from-queue"));
  await turn();
  assert.deepEqual([queued, stored], [["queued"], ["stored"]]);
  assert.deepEqual(
    errors.map((error) => error.code),
    ["message-expired", "dropped-from-queue"],
  );
});

test("what fails of a restored message is told with its topic", async () => {
  const { client, engine, errors } = await create(new MemoryStore());
  engine.report({
    kind: 9,
    detail: new MqttError("rejected-by-server", { reasonCode: 0x87, reasonString: "a/b" }),
  });
  await turn();
  const [error] = errors;
  assert.match(error?.message ?? "", /^rejected-by-server \(0x87 Not authorized, a\/b\): /);
  assert.deepEqual([error?.reasonCode, error?.reasonString, error?.layer], [0x87, undefined, "mqtt"]);
  await client.close({ force: true });
});

test("`signal` and `timeout` do not reach beyond an early answer", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, engine } = await create(new MemoryStore());
  const abort = new AbortController();
  const queued = await publish(client, { until: "queued", signal: abort.signal, timeout: 50 });
  abort.abort();
  context.mock.timers.tick(50);
  assert.deepEqual([queued, engine.called("cancel")], [["queued"], []]);
});

test("the end of the client says of each message whether it is stored, after the last write", async () => {
  const store = new MemoryStore();
  const { client, engine, errors } = await create(store);
  const stored = await publish(client);
  engine.host.onStore([1, bytes("a")], false);
  await turn();
  const last = await publish(client, { qos: 2 });
  const early = await publish(client, { until: "queued" });
  const never = await publish(client, { qos: 0 });
  engine.free = () => {
    engine.host.onStore([2, bytes("b"), 3, bytes("c")], false);
    return undefined;
  };
  store.isSlow = true;
  let isClosed = false;
  client.close({ force: true });
  client.closed.then(() => {
    isClosed = true;
  });
  await turn();
  assert.deepEqual([client.state, isClosed, stored, last], ["closed", false, [], []]);
  store.release();
  await turn();
  assert.deepEqual(
    [isClosed, stored, last],
    [true, ["client-closed", "stored"], ["client-closed", "stored"]],
  );
  assert.deepEqual([never[0], never[1] === "stored"], ["client-closed", false]);
  assert.deepEqual([early, errors], [["queued"], []], "what is stored has not failed");
  assert.deepEqual(store.calls, ["load", "write", "write", "close"]);
});

test("an orderly end fails messages in the engine, which are stored all the same", async () => {
  const store = new MemoryStore();
  const { client, engine } = await create(store);
  const message = await publish(client);
  engine.host.onStore([1, bytes("a")], false);
  const { operation } = engine;
  const expired = await publish(client);
  engine.disconnect = () => {
    engine.fail(operation, new MqttError("client-closed", { delivery: "unknown" }));
    engine.fail(operation + 1, new MqttError("message-expired", { delivery: "none" }));
    engine.report({ kind: 8 });
  };
  await client.close();
  assert.deepEqual(message, ["client-closed", "stored"]);
  assert.deepEqual(expired, ["message-expired", "none"]);
});

test("a trap leaves what was stored before it", async () => {
  const store = new MemoryStore();
  const { client, engine } = await create(store);
  const stored = await publish(client);
  store.isSlow = true;
  engine.host.onStore([1, bytes("a")], false);
  const lost = await publish(client);
  engine.host.onFault();
  await turn();
  assert.deepEqual([stored, lost], [[], []]);
  store.release();
  assert.equal((await client.closed)?.code, "engine-crashed");
  assert.deepEqual(stored, ["engine-crashed", "stored"]);
  assert.deepEqual([lost[0], lost[1] === "stored"], ["engine-crashed", false]);
  assert.deepEqual([...store.records.keys()], [1]);
});

test("a full store is told, and the client goes on until there is room", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const store = new MemoryStore();
  const { client, engine, errors } = await create(store);
  store.faults.write = { throws: quotaExceeded() };
  const stored = await publish(client, { until: "stored" });
  engine.host.onStore([1, bytes("a")], false);
  await turn();
  assert.deepEqual(
    errors.map((error) => error.code),
    ["store-full"],
  );
  assert.deepEqual(called(engine).slice(-2), ["publish", "storeFailed"]);
  assert.deepEqual(stored, []);

  delete store.faults.write;
  context.mock.timers.tick(1000);
  await turn();
  assert.equal(called(engine).at(-1), "storeAgain");
  engine.host.onStore([1, bytes("a")], true);
  await turn();
  assert.deepEqual([called(engine).at(-1), stored, store.records.size], ["stored", ["stored"], 1]);
});

test("with `fallback: fail` the client ends with the error of the store", async () => {
  const store = new MemoryStore();
  const { client, engine, errors } = await create(store, { fallback: "fail" });
  const message = await publish(client);
  store.faults.write = { throws: quotaExceeded() };
  engine.host.onStore([1, bytes("a")], false);
  assert.equal((await client.closed)?.code, "store-full");
  assert.deepEqual([message[0], message[1] === "stored", errors], ["client-closed", false, []]);

  store.faults.load = { throws: new DOMException("denied", "SecurityError") };
  const denied = await create(store, { fallback: "fail" });
  await assert.rejects(denied.started, code("store-unavailable"));
});

test("a store that is denied or silent leaves a client in memory", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  for (const fault of ["silence", { throws: new DOMException("denied", "SecurityError") }] as const) {
    const store = new MemoryStore();
    store.faults.load = fault;
    const creating = create(store, { timeout: 3000 });
    while (store.calls.length === 0) await turn();
    context.mock.timers.tick(3000);
    const { engine, errors, client } = await creating;
    assert.deepEqual(
      errors.map((error) => error.code),
      ["store-unavailable"],
    );
    assert.deepEqual(called(engine), ["restore", "start"]);
    engine.host.onStore([1, bytes("a")], false);
    await turn();
    assert.equal(called(engine).at(-1), "storeFailed");
    await client.close({ force: true });
  }
});

/** The fake locks are asked for by two clients, whose clocks the test moves. */
async function second(context: TestContext, options: ClientOptions = {}) {
  const locks = fakeLocks(context);
  const store = new MemoryStore();
  const first = await create(store, {}, { whenClientIdInUse: "ignore" });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const creating = create(new MemoryStore(), {}, { whenClientIdInUse: "ignore", ...options });
  while ([...locks.queues.values()].every((queue) => queue.length < 2)) await turn();
  return { first, creating };
}

test("one client at a time has an outbox", async (context) => {
  const { first, creating } = await second(context);
  context.mock.timers.tick(3000);
  const { client, started, engine } = await creating;
  await assert.rejects(started, code("client-id-in-use"));
  assert.deepEqual([client.state, engine], ["closed", undefined]);

  await first.client.close({ force: true });
  const next = await create(new MemoryStore(), {}, { whenClientIdInUse: "ignore" });
  await next.client.close({ force: true });
});

test("a client that waits for the outbox can be closed", async (context) => {
  const locks = fakeLocks(context);
  const first = await create(new MemoryStore(), {}, { whenClientIdInUse: "ignore" });
  const glue = fakeGlue();
  const store = { open: () => new MemoryStore() };
  const options = { clientId: "ada", store, whenClientIdInUse: "wait" } as const;
  const client = new MqttClient(async () => glue, URL, options);
  const started = client.start();
  started.catch(() => {});
  while ([...locks.queues.values()].every((queue) => queue.length < 2)) await turn();
  await client.close();
  await assert.rejects(started, code("client-closed"));
  assert.equal(await client.closed, undefined);
  assert.deepEqual(glue.engines, []);
  await first.client.close({ force: true });
  await turn();
  assert.equal(locks.queues.size, 0);
});

test("a second client may wait for the outbox, until it is closed", async (context) => {
  const { first, creating } = await second(context, { whenClientIdInUse: "wait" });
  context.mock.timers.tick(60_000);
  await first.client.close({ force: true });
  const { client, engine } = await creating;
  assert.deepEqual(called(engine).slice(0, 1), ["restore"]);
  await client.close({ force: true });
});
