// What is particular to one family or profile of sockets, and the faults that a test can ask for.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ensureCertificates } from "../../scripts/certs.mjs";
import { temporaryFolder } from "../rig/rig.mjs";
import { profiles } from "./double/profiles.mjs";
import { CONNECT, eventually, HOST, open, plain, settle, start, URL_OF_BROKER } from "./support.mjs";

const textOf = (detail) => detail.errMsg ?? detail.errorMessage ?? detail.data.errorMessage;

test("arguments that are no connection", async (t) => {
  const { mp } = await start(t, "wechat-android");
  assert.equal(mp.host.connectSocket("wss://broker.example"), undefined);
  for (const [url, text] of [
    [undefined, /url should be String/],
    ["broker.example", /invalid url/],
    ["ws://broker.example/", /invalid url/],
  ]) {
    const socket = open(mp, { url });
    assert.equal(socket.task, undefined);
    assert.match(textOf(await socket.until("connect fail")), text);
  }
});

for (const [name, taken] of [
  ["wechat-ios", true],
  ["wechat-android", false],
]) {
  test(`${name} ${taken ? "takes" : "refuses"} a string as protocols`, async (t) => {
    const { mp, broker } = await start(t, name);
    const socket = open(mp, { protocols: "mqtt" });
    await socket.until(taken ? "open" : "error");
    assert.equal(broker.connections.length, taken ? 1 : 0);
  });
}

test("a subprotocol that is offered and not selected fails the connection", async (t) => {
  const { mp } = await start(t, "douyin-ios", { broker: { subprotocol: "" } });
  assert.match(textOf(await open(mp).until("error")), /no subprotocol/);
  await open(mp, { protocols: undefined }).until("open");
});

test("the header Sec-WebSocket-Protocol counts for Alipay only", async (t) => {
  for (const [name, offered] of [
    ["alipay-ios", "mqtt"],
    ["wechat-android", undefined],
  ]) {
    const { mp, broker } = await start(t, name);
    const header = { "Sec-WebSocket-Protocol": "mqtt" };
    await open(mp, { protocols: undefined, header }).until("open");
    assert.equal(broker.connections[0].offered, offered);
  }
});

test("a certificate has to be trusted and to name the host", async (t) => {
  const folder = temporaryFolder();
  t.after(folder.stop);
  for (const [hosts, trusted, event] of [
    [[HOST], true, "open"],
    [[HOST], false, "error"],
    [[], true, "error"],
  ]) {
    const files = await ensureCertificates(`${folder.path}/${hosts}`, { hosts });
    const tls = { key: readFileSync(files.key), cert: readFileSync(files.cert) };
    const ca = trusted ? readFileSync(files.ca) : undefined;
    const { mp } = await start(t, "wechat-ios", { broker: { tls }, ca });
    await open(mp).until(event);
  }
});

test("a handshake names the host that was asked for, and the mini-program it comes from", async (t) => {
  const { mp, broker } = await start(t, "wechat-android");
  await open(mp, { header: { Referer: "https://elsewhere.example/", "X-Mine": "1" } }).until("open");
  const { host, referer, "x-mine": mine } = broker.connections[0].headers;
  assert.deepEqual([host, mine], [HOST, "1"]);
  assert.match(referer, /^https:\/\/servicewechat\.com\/\w+\/\d+\/page-frame\.html$/);
});

test("a close: what it refuses, that it comes once, and before the socket is open", async (t) => {
  const { mp, broker } = await start(t, "wechat-android");
  const socket = open(mp);
  await socket.until("open");
  for (const fields of [{ code: 1001 }, { code: 5000 }, { reason: "€".repeat(42) }]) socket.close(fields);
  await eventually(
    () => socket.types().filter((type) => type === "close fail").length === 3,
    "three refusals",
  );
  socket.close({ code: 4321, reason: "done" });
  socket.close();
  await socket.until("close");
  socket.close();
  await settle();
  const refusals = socket.told
    .filter(({ type }) => type === "close fail")
    .map(({ detail }) => textOf(detail));
  assert.match(refusals[3], /WebSocket is not connected/);
  assert.match(refusals[4], /taskID not exist/);
  assert.equal(socket.types().filter((type) => type === "close").length, 1);
  await broker.until(() => !broker.connections[0].open, "the end");

  const early = open(mp);
  early.close();
  await early.until("close");
  assert.ok(!early.types().includes("open"));
});

test("a handshake that fails is an error and nothing else", async (t) => {
  const { mp, broker } = await start(t, "wechat-android");
  await broker.stop();
  const socket = open(mp);
  await socket.until("error");
  await settle();
  assert.deepEqual(socket.types(), ["connect success", "error"]);
});

