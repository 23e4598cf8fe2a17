import assert from "node:assert/strict";
import { test } from "node:test";
import { MqttError } from "../../js/src/errors.js";
import type { Message } from "../../js/src/message.js";
import type { ClientOptions } from "../../js/src/options.js";
import type { ServerInfo } from "../../js/src/types.js";
import { connectFake, turn } from "./support/fake.js";
import { arrive, connected, grant, last, published, utf8, V4 } from "./support/requests.js";

async function responding(
  handler: (request: Message) => unknown,
  {
    filter = "lamp/+",
    options = {},
    client: of = {} as ClientOptions,
    server = {} as Partial<ServerInfo>,
  } = {},
) {
  const fake = await connected(of, server);
  const subscribing = fake.client.respond(filter, handler as never, options);
  const filters = fake.engine.called("subscribe")[0]?.[0] as string[];
  await grant(
    fake.engine,
    filters.map(() => 1),
  );
  return { ...fake, filters, subscription: await subscribing };
}

test("a reply goes to the Response Topic with the Correlation Data, and takes nothing else along", async () => {
  const seen: unknown[] = [];
  const { engine, filters, errors } = await responding((request) => {
    seen.push([request.topic, request.text(), request.params]);
    return "on";
  });
  assert.deepEqual(filters, ["lamp/+", "lamp/+/reply-to/#"]);
  assert.equal((engine.called("subscribe")[0]?.[1] as { qos: number } | undefined)?.qos, 1);
  const properties = {
    responseTopic: "r/1",
    correlationData: "c",
    subscriptionIdentifiers: [1],
    userProperties: [["a", "b"]],
    contentType: "text/plain",
    messageExpiryInterval: 3,
  };
  arrive(engine, "lamp/1", "what?", properties, [1], { flags: 2 });
  await turn();
  assert.deepEqual(seen, [["lamp/1", "what?", ["1"]]]);
  assert.deepEqual(published(engine), [{ topic: "r/1", payload: "on", flags: 1, properties: {}, id: "c" }]);
  assert.deepEqual(errors, []);
});

test("a reply may be a promise, and have options", async () => {
  const options = { qos: 0, contentType: "application/json", messageExpiryInterval: 5 };
  const { engine } = await responding(async () => ({ payload: "{}", options }));
  arrive(engine, "lamp/1", "", { responseTopic: "r/1" }, [1]);
  await turn();
  const [sent] = published(engine);
  assert.deepEqual([sent?.payload, sent?.flags], ["{}", 0]);
  assert.deepEqual(sent?.properties, { contentType: "application/json", messageExpiryInterval: 5 });
});

test("every kind of payload is a reply", async () => {
  const replies = [
    "text",
    utf8("bytes"),
    utf8("buffer").buffer,
    new Blob(["blob"]),
    { payload: utf8("object") },
    "",
  ];
  const expected = ["text", "bytes", "buffer", "blob", "object", ""];
  const { engine, errors } = await responding(() => replies.shift());
  for (const payload of expected) {
    arrive(engine, "lamp/1", "", { responseTopic: "r" }, [1]);
    await turn();
    assert.equal(last(engine).payload, payload);
  }
  assert.deepEqual(errors, []);
});

for (const server of [{}, V4]) {
  test(`${server === V4 ? "3.1.1" : "5.0"}: a request of 3.1.1 is seen on its own topic and answered on its own`, async () => {
    const cases: [filter: string, topic: string, seen: [string, string[]], replyTopic: string][] = [
      ["lamp/+", "lamp/1/reply-to/r/ada/7", ["lamp/1", ["1"]], "r/ada/7"],
      ["lamp/+", "lamp/1/reply-to/r/reply-to/7", ["lamp/1", ["1"]], "r/reply-to/7"],
      ["lamp/+", "lamp/reply-to/reply-to/r", ["lamp/reply-to", ["reply-to"]], "r"],
      ["lamp/#", "lamp/a/b/reply-to/r/7", ["lamp/a/b", ["a/b"]], "r/7"],
      ["lamp/#", "lamp/reply-to/r", ["lamp", [""]], "r"],
      ["#", "lamp/reply-to/r", ["lamp", ["lamp"]], "r"],
      ["#", "reply-to/reply-to/r", ["reply-to", ["reply-to"]], "r"],
      ["$share/group/lamp/+", "lamp/1/reply-to/r", ["lamp/1", ["1"]], "r"],
      ["$share/group/lamp/#", "lamp/1/reply-to/r", ["lamp/1", ["1"]], "r"],
      ["$share/group/#", "lamp/reply-to/r", ["lamp", ["lamp"]], "r"],
    ];
    for (const [filter, topic, expected, replyTopic] of cases) {
      let seen: unknown;
      const handler = ({ topic, params }: Message) => {
        seen = [topic, params];
        return "y";
      };
      const { engine, filters, errors } = await responding(handler, { filter, server });
      assert.equal(filters.length, filter.endsWith("#") ? 1 : 2, "no filter that another one covers");
      engine.message(topic, "x", [filters.length]);
      await turn();
      assert.deepEqual(seen, expected, `${filter} ${topic}`);
      const { id, ...sent } = last(engine);
      assert.deepEqual(
        sent,
        { topic: replyTopic, payload: "y", flags: 1, properties: {} },
        `${filter} ${topic}`,
      );
      assert.deepEqual(errors, []);
    }
  });
}

