import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MqttError } from "../../js/src/errors.js";
import { Keeper } from "../../js/src/store/keeper.js";
import type { Store, StoreOptions } from "../../js/src/store/types.js";
import { turn } from "./support/fake.js";
import { bytes, MemoryStore, quotaExceeded } from "./support/store.js";

function keep(store: MemoryStore | (() => Store | Promise<Store>), options: StoreOptions = {}) {
  const told: string[] = [];
  const errors: MqttError[] = [];
  const tell = (what: string) => (error: MqttError) => {
    errors.push(error);
    told.push(`${what} ${error.code}`);
  };
  const open = typeof store === "function" ? store : () => store;
  const keeper = new Keeper(open, options, {
    error: (code, init) => new MqttError(code, init),
    stored: (mark) => told.push(`stored ${mark}`),
    failed: () => told.push("failed"),
    again: () => told.push("again"),
    report: tell("report"),
    end: tell("end"),
  });
  return { keeper, told, errors };
}

function fakeTime(context: TestContext): (milliseconds: number) => Promise<void> {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  return async (milliseconds) => {
    await turn();
    context.mock.timers.tick(milliseconds);
    await turn();
  };
}

test("records come as the engine takes them, and changes are answered after they are written", async () => {
  const store = new MemoryStore();
  store.records.set(7, bytes("seven"));
  const { keeper, told } = keep(store);
  assert.deepEqual(await keeper.load(), [7, bytes("seven")]);

  store.isSlow = true;
  keeper.save([8, bytes("eight"), 7, undefined], false, 1);
  await turn();
  assert.deepEqual([told, store.records.size], [[], 1]);
  store.release();
  await turn();
  assert.deepEqual([told, [...store.records]], [["stored 1"], [[8, bytes("eight")]]]);
});

test("one write is under way at a time, and none runs within the call", async () => {
  const store = new MemoryStore();
  store.isSlow = true;
  const { keeper, told } = keep(store);
  await keeper.load();
  keeper.save([1, bytes("a")], false, 1);
  keeper.save([2, bytes("b")], false, 2);
  assert.deepEqual(store.calls, ["load"]);
  await turn();
  assert.deepEqual(store.calls, ["load", "write"]);
  store.release();
  await turn();
  assert.deepEqual([store.calls, told], [["load", "write", "write"], ["stored 1"]]);
  store.release();
  await turn();
  assert.deepEqual(told, ["stored 1", "stored 2"]);
});

test("a store that fails is told of once, and tried again at growing intervals", async (context) => {
  const pass = fakeTime(context);
  const store = new MemoryStore();
  store.faults.write = { throws: quotaExceeded() };
  const { keeper, told, errors } = keep(store);
  await keeper.load();
  keeper.save([1, bytes("a")], false, 1);
  await turn();
  assert.deepEqual(told, ["report store-full", "failed"]);
  assert.equal((errors[0]?.cause as Error | undefined)?.name, "QuotaExceededError");

  for (const delay of [1000, 2000, 4000]) {
    await pass(delay - 1);
    assert.deepEqual(told.splice(0).slice(-1), ["failed"], "too early");
    await pass(1);
    keeper.save([1, bytes("a")], true, 2);
    await turn();
    assert.deepEqual(told, ["again", "failed"]);
  }
  delete store.faults.write;
  told.length = 0;
  await pass(8000);
  store.records.set(99, bytes("stale"));
  keeper.save([1, bytes("a")], true, 3);
  await turn();
  assert.deepEqual([told, [...store.records.keys()]], [["again", "stored 3"], [1]]);

  store.faults.write = { throws: "no" };
  keeper.save([2, bytes("b")], false, 4);
  await pass(1000);
  assert.deepEqual(told.slice(2), ["report store-unavailable", "failed", "again"], "counts anew");
});

test("a store that never answers counts as unavailable", async (context) => {
  const pass = fakeTime(context);
  const store = new MemoryStore();
  store.faults.write = "silence";
  const { keeper, told, errors } = keep(store, { timeout: 70 });
  await keeper.load();
  keeper.save([1, bytes("a")], false, 1);
  await pass(69);
  assert.deepEqual(told, []);
  await pass(1);
  assert.deepEqual(told, ["report store-unavailable", "failed"]);
  assert.equal(errors[0]?.limit, 70);
});

test("a page that slept gives the store its time once more", async (context) => {
  const pass = fakeTime(context);
  const store = new MemoryStore();
  store.faults.write = "silence";
  const { keeper, told } = keep(store, { timeout: 1000 });
  await keeper.load();
  keeper.save([1, bytes("a")], false, 1);
  await turn();
  const awake = performance.now.bind(performance);
  context.mock.method(performance, "now", () => awake() + 3_600_000);
  await pass(1000);
  assert.deepEqual(told, [], "the answer may be on its way");
  await pass(1000);
  assert.deepEqual(told, ["report store-unavailable", "failed"]);
});

