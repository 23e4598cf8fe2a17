import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { connectFake, createFake, turn } from "./support/fake.js";

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
