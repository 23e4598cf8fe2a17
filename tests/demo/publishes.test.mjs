import assert from "node:assert/strict";
import { test } from "node:test";
import { confidence, toDiagnoseOptions } from "../../www-demo/src/diagnosis.js";
import { nextAttempt } from "../../www-demo/src/notices.js";
import { Outgoing } from "../../www-demo/src/outgoing.js";
import { isEnded, PublishBook, progressOf } from "../../www-demo/src/publish-book.js";
import { describePublish, describeWaiting, offlineNote } from "../../www-demo/src/publish-words.js";
import { DEFAULTS } from "../../www-demo/src/settings.js";

const BOX = "box";
const sent = (topic, qos, packetId) => ({ type: "PUBLISH", direction: "sent", topic, qos, packetId });
const answer = (type, packetId, reasonCode = 0) => ({ type, direction: "received", packetId, reasonCode });
const statuses = ({ rows }) => rows.map(({ status }) => status);

test("a message goes through the steps of its quality of service, in whatever order they are told", () => {
  const book = new PublishBook();
  const row = book.add({ topic: "a", qos: 2, outbox: BOX }, 0);
  book.observe(BOX, sent("a", 2, 7), 1);
  book.reached(row, { status: "stored" }, 2); // told late
  assert.equal(row.status, "sent");
  assert.deepEqual(progressOf(row), {
    steps: ["queued", "stored", "sent", "received", "completed"],
    done: 3,
  });
  book.observe(BOX, answer("PUBREC", 7), 3);
  assert.equal(row.status, "received");
  book.observe(BOX, answer("PUBCOMP", 7), 4);
  assert.deepEqual([row.status, row.ended, isEnded(row), book.sent], ["completed", 4, true, 1]);
  book.reached(row, { status: "completed" }, 9);
  assert.equal(row.ended, 4);
});

test("without a store there is no such step, and QoS 0 ends with its sending", () => {
  const book = new PublishBook();
  const row = book.add({ topic: "a", qos: 0, outbox: BOX }, 0);
  assert.deepEqual(progressOf(row), { steps: ["queued", "sent"], done: 1 });
  book.reached(row, { status: "sent" }, 1);
  assert.deepEqual([isEnded(row), book.sent], [true, 1]);
});

test("acknowledgements find their message by identifier, and one refused is a failure", () => {
  const book = new PublishBook();
  for (const topic of ["a", "b", "a"]) book.add({ topic, qos: 1, outbox: BOX }, 0);
  book.observe(BOX, sent("a", 1, 1), 1);
  book.observe(BOX, sent("b", 1, 2), 1);
  book.observe(BOX, sent("a", 1, 3), 1);
  book.observe(BOX, answer("PUBACK", 2, 0x87), 2);
  book.observe(BOX, answer("PUBACK", 1), 2);
  book.observe(BOX, answer("PUBACK", 99), 2); // matches nothing
  assert.deepEqual(statuses(book), ["sent", "failed", "acknowledged"]);
  assert.equal(describePublish(book.rows[1], "connected"), "Refused by the broker: 0x87");
});

test("a repetition is no new message, and a lost session gives messages new identifiers", () => {
  const book = new PublishBook();
  const row = book.add({ topic: "a", qos: 1, outbox: BOX }, 0);
  book.observe(BOX, sent("a", 1, 1), 1);
  book.observe(BOX, { type: "CONNACK", direction: "received", sessionPresent: true }, 2);
  book.observe(BOX, sent("a", 1, 1), 2);
  book.observe(BOX, { type: "CONNACK", direction: "received", sessionPresent: false }, 3);
  book.observe(BOX, sent("a", 1, 5), 3);
  assert.equal(book.rows.length, 1);
  book.observe(BOX, answer("PUBACK", 1), 4);
  assert.equal(row.status, "sent");
  book.observe(BOX, answer("PUBACK", 5), 4);
  assert.deepEqual([row.status, book.sent], ["acknowledged", 1]);
});

