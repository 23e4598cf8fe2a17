import { equal, ok, turn } from "./support/expect.js";
import { connack, publish, string, u16 } from "./support/packets.js";
import { CODE, next, Rig, SUBSCRIBE } from "./support/rig.js";

const MEBIBYTE = 2 ** 20;
const text = (bytes) => new TextDecoder().decode(bytes);

/** A payload in which every byte tells where it belongs. */
const pattern = (length, seed) => Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 255);

export async function aChunkIsOneBatch(module) {
  const { host, socket } = await new Rig(module).connect();
  const properties = [0x03, ...string("text/plain")];
  const chunk = socket.receive(
    publish("a", "one"),
    publish("b", "two", { qos: 1, id: 9, retain: true, dup: true, properties }),
    publish("a", ""),
  );
  equal(host.batches.length, 1, "batches");
  ok(host.batches[0].chunk === chunk, "the chunk itself is handed out");
  equal(
    host.records.map(({ kind }) => kind),
    ["topic", "message", "topic", "message", "message"],
  );
  const messages = host.of("message");
  ok(
    messages.every(({ payload, ofItsOwn }) => payload.buffer === chunk && !ofItsOwn),
    "payloads are views of it",
  );
  equal(
    messages.map(({ topic, payload, flags }) => [topic, text(payload), flags]),
    [
      ["a", "one", 0],
      ["b", "two", 1 | 4 | 8],
      ["a", "", 0],
    ],
  );
  equal(messages[1].properties, Uint8Array.from(properties), "properties");
}

export async function connackAndMessagesShareABatch(module) {
  const { host, socket } = await new Rig(module).start();
  socket.open();
  const before = host.batches.length;
  socket.receive(connack(), publish("a", "at once"));
  equal(
    host.batches.slice(before).map(({ records }) => records.map(({ kind }) => kind)),
    [["state", "connected", "topic", "message"]],
  );
}

export async function aPacketInPiecesHasBytesOfItsOwn(module) {
  const { host, socket } = await new Rig(module).connect();
  const bytes = publish("a/b", "in three pieces", { properties: [0x03, ...string("text/plain")] });
  socket.receive(bytes.slice(0, 1));
  socket.receive(bytes.slice(1, 12));
  equal(host.batches, [], "batches of incomplete packets");
  const chunk = socket.receive(bytes.slice(12), publish("a/b", "whole"));
  equal(host.batches.length, 1, "batches");
  const [pieces, whole] = host.of("message");
  equal([pieces.ofItsOwn, text(pieces.payload)], [true, "in three pieces"]);
  equal(pieces.properties, Uint8Array.from([0x03, ...string("text/plain")]), "properties");
  equal([whole.ofItsOwn, text(whole.payload)], [false, "whole"]);
  ok(whole.payload.buffer === chunk, "the second one is a view of the last chunk");
}

export async function aTopicIsAnnouncedOnce(module) {
  const { host, socket } = await new Rig(module).connect();
  for (let round = 0; round < 3; round++) socket.receive(publish("hot", "x"), publish("hot", "y"));
  equal(
    host.of("topic").map(({ topic }) => topic),
    ["hot"],
  );
  equal(
    host.of("message").map(({ topic }) => topic),
    Array(6).fill("hot"),
  );
}

export async function anAliasedTopicKeepsItsNumber(module) {
  const { host, socket } = await new Rig(module, { options: { topicAliasMaximum: 2 } }).connect();
  const alias = (number) => [0x23, ...u16(number)];
  socket.receive(
    publish("long/topic", "1", { properties: alias(1) }),
    publish("", "2", { properties: alias(1) }),
    publish("other", "3", { properties: alias(1) }),
    publish("", "4", { properties: alias(1) }),
  );
  equal(
    host.of("message").map(({ topic, payload }) => topic + text(payload)),
    ["long/topic1", "long/topic2", "other3", "other4"],
  );
  equal(
    host.of("topic").map(({ topic }) => topic),
    ["long/topic", "other"],
  );
}

