// The package in a page that the gateway of deploy/ serves, and messages to and from a client of the other location.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { fileURLToPath } from "node:url";
import { at } from "../../scripts/lib/paths.mjs";
import { accounts, connectMqtt, eventually, nextMessage, startGateway } from "../deploy/support.mjs";
import { profiles } from "../miniprogram/double/profiles.mjs";
import { startMiniProgram } from "../miniprogram/double/runtime.mjs";
import { files } from "../miniprogram/package.mjs";
import { startBrowser } from "../rig/browsers.mjs";
import { startDeployedNginx } from "../rig/deployed/nginx.mjs";
import { openPage } from "../rig/page.mjs";
import { freePort, openRig, temporaryFolder } from "../rig/rig.mjs";
import { lookAfter, startRenewable } from "../rig/survival.mjs";
import { casesIn } from "./support/cases.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const [[username, password]] = accounts;

/** The page under test as a folder of files, as bundlers leave one. */
function site() {
  const folder = temporaryFolder();
  const scripts = join(folder.path, "scripts");
  cpSync(fileURLToPath(new URL("../rig/page", import.meta.url)), folder.path, { recursive: true });
  cpSync(at("pkg"), join(folder.path, "pkg"), { recursive: true });
  mkdirSync(scripts);
  return { ...folder, scripts };
}

