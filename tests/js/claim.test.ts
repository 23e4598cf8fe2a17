// One client at a time with an explicit Client Identifier, in all pages of an origin.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Claim } from "../../js/src/claim.js";
import type { ClientOptions, UrlSource } from "../../js/src/options.js";
import { createFake, turn } from "./support/fake.js";
import { FakeLocks, fakeLocks } from "./support/locks.js";
import { fakePage } from "./support/page.js";

const ada = { clientId: "ada" };
const code = (name: string) => ({ code: name });

/** A client that has asked for its identifier, and perhaps got it. */
async function begin(options: ClientOptions = ada, url?: UrlSource) {
  const fake = await createFake(options, url);
  await turn();
  return { ...fake, starts: () => fake.engine.called("start").length };
}

/** The grace of a client that does not wait. */
async function pass(context: TestContext): Promise<void> {
  context.mock.timers.tick(3000);
  await turn();
}

function withTimers(context: TestContext) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  return fakeLocks(context);
}

test("a second client with the same identifier ends before it connects", async (context) => {
  withTimers(context);
  const first = await begin();
  const second = await begin();
  assert.deepEqual([first.starts(), second.starts()], [1, 0]);
  assert.equal(second.client.state, "connecting");
  await pass(context);
  await assert.rejects(second.started, code("client-id-in-use"));
  assert.equal((await second.client.closed)?.code, "client-id-in-use");
  assert.deepEqual([first.client.state, second.client.state], ["connecting", "closed"]);
  assert.deepEqual([first.starts(), second.starts()], [1, 0]);
});

test("its error names the reason and the ways out, and cannot be cured by trying again", async (context) => {
  withTimers(context);
  await begin();
  const second = await begin();
  await pass(context);
  const error = await second.client.closed;
  assert.match(error?.hint ?? "", /other tab.*`clientId`.*`whenClientIdInUse`/);
  assert.deepEqual([error?.layer, error?.retryable], ["page", false]);
});

test("one that ends in time leaves the identifier to the next one: a reload, a component that is mounted twice", async (context) => {
  withTimers(context);
  const first = await begin();
  const second = await begin();
  await first.client.close();
  await turn();
  assert.equal(second.starts(), 1);
  await pass(context);
  assert.equal(second.client.state, "connecting");
});

test("one that waits takes over when the other one ends, and until then only queues", async (context) => {
  const locks = withTimers(context);
  const first = await begin();
  const second = await begin({ ...ada, whenClientIdInUse: "wait" });
  second.client.publish("a", "b", { qos: 1 }).catch(() => {});
  await pass(context);
  context.mock.timers.tick(3_600_000);
  await turn();
  assert.deepEqual([second.client.state, second.starts()], ["connecting", 0]);
  assert.equal(second.engine.called("publish").length, 1, "the engine bounds what waits");
  await first.client.close({ force: true });
  await turn();
  assert.equal(second.starts(), 1);
  await second.client.close();
  await turn();
  assert.equal(locks.queues.size, 0);
});

test("one that is closed while it waits gives up its place", async (context) => {
  const locks = withTimers(context);
  await begin();
  const second = await begin({ ...ada, whenClientIdInUse: "wait" });
  await second.client.close();
  await turn();
  assert.equal([...locks.queues.values()][0]?.length, 1);
  assert.equal(second.starts(), 0);
});

test("an identifier that is granted in the moment of closing is given back", async (context) => {
  const locks = withTimers(context);
  const claim = new Claim("wss://a/", ada);
  const told: unknown[] = [];
  claim.take(
    () => told.push("granted"),
    (error) => told.push(error),
  );
  assert.equal(locks.queues.size, 1);
  claim.drop();
  await turn();
  assert.deepEqual([locks.queues.size, claim.isHeld, told], [0, false, []]);
});

for (const [what, options] of [
  ["by chance", {}],
  ["of the server's choice", { clientId: "" }],
  ["that the application wants to share", { ...ada, whenClientIdInUse: "ignore" }],
] as const)
  test(`identifiers ${what} lock nothing`, async (context) => {
    const locks = withTimers(context);
    await begin();
    const clients = [await begin(options), await begin(options)];
    assert.deepEqual(
      clients.map(({ starts }) => starts()),
      [1, 1],
    );
    assert.equal(locks.queues.size, 1);
  });

