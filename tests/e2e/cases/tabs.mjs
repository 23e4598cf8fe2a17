// Two tabs with one Client Identifier, at a real broker: who may connect, and who takes over.
import assert from "node:assert/strict";
import { promptly, versions } from "../support/world.mjs";

/** Makes `state.client` and starts it; what becomes of that is in `state.started`. */
const begin = ({ mqtt, state, describe }, url, options) => {
  state.client = mqtt.createClient(url, options);
  state.started = state.client.start().then(() => "connected", describe);
};
const outcome = ({ state, bounded }) => bounded(state.started, "the outcome of start()");
const look = async ({ state }) => {
  await state.client.ping();
  return { state: state.client.state, connections: state.client.stats.connections };
};
const alone = { state: "connected", connections: 1 };

export default function (world, it) {
  const run = (...args) => world.page.run(...args);
  const driver = (work) => world.browser.ask(work);
  const url = () => `${world.gateway.wss}/mqtt`;
  const start = async (options) => {
    await run(begin, url(), { reconnect: promptly, ...options });
    return run(outcome);
  };

  /** Opens a second tab on the same page and goes there; the test ends in the first one again. */
  async function secondTab(t) {
    const first = await driver((it) => it.getWindowHandle());
    await driver((it) => it.switchTo().newWindow("tab"));
    const second = await driver((it) => it.getWindowHandle());
    const go = (tab) => driver((it) => it.switchTo().window(tab));
    let open = true;
    const close = async () => {
      if (!open) return;
      open = false;
      await go(second);
      await driver((it) => it.close());
      await go(first);
    };
    t.after(close);
    await world.page.load();
    return { toFirst: () => go(first), toSecond: () => go(second), close };
  }

  for (const version of versions) {
    const named = (more = {}) => ({ protocolVersion: version, clientId: `tabs-${version}`, ...more });

    it(`v${version}: the second tab is told, and the first one never notices`, async (t) => {
      assert.equal(await start(named()), "connected");
      const tabs = await secondTab(t);
      const error = await start(named());
      assert.deepEqual([error.code, error.layer, error.retryable], ["client-id-in-use", "page", false]);
      assert.match(error.hint, /other tab/);
      assert.equal(await run(({ state }) => state.client.state), "closed");
      await tabs.toFirst();
      assert.deepEqual(await run(look), alone);
    });

    it(`v${version}: a tab with an identifier of its own is left alone`, async (t) => {
      assert.equal(await start(named()), "connected");
      const tabs = await secondTab(t);
      assert.equal(await start(named({ clientId: `tabs-${version}-other` })), "connected");
      await tabs.toFirst();
      assert.deepEqual(await run(look), alone);
    });

    it(`v${version}: a tab that is reloaded gets its identifier back`, async () => {
      for (let load = 0; load < 3; load++) {
        await world.page.load();
        assert.equal(await start(named()), "connected");
      }
      assert.deepEqual(await run(look), alone);
    });

    it(`v${version}: a tab that waits takes over when the other client is closed`, async (t) => {
      assert.equal(await start(named()), "connected");
      const tabs = await secondTab(t);
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await run(begin, url(), named({ whenClientIdInUse: "wait" }));
      await run(({ state }, topic) => {
        state.published = state.client.publish(topic, "waited", { qos: 1 });
      }, topic);
      assert.equal(await run(({ state }) => state.client.state), "connecting");
      await tabs.toFirst();
      assert.deepEqual(await run(look), alone);
      assert.equal(peer.messages.length, 0);
      await run(({ state }) => state.client.close());
      await tabs.toSecond();
      assert.equal(await run(outcome), "connected");
      assert.equal((await peer.received(1))[0].payload.toString(), "waited");
      await run(({ state }) => state.published.then(({ status }) => status));
    });

    it(`v${version}: a tab that waits takes over when the other tab is gone`, async (t) => {
      const tabs = await secondTab(t);
      assert.equal(await start(named()), "connected");
      await tabs.toFirst();
      await run(begin, url(), named({ whenClientIdInUse: "wait" }));
      assert.equal(await run(({ state }) => state.client.state), "connecting");
      await tabs.close();
      assert.equal(await run(outcome), "connected");
    });

    it(`v${version}: a client that comes right after the close of another one, or of itself, connects`, async () => {
      // As a component does that is mounted, unmounted and mounted again at once.
      const states = await run(
        async ({ mqtt }, url, options) => {
          const first = mqtt.createClient(url, options);
          const started = first.start().catch(() => {});
          const closed = first.close();
          const second = await mqtt.connect(url, options);
          await Promise.all([started, closed]);
          const third = mqtt.connect(url, options);
          await second.close();
          return [first.state, second.state, (await third).state];
        },
        url(),
        named(),
      );
      assert.deepEqual(states, ["closed", "closed", "connected"]);
    });
  }

  // Where tabs cannot see each other, or are told not to look. Mosquitto 2.0.11 gives no reason, not even in 5.0.
  for (const version of versions)
    it(`v${version}: who ignores it and fights is told why`, async (t) => {
      const options = {
        protocolVersion: version,
        clientId: `tabs-fight-${version}`,
        cleanStart: true,
        whenClientIdInUse: "ignore",
      };
      assert.equal(await start(options), "connected");
      const listen = ({ state, describe }) => {
        const { client } = state;
        state.told = new Promise((resolve) => {
          client.on("error", (error) => resolve(describe(error)));
          client.closed.then((error) => resolve(describe(error)));
        });
      };
      await run(listen);
      const tabs = await secondTab(t);
      assert.equal(await start(options), "connected");
      await run(listen);
      const told = ({ state, bounded }) => bounded(state.told, "what it is told");
      assert.equal((await run(told)).code, "session-taken-over");
      await run(({ state }) => state.client.close());
      await tabs.toFirst();
      await run(({ state }) => state.client.close({ force: true }));
    });
}
