// The will: published when the page vanishes, withheld when it says goodbye.
import assert from "node:assert/strict";
import { versions } from "../support/world.mjs";

export default function (world, it) {
  const connectWithWill = (version, topic) =>
    world.connect(
      {
        protocolVersion: version,
        will: { topic, payload: "gone", qos: 1, retain: true },
        reconnect: false,
      },
      world.to(world.chaos.port),
    );

  const sentinelAfter = async (version, topic, peer) => {
    await world.publish(version, topic, Buffer.from("sentinel"), { qos: 1 });
    return (await peer.received(1)).map(({ payload }) => payload.toString());
  };

  for (const version of versions) {
    it(`v${version}: the peer gets it when the connection is cut`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await connectWithWill(version, topic);
      world.chaos.kill("rst");
      const [message] = await peer.received(1);
      assert.deepEqual(message, { topic, payload: Buffer.from("gone"), qos: 1, retain: false });
      const error = await world.page.run(async ({ state, describe, bounded }) =>
        describe(await bounded(state.client.closed, "closed")),
      );
      assert.equal(error.code, "connection-closed");
      const late = await world.subscriber(t, version, topic);
      assert.equal((await late.received(1))[0].retain, true);
      await world.publish(version, topic, Buffer.alloc(0), { retain: true });
    });

    it(`v${version}: close() withholds it`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await connectWithWill(version, topic);
      await world.page.run(({ state }) => state.client.close());
      assert.deepEqual(await sentinelAfter(version, topic, peer), ["sentinel"]);
    });

    it(`v${version}: close({ force: true }) leaves without a goodbye`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await connectWithWill(version, topic);
      await world.page.run(({ state }) => state.client.close({ force: true }));
      assert.equal((await peer.received(1))[0].payload.toString(), "gone");
      await world.publish(version, topic, Buffer.alloc(0), { retain: true });
    });

    it(`v${version}: a page that is left lets the peer know`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await connectWithWill(version, topic);
      await world.page.load("/bare.html");
      assert.equal((await peer.received(1))[0].payload.toString(), "gone");
      await world.publish(version, topic, Buffer.alloc(0), { retain: true });
    });
  }

  it("v5: DISCONNECT 0x04 asks for it", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 5, topic);
    await connectWithWill(5, topic);
    await world.page.run(({ state }) => state.client.close({ reasonCode: 4 }));
    assert.equal((await peer.received(1))[0].payload.toString(), "gone");
    await world.publish(5, topic, Buffer.alloc(0), { retain: true });
  });
}
