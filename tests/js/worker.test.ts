// A client whose engine answers through a channel, as from a worker. The engine is the fake one, in the same thread.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import type { Closable } from "../../js/src/boundary.js";
import { MqttClient } from "../../js/src/client.js";
import type { MqttError } from "../../js/src/errors.js";
import type { ClientOptions } from "../../js/src/options.js";
import { openWorker } from "../../js/src/worker/apart.js";
import type { Command } from "../../js/src/worker/messages.js";
import type { WorkerPort } from "../../js/src/worker/remote.js";
import { EngineServer } from "../../js/src/worker/server.js";
import { engineOf, fakeGlue } from "./support/fake.js";

const MODULE = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** Lets messages through the channel, both ways. */
async function settled() {
  for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** A `Worker` with the code of the real one and a fake engine. */
function fakeWorker(t: TestContext) {
  const glue = fakeGlue();
  const { port1, port2 } = new MessageChannel();
  const state = { terminated: 0, turns: [] as (readonly Command[])[], isDeaf: false };
  let server: EngineServer | undefined;
  port2.on("message", (data) => {
    if (!server) {
      server = new EngineServer(glue, port2 as unknown as MessagePort);
      port2.postMessage({ failure: undefined });
    } else if (!state.isDeaf) {
      state.turns.push(data);
      server.take(data);
    }
  });
  const worker = {
    onmessage: null,
    onerror: null,
    onmessageerror: null,
    postMessage: (message: unknown, transfer: Transferable[] = []) =>
      port1.postMessage(message, transfer as never),
    terminate() {
      state.terminated++;
      port1.close();
    },
  } as unknown as WorkerPort;
  port1.on("message", (data) => worker.onmessage?.call(worker as Worker, { data } as MessageEvent));
  t.after(() => port1.close());
  return { worker, glue, state };
}

async function connect(t: TestContext, options: ClientOptions = {}) {
  const { worker, glue, state } = fakeWorker(t);
  const load = ({ signal }: { signal: AbortSignal }) =>
    openWorker(() => worker as Worker, Promise.resolve(MODULE), signal);
  const client = new MqttClient(load, "wss://example.test/mqtt", options);
  const started = client.start();
  started.catch(() => {});
  const engine = await engineOf(glue, client);
  engine.accept();
  await started;
  return { client, engine, worker, state };
}

test("calls of a turn cross in one message, publishes with their bytes in one buffer", async (t) => {
  const { client, engine, state } = await connect(t);
  await settled();
  const before = state.turns.length;
  const payload = Uint8Array.of(1, 2, 3);
  const first = client.publish("a", payload, { qos: 1 });
  const second = client.publish("b", "text", { qos: 2, contentType: "x" });
  assert.equal(payload.buffer.byteLength, 3, "it is copied, not taken away");
  payload.fill(9);
  await settled();
  assert.equal(state.turns.length, before + 1);
  assert.equal(state.turns.at(-1)?.length, 1);
  const [one, two] = engine.called("publish");
  assert.deepEqual(one?.slice(0, 3), ["a", Uint8Array.of(1, 2, 3), 1]);
  assert.deepEqual(two, ["b", new TextEncoder().encode("text"), 2, { contentType: "x" }]);
  engine.complete(engine.operation - 1, { status: 1, packetId: 7 });
  engine.complete(engine.operation, { status: 2 });
  assert.deepEqual(await first, { qos: 1, status: "acknowledged", reasonCode: 0, packetId: 7 });
  assert.equal((await second).status, "completed");
});

test("a message reaches its handler, and its properties are decoded here", async (t) => {
  const { client, engine } = await connect(t);
  const seen: unknown[] = [];
  client.subscribe("room/+", {}, (message) => {
    seen.push([message.topic, message.text(), message.params, message.properties]);
  });
  await settled();
  const id = engine.called("subscribe").length; // the fake counts its filters
  engine.message("room/a", "hello", [id], { properties: [3, 0, 1, 120] });
  engine.message("room/a", "again", [id]);
  await settled();
  assert.deepEqual(seen, [
    ["room/a", "hello", ["a"], { contentType: "x" }],
    ["room/a", "again", ["a"], {}],
  ]);
});

test("what the engine refuses rejects its call, and nothing was delivered", async (t) => {
  const { client, engine } = await connect(t);
  engine.throws.publish = engine.host.makeError(5, -1, -1, 100, undefined, undefined, -1);
  const error: MqttError = await client.publish("a", "x", { qos: 1 }).then(
    () => assert.fail("it was taken"),
    (error) => error,
  );
  assert.deepEqual(
    [error.name, error.code, error.limit, error.delivery],
    ["MqttError", "queue-full", 100, "none"],
  );
  assert.equal(client.state, "connected");
});

test("an aborted call rejects when the worker has said what became of its message", async (t) => {
  const { client, engine } = await connect(t);
  for (const [isUnsent, delivery] of [
    [true, "none"],
    [false, "unknown"],
  ] as const) {
    engine.neverSent = isUnsent;
    const stop = new AbortController();
    const publishing = client.publish("a", "x", { qos: 1, signal: stop.signal });
    await settled();
    stop.abort();
    await assert.rejects(publishing, { code: "aborted", delivery });
  }
});

test("a subscription that is given up before its ids are known is ended in the engine", async (t) => {
  const { client, engine } = await connect(t);
  const stop = new AbortController();
  const subscribing = client.subscribe("a", { signal: stop.signal });
  stop.abort();
  await assert.rejects(subscribing, { code: "aborted" });
  await settled();
  assert.deepEqual(
    engine.called("unsubscribe").map(([ids]) => ids),
    [[1]],
  );
});

test("the errors of providers are the page's own objects", async (t) => {
  const cause = new Error("no token");
  const credentials = () => Promise.reject(cause);
  const { client, engine } = await connect(t, { credentials });
  const seen: unknown[] = [];
  client.on("disconnect", ({ error }) => seen.push(error));
  const refusal = await engine.host.resolve(1).then(
    () => assert.fail("it was answered"),
    (refusal) => refusal as { retryable: boolean },
  );
  assert.equal(refusal.retryable, true);
  engine.lose(refusal, 1000, 2);
  await settled();
  assert.equal((seen[0] as MqttError).code, "provider-failed");
  assert.equal((seen[0] as MqttError).cause, cause);
});

test("a page that does not look gets two reports; the rest is gathered, and comes in order", async (t) => {
  const { client, engine } = await connect(t);
  const seen: string[] = [];
  client.subscribe("a", {}, (message) => void seen.push(message.text()));
  await settled();
  for (let n = 0; n < 100; n++) {
    engine.message("a", `${n}`, [1]);
    await Promise.resolve();
    await Promise.resolve();
  }
  while (seen.length < 100) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, n) => `${n}`),
  );
});

