import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { MqttError } from "../../js/src/errors.js";
import type { ClientOptions } from "../../js/src/options.js";
import type { ServerInfo } from "../../js/src/types.js";
import { createFake, turn } from "./support/fake.js";
import { arrive, connected, grant, last, published, reply, speakJson, utf8, V4 } from "./support/requests.js";

test("5.0: a request waits for the reply subscription, carries its address, and resolves with the reply", async () => {
  const { client, engine } = await connected();
  const asking = client.request("lamp/1/get", "what?", {
    contentType: "text/plain",
    userProperties: [["a", "b"]],
  });
  await turn();
  assert.deepEqual(
    engine.called("subscribe").map(([filters, options]) => [filters, (options as { qos: number }).qos]),
    [[["wasmqtt/reply/from-server"], 1]],
  );
  assert.deepEqual(published(engine), [], "not before replies can arrive");

  await grant(engine);
  const { id, ...sent } = last(engine);
  assert.deepEqual(sent, {
    topic: "lamp/1/get",
    payload: "what?",
    flags: 1,
    properties: {
      contentType: "text/plain",
      messageExpiryInterval: 30,
      responseTopic: "wasmqtt/reply/from-server",
      userProperties: ["a", "b"],
    },
  });
  assert.match(id, /^[0-9a-z]{16}$/);
  engine.complete(engine.operation, { status: 1, codes: [0] });
  reply(engine, "on", id);
  const message = await asking;
  assert.deepEqual([message.text(), message.topic], ["on", "wasmqtt/reply/from-server"]);
});

test("3.1.1: the topic carries the address, and nothing else does", async () => {
  const { client, engine } = await connected({}, V4);
  const asking = client.request("lamp/1/get", "what?", { qos: 2 });
  await turn();
  assert.deepEqual(engine.called("subscribe")[0]?.[0], ["wasmqtt/reply/from-server/+"]);
  await grant(engine);
  const { id, topic, flags, properties } = last(engine);
  assert.equal(topic, `lamp/1/get/reply-to/wasmqtt/reply/from-server/${id}`);
  assert.deepEqual([flags, properties], [2, { messageExpiryInterval: 30 }]);
  engine.message(`wasmqtt/reply/from-server/${id}`, "on", [1]);
  assert.equal((await asking).text(), "on");
});

test("requests share one subscription, and replies find theirs in any order", async () => {
  const { client, engine } = await connected();
  const asking = ["a", "b", "c"].map((topic) => client.request(topic, topic));
  await grant(engine);
  const ids = published(engine).map(({ id }) => id);
  assert.equal(new Set(ids).size, 3);
  for (const index of [2, 0, 1]) reply(engine, `reply ${index}`, ids[index] ?? "");
  const replies = await Promise.all(asking);
  assert.deepEqual(
    replies.map((message) => message.text()),
    ["reply 0", "reply 1", "reply 2"],
  );
  assert.equal(engine.called("subscribe").length, 1);
});

test("a later request asks for the subscription again, so that one the server dropped comes back", async () => {
  const { client, engine } = await connected();
  const ask = async () => {
    const asking = client.request("a", "x");
    await grant(engine);
    reply(engine, "y", last(engine).id);
    await asking;
  };
  await ask();
  await ask();
  await turn();
  assert.equal(engine.called("subscribe").length, 2);
  assert.deepEqual(engine.called("unsubscribe"), [], "it is the same filter");
});

test("the reply topic: Response Information, the option, awkward client identifiers", async () => {
  const inbox = async (options: ClientOptions, server: Partial<ServerInfo>) => {
    const { client, engine } = await connected(options, server);
    const over = new AbortController();
    client.request("a", "x", { signal: over.signal }).catch(() => {});
    await turn();
    over.abort(); // its timer would keep the process
    const [filters] = engine.called("subscribe")[0] ?? [];
    return (filters as string[])[0];
  };
  assert.equal(await inbox({}, { responseInformation: "replies/" }), "replies/from-server");
  assert.equal(await inbox({}, { responseInformation: "" }), "wasmqtt/reply/from-server");
  assert.equal(await inbox({}, { clientId: "a+b#c" }), "wasmqtt/reply/a_b_c");
  assert.equal(await inbox({ responseTopic: "mine" }, { responseInformation: "r" }), "mine");
  assert.equal(await inbox({ responseTopic: "mine" }, V4), "mine/+");
});

