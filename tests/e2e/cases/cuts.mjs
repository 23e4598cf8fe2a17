// Sequence numbers over a link that keeps breaking at chosen bytes: nothing lost, QoS 2 nothing twice.
import assert from "node:assert/strict";
import { it } from "node:test";
import { keepSession, promptly, versions } from "../support/world.mjs";

const COUNT = 200;
const numbers = Array.from({ length: COUNT }, (_, n) => n);
const FLIPS = 20;
const HANDSHAKE = 700; // bytes of the HTTP upgrade request that the gateway passes on, rounded up

/** Cuts connection n after some bytes, a few times in the middle of the handshake; from number 12 on never again. */
const cutsOf = (step) => (n) => {
  if (n >= 12) return Number.POSITIVE_INFINITY;
  return n % 5 === 4 ? 60 * n : HANDSHAKE + ((n * step) % 1500);
};

export default function (world) {
  const unique = (values) => [...new Set(values)];
  const url = () => world.to(world.chaos.port);

  for (const version of versions) {
    for (const qos of [1, 2]) {
      it(`v${version}: QoS ${qos} from the page survives cuts`, async (t) => {
        const topic = world.topic();
        const peer = await world.subscriber(t, version, topic);
        const from = world.chaos.accepted;
        world.chaos.set({ cutUp: (n) => (n === from ? Number.POSITIVE_INFINITY : cutsOf(397)(n - from)) });
        const options = keepSession(version, `cut-up-${version}-${qos}`);
        await world.connect({ ...options, reconnect: promptly }, url());
        await world.page.run(
          ({ state }, topic, count, qos) => {
            const texts = Array.from({ length: count }, (_, n) => `${n}`);
            state.results = texts.map((text) => state.client.publish(topic, text, { qos }));
          },
          topic,
          COUNT,
          qos,
        );
        world.chaos.kill("rst");
        await world.page.run(({ state, bounded }) =>
          bounded(Promise.all(state.results), "every acknowledgement"),
        );
        await world.publish(version, topic, Buffer.from("end"), { qos: 2 });
        await peer.find(({ payload }) => payload.toString() === "end");
        const got = peer.messages.map(({ payload }) => payload.toString()).filter((text) => text !== "end");
        assert.ok(world.chaos.accepted - from > 10, "the link must really have been cut many times");
        if (qos === 2) assert.deepEqual(got.map(Number), numbers);
        else assert.deepEqual(unique(got).map(Number), numbers);
        await world.page.run(({ state }) => state.client.close());
      });

      it(`v${version}: QoS ${qos} to the page survives cuts`, async () => {
        const topic = world.topic();
        const from = world.chaos.accepted;
        const options = keepSession(version, `cut-down-${version}-${qos}`);
        await world.connect({ ...options, reconnect: promptly }, url());
        await world.page.run(
          async ({ state, inbox }, topic, qos) => {
            state.inbox = inbox((message) => message.text());
            state.end = inbox();
            await state.client.subscribe(topic, { qos }, (message) =>
              (message.text() === "end" ? state.end : state.inbox).handler(message),
            );
          },
          topic,
          qos,
        );
        world.chaos.set({ mode: "refuse" });
        world.chaos.kill("rst");
        await world.publishLines(version, topic, [...numbers, "end"], { qos });
        world.chaos.reset();
        world.chaos.set({ cutDown: (n) => cutsOf(271)(n - from) });
        const got = await world.page.run(async ({ state }) => {
          await state.end.received(1);
          return state.inbox.messages;
        });
        assert.ok(world.chaos.accepted - from > 10, "the link must really have been cut many times");
        if (qos === 2) assert.deepEqual(got.map(Number), numbers);
        else assert.deepEqual(unique(got).map(Number), numbers);
        await world.page.run(({ state }) => state.client.close());
      });
    }

    it(`v${version}: bytes changed on the way never end the client`, async (t) => {
      const topic = world.topic();
      const from = world.chaos.accepted;
      const peer = await world.subscriber(t, version, topic);
      const options = { protocolVersion: version, reconnect: promptly, connectTimeout: 1000 };
      await world.connect(options, url());
      // Each of the next connections gets one byte inverted: in the HTTP answer, the frame header, or in MQTT itself.
      world.chaos.set({ flipDown: (n) => (n - from <= FLIPS ? 12 * (n - from) : Number.NaN) });
      world.chaos.kill("rst");
      await world.page.run(({ state }, topic) => state.client.publish(topic, "alive", { qos: 1 }), topic);
      assert.equal((await peer.received(1))[0].payload.toString(), "alive");
    });
  }
}
