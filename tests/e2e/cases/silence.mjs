// A connection that looks open and carries nothing: the unanswered ping shows it, and nothing is lost by it.
import assert from "node:assert/strict";
import { ack, readPublish } from "../../rig/packets.mjs";
import { keepSession, promptly, versions } from "../support/world.mjs";

const impatient = {
  keepAlive: 1,
  pingTimeout: 500,
  connectTimeout: 1000,
  reconnect: { ...promptly, retryInitial: true },
};

/**
 * Publishes into the silence, with the promise in `state.published`; resolves with why the connection was given up. With
 * `url` it connects first, so that no ping comes in between.
 */
const publishUnheard = async ({ mqtt, state, next, describe }, topic, url, options) => {
  if (url) state.client = await mqtt.connect(url, options);
  const lost = next(state.client, "disconnect");
  state.published = state.client.publish(topic, "meanwhile", { qos: 1 });
  return describe((await lost).error);
};

const publishedAtLast = ({ state, bounded }) => bounded(state.published, "the acknowledgement");

export default function (world, it) {
  for (const version of versions) {
    it(`v${version}: a black hole is noticed, and what was published into it arrives`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      const options = { ...keepSession(version, `hole-${version}`), ...impatient };
      await world.connect(options, world.to(world.chaos.port));
      world.chaos.set({ mode: "blackhole" });
      const error = await world.page.run(publishUnheard, topic);
      assert.deepEqual([error.code, error.layer, error.retryable], ["keep-alive-timeout", "network", true]);
      world.chaos.reset();
      const { status } = await world.page.run(publishedAtLast);
      assert.equal(status, "acknowledged");
      const [message] = await peer.received(1);
      assert.equal(message.payload.toString(), "meanwhile");
      await world.page.run(({ state }) => state.client.close());
    });

    it(`v${version}: a server that stops answering is left, and the next one gets the message again`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection, n) => {
        const level = await connection.accept({ sessionPresent: n === 0 ? 0 : 1 });
        connection.message = readPublish(await connection.next("PUBLISH"), level);
        if (n > 0) return connection.send(ack("PUBACK", connection.message.id));
        await connection.next("PINGREQ"); // and not a word
      });
      const options = { ...keepSession(version, "silence"), ...impatient };
      const error = await world.page.run(publishUnheard, "a", fake.url, options);
      assert.equal(error.code, "keep-alive-timeout");
      assert.equal((await world.page.run(publishedAtLast)).status, "acknowledged");
      const [first, second] = fake.connections;
      await first.closed;
      await first.completed;
      assert.deepEqual(second.message, { ...first.message, dup: true });
    });
  }
}
