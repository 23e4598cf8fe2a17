import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchRecord } from "../../js/src/batch.js";
import type { Closable, EngineOptions } from "../../js/src/boundary.js";
import { Engine } from "../../js/src/engine.js";
import { MqttError } from "../../js/src/errors.js";
import { fakeGlue, turn } from "./support/fake.js";

function create({ resolve = async () => ({ url: "", protocols: [] }) } = {}) {
  const glue = fakeGlue();
  const records: (BatchRecord | { readonly kind: "message" })[] = [];
  const crashes: MqttError[] = [];
  const engine = new Engine(glue, {} as EngineOptions, {
    resolve,
    message: () => void records.push({ kind: "message" }),
    record: (record) => void records.push(record),
    crashed: (error) => void crashes.push(error),
  });
  const fake = glue.engines[0];
  assert.ok(fake);
  return { engine, fake, records, crashes };
}

function socket() {
  const fake = { onopen: () => {}, onmessage: () => {}, onerror: () => {}, onclose: () => {}, closed: 0 };
  return Object.assign(fake, { close: () => void fake.closed++ }) satisfies Closable;
}

const trap = () => new WebAssembly.RuntimeError("unreachable");

test("reports arrive in a microtask, all batches of a turn in one, in order", async () => {
  const { fake, records } = create();
  fake.state("connecting");
  fake.state("connected");
  assert.deepEqual(records, [], "not while WebAssembly may be on the stack");
  await Promise.resolve();
  assert.deepEqual(records, [
    { kind: "state", state: "connecting" },
    { kind: "state", state: "connected" },
  ]);
});

test("a batch that comes during dispatch follows it", async () => {
  const { engine, fake, records } = create();
  fake.message("t", "1", []);
  fake.message("t", "2", []);
  queueMicrotask(() => fake.state("closing"));
  await turn();
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ["message", "message", "state"],
  );
  engine.free();
});

test("flush runs in a microtask of its own", async () => {
  const { fake } = create();
  fake.host.schedule(false);
  assert.deepEqual(fake.called("flush"), []);
  await Promise.resolve();
  assert.equal(fake.called("flush").length, 1);
});

test("providers start with no WebAssembly on the stack", async () => {
  const order: string[] = [];
  const { fake } = create({
    resolve: async () => {
      order.push("provider");
      return { url: "", protocols: [] };
    },
  });
  const target = fake.host.resolve(1);
  order.push("back in the engine");
  await target;
  assert.deepEqual(order, ["back in the engine", "provider"]);
});

/** An engine that listens to a socket. */
function listening() {
  const made = create();
  const used = socket();
  made.fake.host.onSocket(used);
  const receive = (data: unknown) => (used.onmessage as (event: unknown) => void)({ data });
  return { ...made, used, receive };
}

const chunk = (...bytes: number[]) => Uint8Array.from(bytes).buffer;

test("a message of the socket is read, handed out and answered in its own task", () => {
  const { fake, records, receive } = listening();
  fake.onReceived = (bytes) => {
    fake.message("t", [...bytes].join(), []);
    fake.host.schedule(false);
    assert.deepEqual(records, [], "not while WebAssembly is on the stack");
  };
  receive(chunk(1, 2));
  assert.deepEqual(fake.called("received"), [[1, 2]]);
  assert.deepEqual(records, [{ kind: "message" }]);
  assert.equal(fake.called("flush").length, 1, "after the handlers");
  receive(chunk());
  assert.deepEqual(fake.called("received"), [[1, 2], []]);
});

test("nothing is flushed where there is nothing to answer", async () => {
  const { fake, records, receive } = listening();
  fake.onReceived = () => fake.message("t", "", []);
  receive(chunk(1));
  await turn();
  assert.deepEqual([records.length, fake.called("flush").length], [1, 0]);
});

test("what is no binary message is refused", () => {
  const { fake, receive } = listening();
  for (const data of ["text", new Blob([]), Uint8Array.of(1), undefined]) receive(data);
  assert.deepEqual([fake.called("refuseFrame").length, fake.called("received").length], [4, 0]);
});

test("a socket that answers from within is read when the engine has come back", async () => {
  const { fake, records, receive } = listening();
  fake.onReceived = ([byte]) => fake.message("t", String(byte), []);
  fake.isOnStack = true;
  receive(chunk(1));
  receive(chunk(2));
  assert.deepEqual(fake.called("received"), []);
  fake.isOnStack = false;
  await turn();
  assert.deepEqual([fake.called("received"), records.length], [[[1], [2]], 2]);
});

