// Background, network, time, storage and randomness.
import assert from "node:assert/strict";
import { test } from "node:test";
import { profiles } from "./double/profiles.mjs";
import { CONNECT, eventually, open, plain, settle, start } from "./support.mjs";

test("what is short in the background changes nothing", async (t) => {
  const { mp } = await start(t, "wechat-android");
  const told = [];
  mp.host.onAppHide(() => told.push("hide"));
  const shown = () => told.push("show");
  mp.host.onAppShow(shown);
  const socket = open(mp);
  await socket.until("open");
  mp.hide();
  await mp.skip(4000);
  mp.show();
  await mp.skip(60_000);
  assert.deepEqual(told, ["hide", "show"]);
  assert.ok(!socket.types().includes("close"));
  mp.host.offAppShow(shown);
  mp.hide();
  mp.show();
  await settle();
  assert.deepEqual(told, ["hide", "show", "hide"]);
});

for (const [name, profile] of Object.entries(profiles)) {
  const { grace, code, news } = profile.background;
  test(`${name}: a socket does not outlive the background, and the news comes ${news}`, async (t) => {
    const { mp } = await start(t, name);
    const ran = [];
    mp.run("setInterval")(() => ran.push(Math.round(mp.now() / 1000)), 1000);
    const socket = open(mp);
    await socket.until("open");
    mp.inject({ silent: true });
    const dialling = open(mp);
    mp.hide();
    await mp.skip(grace);
    const before = ran.length;
    await mp.skip(60_000);
    const ended = () => [socket.types().includes("close"), dialling.types().includes("error")];
    assert.equal(mp.live.size, 0);
    assert.equal(mp.frozen, news === "deferred");
    assert.deepEqual(ended(), news === "deferred" ? [false, false] : [true, true]);
    if (news === "deferred") assert.equal(ran.length, before, "timers stood still");
    else {
      const refused = open(mp);
      assert.match((await refused.until("connect fail")).errMsg, /interrupted/);
    }
    mp.show();
    await eventually(() => ended().every(Boolean), "the news");
    if (profile.family !== "my") assert.equal(String(socket.detail("close").code), String(code));
    await eventually(() => ran.length > before, "the interval");
    await open(mp).until("open");
    assert.deepEqual(mp.uncaught, []);
  });
}

test("long in the background it is thrown away, and its storage stays", async (t) => {
  for (const name of ["wechat-ios", "alipay-ios"]) {
    const { mp } = await start(t, name);
    const alipay = mp.profile.family === "my";
    const value = { bytes: "AAEC", list: [1, "二"] };
    if (alipay) mp.host.setStorageSync({ key: "a", data: value });
    else mp.host.setStorageSync("a", value);
    mp.hide();
    await mp.skip(mp.profile.background.destroy);
    assert.equal(mp.alive, false);
    const again = mp.relaunch();
    t.after(again.stop);
    const kept = alipay ? again.host.getStorageSync({ key: "a" }).data : again.host.getStorageSync("a");
    assert.deepEqual(plain(kept), value);
    await open(again).until("open");
  }
});

test("a change of network is told, and may leave a socket open in name only", async (t) => {
  const { mp, broker } = await start(t, "wechat-android");
  const told = [];
  mp.host.onNetworkStatusChange((status) => told.push(plain(status)));
  const zombie = open(mp);
  await zombie.until("open");
  zombie.send(CONNECT);
  await zombie.until("message");
  mp.change(true, "4g", "deaf");
  zombie.send(Buffer.from([0xc0, 0]));
  await eventually(() => zombie.types().filter((type) => type === "send success").length === 2, "success");
  broker.connections[0].drop();
  const other = open(mp);
  await other.until("open");
  assert.ok(!zombie.types().includes("close"));
  assert.equal(broker.connections[0].packets.length, 1);
  mp.change(false, "none");
  await other.until("close");
  await settle();
  assert.deepEqual(told, [
    { isConnected: true, networkType: "4g" },
    { isConnected: false, networkType: "none" },
  ]);
});