test("a request made before the connection learns version and identifier from it", async () => {
  const { client, engine, glue, started } = await createFake({ clientId: "" });
  speakJson(glue);
  const asking = client.request("a", "x");
  await turn();
  assert.deepEqual(engine.called("subscribe"), []);
  engine.accept({ protocolVersion: 4, clientId: "assigned" });
  await started;
  await grant(engine);
  const { topic, id } = last(engine);
  assert.equal(topic, `a/reply-to/wasmqtt/reply/assigned/${id}`);
  engine.message(`wasmqtt/reply/assigned/${id}`, "y", [1]);
  assert.equal((await asking).text(), "y");
});

test("another version after a reconnect: another reply subscription, and the old one ends", async () => {
  const { client, engine } = await connected();
  const first = client.request("a", "x");
  await grant(engine);
  reply(engine, "y", last(engine).id);
  await first;
  engine.lose(new MqttError("connection-closed"), 0);
  engine.accept(V4);
  await turn();
  const second = client.request("a", "x");
  await grant(engine);
  assert.deepEqual(
    engine.called("subscribe").map(([filters]) => filters),
    [["wasmqtt/reply/from-server"], ["wasmqtt/reply/from-server/+"]],
  );
  assert.deepEqual(engine.called("unsubscribe"), [[[1], {}]]);
  engine.message(`wasmqtt/reply/from-server/${last(engine).id}`, "z", [2]);
  assert.equal((await second).text(), "z");
});

test("a request that was published keeps waiting over a reconnect", async () => {
  const { client, engine } = await connected();
  const asking = client.request("a", "x");
  await grant(engine);
  const { id } = last(engine);
  engine.lose(new MqttError("connection-closed"), 0);
  await turn();
  engine.accept();
  await turn();
  assert.equal(published(engine).length, 1, "repeating it is the engine's business");
  reply(engine, "y", id);
  assert.equal((await asking).text(), "y");
});

test("the reply may come before the acknowledgement, whatever that says", async () => {
  const { client, engine, errors } = await connected();
  const asking = client.request("a", "x");
  await grant(engine);
  const { operation } = engine;
  reply(engine, "y", last(engine).id);
  engine.complete(operation, { status: 1, codes: [0x10] });
  assert.equal((await asking).text(), "y");
  await turn();
  assert.deepEqual(errors, []);
});

test("nobody subscribes: the acknowledgement tells, and the request need not wait", async () => {
  const { client, engine } = await connected();
  const asking = client.request("a", "x");
  await grant(engine);
  engine.complete(engine.operation, { status: 1, codes: [0x10] });
  await assert.rejects(asking, { code: "no-responder", reasonCode: 0x10, retryable: true });
});

test("replies to nobody are counted: late, repeated, foreign and without Correlation Data", async (t: TestContext) => {
  const { client, engine, errors } = await connected();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asking = client.request("a", "x", { timeout: 1500 });
  await grant(engine);
  const { id, properties } = last(engine);
  assert.equal(properties.messageExpiryInterval, 2);
  t.mock.timers.tick(1499);
  t.mock.timers.tick(1);
  await assert.rejects(asking, { code: "timeout", limit: 1500 });
  reply(engine, "late", id);
  await turn();
  assert.equal(client.stats.unmatchedReplies, 1);

  const again = client.request("a", "x");
  await grant(engine);
  const { id: other } = last(engine);
  reply(engine, "y", other);
  reply(engine, "y", other);
  reply(engine, "y", "somebody else's");
  engine.message("wasmqtt/reply/from-server", "y", [1]);
  assert.equal((await again).text(), "y");
  assert.equal(client.stats.unmatchedReplies, 4);
  assert.deepEqual(errors, []);
});

test("without a timeout of its own a request waits 30 seconds, also for a connection", async (t: TestContext) => {
  const { client } = await createFake();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asking = client.request("a", "x");
  t.mock.timers.tick(29_999);
  await turn();
  t.mock.timers.tick(1);
  await assert.rejects(asking, { code: "timeout", limit: 30_000 });
});

test("a very long timeout still makes a legal Message Expiry Interval", async () => {
  const { client, engine } = await connected();
  client.request("a", "x", { timeout: Number.MAX_SAFE_INTEGER }).catch(() => {});
  await grant(engine);
  assert.equal(last(engine).properties.messageExpiryInterval, 2 ** 32 - 1);
});

