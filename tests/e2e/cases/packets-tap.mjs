// The packet tap: what a page sees of its packets, with a real broker at the other end.
import assert from "node:assert/strict";
import { versions } from "../support/world.mjs";

const SECRETS = ["user-name", "pass-word", "the-payload", "the-will", "the-correlation"];

export default function (world, it) {
  for (const version of versions) {
    it(`v${version}: connect, subscribe and QoS 2 both ways, packet by packet`, async () => {
      const topic = world.topic();
      const { packets, bytes } = await world.page.run(
        async ({ mqtt, inbox }, url, topic, version) => {
          const { createInspector } = await import("/pkg/inspect.js");
          const inspect = createInspector();
          const client = mqtt.createClient(url, {
            protocolVersion: version,
            keepAlive: 0,
            username: "user-name",
            password: "pass-word",
            will: { topic: `${topic}/will`, payload: "the-will" },
          });
          const packets = [];
          client.on("packet", (packet) => {
            packets.push({ ...inspect(packet), text: new TextDecoder().decode(packet.head) });
          });
          await client.start();
          const box = inbox();
          await client.subscribe(topic, { qos: 2 }, box.handler);
          const properties =
            version === 5 ? { correlationData: new TextEncoder().encode("the-correlation") } : {};
          await client.publish(topic, "the-payload", { qos: 2, ...properties });
          await box.received(1);
          // Nothing of the exchange is left when its last packet has passed.
          while (packets.filter(({ type }) => type === "PUBCOMP").length < 2) {
            await new Promise((resolve) => client.on("packet", resolve));
          }
          const ping = client.ping();
          await ping;
          await client.close();
          return { packets, bytes: client.stats };
        },
        `${world.gateway.wss}/mqtt`,
        topic,
        version,
      );

      const of = (direction) => packets.filter((packet) => packet.direction === direction);
      const types = (list) => list.map(({ type }) => type);
      // Each side in its own order: how the two interleave is the broker's choice.
      const sorted = (list) => [...list].sort();
      const sent = types(of("sent"));
      assert.deepEqual(
        sorted(sent),
        sorted("CONNECT SUBSCRIBE PUBLISH PUBREL PUBREC PUBCOMP PINGREQ DISCONNECT".split(" ")),
      );
      assert.deepEqual(sent.slice(0, 3), ["CONNECT", "SUBSCRIBE", "PUBLISH"]);
      assert.deepEqual(sent.slice(-2), ["PINGREQ", "DISCONNECT"]);
      const received = types(of("received"));
      assert.deepEqual(
        sorted(received),
        sorted("CONNACK SUBACK PUBREC PUBCOMP PUBLISH PUBREL PINGRESP".split(" ")),
      );
      assert.deepEqual(types(packets).slice(0, 5), ["CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK", "PUBLISH"]);

      const sum = (list) => list.reduce((total, { size }) => total + size, 0);
      assert.deepEqual([sum(of("sent")), sum(of("received"))], [bytes.bytesSent, bytes.bytesReceived]);

      const [connect, connack, subscribe] = packets;
      assert.equal(connect.protocolVersion, version);
      assert.deepEqual(
        [connect.hasUsername, connect.hasPassword, connect.will],
        [true, true, { qos: 0, retain: false }],
      );
      assert.deepEqual([connack.reasonCode, connack.sessionPresent], [0, false]);
      assert.deepEqual(
        subscribe.filters.map(({ filter, qos }) => [filter, qos]),
        [[topic, 2]],
      );
      for (const direction of ["sent", "received"]) {
        const publish = of(direction).find(({ type }) => type === "PUBLISH");
        assert.deepEqual(
          [publish.topic, publish.qos, publish.payloadLength],
          [topic, 2, "the-payload".length],
        );
        if (version === 5)
          assert.deepEqual(publish.properties.correlationData, { hiddenBytes: "the-correlation".length });
      }
      assert.ok(packets.every(({ incomplete }) => !incomplete));
      const everything = JSON.stringify(packets);
      for (const secret of SECRETS) assert.ok(!everything.includes(secret), `${secret} is shown`);
    });
  }
}
