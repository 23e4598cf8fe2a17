// The benchmark's own parts: a load server that miscounts, or a ratio the wrong way up, would make every figure a lie.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { GOALS } from "../../bench/report/goals.mjs";
import { nativeTable } from "../../bench/report/native.mjs";
import { plot } from "../../bench/report/plot.mjs";
import { figuresOf, short, summary } from "../../bench/report/stats.mjs";
import { tables } from "../../bench/report/tables.mjs";
import { CLIENTS, chooseClients } from "../../bench/run/clients.mjs";
import { roundsOf, takingPart } from "../../bench/run/rounds.mjs";
import { SCENARIOS } from "../../bench/run/scenarios.mjs";
import { measureCeiling } from "../../bench/server/ceiling.mjs";
import { startLoadServer } from "../../bench/server/control.mjs";
import { Flood, makeBlock } from "../../bench/server/flood.mjs";
import { PacketReader, publish } from "../../bench/server/packets.mjs";
import { clientFrame, FrameReader, frame } from "../../bench/server/websocket.mjs";

const CONNECT = Buffer.from([0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 0]);

/** A client frame with a mask, as browsers send it. */
function masked(payload, key = [1, 2, 3, 4]) {
  const bytes = clientFrame(payload);
  const start = bytes.length - payload.length;
  for (let i = 0; i < 4; i++) bytes[start - 4 + i] = key[i];
  for (let i = start; i < bytes.length; i++) bytes[i] ^= key[(i - start) & 3];
  return bytes;
}

test("packets are found in masked frames however bytes and frames are cut", () => {
  const packets = [publish("a/b", Buffer.alloc(300, "x"), 1, 258), publish("c", Buffer.from("y")), CONNECT];
  const stream = Buffer.concat(packets);
  const wholes = [masked(stream), Buffer.concat(packets.map((packet) => masked(packet)))];
  // A packet may begin in one frame and end in the next.
  for (let cut = 1; cut < stream.length; cut += 7)
    wholes.push(Buffer.concat([masked(stream.subarray(0, cut)), masked(stream.subarray(cut), [9, 8, 7, 6])]));
  for (const whole of wholes) {
    for (const size of [1, 3, 100, whole.length]) {
      const [frames, reader, seen] = [new FrameReader(), new PacketReader(), []];
      const keep = (first, view) => seen.push([first, view.copy(), first === 0x32 ? view.publishId : 0]);
      for (let at = 0; at < whole.length; at += size)
        frames.push(whole.subarray(at, at + size), (...data) => reader.read(...data, keep));
      assert.deepEqual(
        seen.map(([, bytes]) => bytes),
        packets,
      );
      assert.equal(seen[0][2], 258);
    }
  }
});

test("a close frame is a goodbye", () => {
  assert.equal(new FrameReader().push(Buffer.from([0x88, 0x80, 0, 0, 0, 0]), assert.fail), false);
});

test("a flood sends whole frames, around and around, and stops at a full socket", () => {
  const block = makeBlock({ topics: ["t"], size: 5000, frameBytes: 16_384 });
  assert.equal(block.perFrame, 3);
  const flood = new Flood(block);
  assert.equal(flood.planned(100), 102);
  assert.equal(flood.order(100), 102);
  let bytes = 0;
  const socket = {
    write(piece) {
      bytes += piece.length;
      return false;
    },
  };
  let frames = 0;
  for (let calls = 0; frames < 34; calls++) {
    assert.ok(calls < 34);
    frames += flood.write(socket, 7);
  }
  const each = frame(...Array.from({ length: 3 }, () => publish("t", Buffer.alloc(5000)))).length;
  assert.equal(bytes, 34 * each);
  assert.equal(flood.write(socket), 0);
});

test("messages of QoS 1 and 2 have identifiers that come again late, topics take turns", () => {
  const { bytes, ends } = makeBlock({ topics: ["a", "b"], size: 1, qos: 1 });
  const ids = Array.from(ends, (end) => bytes.readUInt16BE(end - 3));
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length > 1000);
  assert.deepEqual(
    [bytes[ends[0] - 4], bytes[ends[1] - 4]],
    ["a", "b"].map((name) => name.charCodeAt(0)),
  );
});

