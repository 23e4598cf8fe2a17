import assert from "node:assert/strict";
import { test } from "node:test";
import { connectFake, createFake, turn } from "./support/fake.js";
import { fakeGlobal, fakePage } from "./support/page.js";

/** An event target that counts what listens to it. */
class Counting extends EventTarget {
  visibilityState = "visible";
  listeners = 0;
  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    this.listeners++;
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    this.listeners--;
    super.removeEventListener(...args);
  }
}

test("without a page the engine hears that it is there, whenever it is about to connect", async () => {
  const { client, engine } = await createFake();
  client.start().catch(() => {});
  await turn();
  assert.deepEqual(engine.called("wake"), []);
  await engine.host.resolve(1);
  for (const call of engine.called("wake")) assert.deepEqual(call, [0, false]);
  assert.equal(engine.called("wake").length, 2);
});

test("the page's waking wakes the engine, until the client is closed", async (context) => {
  const page = fakePage(context);
  const { client, engine } = await connectFake();
  const before = engine.called("wake").length;
  for (const type of ["online", "pageshow", "beforeunload", "unload"]) page.dispatchEvent(new Event(type));
  assert.deepEqual(engine.called("wake").slice(before), [
    [0, false],
    [0, false],
  ]);
  await client.close();
  page.dispatchEvent(new Event("online"));
  assert.equal(engine.called("wake").length, before + 2);
});

test("nothing listens any more when the client is closed", async (context) => {
  const document = new Counting();
  fakeGlobal(context, "document", document);
  const { client } = await connectFake();
  assert.equal(document.listeners, 4);
  await client.close();
  assert.equal(document.listeners, 0);
});

test("the engine hears what becomes of the page, in the order of browsers", async (context) => {
  const page = fakePage(context);
  const document = new Counting();
  fakeGlobal(context, "document", document);
  const { engine } = await connectFake();
  const dispatch = (target: EventTarget, type: string) => {
    target.dispatchEvent(new Event(type));
    return engine.called("wake").at(-1)?.[0];
  };
  const show = (visibilityState: string) => {
    document.visibilityState = visibilityState;
    return dispatch(document, "visibilitychange");
  };
  assert.equal(show("hidden"), 1);
  assert.equal(dispatch(document, "freeze"), 2);
  assert.equal(dispatch(document, "resume"), 1);
  assert.equal(show("visible"), 0);
  // Left by a link, kept for the Back button, and shown again.
  assert.equal(dispatch(page, "pagehide"), 3);
  assert.equal(show("hidden"), 3);
  assert.equal(dispatch(document, "freeze"), 3);
  assert.equal(dispatch(page, "online"), 3);
  document.visibilityState = "visible";
  assert.equal(dispatch(document, "resume"), 0);
  assert.equal(dispatch(page, "pageshow"), 0);
});

for (const [url, offline] of [
  ["wss://broker.test/mqtt", true],
  ["ws://localhost:9001", false],
  ["ws://127.0.0.1:9001", false],
  ["ws://[::1]:9001", false],
] as const)
  test(`a browser that is offline ${offline ? "cannot" : "can"} reach ${url}`, async (context) => {
    const page = fakePage(context);
    const navigator = { onLine: true };
    fakeGlobal(context, "navigator", navigator);
    const { client, engine } = await createFake({}, url);
    client.start().catch(() => {});
    await engine.host.resolve(1);
    navigator.onLine = false;
    page.dispatchEvent(new Event("offline"));
    assert.deepEqual(engine.called("wake").at(-1), [0, offline]);
    navigator.onLine = true;
    page.dispatchEvent(new Event("online"));
    assert.deepEqual(engine.called("wake").at(-1), [0, false]);
  });

test("a browser that is offline from the beginning is asked again when the address is known", async (context) => {
  fakeGlobal(context, "navigator", { onLine: false });
  const { client, engine } = await createFake({}, "ws://localhost:9001");
  client.start().catch(() => {});
  await turn();
  await engine.host.resolve(1);
  assert.deepEqual(engine.called("wake"), [
    [0, true],
    [0, false],
  ]);
});

test("a rest of a hidden page is a disconnect without an error, and no attempt is announced", async () => {
  const retryIf = () => assert.fail("asked whether to retry");
  const { client, engine } = await connectFake({ lifecycle: "close-when-hidden", reconnect: { retryIf } });
  assert.equal(engine.options.closeWhenHidden, true);
  const told: unknown[] = [];
  for (const type of ["state", "disconnect", "reconnecting"] as const)
    client.on(type, (detail) => told.push([type, detail]));
  engine.state("suspended");
  engine.lose(undefined, 0, 1);
  await turn();
  assert.deepEqual(told, [
    ["state", "suspended"],
    ["disconnect", { willReconnect: true }],
  ]);
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
  assert.deepEqual(engine.called("block"), []);
  violate("wss://broker.test");
  assert.deepEqual(engine.called("block"), [[]]);
  engine.state("connected");
  await turn();
  violate("wss://broker.test/mqtt");
  assert.equal(engine.called("block").length, 1);
});
