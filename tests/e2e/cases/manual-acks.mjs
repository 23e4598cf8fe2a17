// The application acknowledges: nothing leaves before it says so, and what it leaves open comes again.
import assert from "node:assert/strict";
import { ack, publish, suback } from "../../rig/packets.mjs";
import { keepSession, promptly, versions } from "../support/world.mjs";

const PAYLOAD_FORMAT_INVALID = 0x99;
const idOf = ({ body }) => body.readUInt16BE(0);

/** Accepts the client and its one subscription; resolves with the protocol level. */
async function subscribed(connection, options) {
  const level = await connection.accept(options);
  connection.send(suback(level, idOf(await connection.next("SUBSCRIBE")), [2]));
  return level;
}

/** Subscribes in the page and resolves when `count` messages wait in `state.messages` for their acknowledgement. */
const waitFor = (world, topic, count) =>
  world.page.run(
    async ({ state, inbox }, topic, count) => {
      const box = inbox((message) => message);
      state.box = box;
      state.messages = box.messages;
      await state.client.subscribe(topic, { qos: 2 }, box.handler);
      await box.received(count);
    },
    topic,
    count,
  );

export default function (world, it) {
  for (const version of versions) {
    it(`v${version}: acknowledgements leave in the order the messages came`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection) => {
        const level = await subscribed(connection);
        for (const id of [5, 6, 7]) connection.send(publish(level, "a", `${id}`, { qos: 1, id }));
        connection.send(publish(level, "a", "8", { qos: 2, id: 8 }));
        await connection.next("PINGREQ"); // sent after three acknowledgements were asked for, yet none stands before it
        connection.send("d0 00");
        for (const id of [5, 6, 7]) assert.equal(idOf(await connection.next("PUBACK")), id);
        assert.equal(idOf(await connection.next("PUBREC")), 8);
        connection.send(ack("PUBREL", 8));
        assert.equal(idOf(await connection.next("PUBCOMP")), 8);
      });
      await world.connect({ protocolVersion: version, manualAck: true }, fake.url);
      await waitFor(world, "a", 4);
      await world.page.run(async ({ state }) => {
        const [first, ...others] = state.messages;
        for (const message of others.reverse()) message.ack();
        await state.client.ping();
        first.ack();
      });
      await (await fake.connection(0)).completed;
    });

    it(`v${version}: a refused message`, async (t) => {
      const answers = [];
      const fake = await world.fakeBroker(t, async (connection) => {
        const level = await subscribed(connection);
        connection.send(publish(level, "a", "one", { qos: 1, id: 1 }));
        connection.send(publish(level, "a", "two", { qos: 2, id: 2 }));
        for (const name of ["PUBACK", "PUBREC"]) answers.push([...(await connection.next(name)).body]);
      });
      await world.connect({ protocolVersion: version, manualAck: true }, fake.url);
      await waitFor(world, "a", 2);
      await world.page.run(({ state }, code) => {
        for (const message of state.messages) message.reject(code);
      }, PAYLOAD_FORMAT_INVALID);
      await (await fake.connection(0)).completed;
      const code = version === 5 ? [PAYLOAD_FORMAT_INVALID] : []; // 3.1.1 has no way to say it
      assert.deepEqual(answers, [
        [0, 1, ...code],
        [0, 2, ...code],
      ]);
    });

    it(`v${version}: after a reconnect only the repeated message can be acknowledged`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection, n) => {
        const level = n === 0 ? await subscribed(connection) : await connection.accept({ sessionPresent: 1 });
        connection.send(publish(level, "a", "open", { qos: 1, id: 7, dup: n }));
        if (n === 0) {
          await connection.next("PINGREQ"); // the page has the message
          return connection.drop();
        }
        await connection.next("PINGREQ"); // sent after the first message was acknowledged, in vain
        connection.send("d0 00");
        assert.equal(idOf(await connection.next("PUBACK")), 7);
        await connection.next("PINGREQ");
        connection.send("d0 00");
      });
      const options = { ...keepSession(version, "manual"), manualAck: true, reconnect: promptly };
      await world.connect(options, fake.url);
      await waitFor(world, "a", 1);
      const dups = await world.page.run(async ({ state }) => {
        const { client, box, messages } = state;
        client.ping().catch(() => {}); // lost with the connection
        await box.received(2);
        messages[0].ack();
        await client.ping();
        messages[1].ack();
        messages[1].ack();
        await client.ping();
        return messages.map(({ dup }) => dup);
      });
      assert.deepEqual(dups, [false, true]);
      await (await fake.connection(1)).completed;
    });

    for (const qos of [1, 2]) {
      it(`v${version}: Mosquitto repeats an open message with QoS ${qos}, and only that`, async () => {
        const topic = world.topic();
        const options = { ...keepSession(version, `manual-${version}-${qos}`), manualAck: true };
        await world.connect({ ...options, reconnect: promptly }, world.to(world.chaos.port));
        await waitFor(world, topic, 0);
        await world.publishLines(version, topic, ["acknowledged", "open"], { qos });
        await world.page.run(async ({ state, next }) => {
          const { client, box, messages } = state;
          await box.received(2);
          messages[0].ack();
          await client.ping(); // the acknowledgement has left
          state.back = next(client, "connect");
        });
        world.chaos.kill("rst");
        await world.page.run(({ state }) => state.back);
        await world.publish(version, topic, Buffer.from("end"), { qos });
        const texts = await world.page.run(async ({ state }) => {
          const { client, box, messages } = state;
          await box.received(4);
          for (const message of messages.slice(2)) message.ack();
          await client.close();
          return messages.map((message) => message.text());
        });
        assert.deepEqual(texts, ["acknowledged", "open", "open", "end"]);
      });
    }
  }
}
