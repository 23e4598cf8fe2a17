// Every call, every way in which its client can end: it settles, and leaves nothing behind.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import { MqttError } from "../../js/src/errors.js";
import type { ClientOptions } from "../../js/src/options.js";
import { engineOf, type FakeEngine, fakeGlue, turn } from "./support/fake.js";

interface Limits {
  signal?: AbortSignal;
  timeout?: number;
}

type Call = (client: MqttClient, limits: Limits) => Promise<unknown>;

const never = new Promise<never>(() => {});

/** A Blob whose bytes never come, as of a file on a network drive that is gone. */
class SilentBlob extends Blob {
  override arrayBuffer(): Promise<ArrayBuffer> {
    return never;
  }
}

/** Calls that the server, or somebody else, keeps waiting. */
const CALLS: Record<string, Call> = {
  "publish QoS 0": (client, limits) => client.publish("t", "x", limits),
  "publish QoS 1": (client, limits) => client.publish("t", "x", { qos: 1, ...limits }),
  "publish of a Blob": (client, limits) => client.publish("t", new SilentBlob(["x"]), { qos: 1, ...limits }),
  subscribe: (client, limits) => client.subscribe("f", limits),
  request: (client, limits) => client.request("t", "x", limits),
  respond: (client, limits) => client.respond("f", () => "x", limits),
  ping: (client, limits) => client.ping(limits),
  reauthenticate: (client, limits) => client.reauthenticate(Uint8Array.of(1), limits),
  "reauthenticate, first data": (client, limits) => client.reauthenticate(undefined, limits),
};

const OPTIONS: ClientOptions = {
  authenticator: { method: "M", start: () => never },
  reconnect: { retryInitial: false },
  logger: {},
};

/** What is pending in the host: timers that were set and neither fired nor cleared, and listeners of signals. */
function watchHost(context: TestContext) {
  const timers = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  context.mock.method(globalThis, "setTimeout", (run: () => void, delay: number) => {
    const timer = set(() => {
      timers.delete(timer);
      run();
    }, delay);
    timers.add(timer);
    return timer;
  });
  context.mock.method(globalThis, "clearTimeout", (timer: ReturnType<typeof set>) => {
    timers.delete(timer);
    clear(timer);
  });
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  context.after(() => void process.off("unhandledRejection", note));
  return { timers, unhandled };
}

/** A signal that counts what listens to it. */
function countingSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  return { controller, signal, listeners: () => listeners };
}

/** Connected, with every call made. `outcomes` are the codes of what they reject with, as they settle. */
async function withCalls(calls: Record<string, Call>, limits: Limits, connected: boolean) {
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, "wss://example.test/mqtt", OPTIONS);
  client.on("error", () => {});
  const started = client.start();
  started.catch(() => {});
  const engine = await engineOf(glue, client);
  engine.neverSent = false;
  if (connected) {
    engine.accept();
    await started;
  }
  const outcomes: Record<string, string> = {};
  const note = (name: string, promise: Promise<unknown>) =>
    promise.then(
      () => {
        outcomes[name] = "resolved";
      },
      (error) => {
        outcomes[name] = error instanceof MqttError ? error.code : `not ours: ${error}`;
      },
    );
  const settled = Object.entries(calls).map(([name, call]) => note(name, call(client, limits)));
  await turn();
  return { client, engine, outcomes, settled: Promise.all(settled), note };
}

const all = (code: string) => Object.fromEntries(Object.keys(CALLS).map((name) => [name, code]));
const refusal = () => new MqttError("connect-refused", { reasonCode: 0x86 });

const ENDINGS: Record<
  string,
  { end: (fake: { client: MqttClient; engine: FakeEngine }) => unknown; code: string }
> = {
  close: { end: ({ client }) => client.close({ timeout: 1 }), code: "client-closed" },
  "close that is aborted": {
    end: ({ client, engine }) => {
      engine.disconnect = (options) => {
        engine.calls.push(["disconnect", options]);
        if ((options as { drainTimeout: number }).drainTimeout === 0) engine.report({ kind: 8 });
      };
      const controller = new AbortController();
      const closing = client.close({ timeout: 3_600_000, signal: controller.signal });
      controller.abort();
      return closing;
    },
    code: "client-closed",
  },
  "close by force": { end: ({ client }) => client.close({ force: true }), code: "client-closed" },
  "close that is forced later": {
    end: ({ client, engine }) => {
      engine.disconnect = () => {};
      const closing = client.close({ timeout: 3_600_000 });
      return Promise.all([closing, client.close({ force: true })]);
    },
    code: "client-closed",
  },
  "a final refusal": {
    end: ({ client, engine }) => {
      const error = refusal();
      engine.lose(error);
      engine.report({ kind: 5, words: { 1: 6 } }, { kind: 8, detail: error });
      return client.closed;
    },
    code: "client-closed",
  },
  "a retry that is not wanted": {
    end: ({ client, engine }) => {
      engine.lose(refusal());
      engine.report({ kind: 8, detail: refusal() });
      return client.closed;
    },
    code: "client-closed",
  },
  "a trap": {
    end: ({ client, engine }) => {
      engine.throws.tap = new WebAssembly.RuntimeError("unreachable");
      client.on("packet", () => {});
      return client.closed;
    },
    code: "engine-crashed",
  },
};

