// What travels with a message in MQTT 5.0.

const versions = [5];
const long = "a-topic-of-some-length-".repeat(8); // 184 bytes in one level, because some brokers limit those

/** Publishes `count` messages to one long topic; resolves with both clients, and the bytes of topics in all of them. */
async function repeatTopic(t, count) {
  const [publisher, subscriber] = await t.pair();
  const topic = `${long}${t.name("topic")}`;
  const box = await t.subscribe(subscriber, topic, { qos: 1 });
  for (let n = 0; n < count; n++) await publisher.publish(topic, `${n}`, { qos: 1 });
  const messages = await box.received(count);
  t.hope(
    messages.every((message, n) => message.topic === topic && message.text() === `${n}`),
    "mixes up topics",
  );
  return { publisher, subscriber, bytes: topic.length * count };
}

export const properties = [
  {
    id: "topic-alias-to-server",
    title: "Topic aliases, client to server",
    versions,
    async run(t) {
      const { publisher, bytes } = await repeatTopic(t, 20);
      t.hope(publisher.server.topicAliasMaximum > 0, "CONNACK: Topic Alias Maximum 0");
      t.hope(publisher.stats.bytesSent < bytes / 2, "makes the client send every topic in full");
    },
  },
  {
    id: "topic-alias-to-client",
    title: "Topic aliases, server to client",
    versions,
    async run(t) {
      const { subscriber, bytes } = await repeatTopic(t, 20);
      t.hope(subscriber.stats.bytesReceived < bytes / 2, "sends every topic in full");
    },
  },
  {
    id: "message-expiry",
    title: "Message Expiry Interval: dropped, or counted down",
    versions,
    async run(t) {
      const publisher = await t.connect();
      const [clientId, topic] = [t.name("client"), t.name("topic")];
      const before = await t.fragile(t.kept(clientId));
      await before.subscribe(topic, { qos: 1 });
      await t.cut();
      await publisher.publish(topic, "short", { qos: 1, messageExpiryInterval: 1 });
      await publisher.publish(topic, "long", { qos: 1, messageExpiryInterval: 1000 });
      await t.seconds(3);
      const { box } = await t.resume(t.kept(clientId));
      const [message] = await box.received(1);
      t.hope(message.text() === "long", "delivers an expired message");
      const left = message.properties.messageExpiryInterval;
      t.hope(left !== undefined, "leaves the interval out");
      t.hope(left < 1000, "does not count the interval down");
    },
  },
  {
    id: "user-properties",
    title: "User properties in order, also repeated names",
    versions,
    async run(t) {
      const [publisher, subscriber] = await t.pair();
      const topic = t.name("topic");
      const box = await t.subscribe(subscriber, topic, { qos: 1 });
      const sent = [
        ["b", "1"],
        ["a", "2"],
        ["b", "3"],
        ["ä", ""],
      ];
      await publisher.publish(topic, "", { qos: 1, userProperties: sent });
      const [{ properties }] = await box.received(1);
      const names = new Set(sent.map(([name]) => name));
      // A broker may add properties of its own.
      const got = (properties.userProperties ?? []).filter(([name]) => names.has(name));
      t.hope(JSON.stringify(got) === JSON.stringify(sent), `delivers ${JSON.stringify(got)}`);
    },
  },
  {
    id: "request-response",
    title: "Request and response: Response Topic, Correlation Data, Content Type, Payload Format",
    versions,
    async run(t) {
      const [requester, responder] = await t.pair();
      const [questions, responseTopic] = [t.name("questions"), t.name("answers")];
      const asked = await t.subscribe(responder, questions, { qos: 1 });
      const answered = await t.subscribe(requester, responseTopic, { qos: 1 });
      const correlationData = Uint8Array.of(0, 255, 1);
      const format = { contentType: "text/plain", payloadFormatIndicator: true };
      await requester.publish(questions, "?", { qos: 1, responseTopic, correlationData, ...format });
      const [question] = await asked.received(1);
      const { properties } = question;
      t.hope(properties.responseTopic === responseTopic, "changes the Response Topic");
      await responder.publish(properties.responseTopic, "!", {
        qos: 1,
        correlationData: properties.correlationData,
      });
      const [answer] = await answered.received(1);
      t.hope(`${answer.properties.correlationData}` === "0,255,1", "changes the Correlation Data");
      t.hope(properties.contentType === "text/plain", "changes the Content Type");
      t.hope(properties.payloadFormatIndicator === true, "changes the Payload Format Indicator");
    },
  },
  {
    id: "no-matching-subscribers",
    title: "PUBACK 0x10 when nobody subscribes",
    versions,
    async run(t) {
      const publisher = await t.connect();
      const { reasonCode } = await publisher.publish(t.name("topic"), "", { qos: 1 });
      t.hope(reasonCode === 0x10, "PUBACK 0x00");
    },
  },
];
