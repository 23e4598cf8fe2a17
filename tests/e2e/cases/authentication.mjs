// Enhanced authentication (5.0, section 4.12): challenges at connect and later, and a server that says no.
import assert from "node:assert/strict";
import { ack, auth, connack, connectAuth, field, readAuth, readPublish } from "../../rig/packets.mjs";
import { promptly } from "../support/world.mjs";

const CONTINUE = 0x18;
const RE_AUTHENTICATE = 0x19;
const NOT_AUTHORIZED = 0x87;
const PROTOCOL_ERROR = 0x82;
const method = "TEST";
const accepted = connack(5, { properties: [0x15, ...field(method)] });

/** Reads an AUTH and holds it against what it should be. */
async function expectAuth(connection, code, data) {
  assert.deepEqual(readAuth(await connection.next("AUTH")), { code, method, data });
}

/** Accepts a client whose method is ours without a challenge. */
async function welcome(connection) {
  const connect = await connection.next("CONNECT");
  connection.send(accepted);
  return connectAuth(connect);
}

/**
 * Makes `state.client` with an authenticator that answers "re: " and the challenge; challenges go to `state.asked`.
 * Resolves with null when it is connected, or with the error.
 */
const connects = async ({ mqtt, state, describe }, url, method, options) => {
  const bytes = (text) => new TextEncoder().encode(text);
  state.asked = [];
  state.starts = 0;
  const authenticator = {
    method,
    start: async () => bytes(`start ${++state.starts}`),
    respond: async (challenge) => {
      const text = new TextDecoder().decode(challenge);
      state.asked.push(text);
      if (text === "throw") throw new Error("no idea, s3cret");
      return bytes(`re: ${text}`);
    },
  };
  state.client = mqtt.createClient(url, { protocolVersion: 5, authenticator, ...options });
  return state.client.start().then(() => null, describe);
};

export default function (world, it) {
  const attempt = (fake, options) => world.page.run(connects, fake.url, method, options);
  const connect = async (fake, options = { reconnect: false }) =>
    assert.equal(await attempt(fake, options), null, "it must connect");

  it("v5: challenges before CONNACK are answered by the application, and nothing else is sent", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      assert.deepEqual(connectAuth(await connection.next("CONNECT")), { method, data: "start 1" });
      for (const question of ["who?", "really?"]) {
        connection.send(auth(CONTINUE, method, question));
        await expectAuth(connection, CONTINUE, `re: ${question}`);
      }
      connection.send(accepted);
    });
    await connect(fake);
    assert.deepEqual(await world.page.run(({ state }) => state.asked), ["who?", "really?"]);
    assert.deepEqual(fake.connections[0].names(), ["CONNECT", "AUTH", "AUTH"]);
  });

  it("v5: every attempt starts the exchange anew", async (t) => {
    const fake = await world.fakeBroker(t, async (connection, n) => {
      connection.authentication = await welcome(connection);
      if (n > 0) return;
      await connection.next("PUBLISH"); // the page is connected
      connection.drop();
    });
    await connect(fake, { reconnect: promptly });
    await world.page.run(({ state }) => state.client.publish("a", "connected"));
    await (await fake.connection(1)).completed;
    const data = fake.connections.map(({ authentication }) => authentication.data);
    assert.deepEqual(data, ["start 1", "start 2"]);
  });

  it("v5: reauthenticate() leaves other traffic alone", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await welcome(connection);
      await expectAuth(connection, RE_AUTHENTICATE, "given");
      const { id } = readPublish(await connection.next("PUBLISH"), 5);
      connection.send(auth(CONTINUE, method, "why?"), ack("PUBACK", id));
      await expectAuth(connection, CONTINUE, "re: why?");
      connection.send(auth(0, method));
      await expectAuth(connection, RE_AUTHENTICATE, "start 2");
      connection.send(auth(0, method));
    });
    await connect(fake);
    const status = await world.page.run(async ({ state, bounded }) => {
      const { client } = state;
      const first = client.reauthenticate(new TextEncoder().encode("given"));
      const { status } = await bounded(client.publish("a", "x", { qos: 1 }), "the acknowledgement");
      await bounded(first, "the end of the exchange");
      await bounded(client.reauthenticate(), "the end of the second exchange");
      return status;
    });
    assert.equal(status, "acknowledged");
  });

  it("v5: a server that refuses the renewal ends the connection, and the call says why", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await welcome(connection);
      await connection.next("AUTH");
      connection.send(auth(CONTINUE, method, "why?"));
      await connection.next("AUTH");
      connection.send(Buffer.from([0xe0, 1, NOT_AUTHORIZED]));
      connection.close(1000);
    });
    await connect(fake, { reconnect: promptly });
    const errors = await world.page.run(async ({ state, failure, describe, bounded }) => [
      await failure(state.client.reauthenticate()),
      describe(await bounded(state.client.closed, "the end")),
    ]);
    for (const { reasonCode, layer, retryable } of errors)
      assert.deepEqual([reasonCode, layer, retryable], [NOT_AUTHORIZED, "mqtt", false]);
    assert.equal(fake.connections.length, 1, "no retry can cure it");
  });

  it("v5: a server that refuses the first answer", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.next("CONNECT");
      connection.send(auth(CONTINUE, method, "who?"));
      await connection.next("AUTH");
      connection.send(connack(5, { code: NOT_AUTHORIZED }));
      connection.close(1000);
    });
    const error = await attempt(fake, { reconnect: promptly });
    assert.deepEqual([error.code, error.reasonCode], ["connect-refused", NOT_AUTHORIZED]);
  });

  for (const [name, bytes] of [
    ["starts an authentication by itself", auth(RE_AUTHENTICATE, method, "again")],
    ["asks although nobody authenticates", auth(CONTINUE, method, "who?")],
    ["changes the method", auth(CONTINUE, "OTHER", "who?")],
  ]) {
    it(`v5: a server that ${name} breaks the rules`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection, n) => {
        await welcome(connection);
        if (name === "changes the method") await connection.next("AUTH");
        if (n === 0) connection.send(bytes);
      });
      await connect(fake);
      const error = await world.page.run(async ({ state, bounded, describe }, renew) => {
        if (renew) state.client.reauthenticate().catch(() => {});
        return describe(await bounded(state.client.closed, "the end"));
      }, name === "changes the method");
      assert.equal(error.code, "protocol-error");
      const [first] = fake.connections;
      await first.closed;
      const { name: last, body } = first.packets.at(-1);
      assert.deepEqual([last, body[0]], ["DISCONNECT", PROTOCOL_ERROR]);
    });
  }

  it("v5: an application without an answer ends the connection, and its words stay its own", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await welcome(connection);
      await connection.next("AUTH");
      connection.send(auth(CONTINUE, method, "throw"));
    });
    await connect(fake);
    const { errors, heard } = await world.page.run(async ({ state, failure, describe, bounded }) => {
      const heard = [];
      state.client.on("error", (error) => heard.push(error));
      const errors = [
        await failure(state.client.reauthenticate()),
        describe(await bounded(state.client.closed, "the end")),
      ];
      return { errors, heard: heard.map(({ code, cause }) => [code, cause.message]) };
    });
    assert.deepEqual(heard, [["handler-failed", "no idea, s3cret"]], "the application hears its own error");
    for (const { code } of errors) assert.equal(code, "provider-failed");
    assert.ok(!JSON.stringify(errors).includes("s3cret"));
    await fake.connections[0].closed;
    assert.equal(fake.connections[0].packets.at(-1).name, "DISCONNECT");
  });
}
