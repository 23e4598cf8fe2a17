import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import { MqttError } from "../../js/src/errors.js";
import { connectFrom } from "../../js/src/factory.js";
import { connectFake, createFake, fakeGlue, resolveTarget, turn } from "./support/fake.js";

const refused = () => new MqttError("connect-failed");

test("start resolves on the first CONNACK and tells what the server granted", async () => {
  const { client, engine, started } = await createFake();
  const states: string[] = [];
  client.on("state", (state) => states.push(state));
  assert.equal(client.state, "connecting");
  assert.equal(client.server === undefined, true);
  assert.match(client.clientId, /^wasmqtt/);
  engine.state("connecting");
  engine.accept({ protocolVersion: 4 });
  await started;
  assert.equal(client.start(), client.start(), "one promise");
  assert.equal(client.server?.protocolVersion, 4);
  assert.equal(client.clientId, "from-server");
  assert.deepEqual(states, ["connected"], "the same state twice is no change");
  assert.equal(engine.called("start").length, 1);
});

test("wrong options and URLs throw when the client is made", () => {
  const load = async () => fakeGlue();
  assert.throws(() => new MqttClient(load, "wss://h", { keepalive: 5 } as never), { code: "invalid-option" });
  assert.throws(() => new MqttClient(load, "mqtt://h"), { code: "invalid-url" });
});

test("connect refuses what is no options", async () => {
  for (const options of [null, 5, "wss://h"]) {
    const connecting = connectFrom(() => undefined, "wss://h", options as never);
    await assert.rejects(connecting, { code: "invalid-option" }, String(options));
  }
});

test("the first failure ends it by default, and everything that waits", async () => {
  const { client, engine, started } = await createFake();
  const publishing = client.publish("t", "x", { qos: 1 });
  const error = refused();
  engine.lose(error, 1000, 1);
  await assert.rejects(started, error);
  await assert.rejects(publishing, { code: "client-closed", cause: error });
  assert.equal(await client.closed, error);
  assert.equal(client.state, "closed");
  assert.deepEqual(engine.calls.slice(-3), [["terminate"], ["flush"], ["free"]]);
  await assert.rejects(client.publish("t", "x"), { code: "client-closed", cause: error });
  await assert.rejects(client.start(), { code: "client-closed", cause: error });
  await client.close();
});

test("retryInitial keeps it pending through failures", async () => {
  const { client, engine, started } = await createFake({ reconnect: { retryInitial: true } });
  const retries: unknown[] = [];
  client.on("reconnecting", ({ attempt, delay, error }) => retries.push([attempt, delay, error?.code]));
  client.on("disconnect", () => assert.fail("there was no connection"));
  engine.lose(refused(), 1000, 1);
  engine.lose(refused(), 2000, 2);
  engine.accept();
  await started;
  assert.deepEqual(retries, [
    [1, 1000, "connect-failed"],
    [2, 2000, "connect-failed"],
  ]);
});

test("every URL of a list gets its chance", async () => {
  const { engine, started } = await createFake({}, ["wss://a/", "wss://b/"]);
  assert.equal((await resolveTarget(engine)).url, "wss://a/");
  engine.lose(refused(), 10, 1);
  await turn();
  assert.equal((await resolveTarget(engine, 2)).url, "wss://b/");
  const error = refused();
  engine.lose(error, 10, 2);
  await assert.rejects(started, error);
});

test("a final error rejects start with it", async () => {
  const { client, engine, started } = await createFake({ reconnect: { retryInitial: true } });
  const error = new MqttError("connect-refused", { reasonCode: 0x86 });
  engine.lose(error);
  engine.report({ kind: 5, words: { 1: 6 } }, { kind: 8, detail: error });
  await assert.rejects(started, error);
  assert.equal(await client.closed, error);
  assert.equal(client.state, "closed");
});