describe(`the gateway of deploy/ in ${engine}`, () => {
  const rig = openRig();
  after(rig.stop);
  let nginx;
  let page;
  let attempt;
  before(async () => {
    const files = await rig.use(Promise.resolve(site()));
    const port = await freePort();
    ({ nginx } = await startGateway(rig, {
      root: files.path,
      port,
      // The policy that the configuration offers, for this host.
      changes: [
        ["# add_header Content-Security-Policy", "add_header Content-Security-Policy"],
        ["wss://push.example.com", "wss://localhost:* https://localhost:*"],
        ["default-src 'self'", "default-src 'self'; img-src data:"], // the icon of the page under test
      ],
    }));
    const browser = await rig.use(startRenewable(() => startBrowser(engine)));
    attempt = lookAfter(browser);
    page = openPage({ browser, origin: nginx.origin, scripts: files.scripts });
  });
  const it = casesIn(() => ({
    attempt,
    prepare: () => page.load(),
    verify: async () => assert.deepEqual(await page.problems(), []),
  }));
  const connect = (url, options) =>
    page.run(
      async ({ mqtt, inbox, state }, url, options) => {
        state.inbox = inbox();
        state.client = await mqtt.connect(url, options);
        await state.client.subscribe("user/ada/to-page", { qos: 2 }, state.inbox.handler);
        return state.client.server.subprotocol;
      },
      url,
      { username, password, reconnect: false, ...options },
    );
  const received = (count) => page.run(({ state }, count) => state.inbox.received(count), count);
  const publish = (topic, text, qos) =>
    page.run(
      ({ state }, topic, text, qos) => state.client.publish(topic, text, { qos }).then(() => true),
      topic,
      text,
      qos,
    );

  for (const protocolVersion of [4, 5]) {
    for (const [what, location, options, subprotocol] of [
      ["a page", "web", {}, "mqtt"],
      ["a page at the location for mini-programs", "mini", {}, "mqtt"],
      ["a client that offers no subprotocol", "mini", { subprotocols: [] }, ""],
    ]) {
      it(`${what} and a mini-program, QoS 0, 1 and 2 both ways, version ${protocolVersion}`, async () => {
        assert.equal(await connect(nginx[location], { ...options, protocolVersion }), subprotocol);
        const phone = await connectMqtt(rig, nginx.mini, { subprotocol: false, version: protocolVersion });
        await phone.subscribeAsync("user/ada/to-phone", { qos: 2 });
        for (const qos of [0, 1, 2]) {
          const arriving = nextMessage(phone);
          await publish("user/ada/to-phone", `上行 ${qos}`, qos);
          assert.deepEqual(await arriving, {
            topic: "user/ada/to-phone",
            text: `上行 ${qos}`,
            qos,
            retain: false,
          });
          await phone.publishAsync("user/ada/to-page", `下行 ${qos}`, { qos });
          const message = (await received(qos + 1)).at(-1);
          assert.deepEqual([Buffer.from(message.payload).toString(), message.qos], [`下行 ${qos}`, qos]);
        }
        await page.run(({ state }) => state.client.close());
      });
    }
  }

  // Our own client on both sides, the one in the double of a platform, through the real gateway.
  for (const [name, engineOf] of [
    ["wechat-ios", "wasm"],
    ["alipay-ios", "js"],
    ["douyin-ios", "wasm"],
    ["baidu", "js"],
  ]) {
    for (const protocolVersion of [4, 5]) {
      it(`a page and wasmqtt in ${name}, QoS 0, 1 and 2 both ways, version ${protocolVersion}`, async () => {
        assert.equal(await connect(nginx.web, { protocolVersion }), "mqtt");
        const routes = {
          localhost: { address: `wss://localhost:${nginx.port}`, ca: readFileSync(nginx.ca) },
        };
        const mp = await rig.use(Promise.resolve(startMiniProgram(profiles[name], { files, routes })));
        const client = await mp.require("./app").connect("wss://localhost/mqtt-mini", {
          username,
          password,
          protocolVersion,
          engine: engineOf,
          subprotocols: [],
        });
        assert.equal(client.engine, engineOf);
        const messages = [];
        await client.subscribe("user/ada/to-phone", { qos: 2 }, (message) => messages.push(message));
        for (const qos of [0, 1, 2]) {
          await publish("user/ada/to-phone", `上行 ${qos}`, qos);
          await eventually(() => messages.length > qos, "the message for the phone");
          assert.deepEqual([messages[qos].text(), messages[qos].qos], [`上行 ${qos}`, qos]);
          await client.publish("user/ada/to-page", `下行 ${qos}`, { qos });
          const message = (await received(qos + 1)).at(-1);
          assert.deepEqual([Buffer.from(message.payload).toString(), message.qos], [`下行 ${qos}`, qos]);
        }
        await client.close();
        await page.run(({ state }) => state.client.close());
        assert.deepEqual(mp.uncaught, []);
      });
    }
  }

  it("a client without a subprotocol is refused at the location for pages", async () => {
    const answer = await page.run(async ({ mqtt, failure }, url) => {
      const { code } = await failure(mqtt.connect(url, { subprotocols: [], reconnect: false }));
      const { status } = await fetch(url.replace("wss:", "https:"));
      return { code, status };
    }, nginx.web);
    assert.deepEqual(answer, { code: "connect-failed", status: 426 });
  });

  it("the diagnosis finds both locations in order, and thinks of the broker when it has gone", async () => {
    const ask = (url, options) =>
      page.run(
        async (_, url, options) => {
          const { diagnose } = await import("/pkg/diagnose.js");
          const { verdict } = await diagnose(url, options);
          return { code: verdict.code, certain: verdict.certain, checks: verdict.checks };
        },
        url,
        { username, password, ...options },
      );
    assert.equal((await ask(nginx.web)).code, "ok");
    assert.equal((await ask(nginx.mini, { subprotocols: [] })).code, "ok");
    assert.equal((await ask(nginx.web, { subprotocols: [] })).code, "subprotocol-required");
    const deserted = await rig.use(startDeployedNginx({ brokerPort: await freePort(), root: nginx.folder }));
    // The gateway answers plain requests by itself, so a page cannot tell for certain.
    const { code, certain, checks } = await ask(deserted.web);
    assert.deepEqual([code, certain], ["upgrade-missing", false]);
    assert.match(checks.join("\n"), /The broker behind the proxy: does it run/);
  });
});
