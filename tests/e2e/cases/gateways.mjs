// Gateways right and wrong: subprotocols, idle limits, missing headers, Mosquitto's own WebSocket, odd framing.
import assert from "node:assert/strict";
import { connack, publish, suback } from "../../rig/packets.mjs";
import { freePort } from "../../rig/rig.mjs";
import { promptly, versions } from "../support/world.mjs";

const connectFails = ({ mqtt, failure }, url, options) => failure(mqtt.connect(url, options));
const once = { reconnect: false };

export default function (world, it) {
  const at = (path) => `${world.gateway.wss}${path}`;

  it("offers exactly the subprotocol mqtt", async (t) => {
    const fake = await world.fakeBroker(t, (connection) => connection.accept());
    const server = await world.connect({}, fake.url);
    assert.equal(fake.connections[0].offered, "mqtt");
    assert.equal(server.subprotocol, "mqtt");
  });

  it("offers none when told so", async () => {
    const server = await world.connect({ subprotocols: [] }, at("/stripped"));
    assert.equal(server.subprotocol, "");
  });

  it("a gateway that strips the subprotocol from the answer", async () => {
    const error = await world.page.run(connectFails, at("/stripped"), once);
    // Chromium refuses such a handshake itself; in the others the client does, and can say why.
    const code = world.engine === "chromium" ? "connect-failed" : "subprotocol-rejected";
    assert.equal(error.code, code);
  });

  it("a server that answers with another subprotocol", async (t) => {
    const fake = await world.fakeBroker(t, () => {}, { subprotocol: "chat" });
    const error = await world.page.run(connectFails, fake.url, once);
    assert.match(error.code, /^(connect-failed|subprotocol-rejected)$/);
    assert.equal(fake.connections.flatMap(({ packets }) => packets).length, 0, "CONNECT must not be sent");
  });

  for (const [name, path] of [
    ["forgets the Upgrade headers", "/noupgrade"],
    ["has no such location", "/missing"],
  ]) {
    it(`a gateway that ${name}`, async () => {
      const error = await world.page.run(connectFails, at(path), once);
      assert.deepEqual([error.code, error.retryable], ["connect-failed", true]);
      assert.match(error.hint, /path/);
    });
  }

  it("nobody listens there", async () => {
    const error = await world.page.run(connectFails, `wss://127.0.0.1:${await freePort()}/`, once);
    assert.deepEqual([error.code, error.retryable], ["connect-failed", true]);
    const { elapsed, ...seen } = error.evidence;
    assert.deepEqual(seen, { phase: "dialing", attempt: 1, visibility: "visible", online: true });
    assert.ok(elapsed >= 0);
  });

  it("the page's own policy forbids the address", async () => {
    const error = await world.page.run(connectFails, "wss://elsewhere.localhost/", once);
    assert.deepEqual([error.code, error.layer, error.retryable], ["blocked-by-csp", "page", false]);
    assert.match(error.hint, /connect-src/);
    await world.page.load(); // with the violation that the browser reported to the page
  });

  it("a list of URLs is tried in turn", async () => {
    const server = await world.connect({ reconnect: promptly }, [
      at("/missing"),
      at("/noupgrade"),
      at("/mqtt"),
    ]);
    assert.equal(server.protocolVersion, 5);
  });

  it("an idle limit cuts a silent client, which comes back", async () => {
    await world.page.run(
      async ({ mqtt, next }, url, reconnect) => {
        const client = mqtt.createClient(url, { keepAlive: 0, reconnect });
        const lost = next(client, "disconnect");
        await client.start();
        const { error } = await lost;
        await next(client, "connect");
        if (error.code !== "connection-closed") throw error;
        await client.close();
      },
      at("/idle"),
      promptly,
    );
  });

  it("an idle limit is recognised by the age at which connections die, and pings keep below it", async () => {
    const told = await world.page.run(
      async ({ mqtt, describe, next }, url, reconnect) => {
        const client = mqtt.createClient(url, { reconnect });
        let deaths = 0;
        let pongs = 0;
        client.on("disconnect", () => {
          deaths++;
          pongs = 0;
        });
        const notice = next(client, "error", ({ code }) => code === "idle-timeout");
        await client.start();
        const told = describe(await notice);
        const before = deaths;
        // A PINGRESP is D0 00. Pings come when three quarters of the limit are over, the default after 45 s is too late
        // for any. A machine that is busy may be late with one, and lose a connection more.
        await next(client, "packet", ({ head, direction }) => {
          if (direction === "received" && head[0] === 0xd0) pongs++;
          return pongs === 3;
        });
        await client.close();
        return { ...told, deaths: before };
      },
      at("/idle-3"),
      { ...promptly, stableAfter: 1000 },
    );
    assert.equal(told.layer, "network");
    assert.ok(told.deaths >= 3, `${told.deaths} connections are not enough for a guess`);
    // nginx counts from another moment than the client, whose clock runs on while its thread has to wait.
    assert.ok(told.limit > 1000 && told.limit < 30_000, `${told.limit} ms is not the limit of nginx`);
  });

  for (const version of versions) {
    it(`v${version}: Mosquitto's own WebSocket listener`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await world.connect({ protocolVersion: version }, at("/native"));
      const text = await world.page.run(async ({ state, inbox }, topic) => {
        const box = inbox((message) => message.text());
        await state.client.subscribe(topic, { qos: 2 }, box.handler);
        await state.client.publish(topic, "native", { qos: 2 });
        const [text] = await box.received(1);
        await state.client.close();
        return text;
      }, topic);
      assert.equal(text, "native");
      assert.equal((await peer.received(1))[0].qos, 2);
    });

    it(`v${version}: packets in pieces of one byte`, async () => {
      const topic = world.topic();
      world.innerChaos.set({ chunk: 1 });
      await world.connect({ protocolVersion: version }, world.to(world.innerBridge.port));
      const texts = await world.page.run(async ({ state, inbox }, topic) => {
        const box = inbox((message) => message.text());
        await state.client.subscribe(topic, { qos: 2 }, box.handler);
        const texts = ["one", "two", "drei 🚀"];
        for (const [qos, text] of texts.entries()) await state.client.publish(topic, text, { qos });
        return box.received(3);
      }, topic);
      assert.deepEqual(texts, ["one", "two", "drei 🚀"]);
    });

    it(`v${version}: frames of one byte, frames of several packets, packets across frames`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection) => {
        await connection.next("CONNECT");
        for (const byte of connack(version)) connection.send(Buffer.from([byte]));
        const { body } = await connection.next("SUBSCRIBE");
        const granted = suback(version, body.readUInt16BE(0), [0]);
        const three = ["1", "2", "3"].map((text) => publish(version, "a", text));
        connection.send(Buffer.concat([granted, ...three, three[0].subarray(0, 3)]), three[0].subarray(3));
      });
      await world.connect({ protocolVersion: version }, fake.url);
      const texts = await world.page.run(async ({ state, inbox }) => {
        const box = inbox((message) => message.text());
        await state.client.subscribe("a", {}, box.handler);
        return box.received(4);
      });
      assert.deepEqual(texts, ["1", "2", "3", "1"]);
    });
  }
}