test("the load server answers, counts and holds acknowledgements back", async (t) => {
  const server = await startLoadServer();
  t.after(server.stop);
  const ceiling = await measureCeiling(server, { size: 16, messages: 1000 });
  for (const [what, rate] of Object.entries(ceiling)) assert.ok(rate > 0 && Number.isFinite(rate), what);

  const { say, heard } = await open(t, server);
  await server.ask("count", { hold: 2, total: 5 });
  const message = (id) => masked(publish("t", Buffer.from("x"), 1, id));
  say(...[1, 2, 3].map(message));
  assert.deepEqual(await heard(6), frame(Buffer.from([0x40, 2, 0, 1])));
  const counted = server.ask("counted", { total: 5 });
  say(...[4, 5].map(message));
  const rest = [2, 3, 4, 5].map((id) => frame(Buffer.from([0x40, 2, 0, id])));
  assert.deepEqual(await heard(24), Buffer.concat(rest));
  assert.equal((await counted).count, 5);

  await server.ask("prepare", { topics: ["t"], size: 1, qos: 2 });
  await server.ask("flood", { messages: 1 });
  assert.deepEqual(await heard(10), frame(publish("t", Buffer.from("a"), 2, 1)));
  let quiet = false;
  const over = server.ask("quiet").then(() => {
    quiet = true;
  });
  say(masked(Buffer.from([0x50, 2, 0, 1])));
  assert.deepEqual(await heard(6), frame(Buffer.from([0x62, 2, 0, 1])));
  assert.equal(quiet, false);
  say(masked(Buffer.from([0x70, 2, 0, 1])));
  await over;
});

/** A client after CONNACK: `say` sends frames, `heard` resolves with the next bytes. */
async function open(t, { port }) {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  const head = [
    "GET / HTTP/1.1",
    "Host: x",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: x",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  let bytes = Buffer.alloc(0);
  let look = () => {};
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    look();
  });
  const until = (length) =>
    new Promise((resolve) => {
      look = () => {
        const size = length();
        if (size === undefined || bytes.length < size) return;
        const taken = bytes.subarray(0, size);
        bytes = bytes.subarray(size);
        look = () => {};
        resolve(taken);
      };
      look();
    });
  await until(() => (bytes.includes("\r\n\r\n") ? bytes.indexOf("\r\n\r\n") + 4 : undefined));
  const heard = (length) => until(() => length);
  const say = (...frames) => socket.write(Buffer.concat(frames));
  say(masked(CONNECT));
  assert.deepEqual(await heard(6), frame(Buffer.from([0x20, 2, 0, 0])));
  return { say, heard };
}

test("medians and short numbers", () => {
  assert.deepEqual(summary([3, 1, 2]), { median: 2, low: 1, high: 3, count: 3 });
  assert.equal(summary([4, 1, 2, 3]).median, 2.5);
  assert.deepEqual([0.01234, 12.34, 1234, 65_838].map(short), ["0.0123", "12.3", "1,230", "65,800"]);
});

/** A run in which the clients of others have the same figures, and ours `better` times better ones. */
function run(better) {
  const names = [
    "rate",
    "cpu",
    "ms",
    "longest",
    "p50",
    "p99",
    "cold",
    "warm",
    "heap",
    "growth",
    "wasmGrowth",
  ];
  const sample = (factor) =>
    Object.fromEntries(names.map((name) => [name, name === "rate" ? 100 * factor : 100 / factor]));
  const outcomes = () => ({
    raw: { samples: [sample(1)] },
    wasmqtt: { samples: [sample(better)] },
    worker: { samples: [sample(better)] },
    mqttjs: { samples: [sample(1)] },
    floor: { samples: [sample(2)] },
    u8: { samples: [], error: "lost" },
  });
  const ceiling = { 16: { sendsAlone: 1, sendsPacked: 1, takesAlone: 1, takesPacked: 1 } };
  const seen = { load: 0.1, cores: 2, cpu: "x" };
  return {
    date: "today",
    plan: { name: "full", rounds: 1, seconds: 1 },
    machine: { before: seen, after: seen },
    clients: CLIENTS,
    versions: { wasmqtt: "1" },
    sizes: { wasmqtt: 1e6 / better, inline: 1e6 / better },
    ceiling,
    results: Object.fromEntries(SCENARIOS.map(({ id }) => [id, outcomes()])),
  };
}

