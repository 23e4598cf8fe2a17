// HAProxy and Caddy in nginx's place, with the files in deploy/: the same URLs, the same answers.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { shipped } from "../rig/deployed/copy.mjs";
import { startDeployedMosquitto } from "../rig/deployed/mosquitto.mjs";
import { startDeployedCaddy, startDeployedHaproxy } from "../rig/deployed/others.mjs";
import { freePort, listen, openRig } from "../rig/rig.mjs";
import { accounts, connectMqtt, get, handshake, nextMessage } from "./support.mjs";

const root = shipped("www");

/** A web server for the pages, which HAProxy wants. */
async function startPages() {
  const server = createServer((_, response) => response.end("The gateway works"));
  const port = await listen(server);
  const stop = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { port, stop };
}

const web = [
  ["web", ["mqtt"], 101, "mqtt"],
  ["web", ["mqtt", "mqttv3.1"], 101, "mqtt"],
  ["web", [], 400],
  ["web", ["other"], 400],
];
const gateways = {
  HAProxy: {
    async start(rig, brokerPort) {
      const pages = await rig.use(startPages());
      return rig.use(startDeployedHaproxy({ brokerPort, pagesPort: pages.port }));
    },
    offers: [
      ...web,
      ["web", ["mqttv3.1"], 101, "mqttv3.1"],
      ["mini", [], 101, undefined],
      ["mini", ["mqtt"], 101, "mqtt"],
      ["mini", ["mqtt", "mqttv3.1"], 101, "mqtt"],
    ],
    locations: ["/mqtt", "/mqtt-mini"],
    lost: /Web pages connect to \/mqtt, mini-programs to \/mqtt-mini/,
    phone: (gateway) => [gateway.mini, { subprotocol: false }],
  },
  Caddy: {
    start: (rig, brokerPort) => rig.use(startDeployedCaddy({ brokerPort, root })),
    offers: web,
    locations: ["/mqtt"],
    lost: /Clients connect to \/mqtt and offer the subprotocol mqtt/,
    phone: (gateway) => [gateway.web, {}], // see the file for why
  },
};

for (const [name, { start, offers, locations, lost, phone }] of Object.entries(gateways)) {
  describe(name, () => {
    const rig = openRig();
    after(rig.stop);
    let gateway;
    before(async () => {
      const broker = await rig.use(startDeployedMosquitto({ accounts }));
      gateway = await start(rig, broker.webSocketPort);
    });

    it("has no complaint about its file", () => {
      const complaints = gateway.output().match(/.*(\[WARNING\]|\[ALERT\]|"level":"(warn|error)").*/g) ?? [];
      // What Caddy says of the values that make it run here.
      const ours = /admin endpoint disabled|stapling OCSP|redirects are disabled/;
      assert.deepEqual(
        complaints.filter((line) => !ours.test(line)),
        [],
      );
    });

    for (const [location, offered, status, subprotocol] of offers) {
      it(`${location}: ${offered.join(", ") || "nothing"} is offered: ${status} ${subprotocol ?? ""}`, async () => {
        const seen = await handshake(gateway[location], offered);
        assert.deepEqual([seen.status, seen.subprotocol], [status, subprotocol]);
        if (status !== 101) return assert.match(seen.body, /Offer the subprotocol mqtt/);
        seen.socket.terminate();
      });
    }

    it("a cookie that is too long for Mosquitto does no harm", async () => {
      const { status, socket } = await handshake(gateway.web, ["mqtt"], { Cookie: `a=${"x".repeat(12000)}` });
      assert.equal(status, 101);
      socket.terminate();
    });

    it("QoS 0, 1 and 2 between a page and a phone", async () => {
      const page = await connectMqtt(rig, gateway.web);
      const [url, options] = phone(gateway);
      const mini = await connectMqtt(rig, url, { ...options, version: 4 });
      for (const [sender, receiver] of [
        [page, mini],
        [mini, page],
      ]) {
        const topic = `user/ada/${sender === page ? "down" : "up"}`;
        await receiver.subscribeAsync(topic, { qos: 2 });
        for (const qos of [0, 1, 2]) {
          const arriving = nextMessage(receiver);
          await sender.publishAsync(topic, `number ${qos}`, { qos });
          assert.deepEqual(await arriving, { topic, text: `number ${qos}`, qos, retain: false });
        }
      }
    });

    it("says what a wrong request should have been", async () => {
      for (const path of locations) {
        const { status, headers, body } = await get(gateway.origin + path);
        assert.deepEqual([status, headers.upgrade], [426, "websocket"]);
        assert.match(body, /connect with an MQTT client/);
        assert.equal(headers["access-control-allow-origin"], "*");
      }
      const elsewhere = await handshake(`wss://localhost:${gateway.port}/ws`, ["mqtt"]);
      assert.equal(elsewhere.status, 404);
      assert.match(elsewhere.body, lost);
    });

    it("serves pages, with HSTS", async () => {
      const { status, headers, body } = await get(`${gateway.origin}/`);
      assert.equal(status, 200);
      assert.match(body, /The gateway works/);
      assert.equal(headers["strict-transport-security"], "max-age=86400");
    });

    it("refuses TLS 1.1", async () => {
      const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" };
      const connected = new Promise((resolve, reject) => {
        const socket = tls.connect({
          host: "localhost",
          port: gateway.port,
          servername: "localhost",
          ...old,
        });
        socket.once("error", reject).once("secureConnect", resolve);
      });
      await assert.rejects(connected, { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
    });

    it("says that the broker is not there", async () => {
      const alone = await start(rig, await freePort());
      const { status, body } = await handshake(alone.web, ["mqtt"]);
      assert.ok([502, 503].includes(status), `${status}`);
      assert.match(body, /The MQTT broker does not answer/);
    });
  });
}
