import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchReader, type BatchRecord } from "../../js/src/batch.js";
import { MqttError } from "../../js/src/errors.js";
import { MemoryView } from "../../js/src/memory.js";

const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });

/** Places bytes or words at an address, as the engine would. */
function place(address: number, values: number[], size: 1 | 4 = 1) {
  if (size === 1) new Uint8Array(memory.buffer).set(values, address);
  else new Uint32Array(memory.buffer).set(values, address / 4);
}

function read(
  words: number[],
  chunk?: ArrayBuffer,
  details: unknown[] = [],
  reader = new BatchReader(new MemoryView(memory)),
) {
  place(256, words, 4);
  const out: BatchRecord[] = [];
  reader.read(256, words.length / 12, chunk, details, out);
  return out;
}

test("a topic and two messages: one in the chunk, one in linear memory", () => {
  place(4096, [...Buffer.from("a/ü")]);
  place(4200, [1, 2, 3]);
  place(4300, [9, 9]);
  place(8192, [7, 300], 4);
  const chunk = Uint8Array.of(0xff, 10, 11, 12, 13).buffer;
  // biome-ignore format: a record per line
  const records = read([
    1, 5, 4096, 4, 0, 0, 0, 0, 0, 0, 0, 0,
    2, 5, 1 | 4, 1, 3, 4, 1, 8192, 2, 44, 0, 0,
    2, 5, 2 | 8 | 16, 4200, 3, 4300, 2, 8196, 1, 0, 0, 0,
  ], chunk);

  assert.deepEqual(records, [
    {
      kind: "message",
      topic: "a/ü",
      flags: 5,
      payload: Uint8Array.of(10, 11, 12),
      properties: Uint8Array.of(13),
      routes: [7, 300],
      token: 44,
    },
    {
      kind: "message",
      topic: "a/ü",
      flags: 26,
      payload: Uint8Array.of(1, 2, 3),
      properties: Uint8Array.of(9, 9),
      routes: [300],
      token: 0,
    },
  ]);
  const [first, second] = records as { payload: Uint8Array }[];
  assert.equal(first?.payload.buffer, chunk, "a view, not a copy");
  assert.notEqual(second?.payload.buffer, memory.buffer, "a copy, not a view");
});

test("what was read from linear memory survives the next batch", () => {
  place(4096, [...Buffer.from("t")]);
  place(4200, [1, 2, 3]);
  const [record] = read([1, 1, 4096, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 16, 4200, 3, 0, 0, 0, 0, 0, 0, 0]);
  place(4200, [0, 0, 0]);
  place(4096, [0]);
  assert.equal(record?.kind === "message" && record.topic, "t");
  assert.deepEqual(record?.kind === "message" && record.payload, Uint8Array.of(1, 2, 3));
});

test("a topic is remembered between batches and can be given another name", () => {
  const reader = new BatchReader(new MemoryView(memory));
  const topic = (name: string) => {
    place(4096, [...Buffer.from(name)]);
    read([1, 9, 4096, name.length, 0, 0, 0, 0, 0, 0, 0, 0], undefined, [], reader);
  };
  const message = () => {
    const [record] = read([2, 9, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0], undefined, [], reader);
    return record?.kind === "message" ? record.topic : undefined;
  };
  topic("one");
  assert.equal(message(), "one");
  assert.equal(message(), "one");
  topic("two");
  assert.equal(message(), "two");
});

test("a byte order mark in a topic is kept, bytes that are no UTF-8 are refused", () => {
  place(4096, [0xef, 0xbb, 0xbf, 0x61]);
  const [record] = read([1, 1, 4096, 4, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(record?.kind === "message" && record.topic, "\ufeffa");
  place(4096, [0xff]);
  assert.throws(() => read([1, 1, 4096, 1, 0, 0, 0, 0, 0, 0, 0, 0]), TypeError);
});

test("answers, failures, state, connection and end", () => {
  place(4096, [0, 0x80]);
  const error = new MqttError("session-lost");
  const server = { clientId: "x" };
  const answer = { reasonString: "ok" };
  // biome-ignore format: a record per line
  const records = read([
    3, 17, 2, 1, 65535, 4096, 2, 1, 0, 0, 0, 0,
    3, 18, 4, 35, 0, 0, 0, 0, 0, 0, 0, 0,
    4, 19, 1, 1, 0, 4097, 1, 2, 0, 0, 0, 0,
    5, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    6, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0,
    7, 0, 1500, 2, 0, 0, 0, 2, 0, 0, 0, 0,
    7, 0, 0xffffffff, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    9, 7, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0,
    8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ], undefined, [answer, error, server]);

  assert.deepEqual(records, [
    { kind: "completed", operation: 17, status: 1, packetId: 65535, reasonCodes: [0, 0x80], answer },
    { kind: "completed", operation: 18, status: 35, packetId: 0, reasonCodes: [], answer: undefined },
    { kind: "failed", operation: 19, delivery: "unknown", reasonCodes: [0x80], error },
    { kind: "state", state: "reconnecting" },
    { kind: "connected", server },
    { kind: "disconnected", delay: 1500, attempt: 2, error },
    { kind: "disconnected", delay: undefined, attempt: 0, error: undefined },
    { kind: "notice", error, subscription: 7 },
    { kind: "closed", error: undefined },
  ]);
});

test("packets of the tap own their bytes", () => {
  place(4096, [0x40, 2, 0, 7]);
  // biome-ignore format: a record per line
  const records = read([
    11, 0, 4096, 4, 5, 4, 0, 0, 0, 0, 0, 0,
    11, 1, 4096, 1, 4, 0, 0, 0, 0, 0, 0, 0,
  ]);
  place(4096, [0, 0, 0, 0]);
  const head = Uint8Array.of(0x40, 2, 0, 7);
  const [sent, received] = [
    { direction: "sent", protocolVersion: 5, size: 4, head },
    { direction: "received", protocolVersion: 4, size: 0, head: head.slice(0, 1) },
  ];
  assert.deepEqual(records, [
    { kind: "packet", packet: sent },
    { kind: "packet", packet: received },
  ]);
});

test("a record of an unknown kind is an error, not skipped", () => {
  assert.throws(() => read([77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), /unknown record 77/);
});

test("memory views follow growth", () => {
  const view = new MemoryView(memory);
  const before = view.bytes();
  assert.equal(view.bytes(), before, "cached while the buffer is the same");
  memory.grow(1);
  assert.equal(before.length, 0);
  assert.equal(view.bytes().length, 2 * 65536);
  assert.equal(view.words().length, (2 * 65536) / 4);
});
