// Servers that send their clients elsewhere (5.0, section 4.11): told, and followed only where the application says so.
import assert from "node:assert/strict";
import { connack, levelOf, packet } from "../../rig/packets.mjs";
import { promptly } from "../support/world.mjs";

const TEMPORARY = 0x9c;
const FOR_GOOD = 0x9d;

/** Reason String and Server Reference are texts behind their identifiers. */
const reference = (text) => [0x1c, 0, text.length, ...Buffer.from(text)];

/** Refuses every CONNECT with this reason and reference. */
const elsewhere = (code, text) => async (connection) => {
  const level = levelOf(await connection.next("CONNECT"));
  connection.send(connack(level, { code, properties: reference(text) }));
  connection.close(1000);
};

export default function (world, it) {
  it("a reference is told, and not followed", async (t) => {
    const fake = await world.fakeBroker(t, elsewhere(FOR_GOOD, "evil.example"));
    const error = await world.page.run(({ mqtt, failure }, url) => failure(mqtt.connect(url)), fake.url);
    assert.equal(error.code, "connect-refused");
    assert.equal(error.serverReference, "evil.example");
    assert.equal(error.retryable, false);
    assert.equal(fake.connections.length, 1);
  });

  it("a reference is followed where the application maps it, for one connection", async (t) => {
    const there = await world.fakeBroker(t, async (connection) => {
      await connection.accept();
      connection.send(packet(0xe0, 0x8b, 0)); // shutting down: the client goes back to where it came from
      connection.close(1000);
    });
    const here = await world.fakeBroker(t, async (connection, n) => {
      if (n === 0) await elsewhere(TEMPORARY, "there:1")(connection);
      else await connection.accept();
    });
    const asked = await world.page.run(
      async ({ mqtt, next }, url, there, reconnect) => {
        const asked = [];
        const allow = async (reference, error) => {
          asked.push([reference, error.code, error.reasonCode]);
          return there;
        };
        const client = mqtt.createClient(url, { protocolVersion: 5, reconnect, redirect: { allow } });
        const lost = next(client, "disconnect");
        await client.start();
        await lost;
        await next(client, "connect");
        await client.close();
        return asked;
      },
      here.url,
      there.url,
      promptly,
    );
    assert.deepEqual(asked, [["there:1", "connect-refused", TEMPORARY]]);
    assert.equal(here.connections.length, 2);
    assert.equal(there.connections.length, 1);
  });

  it("a server that has moved is looked for at its new place from then on", async (t) => {
    const there = await world.fakeBroker(t, async (connection, n) => {
      await connection.accept();
      if (n > 0) return;
      await connection.next("PUBLISH"); // the page is connected
      connection.drop();
    });
    const here = await world.fakeBroker(t, elsewhere(FOR_GOOD, "there"));
    await world.page.run(
      async ({ mqtt, next }, url, there, reconnect) => {
        const client = mqtt.createClient(url, { reconnect, redirect: { allow: () => there } });
        const lost = next(client, "disconnect");
        await client.start();
        await client.publish("a", "connected");
        await lost;
        await next(client, "connect");
        await client.close();
      },
      here.url,
      there.url,
      promptly,
    );
    assert.equal(here.connections.length, 1);
    assert.equal(there.connections.length, 2);
  });

  it("servers that send us in circles are left", async (t) => {
    const fake = await world.fakeBroker(t, elsewhere(TEMPORARY, "again"));
    const error = await world.page.run(
      ({ mqtt, failure }, url) =>
        failure(mqtt.connect(url, { redirect: { allow: () => url, maxRedirects: 3 } })),
      fake.url,
    );
    assert.deepEqual([error.code, error.limit], ["too-many-redirects", 3]);
    assert.equal(fake.connections.length, 4);
  });

  it("a secure connection is not continued on an insecure one", async (t) => {
    const fake = await world.fakeBroker(t, elsewhere(TEMPORARY, "there"));
    const error = await world.page.run(
      ({ mqtt, failure }, url) =>
        failure(mqtt.connect(url, { redirect: { allow: () => "ws://localhost:1/" } })),
      fake.url,
    );
    assert.equal(error.code, "insecure-url");
    assert.equal(fake.connections.length, 1);
  });
}