test("servers are told apart by host and path of the first URL; a function stands for all", async (context) => {
  const locks = withTimers(context);
  await begin(ada, "wss://a/mqtt?token=1");
  const urls: UrlSource[] = ["wss://b/mqtt", ["wss://a/other", "wss://a/mqtt"], () => "wss://a/mqtt"];
  for (const url of urls) assert.equal((await begin(ada, url)).starts(), 1, String(url));
  assert.equal((await begin(ada, "wss://a/mqtt?token=2")).starts(), 0);
  assert.equal((await begin(ada, () => "wss://elsewhere/")).starts(), 0);
  assert.equal(locks.queues.size, 4);
});

test("without Web Locks nothing is different", async (context) => {
  fakeLocks(context, null);
  assert.deepEqual([(await begin()).starts(), (await begin()).starts()], [1, 1]);
});

test("a page that is left lends its identifier, and asks for it again when it comes back", async (context) => {
  const locks = withTimers(context);
  const page = fakePage(context);
  const { client, engine, starts } = await begin();
  engine.accept();
  await turn();
  page.dispatchEvent(new Event("pagehide"));
  await turn();
  assert.deepEqual([locks.queues.size, engine.called("wake").at(-1)?.[0]], [0, 3]);
  // Another page of the site uses it meanwhile, and is left a little after we are back.
  let leave = () => {};
  const [name] = ["wasmqtt example.test/mqtt ada"];
  const other = locks.request(
    name,
    {},
    () =>
      new Promise((resolve) => {
        leave = resolve;
      }),
  );
  const calls = engine.called("wake").length;
  page.dispatchEvent(new Event("pageshow"));
  page.dispatchEvent(new Event("online"));
  await turn();
  assert.equal(engine.called("wake").length, calls, "the engine is not told before it may connect");
  leave();
  await other;
  await turn();
  assert.deepEqual(engine.called("wake").slice(calls), [[0, false]]);
  assert.equal(starts(), 1);
  await client.close();
  await turn();
  assert.equal(locks.queues.size, 0);
});

test("a page that is left while it waits asks again when it comes back", async (context) => {
  const locks = withTimers(context);
  const page = fakePage(context);
  const first = await begin({ ...ada, clientId: "eve" }, "wss://x/");
  await first.client.close();
  let leave = () => {};
  locks.request("wasmqtt example.test/mqtt ada", {}, () => new Promise((resolve) => (leave = resolve)));
  const { starts, client } = await begin();
  page.dispatchEvent(new Event("pagehide"));
  await pass(context);
  assert.deepEqual([starts(), client.state], [0, "connecting"], "nobody is told of a wait that was given up");
  page.dispatchEvent(new Event("pageshow"));
  leave();
  await turn();
  assert.equal(starts(), 1);
});

test("a page that comes back and finds its identifier in use ends", async (context) => {
  const locks = withTimers(context);
  const page = fakePage(context);
  const { client, engine } = await begin();
  engine.accept();
  await turn();
  page.dispatchEvent(new Event("pagehide"));
  await turn();
  locks.request("wasmqtt example.test/mqtt ada", {}, () => new Promise(() => {}));
  page.dispatchEvent(new Event("pageshow"));
  await pass(context);
  assert.equal((await client.closed)?.code, "client-id-in-use");
});

test("a client that was not started locks nothing, whatever becomes of its page", async (context) => {
  const locks = fakeLocks(context, new FakeLocks());
  const page = fakePage(context);
  const { MqttClient } = await import("../../js/src/client.js");
  const { fakeGlue } = await import("./support/fake.js");
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, "wss://a/", ada);
  client.publish("a", "b", { qos: 1 }).catch(() => {});
  await turn();
  for (const type of ["pagehide", "pageshow"]) page.dispatchEvent(new Event(type));
  await turn();
  assert.equal(locks.queues.size, 0);
  await client.close();
});
