// Ten thousand messages each way, none lost, none twice, none out of order.
import assert from "node:assert/strict";
import { versions } from "../support/world.mjs";

const COUNT = 10_000;
const numbers = Array.from({ length: COUNT }, (_, n) => n);

export default function (world, it) {
  for (const version of versions) {
    for (const qos of [0, 1]) {
      it(`v${version}: ${COUNT} messages with QoS ${qos} leave in order`, async (t) => {
        const topic = world.topic();
        const peer = await world.subscriber(t, version, topic);
        await world.connect({ protocolVersion: version, offlineQueue: { maxMessages: COUNT } });
        await world.page.run(
          async ({ state }, topic, count, qos) => {
            const results = [];
            for (let n = 0; n < count; n++) results.push(state.client.publish(topic, `${n}`, { qos }));
            await Promise.all(results);
          },
          topic,
          COUNT,
          qos,
        );
        const messages = await peer.received(COUNT);
        assert.deepEqual(
          messages.map(({ payload }) => Number(payload.toString())),
          numbers,
        );
      });
    }

    it(`v${version}: ${COUNT} messages with QoS 1 arrive in order`, async () => {
      const topic = world.topic();
      await world.connect({ protocolVersion: version });
      await world.page.run(async ({ state, inbox }, topic) => {
        state.inbox = inbox((message) => Number(message.text()));
        await state.client.subscribe(topic, { qos: 1 }, state.inbox.handler);
      }, topic);
      await world.publishLines(version, topic, numbers, { qos: 1 });
      const got = await world.page.run(async ({ state }, count) => state.inbox.received(count), COUNT);
      assert.deepEqual(got, numbers);
    });
  }
}
