// Every call that can wait, every way in which its client can end, with the engine and a browser: all of them settle.
import assert from "node:assert/strict";
import { auth, connack, field, suback } from "../../rig/packets.mjs";

const METHOD = "M";
const RECEIVE_MAXIMUM_2 = [0x21, 0, 2];

/** A server that grants the first subscription, and answers nothing else. */
const silent = async (connection) => {
  await connection.next("CONNECT");
  connection.send(connack(5, { properties: [...RECEIVE_MAXIMUM_2, 0x15, ...field(METHOD)] }));
  const { body } = await connection.next("SUBSCRIBE");
  connection.send(suback(5, body.readUInt16BE(0), [0]));
};

/** Connects and makes every call; `state.outcomes` gets the codes of what they reject with. */
const begin = async ({ mqtt, state }, url, method, timeout) => {
  state.stop = new AbortController();
  const limits = timeout ? { timeout } : { signal: state.stop.signal };
  const client = await mqtt.connect(url, {
    protocolVersion: 5,
    authenticator: { method },
    offlineQueue: { maxMessages: 2 },
  });
  state.client = client;
  const subscription = await client.subscribe("f");
  const qos1 = (payload) => client.publish("t", payload, { qos: 1, ...limits });
  const blob = new Blob(["x"]);
  blob.arrayBuffer = () => new Promise(() => {});
  const calls = {
    "publish QoS 1": qos1("x"),
    "publish QoS 2": client.publish("t", "x", { qos: 2, ...limits }),
    "publish that waits for Receive Maximum": qos1("x"),
    subscribe: client.subscribe("g", limits),
    unsubscribe: subscription.unsubscribe(limits),
    request: client.request("t", "x", limits),
    ping: client.ping(limits),
    reauthenticate: client.reauthenticate(new Uint8Array(1), limits),
    "publish of a Blob that never reads": qos1(blob),
  };
  Object.assign(state, { outcomes: {}, causes: new Set() });
  state.settled = Promise.all(
    Object.entries(calls).map(([name, promise]) =>
      promise.then(
        () => "resolved",
        ({ code, delivery, cause }) => {
          state.outcomes[name] = delivery ? `${code}, ${delivery}` : code;
          if (code === "client-closed") state.causes.add(cause?.code);
        },
      ),
    ),
  );
};

const outcomes = async ({ state, bounded }) => {
  await bounded(state.settled, "the end of every call");
  return state.outcomes;
};

/** What everything rejects with: publishes with what is known of their messages. */
const all = (code) => ({
  "publish QoS 1": `${code}, unknown`,
  "publish QoS 2": `${code}, unknown`,
  "publish that waits for Receive Maximum": `${code}, none`,
  subscribe: code,
  unsubscribe: code,
  request: code,
  ping: code,
  reauthenticate: code,
  "publish of a Blob that never reads": `${code}, none`,
});

export default function (world, it) {
  const run = (...args) => world.page.run(...args);
  const start = async (t, timeout) => {
    const fake = await world.fakeBroker(t, silent);
    await run(begin, fake.url, METHOD, timeout);
    assert.deepEqual(await run(({ state }) => state.outcomes), {}, "all of them wait");
    return fake.connection(0);
  };
  const state = () => run(({ state }) => state.client.state);

  it("every call settles when the client is closed", async (t) => {
    await start(t);
    await run(({ state, bounded }) => bounded(state.client.close({ timeout: 50 }), "close"));
    assert.deepEqual(await run(outcomes), all("client-closed"));
  });

  it("every call settles when close is aborted, or made to hurry", async (t) => {
    for (const force of [false, true]) {
      await start(t);
      await run(({ state, bounded }, force) => {
        const closing = new AbortController();
        const closed = state.client.close({ timeout: 3_600_000, signal: closing.signal });
        if (force) state.client.close({ force });
        else closing.abort();
        return bounded(closed, "close");
      }, force);
      assert.deepEqual(await run(outcomes), all("client-closed"));
    }
  });

  it("every call settles when the server ends it for good", async (t) => {
    const connection = await start(t);
    connection.send("e0 02 8e 00"); // session taken over
    const gone = "session-taken-over"; // what ends with a connection has its reason, the rest has it as a cause
    const expected = { ...all("client-closed"), ping: gone, reauthenticate: gone };
    assert.deepEqual(await run(outcomes), expected);
    assert.deepEqual(await run(({ state }) => [...state.causes]), [gone]);
    assert.equal(await state(), "closed");
  });

  it("every call settles when its signal is aborted, and the client stays", async (t) => {
    await start(t);
    await run(({ state }) => state.stop.abort());
    assert.deepEqual(await run(outcomes), all("aborted"));
    assert.equal(await state(), "connected");
    await run(({ state }) => state.client.close({ force: true }));
  });

  it("every call settles when its time is over, and the client stays", async (t) => {
    const fake = await world.fakeBroker(t, silent);
    await run(begin, fake.url, METHOD, 50);
    assert.deepEqual(await run(outcomes), all("timeout"));
    assert.equal(await state(), "connected");
    await run(({ state }) => state.client.close({ force: true }));
  });

  it("what ends with the connection settles when the page is left; the rest waits for its return, or for close", async (t) => {
    await start(t);
    await run(() => dispatchEvent(new Event("pagehide")));
    const left = { ping: "connection-closed", reauthenticate: "connection-closed" };
    assert.deepEqual(await run(({ state }) => state.outcomes), left);
    assert.equal(await state(), "suspended");
    await run(({ state }) => state.client.close({ timeout: 50 }));
    assert.deepEqual(await run(outcomes), { ...all("client-closed"), ...left });
  });

  it("functions of the application that never answer have as long as an attempt", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.next("CONNECT");
      connection.send(auth(0x18, METHOD));
      assert.equal((await connection.next("DISCONNECT")).body[0], 0x83);
    });
    const errors = await run(
      ({ mqtt, failure }, url, method) => {
        const never = () => new Promise(() => {});
        const connect = (url, options) =>
          failure(mqtt.connect(url, { connectTimeout: 2000, reconnect: false, ...options }));
        return Promise.all([
          connect(never),
          connect(url, { credentials: never }),
          connect(url, { authenticator: { method, start: never } }),
          connect(url, { authenticator: { method, respond: never } }),
        ]);
      },
      fake.url,
      METHOD,
    );
    for (const { code, layer, retryable } of errors) {
      assert.deepEqual([code, layer, retryable], ["provider-timeout", "application", true]);
    }
    assert.equal(fake.connections.length, 1, "only the challenge needs a connection");
  });

  it("every call settles when the module cannot be loaded", async () => {
    const codes = await run(async ({ failure }, url) => {
      const { init, connect, createClient } = await import("/pkg/slim.js");
      init(new Uint8Array([1, 2, 3])).catch(() => {});
      const client = createClient(url);
      const calls = [
        client.publish("t", "x"),
        client.subscribe("f"),
        client.ping(),
        client.request("t", "x"),
        client.start(),
        connect(url),
      ];
      const errors = await Promise.all(calls.map((call) => failure(call)));
      return [...errors.map(({ code }) => code), (await client.closed).code];
    }, `${world.gateway.wss}/mqtt`);
    const closed = "client-closed";
    assert.deepEqual(codes.slice(0, 4), [closed, closed, closed, closed]);
    assert.deepEqual(codes.slice(4), ["wasm-load-failed", "wasm-load-failed", "wasm-load-failed"]);
  });
}
