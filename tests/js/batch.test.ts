import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Batch,
  BatchReader,
  type BatchRecord,
  flagsOf,
  payloadOf,
  propertiesOf,
  tokenOf,
} from "../../js/src/batch.js";
import { MqttError } from "../../js/src/errors.js";
import { MemoryView } from "../../js/src/memory.js";
import { type FakeRecord, makeBatch, messageRecord, topicRecord } from "./support/fake.js";

interface Message {
  readonly kind: "message";
  readonly topic: string;
  readonly routes: number[];
  readonly flags: number;
  readonly token: number;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array;
}

function read(batch: Batch, reader = new BatchReader()) {
  const out: (BatchRecord | Message)[] = [];
  reader.read(batch, {
    message: ({ name, routes }, from, at) =>
      void out.push({
        kind: "message",
        topic: name,
        routes: [...routes],
        flags: flagsOf(from, at),
        token: tokenOf(from, at),
        payload: payloadOf(from, at),
        properties: propertiesOf(from, at),
      }),
    record: (record) => void out.push(record),
  });
  return out;
}

const readRecords = (...records: FakeRecord[]) => read(makeBatch(records));

/** A batch as it is in memory: eight words a record, then bytes. */
function raw(records: number[][], bytes: number[] = [], chunk?: ArrayBuffer, details: unknown[] = []): Batch {
  const rest = new Uint32Array(Uint8Array.from(bytes).buffer);
  return { words: Uint32Array.of(...records.flat(), ...rest), count: records.length, chunk, details };
}

test("a topic and two messages: one in the chunk, one with bytes of its own", () => {
  const chunk = Uint8Array.of(0xff, 9, 10, 11, 12).buffer;
  const own = Uint8Array.of(8, 8, 1, 2, 3);
  const batch = raw(
    [
      [1, 5, 0, 4, 4, 2, 0, 0],
      [2, 5, 1 | 4, 1, 1, 3, 44, 0],
      [2, 5, 2 | 8, 0, 2, 3, 0, 1],
    ],
    [...Buffer.from("a/ü"), 7, 0, 0, 0, 44, 1, 0, 0],
    chunk,
    [own],
  );
  const records = read(batch);
  assert.deepEqual(records, [
    {
      kind: "message",
      topic: "a/ü",
      routes: [7, 300],
      flags: 5,
      token: 44,
      payload: Uint8Array.of(10, 11, 12),
      properties: Uint8Array.of(9),
    },
    {
      kind: "message",
      topic: "a/ü",
      routes: [7, 300],
      flags: 10,
      token: 0,
      payload: Uint8Array.of(1, 2, 3),
      properties: Uint8Array.of(8, 8),
    },
  ]);
  const [first, second] = records as Message[];
  assert.equal(first?.payload.buffer, chunk, "a view, not a copy");
  assert.equal(second?.payload.buffer, own.buffer, "a view, not a copy");
});

test("a batch means the same wherever it is copied to", () => {
  const batch = makeBatch([
    topicRecord(3, "a/b", [1, 2]),
    messageRecord(3, "x", { token: 7 }),
    { kind: 10, words: { 1: 0 }, bytes: { 2: [5, 6] } },
    { kind: 3, words: { 1: 1 }, bytes: { 5: [1, 2, 3] } },
  ]);
  const larger = new Uint32Array(batch.words.length + 20);
  larger.set(batch.words, 5);
  const moved = { ...batch, words: larger.subarray(5, 5 + batch.words.length) };
  assert.deepEqual(read(moved), read(batch));
  assert.deepEqual(read(structuredClone(batch)), read(batch), "also in another thread");
});

