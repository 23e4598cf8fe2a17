// The caller's mistakes: a typed error that says what to change, and not one byte on the wire.
import assert from "node:assert/strict";
import { suback } from "../../rig/packets.mjs";
import { versions } from "../support/world.mjs";

const connectFails = ({ mqtt, failure }, url, options) => failure(mqtt.connect(url, options));

const urls = [
  ["http://localhost/mqtt", "invalid-url", /ws:\/\//],
  ["https://localhost/mqtt", "invalid-url", /wss:\/\//],
  ["mqtt://localhost:1883", "invalid-url", /wss:\/\//],
  ["tcp://localhost:1883", "invalid-url", /wss:\/\//],
  ["ftp://localhost", "invalid-url", /wss:\/\//],
  ["/mqtt", "invalid-url", /absolute/],
  ["", "invalid-url", /absolute/],
  ["wss://localhost/mqtt#part", "invalid-url", /#/],
  ["wss://ada:s3cret@localhost/mqtt", "invalid-url", /username/],
  ["ws://broker.example.com/mqtt", "insecure-url", /wss:\/\//],
  ["ws://192.0.2.1/mqtt", "insecure-url", /wss:\/\//],
];

const options = [
  [{ keepalive: 10 }, /keepAlive/],
  [{ userName: "a" }, /username/],
  [{ nonsense: 1 }, /nonsense/],
  [{ keepAlive: "10" }, /keepAlive/],
  [{ keepAlive: 65_536 }, /keepAlive/],
  [{ keepAlive: -1 }, /keepAlive/],
  [{ protocolVersion: 3 }, /protocolVersion/],
  [{ clientId: 7 }, /clientId/],
  [{ clientId: "bad\u0000id" }, /clientId/],
  [{ clientId: "\ud800" }, /clientId/],
  [{ cleanStart: "yes" }, /cleanStart/],
  [{ maximumPacketSize: 1 }, /maximumPacketSize/],
  [{ receiveMaximum: 0 }, /receiveMaximum/],
  [{ subprotocols: "mqtt" }, /subprotocols/],
  [{ reconnect: { delay: 5 } }, /reconnect\.delay/],
  [{ reconnect: { factor: 0.5 } }, /factor/],
  [{ will: { payload: "no topic" } }, /will/],
  [{ will: { topic: "a/#" } }, /topic/],
  [{ will: { topic: "a", qos: 3 } }, /will\.qos/],
];

const topics = ["", "a/+/b", "#", "nul\u0000", "\ud800", "x".repeat(65_536)];
const filters = [
  "",
  "a/#/b",
  "a+/b",
  "a/b#",
  "nul\u0000",
  "\udfff",
  "$share/group",
  "$share//a",
  "x".repeat(65_536),
];

export default function (world, it) {
  for (const [url, code, hint] of urls) {
    it(`URL ${url || '""'}`, async () => {
      const error = await world.page.run(connectFails, url, {});
      assert.equal(error.name, "MqttError");
      assert.equal(error.code, code);
      assert.equal(error.retryable, false);
      assert.match(error.message, hint);
      assert.ok(!JSON.stringify(error).includes("s3cret"), "no error may show a password");
    });
  }

  for (const [wrong, pattern] of options) {
    it(`option ${JSON.stringify(wrong)}`, async (t) => {
      const fake = await world.fakeBroker(t, () => {});
      const error = await world.page.run(connectFails, fake.url, wrong);
      assert.match(error.code, /^(invalid-option|invalid-topic|unsupported-in-version)$/);
      assert.match(error.message, pattern);
      assert.equal(fake.connections.length, 0, "nothing may be dialled");
    });
  }

  for (const version of versions) {
    it(`v${version}: wrong topics, filters, payloads and options reject and stay off the wire`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection) => {
        await connection.accept();
        connection.asked = await connection.next("PINGREQ");
        connection.send("d0 00");
      });
      await world.connect({ protocolVersion: version }, fake.url);
      const codes = await world.page.run(
        async ({ state, failure }, topics, filters) => {
          const { client } = state;
          const code = async (promise) => (await failure(promise)).code;
          const codes = { topics: [], filters: [] };
          for (const topic of topics) codes.topics.push(await code(client.publish(topic, "x", { qos: 1 })));
          for (const filter of filters) codes.filters.push(await code(client.subscribe(filter)));
          codes.payload = await code(client.publish("a", { on: true }));
          codes.number = await code(client.publish("a", 5));
          codes.surrogate = await code(client.publish("a", "\ud800"));
          codes.qos = await code(client.publish("a", "x", { qos: 3 }));
          codes.option = await code(client.publish("a", "x", { quality: 1 }));
          codes.handler = await code(client.subscribe("a", {}, "not a function"));
          codes.topicType = await code(client.publish(7, "x"));
          await client.ping();
          return codes;
        },
        topics,
        filters,
      );
      assert.deepEqual([...new Set(codes.topics)], ["invalid-topic"]);
      assert.deepEqual([...new Set(codes.filters)], ["invalid-filter"]);
      const { payload, number, surrogate, qos, option, handler, topicType } = codes;
      const of = { payload, number, surrogate, handler, topicType };
      for (const [name, code] of Object.entries(of)) assert.equal(code, "invalid-argument", name);
      assert.deepEqual([qos, option], ["invalid-option", "invalid-option"]);
      assert.deepEqual(fake.connections[0].names(), ["CONNECT", "PINGREQ"]);
    });
  }

  it("v4: a password without a user name never leaves", async (t) => {
    const fake = await world.fakeBroker(t, (connection) => connection.next());
    const options = { protocolVersion: 4, password: "s3cret", reconnect: false };
    const error = await world.page.run(connectFails, fake.url, options);
    assert.match(error.code, /^(invalid-option|unsupported-in-version)$/);
    assert.match(error.message, /password|username/);
    assert.equal(fake.connections.flatMap(({ packets }) => packets).length, 0);
  });

  it("v4: properties of 5.0 are refused, not dropped", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      const level = await connection.accept();
      const { body } = await connection.next("SUBSCRIBE");
      connection.send(suback(level, body.readUInt16BE(0), [0]));
      await connection.next("UNSUBSCRIBE");
    });
    await world.connect({ protocolVersion: 4 }, fake.url);
    const codes = await world.page.run(async ({ state, failure }) => {
      const userProperties = [["why", "because"]];
      const refused = [
        await failure(state.client.publish("a", "x", { contentType: "text/plain" })),
        await failure(state.client.subscribe("a", { noLocal: true })),
        await failure(state.client.subscribe("a", { userProperties })),
      ];
      const subscription = await state.client.subscribe("a");
      refused.push(await failure(subscription.unsubscribe({ userProperties })));
      return refused.map(({ code }) => code);
    });
    assert.deepEqual([...new Set(codes)], ["unsupported-in-version"]);
    await fake.connections[0].completed;
    assert.deepEqual(fake.connections[0].names(), ["CONNECT", "SUBSCRIBE", "UNSUBSCRIBE"]);
  });
}
