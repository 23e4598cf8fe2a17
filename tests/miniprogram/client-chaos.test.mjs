// Whatever happens to a phone in whatever order: each call settles, what was acknowledged has arrived, and the client lives.
import assert from "node:assert/strict";
import { test } from "node:test";
import { different, passTime, startWith } from "./package.mjs";
import { eventually } from "./support.mjs";

const ROUNDS = 25;

/** The same numbers every time. */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** What may happen between two messages. */
const HAPPENINGS = [
  () => {},
  ({ mp }) => mp.skip(1000),
  ({ broker }) => broker.connections.at(-1)?.drop(),
  ({ broker }) => broker.connections.at(-1)?.close(1012),
  ({ mp }) => mp.hide(),
  ({ mp }) => mp.show(),
  async ({ mp }) => {
    mp.hide();
    await mp.skip(7000);
    mp.show();
  },
  ({ mp }) => mp.change(true, "4g", "deaf"),
  ({ mp }) => mp.change(true, "wifi", "lost"),
  ({ mp }) => mp.change(false, "none"),
  ({ mp }) => mp.change(true, "wifi"),
  ({ mp, pick }) => mp.inject({ ending: pick(["close", "error", "close, error", "close, close"]) }),
  ({ mp, pick }) => mp.inject(pick([{ fails: "inside" }, { fails: "later" }, { throws: true }])),
  ({ mp, pick }) =>
    mp.inject(pick([{ silent: true }, { end: "error" }, { send: "fail" }, { send: "silent" }])),
];

for (const [name, engine] of different) {
  for (const seed of [1, 2, 3]) {
    test(`${name}, ${engine}: nothing that was acknowledged is missing, course ${seed}`, async (t) => {
      const { mp, broker, client } = await startWith(t, name);
      const random = numbers(seed);
      const pick = (list) => list[random(list.length)];
      const mqtt = client({
        engine,
        clientId: "phone",
        store: "storage",
        connectTimeout: 2000,
        reconnect: { minDelay: 10, maxDelay: 100, retryInitial: true },
      });
      const started = mqtt.start();
      await eventually(() => mqtt.engine, "the engine"); // time that is skipped would outrun its file
      const outcomes = [];
      for (let round = 0; round < ROUNDS; round++) {
        const text = `message ${round}`;
        mqtt.publish("a", text, { qos: 1 + random(2) }).then(
          () => outcomes.push([text, "acknowledged"]),
          (error) => outcomes.push([text, error.code]),
        );
        await pick(HAPPENINGS)({ mp, broker, pick });
        await mp.skip(random(300));
      }
      mp.show();
      mp.change(true, "wifi");
      await passTime(mp, () => outcomes.length === ROUNDS && mqtt.state === "connected", "every answer", 100);
      await started;
      const arrived = new Set(
        broker.connections
          .flatMap(({ packets }) => packets)
          .filter((one) => one.name === "PUBLISH")
          .map(({ payload }) => payload.toString()),
      );
      const missing = outcomes.filter(([text, outcome]) => outcome === "acknowledged" && !arrived.has(text));
      assert.deepEqual(missing, []);
      // The server of these tests keeps no sessions, so a QoS 2 message may be lost with one, and nothing else may.
      const failed = outcomes.filter(([, outcome]) => !["acknowledged", "session-lost"].includes(outcome));
      assert.deepEqual(failed, []);
      assert.ok(mp.live.size <= 5);
      assert.deepEqual([broker.violations, mp.uncaught], [[], []]);
    });
  }
}
