// Pages that lose their network, are frozen, left and shown again: what the client makes of the browser's events.
import assert from "node:assert/strict";
import { keepSession, promptly, versions } from "../support/world.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";

/** Connects by a name that is not of this machine, so that the network matters. */
const connect = async ({ mqtt, state }, url, options) => {
  const { host } = new URL(url);
  const webSocket = (address, protocols) => new WebSocket(address.replace("broker.example", host), protocols);
  state.client = await mqtt.connect(url.replace(host, "broker.example"), { ...options, webSocket });
  state.states = [];
  state.client.on("state", (name) => state.states.push(name));
  // What browsers do by themselves, where a test cannot make them.
  const set = (target, name, value) => Object.defineProperty(target, name, { value, configurable: true });
  state.network = (onLine) => {
    set(navigator, "onLine", onLine);
    dispatchEvent(new Event(onLine ? "online" : "offline"));
  };
  state.show = (visibility) => {
    set(document, "visibilityState", visibility);
    document.dispatchEvent(new Event("visibilitychange"));
  };
};

const reaches = async ({ state, next }, name) => {
  if (state.client.state !== name) await next(state.client, "state", (now) => now === name);
};
const states = ({ state }) => state.states.splice(0);

/** Publishes without a connection; the promise is in `state.published`. */
const publish = ({ state }, topic) => {
  state.published = state.client.publish(topic, "meanwhile", { qos: 1 });
};
const published = async ({ state, bounded }) =>
  (await bounded(state.published, "the acknowledgement")).status;

export default function (world, it) {
  const run = (...args) => world.page.run(...args);
  const start = (version, options = {}) =>
    run(connect, world.to(world.chaos.port), {
      ...keepSession(version, `life-${version}-${world.topic().slice(5)}`),
      reconnect: promptly,
      ...options,
    });
  const leave = () => run(({ state }) => state.client.close());

  for (const version of versions) {
    it(`v${version}: without a network nothing is dialled, and with it at once`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await start(version);
      await run(({ state }) => state.network(false));
      await run(({ state }) => state.client.ping());
      assert.deepEqual(await run(states), [], "a connection that answers is kept");
      world.chaos.kill("rst");
      await run(reaches, "suspended");
      await run(publish, topic);
      await run(({ state }) => state.network(true));
      assert.equal(await run(published), "acknowledged");
      assert.equal((await peer.received(1))[0].payload.toString(), "meanwhile");
      assert.deepEqual(await run(states), ["suspended", "reconnecting", "connected"]);
      await leave();
    });

    it(`v${version}: a page that is frozen does not reconnect before it goes on`, async () => {
      await start(version);
      await run(({ state }) => {
        state.show("hidden");
        document.dispatchEvent(new Event("freeze"));
      });
      world.chaos.kill("rst");
      await run(reaches, "suspended");
      await run(() => document.dispatchEvent(new Event("resume")) || undefined);
      await run(reaches, "connected");
      assert.deepEqual(await run(states), ["suspended", "reconnecting", "connected"]);
      await leave();
    });

    it(`v${version}: a page that is left hangs up, and comes back with the Back button`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await start(version, { will: { topic, payload: "gone", qos: 1 } });
      await run(({ state }) => {
        dispatchEvent(new Event("pagehide"));
        state.show("hidden");
      });
      assert.equal((await peer.received(1))[0].payload.toString(), "gone");
      assert.equal(await run(({ state }) => state.client.state), "suspended");
      await run(({ state }) => {
        dispatchEvent(new Event("pageshow"));
        state.show("visible");
      });
      await run(reaches, "connected");
      await leave();
    });

    it(`v${version}: close-when-hidden says goodbye, and publishes when the page is seen again`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await start(version, { lifecycle: "close-when-hidden", will: { topic, payload: "gone", qos: 1 } });
      await run(({ state }) => {
        state.show("hidden");
        document.dispatchEvent(new Event("freeze")); // ends the grace
      });
      await run(reaches, "suspended");
      await run(() => document.dispatchEvent(new Event("resume")) || undefined);
      await run(publish, topic);
      assert.equal(await run(({ state }) => state.client.state), "suspended");
      await run(({ state }) => state.show("visible"));
      assert.equal(await run(published), "acknowledged");
      const payloads = (await peer.received(1)).map(({ payload }) => payload.toString());
      assert.deepEqual(payloads, ["meanwhile"], "the will stays unpublished");
      await leave();
    });
  }

  // Firefox keeps no page with an open WebSocket: it asks before the page hears that it is left.
  if (engine !== "firefox")
    it("the browser's own back/forward cache", async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, 5, topic);
      await start(5, { will: { topic, payload: "gone", qos: 1 } });
      await run(({ state }) => addEventListener("pageshow", ({ persisted }) => state.shown(persisted)));
      await run(({ state, deferred }) => {
        const { promise, resolve } = deferred();
        Object.assign(state, { persisted: promise, shown: resolve });
      });
      await run(publish, `${topic}/alive`);
      await run(published);
      await world.browser.ask((driver) => driver.get(`${world.gateway.origin}/bare.html`));
      assert.equal((await peer.received(1))[0].payload.toString(), "gone");
      await world.browser.ask((driver) => driver.navigate().back());
      assert.equal(await run(({ state, bounded }) => bounded(state.persisted, "pageshow")), true);
      await run(reaches, "connected");
      assert.deepEqual(await run(states), ["suspended", "reconnecting", "connected"]);
      await run(publish, `${topic}/back`);
      assert.equal(await run(published), "acknowledged");
      await leave();
    });

  if (engine === "chromium") chromiumCases(world, it, { start, run, leave });
}

/** The browser's own events, by way of its DevTools. */
function chromiumCases(world, it, { start, run, leave }) {
  const devTools = (command, parameters) =>
    world.browser.ask((driver) => driver.sendDevToolsCommand(command, parameters));
  const network = (offline) =>
    devTools("Network.emulateNetworkConditions", {
      offline,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });

  it("Chromium's own freeze and resume", async () => {
    await start(5);
    await devTools("Page.setWebLifecycleState", { state: "frozen" });
    world.chaos.kill("rst");
    await devTools("Page.setWebLifecycleState", { state: "active" });
    await run(reaches, "connected");
    await leave();
  });

  it("Chromium's own offline and online", async (t) => {
    await start(5);
    await devTools("Network.enable", {});
    t.after(() => network(false));
    await run(({ state }) => {
      state.client.on("state", (name) => {
        document.title = name; // without a network `run` cannot ask
      });
    });
    await network(true);
    world.chaos.kill("rst");
    await world.browser.ask((driver) =>
      driver.wait(async () => (await driver.getTitle()) === "suspended", 20_000),
    );
    await network(false);
    await run(reaches, "connected");
    assert.deepEqual(await run(states), ["suspended", "reconnecting", "connected"]);
    await leave();
  });
}
