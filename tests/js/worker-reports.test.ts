// What becomes of messages while the page does not look: acknowledgements stop, then QoS 0 is dropped and counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Batch, BatchReader, payloadOf, tokenOf } from "../../js/src/batch.js";
import type { Described, Report } from "../../js/src/worker/messages.js";
import { Reports } from "../../js/src/worker/reports.js";
import { type FakeRecord, makeBatch, messageRecord, topicRecord } from "./support/fake.js";

const MIB = 2 ** 20;
const dropped = (count: number): Described => ({ made: [23, -1, -1, -1, undefined, `${count}`, -1] });

/** Reports whose page looks when it is told to. */
function setUp(isManual = false) {
  const posted: Report[] = [];
  const moved: number[] = [];
  const acknowledged: number[] = [];
  const reports = new Reports(
    {
      post: (report, transfer) => {
        moved.push(transfer.reduce((sum, buffer) => sum + buffer.byteLength, 0));
        posted.push(structuredClone(report, { transfer }));
      },
      acknowledge: (tokens) => void acknowledged.push(...tokens),
      dropped,
      stats: () => undefined,
    },
    isManual,
  );
  const reader = new BatchReader();
  const seen: string[] = [];
  const notices: string[] = [];
  let read = 0;
  const give = ({ words, count, chunk, details }: Batch) => reports.batch(words, count, chunk, details);
  const send = (...records: FakeRecord[]) => give(makeBatch(records));
  /** Lets the page take everything, as `RemoteEngine` does. */
  const look = async () => {
    await settled();
    for (; read < posted.length; read++) {
      const { items, block, chunks, counts } = posted[read] as Report;
      for (const batch of items.flatMap((item) => batchesOf(item, [block ?? new ArrayBuffer(0), ...chunks])))
        reader.read(batch, {
          message: (_topic, from, at) =>
            void seen.push(`${Buffer.from(payloadOf(from, at)).subarray(0, 8)} ${tokenOf(from, at)}`),
          record: (record) => {
            if (record.kind === "notice") notices.push((record.error as unknown as Described).made[5] ?? "");
            else if (record.kind === "completed") assert.equal(record.operation, 0);
          },
        });
      if (counts) reports.taken();
      await settled();
    }
  };
  return { reports, acknowledged, give, send, look, seen, notices, moved };
}

function batchesOf(item: Report["items"][number], buffers: ArrayBuffer[]): Batch[] {
  const [block = new ArrayBuffer(0)] = buffers;
  if (item[0] === "batch") {
    const [, at, length, count, chunk, details] = item;
    return [{ words: new Uint32Array(block, at, length), count, chunk: buffers[chunk], details }];
  }
  if (item[0] !== "batches") return [];
  const places = new Uint32Array(block, item[1], 4 * item[2]);
  return Array.from({ length: item[2] }, (_, index) => {
    const [at, length, count = 0, chunk = 0] = places.subarray(4 * index);
    return { words: new Uint32Array(block, at, length), count, chunk: buffers[chunk], details: [] };
  });
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 10)); // streams are gathered meanwhile

/** A message of this size that begins with its name. */
function message(name: string, { size = 0, qos = 0, token = 0 } = {}): FakeRecord {
  const record = messageRecord(0, name.padEnd(8), { flags: qos, token });
  const body = new Uint8Array(Math.max(size, 8));
  body.set(record.detail as Uint8Array);
  return { ...record, words: { ...record.words, 5: body.length }, detail: body };
}

/** A message in the frame that brought it. */
function framed(name: string, size: number): Batch {
  const chunk = new ArrayBuffer(size);
  new Uint8Array(chunk).set(Buffer.from(name.padEnd(8)));
  return makeBatch([{ kind: 2, words: { 5: size } }], chunk);
}

const names = (seen: readonly string[]) => seen.map((text) => text.slice(0, 8).trim());

/** Two reports are under way, so that everything else waits. */
async function fill(page: ReturnType<typeof setUp>) {
  page.send(topicRecord(0, "a"), message("first"));
  await settled();
  page.send(message("second"));
  await settled();
  assert.equal(page.moved.length, 2);
}

test("one call that is done is told at once; more of them wait for the page, unless there is more to tell", async () => {
  const page = setUp();
  const done = { kind: 3 };
  page.send(topicRecord(0, "a"), message("first"));
  await page.look();
  page.send(done);
  await settled();
  assert.equal(page.moved.length, 2, "nothing was under way");
  page.send(done);
  page.send(done);
  await settled();
  assert.equal(page.moved.length, 2, "gathered");
  page.send(message("second"));
  await settled();
  assert.equal(page.moved.length, 3, "with what is under way");
  page.send(done);
  await settled();
  assert.equal(page.moved.length, 3);
  await page.look();
  assert.equal(page.moved.length, 4, "the page has looked");
  assert.deepEqual(names(page.seen), ["first", "second"]);
});