test("reactions of promises are timers on iOS 15, microtasks elsewhere", async (t) => {
  const files = {
    "/pages/index/a.js": `module.exports = (order) => {
      setTimeout(() => order("timer"), 0);
      Promise.resolve().then(() => order("promise"));
      Promise.all([1, Promise.resolve(2)]).then(([a, b]) => { if (a + b !== 3) throw new Error("all"); })
        .then(() => { throw new Error("x"); }).catch((error) => order(error.message)).finally(() => order("end"));
    };`,
  };
  for (const [name, first] of [
    ["wechat-ios", "promise"],
    ["wechat-ios-15", "timer"],
  ]) {
    const { mp } = await start(t, name, { files });
    const order = [];
    mp.require("./a")((what) => order.push(what));
    await eventually(() => order.length === 4, "all of them");
    assert.equal(order[0], first);
    assert.deepEqual(
      order.filter((what) => what !== "timer"),
      ["promise", "x", "end"],
    );
  }
});

test("the clock of a mini-program goes on where its timers stand still", async (t) => {
  const { mp } = await start(t, "wechat-ios");
  const before = mp.run("Date").now();
  mp.hide();
  await mp.skip(600_000);
  mp.show();
  assert.ok(mp.run("Date").now() - before >= 600_000);
  assert.ok(mp.run("new Date().getTime()") - before >= 600_000);
  assert.equal(mp.run("new Date(5).getTime()"), 5);
});

test("what code throws in a callback is kept, and others go on", async (t) => {
  const { mp } = await start(t, "wechat-android");
  const socket = open(mp);
  socket.task.onOpen(() => {
    throw new Error("mine");
  });
  const later = [];
  socket.task.onOpen(() => later.push("told"));
  await eventually(() => later.length > 0, "the other listener");
  assert.deepEqual(
    mp.uncaught.map(({ message }) => message),
    ["mine"],
  );
});

test("storage: JSON and its limits, thrown or answered", async (t) => {
  const { mp } = await start(t, "wechat-android");
  const { host } = mp;
  assert.equal(host.getStorageSync("nothing"), "");
  host.setStorageSync("b", new ArrayBuffer(4));
  assert.deepEqual(plain(host.getStorageSync("b")), {});
  assert.throws(() => host.setStorageSync("c", "x".repeat(1024 * 1024)), /limit of one key/);
  for (let i = 0; i < 10; i++) host.setStorageSync(`d${i}`, "x".repeat(1024 * 1000));
  assert.throws(() => host.setStorageSync("e", "x".repeat(1024 * 1000)), /exceed storage max size/);
  const failed = await new Promise((fail) =>
    host.setStorage({ key: "e", data: "x".repeat(1024 * 1000), fail }),
  );
  assert.match(failed.errMsg, /^setStorage:fail exceed/);
  host.removeStorageSync("d0");
  host.setStorageSync("e", "x".repeat(1024 * 1000));
  assert.equal(host.getStorageInfoSync().keys.length, 11);

  const alipay = (await start(t, "alipay-ios")).mp.host;
  assert.equal(alipay.getStorageSync({ key: "nothing" }).data, null);
  assert.equal(alipay.setStorageSync({ key: "a", data: "x".repeat(200 * 1024) }).error, 14);
  const read = await new Promise((success) => alipay.getStorage({ key: "a", success }));
  assert.equal(read.data, null);
});

test("randomness where the platform has some, asynchronously", async (t) => {
  const { mp } = await start(t, "wechat-android");
  const ask = (length) => new Promise((done) => mp.host.getRandomValues({ length, complete: done }));
  const [{ randomValues: a }, { randomValues: b }] = await Promise.all([ask(32), ask(32)]);
  assert.equal(a.byteLength, 32);
  assert.notDeepEqual(Buffer.from(a), Buffer.from(b));
  assert.match((await ask(1_048_577)).errMsg, /getRandomValues:fail/);
  for (const name of ["alipay-ios", "baidu", "qq"]) {
    assert.equal((await start(t, name)).mp.host.getRandomValues, undefined);
  }
});
