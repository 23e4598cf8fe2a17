// Sequence numbers over a link that keeps breaking at chosen bytes: nothing lost, QoS 2 nothing twice.
import assert from "node:assert/strict";
import { keepSession, promptly, versions } from "../support/world.mjs";

const COUNT = 300;
const numbers = Array.from({ length: COUNT }, (_, n) => n);
const payloads = numbers.map((n) => `${n}`.padEnd(100, "."));
const CUTS = 12;
const FLIPS = 20;
const HANDSHAKE = 700; // bytes of the HTTP upgrade in either direction, rounded up

/** Cuts each of the first connections somewhere: in the handshake, in CONNECT, between or within later packets. */
const cutAfter = (step) => (n) => {
  if (n >= CUTS) return Number.POSITIVE_INFINITY;
  return n % 5 === 4 ? 60 * n : HANDSHAKE + ((n * step) % 3000);
};

export default function (world, it) {
  const url = () => world.to(world.chaos.port);

  const judge = (texts, qos) => {
    const got = texts.map((text) => Number.parseInt(text, 10));
    // QoS 1 may repeat; the first arrivals are complete and in order all the same.
    assert.deepEqual(qos === 2 ? got : [...new Set(got)], numbers);
  };

  for (const version of versions) {
    for (const qos of [1, 2]) {
      it(`v${version}: QoS ${qos} from the page survives cuts`, async (t) => {
        const topic = world.topic();
        // Over 5.0, Mosquitto 2.0.11 stops delivering QoS 2 to its own mosquitto_sub after a burst.
        const peer = await world.subscriber(t, 4, topic);
        const options = { ...keepSession(version, `cut-up-${version}-${qos}`), reconnect: promptly };
        await world.connect(options, url());
        const from = world.chaos.accepted;
        world.chaos.set({ cutUp: (n) => cutAfter(397)(n - from) });
        world.chaos.kill("rst");
        await world.page.run(
          async ({ state, bounded }, topic, payloads, qos) => {
            // A few at a time, so that each connection gets a little further.
            const remaining = payloads.values();
            const work = async () => {
              for (const payload of remaining) await state.client.publish(topic, payload, { qos });
            };
            await bounded(Promise.all(Array.from({ length: 10 }, work)), "every acknowledgement");
          },
          topic,
          payloads,
          qos,
        );
        assert.ok(world.chaos.accepted - from > CUTS, "the link must really have been cut that often");
        await world.publish(version, topic, Buffer.from("end"), { qos: 2 });
        await peer.find(({ payload }) => payload.toString() === "end", "the end of the sequence");
        const texts = peer.messages.map(({ payload }) => payload.toString());
        judge(
          texts.filter((text) => text !== "end"),
          qos,
        );
        await world.page.run(({ state }) => state.client.close());
      });

      it(`v${version}: QoS ${qos} to the page survives cuts`, async () => {
        const topic = world.topic();
        const options = { ...keepSession(version, `cut-down-${version}-${qos}`), reconnect: promptly };
        await world.connect(options, url());
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
        const from = world.chaos.accepted;
        world.chaos.set({ cutDown: (n) => cutAfter(271)(n - from) });
        world.chaos.kill("rst");
        await world.publishLines(version, topic, [...payloads, "end"], { qos });
        const texts = await world.page.run(async ({ state }) => {
          await state.end.received(1);
          return state.inbox.messages;
        });
        assert.ok(world.chaos.accepted - from > CUTS, "the link must really have been cut that often");
        judge(texts, qos);
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
