// Limits that one side announces and the other keeps.

const versions = [5];
const endpoint = "limited";

export const limits = [
  {
    id: "server-receive-maximum",
    title: "Receive Maximum of the server, kept by the client",
    versions,
    endpoint,
    async run(t) {
      const client = await t.connect();
      t.hope(client.server.receiveMaximum < 65_535, "CONNACK: none");
      const topic = t.name("topic");
      const many = Array.from({ length: 50 }, (_, n) => client.publish(topic, `${n}`, { qos: 1 }));
      await t.bounded(Promise.all(many), "50 acknowledgements");
    },
  },
  {
    id: "server-maximum-packet-size",
    title: "Maximum Packet Size of the server, kept by the client",
    versions,
    endpoint,
    async run(t) {
      const client = await t.connect();
      const limit = client.server.maximumPacketSize;
      t.hope(limit !== undefined, "CONNACK: none");
      const error = await t.error(client.publish(t.name("topic"), "x".repeat(limit), { qos: 1 }));
      t.hope(error?.code === "packet-too-large", error ? t.say(error) : "accepts more");
      await client.ping({ timeout: 5000 });
    },
  },
  ...[
    ["server-maximum-qos", "Maximum QoS", ({ maximumQos }) => maximumQos === 2, { qos: 2 }],
    [
      "server-retain-available",
      "Retain Available",
      ({ retainAvailable }) => retainAvailable,
      { qos: 1, retain: true },
    ],
  ].map(([id, name, unlimited, beyond]) => ({
    id,
    title: `${name} of the server, kept by the client`,
    versions,
    endpoint,
    async run(t) {
      const client = await t.connect();
      t.hope(!unlimited(client.server), "CONNACK: no limit");
      const error = await t.error(client.publish(t.name("topic"), "x", beyond));
      t.hope(error?.code === "not-supported-by-server", error ? t.say(error) : "accepts more");
      await client.ping({ timeout: 5000 });
    },
  })),
  {
    id: "server-keep-alive",
    title: "Server Keep Alive",
    versions,
    endpoint,
    async run(t) {
      const client = await t.connect({ keepAlive: 60 });
      const { serverKeepAlive, keepAlive } = client.server;
      t.hope(serverKeepAlive !== undefined, "CONNACK: none");
      t.hope(serverKeepAlive === 30 && keepAlive === 30, `CONNACK: ${serverKeepAlive}`);
    },
  },
  {
    id: "response-information",
    title: "Response Information",
    versions,
    endpoint,
    async run(t) {
      const client = await t.connect({ properties: { requestResponseInformation: true } });
      t.hope(client.server.responseInformation, "CONNACK: none");
    },
  },
  {
    id: "client-receive-maximum",
    title: "Receive Maximum 1 of the client, kept by the server",
    versions,
    async run(t) {
      const publisher = await t.connect();
      const subscriber = await t.connect({ receiveMaximum: 1, manualAck: true });
      const topic = t.name("topic");
      const box = await t.subscribe(subscriber, topic, { qos: 1 });
      const end = await t.subscribe(subscriber, `${topic}/end`, { qos: 0 });
      for (const text of ["1", "2", "3"]) await publisher.publish(topic, text, { qos: 1 });
      await box.received(1);
      await publisher.publish(`${topic}/end`, "end");
      // QoS 0 is not counted; a broker may still keep its order and hold it back behind what waits.
      await Promise.race([end.received(1), t.seconds(2)]);
      t.hope(box.messages.length === 1, `sends ${box.messages.length} at once`);
      for (let n = 0; n < 3; n++) (await box.received(n + 1))[n].ack();
    },
  },
  {
    id: "client-maximum-packet-size",
    title: "Maximum Packet Size of the client, kept by the server",
    versions,
    async run(t) {
      const publisher = await t.connect();
      const subscriber = await t.connect({ maximumPacketSize: 1024 });
      const topic = t.name("topic");
      const box = await t.subscribe(subscriber, topic, { qos: 1 });
      await publisher.publish(topic, "x".repeat(4096), { qos: 1 });
      await publisher.publish(topic, "small", { qos: 1 });
      const ended = subscriber.closed.then((error) => t.hope(!error, `sends more: ${error && t.say(error)}`));
      const first = await Promise.race([box.received(1), ended]);
      t.hope(first?.[0].text() === "small", "delivers more than the client takes");
    },
  },
];