test("signal and timeout end the wait and the client", async () => {
  const glue = fakeGlue();
  const controller = new AbortController();
  const client = new MqttClient(async () => glue, "wss://h");
  const started = client.start({ signal: controller.signal });
  await turn();
  controller.abort();
  await assert.rejects(started, { code: "aborted" });
  assert.equal((await client.closed)?.code, "aborted");
  assert.equal(glue.engines[0]?.called("terminate").length, 1);

  const slow = new MqttClient(async () => fakeGlue(), "wss://h");
  await assert.rejects(slow.start({ timeout: 1 }), { code: "timeout" });
  assert.equal(slow.state, "closed");
});

test("wrong options of start leave the client usable", async () => {
  const client = new MqttClient(async () => fakeGlue(), "wss://h");
  await assert.rejects(client.start({ timeOut: 1 } as never), { code: "invalid-option", hint: /`timeout`/ });
  await assert.rejects(client.start({ timeout: -1 }), { code: "invalid-argument" });
  await assert.rejects(client.start({ signal: AbortSignal.abort() }), { code: "aborted" });
  assert.equal(client.state, "idle");
  await client.close();
});

test("a module that cannot be loaded closes the client", async () => {
  const error = new MqttError("wasm-load-failed");
  const client = new MqttClient(() => Promise.reject(error), "wss://h");
  const publishing = client.publish("t", "x");
  await assert.rejects(client.start(), error);
  await assert.rejects(publishing, { code: "client-closed", cause: error });
  assert.equal(await client.closed, error);
});

test("options that the engine refuses reject start", async () => {
  const error = new MqttError("invalid-option", { detail: "keepAlive" });
  const load = async () => ({
    ...fakeGlue(),
    createEngine: () => {
      throw error;
    },
  });
  await assert.rejects(new MqttClient(load, "wss://h").start(), error);
});

test("each attempt asks for URL, credentials and socket", async () => {
  const attempts: unknown[] = [];
  const socket = { fake: true };
  const { engine } = await createFake(
    {
      subprotocols: [],
      credentials: async (attempt) => {
        attempts.push(["credentials", attempt.number, attempt.error?.code]);
        return { username: "ada", password: `token ${attempt.number}` };
      },
      webSocket: (url, protocols) => {
        attempts.push(["webSocket", url, protocols]);
        return socket as never;
      },
      reconnect: { retryInitial: true },
    },
    (attempt) => `wss://h/?attempt=${attempt.number}`,
  );
  assert.deepEqual(await resolveTarget(engine, 1), {
    url: "wss://h/?attempt=1",
    protocols: [],
    username: "ada",
    password: new TextEncoder().encode("token 1"),
    socket,
  });
  engine.lose(refused(), 10, 1);
  await turn();
  await resolveTarget(engine, 2);
  assert.deepEqual(attempts, [
    ["credentials", 1, undefined],
    ["webSocket", "wss://h/?attempt=1", []],
    ["credentials", 2, "connect-failed"],
    ["webSocket", "wss://h/?attempt=2", []],
  ]);
});

test("static credentials, and none", async () => {
  const { engine } = await createFake({ username: "ada", password: Uint8Array.of(1, 2) });
  assert.deepEqual(await resolveTarget(engine), {
    url: "wss://example.test/mqtt",
    protocols: ["mqtt"],
    username: "ada",
    password: Uint8Array.of(1, 2),
  });
  const plain = await createFake();
  assert.deepEqual(Object.keys(await resolveTarget(plain.engine)), ["url", "protocols"]);
});

