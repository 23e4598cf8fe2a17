// `npm run gateway`: starts, says where, works, and leaves nothing behind.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { connect, createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { at } from "../../scripts/lib/paths.mjs";
import { launch } from "../rig/process.mjs";
import { freePort, listen, openRig } from "../rig/rig.mjs";
import { connectMqtt, get, nextMessage } from "./support.mjs";

const script = at("scripts", "gateway.mjs");

/** Says whether anybody listens on a port of this machine. */
const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

describe("npm run gateway", () => {
  const rig = openRig();
  after(rig.stop);
  let gateway;
  let port;
  let shown;
  before(async () => {
    port = await freePort();
    gateway = await rig.use(
      launch(process.execPath, [script, "--port", `${port}`], {
        ready: /Ctrl\+C ends it/,
        startMs: 60_000, // set-up included
      }),
    );
    shown = gateway.output();
  });

  it("prints the two URLs, and accounts that work at both", async () => {
    const [web, mini] = shown.match(/wss:\S+/g);
    assert.deepEqual([web, mini], [`wss://localhost:${port}/mqtt`, `wss://localhost:${port}/mqtt-mini`]);
    const password = (user) => new RegExp(`User ${user} +(\\S+)`).exec(shown)[1];
    const page = await connectMqtt(rig, web, { username: "ada", password: password("ada") });
    await page.subscribeAsync("user/ada/news", { qos: 1 });
    const backend = { username: "backend", password: password("backend"), subprotocol: false };
    const phone = await connectMqtt(rig, mini, backend);
    const arriving = nextMessage(page);
    await phone.publishAsync("user/ada/news", "hello", { qos: 1 });
    assert.equal((await arriving).text, "hello");
  });

  it("serves a page, and does not make a browser keep to HTTPS on all of localhost", async () => {
    const { headers, body } = await get(`https://localhost:${port}/`);
    assert.match(body, /The gateway works/);
    assert.equal(headers["strict-transport-security"], "max-age=0");
  });

  it("ends on a signal, with everything it started", async () => {
    const local = Number(/mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(shown)[1]);
    assert.deepEqual([await accepts(port), await accepts(local)], [true, true]);
    process.kill(gateway.pid, "SIGINT");
    await gateway.exited;
    assert.equal(gateway.ended(), "code 0");
    assert.deepEqual([await accepts(port), await accepts(local)], [false, false]);
  });
});

describe("npm run gateway, called wrongly", () => {
  const call = (...args) =>
    spawnSync(process.execPath, [script, ...args], { encoding: "utf8", timeout: 60_000 });

  for (const [args, complaint] of [
    [["--root", "/no/such/folder"], /^There is no folder \/no\/such\/folder \(see --help\)\n$/],
    [["--port", "many"], /^--port takes a number, not "many" \(see --help\)\n$/],
    [["--colour"], /--colour.*\(see --help\)\n$/],
  ]) {
    it(`${args.join(" ")}: one line, and a status`, () => {
      const { status, stderr } = call(...args);
      assert.equal(status, 1);
      assert.match(stderr, complaint);
    });
  }

  it("a port that is taken is named", async () => {
    const server = createServer();
    const port = await listen(server);
    try {
      const { status, stderr } = call("--port", `${port}`);
      assert.equal(status, 1);
      assert.equal(stderr, `Port ${port} is taken: choose another with --port.\n`);
    } finally {
      server.close();
    }
  });
});
