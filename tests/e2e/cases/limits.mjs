// What the server granted in CONNACK: shown in `client.server`, kept by the client before anything is sent.
import assert from "node:assert/strict";
import { ack, connack, levelOf, readPublish } from "../../rig/packets.mjs";
import { versions } from "../support/world.mjs";

const text = (value) => [0, value.length, ...Buffer.from(value)];
const all = [
  ...[0x11, 0, 0, 0, 60], // Session Expiry Interval
  ...[0x12, ...text("given")],
  ...[0x13, 0, 10], // Server Keep Alive
  ...[0x1a, ...text("info")], // Response Information
  ...[0x1c, ...text("other")], // Server Reference
  ...[0x1f, ...text("hello")], // Reason String
  ...[0x21, 0, 5], // Receive Maximum
  ...[0x22, 0, 3], // Topic Alias Maximum
  ...[0x24, 1], // Maximum QoS
  ...[0x25, 0], // Retain Available
  ...[0x26, ...text("k"), ...text("v")], // User Property
  ...[0x27, 0, 0, 0, 100], // Maximum Packet Size
  ...[0x28, 0], // Wildcard Subscription Available
  ...[0x29, 0], // Subscription Identifiers Available
  ...[0x2a, 0], // Shared Subscription Available
];

export default function (world, it) {
  it("v5: every limit is shown", async (t) => {
    const fake = await world.fakeBroker(t, (connection) => connection.accept({ properties: all }));
    const server = await world.connect({ protocolVersion: 5, clientId: "" }, fake.url);
    assert.deepEqual(server, {
      subprotocol: "mqtt",
      protocolVersion: 5,
      sessionPresent: false,
      clientId: "given",
      assignedClientIdentifier: "given",
      keepAlive: 10,
      serverKeepAlive: 10,
      sessionExpiryInterval: 60,
      responseInformation: "info",
      serverReference: "other",
      reasonString: "hello",
      receiveMaximum: 5,
      topicAliasMaximum: 3,
      maximumQos: 1,
      retainAvailable: false,
      userProperties: [["k", "v"]],
      maximumPacketSize: 100,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
    });
  });

  for (const version of versions) {
    it(`v${version}: what Mosquitto grants`, async () => {
      const server = await world.connect({ protocolVersion: version, clientId: `limits-${version}` });
      const { protocolVersion, clientId, keepAlive, maximumQos, retainAvailable, topicAliasMaximum } = server;
      assert.deepEqual(
        { protocolVersion, clientId, keepAlive, maximumQos, retainAvailable, topicAliasMaximum },
        {
          protocolVersion: version,
          clientId: `limits-${version}`,
          keepAlive: 45,
          maximumQos: 2,
          retainAvailable: true,
          topicAliasMaximum: version === 5 ? 10 : 0,
        },
      );
    });
  }

  it("v5: what the server cannot do is refused here, and stays off the wire", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.accept({ properties: all });
      await connection.next("PINGREQ");
      connection.send("d0 00");
    });
    await world.connect({ protocolVersion: 5 }, fake.url);
    const errors = await world.page.run(async ({ state, failure }) => {
      const { client } = state;
      const errors = {
        qos: await failure(client.publish("a", "x", { qos: 2 })),
        retain: await failure(client.publish("a", "x", { retain: true })),
        size: await failure(client.publish("a", "x".repeat(100), { qos: 1 })),
        wildcard: await failure(client.subscribe("a/+")),
        shared: await failure(client.subscribe("$share/g/a")),
      };
      await client.ping();
      return errors;
    });
    const codes = Object.fromEntries(Object.entries(errors).map(([name, { code }]) => [name, code]));
    const refused = "not-supported-by-server";
    assert.deepEqual(codes, {
      qos: refused,
      retain: refused,
      size: "packet-too-large",
      wildcard: refused,
      shared: refused,
    });
    assert.deepEqual(fake.connections[0].names(), ["CONNECT", "PINGREQ"]);
  });

  it("v5: Receive Maximum holds messages back until others are acknowledged", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.accept({ properties: [0x21, 0, 2] });
      const published = async () => readPublish(await connection.next("PUBLISH"), 5).id;
      const ids = [await published(), await published()];
      await connection.next("PINGREQ"); // sent after all publishes were asked for, yet nothing stands before it
      connection.send("d0 00");
      for (let n = 0; n < 4; n++) {
        connection.send(ack("PUBACK", ids.shift()));
        ids.push(await published());
      }
      for (const id of ids) connection.send(ack("PUBACK", id));
    });
    await world.connect({ protocolVersion: 5 }, fake.url);
    const results = await world.page.run(async ({ state }) => {
      const calls = [1, 2, 3, 4, 5, 6].map((n) => state.client.publish("a", `${n}`, { qos: 1 }));
      await state.client.ping();
      return Promise.all(calls);
    });
    assert.equal(results.length, 6);
  });

  it("v5: Server Keep Alive makes the client ping", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      const level = levelOf(await connection.next("CONNECT"));
      connection.send(connack(level, { properties: [0x13, 0, 1] }));
      for (let n = 0; n < 2; n++) {
        await connection.next("PINGREQ");
        connection.send("d0 00");
      }
      connection.pinged = true;
      connection.close(1000);
    });
    await world.page.run(async ({ mqtt, bounded }, url) => {
      const client = await mqtt.connect(url, { protocolVersion: 5, keepAlive: 600, reconnect: false });
      await bounded(client.closed, "the end");
    }, fake.url);
    assert.equal(fake.connections[0].pinged, true);
  });
}
