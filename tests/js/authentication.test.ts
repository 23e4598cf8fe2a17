// Enhanced authentication: whom the client asks, and what becomes of the answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttClient } from "../../js/src/client.js";
import type { Authenticator } from "../../js/src/options.js";
import { connectFake, createFake, engineOf, fakeGlue } from "./support/fake.js";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Lets promise chains run to their end; every step of ours is a microtask. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function authenticating(authenticator: Partial<Authenticator>) {
  return connectFake({ authenticator: { method: "M", ...authenticator } });
}

test("the method goes to the engine, the first data with each attempt", async () => {
  let started = 0;
  const start = async () => bytes(`data ${++started}`);
  const { engine } = await authenticating({ start });
  assert.equal(engine.options.authenticationMethod, "M");
  assert.deepEqual((await engine.host.resolve(2)).authData, bytes(`data ${started}`));
});

test("a challenge is answered with what the application says", async () => {
  const { engine } = await authenticating({ respond: async (challenge) => bytes(`re: ${challenge.length}`) });
  engine.report({ kind: 10, bytes: { 2: bytes("who?") } });
  await settled();
  assert.deepEqual(engine.called("authenticate"), [[bytes("re: 4"), false]]);
});

test("an application that throws, or answers nonsense, ends the exchange and hears of it", async () => {
  for (const respond of [() => assert.fail("no idea"), () => "text" as never]) {
    const { client, engine } = await authenticating({ respond });
    const errors: string[] = [];
    client.on("error", (error) => errors.push(error.code));
    engine.report({ kind: 10, bytes: { 2: [] } });
    await settled();
    assert.deepEqual(engine.called("authenticate"), [[undefined, true]]);
    assert.deepEqual(errors, ["handler-failed"]);
  }
});

test("an answer that comes after the connection ended goes nowhere", async () => {
  let answer = (_: Uint8Array) => {};
  const respond = () => new Promise<Uint8Array>((resolve) => (answer = resolve));
  const { engine } = await authenticating({ respond });
  engine.report({ kind: 10, bytes: { 2: [] } });
  await settled();
  engine.lose(undefined, 1000);
  await settled();
  answer(bytes("late"));
  await settled();
  assert.deepEqual(engine.called("authenticate"), []);
});

test("reauthenticate takes its data from the caller or from the authenticator", async () => {
  const { client, engine } = await authenticating({ start: () => bytes("fresh") });
  const given = client.reauthenticate(bytes("given"));
  await settled();
  engine.complete(engine.operation, { answer: { authenticationData: bytes("verifier") } });
  assert.deepEqual(await given, bytes("verifier"));
  const asked = client.reauthenticate();
  await settled();
  engine.complete(engine.operation);
  assert.equal(await asked, undefined);
  assert.deepEqual(engine.called("reauthenticate"), [[bytes("given")], [bytes("fresh")]]);
});

test("reauthenticate before anything is loaded asks for the first data too", async () => {
  const glue = fakeGlue();
  const authenticator = { method: "M", start: async () => bytes("fresh") };
  const client = new MqttClient(async () => glue, "wss://example.test/mqtt", { authenticator });
  const asked = client.reauthenticate();
  client.start().catch(() => {});
  const engine = await engineOf(glue, client);
  await settled();
  assert.deepEqual(engine.called("reauthenticate"), [[bytes("fresh")]]);
  engine.complete(engine.operation);
  await asked;
  await client.close({ force: true });
});

test("an authenticator has a method", async () => {
  const cases = [{ authenticator: { method: 1 } }, { authenticator: { methods: "M" } }];
  for (const options of cases) await assert.rejects(createFake(options as never), { code: "invalid-option" });
});