test("every goal names a scenario, is met by a client that is far better and missed by one that is far worse", () => {
  for (const { scenario, what, value, atLeast, atMost } of GOALS) {
    const isOfSizes = scenario === "";
    assert.ok(isOfSizes || SCENARIOS.some(({ id }) => id === scenario), scenario);
    if (scenario === "flight" || (what.includes("bytes") && !isOfSizes)) continue; // against ours, or without a unit to compare
    const figure = (better) => {
      const found = run(better);
      const find = figuresOf(found);
      return value((...where) => find(...where).median, found.sizes);
    };
    const met = (seen) => (atLeast === undefined ? seen <= atMost : seen >= atLeast);
    assert.ok(met(figure(1000)), `${scenario}: ${what}`);
    assert.ok(!met(figure(0.001)), `${scenario}: ${what}`);
  }
});

test("tables and plot show ratios, failures and a busy machine", () => {
  const text = tables(run(4));
  assert.match(
    text,
    /\| receive QoS 0, 256 B, one packet a frame \| 100 \| 400 \| 400 \| 100 \| – \| fails \| 200 \| 4 \| 4 \| 4 \| 4 \|/,
  );
  assert.match(text, /u8-mqtt, receive-256: lost/);
  assert.match(text, /was idle/);
  const busy = run(1);
  busy.machine.before = { ...busy.machine.before, load: 3 };
  assert.match(tables(busy), /busy with other things/);
  const image = plot(run(4));
  assert.match(image, /^<svg /);
  assert.match(image, /<title>wasmqtt: 4\.0<\/title>/);
  assert.doesNotMatch(image, /NaN|undefined/);
});

test("the goals say what the floor reaches, where it took part", () => {
  const measured = run(0.1);
  delete measured.results.start.floor;
  const text = tables(measured);
  assert.match(
    text,
    /\| receive QoS 0, 16 B, 16 KiB frames \| rate ÷ bare \| at least 0.85 \| 0.1 \| 2 \| \*\*no\*\* \|/,
  );
  assert.match(text, /\| rate ÷ MQTT.js \| at least 3 \| 0.1 \| 2 \| \*\*no\*\*, nor by the floor \|/);
  assert.match(
    text,
    /\| import to CONNACK \| times faster than MQTT.js \| at least 3 \| 0.1 \| – \| \*\*no\*\* \|/,
  );
  const without = run(0.1);
  without.clients = CLIENTS.filter(({ isFloor }) => !isFloor);
  assert.doesNotMatch(tables(without), /floor/);
});

test("who was busy is told in percent of a core", () => {
  const measured = run(1);
  const sample = { rate: 1, cpu: 6.5, io: 2.5, all: 10, network: 5, server: 1, wall: 10, left: 0.2 };
  measured.results["receive-256"].raw.samples = [sample];
  assert.match(tables(measured), /\| bare WebSocket \| 65 \| 25 \| 100 \| 50 \| 10 \| 40 \|/);
  // QoS 1: 1.4 × 100, one frame each; QoS 2: 3 × 100, two frames each.
  measured.results["receive-256"].raw.samples = [{ ...sample, rate: 200 }];
  const text = tables(measured);
  assert.match(
    text,
    /took 200 frames a second.*6\.5 µs on the page's thread, 2\.5 on its IO thread, 1 on others/,
  );
  assert.match(text, /QoS 1, 256 B at 1\.4 × MQTT\.js takes 140 frames a second, within that/);
  assert.match(text, /QoS 2, 256 B at 3 × MQTT\.js takes 600 frames a second, more than that/);
});

test("who has to choose between page and worker finds both in one table", () => {
  const measured = run(1);
  measured.sizes = { wasmqtt: 70_000, worker: 80_000 };
  const samples = [{ cpu: 16, all: 30 }];
  Object.assign(measured.results["receive-256"], {
    wasmqtt: { samples },
    worker: { samples: [{ cpu: 1, all: 32 }] },
  });
  const text = tables(measured);
  assert.match(text, /one packet a frame \| 16 \| 30 \| 1 \| 32 \|/);
  assert.match(text, /over the wire: 70,000 bytes, with the worker 80,000 bytes/);
});