test("a Response Topic counts more than the topic", async () => {
  const { engine } = await responding(({ topic }) => topic, { filter: "#" });
  arrive(engine, "a/reply-to/b", "", { responseTopic: "r" }, [1]);
  await turn();
  assert.deepEqual([last(engine).topic, last(engine).payload], ["r", "a/reply-to/b"]);
});

test("requests without an address are told of and reach no handler", async () => {
  for (const [filter, topic] of [
    ["lamp/+", "lamp/1"],
    ["lamp/+", "lamp/1/reply-to"],
    ["lamp/+", "lamp/1/reply-to/"],
    ["lamp/#", "lamp"],
    ["#", "reply-to/r"],
    ["+/+/#", "a/reply-to/b"],
  ] as const) {
    const { engine, errors } = await responding(() => assert.fail("no handler"), { filter });
    engine.message(topic, "x", [1]);
    await turn();
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["invalid-topic"],
      `${filter} ${topic}`,
    );
    assert.deepEqual(published(engine), []);
  }
});

test("a Response Topic that the engine refuses is told of", async () => {
  const { engine, errors } = await responding(() => "y");
  const refusal = new MqttError("invalid-topic", { offset: 2 });
  engine.throws.publish = refusal;
  arrive(engine, "lamp/1", "x", { responseTopic: "r/#" }, [1]);
  await turn();
  assert.deepEqual(errors, [refusal]);
});

test("handlers that fail, and replies that are none, are told of; others go on", async () => {
  const cause = new Error("on purpose");
  const outcomes = [
    () => {
      throw cause;
    },
    () => Promise.reject(cause),
    () => undefined,
    () => null,
    () => ({ on: true }),
    () => ({ payload: "y", options: { retain: true } }),
    () => "fine",
  ];
  const { engine, errors } = await responding(() => outcomes.shift()?.());
  while (outcomes.length > 0) {
    arrive(engine, "lamp/1", "x", { responseTopic: "r" }, [1]);
    await turn();
  }
  assert.deepEqual(
    errors.map(({ code }) => code),
    [
      "handler-failed",
      "handler-failed",
      "invalid-argument",
      "handler-failed",
      "invalid-argument",
      "invalid-option",
    ],
  );
  assert.deepEqual([errors[0]?.cause, errors[1]?.cause], [cause, cause]);
  assert.deepEqual(
    published(engine).map(({ payload }) => payload),
    ["fine"],
  );
});

test("a reply that the server refuses is told of, one that closing cut off is not", async () => {
  const { client, engine, errors } = await responding(() => "y");
  arrive(engine, "lamp/1", "x", { responseTopic: "r" }, [1]);
  await turn();
  engine.fail(engine.operation, new MqttError("rejected-by-server", { reasonCode: 0x87 }));
  await turn();
  assert.deepEqual(
    errors.map(({ code }) => code),
    ["rejected-by-server"],
  );
  arrive(engine, "lamp/1", "x", { responseTopic: "r" }, [1]);
  await turn();
  await client.close();
  await turn();
  assert.equal(errors.length, 1);
});

test("retained messages are not answered", async () => {
  const { engine, errors } = await responding(() => assert.fail("no handler"));
  arrive(engine, "lamp/1", "x", { responseTopic: "r" }, [1], { flags: 4 });
  await turn();
  assert.deepEqual([errors, published(engine)], [[], []]);
});

test("with manualAck a request is acknowledged after its reply, answered or not", async () => {
  const { engine } = await responding(() => "y", { client: { manualAck: true } });
  arrive(engine, "lamp/1", "x", { responseTopic: "r" }, [1], { token: 5 });
  await turn();
  assert.deepEqual(engine.called("acknowledge"), []);
  engine.complete(engine.operation, { status: 1, codes: [0] });
  await turn();
  engine.message("lamp/1", "nowhere to reply", [1], { token: 6 });
  await turn();
  assert.deepEqual(engine.called("acknowledge"), [
    [5, 0],
    [6, 0],
  ]);
});

test("options and arguments of respond", async () => {
  const { engine, filters, subscription } = await responding(() => "y", {
    options: { topicRequests: false, qos: 2, userProperties: [["a", "b"]] },
  });
  assert.deepEqual(filters, ["lamp/+"]);
  const [, raw] = engine.called("subscribe")[0] ?? [];
  const { qos, userProperties } = raw as { qos: number; userProperties: string[] };
  assert.deepEqual([qos, userProperties], [2, ["a", "b"]]);
  subscription.unsubscribe().catch(() => {});
  await turn();
  assert.deepEqual(engine.called("unsubscribe"), [[[1], {}]]);

  const { client } = await connectFake();
  await assert.rejects(
    client.respond(["a"] as never, () => ""),
    { code: "invalid-argument" },
  );
  await assert.rejects(client.respond("a", "handler" as never), { code: "invalid-argument" });
  await assert.rejects(
    client.respond("a", () => "", { noLokal: true } as never),
    { code: "invalid-option" },
  );
});