test("a topic is remembered between batches and can be given another name and other subscriptions", () => {
  const reader = new BatchReader();
  const message = () => {
    const [found] = read(makeBatch([messageRecord(9, "")]), reader) as Message[];
    return [found?.topic, found?.routes];
  };
  read(makeBatch([topicRecord(9, "one", [1])]), reader);
  assert.deepEqual(message(), ["one", [1]]);
  assert.deepEqual(message(), ["one", [1]]);
  read(makeBatch([topicRecord(9, "two", [2, 3])]), reader);
  assert.deepEqual(message(), ["two", [2, 3]]);
});

test("a byte order mark in a topic is kept, bytes that are no UTF-8 are refused", () => {
  const [message] = readRecords(topicRecord(1, "\ufeffa"), messageRecord(1, "")) as Message[];
  assert.equal(message?.topic, "\ufeffa");
  assert.throws(() => readRecords({ ...topicRecord(1, ""), bytes: { 2: [0xff] } }), TypeError);
});

test("answers, failures, state, connection and end", () => {
  const error = new MqttError("session-lost");
  const server = { clientId: "x" };
  const answer = { reasonString: "ok" };
  const records = read(
    raw(
      [
        [3, 17, 2, 1, 65535, 0, 2, 1],
        [3, 18, 4, 35, 0, 0, 0, 0],
        [3, 20, 1, 1, 9, 0x10, 1, 0],
        [4, 19, 1, 1, 0, 0x80, 1, 2],
        [5, 3, 0, 0, 0, 0, 0, 0],
        [6, 0, 0, 0, 0, 0, 0, 3],
        [7, 0, 1500, 2, 0, 0, 0, 2],
        [7, 0, 0xffffffff, 0, 0, 0, 0, 0],
        [9, 7, 0, 0, 0, 0, 0, 2],
        [8, 0, 0, 0, 0, 0, 0, 0],
      ],
      [0, 0x80, 0, 0],
      undefined,
      [answer, error, server],
    ),
  );
  assert.deepEqual(records, [
    { kind: "completed", operation: 17, status: 1, packetId: 65535, reasonCodes: [0, 0x80], answer },
    { kind: "completed", operation: 18, status: 35, packetId: 0, reasonCodes: [], answer: undefined },
    { kind: "completed", operation: 20, status: 1, packetId: 9, reasonCodes: [0x10], answer: undefined },
    { kind: "failed", operation: 19, delivery: "unknown", reasonCodes: [0x80], error },
    { kind: "state", state: "reconnecting" },
    { kind: "connected", server },
    { kind: "disconnected", delay: 1500, attempt: 2, error },
    { kind: "disconnected", delay: undefined, attempt: 0, error: undefined },
    { kind: "notice", error, subscription: 7 },
    { kind: "closed", error: undefined },
  ]);
});

test("packets of the tap and challenges own their bytes", () => {
  const batch = raw(
    [
      [11, 0, 0, 4, 5, 4, 0, 0],
      [11, 1, 4, 1, 4, 0, 0, 0],
      [10, 0, 8, 2, 0, 0, 0, 0],
    ],
    [0x40, 2, 0, 7, 0x30, 0, 0, 0, 1, 2, 0, 0],
  );
  const records = read(batch);
  batch.words.fill(0);
  assert.deepEqual(records, [
    {
      kind: "packet",
      packet: { direction: "sent", protocolVersion: 5, size: 4, head: Uint8Array.of(0x40, 2, 0, 7) },
    },
    {
      kind: "packet",
      packet: { direction: "received", protocolVersion: 4, size: 0, head: Uint8Array.of(0x30) },
    },
    { kind: "challenge", data: Uint8Array.of(1, 2) },
  ]);
});

test("a record of an unknown kind is an error, not skipped", () => {
  assert.throws(() => readRecords({ kind: 77 }), /unknown record 77/);
});

test("a view of memory follows its growth", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  const view = new MemoryView(memory);
  const before = view.words();
  assert.equal(view.words(), before, "cached while the buffer is the same");
  memory.grow(1);
  assert.equal(before.length, 0);
  assert.equal(view.words().length, (2 * 65536) / 4);
});