test("what criterion has measured is told for each message", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wasmqtt-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const state of ["new", "base"]) {
    const place = join(folder, "criterion", "receive", "QoS 0", state);
    mkdirSync(place, { recursive: true });
    const about = { group_id: "receive", function_id: "QoS 0", throughput: { Elements: 100 } };
    writeFileSync(join(place, "benchmark.json"), JSON.stringify(about));
    const median = { point_estimate: 5000, confidence_interval: { lower_bound: 4000, upper_bound: 6000 } };
    writeFileSync(join(place, "estimates.json"), JSON.stringify({ median }));
  }
  assert.deepEqual(nativeTable(folder).match(/^\| receive.*$/gm), ["| receive | QoS 0 | 50 | 40–60 |"]);
});

test("what was measured in Firefox follows the rest, and a failure of the whole of it is told", () => {
  const both = { ...run(4), firefox: { ...run(2), browser: "Firefox 1" } };
  const text = tables(both);
  assert.match(text, /### In Firefox 1[\s\S]*#### Messages a second[\s\S]*\| 100 \| 200 \| 200 \|/);
  assert.doesNotMatch(text.slice(text.indexOf("### In Firefox")), /CPU a message/);
  assert.match(tables({ ...run(4), firefox: { error: "no Firefox" } }), /could not be measured: no Firefox/);
});

test("clients are chosen by name, by haste, or beside another build", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wasmqtt-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.throws(() => chooseClients({ against: folder }), /no built package/);
  writeFileSync(join(folder, "wasmqtt_bg.wasm"), "");
  const ids = (choice) => chooseClients(choice).map(({ id }) => id);
  const others = (list) => list.filter((id) => !["worker", "worker-b"].includes(id)); // a package need not have a worker
  assert.deepEqual(others(ids({ against: folder })), ["raw", "wasmqtt", "wasmqtt-b"]);
  assert.ok(!ids({ against: folder }).includes("worker-b"));
  assert.deepEqual(others(ids({ isOurs: true })), ["raw", "wasmqtt"]);
  assert.deepEqual(others(ids({ isQuick: true })), ["raw", "wasmqtt", "mqttjs"]);
  assert.deepEqual(ids({ isQuick: true, names: ["paho"] }), ["paho"]);
  assert.ok(ids({ withFloor: true }).includes("floor"));
  assert.throws(() => ids({ names: ["mosquitto"] }), /no client mosquitto/);
});

test("there are as many rounds as there is time for, but one in any case", () => {
  const rounds = (plan, lasts) => {
    let now = 0;
    let count = 0;
    for (const _ of roundsOf(plan, () => now)) {
      now += lasts;
      count++;
    }
    return count;
  };
  assert.equal(rounds({ rounds: 5 }, 1e9), 5);
  assert.equal(rounds({ rounds: 5, minutes: 10 }, 180_000), 3);
  assert.equal(rounds({ rounds: 5, minutes: 1 }, 180_000), 1);
});

test("lesser clients and slow ones of others are measured once, everyone each time where that is asked for", () => {
  const there = (plan, id, round) =>
    takingPart(
      plan,
      SCENARIOS.find((one) => one.id === id),
      CLIENTS,
      round,
    );
  const full = { slow: 3 };
  assert.ok(there(full, "receive-256", 0).includes("paho"));
  assert.ok(!there(full, "receive-256", 1).includes("paho"));
  assert.ok(there({ ...full, everyone: true }, "receive-256", 1).includes("paho"));
  assert.ok(there(full, "receive-256", 1).includes("mqttjs"));
  assert.deepEqual(there(full, "offline-qos0", 0), ["wasmqtt", "worker", "mqttjs"]);
  assert.deepEqual(there(full, "offline-qos0", 1), ["wasmqtt", "worker"]);
  assert.deepEqual(there({ slow: 1 }, "offline-qos0", 0), ["wasmqtt", "worker"]);
  assert.ok(!there(full, "receive-qos2", 0).includes("u8"));
  assert.deepEqual(there(full, "flight", 0), ["raw", "wasmqtt", "worker"]);
  assert.ok(there(full, "publish-16", 0).includes("floor-calls"));
});
