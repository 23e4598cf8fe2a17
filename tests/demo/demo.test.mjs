import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import mqtt from "mqtt";
import { ensureCertificates } from "../../scripts/certs.mjs";
import { findMosquitto, startBroker } from "../../www-demo/server/broker.mjs";
import { startDemo } from "../../www-demo/server/main.mjs";

let folder;
let certificates;

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "wasmqtt-demo-"));
  certificates = await ensureCertificates(folder);
});
after(() => rm(folder, { recursive: true }));

async function start(...argv) {
  const lines = [];
  const demo = await startDemo({ argv, certificates, log: (line) => lines.push(line) });
  return { ...demo, text: lines.join("\n") };
}

function connect(demo, options = {}) {
  const url = `${demo.url.replace("https:", "wss:")}mqtt`;
  return mqtt.connectAsync(url, { rejectUnauthorized: false, reconnectPeriod: 0, ...options });
}

/** Resolves with the first message on the topic that passes the test. */
function message(client, topic, passes = () => true) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing on ${topic} within 20 s`)), 20_000);
    client.on("message", (name, payload, packet) => {
      if (name !== topic || !passes(payload.toString())) return;
      clearTimeout(timer);
      resolve({ text: payload.toString(), retain: packet.retain, qos: packet.qos });
    });
  });
}

/** Polls, for ten seconds at most; what is asserted afterwards says what was missing. */
async function until(reached) {
  for (let tries = 0; !reached() && tries < 1_000; tries++) await sleep(10);
}

test("the whole demo: page, broker, devices and a command", async () => {
  const demo = await start("--port", "0");
  const client = await connect(demo);
  try {
    const readings = message(client, "demo/meter/power");
    const status = message(client, "demo/lamp/status");
    const off = message(client, "demo/lamp/state", (text) => JSON.parse(text).on === false);
    await client.subscribeAsync("demo/#", { qos: 1 });
    assert.ok(Number.isFinite(JSON.parse((await readings).text).watts));
    assert.equal((await status).text, "online");
    await off;

    const on = message(client, "demo/lamp/state", (text) => JSON.parse(text).on === true);
    await client.publishAsync("demo/lamp/set", "on", { qos: 1 });
    assert.equal((await on).qos, 1);
    assert.match(demo.text, /https:\/\/localhost:\d+\//);
  } finally {
    await client.endAsync(true);
    await demo.close();
  }
});

test("a taken port: the next one, and it says so", async () => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address();
  const demo = await start("--port", String(port), "--no-devices");
  assert.ok(demo.port > port);
  assert.match(demo.text, new RegExp(`Port ${port} is taken: using ${demo.port}`));
  await demo.close();
  taken.close();
});

test("a visitor's broker is bridged and gets no devices", async () => {
  const broker = await startBroker({ mosquitto: "" });
  assert.equal(broker.name, "Aedes");
  const demo = await start("--port", "0", "--broker", broker.url.href);
  assert.equal(demo.broker.name, broker.url.host);
  const client = await connect(demo, { protocolVersion: 4 });
  const heard = [];
  client.on("message", (topic) => heard.push(topic));
  await client.subscribeAsync("#");
  await client.publishAsync("mine", "1", { qos: 1 });
  await until(() => heard.includes("mine"));
  assert.deepEqual(heard, ["mine"]);
  await client.endAsync(true);
  await demo.close();
  await broker.close();
});

test("Mosquitto is used where it is installed", async () => {
  const broker = await startBroker();
  assert.equal(broker.name, findMosquitto() === "" ? "Aedes" : "Mosquitto");
  assert.match(broker.version, /^\d+\.\d+/);
  await broker.close();
});

test("a Mosquitto that does not start is replaced, and it says so", async () => {
  const lines = [];
  const broker = await startBroker({
    mosquitto: path.join(folder, "absent"),
    log: (line) => lines.push(line),
  });
  assert.equal(broker.name, "Aedes");
  assert.match(lines.join(), /Mosquitto did not start/);
  await broker.close();
});

test("closing leaves no listener, no signal handler and no retained message behind", async () => {
  const broker = await startBroker({ mosquitto: "" });
  const handlers = process.listenerCount("SIGINT");
  const demo = await start("--port", "0", "--broker", broker.url.href, "--devices");
  const watcher = await mqtt.connectAsync(broker.url.href);
  const online = message(watcher, "demo/lamp/status");
  await watcher.subscribeAsync("demo/lamp/#");
  await online;
  await demo.close();
  assert.equal(process.listenerCount("SIGINT"), handlers);

  const late = await mqtt.connectAsync(broker.url.href);
  const retained = [];
  late.on("message", (topic) => retained.push(topic));
  await late.subscribeAsync("demo/#", { qos: 1 });
  await late.publishAsync("demo/end", "", { qos: 1 });
  await until(() => retained.includes("demo/end"));
  assert.deepEqual(retained, ["demo/end"]);
  await Promise.all([watcher.endAsync(true), late.endAsync(true)]);
  await broker.close();
});

test("closing does not wait for a page that stays connected", async () => {
  const demo = await start("--port", "0", "--no-devices");
  const client = await connect(demo);
  client.on("error", () => {});
  const closed = once(client, "close");
  await demo.close();
  await closed;
  await client.endAsync(true);
});

test("--help explains and starts nothing", async () => {
  const lines = [];
  assert.equal(await startDemo({ argv: ["--help"], log: (line) => lines.push(line) }), undefined);
  assert.match(lines.join("\n"), /--broker URL/);
});
