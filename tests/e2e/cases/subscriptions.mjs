// Handlers, wildcards, several subscriptions on one connection.
import assert from "node:assert/strict";
import { field, suback } from "../../rig/packets.mjs";
import { versions } from "../support/world.mjs";

export default function (world, it) {
  for (const version of versions) {
    it(`v${version}: params are what the wildcards matched`, async () => {
      const root = world.topic();
      await world.connect({ protocolVersion: version });
      await world.page.run(async ({ state, inbox }, root) => {
        state.inbox = inbox();
        await state.client.subscribe(`${root}/+/lamp/#`, { qos: 1 }, state.inbox.handler);
      }, root);
      await world.publish(version, `${root}/kitchen/lamp/left/2`, Buffer.from("1"));
      await world.publish(version, `${root}//lamp`, Buffer.from("2"));
      const messages = await world.page.run(({ state }) => state.inbox.received(2));
      assert.deepEqual(
        messages.map(({ params }) => params),
        [
          ["kitchen", "left/2"],
          ["", ""],
        ],
      );
    });

    it(`v${version}: every matching handler gets a message exactly once`, async () => {
      const root = world.topic();
      await world.connect({ protocolVersion: version });
      const counts = await world.page.run(async ({ state, inbox }, root) => {
        const names = { exact: `${root}/a/b`, again: `${root}/a/b`, plus: `${root}/+/b`, hash: `${root}/#` };
        const boxes = {};
        for (const [name, filter] of Object.entries({ ...names, other: `${root}/other` })) {
          boxes[name] = inbox();
          await state.client.subscribe(filter, { qos: 1 }, boxes[name].handler);
        }
        await state.client.publish(`${root}/a/b`, "x", { qos: 1 });
        // Whatever the server sends for `other` comes after all copies of the first message.
        await state.client.publish(`${root}/other`, "sentinel", { qos: 1 });
        await boxes.other.received(1);
        return Object.fromEntries(
          Object.entries(boxes).map(([name, { messages }]) => [
            name,
            messages.filter(({ topic }) => topic.endsWith("/a/b")).length,
          ]),
        );
      }, root);
      assert.deepEqual(counts, { exact: 1, again: 1, plus: 1, hash: 1, other: 0 });
    });

    it(`v${version}: unsubscribe ends delivery, for that handler only`, async () => {
      const topic = world.topic();
      await world.connect({ protocolVersion: version });
      const counts = await world.page.run(async ({ state, inbox }, topic) => {
        const [one, two, end] = [inbox(), inbox(), inbox()];
        const first = await state.client.subscribe(topic, { qos: 1 }, one.handler);
        const second = await state.client.subscribe(topic, { qos: 1 }, two.handler);
        await state.client.subscribe(`${topic}/end`, { qos: 1 }, end.handler);
        const round = async (n) => {
          await state.client.publish(topic, "x", { qos: 1 });
          await state.client.publish(`${topic}/end`, "x", { qos: 1 });
          await end.received(n);
          return [one.messages.length, two.messages.length];
        };
        const counts = [await round(1)];
        await first.unsubscribe();
        counts.push(await round(2));
        await second.unsubscribe();
        counts.push(await round(3));
        return counts;
      }, topic);
      assert.deepEqual(counts, [
        [1, 1],
        [1, 2],
        [1, 2],
      ]);
    });

    it(`v${version}: a handler that throws disturbs nobody and is reported`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, `${topic}/out`);
      await world.connect({ protocolVersion: version });
      const seen = await world.page.run(async ({ state, inbox, describe, bounded, deferred }, topic) => {
        const [good, errors] = [
          inbox(),
          inbox((error) => ({ ...describe(error), cause: String(error.cause) })),
        ];
        const rejected = deferred();
        state.client.on("error", (error) => errors.handler(error.error ?? error));
        await state.client.subscribe(topic, { qos: 1 }, () => {
          throw new Error("on purpose");
        });
        await state.client.subscribe(topic, { qos: 1 }, async () => {
          rejected.resolve();
          throw new Error("later");
        });
        await state.client.subscribe(topic, { qos: 1 }, good.handler);
        await state.client.publish(topic, "1", { qos: 1 });
        await state.client.publish(topic, "2", { qos: 1 });
        await good.received(2);
        await bounded(rejected.promise, "the async handler");
        await errors.received(4);
        await state.client.publish(`${topic}/out`, "still alive", { qos: 1 });
        return { good: good.messages.length, errors: errors.messages, state: state.client.state };
      }, topic);
      assert.equal(seen.good, 2);
      assert.equal(seen.state, "connected");
      assert.deepEqual([...new Set(seen.errors.map(({ code }) => code))], ["handler-failed"]);
      assert.deepEqual(seen.errors.map(({ cause }) => cause).sort(), [
        "Error: later",
        "Error: later",
        "Error: on purpose",
        "Error: on purpose",
      ]);
      assert.equal((await peer.received(1))[0].payload.toString(), "still alive");
    });

    it(`v${version}: a subscription is an async iterable`, async () => {
      const topic = world.topic();
      await world.connect({ protocolVersion: version });
      const texts = await world.page.run(async ({ state }, topic) => {
        const subscription = await state.client.subscribe(topic, { qos: 1 });
        for (const text of ["a", "b", "c"]) await state.client.publish(topic, text, { qos: 1 });
        const texts = [];
        for await (const message of subscription) {
          texts.push(message.text());
          if (texts.length === 3) break;
        }
        return texts;
      }, topic);
      assert.deepEqual(texts, ["a", "b", "c"]);
    });

    it(`v${version}: the "message" event sees what no handler wanted`, async () => {
      const topic = world.topic();
      await world.connect({ protocolVersion: version });
      const seen = await world.page.run(async ({ state, next }, topic) => {
        const heard = next(state.client, "message");
        await state.client.subscribe(topic, { qos: 1 });
        await state.client.publish(topic, "x", { qos: 1 });
        return (await heard).topic;
      }, topic);
      assert.equal(seen, topic);
    });
  }

  it("v5: No Local keeps a client's own messages away", async () => {
    const topic = world.topic();
    await world.connect({ protocolVersion: 5 });
    await world.page.run(async ({ state, inbox }, topic) => {
      state.inbox = inbox();
      await state.client.subscribe(topic, { qos: 1, noLocal: true }, state.inbox.handler);
      await state.client.publish(topic, "own", { qos: 1 });
    }, topic);
    await world.publish(5, topic, Buffer.from("foreign"), { qos: 1 });
    const messages = await world.page.run(({ state }) => state.inbox.received(1));
    assert.equal(Buffer.from(messages[0].payload).toString(), "foreign");
  });

  it("v5: user properties go with the unsubscribe", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      const level = await connection.accept();
      const { body } = await connection.next("SUBSCRIBE");
      connection.send(suback(level, body.readUInt16BE(0), [0]));
      connection.left = (await connection.next("UNSUBSCRIBE")).body.subarray(2);
    });
    await world.connect({ protocolVersion: 5 }, fake.url);
    await world.page.run(async ({ state }) => {
      const subscription = await state.client.subscribe("a/b");
      subscription.unsubscribe({ userProperties: [["why", "done"]] }).catch(() => {}); // never answered
    });
    await (await fake.connection(0)).completed;
    const expected = Buffer.concat([Buffer.from([12, 0x26]), field("why"), field("done"), field("a/b")]);
    assert.deepEqual(fake.connections[0].left, expected);
  });

  it("a publish right after connect needs no waiting", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 5, topic);
    await world.page.run(
      async ({ mqtt }, url, topic) => {
        const client = mqtt.createClient(url);
        const queued = client.publish(topic, "queued before start", { qos: 1 });
        await client.start();
        await queued;
        await client.close();
      },
      `${world.gateway.wss}/mqtt`,
      topic,
    );
    assert.equal((await peer.received(1))[0].payload.toString(), "queued before start");
  });
}
