// A server that sends nonsense: the connection ends at the first wrong byte, and the client comes back.
import assert from "node:assert/strict";
import { fromHex } from "../../rig/fakebroker.mjs";
import { ack, publish, readPublish, suback } from "../../rig/packets.mjs";
import { promptly, versions } from "../support/world.mjs";

const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;
const EITHER = [MALFORMED, PROTOCOL_ERROR];

/** What the server sends, by version where they differ, and which codes the standard allows in answer. */
const nonsense = [
  ["a remaining length of five bytes", "30 ff ff ff ff 7f", EITHER],
  ["packet type 0", "00 00", EITHER],
  ["PUBLISH with QoS 3", { 4: "36 06 00 01 61 00 01 78", 5: "36 07 00 01 61 00 01 00 78" }, EITHER],
  ["DUP with QoS 0", { 4: "38 04 00 01 61 78", 5: "38 05 00 01 61 00 78" }, EITHER],
  ["a topic that is not UTF-8", { 4: "30 04 00 02 c3 28", 5: "30 05 00 02 c3 28 00" }, EITHER],
  ["U+0000 in a topic", { 4: "30 03 00 01 00", 5: "30 04 00 01 00 00" }, EITHER],
  ["a topic with a wildcard", { 4: "30 03 00 01 23", 5: "30 04 00 01 23 00" }, [...EITHER, 0x90]],
  ["a topic longer than the packet", "30 03 00 09 61", EITHER],
  ["packet identifier 0", { 4: "32 05 00 01 61 00 00", 5: "32 06 00 01 61 00 00 00" }, EITHER],
  ["PUBACK with reserved flags", "41 02 00 01", EITHER],
  ["a second CONNACK", { 4: "20 02 00 00", 5: "20 03 00 00 00" }, EITHER],
  ["a packet that only clients send", "c0 00", EITHER],
  ["an empty SUBACK", "90 00", EITHER],
  ["PINGRESP with a body", "d0 01 00", EITHER],
];

const nonsenseOf5 = [
  ["an unknown property", "30 06 00 01 61 02 7f 00", EITHER],
  ["a property of another packet", "30 07 00 01 61 03 21 00 05", EITHER],
  ["a property twice", "30 08 00 01 61 04 01 00 01 00", EITHER],
  ["properties longer than the packet", "30 04 00 01 61 7f", EITHER],
  ["an empty topic without an alias", "30 03 00 00 00", EITHER],
  ["topic alias 0", "30 07 00 01 61 03 23 00 00", [...EITHER, 0x94]],
  ["a topic alias above the maximum", "30 07 00 01 61 03 23 ff ff", [...EITHER, 0x94]],
];

export default function (world, it) {
  /**
   * First connection: the nonsense, with a good message right behind it in the same frame. Second: a good message.
   * What the page saw and what the first server saw tell everything.
   */
  const play = async (t, version, bytes) => {
    const fake = await world.fakeBroker(t, async (connection, n) => {
      const level = await connection.accept();
      const { body } = await connection.next("SUBSCRIBE");
      connection.send(suback(level, body.readUInt16BE(0), [0]));
      if (n > 0) return connection.send(publish(level, "a", "good"));
      const { id } = readPublish(await connection.next("PUBLISH"), level);
      const behind = publish(level, "a", "behind the nonsense");
      connection.send(Buffer.concat([ack("PUBACK", id), fromHex(bytes), behind]));
    });
    await world.connect({ protocolVersion: version, reconnect: promptly }, fake.url);
    const seen = await world.page.run(async ({ state, inbox, next, describe }) => {
      const box = inbox((message) => message.text());
      const lost = next(state.client, "disconnect");
      await state.client.subscribe("a", {}, box.handler);
      await state.client.publish("ready", "", { qos: 1 });
      const { error = undefined } = await lost;
      const texts = await box.received(1);
      return { texts, error: describe(error) };
    });
    const [first] = fake.connections;
    await first.closed;
    return { seen, first };
  };

  for (const version of versions) {
    for (const [name, hex, codes] of [...nonsense, ...(version === 5 ? nonsenseOf5 : [])]) {
      it(`v${version}: ${name}`, async (t) => {
        const { seen, first } = await play(t, version, typeof hex === "string" ? hex : hex[version]);
        assert.deepEqual(seen.texts, ["good"], "nothing behind the nonsense may be read");
        assert.match(seen.error.code, /^(malformed-packet|protocol-error)$/);
        const { name: last, body } = first.packets.at(-1);
        if (version === 4) return assert.notEqual(last, "DISCONNECT", "it would withhold the will");
        assert.equal(last, "DISCONNECT");
        assert.ok(codes.includes(body[0]), `DISCONNECT carried 0x${body[0]?.toString(16)}`);
      });
    }

    it(`v${version}: a text frame`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection, n) => {
        await connection.accept();
        if (n === 0) connection.sendText("hello");
      });
      const code = await world.page.run(
        async ({ mqtt, next }, url, options) => {
          const client = mqtt.createClient(url, options);
          const lost = next(client, "disconnect");
          await client.start();
          const { error } = await lost;
          await next(client, "connect");
          return error.code;
        },
        fake.url,
        { protocolVersion: version, reconnect: promptly },
      );
      assert.equal(code, "text-frame");
    });

    it(`v${version}: a packet above Maximum Packet Size is refused by its header`, async (t) => {
      const fake = await world.fakeBroker(t, async (connection, n) => {
        await connection.accept();
        // 200 MB announced, two bytes sent: the client must not wait for the rest.
        if (n === 0) connection.send("30 80 84 af 5f 00 01");
      });
      const error = await world.page.run(
        async ({ mqtt, next, describe }, url, options) => {
          const client = mqtt.createClient(url, options);
          const lost = next(client, "disconnect");
          await client.start();
          return describe((await lost).error);
        },
        fake.url,
        { protocolVersion: version, reconnect: false, maximumPacketSize: 1000 },
      );
      assert.match(error.code, /^(malformed-packet|protocol-error)$/);
      const [first] = fake.connections;
      await first.closed;
      if (version === 5) assert.deepEqual([...first.packets.at(-1).bytes.subarray(0, 3)], [0xe0, 1, 0x95]);
    });
  }
}