for (const connected of [true, false]) {
  const where = connected ? "connected" : "connecting";
  for (const [name, { end, code }] of Object.entries(ENDINGS)) {
    test(`${where}: every call settles after ${name}`, { timeout: 20_000 }, async (context) => {
      const { timers, unhandled } = watchHost(context);
      const { signal, listeners } = countingSignal();
      const limits = { signal, timeout: 3_600_000 };
      const fake = await withCalls(CALLS, limits, connected);
      assert.deepEqual(fake.outcomes, {}, "all of them wait");
      await end(fake);
      await fake.settled;
      assert.deepEqual(fake.outcomes, all(code));
      assert.equal(fake.client.state, "closed");
      await turn();
      assert.deepEqual([timers.size, listeners(), unhandled], [0, 0, []], "timers, listeners, rejections");
      for (const call of Object.values(CALLS)) {
        await assert.rejects(call(fake.client, {}), { code: "client-closed" });
      }
      await fake.client.close();
    });
  }
}

for (const [how, code] of [
  ["signal", "aborted"],
  ["timeout", "timeout"],
] as const)
  test(`every call settles when its ${how} says so, and the client goes on`, async (context) => {
    const { timers, unhandled } = watchHost(context);
    const { controller, signal, listeners } = countingSignal();
    const limits = how === "signal" ? { signal } : { timeout: 20 };
    const { client, engine, outcomes, settled } = await withCalls(CALLS, limits, true);
    if (how === "signal") controller.abort();
    await settled;
    assert.deepEqual(outcomes, all(code));
    assert.equal(client.state, "connected");
    const publishing = client.publish("t", "after a Blob that is not read any more", { qos: 1 });
    await turn();
    engine.complete(engine.operation);
    await publishing;
    await client.close();
    assert.deepEqual([timers.size, listeners(), unhandled], [0, 0, []]);
  });

test("every call and start settle when the module cannot be loaded, or never comes", async (context) => {
  const { timers, unhandled } = watchHost(context);
  const error = new MqttError("wasm-load-failed");
  const failing = new MqttClient(() => Promise.reject(error), "wss://h", OPTIONS);
  for (const promise of [...Object.values(CALLS).map((call) => call(failing, { timeout: 3_600_000 }))]) {
    await assert.rejects(promise, { code: "client-closed", cause: error });
  }
  for (const end of ["abort", "close"] as const) {
    const controller = new AbortController();
    const client = new MqttClient(() => never, "wss://h", OPTIONS);
    const started = client.start({ signal: controller.signal });
    const calls = Object.values(CALLS).map((call) => call(client, { timeout: 3_600_000 }));
    if (end === "abort") controller.abort();
    else await client.close();
    await assert.rejects(started, { code: end === "abort" ? "aborted" : "client-closed" });
    for (const promise of calls) await assert.rejects(promise, { code: "client-closed" });
  }
  assert.deepEqual([timers.size, unhandled], [0, []]);
});

test("loops end with the client: at their end, or with its error", async () => {
  const using = { end: ({ client }: { client: MqttClient }) => client[Symbol.asyncDispose]() };
  for (const [name, { end }] of Object.entries({ ...ENDINGS, using })) {
    const fake = await withCalls({}, {}, true);
    const subscribing = fake.client.subscribe("f");
    fake.engine.complete(fake.engine.operation, { codes: [0] });
    const loop = (await subscribing)[Symbol.asyncIterator]();
    const waiting = loop.next().then(
      ({ done }) => `done: ${done}`,
      ({ code }) => code,
    );
    await end(fake);
    const expected = /refusal|retry/.test(name)
      ? "connect-refused"
      : /trap/.test(name)
        ? "engine-crashed"
        : "done: true";
    assert.equal(await waiting, expected, name);
  }
});

