// Connecting, and messages from one end to the other.

const qualities = [0, 1, 2].map((qos) => ({
  id: `qos-${qos}`,
  title: `QoS ${qos}, both ways`,
  async run(t) {
    const [publisher, subscriber] = await t.pair();
    const topic = t.name("topic");
    const box = await t.subscribe(subscriber, topic, { qos });
    const [granted] = box.subscription.granted;
    t.hope(granted === qos, `grants QoS ${granted}`);
    const { status } = await publisher.publish(topic, "hello", { qos });
    t.hope(status === ["sent", "acknowledged", "completed"][qos], `ends as ${status}`);
    const [message] = await box.received(1);
    t.hope(message.text() === "hello", "changes the payload");
    t.hope(message.qos === qos, `delivers with QoS ${message.qos}`);
  },
}));

export const delivery = [
  {
    id: "connect",
    title: "Connect with subprotocol `mqtt`",
    async run(t) {
      const client = await t.connect();
      const { subprotocol, protocolVersion } = client.server;
      t.hope(subprotocol === "mqtt", `selects the subprotocol "${subprotocol}"`);
      t.hope(protocolVersion === t.version, `speaks version ${protocolVersion}`);
      await client.ping({ timeout: 5000 });
    },
  },
  {
    id: "automatic-version",
    title: '`protocolVersion: "auto"` finds the newest version',
    async run(t) {
      const client = await t.connect({ protocolVersion: "auto" });
      const { protocolVersion } = client.server;
      t.hope(protocolVersion === t.newest, `ends with version ${protocolVersion}`);
    },
  },
  ...qualities,
  {
    id: "large-payload",
    title: "1 MiB",
    async run(t) {
      const [publisher, subscriber] = await t.pair();
      const topic = t.name("topic");
      const box = await t.subscribe(subscriber, topic, { qos: 1 });
      const bytes = t.pattern(1 << 20);
      const sent = publisher.publish(topic, bytes, { qos: 1, timeout: 15_000 });
      const lost = subscriber.closed.then((error) => {
        if (error) throw error; // `undefined` is the end of the capability
      });
      const arrived = box.received(1);
      await sent;
      const slow = t.seconds(12).then(() => t.hope(false, "has not delivered it after 12 s"));
      const [message] = await Promise.race([arrived, lost.then(() => arrived), slow]);
      const same =
        message.payload.length === bytes.length && bytes.every((byte, at) => byte === message.payload[at]);
      t.hope(same, "changes the payload");
    },
  },
  {
    id: "many",
    title: "1,000 messages of QoS 1 at once, in order",
    async run(t) {
      const [publisher, subscriber] = await t.pair();
      const topic = t.name("topic");
      const box = await t.subscribe(subscriber, topic, { qos: 1 });
      const numbers = Array.from({ length: 1000 }, (_, n) => `${n}`);
      await Promise.all(numbers.map((n) => publisher.publish(topic, n, { qos: 1, timeout: 20_000 })));
      const texts = (await box.received(1000)).map((message) => message.text());
      t.hope(texts.join() === numbers.join(), "changes the order or repeats messages");
    },
  },
  {
    id: "retained",
    title: "Retained: set, get, clear",
    async run(t) {
      const [publisher, subscriber] = await t.pair();
      const topic = t.name("topic");
      await publisher.publish(topic, "kept", { qos: 1, retain: true });
      const before = await t.subscribe(subscriber, topic, { qos: 1 });
      const [message] = await before.received(1);
      t.hope(message.text() === "kept" && message.retain, "delivers it without the retain flag");
      await before.subscription.unsubscribe();
      await publisher.publish(topic, "", { qos: 1, retain: true });
      const after = await t.subscribe(subscriber, topic, { qos: 1 });
      await publisher.publish(topic, "sentinel", { qos: 1 });
      const [first] = await after.received(1);
      t.hope(first.text() === "sentinel", "delivers what was cleared");
    },
  },
  {
    id: "will",
    title: "Will: sent for who is lost, not for who says goodbye",
    async run(t) {
      const watcher = await t.connect();
      const topic = t.name("topic");
      const box = await t.subscribe(watcher, `${topic}/+`, { qos: 1 });
      const will = (text) => ({ will: { topic: `${topic}/${text}`, payload: text, qos: 1 } });
      await (await t.connect(will("polite"))).close();
      await t.lose(will("lost"));
      const [message] = await box.received(1);
      t.hope(message.text() === "lost", "sends it although the client said goodbye");
    },
  },
  {
    id: "will-without-disconnect",
    title: "Will: sent when the WebSocket is closed without DISCONNECT",
    async run(t) {
      const watcher = await t.connect();
      const topic = t.name("topic");
      const box = await t.subscribe(watcher, `${topic}/+`, { qos: 1 });
      const will = (text) => ({ will: { topic: `${topic}/${text}`, payload: text, qos: 1 } });
      await (await t.connect(will("forced"))).close({ force: true });
      // A browser that got the answer to its close frame still gives the server two seconds to end the TCP connection.
      await t.seconds(4);
      await t.lose(will("lost"));
      const [message] = await box.received(1);
      t.hope(message.text() === "forced", "does not send it before the Keep Alive runs out");
    },
  },
  {
    id: "will-delay",
    title: "Will Delay Interval, ended by coming back",
    versions: [5],
    async run(t) {
      const watcher = await t.connect();
      const topic = t.name("topic");
      const box = await t.subscribe(watcher, `${topic}/+`, { qos: 1 });
      const delayed = (text, clientId) => ({
        ...t.kept(clientId),
        will: { topic: `${topic}/${text}`, payload: text, qos: 1, delayInterval: 2 },
      });
      const back = t.name("client");
      await t.lose(delayed("came back", back));
      await t.connect(t.kept(back));
      await t.lose(delayed("stayed away", t.name("client")));
      await watcher.publish(`${topic}/now`, "sooner", { qos: 1 });
      const texts = (await box.received(2)).map((message) => message.text());
      t.hope(texts[0] === "sooner", "sends it at once");
      t.hope(texts[1] === "stayed away", "sends it although the client came back");
    },
  },
  {
    id: "disconnect-with-will",
    title: "DISCONNECT 0x04 sends the will",
    versions: [5],
    async run(t) {
      const watcher = await t.connect();
      const [will, end] = [t.name("will"), t.name("end")];
      const box = await t.subscribe(watcher, [will, end], { qos: 1 });
      const leaving = await t.connect({ will: { topic: will, payload: "will", qos: 1 } });
      await leaving.close({ reasonCode: 4 });
      // Later than any will: another client's, whose connection just broke.
      await t.lose({ will: { topic: end, payload: "end", qos: 1 } });
      const [first] = await box.received(1);
      t.hope(first.text() === "will", "does not send it");
    },
  },
];