test("providers that fail are told apart from the network", async () => {
  const cause = new Error("401");
  const failing = await createFake({
    credentials: () => {
      throw cause;
    },
  });
  await assert.rejects(resolveTarget(failing.engine), { code: "provider-failed", cause, retryable: true });

  const final = new MqttError("provider-failed", { retryable: false });
  const own = await createFake({ credentials: () => Promise.reject(final) });
  await assert.rejects(resolveTarget(own.engine), final);

  const wrong = await createFake({ credentials: () => ({ user: "x" }) as never });
  await assert.rejects(resolveTarget(wrong.engine), {
    code: "invalid-option",
    hint: /`credentials.username`|`username`/,
  });
  const nothing = await createFake({ credentials: () => undefined as never });
  await assert.rejects(resolveTarget(nothing.engine), { code: "invalid-option" });
});

test("a lost connection is told and comes back", async () => {
  const { client, engine } = await connectFake();
  const seen: unknown[] = [];
  client.on("disconnect", ({ error, willReconnect }) =>
    seen.push(["disconnect", error?.code, willReconnect]),
  );
  client.on("reconnecting", ({ attempt, delay }) => seen.push(["reconnecting", attempt, delay]));
  client.on("connect", ({ sessionPresent }) => seen.push(["connect", sessionPresent]));
  engine.lose(new MqttError("connection-closed"), 500, 1);
  engine.lose(refused(), 1000, 2);
  engine.accept({ sessionPresent: true });
  await turn();
  assert.deepEqual(seen, [
    ["disconnect", "connection-closed", true],
    ["reconnecting", 1, 500],
    ["reconnecting", 2, 1000],
    ["connect", true],
  ]);
});

test("retryIf can stop the retries, not force them", async () => {
  const asked: unknown[] = [];
  const { client, engine } = await connectFake({
    reconnect: {
      retryIf: (error, attempt) => {
        asked.push([error?.code, attempt]);
        return attempt < 2;
      },
    },
  });
  engine.lose(new MqttError("connection-closed"), 1, 1);
  await turn();
  assert.equal(client.state, "connected", "the engine tells the state");
  const last = refused();
  engine.lose(last, 1, 2);
  assert.equal(await client.closed, last);
  assert.deepEqual(asked, [
    ["connection-closed", 1],
    ["connect-failed", 2],
  ]);
});

test("a listener may close the client during a disconnect", async () => {
  const { client, engine } = await connectFake();
  client.on("disconnect", () => void client.close({ force: true }));
  client.on("reconnecting", () => assert.fail("closed"));
  engine.lose(new MqttError("connection-closed"), 500, 1);
  assert.equal(await client.closed, undefined);
});

test("the logger hears of states and errors, never of secrets, and may fail", async (context) => {
  const lines: unknown[] = [];
  const log = (...args: unknown[]) => void lines.push(args);
  const { client, engine } = await connectFake({
    username: "ada",
    password: "hunter2",
    logger: { debug: log, info: log, warn: log },
  });
  engine.lose(new MqttError("connection-closed", { closeCode: 1006 }), 5, 1);
  await turn();
  await client.close();
  const text = JSON.stringify(lines);
  assert.match(text, /wasmqtt: connected/);
  assert.match(text, /connection-closed/);
  assert.match(text, /"wasmqtt: state","closed"/);
  assert.doesNotMatch(text, /ada|hunter2|example\.test/);

  const logged = context.mock.method(console, "error", () => {});
  await connectFake({
    logger: {
      debug: () => {
        throw new Error("broken");
      },
    },
  });
  assert.ok(logged.mock.callCount() > 0);
});

test("an attempt that was given up makes no socket", async () => {
  let answer: (credentials: object) => void = () => {};
  let sockets = 0;
  const { engine, client } = await connectFake({
    credentials: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    webSocket: () => void sockets++ as never,
  });
  const overtaken = resolveTarget(engine);
  await turn();
  engine.lose(new MqttError("connect-timeout"), 10, 1);
  await turn();
  answer({});
  await assert.rejects(overtaken, { code: "aborted" });

  const closed = resolveTarget(engine, 2);
  await turn();
  await client.close({ force: true });
  answer({});
  await assert.rejects(closed, { code: "aborted" });
  assert.equal(sockets, 0);
});