test("unsubscribe settles as often as it is called, each time as its own limits say", async () => {
  const { client, engine } = await withCalls({}, {}, true);
  const subscribing = client.subscribe("f");
  engine.complete(engine.operation, { codes: [0] });
  const subscription = await subscribing;
  const controller = new AbortController();
  await assert.rejects(subscription.unsubscribe({ timeout: -1 }), { code: "invalid-argument" });
  assert.equal(engine.called("unsubscribe").length, 0, "wrong options change nothing");
  const calls = [
    subscription.unsubscribe({ signal: controller.signal }),
    subscription.unsubscribe({ timeout: 5 }),
    subscription.unsubscribe(),
  ].map((promise) =>
    promise.then(
      () => "resolved",
      ({ code }) => code,
    ),
  );
  controller.abort();
  assert.deepEqual(await Promise.all(calls.slice(0, 2)), ["aborted", "timeout"]);
  await client.close();
  assert.equal(await calls[2], "client-closed");
  assert.equal(engine.called("unsubscribe").length, 1);
  await subscription.unsubscribe();
});

test("start settles as often as it is called, each time as its own limits say", async () => {
  const { client, engine } = await withCalls({}, {}, false);
  const first = client.start();
  await assert.rejects(client.start({ timeout: 1 }), { code: "timeout" });
  await assert.rejects(client.start({ signal: AbortSignal.abort() }), { code: "aborted" });
  assert.equal(client.state, "connecting", "only the first one is about the client");
  engine.accept();
  await Promise.all([first, client.start({ timeout: 1000 })]);
  await client.close();
});

test("a Blob that never reads does not keep a client from closing", async (context) => {
  const { timers } = watchHost(context);
  const { client, engine, outcomes, settled } = await withCalls(
    { blob: CALLS["publish of a Blob"] as Call },
    {},
    true,
  );
  await client.close({ timeout: 10 });
  await settled;
  assert.deepEqual(outcomes, { blob: "client-closed" });
  assert.deepEqual(engine.called("disconnect"), [[{ reasonCode: 0, drainTimeout: 0 }]]);
  assert.equal(timers.size, 0);
});

test("an authenticator that does not answer has as long as an attempt", async (context) => {
  const { timers } = watchHost(context);
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, "wss://h", { ...OPTIONS, connectTimeout: 10 });
  client.start().catch(() => {});
  await turn();
  await assert.rejects(client.reauthenticate(), {
    code: "provider-timeout",
    message: /authenticator.start/,
    limit: 10,
  });
  assert.equal(timers.size, 0);
  await client.close({ force: true });
});

test("an authenticator that throws is a typed error", async () => {
  const cause = new Error("no token");
  const start = () => Promise.reject(cause);
  const client = new MqttClient(async () => fakeGlue(), "wss://h", { authenticator: { method: "M", start } });
  client.start().catch(() => {});
  await assert.rejects(client.reauthenticate(), { code: "provider-failed", cause });
  await client.close({ force: true });
});

test("a loop ends with its error when the server has ended the last of its filters", async () => {
  const { client, engine } = await withCalls({}, {}, true);
  const errors: string[] = [];
  client.on("error", ({ code }) => errors.push(code));
  const subscribing = client.subscribe(["f", "g"]);
  engine.complete(engine.operation, { codes: [0, 0] });
  const subscription = await subscribing;
  const loop = subscription[Symbol.asyncIterator]();
  const waiting = [loop.next(), loop.next()];
  const ended = (subscription: number) =>
    engine.report({
      kind: 9,
      words: { 1: subscription },
      detail: new MqttError("rejected-by-server", { reasonCode: 0x87 }),
    });
  ended(0);
  ended(1);
  engine.message("g", "still here", [2]);
  assert.equal((await waiting[0])?.value?.text(), "still here");
  ended(2);
  await assert.rejects(waiting[1] as Promise<unknown>, { code: "rejected-by-server", reasonCode: 0x87 });
  assert.equal(errors.length, 3, "each of them is told");
  await subscription.unsubscribe();
  assert.equal(engine.called("unsubscribe").length, 0, "there is nothing left to end");
  await client.close({ force: true });
});

test("a store that never opens does not keep a client from closing", async (context) => {
  const { unhandled } = watchHost(context);
  const store = { open: () => never, timeout: 1000 };
  const client = new MqttClient(async () => fakeGlue(), "wss://h", { clientId: "c", store });
  const codes: string[] = [];
  const note = ({ code, delivery }: MqttError) => void codes.push(`${code} ${delivery ?? ""}`);
  client.start().catch(note);
  client.publish("t", "x", { qos: 1 }).catch(note);
  await turn();
  client.close().then(() => codes.push("closed"));
  await turn();
  assert.deepEqual(codes.sort(), ["client-closed ", "client-closed none", "closed"]);
  assert.deepEqual(unhandled, []);
});
