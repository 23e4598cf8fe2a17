// Everything the cases need, started once per engine: real brokers, the misconfigured gateway, the fault server, a page.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";
import mqttJs from "mqtt";
import { createWebSocketStream, WebSocketServer } from "ws";
import { at } from "../../../scripts/lib/paths.mjs";
import { startBridge } from "../../rig/bridge.mjs";
import { startBrowser } from "../../rig/browsers.mjs";
import { startFakeBroker } from "../../rig/fakebroker.mjs";
import { startFaultServer } from "../../rig/faultserver.mjs";
import { startMosquitto } from "../../rig/mosquitto.mjs";
import { openPage, pageFolders } from "../../rig/page.mjs";
import { freePort, listen, openRig } from "../../rig/rig.mjs";
import { startStrictBrowser, strictEngines } from "../../rig/strictbrowser.mjs";
import { startGateway } from "./gateway.mjs";

/** Starts the world for one engine. `stop()` ends it. */
export async function openWorld(engine) {
  const rig = openRig();
  try {
    const broker = await rig.use(startMosquitto());
    const bridge = await rig.use(startBridge({ brokerPort: broker.tcpPort }));
    const protectedBridge = await rig.use(startBridge({ brokerPort: broker.protectedPort }));
    const faults = await rig.use(startFaultServer());
    const old = await rig.use(startAedes());
    const closedPort = await freePort();
    const site = await rig.use(pageFolders(at("pkg")));
    const upstreams = {
      bridge: bridge.port,
      protectedBridge: protectedBridge.port,
      native: broker.nativePort,
      mqtt311: old.port,
      closed: closedPort,
      silent: faults.silentPort,
      fault: faults.port,
    };
    // libsoup 3.2.3 may put the WebSocket of a page that is being left on HTTP/2: it aborts, and the page dies.
    const http2 = engine !== "webkit";
    const { ports, ca, stop } = await startGateway({ folders: site.folders, upstreams, http2 });
    await rig.use({ stop });
    const mqtts = await rig.use(startMqtts({ certificates: dirname(ca), port: broker.tcpPort }));
    const small = await rig.use(startSmall());
    const rules = `MAP site.test:443 127.0.0.1:${ports.page},`; // a website beside the broker
    const strict = strictEngines.includes(engine);
    const { driver } = await rig.use(
      strict ? startStrictBrowser(engine, { ca, rules }) : startBrowser(engine),
    );
    const pages = Object.fromEntries(
      Object.entries({
        https: `https://localhost:${ports.page}`,
        http: `http://localhost:${ports.plain}`,
        named: `https://mqtt.test:${ports.page}`,
      }).map(([name, origin]) => [name, openPage({ driver, origin, scripts: site.scripts })]),
    );
    // Chromium delays the WebSockets of a process that had many failures: each case gets a process of its own.
    const freshTab = async () => {
      if (engine !== "chromium") return;
      const old = await driver.getWindowHandle();
      await driver.switchTo().newWindow("tab");
      const fresh = await driver.getWindowHandle();
      await driver.switchTo().window(old);
      await driver.close();
      await driver.switchTo().window(fresh);
    };
    console.log(
      `# ${engine} ${(await driver.getCapabilities()).get("browserVersion")}, Mosquitto ${broker.version}`,
    );
    return {
      engine,
      driver,
      freshTab,
      pages,
      ports,
      faults,
      broker,
      mqttsPort: mqtts.port,
      smallPort: small.port,
      closedPort,
      fakeBroker,
      startRival,
      stop: rig.stop,
    };
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

/** A scripted broker for the test `t`. */
async function fakeBroker(t, script) {
  const fake = await startFakeBroker(script);
  t.after(fake.stop);
  return fake.port;
}

/** A real broker that knows MQTT 3.1.1 only. */
async function startAedes() {
  const aedes = await Aedes.createBroker();
  const server = createServer((_request, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({ server, handleProtocols: () => "mqtt" });
  sockets.on("connection", (socket) => aedes.handle(createWebSocketStream(socket)));
  const port = await listen(server);
  const stop = async () => {
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => aedes.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, stop };
}

/** MQTT over TCP with TLS, as Mosquitto has it on port 8883. */
async function startMqtts({ certificates, port }) {
  const read = (name) => readFileSync(join(certificates, name));
  const sockets = new Set();
  const server = createTlsServer({ cert: read("good.pem"), key: read("good.key") }, (socket) => {
    const broker = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [socket, broker],
      [broker, socket],
    ]) {
      sockets.add(one);
      one.on("error", () => {}).on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  server.on("tlsClientError", () => {});
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: await listen(server), stop };
}

/** A WebSocket that takes messages of 64 bytes and no more. */
async function startSmall() {
  const server = createServer((_request, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({ server, handleProtocols: () => "mqtt", maxPayload: 64 });
  sockets.on("connection", (socket) => socket.on("error", () => {}));
  const port = await listen(server);
  const stop = async () => {
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, stop };
}

/** Another client with this Client Identifier, which comes back at once whenever it is thrown out. */
async function startRival(t, port, clientId) {
  const rival = mqttJs.connect({
    host: "127.0.0.1",
    port,
    clientId,
    protocolVersion: 5,
    reconnectPeriod: 50,
  });
  t.after(() => rival.endAsync(true));
  rival.on("error", () => {});
  await new Promise((resolve) => rival.once("connect", resolve));
}