test("messages are acknowledged by the worker; by the page with manualAck", async (t) => {
  for (const manualAck of [false, true]) {
    const { client, engine } = await connect(t, { manualAck });
    assert.equal(engine.options.manualAck, true);
    client.subscribe("a", { qos: 1 }, (message) => message.reject(0x87));
    await settled();
    engine.message("a", "x", [1], { flags: 1, token: 5 });
    await settled();
    assert.deepEqual(engine.called("acknowledge"), [[5, manualAck ? 0x87 : 0]]);
  }
});

test("a close ends the worker when it has told its last", async (t) => {
  const { client, engine, state } = await connect(t);
  const publishing = client.publish("a", "x", { qos: 1 });
  await settled();
  const operation = engine.operation;
  engine.terminate = () => {
    engine.fail(operation, engine.host.makeError(7, -1, -1, -1, undefined, undefined, -1));
    return undefined;
  };
  const closed = client.close({ force: true });
  await assert.rejects(publishing, { code: "client-closed", delivery: "none" });
  await closed;
  assert.equal(engine.called("free").length, 1);
  assert.equal(state.terminated, 1);
});

test("a worker outlives its client until its socket, which may still have much to send, has closed", async (t) => {
  const { client, engine, state } = await connect(t);
  const socket = { readyState: 2, close() {}, onclose: null as ((event: Event) => void) | null };
  engine.host.onSocket(socket as unknown as Closable);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await client.close({ force: true });
  await settled();
  assert.deepEqual([client.state, state.terminated], ["closed", 0]);
  socket.onclose?.(new Event("close"));
  await settled();
  assert.equal(state.terminated, 1);
});