test("a signal ends the wait, and takes back what was not sent", async () => {
  const { client, engine } = await connected();
  const controller = new AbortController();
  const asking = client.request("a", "x", { signal: controller.signal });
  await grant(engine);
  const { operation } = engine;
  controller.abort("enough");
  await assert.rejects(asking, { code: "aborted", cause: "enough" });
  assert.deepEqual(engine.called("cancel"), [[operation]]);
});

test("a request given up while it waits for the subscription is never published", async () => {
  const { client, engine } = await connected();
  const controller = new AbortController();
  const asking = client.request("a", "x", { signal: controller.signal });
  await turn();
  controller.abort();
  await assert.rejects(asking, { code: "aborted" });
  await grant(engine);
  assert.deepEqual(published(engine), []);
});

test("closing and giving up end what waits", async () => {
  const closing = await connected();
  const asking = closing.client.request("a", "x");
  await grant(closing.engine);
  const ended = assert.rejects(asking, { code: "client-closed" });
  await closing.client.close();
  await ended;
  await assert.rejects(closing.client.request("a", "x"), { code: "client-closed" });

  const failing = await connected();
  const waiting = [failing.client.request("a", "x"), failing.client.request("b", "x")];
  const cause = new MqttError("session-taken-over");
  failing.engine.lose(cause);
  failing.engine.report({ kind: 8, detail: cause });
  for (const request of waiting) await assert.rejects(request, { code: "client-closed", cause });
});

test("what publish or subscribe is refused with is the answer, and the next request tries again", async () => {
  const { client, engine } = await connected();
  const denied = assert.rejects(client.request("a", "x"), { code: "rejected-by-server", reasonCode: 0x87 });
  await grant(engine, [0x87]);
  await denied;

  const refused = client.request("a", "x");
  await grant(engine);
  engine.fail(engine.operation, new MqttError("rejected-by-server", { reasonCode: 0x97 }));
  await assert.rejects(refused, { code: "rejected-by-server", reasonCode: 0x97 });
});

test("wrong arguments of a request reject", async () => {
  const { client, engine } = await connected();
  const of = (options: object) => client.request("a", "x", options);
  for (const options of [
    { responseTopic: "r" },
    { correlationData: utf8("c") },
    { retain: false },
    { qos: 3 },
  ])
    await assert.rejects(of(options), { code: "invalid-option" }, JSON.stringify(options));
  await assert.rejects(client.request(7 as never, "x"), { code: "invalid-argument" });
  await assert.rejects(of({ timeout: -1 }), { code: "invalid-argument" });
  assert.deepEqual(engine.called("subscribe"), []);
});

test("open requests are limited", async () => {
  const { client } = await connected();
  const waiting = Array.from({ length: 10_000 }, () => client.request("a", "x"));
  await assert.rejects(client.request("a", "x"), { code: "queue-full", limit: 10_000 });
  const ended = Promise.allSettled(waiting);
  await client.close();
  assert.deepEqual([...new Set((await ended).map(({ status }) => status))], ["rejected"]);
});

test("the payload is the one of the call", async () => {
  const { client, engine } = await connected();
  const bytes = utf8("before");
  const over = new AbortController();
  for (const payload of [bytes, utf8("buffer").buffer, new Blob(["blob"])]) {
    client.request("a", payload, { signal: over.signal }).catch(() => {});
  }
  bytes.set(utf8("after!"));
  await grant(engine);
  await turn();
  assert.deepEqual(
    published(engine).map(({ payload }) => payload),
    ["before", "buffer", "blob"],
  );
  over.abort(); // their timers would keep the process
});

test("with manualAck replies are acknowledged by themselves, awaited or not", async () => {
  const { client, engine } = await connected({ manualAck: true });
  const asking = client.request("a", "x");
  await grant(engine);
  const { id } = last(engine);
  const topic = "wasmqtt/reply/from-server";
  arrive(engine, topic, "y", { correlationData: id }, [1], { token: 5 });
  arrive(engine, topic, "y", { correlationData: id }, [1], { token: 6 });
  await asking;
  assert.deepEqual(engine.called("acknowledge"), [
    [5, 0],
    [6, 0],
  ]);
});
