// The durable outbox: what a page left unfinished, the next one finishes, once and in order.
import assert from "node:assert/strict";
import { ack, publish, readPublish } from "../../rig/packets.mjs";
import { waiters } from "../../rig/wait.mjs";
import { begin, durable, finish, freshId, publishAll } from "../support/outbox.mjs";
import { versions } from "../support/world.mjs";
import faults from "./outbox-faults.mjs";

const COUNT = 120;
const ROUNDS = 6;
const HANDSHAKE = 700; // bytes of the HTTP upgrade, rounded up
const texts = Array.from({ length: COUNT }, (_, n) => `${n}`.padEnd(50, "."));
/** Firefox ends the sockets of a page it leaves while that still runs, and would let it reconnect in between. */
const oncePerPage = { reconnect: false };
const plain = (messages) => messages.map(({ payload }) => payload.toString());

export default function (world, it) {
  faults(world, it);
  const url = () => world.to(world.chaos.port);
  /** The last message: when the peer has it, all before have come, or never will. */
  const end = async (peer, topic) => {
    await world.publish(4, topic, Buffer.from("end"), { qos: 2 });
    await peer.find(({ payload }) => payload.toString() === "end", "the end of the sequence");
    return plain(peer.messages).filter((text) => text !== "end");
  };

  it("a client without a store, one with it and another without it: three clients, two modules, one page", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 4, topic);
    const options = durable(5, freshId());
    const modules = await world.page.run(
      async ({ mqtt, bounded }, url, topic, options) => {
        const clients = [{ reconnect: false }, options, { reconnect: false }].map((each) =>
          mqtt.createClient(url, each),
        );
        for (const [index, client] of clients.entries()) {
          await bounded(client.start(), "the connection");
          await bounded(client.publish(topic, `from ${index}`, { qos: 2 }), "the result");
        }
        for (const client of clients) await client.close();
        const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
        return loaded.map((name) => /wasmqtt_\w+\.wasm/.exec(name)?.[0]).filter(Boolean);
      },
      url(),
      topic,
      options,
    );
    assert.deepEqual(modules, ["wasmqtt_light.wasm", "wasmqtt_bg.wasm"]);
    assert.deepEqual(await end(peer, topic), ["from 0", "from 1", "from 2"]);
  });

  for (const version of versions) {
    for (const qos of [1, 2]) {
      it(`v${version}: QoS ${qos} messages of a page without a broker arrive after its reload`, async (t) => {
        const topic = world.topic();
        const peer = await world.subscriber(t, 4, topic);
        const options = durable(version, freshId());
        world.chaos.set({ mode: "refuse" });
        await begin(world.page, url(), options);
        assert.deepEqual(await publishAll(world.page, topic, texts, { qos, until: "stored" }), ["stored"]);
        await world.page.load();
        await begin(world.page, url(), options);
        assert.deepEqual(await publishAll(world.page, topic, ["last"], { qos, until: "queued" }), ["queued"]);
        await world.page.load();
        world.chaos.reset();
        await begin(world.page, url(), options);
        assert.deepEqual(await finish(world.page), { left: 0, errors: [] });
        const got = await end(peer, topic);
        // What was only queued may be lost with the page, and nothing else.
        assert.deepEqual(got.slice(0, COUNT), texts);
        assert.ok(got.length === COUNT || got.at(-1) === "last");
      });

      it(`v${version}: QoS ${qos} messages in flight survive reloads`, async (t) => {
        const topic = world.topic();
        const peer = await world.subscriber(t, 4, topic);
        const options = durable(version, freshId());
        for (let round = 0; round < ROUNDS; round++) {
          // From some byte on nothing reaches the broker any more, in the middle of PUBLISH packets or of PUBRELs.
          const cutUp = () => HANDSHAKE + round * 433;
          const cut = new Promise((resolve) => {
            world.chaos.set({ cutUp, how: "mute", latency: 2, struck: resolve });
          });
          await begin(world.page, url(), options);
          const part = texts.slice((round * COUNT) / ROUNDS, ((round + 1) * COUNT) / ROUNDS);
          assert.deepEqual(await publishAll(world.page, topic, part, { qos, until: "stored" }), ["stored"]);
          await cut;
          await world.page.load();
        }
        world.chaos.reset();
        await begin(world.page, url(), options);
        assert.deepEqual(await finish(world.page), { left: 0, errors: [] });
        const got = await end(peer, topic);
        assert.deepEqual(qos === 2 ? got : [...new Set(got)], texts);
      });
    }

    it(`v${version}: exchanges go on where they were, under their identifiers`, async (t) => {
      const seen = [];
      const told = waiters();
      const fake = await world.fakeBroker(t, async (connection) => {
        const level = await connection.accept({ sessionPresent: Number(seen.length > 0) });
        const n = seen.push([]) - 1;
        for (;;) {
          const packet = await connection.next();
          const { id, dup } = packet.name === "PUBLISH" ? readPublish(packet, level) : { id: packet.body[1] };
          const text = `${packet.name} ${id}`;
          seen[n].push(`${text}${dup ? " again" : ""}`);
          told.wake();
          if (n === 0 && text === "PUBLISH 2") connection.send(ack("PUBREC", id));
          if (n === 1 && packet.name === "PUBLISH") connection.send(ack("PUBREC", id));
          if (n === 1 && packet.name === "PUBREL") connection.send(ack("PUBCOMP", id));
        }
      });
      const options = durable(version, freshId(), oncePerPage);
      await begin(world.page, fake.url, options);
      await publishAll(world.page, "a", ["first", "second"], { qos: 2, until: "stored" });
      await told.until(() => seen[0]?.length === 3, "the beginning");
      await world.page.load();
      await begin(world.page, fake.url, options);
      await told.until(() => seen[1]?.length === 3, "the rest");
      assert.deepEqual(seen, [
        ["PUBLISH 1", "PUBLISH 2", "PUBREL 2"],
        ["PUBREL 2", "PUBLISH 1 again", "PUBREL 1"],
      ]);
      assert.deepEqual(await finish(world.page), { left: 0, errors: [] });
    });

    it(`v${version}: a QoS 2 message of the server is delivered once, whatever page releases it`, async (t) => {
      const inbound = (text, dup) => publish(version, "a", Buffer.from(text), { qos: 2, id: 7, dup });
      const done = [];
      const told = waiters();
      const fake = await world.fakeBroker(t, async (connection) => {
        await connection.accept({ sessionPresent: done.length });
        const n = done.push(false) - 1;
        connection.send(inbound("first", Number(n > 0)));
        await connection.next("PUBREC");
        done[n] = n === 0;
        told.wake();
        if (n === 0) return;
        connection.send(ack("PUBREL", 7));
        await connection.next("PUBCOMP");
        connection.send(inbound("second", 0)); // under the identifier that is free again
        await connection.next("PUBREC");
        connection.send(ack("PUBREL", 7));
        await connection.next("PUBCOMP");
        done[n] = true;
        told.wake();
      });
      const options = durable(version, freshId(), oncePerPage);
      const receive = async () => {
        await world.page.run(
          async ({ mqtt, state, inbox, bounded }, url, options) => {
            state.client = mqtt.createClient(url, options);
            state.inbox = inbox((message) => message.text());
            state.client.on("message", state.inbox.handler);
            await bounded(state.client.start(), "the connection");
          },
          fake.url,
          options,
        );
      };
      await receive();
      assert.deepEqual(await world.page.run(({ state }) => state.inbox.received(1)), ["first"]);
      await told.until(() => done[0], "PUBREC");
      await world.page.load();
      await receive();
      assert.deepEqual(await world.page.run(({ state }) => state.inbox.received(1)), ["second"]);
      await told.until(() => done[1], "the last PUBCOMP");
      assert.deepEqual(fake.connections[1].names().slice(1, 4), ["PUBREC", "PUBCOMP", "PUBREC"]);
      await world.page.run(({ state }) => state.client.close({ force: true }));
    });
  }
}
