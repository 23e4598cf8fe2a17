// MQTT through both locations to Mosquitto as it ships, with a client library that is not ours (MQTT.js).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { ensureCertificates } from "../../scripts/certs.mjs";
import { changedLines, shipped } from "../rig/deployed/copy.mjs";
import { openRig, temporaryFolder } from "../rig/rig.mjs";
import { connectMqtt, event, eventually, nextMessage, startGateway } from "./support.mjs";

const root = shipped("www");
const versions = [4, 5]; // 4 is MQTT 3.1.1

describe("Mosquitto with the files of deploy/mosquitto", () => {
  const rig = openRig();
  after(rig.stop);
  let broker;
  let nginx;
  const connectTo = {
    web: (options) => connectMqtt(rig, nginx.web, options),
    mini: (options) => connectMqtt(rig, nginx.mini, { ...options, subprotocol: false }),
    local: (options) => connectMqtt(rig, `mqtt://127.0.0.1:${broker.tcpPort}`, options),
  };
  before(async () => {
    ({ broker, nginx } = await startGateway(rig, { root }));
  });

  it("starts them unchanged but for addresses, folders and the user", () => {
    assert.deepEqual(changedLines("mosquitto", broker.folder), [
      "user mosquitto",
      "password_file /etc/mosquitto/passwords",
      "acl_file /etc/mosquitto/acl",
      "listener 1883 127.0.0.1",
      "listener 9001 127.0.0.1",
      "persistence_location /var/lib/mosquitto/",
    ]);
  });

  it("has no complaint about them", () => {
    const complaints = broker.output().match(/.*(warning|error).*/gi) ?? [];
    assert.deepEqual(
      complaints.filter((line) => !/should not be run as root/.test(line)),
      [],
    );
  });

  for (const version of versions) {
    for (const [from, to] of [
      ["web", "mini"],
      ["mini", "web"],
      ["local", "web"],
      ["local", "mini"],
    ]) {
      it(`QoS 0, 1 and 2 from ${from} to ${to}, version ${version}`, async () => {
        const [sender, receiver] = [await connectTo[from]({ version }), await connectTo[to]({ version })];
        const topic = `user/ada/${from}/${to}/${version}`;
        await receiver.subscribeAsync(topic, { qos: 2 });
        for (const qos of [0, 1, 2]) {
          const arriving = nextMessage(receiver);
          await sender.publishAsync(topic, `第 ${qos} 条`, { qos });
          assert.deepEqual(await arriving, { topic, text: `第 ${qos} 条`, qos, retain: false });
        }
      });
    }
  }

  it("a message of 20 KB passes both ways", async () => {
    const [web, mini] = [await connectTo.web(), await connectTo.mini()];
    const text = "0123456789".repeat(2000);
    await mini.subscribeAsync("user/ada/large", { qos: 1 });
    const arriving = nextMessage(mini);
    await web.publishAsync("user/ada/large", text, { qos: 1 });
    assert.equal((await arriving).text, text);
  });

  it("a session keeps a burst of 3,000 messages for its client, whole and in order", async () => {
    const session = { clientId: "phone", clean: false, properties: { sessionExpiryInterval: 60 } };
    const phone = await connectTo.mini(session);
    await phone.subscribeAsync("user/ada/burst", { qos: 1 });
    await phone.endAsync();
    const backend = await connectTo.local({ user: "backend" });
    const numbers = Array.from({ length: 3000 }, (_, n) => String(n));
    await Promise.all(numbers.map((n) => backend.publishAsync("user/ada/burst", n, { qos: 1 })));
    const again = await connectTo.mini({ ...session, resubscribe: false });
    assert.equal(again.connack.sessionPresent, true);
    await eventually(() => again.texts.length >= numbers.length, "the last message");
    assert.deepEqual(again.texts, numbers);
  });

  describe("rights", () => {
    for (const [what, options] of [
      ["nobody in particular", { username: undefined, password: undefined }],
      ["a wrong password", { password: "wrong" }],
      ["an unknown user", { username: "mallory", password: "correct horse" }],
    ]) {
      it(`${what} is refused, in both versions`, async () => {
        await assert.rejects(connectTo.web({ ...options, version: 4 }), { code: 5 });
        await assert.rejects(connectTo.mini({ ...options, version: 5 }), { code: 0x87 });
      });
    }

    it("one's own tree is one's own", async () => {
      const [ada, grace] = [await connectTo.web(), await connectTo.web({ user: "grace" })];
      const backend = await connectTo.local({ user: "backend" });
      await ada.subscribeAsync(["user/+/private", "user/ada/end"], { qos: 1 });
      const seen = [];
      ada.on("message", (topic) => seen.push(topic));
      await backend.publishAsync("user/grace/private", "not for ada", { qos: 1 });
      // Mosquitto says 0x87 (Not authorized) in PUBACK, which MQTT.js makes an error of.
      await assert.rejects(grace.publishAsync("user/ada/private", "forged", { qos: 1 }), { code: 0x87 });
      await backend.publishAsync("user/ada/private", "for ada", { qos: 1 });
      await backend.publishAsync("user/ada/end", "", { qos: 1 });
      await eventually(() => seen.includes("user/ada/end"), "the last message");
      assert.deepEqual(seen, ["user/ada/private", "user/ada/end"]);
    });
  });
});

