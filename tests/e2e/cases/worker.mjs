// The same client in a dedicated worker: no document, no window, and a policy of its own.
import assert from "node:assert/strict";
import { keepSession, promptly, versions } from "../support/world.mjs";

const connect = async ({ mqtt, state, inbox }, url, options, topic) => {
  if (typeof document !== "undefined") throw new Error("this is no worker");
  state.client = await mqtt.connect(url, options);
  state.inbox = inbox((message) => message.text());
  await state.client.subscribe(topic, { qos: 2 }, state.inbox.handler);
};

export default function (world, it) {
  const work = (...args) => world.page.work(...args);

  for (const version of versions) {
    it(`v${version}: publishes, receives and survives a cut in a worker`, async () => {
      const topic = world.topic();
      const session = keepSession(version, `worker-${version}-${topic.slice(5)}`);
      await work(connect, world.to(world.chaos.port), { ...session, reconnect: promptly }, topic);
      const publish = async ({ state }, topic, payload) =>
        (await state.client.publish(topic, payload, { qos: 2 })).status;
      assert.equal(await work(publish, topic, "before"), "completed");
      world.chaos.kill("rst");
      assert.equal(await work(publish, topic, "after"), "completed");
      assert.deepEqual(await work(({ state }) => state.inbox.received(2)), ["before", "after"]);
      await work(({ state }) => state.client.close());
      assert.equal(await work(({ state }) => state.client.state), "closed");
      assert.deepEqual(await work(() => rig.problems), []);
    });
  }

  it("a worker hears of a policy that blocks the server", async () => {
    const code = await work(({ mqtt, failure }) =>
      failure(mqtt.connect("wss://blocked.example/")).then(({ code }) => code),
    );
    assert.equal(code, "blocked-by-csp");
    const problems = await work(() => rig.problems.splice(0));
    assert.ok(
      problems.every((text) => text.startsWith("security policy: connect-src")),
      problems.join(),
    );
  });
}
