// Durable engines: changes on their way to a store, records on their way back.

import { equal, ok, turn } from "./support/expect.js";
import { names } from "./support/packets.js";
import { CODE, Rig } from "./support/rig.js";

const DURABLE = { durable: true, cleanStart: false, sessionExpiryInterval: 300 };
const NOW = Date.UTC(2026, 0, 1);

function rig(module, hooks = {}) {
  const made = new Rig(module, { options: DURABLE, ...hooks });
  made.engine.restore([], NOW);
  return made;
}

/** What a store holds after all that it was asked to do. */
function held(host) {
  const records = new Map();
  for (const { changes, all } of host.stores) {
    if (all) records.clear();
    for (let at = 0; at < changes.length; at += 2) {
      if (changes[at + 1]) records.set(changes[at], changes[at + 1]);
      else records.delete(changes[at]);
    }
  }
  return records;
}

export async function changesGoOutBeforeBytes(module) {
  const { engine, host, socket, ...made } = await connected(rig(module));
  made.publish("a", "x", { qos: 2 });
  await turn();
  equal([host.stores.length, socket.sent], [1, []], "stored, sent");
  equal(host.stores[0].all, false, "all");
  ok([...held(host).keys()].every(Number.isSafeInteger), "keys are whole numbers");
  ok(
    [...held(host).values()].every((record) => record instanceof Uint8Array),
    "records are bytes",
  );
  engine.stored();
  equal(names(socket.sent), [["PUBLISH"]], "sent");
  made.publish("a", "y", { qos: 1 });
  await turn();
  engine.storeFailed();
  equal(names(socket.sent).flat(), ["PUBLISH", "PUBLISH"], "sent without a store");
  engine.storeAgain();
  equal([host.stores.at(-1).all, held(host).size], [true, 4], "everything");
}

export async function aThrowingStoreHasFailed(module) {
  const onStore = () => {
    throw new Error("full");
  };
  const { host, socket, ...made } = await connected(rig(module, { onStore }));
  made.publish("a", "x", { qos: 1 });
  await turn();
  equal([host.stores.length, names(socket.sent)], [0, [["PUBLISH"]]], "goes on without it");
}

export async function recordsComeBack(module) {
  const first = await connected(rig(module));
  first.publish("a", "x", { qos: 1 });
  await turn();
  const second = new Rig(module, { options: DURABLE });
  second.engine.restore([...held(first.host)].flat(), NOW);
  equal(second.engine.stats().inFlight, 1, "in flight");
  await second.start();
  equal(second.host.of("notice"), [], "notices");
}

export async function whatIsNoRecordIsRefused(module) {
  const made = new Rig(module, { options: DURABLE });
  const odd = [Number.NaN, -1, 2 ** 60, "key", undefined].flatMap((key) => [key, Uint8Array.of(1)]);
  made.engine.restore([...odd, 2 ** 48 + 1, "text", 2 ** 48 + 2, undefined, 2 ** 48 + 3], NOW);
  await turn();
  const notices = made.host.of("notice").map(({ detail }) => [detail.code, detail.limit > 0]);
  equal(notices, [
    [CODE.storeDamaged, false],
    [CODE.storeDamaged, true],
  ]);
  equal(made.host.stores[0].changes, [2 ** 48 + 1, undefined, 2 ** 48 + 2, undefined], "removed");
}

export async function freeHandsOutWhatIsLeft(module) {
  const { engine, host, ...made } = await connected(rig(module));
  made.publish("a", "x", { qos: 1 });
  await turn();
  made.publish("a", "y", { qos: 1 });
  engine.free();
  equal([host.stores.length, held(host).size], [2, 4], "batches and records");
}

export async function aPublishUntilSentCompletesWhenItLeaves(module) {
  const made = await new Rig(module).connect();
  const op = made.publish("a", "x", { qos: 2, untilSent: true });
  await turn();
  const completed = made.host.of("completed").map((record) => [record.op, record.status]);
  equal(completed, [[op, 0]], "completed");
}

/** Connected, with a store that has done what it was asked. */
async function connected(made) {
  await made.connect();
  const { engine, host, socket } = made;
  return { engine, host, socket, publish: made.publish.bind(made) };
}