describe("keep-alive and timeouts", () => {
  const rig = openRig();
  after(rig.stop);

  it("nginx waits longer than the broker, whatever Keep Alive a 5.0 client asks for", async () => {
    const number = (name, pattern) => Number(pattern.exec(readFileSync(shipped(...name), "utf8"))[1]);
    const longest = number(["mosquitto", "mosquitto.conf"], /^max_keepalive (\d+)$/m);
    for (const which of ["read", "send"]) {
      const timeout = number(
        ["nginx", "gateway", "mqtt.conf"],
        new RegExp(`^proxy_${which}_timeout (\\d+)s;`, "m"),
      );
      assert.ok(timeout > 1.5 * longest, `${timeout} s against 1.5 times ${longest} s`);
    }
    const { nginx } = await startGateway(rig, { root });
    for (const keepalive of [0, 600]) {
      const client = await connectMqtt(rig, nginx.web, { keepalive });
      assert.equal(client.connack.properties.serverKeepAlive, longest);
    }
    const modest = await connectMqtt(rig, nginx.web, { keepalive: 45 });
    assert.equal(modest.connack.properties.serverKeepAlive, undefined);
  });

  it("pings hold a connection that would be cut without", async () => {
    const changes = [["proxy_read_timeout 200s;", "proxy_read_timeout 3s;"]];
    const { nginx } = await startGateway(rig, { root, changes });
    const talking = await connectMqtt(rig, nginx.mini, { subprotocol: false, keepalive: 1 });
    let closed = false;
    talking.on("close", () => {
      closed = true;
    });
    const silent = await connectMqtt(rig, nginx.mini, { subprotocol: false, keepalive: 100 });
    await event(silent, "close");
    assert.equal(closed, false);
    await talking.publishAsync("user/ada/still", "here", { qos: 1 });
  });
});

describe("renewing the certificate", () => {
  const rig = openRig();
  after(rig.stop);

  it("a reload serves the new one and keeps connections open", async () => {
    const certificates = await rig.use(Promise.resolve(temporaryFolder()));
    const { nginx } = await startGateway(rig, { root, certificates: certificates.path });
    const serial = () =>
      new Promise((resolve, reject) => {
        const socket = tls.connect({ host: "localhost", port: nginx.port, rejectUnauthorized: false });
        socket.once("error", reject).once("secureConnect", () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        });
      });
    const client = await connectMqtt(rig, nginx.web);
    const old = await serial();
    // Another name makes another certificate in the same files, as renewal does.
    await ensureCertificates(certificates.path, { hosts: ["push.example.com"] });
    assert.equal(await serial(), old, "a running nginx knows nothing of new files");
    process.kill(nginx.pid, "SIGHUP"); // what "nginx -s reload" sends
    await eventually(async () => (await serial()) !== old, "the new certificate");
    await client.publishAsync("user/ada/after", "the reload", { qos: 1 });
  });
});
