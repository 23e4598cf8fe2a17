// The demo as a visitor sees it: open the page, watch messages come, publish, see failures explained and messages kept.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, describe } from "node:test";
import { startSubscriber } from "../rig/peers.mjs";
import { freePort, listen } from "../rig/rig.mjs";
import { casesIn } from "./support/cases.mjs";
import { openDemo } from "./support/demo-page.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const SECRET = "hunter2";

describe(`demo in ${engine}`, () => {
  let demo;
  before(async () => {
    demo = await openDemo(engine);
  });
  after(() => demo?.stop());

  const it = casesIn(() => ({
    attempt: demo.attempt,
    prepare: demo.prepare,
    verify: async () => assert.deepEqual(await demo.verify(), []),
  }));
  const verdictFor = async (url) => {
    await demo.fill("#url", url);
    await demo.click("#check");
    await demo.appears("#diagnosis .verdict");
    return demo.textOf("#diagnosis-body");
  };

  it("connects by itself and shows the simulated devices", async () => {
    await demo.see("#message-rows", "demo/");
    await demo.appears("#message-rows [role=option]");
  });

  it("publishes from the form, shows the message and what became of it", async () => {
    await demo.tab("publish");
    await demo.publish("demo/from-the-form", "hello from the form", "1");
    await demo.see("#publishes", "Acknowledged in");
    await demo.publish("demo/twice", "x", "2");
    await demo.see("#publishes", "Completed in");
    await demo.publish("demo/once", "x", "0");
    await demo.see("#publishes", "Sent (QoS 0 has no answer)");
    assert.match(await demo.textOf("#count-sent"), /^\d+$/);
    await demo.tab("messages");
    await demo.fill("#search", "from-the-form");
    await demo.see("#message-rows", "hello from the form");
    assert.equal((await demo.textOf("#message-rows")).split("hello from the form").length - 1, 1, "rows");
  });

  it("explains a connection that fails, and finds out more when asked", async () => {
    await demo.tab("connect");
    const url = `wss://127.0.0.1:${await freePort()}/mqtt?token=${SECRET}`;
    await demo.connect({ url, username: "ada", password: SECRET });
    await demo.appears(".error-card");
    const text = await demo.textOf(".error-card");
    assert.match(text, /cannot be reached|refused/);
    assert.match(text, /connect-failed/);
    assert.match(text, /Check host, port/);

    await demo.clickText("#notices", "Find out why");
    await demo.appears("#diagnosis .verdict");
    const report = await demo.textOf("#diagnosis");
    assert.match(report, /The most a page can find out/);
    assert.match(report, /It may be one of these, the likeliest first/);
    assert.match(report, /unreachable|tls-failed/);
    await demo.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }");
    await demo.click("#diagnosis-copy");
    const copied = await demo.run("return window.copied");
    assert.match(copied, /^wasmqtt diagnosis of wss:\/\/127\.0\.0\.1/);
    for (const shown of [report, copied, await demo.textOf("#notices")]) {
      assert.ok(!shown.includes(SECRET), shown);
    }
    await demo.press("ESCAPE");
    assert.equal(await demo.run("return document.querySelector('#diagnosis').open"), false);
  });

  it("names a wrong path for sure, in a narrow window, while it stays connected", async (t) => {
    const rect = await demo.window().getRect();
    t.after(() => demo.window().setRect(rect));
    await demo.window().setRect({ width: 500, height: 800 });
    await demo.tab("connect");
    await demo.click("#edit-connection");
    const text = await verdictFor(demo.mqttUrl.replace("/mqtt", "/nothing-here"));
    assert.match(text, /This is the cause/);
    assert.match(text, /not-found/);
    assert.match(text, /HTTP 404/);
    const isWide = "return document.documentElement.scrollWidth > innerWidth";
    assert.equal(await demo.run(isWide), false);
    const isCut =
      "const body = document.querySelector('#diagnosis-body'); return body.scrollWidth > body.clientWidth";
    assert.equal(await demo.run(isCut), false);
    await demo.click("#diagnosis-close");
    assert.equal(await demo.textOf("#state-text"), "Connected");
  });

  it("asks servers elsewhere with the leave of the page's policy, and leads to where the browser says more", async () => {
    await demo.tab("connect");
    await demo.click("#edit-connection");
    const text = await verdictFor("wss://broker.invalid/mqtt");
    assert.match(text, /GET https:/);
    assert.equal(await demo.run("return document.querySelector('#diagnosis-body a').host"), "broker.invalid");
  });

  it("checks an address that works by keyboard, without throwing out the page's own client", async () => {
    await demo.connect({ clientId: "e2e-demo" });
    await demo.see("#state-text", "Connected");
    await demo.run("document.activeElement.blur()");
    await demo.press("d");
    await demo.appears("#diagnosis .verdict");
    const text = await demo.textOf("#diagnosis");
    assert.match(text, /It works/);
    assert.match(text, /random client ID/);
    await demo.press("ESCAPE");
    assert.equal(await demo.textOf("#state-text"), "Connected");
    assert.doesNotMatch(
      await demo.run("return document.querySelector('#activity').textContent"),
      /Disconnected/,
    );
  });

  it("gives up a check when asked to, and closes its connections", async (t) => {
    const open = new Set();
    const server = createServer((socket) => {
      open.add(socket.on("error", () => {}).on("close", () => open.delete(socket)));
      socket.resume();
    });
    const port = await listen(server);
    t.after(() => server.close());
    await demo.tab("connect");
    await demo.click("#disconnect");
    await demo.fill("#url", `wss://127.0.0.1:${port}/mqtt`);
    await demo.click("#check");
    await demo.see("#diagnosis-body", "of at most 15 s");
    await demo.waitFor(() => open.size > 0, "the check never dialled");
    assert.equal(await demo.textOf("#diagnosis-close"), "Cancel");
    await demo.click("#diagnosis-close");
    assert.equal(await demo.run("return document.querySelector('#diagnosis').open"), false);
    // Firefox leaves the TLS handshake of a WebSocket that was closed to the server, for half a minute and longer.
    if (engine === "firefox") for (const socket of open) socket.destroy();
    await demo.waitFor(() => open.size === 0, "a connection of the check stayed open");
  });

  it("keeps messages while the broker is away and over a reload, says so, and delivers them once", async (t) => {
    const peer = await startSubscriber({ port: demo.broker.tcpPort, version: 5 }, "kept/#");
    t.after(peer.stop);
    await demo.connect({ keepUnsent: true });
    await demo.see("#state-text", "Connected");
    assert.match(await demo.run("return document.querySelector('[name=clientId]').value"), /^console\w+$/);
    await demo.cutOff();
    await demo.see("#state-text", "Reconnecting");
    await demo.see("#notices", /Attempt \d+ (in \d+ s|is under way)/);

    await demo.tab("publish");
    await demo.see("#publish-note", "QoS 0 is not kept");
    await demo.publish("kept/one", "1", "1");
    await demo.publish("kept/two", "2", "2");
    await demo.see("#publish-note", "kept in this browser");
    await demo.see(
      "#publishes",
      /kept\/two\s+Stored in this browser: waits for a connection[\s\S]*kept\/one\s+Stored/,
    );
    await demo.see("#waiting", "Waiting: 2 to be sent.");
    await demo.clickText("#notices", "Find out why");
    await demo.see("#diagnosis-body", "bad-gateway");
    await demo.click("#diagnosis-close");

    await demo.load(demo.reload);
    await demo.tab("publish");
    await demo.see("#waiting", "Waiting: 2 to be sent. 2 of them from an earlier visit.");
    await demo.publish("kept/three", "3", "1");
    await demo.see("#waiting", "Waiting: 3 to be sent. 2 of them from an earlier visit.");

    await demo.click("#cancel");
    await demo.see(
      "#waiting",
      "Kept in this browser for the next connection: 3. 2 of them from an earlier visit.",
    );
    await demo.click("#connect");
    await demo.see("#notices", "No connection yet.");
    await demo.tab("publish");
    await demo.see("#waiting", "Waiting: 3 to be sent. 2 of them from an earlier visit.");

    await demo.restore();
    await demo.clickText("#notices", "Try now");
    await demo.see("#state-text", "Connected");
    await demo.tab("publish");
    await demo.see("#publishes", /kept\/one\s+From an earlier visit: acknowledged/);
    await demo.see("#publishes", /kept\/two\s+From an earlier visit: completed/);
    await demo.see("#publishes", /kept\/three\s+Acknowledged/);
    await demo.see("#waiting", /^$/);
    await peer.received(3);
    await demo.publish("kept/last", "4", "2");
    await peer.find(({ topic }) => topic === "kept/last");
    // Each once; messages of different QoS may overtake each other in the broker (section 4.6).
    const topics = peer.messages.map(({ topic }) => topic).sort();
    assert.deepEqual(topics, ["kept/last", "kept/one", "kept/three", "kept/two"]);
  });

  it("says that nothing is kept when the browser denies its store, and goes on", async () => {
    await demo.run(
      "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); }",
    );
    await demo.connect({ keepUnsent: true });
    await demo.see("#notices [data-about=store]", /not kept at the moment[\s\S]*store-unavailable/);
    await demo.see("#state-text", "Connected");
    await demo.tab("publish");
    await demo.publish("demo/unkept", "x", "1");
    await demo.see("#publishes", "Acknowledged in");
  });

  it("names a client ID that another tab uses, and takes another one when asked", async (t) => {
    await demo.connect({ clientId: "e2e-twin" });
    await demo.see("#state-text", "Connected");
    const [first] = await demo.windows();
    await demo.newWindow();
    t.after(async () => {
      await demo.closeWindow();
      await demo.toWindow(first);
    });
    await demo.load(() => demo.goTo(demo.url)); // which remembers the identifier
    await demo.see("#notices", /client ID is in use[\s\S]*client-id-in-use/);
    assert.doesNotMatch(await demo.textOf("#notices"), /Find out why/);
    await demo.clickText("#notices", "Use another client ID");
    await demo.see("#state-text", "Connected");
    await demo.tab("connect");
    await demo.see("#negotiated", /Client ID\s+console\w+/);
    // For this tab only: the next visit goes on as the first one.
    assert.equal(await demo.run("return JSON.parse(localStorage['wasmqtt.settings']).clientId"), "e2e-twin");
  });
});