test("what this page did not publish is from an earlier visit", () => {
  const book = new PublishBook();
  book.observe(BOX, sent("old", 1, 1), 1);
  assert.equal(book.rows[0].isRestored, true);
  assert.match(describePublish(book.rows[0], "connected"), /^From an earlier visit: sent/);
  book.observe(BOX, answer("PUBACK", 1), 2);
  assert.equal(describePublish(book.rows[0], "connected"), "From an earlier visit: acknowledged");
});

test("the next client goes on with what is stored, and with nothing of another outbox", () => {
  const book = new PublishBook();
  const stored = book.add({ topic: "a", qos: 1, outbox: BOX }, 0);
  const other = book.add({ topic: "a", qos: 1, outbox: "other" }, 0);
  book.reached(stored, { status: "stored" }, 1);
  book.observe(BOX, sent("a", 1, 1), 2);
  book.left(BOX);
  assert.deepEqual([stored.status, stored.packetId], ["stored", undefined]);
  book.observe(BOX, sent("a", 1, 4), 3);
  book.observe(BOX, answer("PUBACK", 4), 3);
  assert.deepEqual([stored.status, other.status, book.rows.length], ["acknowledged", "queued", 2]);
});

test("errors: a call that rejects, one whose message is stored, and one told after the call resolved", () => {
  const book = new PublishBook();
  const [lost, kept, late] = ["x", "y", "z"].map((topic) => book.add({ topic, qos: 1, outbox: BOX }, 0));
  book.failed(lost, Object.assign(new Error("gone"), { delivery: "unknown" }), 1);
  book.failed(kept, Object.assign(new Error("closed"), { delivery: "stored" }), 1);
  book.reached(late, { status: "stored" }, 1);
  assert.equal(book.failedLater(BOX, new Error("message-expired (z)"), 2), true);
  assert.equal(book.failedLater(BOX, new Error("handler-failed"), 2), false);
  assert.deepEqual(statuses(book), ["failed", "stored", "failed"]);
});

test("the book is bounded, and what has ended goes before what has not", () => {
  const book = new PublishBook();
  const waiting = book.add({ topic: "waits", qos: 1, outbox: BOX }, 0);
  for (let at = 0; at < 100; at++)
    book.reached(book.add({ topic: "t", qos: 0, outbox: BOX }, 0), { status: "sent" }, 1);
  assert.equal(book.rows.at(-1), waiting);
  assert.equal(book.rows.length, 32);
  for (let at = 0; at < 2_000; at++) book.add({ topic: `t/${at}`, qos: 1, outbox: BOX }, 0);
  assert.equal(book.rows.length, 1_000);
  assert.equal(book.rows[0].topic, "t/1999");
});

/** Stands for a client of the library: the test says what happens to it. */
class FakeClient {
  stats = { queuedMessages: 0, inFlight: 0 };
  listeners = {};
  published = [];

  on(type, listener) {
    this.listeners[type] = listener;
    return () => delete this.listeners[type];
  }

  publish(topic, _payload, options) {
    this.stats = { ...this.stats, queuedMessages: this.stats.queuedMessages + 1 };
    return new Promise((resolve, reject) => this.published.push({ topic, options, resolve, reject }));
  }

  /** A packet whose fields the inspector of the test takes as they are. */
  pass(details) {
    const type = { CONNACK: 2, PUBLISH: 3, PUBACK: 4 }[details.type];
    this.listeners.packet?.({ ...details, head: new Uint8Array([type << 4]) });
  }
}
const inspector = () => (packet) => packet;

test("without a store packets are looked at while a message is on its way, and not longer", async () => {
  const outgoing = new Outgoing(() => {});
  const client = new FakeClient();
  outgoing.follow(client, inspector);
  assert.equal(client.listeners.packet, undefined);
  const publishing = outgoing.publish("a", "x", { qos: 1 });
  client.pass({
    type: "PUBLISH",
    direction: "sent",
    topic: "wrong",
    properties: { topicAlias: 1 },
    qos: 1,
    packetId: 1,
  });
  assert.equal(outgoing.book.rows[0].status, "sent");
  client.published[0].resolve({ status: "acknowledged", reasonCode: 0x10 });
  const row = await publishing;
  assert.match(describePublish(row, "connected"), /^Acknowledged in .*, nobody subscribes to it$/);
  assert.equal(client.listeners.packet, undefined);
  assert.equal("until" in client.published[0].options, false);
});

