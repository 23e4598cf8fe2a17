// Every call settles and nothing is left: signals, time limits, close().
import assert from "node:assert/strict";
import { startChaos } from "../../rig/chaos.mjs";
import { ack, readPublish } from "../../rig/packets.mjs";
import { mode } from "../../rig/page.mjs";
import { promptly, versions } from "../support/world.mjs";

/** A broker that accepts and then never answers anything but pings. */
const silent = async (connection) => {
  await connection.accept();
  for (;;) {
    const { name } = await connection.next();
    if (name === "PINGREQ") connection.send("d0 00");
  }
};

export default function (world, it) {
  for (const version of versions) {
    it(`v${version}: a signal ends the wait for an acknowledgement`, async (t) => {
      const fake = await world.fakeBroker(t, silent);
      await world.connect({ protocolVersion: version }, fake.url);
      const errors = await world.page.run(async ({ state, failure }) => {
        const stop = new AbortController();
        const calls = [
          state.client.publish("a", "x", { qos: 1, signal: stop.signal }),
          state.client.publish("a", "x", { qos: 2, signal: stop.signal }),
          state.client.subscribe("a", { signal: stop.signal }),
          state.client.publish("a", "x", { qos: 1, signal: AbortSignal.abort() }),
        ].map((call) => failure(call));
        await state.client.ping();
        stop.abort();
        return Promise.all(calls);
      });
      assert.deepEqual([...new Set(errors.map(({ code }) => code))], ["aborted"]);
      const names = fake.connections[0].names();
      assert.equal(names.filter((name) => name === "PUBLISH").length, 2, "an aborted call is not sent");
    });

    it(`v${version}: a timeout ends it too, and the connection stays`, async (t) => {
      const fake = await world.fakeBroker(t, silent);
      await world.connect({ protocolVersion: version }, fake.url);
      const { errors, state } = await world.page.run(async ({ state, failure }) => {
        const calls = [
          state.client.publish("a", "x", { qos: 1, timeout: 50 }),
          state.client.subscribe("a", { timeout: 50 }),
        ];
        const errors = await Promise.all(calls.map((call) => failure(call)));
        await state.client.ping();
        return { errors, state: state.client.state };
      });
      assert.deepEqual(
        errors.map(({ code }) => code),
        ["timeout", "timeout"],
      );
      assert.equal(state, "connected");
    });

    it(`v${version}: close() waits for what is under way`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection) => {
        const level = await connection.accept();
        const first = readPublish(await connection.next("PUBLISH"), level);
        const second = readPublish(await connection.next("PUBLISH"), level);
        for (const { id } of [first, second]) connection.send(ack("PUBACK", id));
      });
      await world.connect({ protocolVersion: version }, fake.url);
      const results = await world.page.run(async ({ state }) => {
        const calls = ["1", "2"].map((text) => state.client.publish("a", text, { qos: 1 }));
        await state.client.close();
        return Promise.all(calls);
      });
      assert.deepEqual(
        results.map(({ status }) => status),
        ["acknowledged", "acknowledged"],
      );
      const [connection] = fake.connections;
      await connection.closed;
      assert.deepEqual(connection.names(), ["CONNECT", "PUBLISH", "PUBLISH", "DISCONNECT"]);
      const [reasonCode = 0] = connection.packets.at(-1).body;
      assert.equal(reasonCode, 0, "a normal goodbye, which withholds the will");
    });

    it(`v${version}: close() settles what the server never answers`, async (t) => {
      const fake = await world.fakeBroker(t, silent);
      await world.connect({ protocolVersion: version }, fake.url);
      const seen = await world.page.run(async ({ state, failure }) => {
        const { client } = state;
        const calls = [
          client.publish("a", "x", { qos: 1 }),
          client.publish("a", "x", { qos: 2 }),
          client.subscribe("a"),
        ].map((call) => failure(call));
        await client.close({ timeout: 100 });
        calls.push(failure(client.publish("a", "late")));
        const codes = (await Promise.all(calls)).map(({ code }) => code);
        return {
          codes,
          state: client.state,
          again: (await client.close()) ?? null,
          error: (await client.closed) ?? null,
        };
      });
      assert.deepEqual(seen.codes, Array(4).fill("client-closed"));
      assert.deepEqual([seen.state, seen.again, seen.error], ["closed", null, null]);
    });

    it(`v${version}: close() does not wait for the other side, which browsers do for a minute`, async () => {
      await world.connect({ protocolVersion: version }, world.to(world.chaos.port));
      world.chaos.set({ mode: "blackhole" });
      const seen = await world.page.run(async ({ state, bounded }) => {
        await bounded(state.client.close(), "the end of close()");
        return [state.client.state, (await bounded(state.client.closed, "the end of the client")) ?? null];
      });
      assert.deepEqual(seen, ["closed", null]);
    });

    it(`v${version}: close() while reconnecting settles everything`, async () => {
      await world.connect({ protocolVersion: version, reconnect: promptly }, world.to(world.chaos.port));
      await world.page.run(({ state, next }) => {
        state.lost = next(state.client, "disconnect");
      });
      world.chaos.set({ mode: "refuse" });
      world.chaos.kill("rst");
      const code = await world.page.run(async ({ state, failure }) => {
        await state.lost;
        const call = failure(state.client.publish("a", "x", { qos: 1 }));
        await state.client.close({ timeout: 50 });
        return (await call).code;
      });
      assert.equal(code, "client-closed");
    });

    it(`v${version}: nothing is left in the page or at the server`, async (t) => {
      const link = await startChaos({ target: world.bridge.port }); // of its own, so that it counts this client only
      t.after(link.stop);
      const { used, left } = await world.page.run(
        async ({ mqtt, bounded, inbox, pattern, watchLeftovers }, url, protocolVersion) => {
          const watch = watchLeftovers();
          const client = await mqtt.connect(url, { protocolVersion });
          const box = inbox(() => 0);
          await client.subscribe("left/#", { qos: 2 }, box.handler);
          for (const qos of [0, 1, 2])
            await client.publish("left/x", pattern(1000), { qos, timeout: 60_000 });
          await box.received(3);
          const used = watch.used();
          await client.close();
          return { used, left: await bounded(watch.stop(), "the end of every socket and worker") };
        },
        world.to(link.port),
        version,
      );
      const works = mode === "worker" ? used.workers === 1 : used.timers > 0 && used.sockets === 1;
      assert.ok(works && used.listeners > 0, "the counting must work");
      assert.deepEqual(left, { timers: 0, openSockets: 0, listeners: [] });
      assert.equal(link.accepted, 1);
      await link.quiet();
    });
  }
}
