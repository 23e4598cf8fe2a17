import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { buildDemo } from "../../www-demo/build.mjs";
import { MessageLog, previewOf } from "../../www-demo/src/message-log.js";
import { asPrettyJson, asText, hexDump, jsonPieces, preview } from "../../www-demo/src/payload.js";
import { linePoints, SeriesBook } from "../../www-demo/src/series.js";
import {
  DEFAULTS,
  fromFragment,
  randomClientId,
  toClientOptions,
  toFragment,
} from "../../www-demo/src/settings.js";

const bytes = (text) => new TextEncoder().encode(text);
const message = (topic, text) => ({
  topic,
  payload: bytes(text),
  qos: 0,
  retain: false,
  dup: false,
  properties: {},
});
const topics = ({ rows }) => Array.from({ length: rows.length }, (_, at) => rows.at(at).topic);

test("the log keeps the newest rows and counts the others", () => {
  const log = new MessageLog({ maxRows: 3 });
  for (const topic of ["a", "b", "c", "d", "e"]) log.add(message(topic, "1"), 0);
  assert.deepEqual(topics(log), ["c", "d", "e"]);
  assert.deepEqual([log.received, log.kept, log.dropped], [5, 3, 2]);
});

test("the log is bounded in bytes, and one large message still fits", () => {
  const log = new MessageLog({ maxBytes: 10 });
  log.add(message("a", "123456"), 0);
  log.add(message("b", "123456"), 0);
  assert.deepEqual(topics(log), ["b"]);
  log.add(message("c", "0123456789abcdef"), 0);
  assert.deepEqual(topics(log), ["c"]);
});

test("the log does not hold on to the network buffer a payload lies in", () => {
  const chunk = new Uint8Array(100_000);
  const row = new MessageLog().add({ ...message("a", ""), payload: chunk.subarray(10, 14) }, 0);
  assert.equal(row.payload.buffer.byteLength, 4);
});

test("a filter needs every word and none after a minus, and follows what comes and goes", () => {
  const log = new MessageLog({ maxRows: 3 });
  log.add(message("home/kitchen", "warm"), 0);
  log.add(message("home/cellar", "cold"), 0);
  log.filter("HOME -cold");
  assert.deepEqual(topics(log), ["home/kitchen"]);
  log.add(message("home/attic", "hot"), 0);
  assert.deepEqual(topics(log), ["home/kitchen", "home/attic"]);
  log.add(message("garden", "wet"), 0);
  assert.deepEqual(topics(log), ["home/attic"]);
  log.filter("");
  assert.deepEqual(topics(log), ["home/cellar", "home/attic", "garden"]);
});

test("a pause holds the rows still and what waits is bounded, too", () => {
  const log = new MessageLog({ maxRows: 2 });
  log.add(message("a", ""), 0);
  log.pause();
  for (const topic of ["b", "c", "d"]) log.add(message(topic, ""), 0);
  assert.deepEqual([topics(log), log.waiting, log.dropped], [["a"], 2, 1]);
  log.resume();
  assert.deepEqual([topics(log), log.waiting, log.dropped], [["c", "d"], 0, 2]);
});

test("many rows pass through without a mix-up", () => {
  const log = new MessageLog({ maxRows: 50 });
  log.filter("7");
  for (let at = 0; at < 20_000; at++) log.add(message(`t/${at}`, ""), 0);
  assert.deepEqual(topics(log), [
    "t/19957",
    "t/19967",
    "t/19970",
    "t/19971",
    "t/19972",
    "t/19973",
    "t/19974",
    "t/19975",
    "t/19976",
    "t/19977",
    "t/19978",
    "t/19979",
    "t/19987",
    "t/19997",
  ]);
});

