// Tokens that expire while messages flow: renewed before, and nothing is lost, doubled or alarmed about.
import assert from "node:assert/strict";
import { auth, connack, connectAuth, field, readAuth } from "../../rig/packets.mjs";
import { startTokenGate } from "../../rig/tokengate.mjs";
import { keepSession, versions } from "../support/world.mjs";

/** Connects with tokens of `life` seconds, each of which is the time of its end. */
const connect = async ({ mqtt, state }, url, options, life) => {
  state.asked = [];
  const credentials = ({ renewal = false }) => {
    state.asked.push(renewal);
    return { username: "ada", password: `${Date.now() + life * 1000}`, expiresIn: life };
  };
  state.client = await mqtt.connect(url, { ...options, credentials });
  state.told = [];
  for (const type of ["disconnect", "reconnecting", "connect", "error"])
    state.client.on(type, (event) => state.told.push([type, event.error?.code ?? event.code]));
};

/** Publishes and receives number after number until the client has connected again. */
const talk = async ({ state, next, inbox, bounded }, topic) => {
  const { messages, handler, received } = inbox(({ payload }) => Number(new TextDecoder().decode(payload)));
  await state.client.subscribe(topic, { qos: 2 }, handler);
  let over = false;
  next(state.client, "connect").then(() => {
    over = true;
  });
  const sent = [];
  for (let number = 0; !over; number++) {
    sent.push(state.client.publish(topic, `${number}`, { qos: 2 }));
    if (number % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await bounded(Promise.all(sent), "the end of every message");
  await received(sent.length);
  return { sent: sent.length, received: messages, told: state.told, asked: state.asked };
};

export default function (world, it) {
  const page = { run: (...args) => world.page.run(...args) };

  for (const version of versions)
    it(`v${version}: a token is renewed in the middle of QoS 2, without loss or alarm`, async (t) => {
      const gate = await startTokenGate({ brokerPort: world.broker.tcpPort });
      t.after(gate.stop);
      const topic = world.topic();
      await page.run(
        connect,
        world.to(gate.port),
        keepSession(version, `renewal-${version}-${topic.slice(5)}`),
        10,
      );
      const { sent, received, told, asked } = await page.run(talk, topic);
      assert.deepEqual(
        received,
        Array.from({ length: sent }, (_, number) => number),
      );
      assert.deepEqual(told, [
        ["disconnect", null],
        ["connect", null],
      ]);
      assert.deepEqual(asked, [false, true]);
      assert.deepEqual(
        gate.entries.map(({ isGood, expired }) => [isGood, expired]),
        [
          [true, false],
          [true, false],
        ],
      );
      await page.run(({ state }) => state.client.close());
    });

  it("v5: a server that is left for a renewal hears a goodbye that keeps session and will", async (t) => {
    const goodbyes = [];
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.accept();
      goodbyes.push((await connection.next("DISCONNECT")).bytes.toString("hex"));
    });
    await page.run(connect, fake.url, { protocolVersion: 5, will: { topic: "gone" } }, 3);
    await fake.connection(1);
    await fake.connections[0].completed; // which of two connections is read first is the gateway's choice
    assert.deepEqual(goodbyes, ["e000"]);
    await page.run(({ state }) => state.client.close());
  });

  it("v5: an authenticator proves the identity again on the same connection", async (t) => {
    const method = "TEST";
    const proofs = [];
    const fake = await world.fakeBroker(t, async (connection) => {
      proofs.push(connectAuth(await connection.next("CONNECT")).data);
      connection.send(connack(5, { properties: [0x15, ...field(method)] }));
      for (let proof = 0; proof < 2; proof++) {
        const { code, data } = readAuth(await connection.next("AUTH"));
        proofs.push([code, data]);
        connection.send(auth(0, method));
      }
    });
    await page.run(
      async ({ mqtt, state }, url, method) => {
        let count = 0;
        const start = () => ({ data: new TextEncoder().encode(`proof ${++count}`), expiresIn: 3 });
        const options = { protocolVersion: 5, authenticator: { method, start } };
        state.client = await mqtt.connect(url, options);
      },
      fake.url,
      method,
    );
    await (await fake.connection(0)).completed;
    assert.deepEqual(proofs, ["proof 1", [0x19, "proof 2"], [0x19, "proof 3"]]);
    assert.equal(fake.connections.length, 1);
    await page.run(({ state }) => state.client.close({ force: true }));
  });
}