test("a worker whose socket never tells of its end is ended all the same", async (t) => {
  const { client, engine, state } = await connect(t);
  engine.host.onSocket({ readyState: 2, close() {} } as unknown as Closable);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await client.close({ force: true });
  await settled();
  t.mock.timers.tick(60_000);
  await settled();
  assert.equal(state.terminated, 1);
});

test("what was acknowledged before a trap reaches its handler, also when it still waited for the page", async (t) => {
  const { client, engine } = await connect(t);
  const seen: string[] = [];
  const subscribing = client.subscribe("a", { qos: 1 }, (message) => void seen.push(message.text()));
  subscribing.catch(() => {}); // nobody answers it
  await settled();
  for (let n = 1; n <= 4; n++) {
    engine.message("a", `${n}`, [1], { flags: 1, token: n });
    await Promise.resolve();
    await Promise.resolve();
  }
  assert.equal(engine.called("acknowledge").length, 4);
  assert.deepEqual(seen, []);
  engine.host.onFault(undefined);
  assert.equal((await client.closed)?.code, "engine-crashed");
  assert.deepEqual(seen, ["1", "2", "3", "4"]);
});

test("a trap in the worker ends the client, and everybody is told", async (t) => {
  const { client, engine, state } = await connect(t);
  const publishing = client.publish("a", "x", { qos: 1 });
  await settled();
  engine.throws.ping = new WebAssembly.RuntimeError("unreachable");
  await assert.rejects(client.ping(), { code: "engine-crashed" });
  await assert.rejects(publishing, { code: "engine-crashed", delivery: "unknown" });
  assert.equal((await client.closed)?.code, "engine-crashed");
  assert.equal(state.terminated, 1);
});

for (const event of ["onerror", "onmessageerror"] as const) {
  test(`a worker that fails on its own (${event}) is a crash`, async (t) => {
    const { client, worker, state } = await connect(t);
    const publishing = client.publish("a", "x", { qos: 1 });
    worker[event]?.call(worker as Worker, { message: "out of memory" } as never);
    await assert.rejects(publishing, { code: "engine-crashed" });
    assert.equal((await client.closed)?.code, "engine-crashed");
    assert.equal(state.terminated, 1);
  });
}

test("a worker that answers nothing any more cannot hold up the end", async (t) => {
  const { client, state } = await connect(t);
  state.isDeaf = true;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const publishing = client.publish("a", "x", { qos: 1 });
  const closed = client.close({ force: true });
  t.mock.timers.tick(2000);
  await assert.rejects(publishing, { code: "client-closed", delivery: "unknown" });
  await closed;
  assert.equal(state.terminated, 1);
});

test("a page cannot post without end what the worker does not take in", async (t) => {
  const { client, state } = await connect(t, { offlineQueue: { maxBytes: 1000, maxMessages: 10 } });
  state.isDeaf = true;
  const refused: string[] = [];
  for (let n = 0; n < 3000; n++)
    client.publish("a", "x").catch(({ code, delivery }) => refused.push(`${code} ${delivery}`));
  await settled();
  assert.equal(refused.length, 3000 - 1010);
  assert.deepEqual([...new Set(refused)], ["queue-full none"]);
});

test("a worker that does not begin is given up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { worker, state } = fakeWorker(t);
  const never = new Promise<WebAssembly.Module>(() => {});
  const opening = openWorker(() => worker as Worker, never, new AbortController().signal);
  t.mock.timers.tick(5000);
  t.mock.timers.tick(5000);
  await assert.rejects(opening, /did not begin/);
  assert.equal(state.terminated, 1);
});

test("the end of a client ends a worker that is still beginning", async (t) => {
  const { worker, state } = fakeWorker(t);
  const end = new AbortController();
  const opening = openWorker(() => worker as Worker, new Promise(() => {}), end.signal);
  end.abort();
  await assert.rejects(opening, { name: "AbortError" });
  assert.ok(state.terminated > 0);
});