export async function messagesNameTheirSubscriptions(module) {
  const rig = await new Rig(module).connect();
  const [plus, hash, other] = rig.engine.subscribe(next(), ["a/+", "a/#", "b"], SUBSCRIBE);
  rig.socket.receive(publish("a/x", ""), publish("a/x/y", ""), publish("b", ""), publish("c", ""));
  equal(
    rig.host.of("message").map(({ topic, routes }) => [topic, routes.sort()]),
    [
      ["a/x", [plus, hash].sort()],
      ["a/x/y", [hash]],
      ["b", [other]],
      ["c", []],
    ],
  );
}

export async function emptyChunksMeanNothing(module) {
  const { host, socket } = await new Rig(module).connect();
  socket.frame(new ArrayBuffer(0));
  socket.receive(publish("a", "x"));
  equal(host.of("message").length, 1, "messages");
  equal(socket.closed, [], "closed");
}

export async function textFramesAreRefused(module) {
  await refuseFrame(module, "\u0000\u0001");
}

export async function blobsAreRefused(module) {
  await refuseFrame(module, new Blob([Uint8Array.from(publish("a", "x"))]));
}

async function refuseFrame(module, data) {
  const { host, socket } = await new Rig(module).connect();
  socket.frame(data);
  equal([socket.closed, socket.handlers], [[[1000]], [null, null, null, null]], "closed and handlers");
  const [disconnected] = host.of("disconnected");
  equal([disconnected.detail.code, disconnected.detail.retryable], [CODE.textFrame, true]);
  equal([disconnected.attempt, host.of("message")], [2, []], "coming attempt and messages");
}

export async function aMebibyteArrives(module) {
  const { host, socket } = await new Rig(module).connect();
  const payload = pattern(MEBIBYTE, 3);
  socket.receive(publish("big", payload));
  same(host.of("message")[0].payload, payload);
}

/** A chunk larger than all of linear memory: views made before it are detached when the batch is read. */
export async function memoryGrowsUnderABatch(module) {
  const rig = await new Rig(module).connect();
  const before = module.memory.buffer;
  const count = Math.ceil(before.byteLength / MEBIBYTE) + 1;
  const packet = Uint8Array.from(publish("big", pattern(MEBIBYTE, 0)));
  const chunk = new Uint8Array(packet.length * count);
  for (let index = 0; index < count; index++) {
    chunk.set(packet, packet.length * index);
    chunk[packet.length * (index + 1) - 1] = index; // the last byte of each payload tells them apart
  }
  const [head, tail] = [chunk.slice(0, 100_000), chunk.slice(100_000)];
  rig.socket.frame(head.buffer);
  rig.socket.frame(tail.buffer);
  ok(before.byteLength === 0 && module.memory.buffer.byteLength > 0, "memory grew");
  const messages = rig.host.of("message");
  equal(messages.length, count, "messages");
  equal(
    messages.map(({ ofItsOwn }) => ofItsOwn),
    messages.map((_, index) => index === 0),
    "which ones have bytes of their own",
  );
  for (const [index, { payload }] of messages.entries()) {
    equal(payload.at(-1), index, "last byte");
    same(payload.subarray(0, -1), pattern(MEBIBYTE - 1, 0));
  }
}

/** A call from within the sink makes memory grow: what the batch points at must not move. */
export async function memoryGrowsInsideTheSink(module) {
  let grow = false;
  const onBatch = (engine) => {
    if (!grow) return;
    grow = false;
    engine.publish(next(), "out", new Uint8Array(module.memory.buffer.byteLength), 0, undefined);
  };
  const rig = await new Rig(module, { onBatch, options: { maxBytes: 2 ** 32 - 1 } }).connect();
  const [id] = rig.engine.subscribe(next(), ["#"], SUBSCRIBE);
  const bytes = publish("in/pieces", "still here");
  rig.socket.receive(bytes.slice(0, 15));
  const before = module.memory.buffer;
  grow = true;
  rig.socket.receive(bytes.slice(15));
  ok(before.byteLength === 0, "memory grew");
  const [{ topic, payload, ofItsOwn, routes }] = rig.host.of("message");
  equal([topic, text(payload), ofItsOwn, routes], ["in/pieces", "still here", true, [id]]);
  rig.engine.terminate();
  await turn();
}

/** Like `equal`, for more bytes than one wants to print. */
function same(actual, expected) {
  equal(actual.length, expected.length, "length");
  const wrong = actual.findIndex((byte, index) => byte !== expected[index]);
  equal(wrong, -1, "first wrong byte");
}