test("frames with much in them are gathered at a pace at which each small one is told", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const reports = async (size: number) => {
    const page = setUp();
    for (let frame = 0; frame < 12; frame++) {
      now += 2;
      const before = page.moved.length;
      page.give(framed("message", size));
      await new Promise<void>(queueMicrotask);
      if (page.moved.length > before) page.reports.taken();
    }
    t.mock.timers.tick(4);
    return page.moved;
  };
  assert.equal((await reports(64)).length, 12);
  const [, , , , gathered = 0, ...others] = await reports(8192);
  assert.deepEqual(others, [], "four before it is a stream, then one");
  assert.ok(gathered > 8 * 8192);
});

test("above 1 MiB that waits, QoS 1 and 2 are acknowledged when they leave", async () => {
  const page = setUp();
  await fill(page);
  page.send(message("large", { size: MIB + 1, qos: 1, token: 1 }));
  page.send(message("one", { qos: 1, token: 2 }), message("two", { qos: 2, token: 3 }));
  await settled();
  assert.deepEqual(page.acknowledged, [1], "the first met an empty queue");
  assert.equal(page.moved.length, 2, "the page has not looked");
  await page.look();
  assert.deepEqual(page.acknowledged, [1, 2, 3]);
  assert.deepEqual(page.seen.slice(2), ["large    0", "one      0", "two      0"]);
  page.send(message("again", { qos: 1, token: 4 }));
  assert.deepEqual(page.acknowledged, [1, 2, 3, 4], "nothing waits any more");
  assert.deepEqual(page.notices, []);
});

test("with manualAck the page has the tokens, whatever waits", async () => {
  const page = setUp(true);
  await fill(page);
  page.send(message("large", { size: MIB + 1, qos: 1, token: 1 }));
  page.send(message("two", { qos: 2, token: 3 }));
  await page.look();
  assert.deepEqual(page.acknowledged, []);
  assert.deepEqual(page.seen.slice(2), ["large    1", "two      3"]);
});

test("what is held when the connection ends is not acknowledged: QoS 1 may come twice, QoS 2 comes again", async () => {
  const page = setUp();
  await fill(page);
  page.send(message("large", { size: MIB + 1 }));
  page.send(message("one", { qos: 1, token: 2 }), message("two", { qos: 2, token: 3 }));
  page.send({ kind: 7 });
  page.send(message("later", { qos: 2, token: 4 }));
  await page.look();
  assert.deepEqual(page.acknowledged, [4]);
  assert.deepEqual(names(page.seen).slice(2), ["large", "one", "later"]);
  assert.deepEqual(page.notices, [], "nothing is lost");
});

test("QoS 2 that came in one report with the end of its connection comes again, so it is not delivered now", async () => {
  const page = setUp();
  page.send(topicRecord(0, "a"), message("one", { qos: 1, token: 1 }), message("two", { qos: 2, token: 2 }), {
    kind: 7,
  });
  await page.look();
  assert.deepEqual(page.acknowledged, []);
  assert.deepEqual(names(page.seen), ["one"]);
});

test("above 32 MiB that wait, QoS 0 is dropped, counted and told of; QoS 1 and 2 are not", async () => {
  const page = setUp();
  await fill(page);
  page.give(framed("large", 32 * MIB + 1));
  page.give(framed("apart", 20_000));
  page.give(framed("small", 100));
  page.send(message("own"), message("kept", { qos: 1, token: 5 }), message("own"));
  await page.look();
  assert.deepEqual(names(page.seen).slice(2), ["large", "kept"]);
  assert.deepEqual(page.notices, ["4"], "told once");
  assert.deepEqual(page.acknowledged, [5]);
  page.send(message("after"));
  await page.look();
  assert.deepEqual(names(page.seen).slice(4), ["after"]);
  assert.deepEqual(page.notices, ["4"]);
});

test("what is dropped takes no memory", async () => {
  const page = setUp();
  await fill(page);
  page.give(framed("large", 32 * MIB + 1));
  for (let n = 0; n < 10_000; n++) page.give(framed("small", 100));
  page.send(message("own", { size: MIB }), message("kept", { qos: 1, token: 5 })); // of several frames
  await page.look();
  assert.deepEqual(page.notices, ["10001"]);
  assert.deepEqual(names(page.seen).slice(2), ["large", "kept"]);
  const most = Math.max(...page.moved);
  assert.ok(most < 32 * MIB + 4096, `${most} bytes crossed`);
});

test("an end tells what was gathered, and what was dropped", async () => {
  const page = setUp();
  await fill(page);
  page.send(message("large", { size: 32 * MIB + 1, qos: 1, token: 1 }));
  page.send(message("gone"));
  page.reports.end();
  assert.equal(page.moved.length, 3);
  await page.look();
  assert.deepEqual(names(page.seen).slice(2), ["large"]);
  assert.deepEqual(page.notices, ["1"]);
});
