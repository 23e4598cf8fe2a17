// What survives a lost connection: subscriptions, unfinished messages, and the client itself.
import assert from "node:assert/strict";
import { ack, clientIdOf, connack, levelOf, publish, readPublish, suback } from "../../rig/packets.mjs";
import { keepSession, promptly, versions } from "../support/world.mjs";

const session = 1;

export default function (world, it) {
  for (const version of versions) {
    it(`v${version}: a kept session delivers what came meanwhile`, async () => {
      const topic = world.topic();
      const options = { ...keepSession(version, `kept-${version}`), reconnect: promptly };
      await world.connect(options, world.to(world.chaos.port));
      await world.page.run(async ({ state, inbox, next }, topic) => {
        state.inbox = inbox((message) => message.text());
        await state.client.subscribe(topic, { qos: 1 }, state.inbox.handler);
        state.back = next(state.client, "connect");
      }, topic);
      world.chaos.set({ mode: "refuse" });
      world.chaos.kill("rst");
      await world.publishLines(version, topic, ["1", "2", "3"], { qos: 1 });
      world.chaos.reset();
      const seen = await world.page.run(async ({ state }) => {
        await state.back;
        const texts = await state.inbox.received(3);
        return { texts, sessionPresent: state.client.server.sessionPresent };
      });
      assert.deepEqual(seen, { texts: ["1", "2", "3"], sessionPresent: true });
      await world.page.run(({ state }) => state.client.close());
    });

    it(`v${version}: subscriptions come back when the server forgot the session`, async () => {
      const topic = world.topic();
      const forgetful = { protocolVersion: version, ...(version === 5 ? { sessionExpiryInterval: 0 } : {}) };
      await world.connect({ ...forgetful, reconnect: promptly }, world.to(world.chaos.port));
      await world.page.run(async ({ state, inbox }, topic) => {
        state.inbox = inbox((message) => message.text());
        await state.client.subscribe(topic, { qos: 1 }, state.inbox.handler);
      }, topic);
      world.chaos.set({ mode: "refuse" });
      world.chaos.kill("rst");
      await world.publish(version, topic, Buffer.from("stored meanwhile"), { qos: 1, retain: true });
      world.chaos.reset();
      const seen = await world.page.run(async ({ state }) => {
        const texts = await state.inbox.received(1);
        return { texts, sessionPresent: state.client.server.sessionPresent };
      });
      assert.deepEqual(seen, { texts: ["stored meanwhile"], sessionPresent: false });
      await world.publish(version, topic, Buffer.alloc(0), { retain: true });
    });

    it(`v${version}: subscribes again only when the session is gone`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection, n) => {
        const level = await connection.accept({ sessionPresent: n === 1 ? 1 : 0 });
        if (n !== 1) {
          const { body } = await connection.next("SUBSCRIBE");
          connection.send(suback(level, body.readUInt16BE(0), [1]));
        }
        const sentinel = readPublish(await connection.next("PUBLISH"), level);
        connection.send(ack("PUBACK", sentinel.id));
        await connection.next("PUBLISH"); // the page has the acknowledgement
        if (n < 2) connection.drop();
      });
      await world.connect({ ...keepSession(version, "again"), reconnect: promptly }, fake.url);
      await world.page.run(async ({ state, next }) => {
        await state.client.subscribe("some/topic", { qos: 1 }, () => {});
        for (const last of [false, false, true]) {
          const back = last ? undefined : next(state.client, "connect");
          await state.client.publish("a", "sentinel", { qos: 1 });
          await state.client.publish("a", "settled");
          await back;
        }
      });
      const names = fake.connections.map((connection) => connection.names().slice(0, 3));
      assert.deepEqual(names, [
        ["CONNECT", "SUBSCRIBE", "PUBLISH"],
        ["CONNECT", "PUBLISH", "PUBLISH"],
        ["CONNECT", "SUBSCRIBE", "PUBLISH"],
      ]);
    });

    it(`v${version}: unacknowledged messages are sent again first, in order, marked DUP`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection, n) => {
        const level = await connection.accept({ sessionPresent: n === 0 ? 0 : session });
        const seen = [];
        for (let i = 0; i < 3; i++) seen.push(readPublish(await connection.next("PUBLISH"), level));
        if (n === 0) return connection.drop();
        connection.resent = seen;
        for (const { id } of seen) connection.send(ack("PUBACK", id));
      });
      await world.connect({ ...keepSession(version, "resend"), reconnect: promptly }, fake.url);
      const results = await world.page.run(({ state }) =>
        Promise.all(["1", "2", "3"].map((text) => state.client.publish("a", text, { qos: 1 }))),
      );
      assert.deepEqual(
        results.map(({ status }) => status),
        ["acknowledged", "acknowledged", "acknowledged"],
      );
      const [first, second] = fake.connections;
      const published = first.packets.slice(1).map((packet) => readPublish(packet, version));
      assert.deepEqual(
        published.map(({ dup }) => dup),
        [false, false, false],
      );
      assert.deepEqual(
        second.resent,
        published.map((message) => ({ ...message, dup: true })),
      );
    });

    it(`v${version}: a QoS 2 message is delivered once although the server repeats it`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection, n) => {
        const level = await connection.accept({ sessionPresent: n === 0 ? 0 : session });
        if (n === 0) {
          const { body } = await connection.next("SUBSCRIBE");
          connection.send(suback(level, body.readUInt16BE(0), [2]));
        }
        connection.send(publish(level, "twice", "once", { qos: 2, id: 7, dup: n }));
        await connection.next("PUBREC");
        if (n === 0) return connection.drop();
        connection.send(ack("PUBREL", 7));
        await connection.next("PUBCOMP");
        // The identifier is free again: the same one now means another message.
        connection.send(publish(level, "twice", "next", { qos: 2, id: 7 }));
        await connection.next("PUBREC");
        connection.send(ack("PUBREL", 7));
        await connection.next("PUBCOMP");
      });
      await world.connect({ ...keepSession(version, "twice"), reconnect: promptly }, fake.url);
      const texts = await world.page.run(async ({ state, inbox }) => {
        const box = inbox((message) => message.text());
        await state.client.subscribe("twice", { qos: 2 }, box.handler);
        return box.received(2);
      });
      assert.deepEqual(texts, ["once", "next"]);
    });

    it(`v${version}: what was published while offline leaves in order after reconnecting`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await world.connect({ protocolVersion: version, reconnect: promptly }, world.to(world.chaos.port));
      await world.page.run(({ state, next }) => {
        state.lost = next(state.client, "disconnect");
      });
      world.chaos.set({ mode: "refuse" });
      world.chaos.kill("rst");
      await world.page.run(async ({ state }, topic) => {
        await state.lost;
        state.results = [0, 1, 2, 3].map((n) => state.client.publish(topic, `${n}`, { qos: n % 3 }));
      }, topic);
      world.chaos.reset();
      await world.page.run(({ state, bounded }) => bounded(Promise.all(state.results), "acknowledgements"));
      const texts = (await peer.received(4)).map(({ payload }) => payload.toString());
      assert.deepEqual(texts.toSorted(), ["0", "1", "2", "3"]);
    });
  }

  it("v5: keeps the identifier that the server assigned", async (t) => {
    const assigned = [0x12, 0, 5, ...Buffer.from("given")];
    const fake = await world.fakeBroker(t, async (connection, n) => {
      const connect = await connection.next("CONNECT");
      connection.clientId = clientIdOf(connect);
      connection.send(connack(levelOf(connect), { properties: n === 0 ? assigned : [] }));
      if (n > 0) return;
      await connection.next("PUBLISH"); // the page knows its name
      connection.drop();
    });
    await world.page.run(
      async ({ mqtt, bounded }, url, reconnect) => {
        const client = mqtt.createClient(url, { clientId: "", protocolVersion: 5, reconnect });
        const again = new Promise((resolve) => {
          let times = 0;
          client.on("connect", () => ++times === 2 && resolve());
        });
        await client.start();
        await client.publish("a", "connected");
        await bounded(again, "the second connection");
      },
      fake.url,
      promptly,
    );
    assert.deepEqual(
      fake.connections.map(({ clientId }) => clientId),
      ["", "given"],
    );
  });

  it("v5: another client that takes the session over ends this one for good", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.accept();
      connection.send("e0 01 8e");
      connection.close(1000);
    });
    const error = await world.page.run(
      async ({ mqtt, describe, bounded }, url, reconnect) => {
        const client = await mqtt.connect(url, { protocolVersion: 5, reconnect });
        return describe(await bounded(client.closed, "the end"));
      },
      fake.url,
      promptly,
    );
    assert.deepEqual([error.code, error.reasonCode, error.retryable], ["session-taken-over", 0x8e, false]);
    assert.equal(fake.connections.length, 1);
  });
}
