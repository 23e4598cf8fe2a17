// What a broker keeps for a client that is away.

export const sessions = [
  {
    id: "reconnect",
    title: "Reconnect after a cut: subscriptions hold, a publish that was under way ends",
    async run(t) {
      const publisher = await t.connect();
      const topic = t.name("topic");
      const client = await t.fragile({ reconnect: { minDelay: 1, maxDelay: 20, jitter: 0 } });
      const box = await t.subscribe(client, topic, { qos: 1 });
      const back = new Promise((resolve) => client.on("connect", resolve));
      const sent = client.publish(t.name("topic"), "under way", { qos: 1 });
      await t.cut();
      await t.bounded(back, "the second connection");
      await t.bounded(sent, "the acknowledgement");
      await client.ping({ timeout: 5000 });
      await publisher.publish(topic, "afterwards", { qos: 1 });
      const [message] = await box.received(1);
      t.hope(message.text() === "afterwards", "delivers something else");
      t.hope(client.stats.connections === 2, `needs ${client.stats.connections} connections`);
    },
  },
  ...[1, 2].map((qos) => ({
    id: `resume-qos-${qos}`,
    title: `Session resumed: QoS ${qos} messages of the absence`,
    async run(t) {
      const publisher = await t.connect();
      const [clientId, topic] = [t.name("client"), t.name("topic")];
      const before = await t.fragile(t.kept(clientId));
      const { granted } = await before.subscribe(topic, { qos });
      await t.cut();
      for (const text of ["1", "2", "3"]) await publisher.publish(topic, text, { qos });
      const { client, box } = await t.resume(t.kept(clientId));
      t.hope(client.server.sessionPresent, "CONNACK: Session Present 0");
      await publisher.publish(topic, "sentinel", { qos });
      while (box.messages.at(-1)?.text() !== "sentinel") await box.received(box.messages.length + 1);
      const texts = box.messages.map((message) => message.text());
      t.hope(
        texts.join() === "1,2,3,sentinel",
        `delivers ${texts.slice(0, -1).join(" ") || "nothing"} of 1 2 3`,
      );
      t.hope(granted[0] === qos, `grants QoS ${granted[0]}`);
    },
  })),
  {
    id: "clean-start",
    title: "Clean start drops the session",
    async run(t) {
      const publisher = await t.connect();
      const [clientId, topic] = [t.name("client"), t.name("topic")];
      const before = await t.fragile(t.kept(clientId));
      await before.subscribe(topic, { qos: 1 });
      await t.cut();
      await publisher.publish(topic, "missed", { qos: 1 });
      const { client, box } = await t.resume({ clientId, cleanStart: true });
      t.hope(!client.server.sessionPresent, "CONNACK: Session Present 1");
      await publisher.publish(topic, "unwanted", { qos: 1 });
      await client.subscribe(`${topic}/end`, { qos: 1 });
      await publisher.publish(`${topic}/end`, "sentinel", { qos: 1 });
      const [first] = await box.received(1);
      t.hope(first.text() === "sentinel", "goes on delivering");
    },
  },
  {
    id: "session-expiry",
    title: "Session Expiry Interval",
    versions: [5],
    async run(t) {
      const resumed = async (clientId, seconds, away) => {
        const before = await t.fragile(t.kept(clientId, seconds));
        await before.subscribe(t.name("topic"), { qos: 1 });
        await t.cut();
        await t.seconds(away);
        const after = await t.connect(t.kept(clientId, seconds));
        return after.server.sessionPresent;
      };
      t.hope(await resumed(t.name("client"), 300, 0), "drops a session of 300 s at once");
      t.hope(!(await resumed(t.name("client"), 1, 4)), "still has a session of 1 s after 4 s");
    },
  },
  {
    id: "expiry-at-disconnect",
    title: "DISCONNECT ends the session with Session Expiry Interval 0",
    versions: [5],
    async run(t) {
      const clientId = t.name("client");
      const before = await t.connect(t.kept(clientId));
      await before.subscribe(t.name("topic"), { qos: 1 });
      await before.close({ sessionExpiryInterval: 0 });
      await t.seconds(1); // close() does not wait for the server; some let the next connection overtake it
      const after = await t.connect(t.kept(clientId));
      t.hope(!after.server.sessionPresent, "CONNACK: Session Present 1");
    },
  },
  {
    id: "take-over",
    title: "Session taken over: the older client is told",
    async run(t) {
      const clientId = t.name("client");
      const older = await t.connect({ clientId });
      const newer = await t.connect({ clientId });
      const error = await t.bounded(older.closed, "the end of the older client");
      await newer.ping({ timeout: 5000 });
      // 3.1.1 has no packet for it: there the connection just ends.
      if (t.version === 5) t.hope(error.code === "session-taken-over", t.say(error));
    },
  },
  {
    id: "assigned-client-identifier",
    title: "Assigned Client Identifier",
    versions: [5],
    async run(t) {
      const client = await t.connect({ clientId: "" });
      const { assignedClientIdentifier } = client.server;
      t.hope(assignedClientIdentifier, "CONNACK: none");
      t.hope(client.clientId === assignedClientIdentifier, "is not used");
    },
  },
];