test("Alipay has one global socket without `multiple`, and its listeners accumulate", async (t) => {
  const { mp, broker } = await start(t, "alipay-android");
  const told = [];
  const note = (type) => (detail) => told.push([type, plain(detail)]);
  for (const type of ["Open", "Message", "Close"]) mp.host[`onSocket${type}`](note(type));
  mp.host.onSocketOpen(note("Open again"));
  assert.equal(mp.host.connectSocket({ url: URL_OF_BROKER, protocols: ["mqtt"] }), undefined);
  await eventually(() => told.length === 2, "both listeners");
  mp.host.connectSocket({ url: URL_OF_BROKER, fail: note("second") });
  mp.host.sendSocketMessage({ data: CONNECT.toString("base64"), isBuffer: true });
  await eventually(() => told.some(([type]) => type === "Message"), "CONNACK");
  assert.deepEqual(told[0], ["Open", {}]);
  assert.equal(told.find(([type]) => type === "second")[1].error, 3);
  assert.deepEqual(told.at(-1), ["Message", { data: "IAIAAA==", isBuffer: true }]);
  mp.host.offSocketMessage();
  mp.host.closeSocket();
  await eventually(() => told.at(-1)[0] === "Close", "the end");
  assert.deepEqual(broker.violations, []);
});

test("uni-app answers a task only where a callback is given, and a promise elsewhere", async (t) => {
  const { mp } = await start(t, "uni-app");
  assert.equal(typeof open(mp).task.send, "function");
  const promise = mp.host.connectSocket({ url: URL_OF_BROKER });
  assert.equal(typeof promise.then, "function");
  assert.equal(typeof (await promise).send, "function");
});

test("some builds answer a promise where no callback is given, and it rejects", async (t) => {
  const { mp } = await start(t, "wechat-android-promises");
  const { task } = open(mp);
  await assert.rejects(task.send({ data: "x" }), (error) => /not connected/.test(error.errMsg));
});

test("buffers from another realm are ArrayBuffers all the same", async (t) => {
  const files = {
    "/pages/index/a.js":
      "module.exports = (x) => [x instanceof ArrayBuffer, Object.prototype.toString.call(x)];",
  };
  const profile = { ...profiles["wechat-android"], foreignBuffers: true };
  for (const [name, same] of [
    [profile, false],
    [profiles["wechat-android"], true],
  ]) {
    const { mp } = await start(t, name, { files });
    const socket = open(mp);
    await socket.until("open");
    socket.send(CONNECT);
    const { data } = await socket.until("message");
    assert.deepEqual([...mp.require("./a")(data)], [same, "[object ArrayBuffer]"]);
  }
});

const ENDINGS = ["error", "close", "error, close", "close, error", "close, close", "error, error"];

for (const ending of ENDINGS) {
  test(`a fault tells the end of a connection as "${ending}"`, async (t) => {
    const { mp, broker } = await start(t, "wechat-android");
    mp.inject({ ending }, { end: ending });
    const lost = open(mp);
    const never = open(mp);
    await lost.until("open");
    broker.connections[0].drop();
    const types = ({ types }) => types().filter((type) => type === "error" || type === "close");
    const wanted = ending.split(", ");
    await eventually(() => types(lost).length + types(never).length === 2 * wanted.length, "both ends");
    assert.deepEqual([types(lost), types(never)], [wanted, wanted]);
    assert.equal(mp.live.size, 0);
  });
}

test("faults of the call, of its answer, and of what comes late", async (t) => {
  const { mp, broker } = await start(t, "wechat-android");
  mp.inject({ throws: true });
  assert.throws(
    () => mp.host.connectSocket({ url: URL_OF_BROKER }),
    ({ errMsg }) => /injected/.test(errMsg),
  );

  mp.inject({ fails: "inside" });
  const inside = open(mp);
  assert.deepEqual(inside.types(), ["connect fail"]); // before connectSocket has returned
  assert.equal(inside.task, undefined);

  mp.inject({ silent: true });
  const silent = open(mp);
  await silent.until("connect success");
  await mp.skip(3_600_000);
  assert.deepEqual(silent.types(), ["connect success"]);

  mp.inject({ success: "after open" }, { success: "never" });
  const after = open(mp);
  await after.until("connect success");
  assert.deepEqual(after.types(), ["open", "connect success"]);
  const never = open(mp);
  await never.until("open");
  await settle();
  assert.deepEqual(never.types(), ["open"]);
  never.close();
  await never.until("close");

  mp.inject({ send: "fail" }, { send: "silent" });
  const failing = open(mp);
  const mute = open(mp);
  await Promise.all([failing.until("open"), mute.until("open")]);
  failing.send(CONNECT);
  mute.send(CONNECT);
  await failing.until("send fail");
  assert.ok(!mute.types().some((type) => type.startsWith("send")));

  failing.close();
  await failing.until("close");
  mp.sockets.at(-2).late("message", { bytes: Buffer.from([0xd0, 0]), binary: true });
  await failing.until("message");
  assert.equal(failing.types().at(-1), "message");
  assert.ok(broker.connections.every(({ messages }) => messages.length === 0));
});
