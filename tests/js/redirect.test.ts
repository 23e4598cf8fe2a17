import assert from "node:assert/strict";
import { test } from "node:test";
import { engineError, MqttError } from "../../js/src/errors.js";
import type { RedirectOptions } from "../../js/src/options.js";
import { createFake, resolveTarget, turn } from "./support/fake.js";
import { rotation } from "./support/rotation.js";

const TEMPORARY = 0x9c;
const FOR_GOOD = 0x9d;

/** As the engine describes a CONNACK that sends us elsewhere. */
const elsewhere = (reasonCode: number, reference = "b.example:8084") =>
  engineError(30, reasonCode, -1, -1, undefined, "crowded", -1, reasonCode === TEMPORARY, reference);

const first = { number: 1 };

/** A rotation that was at its own URL and is then sent elsewhere. */
async function sent(reasonCode: number, allow: RedirectOptions["allow"], own = "wss://a.example/mqtt") {
  const urls = rotation(own, { allow });
  assert.equal(await urls.next(first), own);
  const error = elsewhere(reasonCode);
  assert.equal(urls.ended(error, false), true);
  return { urls, error };
}

test("the reference is a field of its own", () => {
  const error = elsewhere(TEMPORARY);
  assert.deepEqual([error.serverReference, error.reasonString], ["b.example:8084", "crowded"]);
  assert.doesNotMatch(error.message, /b\.example/, "text from outside stays in its field");
  assert.equal("serverReference" in new MqttError("connect-refused"), false);
});

test("the application turns a reference into a URL", async () => {
  const seen: unknown[] = [];
  const { urls, error } = await sent(TEMPORARY, async (reference, error) => {
    seen.push(reference, error);
    return new URL(`wss://${reference}/mqtt`);
  });
  assert.equal(await urls.next(first), "wss://b.example:8084/mqtt");
  assert.deepEqual(seen, ["b.example:8084", error]);
});

test("another server for now: afterwards its own URL again", async () => {
  const { urls } = await sent(TEMPORARY, () => "wss://b.example/");
  assert.equal(await urls.next(first), "wss://b.example/");
  assert.equal(urls.ended(new MqttError("connection-closed"), true), false);
  assert.equal(await urls.next(first), "wss://a.example/mqtt");
});

test("moved for good: the new place from now on, also through failures", async () => {
  const { urls } = await sent(FOR_GOOD, () => "wss://b.example/");
  for (let attempt = 0; attempt < 3; attempt++) {
    assert.equal(await urls.next(first), "wss://b.example/");
    urls.ended(new MqttError("connect-failed"), false);
  }
  urls.ended(elsewhere(FOR_GOOD, "c"), true);
  await urls.next(first);
});

test("a place it does not want to go is a failure with the server's own error", async () => {
  for (const reason of [TEMPORARY, FOR_GOOD]) {
    const { urls, error } = await sent(reason, () => undefined);
    await assert.rejects(urls.next(first), error);
    assert.equal(urls.ended(error, false), false, "asked once");
    assert.equal(await urls.next(first), "wss://a.example/mqtt");
  }
});

test("a refused reference lets a list move on", async () => {
  const urls = rotation(["wss://a/", "wss://b/"], { allow: () => undefined });
  await urls.next(first);
  const error = elsewhere(TEMPORARY);
  urls.ended(error, false);
  await assert.rejects(urls.next(first), error);
  urls.ended(error, false);
  assert.equal(await urls.next(first), "wss://b/");
});

test("wss: never becomes ws:", async () => {
  const { urls } = await sent(TEMPORARY, () => "ws://localhost:9001/");
  await assert.rejects(urls.next(first), { code: "insecure-url", retryable: false, hint: /wss:/ });
  const plain = await sent(TEMPORARY, () => "ws://localhost:9001/", "ws://localhost:9000/");
  assert.equal(await plain.urls.next(first), "ws://localhost:9001/");
});

test("what it names has to be a URL", async () => {
  const { urls } = await sent(TEMPORARY, () => "b.example");
  await assert.rejects(urls.next(first), { code: "invalid-url" });
});

test("nothing is followed unasked, without a reference or for another reason", () => {
  const allow = () => assert.fail("not to be asked");
  const asked = rotation("wss://a/", { allow });
  assert.equal(asked.ended(engineError(30, 0x9c, -1, -1, undefined, undefined, -1, true), false), false);
  assert.equal(asked.ended(elsewhere(0x87), false), false);
  assert.equal(asked.ended(undefined, true), false);
  for (const redirect of [false, undefined, { allow, maxRedirects: 0 }] as const) {
    assert.equal(rotation("wss://a/", redirect).ended(elsewhere(TEMPORARY), false), false);
  }
});

test("a first connection is led on without counting as failed", async () => {
  const { client, engine, started } = await createFake({ redirect: { allow: (host) => `wss://${host}/` } });
  assert.equal(engine.options.maxRedirects, 5);
  assert.equal((await resolveTarget(engine)).url, "wss://example.test/mqtt");
  const retries: unknown[] = [];
  client.on("reconnecting", ({ delay, error }) => retries.push([delay, error?.serverReference]));
  engine.lose(elsewhere(TEMPORARY, "b.example"), 0, 1);
  await turn();
  assert.equal((await resolveTarget(engine)).url, "wss://b.example/");
  engine.accept();
  await started;
  assert.deepEqual(retries, [[0, "b.example"]]);
});

test("the disconnect event tells where to go", async () => {
  const { client, engine, started } = await createFake();
  engine.accept();
  await started;
  const lost = new Promise<unknown>((resolve) => {
    client.on("disconnect", ({ error, willReconnect }) => resolve([error?.serverReference, willReconnect]));
  });
  engine.lose(elsewhere(FOR_GOOD));
  assert.deepEqual(await lost, ["b.example:8084", false]);
});

test("the function of the application must not throw for nothing", async () => {
  const cause = new Error("no such place");
  const redirect = {
    allow: () => {
      throw cause;
    },
  };
  const { engine, started } = await createFake({ redirect });
  await resolveTarget(engine);
  engine.lose(elsewhere(TEMPORARY), 0, 1);
  await turn();
  await assert.rejects(resolveTarget(engine), { code: "provider-failed", cause });
  engine.lose(new MqttError("provider-failed", { cause }), 1000, 1);
  await assert.rejects(started, { code: "provider-failed" });
});

test("options of redirects are checked", async () => {
  for (const redirect of [true, {}, { allow: "b" }, { allow: () => "wss://b/", max: 1 }]) {
    await assert.rejects(
      createFake({ redirect } as never),
      { code: "invalid-option" },
      JSON.stringify(redirect),
    );
  }
  const { engine } = await createFake({
    redirect: { allow: () => "wss://b/", maxRedirects: 2 },
    poisonLimit: 7,
  });
  assert.deepEqual([engine.options.maxRedirects, engine.options.poisonLimit], [2, 7]);
  const plain = await createFake({ redirect: false });
  assert.deepEqual([plain.engine.options.maxRedirects, plain.engine.options.poisonLimit], [0, 0]);
});