test("an engine that takes nothing any more is a crash", async () => {
  const { fake, crashes, receive } = listening();
  fake.isOnStack = true;
  receive(chunk(1));
  await turn();
  assert.equal(crashes.length, 1);
});

test("messages of an earlier socket, and those after the end, mean nothing", () => {
  const { engine, fake, used, receive } = listening();
  const next = socket();
  fake.host.onSocket(next);
  receive(chunk(1));
  (used.onmessage as (event: unknown) => void)({ data: chunk(1) });
  engine.free();
  (next.onmessage as unknown as (event: unknown) => void)({ data: chunk(2) });
  assert.deepEqual(fake.called("received"), []);
});

test("a trap while a message is read shuts the gate", async () => {
  const { fake, crashes, used, receive } = listening();
  fake.throws.received = trap();
  receive(chunk(1));
  await turn();
  assert.deepEqual([crashes.length, used.closed, used.onmessage], [1, 1, null]);
});

test("what the engine refuses is thrown as it is and harms nothing", () => {
  const { engine, fake, crashes } = create();
  const error = new MqttError("queue-full");
  fake.throws.ping = error;
  assert.throws(() => engine.call((raw) => raw.ping(1)), error);
  delete fake.throws.ping;
  engine.call((raw) => raw.ping(2));
  assert.equal(fake.operation, 2);
  assert.deepEqual(crashes, []);
});

for (const [name, error] of [
  ["a trap", trap()],
  ["a stack overflow", new RangeError("Maximum call stack size exceeded")],
  ["the engine's own finding", new MqttError("engine-crashed")],
] as const) {
  test(`${name} shuts the gate`, async () => {
    const { engine, fake, records, crashes } = create();
    const used = socket();
    fake.host.onSocket(used);
    fake.state("connected");
    fake.throws.ping = error;
    assert.throws(() => engine.call((raw) => raw.ping(1)), { code: "engine-crashed", cause: error });
    delete fake.throws.ping;

    assert.throws(() => engine.call((raw) => raw.ping(1)), { code: "engine-crashed" });
    assert.equal(fake.called("ping").length, 1, "not called again");
    assert.deepEqual(
      [used.closed, used.onopen, used.onmessage, used.onerror, used.onclose],
      [1, null, null, null, null],
    );
    assert.deepEqual(crashes, [], "not told before the stack is empty");
    fake.host.schedule(false);
    fake.state("closed");
    await turn();
    assert.equal(crashes.length, 1);
    assert.deepEqual(records, []);
    assert.deepEqual(fake.called("flush"), []);
    engine.free();
    assert.deepEqual(fake.called("free"), [], "the wreck is left alone");
  });
}

test("a panic is reported from within", async () => {
  const { engine, fake, crashes } = create();
  fake.host.onFault();
  await turn();
  assert.deepEqual(
    crashes.map(({ code }) => code),
    ["engine-crashed"],
  );
  assert.throws(() => engine.call((raw) => raw.ping(1)), { code: "engine-crashed" });
});

test("the glue's finaliser is taken off the wreck", () => {
  const { engine, fake } = create();
  let released = 0;
  Object.assign(fake, { __destroy_into_raw: () => released++ });
  fake.host.onFault();
  fake.host.onFault();
  assert.equal(released, 1);
  engine.free();
});

test("a trap in flush and a table nobody knows shut the gate without throwing into the engine", async () => {
  const { fake, crashes } = create();
  fake.throws.flush = trap();
  fake.host.schedule(false);
  await turn();
  assert.deepEqual(
    crashes.map(({ code }) => code),
    ["engine-crashed"],
  );

  const other = create();
  other.fake.report({ kind: 200 });
  await turn();
  assert.equal(other.crashes.length, 1);
});

test("after free nothing is reported and nothing can be called", async () => {
  const { engine, fake, records } = create();
  fake.state("connected");
  fake.host.schedule(false);
  engine.free();
  engine.free();
  await turn();
  assert.deepEqual(records, []);
  assert.deepEqual(fake.called("flush"), []);
  assert.equal(fake.called("free").length, 1);
  assert.throws(() => engine.call((raw) => raw.ping(1)), { code: "client-closed" });
});
