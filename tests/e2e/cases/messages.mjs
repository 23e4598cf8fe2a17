// Messages between the page and an independent client, byte for byte.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { versions } from "../support/world.mjs";

const everyByte = Array.from({ length: 256 }, (_, value) => value);
const statuses = ["sent", "acknowledged", "completed"];
const awkwardTopics = [
  "ünï/códe",
  "emoji/🚀/👩‍🔬",
  "\uFEFFbom/\uFEFF",
  "a//b/",
  "/",
  "with space",
  "日本/温度",
];

const subscribe = async ({ state, inbox }, filter, options) => {
  state.inbox = inbox();
  const { granted } = await state.client.subscribe(filter, options, state.inbox.handler);
  return granted;
};
const received = ({ state }, count) => state.inbox.received(count);
const publish = ({ state }, topic, bytes, options) =>
  state.client.publish(topic, new Uint8Array(bytes), options);

export default function (world, it) {
  for (const version of versions) {
    for (const qos of [0, 1, 2]) {
      it(`v${version}: QoS ${qos} reaches the peer with every byte`, async (t) => {
        const topic = world.topic();
        const peer = await world.subscriber(t, version, topic);
        await world.connect({ protocolVersion: version });
        const result = await world.page.run(publish, topic, everyByte, { qos });
        assert.equal(result.status, statuses[qos]);
        assert.equal(result.qos, qos);
        const [message] = await peer.received(1);
        assert.deepEqual(message, { topic, payload: Buffer.from(everyByte), qos, retain: false });
      });

      it(`v${version}: QoS ${qos} from the peer arrives with every byte`, async () => {
        const topic = world.topic();
        await world.connect({ protocolVersion: version });
        assert.deepEqual(await world.page.run(subscribe, topic, { qos: 2 }), [2]);
        await world.publish(version, topic, Buffer.from(everyByte), { qos });
        const messages = await world.page.run(received, 1);
        assert.deepEqual(messages, [
          { topic, payload: everyByte, qos, retain: false, dup: false, params: [] },
        ]);
      });
    }

    it(`v${version}: an empty payload is a message`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await world.connect({ protocolVersion: version });
      await world.page.run(subscribe, topic, { qos: 1 });
      await world.page.run(publish, topic, [], { qos: 1 });
      assert.equal((await peer.received(1))[0].payload.length, 0);
      assert.deepEqual((await world.page.run(received, 1))[0].payload, []);
    });

    it(`v${version}: a retained message is set, received and cleared`, async (t) => {
      const topic = world.topic();
      await world.connect({ protocolVersion: version });
      await world.page.run(publish, topic, [1, 2, 3], { qos: 1, retain: true });
      const peer = await world.subscriber(t, version, topic);
      const stored = { topic, payload: Buffer.from([1, 2, 3]), qos: 1, retain: true };
      assert.deepEqual(await peer.received(1), [stored]);
      await world.page.run(subscribe, topic, { qos: 1 });
      const [own] = await world.page.run(received, 1);
      assert.deepEqual([own.payload, own.retain], [[1, 2, 3], true]);

      await world.page.run(publish, topic, [], { qos: 1, retain: true });
      const late = await world.subscriber(t, version, topic);
      await world.publish(version, topic, Buffer.from("sentinel"), { qos: 1 });
      assert.equal((await late.received(1))[0].payload.toString(), "sentinel");
    });

    it(`v${version}: 1 MiB both ways`, async (t) => {
      const [up, down] = [world.topic(), world.topic()];
      const peer = await world.subscriber(t, version, up);
      await world.connect({ protocolVersion: version });
      const sent = await world.page.run(
        async ({ state, pattern, sha256, inbox }, up, down) => {
          state.inbox = inbox(({ payload }) => ({ size: payload.length, hash: sha256(payload) }));
          await state.client.subscribe(down, { qos: 1 }, state.inbox.handler);
          const bytes = pattern(1 << 20);
          await state.client.publish(up, bytes, { qos: 1 });
          return sha256(bytes);
        },
        up,
        down,
      );
      const [{ payload }] = await peer.received(1);
      assert.equal(createHash("sha256").update(payload).digest("hex"), sent);

      const reply = Buffer.from(payload).reverse();
      await world.publish(version, down, reply, { qos: 1 });
      const arrived = await world.page.run(async ({ state }) => {
        const [{ size, hash }] = await state.inbox.received(1);
        return { size, hash: await hash };
      });
      const expected = createHash("sha256").update(reply).digest("hex");
      assert.deepEqual(arrived, { size: 1 << 20, hash: expected });
    });

    it(`v${version}: topics are exact UTF-8 both ways`, async (t) => {
      const root = world.topic();
      const topics = awkwardTopics.map((topic) => `${root}/${topic}`);
      const peer = await world.subscriber(t, version, `${root}/#`);
      await world.connect({ protocolVersion: version });
      await world.page.run(subscribe, `${root}/#`, { qos: 1 });
      for (const topic of topics) await world.page.run(publish, topic, [1], { qos: 1 });
      const atPeer = await peer.received(topics.length);
      assert.deepEqual(
        atPeer.map(({ topic }) => topic),
        topics,
      );
      for (const topic of topics) await world.publish(version, topic, Buffer.from([2]), { qos: 1 });
      const inPage = await world.page.run(received, 2 * topics.length);
      assert.deepEqual(
        inPage.map(({ topic }) => topic),
        [...topics, ...topics],
      );
    });

    it(`v${version}: string, ArrayBuffer, Blob and json() are payloads`, async (t) => {
      const topic = world.topic();
      const peer = await world.subscriber(t, version, topic);
      await world.connect({ protocolVersion: version });
      await world.page.run(async ({ mqtt, state }, topic) => {
        const part = new Uint8Array([9, 9, 104, 105, 9]).subarray(2, 4);
        const payloads = [
          "grüße 🚀",
          part,
          part.slice().buffer,
          new Blob(["bl", "ob"]),
          mqtt.json({ on: true }),
        ];
        for (const payload of payloads) await state.client.publish(topic, payload, { qos: 1 });
      }, topic);
      const texts = (await peer.received(5)).map(({ payload }) => payload.toString());
      assert.deepEqual(texts, ["grüße 🚀", "hi", "hi", "blob", '{"on":true}']);
    });
  }

  it("v5: message properties travel both ways", async (t) => {
    const [up, down] = [world.topic(), world.topic()];
    const format = ["-F", "MSG 0 0 00 %C|%R|%D|%P|%F|%E"];
    const peer = await world.subscriber(t, 5, up, { args: format });
    await world.connect({ protocolVersion: 5 });
    await world.page.run(
      async ({ state, inbox }, up, down) => {
        state.inbox = inbox(({ properties, ...message }) => ({ ...properties, text: message.text }));
        await state.client.subscribe(down, {}, state.inbox.handler);
        const userProperties = [
          ["a", "1"],
          ["a", "2"],
        ];
        const correlationData = new TextEncoder().encode("c-7");
        await state.client.publish(up, "x", {
          qos: 1,
          contentType: "text/x",
          responseTopic: "re/ply",
          correlationData,
          userProperties,
          payloadFormatIndicator: true,
          messageExpiryInterval: 1000,
        });
      },
      up,
      down,
    );
    const [{ topic: seen }] = await peer.received(1);
    assert.match(seen, /^text\/x\|re\/ply\|c-7\|a:1 a:2\|1\|(1000|999|99\d)$/);

    const property = (name, ...values) => ["-D", "publish", name, ...values];
    const args = [
      ...property("content-type", "text/y"),
      ...property("response-topic", "back"),
      ...property("correlation-data", "d"),
      ...property("user-property", "k", "v1"),
      ...property("user-property", "k", "v2"),
      ...property("payload-format-indicator", "1"),
    ];
    await world.publish(5, down, Buffer.from("y"), { args });
    const [properties] = await world.page.run(async ({ state }) =>
      (await state.inbox.received(1)).map((message) => ({
        ...message,
        correlationData: [...message.correlationData],
        subscriptionIdentifiers: undefined,
      })),
    );
    assert.deepEqual(properties, {
      contentType: "text/y",
      responseTopic: "back",
      correlationData: [100],
      userProperties: [
        ["k", "v1"],
        ["k", "v2"],
      ],
      payloadFormatIndicator: true,
    });
  });
}