test("with a store a publish is done when it is stored, and what was there before is counted apart", async () => {
  const outgoing = new Outgoing(() => {});
  const client = new FakeClient();
  client.stats.queuedMessages = 2;
  outgoing.follow(client, inspector, BOX);
  outgoing.look();
  const publishing = outgoing.publish("a", "x", { qos: 1 });
  assert.equal(client.published[0].options.until, "stored");
  client.published[0].resolve({ status: "stored", reasonCode: 0 });
  assert.equal((await publishing).status, "stored");
  assert.deepEqual(outgoing.waiting, { queued: 3, inFlight: 0, restored: 2, held: 0 });

  client.listeners.connect();
  client.pass({ type: "PUBLISH", direction: "sent", topic: "old", qos: 1, packetId: 1 });
  client.pass({ type: "PUBACK", direction: "received", packetId: 1, reasonCode: 0 });
  client.stats = { queuedMessages: 2, inFlight: 0 };
  assert.deepEqual(outgoing.waiting, { queued: 2, inFlight: 0, restored: 1, held: 0 });
  client.stats = { queuedMessages: 0, inFlight: 0 }; // as the stats of a client that has ended
  outgoing.leave();
  assert.deepEqual(outgoing.waiting, { queued: 0, inFlight: 0, restored: 1, held: 2 });
});

test("a client that ends without a store leaves nothing to wait for", async () => {
  const outgoing = new Outgoing(() => {});
  const client = new FakeClient();
  outgoing.follow(client, inspector);
  const publishing = outgoing.publish("a", "x", { qos: 1 });
  const error = Object.assign(new Error("client-closed"), { code: "client-closed", delivery: "none" });
  client.published[0].reject(error);
  await assert.rejects(publishing, error);
  outgoing.leave();
  assert.equal(describeWaiting(outgoing.waiting), "");
  assert.match(describePublish(outgoing.book.rows[0], "idle"), /^Not sent/);
});

test("what waits, as words", () => {
  const waiting = { queued: 0, inFlight: 0, restored: 0, held: 0 };
  assert.equal(describeWaiting(waiting), "");
  assert.equal(
    describeWaiting({ ...waiting, queued: 2, inFlight: 1, restored: 1 }),
    "Waiting: 2 to be sent, 1 for the broker’s answer. 1 of them from an earlier visit.",
  );
  assert.match(describeWaiting({ ...waiting, held: 2 }), /for the next connection: 2\.$/);
  assert.equal(offlineNote("connected", true, 1), "");
  assert.match(offlineNote("reconnecting", false, 1), /wait in this page/);
  assert.match(offlineNote("suspended", true, 0), /QoS 0 is not kept/);
  assert.match(offlineNote("connecting", true, 2), /kept in this browser/);
});

test("when the next attempt is, and why there is none", () => {
  const retry = { attempt: 3, at: 5_000 };
  assert.equal(nextAttempt("reconnecting", retry, true, 1_500), "Attempt 3 in 4 s.");
  assert.equal(nextAttempt("reconnecting", retry, true, 5_000), "Attempt 3 is under way …");
  assert.match(nextAttempt("suspended", retry, false, 0), /device is offline/);
  assert.match(nextAttempt("suspended", undefined, true, 0), /page rests/);
});

test("a diagnosis gets what the form says, but no identifier that somebody of this browser has", () => {
  const settings = { ...DEFAULTS, protocolVersion: "4", username: "ada", password: "pw", clientId: "me" };
  const options = { timeout: 15_000, protocolVersion: 4, keepAlive: 45, username: "ada", password: "pw" };
  assert.deepEqual(toDiagnoseOptions(settings, false), { ...options, clientId: "me" });
  assert.deepEqual(toDiagnoseOptions(settings, true), options);
  assert.deepEqual(toDiagnoseOptions({ ...settings, keepUnsent: true }, false), options);
});

test("a report says how sure it is", () => {
  assert.match(confidence({ ok: true, verdict: { certain: true } }), /works/);
  assert.match(confidence({ ok: false, verdict: { certain: true } }), /the cause/);
  assert.match(confidence({ ok: false, verdict: { certain: false } }), /most a page can/);
});
