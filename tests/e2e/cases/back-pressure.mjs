// A network slower than its publisher: promises slow down, or publishes are refused, and memory stays bounded.
import assert from "node:assert/strict";
import { ack, readPublish } from "../../rig/packets.mjs";

const SIZE = 256 * 1024;
const MOST = 400; // 100 MiB: more than any buffer on the way
const QUEUE = 8 * 2 ** 20;

// WebKitGTK 2.50 calls nothing buffered that its network process holds: 100 MiB and more.
const isTold = (qos) => qos > 0 || process.env.WASMQTT_ENGINE !== "webkit";

/** Publishes one after the other, and counts; or, without waiting, until a publish is refused. */
const flood = ({ state, describe }, { qos, size, most, waits }) => {
  const payload = (n) => {
    const bytes = new Uint8Array(size);
    new DataView(bytes.buffer).setUint32(0, n);
    return bytes;
  };
  Object.assign(state, { given: 0, sent: 0, queuedBytes: 0, refusal: undefined });
  const publishing = [];
  const publish = (n) => {
    const promise = state.client.publish("a", payload(n), { qos });
    state.given++;
    state.queuedBytes = Math.max(state.queuedBytes, state.client.stats.queuedBytes);
    const done = promise.then(
      () => {
        state.sent++;
      },
      (error) => {
        state.refusal ??= { ...describe(error), delivery: error.delivery };
      },
    );
    publishing.push(done);
    return done;
  };
  const run = async () => {
    for (let n = 0; n < most && !state.refusal && !state.enough; n++) {
      const done = publish(n);
      if (waits) await done;
      else if (n % 16 === 15) await new Promise((resolve) => setTimeout(resolve, 0)); // the browser has to send
    }
  };
  state.giving = run();
  state.run = state.giving.then(() => Promise.all(publishing));
};

/** Resolves when nothing has been given or sent for a second. */
const stalls = async ({ state }) => {
  for (let before = -1; before !== state.given + state.sent; ) {
    before = state.given + state.sent;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  const { given, sent, queuedBytes, refusal = null } = state;
  return { given, sent, queuedBytes, refusal };
};

/** Resolves when a publish was refused, or all were given. */
const isRefused = async ({ state, bounded }) => {
  await bounded(state.giving, "the refusal");
  const { given, queuedBytes, refusal } = state;
  return { given, queuedBytes, refusal };
};

const ends = async ({ state, bounded }) => {
  state.enough = true;
  await bounded(state.run, "the end of all publishes");
  return { given: state.given, sent: state.sent };
};

export default function (world, it) {
  const run = (...args) => world.page.run(...args);

  /** A server that accepts the connection and reads nothing of it before `resume`; then it acknowledges, and counts. */
  const reluctant = async (t) => {
    const numbers = [];
    const fake = await world.fakeBroker(t, async (connection) => {
      const level = await connection.accept();
      connection.pause();
      for (;;) {
        const { qos, id, payload } = readPublish(await connection.next("PUBLISH"), level);
        numbers.push(payload.readUInt32BE(0));
        if (qos > 0) connection.send(ack("PUBACK", id));
      }
    });
    await world.connect({ offlineQueue: { maxBytes: QUEUE } }, fake.url);
    return { numbers, connection: await fake.connection(0) };
  };
  const leave = () => run(({ state }) => state.client.close({ force: true }));

  for (const qos of [0, 1]) {
    if (isTold(qos))
      it(`QoS ${qos}: a publisher that awaits its promises runs at the pace of the network`, async (t) => {
        const { numbers, connection } = await reluctant(t);
        await run(flood, { qos, size: SIZE, most: MOST, waits: true });
        const { given, sent, queuedBytes, refusal } = await run(stalls);
        assert.ok(given < MOST && given === sent + 1, `${given} given, ${sent} sent`);
        assert.ok(queuedBytes <= 2 * SIZE, `${queuedBytes} bytes in the queue`);
        assert.equal(refusal, null);
        connection.resume();
        const end = await run(ends);
        assert.equal(end.sent, end.given);
        await leave();
        await connection.closed;
        assert.deepEqual(
          numbers,
          Array.from({ length: end.given }, (_, n) => n),
        );
      });

    if (qos === 0 && isTold(qos))
      for (const force of [false, true])
        it(`what was handed to the browser arrives although the client is closed, force ${force}`, async (t) => {
          const { numbers, connection } = await reluctant(t);
          await run(flood, { qos, size: SIZE, most: MOST, waits: true });
          const { sent } = await run(stalls);
          await run(({ state }, force) => state.client.close({ force, timeout: 1 }), force);
          connection.resume();
          await connection.closed;
          assert.equal(numbers.length, sent);
        });

    it(`QoS ${qos}: a publisher that waits for nothing meets the limit of its queue`, async (t) => {
      const { numbers, connection } = await reluctant(t);
      await run(flood, { qos, size: SIZE, most: MOST, waits: false });
      const { given, queuedBytes, refusal } = await run(isRefused);
      assert.deepEqual([refusal?.code, refusal?.delivery], ["queue-full", "none"], `after ${given}`);
      assert.ok(queuedBytes <= QUEUE, `${queuedBytes} bytes in the queue`);
      assert.ok(given < MOST, `${given} given`);
      connection.resume();
      const { sent } = await run(ends);
      assert.ok(sent < given, "some were refused");
      await leave();
      await connection.closed;
      assert.equal(numbers.length, sent, "what was not refused arrived");
      const inOrder = [...numbers].sort((a, b) => a - b);
      assert.deepEqual(numbers, inOrder);
    });
  }

  it("a loop that is slower than the stream gets what its buffer holds, and a count of the rest", async () => {
    const [stream, readings] = [world.topic(), world.topic()];
    await world.connect({});
    await run(
      async ({ state, next }, stream, readings) => {
        const subscribe = (filter, buffer) => state.client.subscribe(filter, { qos: 1, buffer });
        state.oldest = await subscribe(stream, { max: 100 });
        state.newest = await subscribe(stream, { max: 100, overflow: "drop-newest" });
        state.latest = await subscribe(`${readings}/+`, { overflow: "latest-per-topic" });
        state.told = [];
        state.client.on("error", ({ code }) => state.told.push(code));
        state.end = next(state.client, "message", ({ topic }) => topic === `${readings}/end`);
      },
      stream,
      readings,
    );
    const lines = (prefix) => Array.from({ length: 1000 }, (_, n) => `${prefix}${n}`);
    await world.publishLines(5, stream, lines(""), { qos: 1 });
    for (const room of ["a", "b"])
      await world.publishLines(5, `${readings}/${room}`, lines(room), { qos: 1 });
    await world.publish(5, `${readings}/end`, "end", { qos: 1 });
    const seen = await run(async ({ state }) => {
      await state.end;
      await state.client.close();
      const read = async (subscription) => {
        const texts = [];
        for await (const message of subscription) texts.push(message.text());
        return { first: texts[0], last: texts.at(-1), length: texts.length, dropped: subscription.dropped };
      };
      const { oldest, newest, latest, told } = state;
      return { oldest: await read(oldest), newest: await read(newest), latest: await read(latest), told };
    });
    assert.deepEqual(seen, {
      oldest: { first: "900", last: "999", length: 100, dropped: 900 },
      newest: { first: "0", last: "99", length: 100, dropped: 900 },
      latest: { first: "a999", last: "end", length: 3, dropped: 1998 },
      told: ["dropped-from-queue", "dropped-from-queue"],
    });
  });
}