test("payloads: text, JSON and bytes", () => {
  assert.equal(asText(bytes("grün")), "grün");
  assert.equal(asText(bytes("grün"), 3), "gr", "a character cut in two is left out");
  assert.equal(asText(new Uint8Array([0xff, 0xfe])), undefined);
  assert.equal(asText(new Uint8Array([1, 2])), undefined);
  assert.equal(asPrettyJson('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(asPrettyJson("{broken"), undefined);
  assert.equal(preview(bytes("two\n  lines")), "two lines");
  assert.equal(preview(new Uint8Array([0, 255])), "00 ff");
  assert.equal(hexDump(bytes("0123456789abcdefg")).split("\n")[1], `000010  67${" ".repeat(45)}  g`);
  assert.equal(previewOf({ payload: bytes("x") }), "x");
});

test("JSON is cut into pieces that add up to the text", () => {
  const text = '{\n  "a": [-1.5e3, true, "x:\\"y\\""]\n}';
  const pieces = [...jsonPieces(text)];
  assert.equal(pieces.map(([, part]) => part).join(""), text);
  assert.deepEqual(
    pieces.filter(([kind]) => kind).map(([kind]) => kind),
    ["key", "number", "word", "string"],
  );
});

test("a link carries settings and subscriptions, and no secret", () => {
  const settings = {
    ...DEFAULTS,
    url: "wss://ada:hunter2@broker.test/mqtt?token=hunter2#hunter2",
    clientId: "console",
    cleanStart: false,
    username: "ada",
    password: "hunter2",
    willTopic: "a/b",
    willPayload: "hunter2",
  };
  const fragment = toFragment(settings, [{ filter: "a/+/#", qos: 2 }]);
  assert.doesNotMatch(fragment, /hunter2|ada/);
  assert.deepEqual(fromFragment(`#${fragment}`), {
    settings: { url: "wss://broker.test/mqtt", clientId: "console", cleanStart: false, willTopic: "a/b" },
    subscriptions: [{ filter: "a/+/#", qos: 2 }],
  });
});

test("a link from elsewhere cannot set secrets or flood the page with subscriptions", () => {
  const many = Array.from({ length: 100 }, (_, at) => `sub=0:t/${at}`).join("&");
  const { settings, subscriptions } = fromFragment(`#password=x&username=y&willPayload=z&sub=9:a&${many}`);
  assert.deepEqual(settings, {});
  assert.equal(subscriptions.length, 32);
});

test("what is kept in this browser is no link's affair, and neither is the identifier it is kept under", () => {
  const settings = { ...DEFAULTS, url: "wss://broker.test/", clientId: "mine", keepUnsent: true };
  const fragment = toFragment(settings, []);
  assert.doesNotMatch(fragment, /mine|keep/);
  assert.deepEqual(fromFragment("#keepUnsent=true").settings, {});
});

test("keeping messages asks for the session, and for a client that outlasts a missing server", () => {
  const options = toClientOptions({ ...DEFAULTS, clientId: "mine", keepUnsent: true });
  assert.deepEqual(options, {
    protocolVersion: "auto",
    keepAlive: 45,
    clientId: "mine",
    store: "indexeddb",
    reconnect: { retryInitial: true },
  });
});

test("an identifier for this browser is one that every server takes, and another one each time", () => {
  const [one, other] = [randomClientId(), randomClientId()];
  assert.match(one, /^[0-9A-Za-z]{1,23}$/);
  assert.notEqual(one, other);
});

test("the form's values become options of the library", () => {
  const options = toClientOptions({
    ...DEFAULTS,
    keepAlive: "0",
    protocolVersion: "4",
    willTopic: "w",
    willQos: "1",
  });
  assert.deepEqual(options, {
    protocolVersion: 4,
    cleanStart: true,
    keepAlive: 0,
    will: { topic: "w", payload: "", qos: 1, retain: false },
  });
});

test("numbers are found in plain payloads and in JSON, a flood is one sample", () => {
  const book = new SeriesBook();
  for (let value = 0; value < 1_000; value++) book.collect(message("tank/level", String(value)));
  book.collect(message("room/climate", '{"celsius":21.5,"ts":1700000000,"name":"x"}'));
  book.collect(message("pump/status", "offline"));
  book.collect(message("note", "hello"));
  assert.equal(book.sample(0), true);
  assert.deepEqual(
    [...book.series].map(({ topic, field, values }) => [topic, field, values]),
    [
      ["tank/level", "", [999]],
      ["room/climate", "celsius", [21.5]],
    ],
  );
  assert.equal(book.stateOf("pump/speed"), "offline");
  assert.equal(book.sample(0), false);
});

test("series, topics and samples are bounded", () => {
  const book = new SeriesBook();
  for (let round = 0; round < 100; round++) {
    for (let at = 0; at < 500; at++) book.collect(message(`t/${at}`, String(round)));
    book.sample(round);
  }
  const series = [...book.series];
  assert.equal(series.length, 16);
  assert.equal(series[0].values.length, 60);
  assert.equal(book.skipped.size, 184);
  assert.equal(linePoints([1, 3, 2], 11, 10), "9.0,10.0 10.0,0.0 11.0,5.0");
});

test("the static build holds the page, the modules it imports and the WebAssembly", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "wasmqtt-dist-"));
  const packageFolder = path.join(folder, "pkg-in");
  const out = path.join(folder, "out");
  await mkdir(packageFolder);
  await writeFile(
    path.join(packageFolder, "index.js"),
    'import "./shared-1.js"; export const a = () => import("./late-2.js");',
  );
  await writeFile(path.join(packageFolder, "diagnose.js"), 'import "./shared-3.js";');
  const others = [
    "inspect.js",
    "shared-1.js",
    "late-2.js",
    "shared-3.js",
    "wasmqtt_bg.wasm",
    "wasmqtt_light.wasm",
  ];
  for (const name of [...others, "inline.js", "index.js.map"]) {
    await writeFile(path.join(packageFolder, name), "");
  }
  assert.equal(await buildDemo({ packageFolder, out }), out);
  assert.deepEqual((await readdir(out)).sort(), ["css", "index.html", "pkg", "src"]);
  const copied = (await readdir(path.join(out, "pkg"))).sort();
  assert.deepEqual(copied, ["diagnose.js", "index.js", ...others].sort());
  await assert.rejects(buildDemo({ packageFolder: folder, out }), /npm run build/);
  await rm(folder, { recursive: true });
});
