import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import { connectFake, fakeGlue, turn } from "./support/fake.js";

test("on answers with off, and ends with a signal", async () => {
  const { client, engine } = await connectFake();
  const controller = new AbortController();
  let count = 0;
  const off = client.on("message", () => void count++);
  client.on("message", () => void count++, { signal: controller.signal });
  engine.message("t", "", []);
  await turn();
  off();
  controller.abort();
  engine.message("t", "", []);
  await turn();
  assert.equal(count, 2);
  assert.throws(() => client.on("data" as never, () => {}), { code: "invalid-argument" });
});

test("the packet tap is on while somebody listens, and only then", async () => {
  const { client, engine } = await connectFake();
  const controller = new AbortController();
  client.on("message", () => {});
  assert.deepEqual(engine.called("tap"), []);
  const off = client.on("packet", () => {});
  client.on("packet", () => {}, { signal: controller.signal });
  off();
  assert.deepEqual(engine.called("tap").at(-1), [true]);
  controller.abort();
  assert.deepEqual(engine.called("tap").at(-1), [false]);
});

test("a listener from before the engine was loaded sees every packet", async () => {
  const glue = fakeGlue();
  const client = new MqttClient(async () => glue, "wss://example.test/mqtt");
  const seen: number[] = [];
  client.on("packet", ({ size }) => seen.push(size));
  const started = client.start();
  await turn();
  const engine = glue.engines[0] ?? assert.fail("no engine");
  assert.deepEqual(engine.calls.slice(0, 2), [["tap", true], ["start"]]);
  engine.report({ kind: 11, words: { 4: 5, 5: 17 }, bytes: { 2: [0x10] } });
  engine.accept();
  await started;
  assert.deepEqual(seen, [17]);
});

test("the packet that says goodbye is shown although the client is closed by then", async () => {
  const { client, engine } = await connectFake({ reconnect: false });
  const seen: string[] = [];
  client.on("packet", ({ direction }) => {
    seen.push(`${direction} in state ${client.state}`);
  });
  engine.report(
    { kind: 8 },
    { kind: 11, words: { 4: 5, 5: 3 }, bytes: { 2: [0xe0] } },
    { kind: 5, words: { 1: 2 } },
  );
  await client.closed;
  await turn();
  assert.deepEqual(seen, ["sent in state closed"]);
  assert.equal(client.state, "closed", "nothing else that follows counts");
});

test("what a packet listener throws is reported and disturbs nobody", async () => {
  const { client, engine } = await connectFake();
  const errors: string[] = [];
  let messages = 0;
  client.on("error", ({ code }) => errors.push(code));
  client.on("packet", () => assert.fail("mine"));
  client.on("message", () => void messages++);
  const packet = { kind: 11, words: { 4: 5, 5: 3 }, bytes: { 2: [0x30] } };
  engine.report(packet, { kind: 5, words: { 1: 3 } });
  await turn();
  assert.deepEqual([errors, client.state], [["handler-failed"], "reconnecting"]);
});

test("asynchronous listeners, handlers and loggers that fail are told of, and reject nothing unheard", async (context) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  context.after(() => void process.off("unhandledRejection", note));
  const hosted: unknown[] = [];
  context.mock.method(console, "error", (error: unknown) => hosted.push((error as Error).message));
  const fail = async () => assert.fail("mine");
  const { client, engine } = await connectFake({ logger: { debug: fail } });
  const details: (string | undefined)[] = [];
  client.on("error", (error) => void details.push(/\((.*)\)/.exec(error.message)?.[1]));
  client.on("message", fail);
  client.on("state", fail);
  const subscribing = client.subscribe("t", {}, fail);
  engine.complete(engine.operation, { codes: [0] });
  await subscribing;
  engine.message("t", "", [1]);
  engine.state("reconnecting");
  await turn();
  await turn();
  assert.deepEqual(details.sort(), ["message handler", "message listener", "state listener"]);
  assert.deepEqual([hosted, unhandled], [["mine", "mine", "mine"], []], "one line for each state");
});
