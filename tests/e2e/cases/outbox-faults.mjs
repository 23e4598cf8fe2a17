// What may happen to an outbox: crashes, a second tab, storage that is denied, full, silent or damaged, and much in it.
import assert from "node:assert/strict";
import { which } from "../../../scripts/lib/which.mjs";
import { chromiumArguments } from "../../rig/browsers.mjs";
import { mode } from "../../rig/page.mjs";
import { launch } from "../../rig/process.mjs";
import { temporaryFolder } from "../../rig/rig.mjs";
import { begin, durable, finish, freshId, publishAll } from "../support/outbox.mjs";
import { versions } from "../support/world.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const numbers = (count, from = 0) => Array.from({ length: count }, (_, n) => `${from + n}`.padEnd(50, "."));

export default function (world, it) {
  const url = () => world.to(world.chaos.port);
  /** What the peer has, when it has the end: all before it have come, or never will. */
  const all = async (peer, topic) => {
    await world.publish(4, topic, Buffer.from("end"), { qos: 2 });
    await peer.find(({ payload }) => payload.toString() === "end", "the end of the sequence");
    return peer.messages.map(({ payload }) => payload.toString()).filter((text) => text !== "end");
  };
  const connected = (page) => page.run(({ state, bounded }) => bounded(state.started, "the connection"));

  // What a worker is given is copied on the way: there is nothing that could trap.
  const inPage = mode === "page" ? it : () => {};
  inPage("a trap in the engine loses nothing that was stored", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 4, topic);
    const options = durable(5, freshId());
    world.chaos.set({ mode: "refuse" });
    await begin(world.page, url(), options);
    const texts = numbers(50);
    await publishAll(world.page, topic, texts, { qos: 2, until: "stored" });
    const seen = await world.page.run(async ({ state, failure, bounded, describe }, topic) => {
      const pending = failure(state.client.publish(topic, "49".padEnd(50, "!"), { qos: 2 }));
      // (module (func (export "trap") unreachable))
      const bytes = [
        0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0,
      ];
      bytes.push(10, 5, 1, 3, 0, 0, 11);
      const { instance } = await WebAssembly.instantiate(Uint8Array.from(bytes));
      class Payload extends Uint8Array {
        get length() {
          const isInside = new Error().stack.includes("wasm-function");
          return isInside ? instance.exports.trap() : 5000; // with the core on the stack; small ones it does not ask
        }
      }
      const last = await failure(state.client.publish(topic, Payload.of(1), { qos: 2 }));
      const closed = describe(await bounded(state.client.closed, "the end of the client"));
      return { codes: [last.code, closed.code, (await pending).code], state: state.client.state };
    }, topic);
    assert.deepEqual(seen, { codes: Array(3).fill("engine-crashed"), state: "closed" });

    await world.page.load();
    world.chaos.reset();
    await begin(world.page, url(), options);
    assert.deepEqual(await finish(world.page), { left: 0, errors: [] });
    assert.deepEqual((await all(peer, topic)).slice(0, 50), texts);
  });

  it("without a store nothing of it is loaded", async () => {
    await world.connect({});
    const scripts = await world.page.run(() =>
      performance.getEntriesByType("resource").map(({ name }) => name),
    );
    assert.ok(scripts.some((name) => name.endsWith("/pkg/index.js")));
    assert.deepEqual(
      scripts.filter((name) => name.includes("outbox")),
      [],
    );
    await world.page.run(({ state }) => state.client.close());
  });

  it("storage that is denied is told, and the client goes on; or it ends, where that is wanted", async () => {
    const seen = await world.page.run(
      async ({ mqtt, next, describe, failure }, url, options) => {
        const open = indexedDB.open.bind(indexedDB);
        IDBFactory.prototype.open = () => {
          throw new DOMException("denied", "SecurityError");
        };
        const client = mqtt.createClient(url, options);
        const error = next(client, "error").then(describe);
        await client.start();
        const { status } = await client.publish("a", "b", { qos: 2 });
        IDBFactory.prototype.open = open;
        await client.close();

        IDBFactory.prototype.open = () => ({}); // never answers
        const store = { fallback: "fail", timeout: 200 };
        const silent = await failure(mqtt.connect(url, { ...options, store }));
        return { status, error: await error, silent };
      },
      url(),
      durable(5, freshId()),
    );
    assert.deepEqual(
      [seen.status, seen.error.code, seen.silent.code, seen.silent.limit],
      ["completed", "store-unavailable", "store-unavailable", 200],
    );
    await world.page.load();
  });

  for (const version of versions) {
    it(`v${version}: messages expire while nobody looks`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, 4, topic);
      const options = durable(version === 4 ? "auto" : 5, freshId());
      world.chaos.set({ mode: "refuse" });
      await begin(world.page, url(), options);
      const [short, long, never] = ["short", "long", "never"];
      const until = { qos: 1, until: "stored" };
      await publishAll(world.page, topic, [short], { ...until, messageExpiryInterval: 60 });
      await publishAll(world.page, topic, [long], { ...until, messageExpiryInterval: 7200 });
      await publishAll(world.page, topic, [never], until);
      await world.page.load();
      world.chaos.reset();
      await world.page.run(() => {
        const now = Date.now.bind(Date);
        Date.now = () => now() + 3_600_000; // an hour later
      });
      await begin(world.page, url(), options);
      assert.deepEqual(await finish(world.page), { left: 0, errors: ["message-expired"] });
      assert.deepEqual(await all(peer, topic), [long, never]);
    });
  }

  it("damaged and foreign records are told and removed, and the others arrive", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 4, topic);
    const options = durable(5, freshId());
    world.chaos.set({ mode: "refuse" });
    await begin(world.page, url(), options);
    const texts = numbers(6);
    await publishAll(world.page, topic, texts, { qos: 1, until: "stored" });
    await world.page.load();
    world.chaos.reset();
    await world.page.run(async (_, clientId) => {
      const { name } = (await indexedDB.databases()).find(({ name }) => name.endsWith(clientId));
      const opening = indexedDB.open(name);
      await new Promise((resolve) => {
        opening.onsuccess = resolve;
      });
      const transaction = opening.result.transaction("records", "readwrite");
      const records = transaction.objectStore("records");
      const keys = records.getAllKeys();
      const values = records.getAll();
      values.onsuccess = () => {
        const [flipped, cut, other] = values.result;
        flipped[flipped.length >> 1] ^= 1;
        records.put(flipped, keys.result[0]);
        records.put(cut.subarray(0, 5), keys.result[1]);
        records.put("text", keys.result[2]);
        records.put(other, 12345);
        records.put(new Uint8Array(0), 2 ** 52);
        records.put({ settings: true }, "a key of somebody else");
      };
      await new Promise((resolve) => {
        transaction.oncomplete = resolve;
      });
      opening.result.close();
    }, options.clientId);
    await begin(world.page, url(), options);
    const { errors } = await finish(world.page);
    assert.deepEqual([...new Set(errors)], ["store-damaged"]);
    assert.deepEqual(await all(peer, topic), texts.slice(3));
  });

  it("ten thousand messages are stored, restored and sent", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 4, topic);
    const options = durable(5, freshId());
    world.chaos.set({ mode: "refuse" });
    await begin(world.page, url(), options);
    const texts = numbers(10_000);
    await publishAll(world.page, topic, texts, { qos: 1, until: "stored" });
    await world.page.load();
    world.chaos.reset();
    await begin(world.page, url(), options);
    assert.deepEqual(await finish(world.page), { left: 0, errors: [] });
    assert.deepEqual(await all(peer, topic), texts);
  });

  it("two tabs never send from one outbox", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 4, topic);
    const options = { ...durable(5, freshId()), whenClientIdInUse: "ignore" }; // but for its messages
    world.chaos.set({ mode: "refuse" });
    await begin(world.page, url(), options);
    const texts = numbers(20);
    await publishAll(world.page, topic, texts, { qos: 2, until: "stored" });

    const { driver } = world.browser;
    const first = await driver.getWindowHandle();
    await driver.switchTo().newWindow("tab");
    const second = await driver.getWindowHandle();
    t.after(async () => {
      await driver.switchTo().window(second);
      await driver.close();
      await driver.switchTo().window(first);
    });
    await world.page.load();
    await begin(world.page, url(), options);
    const refused = await world.page.run(({ state }) => state.failed);
    assert.equal(refused.code, "client-id-in-use");
    await begin(world.page, url(), { ...options, whenClientIdInUse: "wait" });
    world.chaos.reset();
    await driver.switchTo().window(first);
    await connected(world.page);
    assert.deepEqual(await finish(world.page), { left: 0, errors: [] });
    await driver.switchTo().window(second);
    await publishAll(world.page, topic, ["of the second tab"], { qos: 2 });
    assert.deepEqual(await finish(world.page), { left: 0, errors: [] });
    assert.deepEqual(await all(peer, topic), [...texts, "of the second tab"]);
    await driver.switchTo().window(first);
  });

  if (engine !== "chromium") return;

  const openTab = async (t, where) => {
    const tab = await world.openTab(where);
    t.after(tab.close);
    return tab;
  };

  for (const version of versions) {
    it(`v${version}: a tab that crashes in the middle of QoS 2 loses and doubles nothing`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, 4, topic);
      const options = durable(version, freshId());
      world.chaos.set({ latency: 5 });
      const stored = [];
      for (let round = 0; round < 5; round++) {
        const tab = await openTab(t);
        await begin(tab.page, url(), options);
        await connected(tab.page);
        const texts = numbers(50, round * 100);
        await publishAll(tab.page, topic, texts, { qos: 2, until: "stored" });
        stored.push(...texts);
        // These nobody waits for: they are whole, or not there.
        const rash = numbers(50, round * 100 + 50);
        await publishAll(tab.page, topic, rash, { qos: 2, until: "queued" });
        await tab.crash();
      }
      world.chaos.reset();
      await begin(world.page, url(), options);
      assert.deepEqual(await finish(world.page), { left: 0, errors: [] });
      const got = await all(peer, topic);
      assert.deepEqual(got, [...new Set(got)], "nothing twice");
      assert.deepEqual(
        got,
        [...got].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)),
        "in order",
      );
      assert.deepEqual(
        got.filter((text) => stored.includes(text)),
        stored,
      );
    });
  }

  it("a browser that is killed loses and doubles nothing", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 4, topic);
    const options = durable(5, freshId());
    const profile = temporaryFolder();
    t.after(profile.stop);
    const args = [...chromiumArguments, `--user-data-dir=${profile.path}`, "--remote-debugging-port=0"];
    const start = async () => {
      const ready = /DevTools listening on ws:\/\/([^/]+)/;
      const browser = await launch(which("chromium"), [...args, "about:blank"], { ready });
      t.after(browser.stop);
      return { browser, tab: await world.openTab({ address: browser.match[1] }) };
    };
    world.chaos.set({ latency: 5 });
    const texts = numbers(100);
    for (const part of [texts.slice(0, 50), texts.slice(50)]) {
      const { browser, tab } = await start();
      await begin(tab.page, url(), options);
      await connected(tab.page);
      await publishAll(tab.page, topic, part, { qos: 2, until: "stored" });
      process.kill(-browser.pid, "SIGKILL");
      await browser.exited;
    }
    world.chaos.reset();
    const { tab } = await start();
    await begin(tab.page, url(), options);
    assert.deepEqual(await finish(tab.page), { left: 0, errors: [] });
    assert.deepEqual(await all(peer, topic), texts);
    await tab.close();
  });

  it("storage that is full is told, and used again when there is room", async (t) => {
    const topic = world.topic();
    const peer = await world.subscriber(t, 4, topic);
    // An origin of its own: the browser remembers for a while how much room an origin has.
    const elsewhere = (address) => address.replace("localhost", "127.0.0.1");
    const origin = elsewhere(world.gateway.origin);
    const tab = await openTab(t, { origin });
    const options = durable(5, freshId());
    world.chaos.set({ mode: "refuse" });
    await tab.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 500_000 });
    await begin(tab.page, elsewhere(url()), options);
    await publishAll(tab.page, topic, ["small"], { qos: 1, until: "stored" });
    const code = await tab.page.run(async ({ state, next }, topic) => {
      const full = next(state.client, "error");
      const noise = () => Math.random().toString(36).slice(2); // or the browser would compress it away
      const large = Array.from({ length: 200_000 }, noise).join("");
      state.large = state.client.publish(topic, `large${large}`, { qos: 1, until: "stored" });
      return (await full).code;
    }, topic);
    assert.equal(code, "store-full");
    await tab.send("Storage.overrideQuotaForOrigin", { origin });
    const { status } = await tab.page.run(({ state, bounded }) => bounded(state.large, "room in the store"));
    assert.equal(status, "stored");
    await tab.crash();

    world.chaos.reset();
    const next = await openTab(t, { origin });
    await begin(next.page, elsewhere(url()), options);
    assert.deepEqual(await finish(next.page), { left: 0, errors: [] });
    assert.deepEqual(
      (await all(peer, topic)).map((text) => text.slice(0, 5)),
      ["small", "large"],
    );
  });
}
