// Servers that say no: the error tells who refused, why, and whether trying again makes sense.
import assert from "node:assert/strict";
import { account } from "../../rig/mosquitto.mjs";
import { connack, levelOf, packet, suback } from "../../rig/packets.mjs";
import { promptly, versions } from "../support/world.mjs";

const connectFails = ({ mqtt, failure }, url, options) => failure(mqtt.connect(url, options));

export default function (world, it) {
  for (const version of versions) {
    it(`v${version}: a wrong password`, async () => {
      const options = { protocolVersion: version, ...account, password: "wr0ng-s3cret", reconnect: promptly };
      const error = await world.page.run(connectFails, `${world.gateway.wss}/protected`, options);
      assert.equal(error.name, "MqttError");
      assert.equal(error.code, "connect-refused");
      assert.equal(error.layer, "mqtt");
      assert.equal(error.reasonCode, 0x87, "also where 3.1.1 says 5: one set of codes for both");
      assert.equal(error.retryable, false);
      assert.ok(!JSON.stringify(error).includes("wr0ng"), "no error may show a password");
    });

    it(`v${version}: the right password`, async () => {
      const options = { protocolVersion: version, ...account };
      const server = await world.connect(options, `${world.gateway.wss}/protected`);
      assert.equal(server.protocolVersion, version);
    });

    it(`v${version}: credentials are asked for before every attempt`, async () => {
      const asked = await world.page.run(
        async ({ mqtt }, url, account, version) => {
          const asked = [];
          const credentials = async ({ number }) => {
            asked.push(number);
            return number === 1 ? account : { username: "nobody" };
          };
          const client = await mqtt.connect(url, { protocolVersion: version, credentials });
          await client.close();
          return asked;
        },
        `${world.gateway.wss}/protected`,
        account,
        version,
      );
      assert.deepEqual(asked, [1]);
    });

    it(`v${version}: a refused filter carries every reason code`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection) => {
        const level = await connection.accept();
        const { body } = await connection.next("SUBSCRIBE");
        connection.send(suback(level, body.readUInt16BE(0), [1, 0x80]));
      });
      await world.connect({ protocolVersion: version }, fake.url);
      const error = await world.page.run(({ state, failure }) =>
        failure(state.client.subscribe(["a", "b"], { qos: 1 })),
      );
      assert.equal(error.code, "rejected-by-server");
      assert.deepEqual(error.reasonCodes, [1, 0x80]);
    });
  }

  it("a server that is busy is asked again", async (t) => {
    const fake = await world.fakeBroker(t, async (connection, n) => {
      const level = levelOf(await connection.next("CONNECT"));
      connection.send(connack(level, { code: n === 0 ? 0x89 : 0 }));
      if (n === 0) connection.close(1000);
    });
    await world.connect({ reconnect: { ...promptly, retryInitial: true } }, fake.url);
    assert.equal(fake.connections.length, 2);
  });

  it("auto: falls back to 3.1.1 on a new connection, and says so", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      const level = levelOf(await connection.next("CONNECT"));
      connection.send(packet(0x20, 0, level === 5 ? 1 : 0)); // how a 3.1.1 server refuses a version
      if (level === 5) connection.close(1000);
    });
    const server = await world.connect({ protocolVersion: "auto" }, fake.url);
    assert.equal(server.protocolVersion, 4);
    const levels = fake.connections.map(({ packets }) => levelOf(packets[0]));
    assert.deepEqual(levels, [5, 4]);
  });

  it("auto: falls back on reason code 0x84 too", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      const level = levelOf(await connection.next("CONNECT"));
      connection.send(connack(level, { code: level === 5 ? 0x84 : 0 }));
      if (level === 5) connection.close(1000);
    });
    const server = await world.connect({}, fake.url);
    assert.equal(server.protocolVersion, 4);
  });

  it("5: never falls back", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.next("CONNECT");
      connection.send(packet(0x20, 0, 1));
      connection.close(1000);
    });
    const error = await world.page.run(connectFails, fake.url, { protocolVersion: 5, reconnect: promptly });
    assert.match(error.code, /^(version-not-supported|connect-refused)$/);
    assert.equal(error.retryable, false);
    assert.equal(fake.connections.length, 1);
  });

  it("5: against Mosquitto, auto stays with 5", async () => {
    const server = await world.connect({});
    assert.equal(server.protocolVersion, 5);
  });

  it("a server that never answers CONNECT", async (t) => {
    const fake = await world.fakeBroker(t, () => {});
    const options = { connectTimeout: 2000, reconnect: false };
    const error = await world.page.run(connectFails, fake.url, options);
    assert.equal(error.code, "connack-timeout");
    await (await fake.connection(0)).closed;
    assert.notEqual(fake.connections[0].packets.at(-1).name, "DISCONNECT");
  });

  it("a server that closes with a code and a reason", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.next("CONNECT");
      connection.close(1008, "not you");
    });
    const error = await world.page.run(connectFails, fake.url, { reconnect: false });
    assert.deepEqual(
      [error.code, error.closeCode, error.reasonString],
      ["closed-before-connack", 1008, "not you"],
    );
  });

  it("how 5.0 failed is not lost when 3.1.1 fails otherwise", async (t) => {
    const fake = await world.fakeBroker(t, async (connection, n) => {
      await connection.next("CONNECT");
      if (n === 0) return connection.close(1002, "bad version");
      connection.send("20 02 00 05");
    });
    const { code, cause } = await world.page.run(async ({ mqtt, describe }, url) => {
      const error = await mqtt.connect(url, { reconnect: false }).catch((error) => error);
      return { code: error.code, cause: describe(error.cause) };
    }, fake.url);
    assert.deepEqual(
      [code, cause.code, cause.closeCode, cause.reasonString, cause.evidence.phase],
      ["connect-refused", "closed-before-connack", 1002, "bad version", "handshake"],
    );
  });

  it("v5: DISCONNECT from the server is told with its reason", async (t) => {
    const fake = await world.fakeBroker(t, async (connection, n) => {
      await connection.accept();
      if (n === 0) connection.send("e0 02 80 00");
      if (n === 0) connection.close(1000);
    });
    const error = await world.page.run(
      async ({ mqtt, next, describe }, url, reconnect) => {
        const client = mqtt.createClient(url, { protocolVersion: 5, reconnect });
        const lost = next(client, "disconnect");
        await client.start();
        const { error } = await lost;
        await next(client, "connect");
        return describe(error);
      },
      fake.url,
      promptly,
    );
    assert.deepEqual([error.code, error.reasonCode, error.retryable], ["disconnected-by-server", 0x80, true]);
  });
}
