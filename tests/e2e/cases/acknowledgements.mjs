// What the server waits for: every message is acknowledged once, with its identifier, in the order it came.
import assert from "node:assert/strict";
import { ack, publish, suback } from "../../rig/packets.mjs";
import { versions } from "../support/world.mjs";

const COUNT = 20;
const ids = Array.from({ length: COUNT }, (_, n) => 100 + n);
const idOf = ({ body }) => body.readUInt16BE(0);

export default function (world, it) {
  const subscribed = async (connection, qos) => {
    const level = await connection.accept();
    connection.send(suback(level, idOf(await connection.next("SUBSCRIBE")), [qos]));
    return level;
  };
  const receive = (options) =>
    world.page.run(
      async ({ state, inbox }, qos, count) => {
        const box = inbox((message) => message.text());
        await state.client.subscribe("a", { qos }, box.handler);
        return box.received(count);
      },
      options.qos,
      COUNT,
    );

  for (const version of versions) {
    it(`v${version}: QoS 1 gets a PUBACK each`, async (t) => {
      const acknowledged = [];
      const fake = await world.fakeBroker(t, async (connection) => {
        const level = await subscribed(connection, 1);
        for (const id of ids) connection.send(publish(level, "a", `${id}`, { qos: 1, id }));
        while (acknowledged.length < COUNT) acknowledged.push(idOf(await connection.next("PUBACK")));
      });
      await world.connect({ protocolVersion: version }, fake.url);
      const texts = await receive({ qos: 1 });
      await (await fake.connection(0)).completed;
      assert.deepEqual(texts, ids.map(String));
      assert.deepEqual(acknowledged, ids);
    });

    it(`v${version}: QoS 2 gets a PUBREC and, after PUBREL, a PUBCOMP each`, async (t) => {
      const [received, completed] = [[], []];
      const fake = await world.fakeBroker(t, async (connection) => {
        const level = await subscribed(connection, 2);
        for (const id of ids) connection.send(publish(level, "a", `${id}`, { qos: 2, id }));
        while (received.length < COUNT) received.push(idOf(await connection.next("PUBREC")));
        for (const id of ids) connection.send(ack("PUBREL", id));
        while (completed.length < COUNT) completed.push(idOf(await connection.next("PUBCOMP")));
      });
      await world.connect({ protocolVersion: version }, fake.url);
      const texts = await receive({ qos: 2 });
      await (await fake.connection(0)).completed;
      assert.deepEqual(texts, ids.map(String));
      assert.deepEqual([received, completed], [ids, ids]);
    });
  }

  for (const qos of [1, 2]) {
    it(`v5: with Receive Maximum 1 the broker sends QoS ${qos} one by one, to the end`, async () => {
      const topic = world.topic();
      await world.connect({ protocolVersion: 5, receiveMaximum: 1 });
      await world.page.run(
        async ({ state, inbox }, topic, qos) => {
          state.inbox = inbox((message) => message.text());
          await state.client.subscribe(topic, { qos }, state.inbox.handler);
        },
        topic,
        qos,
      );
      await world.publishLines(5, topic, ids, { qos });
      const texts = await world.page.run(({ state }, count) => state.inbox.received(count), COUNT);
      assert.deepEqual(texts, ids.map(String));
    });
  }
}
