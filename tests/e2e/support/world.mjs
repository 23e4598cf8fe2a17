// Everything the cases need, started once per engine: broker, gateway, browser with a page, fault proxy.
import { at } from "../../../scripts/lib/paths.mjs";
import { startBridge } from "../../rig/bridge.mjs";
import { startBrowser } from "../../rig/browsers.mjs";
import { startChaos } from "../../rig/chaos.mjs";
import { startFakeBroker } from "../../rig/fakebroker.mjs";
import { startMosquitto } from "../../rig/mosquitto.mjs";
import { startNginx } from "../../rig/nginx.mjs";
import { openPage, pageFolders } from "../../rig/page.mjs";
import { publish, publishLines, request, startSubscriber } from "../../rig/peers.mjs";
import { openRig } from "../../rig/rig.mjs";
import { lookAfter, startRenewable } from "../../rig/survival.mjs";
import { debuggerOf, openTab } from "../../rig/tab.mjs";

/** The protocol versions every case about messages runs with: 4 is MQTT 3.1.1. */
export const versions = [4, 5];

/** Reconnects at once and without chance, so that tests with cuts are quick and repeatable. */
export const promptly = { minDelay: 1, maxDelay: 20, jitter: 0 };

/** Options under which the server keeps the session of a client between connections. */
export const keepSession = (version, clientId) => ({
  protocolVersion: version,
  clientId,
  cleanStart: false,
  ...(version === 5 ? { sessionExpiryInterval: 300 } : {}),
});

/** Starts the world for one engine. `stop()` ends it. */
export async function openWorld(engine) {
  const rig = openRig();
  try {
    const broker = await rig.use(startMosquitto());
    const bridge = await rig.use(startBridge({ brokerPort: broker.tcpPort }));
    const protectedBridge = await rig.use(startBridge({ brokerPort: broker.protectedPort }));
    const chaos = await rig.use(startChaos({ target: bridge.port }));
    // The other place for faults: behind the bridge, where every piece becomes a WebSocket message of its own.
    const innerChaos = await rig.use(startChaos({ target: broker.tcpPort }));
    const innerBridge = await rig.use(startBridge({ brokerPort: innerChaos.port }));
    const site = await rig.use(pageFolders(at("pkg")));
    const gateway = await rig.use(
      startNginx({
        folders: site.folders,
        bridge: bridge.port,
        protectedBridge: protectedBridge.port,
        native: broker.nativePort,
        // libsoup 3.2.3 may put the WebSocket of a page that is being left on HTTP/2: it aborts, and the page dies.
        http2: engine !== "webkit",
      }),
    );
    const browser = await rig.use(startRenewable(() => startBrowser(engine)));
    const page = openPage({ browser, origin: gateway.origin, scripts: site.scripts });
    const browserVersion = (await browser.driver.getCapabilities()).get("browserVersion");
    let tabs = 0;
    /** Another tab of this Chromium, or of one at `address`, with the page loaded: `page`, and what `openTab` gives. */
    const addTab = async ({ origin = gateway.origin, address } = {}) => {
      const tab = await openTab(address ?? (await debuggerOf(browser.driver)));
      const name = `tab-${++tabs}-`;
      const other = openPage({ driver: tab, origin, scripts: site.scripts, name });
      await other.load();
      return { ...tab, page: other };
    };
    const versionsUsed = `${browserVersion}, Mosquitto ${broker.version}`;
    console.log(`# ${engine} ${versionsUsed}`);
    return {
      ...tools({ broker, gateway, page }),
      openTab: addTab,
      engine,
      browser,
      attempt: lookAfter(browser),
      bridge,
      chaos,
      innerChaos,
      innerBridge,
      stop: rig.stop,
    };
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

function tools({ broker, gateway, page }) {
  let topics = 0;
  const to = (port) => `${gateway.wss}/to/${port}`;
  return {
    broker,
    gateway,
    page,
    /** A topic that no other test uses. */
    topic: () => `case/${++topics}`,
    /** The wss URL of a port on loopback, through the gateway. */
    to,
    /** Connects a client in the page and keeps it as `state.client`; resolves with its server info. */
    connect: (options, url = `${gateway.wss}/mqtt`) =>
      page.run(
        async ({ mqtt, state }, url, options) => {
          state.client = await mqtt.connect(url, options);
          return state.client.server;
        },
        url,
        options,
      ),
    /** An mqtt client on another connection, not ours. It is stopped after the test `t`. */
    async subscriber(t, version, filters, options = {}) {
      const peer = await startSubscriber({ port: broker.tcpPort, version, ...options }, ...[filters].flat());
      t.after(peer.stop);
      return peer;
    },
    publish: (version, topic, payload, options = {}) =>
      publish({ port: broker.tcpPort, version, ...options }, topic, payload),
    publishLines: (version, topic, lines, options = {}) =>
      publishLines({ port: broker.tcpPort, version, ...options }, topic, lines),
    request: (version, topic, responseTopic, payload) =>
      request({ port: broker.tcpPort, version }, topic, responseTopic, payload),
    /** A scripted broker for the test `t`: `url` leads to it. */
    async fakeBroker(t, script, options) {
      const fake = await startFakeBroker(script, options);
      t.after(fake.stop);
      return { ...fake, url: to(fake.port) };
    },
  };
}