test("a write that was answered too late is not answered twice, and comes before the next one", async (context) => {
  const pass = fakeTime(context);
  const store = new MemoryStore();
  store.isSlow = true;
  const { keeper, told } = keep(store, { timeout: 500 });
  await keeper.load();
  keeper.save([1, bytes("late")], false, 1);
  await pass(500);
  store.release();
  await pass(1000);
  store.isSlow = false;
  keeper.save([2, bytes("all")], true, 2);
  await turn();
  assert.deepEqual(told, ["report store-unavailable", "failed", "again", "stored 2"]);
  assert.deepEqual([...store.records.keys()], [2]);
});

test("with `fallback: fail` the first failure ends the client, and nothing is written afterwards", async () => {
  const store = new MemoryStore();
  const { keeper, told } = keep(store, { fallback: "fail" });
  await keeper.load();
  store.faults.write = { throws: quotaExceeded() };
  keeper.save([1, bytes("a")], false, 1);
  await turn();
  assert.deepEqual(told, ["end store-full"]);
  delete store.faults.write;
  keeper.save([2, bytes("b")], false, 2);
  await keeper.close();
  assert.equal(store.records.size, 0);
  assert.deepEqual(store.calls, ["load", "write", "close"]);

  store.faults.load = { throws: new DOMException("denied", "SecurityError") };
  await assert.rejects(keep(store, { fallback: "fail" }).keeper.load(), { code: "store-unavailable" });
});

test("what could not be read is never written over", async (context) => {
  const pass = fakeTime(context);
  const store = new MemoryStore();
  store.records.set(1, bytes("of an earlier visit"));
  store.faults.load = { throws: new Error("busy") };
  const { keeper, told } = keep(store);
  assert.deepEqual(await keeper.load(), []);
  keeper.save([2, bytes("new")], false, 1);
  await turn();
  assert.deepEqual(told, ["report store-unavailable", "failed"]);

  await pass(1000);
  delete store.faults.load;
  await pass(2000);
  await pass(60_000);
  assert.deepEqual(
    told,
    ["report store-unavailable", "failed"],
    "there is something: it waits for the next visit",
  );
  assert.deepEqual([...store.records.keys()], [1]);
  assert.deepEqual(store.calls, ["load", "load", "load"]);
});

test("a store that could not be opened is opened again, and used when it is empty", async (context) => {
  const pass = fakeTime(context);
  const store = new MemoryStore();
  let refusals = 2;
  const { keeper, told } = keep(async () => {
    if (refusals-- > 0) throw new Error("denied");
    return store;
  });
  assert.deepEqual(await keeper.load(), []);
  keeper.save([1, bytes("a")], false, 1);
  await pass(1000);
  await pass(2000);
  keeper.save([1, bytes("a")], true, 2);
  await turn();
  assert.deepEqual(told, ["report store-unavailable", "failed", "again", "stored 2"]);
  assert.deepEqual([...store.records.keys()], [1]);
});

test("damaged values come as empty records, and foreign keys are told and left alone", async () => {
  const store = new MemoryStore();
  store.records
    .set(1, "text")
    .set("settings", bytes("?"))
    .set(-1, bytes("?"))
    .set(2, bytes("two"))
    .set(0.5, bytes("?"));
  const { keeper, told, errors } = keep(store);
  assert.deepEqual(await keeper.load(), [1, new Uint8Array(0), 2, bytes("two")]);
  assert.deepEqual(told, ["report store-damaged"]);
  assert.match(errors[0]?.message ?? "", /3 foreign keys/);
});

test("what a store answers instead of records is a failure of the store", async () => {
  for (const answer of [undefined, 7, [3], [undefined]]) {
    const { keeper, told } = keep(() => ({ load: () => answer as never, write() {}, close() {} }));
    assert.deepEqual(await keeper.load(), []);
    assert.deepEqual(told, ["report store-unavailable"]);
  }
});

test("closing waits for the last write, and no longer than a store may take", async (context) => {
  const pass = fakeTime(context);
  const store = new MemoryStore();
  store.isSlow = true;
  const { keeper, told } = keep(store);
  await keeper.load();
  keeper.save([1, bytes("a")], false, 1);
  let isClosed = false;
  keeper.close().then(() => {
    isClosed = true;
  });
  await turn();
  assert.equal(isClosed, false);
  store.release();
  await turn();
  assert.deepEqual([isClosed, told, store.calls], [true, ["stored 1"], ["load", "write", "close"]]);

  const silent = new MemoryStore();
  silent.faults.close = "silence";
  const second = keep(silent);
  await second.keeper.load();
  const closed = second.keeper.close();
  await pass(5000);
  await closed;
});

test("nothing is tried again after closing", async (context) => {
  const pass = fakeTime(context);
  const store = new MemoryStore();
  store.faults.write = { throws: new Error("gone") };
  const { keeper, told } = keep(store);
  await keeper.load();
  keeper.save([1, bytes("a")], false, 1);
  await keeper.close();
  told.length = 0;
  await pass(60_000);
  assert.deepEqual(told, []);
});
