import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { acquire, sessionName } from "../../js/src/lock.js";
import { turn } from "./support/fake.js";
import { FakeLocks, fakeLocks } from "./support/locks.js";

const code = (name: string) => ({ code: name });

test("a lock has one holder at a time, and the next one gets it when it is given back", async (context) => {
  const locks = fakeLocks(context);
  const release = await acquire("a");
  const order: string[] = [];
  const second = acquire("a", { wait: true }).then((give) => {
    order.push("second");
    return give;
  });
  const other = await acquire("b");
  await turn();
  order.push("first ends");
  release();
  (await second)();
  other();
  await turn();
  assert.deepEqual(order, ["first ends", "second"]);
  assert.equal(locks.queues.size, 0);
});

test("who does not wait is told after a grace that is long enough for a reload", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const locks = fakeLocks(context);
  const release = await acquire("a");
  const refused = assert.rejects(acquire("a"), code("client-id-in-use"));
  context.mock.timers.tick(2999);
  await Promise.resolve();
  assert.equal(locks.queues.get("a")?.length, 2);
  context.mock.timers.tick(1);
  await refused;
  assert.equal(locks.queues.get("a")?.length, 1, "it waits no longer");

  const inTime = acquire("a");
  context.mock.timers.tick(2999);
  release();
  (await inTime)();
});

test("the grace does not end a lock that is held", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const locks = fakeLocks(context);
  const release = await acquire("a");
  context.mock.timers.tick(10_000);
  assert.equal(locks.queues.get("a")?.length, 1);
  release();
});

test("a signal ends the wait, before it or in it, and never a lock that is held", async (context) => {
  const locks = fakeLocks(context);
  const held = new AbortController();
  const release = await acquire("a", { signal: held.signal });
  held.abort();
  assert.equal(locks.queues.get("a")?.length, 1);
  for (const wait of [true, false]) {
    const controller = new AbortController();
    const waiting = assert.rejects(acquire("a", { wait, signal: controller.signal }), code("aborted"));
    await turn();
    controller.abort();
    await waiting;
    await assert.rejects(acquire("a", { wait, signal: controller.signal }), code("aborted"));
  }
  assert.equal(locks.queues.get("a")?.length, 1);
  release();
});

test("nothing is left behind at a signal that lives longer", async (context) => {
  fakeLocks(context);
  const { signal } = new AbortController();
  const [add, remove] = [mock.method(signal, "addEventListener"), mock.method(signal, "removeEventListener")];
  (await acquire("a", { signal }))();
  // The locks of this test listen too, and never stop.
  assert.equal(remove.mock.callCount(), 1);
  assert.equal(remove.mock.calls[0]?.arguments[1], add.mock.calls[0]?.arguments[1]);
});

test("where there are no locks, or none for this page, nothing is locked", async (context) => {
  for (const locks of [
    null,
    { request: () => Promise.reject(new DOMException("no origin", "SecurityError")) },
  ]) {
    fakeLocks(context, locks);
    const [first, second] = await Promise.all([acquire("a"), acquire("a", { wait: true })]);
    first();
    second();
  }
});

test("a lock that somebody steals is no error of ours", async (context) => {
  let steal = () => {};
  const stealable = new FakeLocks();
  const request = (name: string, options: object, hold: () => Promise<void>) =>
    Promise.race([
      stealable.request(name, options, hold),
      new Promise<void>((_, reject) => {
        steal = () => reject(new DOMException("stolen", "AbortError"));
      }),
    ]);
  fakeLocks(context, { request });
  const release = await acquire("a");
  steal();
  await turn();
  release();
});

test("a session is named by server and Client Identifier, without what may be secret", () => {
  assert.equal(sessionName("wss://h:8443/mqtt?token=secret", "ada"), "wasmqtt h:8443/mqtt ada");
  assert.notEqual(sessionName("wss://h/a", "ada"), sessionName("wss://h/b", "ada"));
  assert.notEqual(sessionName("wss://h/a", "ada"), sessionName("wss://h/a", "bob"));
  assert.equal(sessionName("", "ada"), "wasmqtt any/ ada");
});
