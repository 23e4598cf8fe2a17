// Filters, and the options of subscriptions.

export const subscriptions = [
  {
    id: "unsubscribe",
    title: "Unsubscribe",
    async run(t) {
      const [publisher, subscriber] = await t.pair();
      const topic = t.name("topic");
      const gone = await t.subscribe(subscriber, `${topic}/gone`, { qos: 1 });
      const kept = await t.subscribe(subscriber, `${topic}/kept`, { qos: 1 });
      await gone.subscription.unsubscribe();
      await publisher.publish(`${topic}/gone`, "unwanted", { qos: 1 });
      await publisher.publish(`${topic}/kept`, "sentinel", { qos: 1 });
      await kept.received(1);
      t.hope(gone.messages.length === 0 && subscriber.stats.messagesReceived === 1, "goes on delivering");
    },
  },
  {
    id: "wildcards",
    title: "Wildcards `+` and `#`",
    async run(t) {
      const [publisher, subscriber] = await t.pair();
      const topic = t.name("topic");
      const plus = await t.subscribe(subscriber, `${topic}/+/x`, { qos: 1 });
      const hash = await t.subscribe(subscriber, `${topic}/tree/#`, { qos: 1 });
      const end = await t.subscribe(subscriber, `${topic}/end`, { qos: 1 });
      const names = ["a/x", "b/x", "a/y", "a/b/x", "tree", "tree/1", "tree/1/2", "trees/1", "end"];
      for (const name of names) await publisher.publish(`${topic}/${name}`, name, { qos: 1 });
      await end.received(1);
      const texts = ({ messages }) => messages.map((message) => message.text()).join();
      t.hope(texts(plus) === "a/x,b/x", `delivers ${texts(plus)} to +/x`);
      t.hope(texts(hash) === "tree,tree/1,tree/1/2", `delivers ${texts(hash)} to tree/#`);
    },
  },
  {
    id: "overlapping",
    title: "Overlapping filters: each handler hears of it",
    async run(t) {
      const [publisher, subscriber] = await t.pair();
      const topic = t.name("topic");
      const wide = await t.subscribe(subscriber, `${topic}/#`, { qos: 1 });
      const narrow = await t.subscribe(subscriber, `${topic}/a`, { qos: 1 });
      const end = await t.subscribe(subscriber, `${topic}/end`, { qos: 1 });
      await publisher.publish(`${topic}/a`, "a", { qos: 1 });
      await publisher.publish(`${topic}/end`, "end", { qos: 1 });
      await end.received(1);
      const count = ({ messages }) => messages.filter((message) => message.text() === "a").length;
      t.hope(count(wide) >= 1 && count(narrow) >= 1, "leaves one of them out");
      // 3.1.1 cannot tell copies apart, so there each handler may see each copy.
      if (t.version === 5) t.hope(count(wide) === 1 && count(narrow) === 1, "lets one of them see it twice");
    },
  },
  {
    id: "subscription-identifiers",
    title: "Subscription Identifiers",
    versions: [5],
    async run(t) {
      const [publisher, subscriber] = await t.pair();
      const available = subscriber.server.subscriptionIdentifiersAvailable;
      t.hope(available, "CONNACK: Subscription Identifiers not available");
      const topic = t.name("topic");
      const seen = new Set();
      subscriber.on("message", ({ properties }) => {
        for (const id of properties.subscriptionIdentifiers ?? []) seen.add(id);
      });
      await t.subscribe(subscriber, `${topic}/#`, { qos: 1 });
      await t.subscribe(subscriber, `${topic}/a`, { qos: 1 });
      const end = await t.subscribe(subscriber, `${t.name("end")}`, { qos: 1 });
      await publisher.publish(`${topic}/a`, "a", { qos: 1 });
      await publisher.publish(end.subscription.filters[0], "end", { qos: 1 });
      await end.received(1);
      t.hope(seen.size === 3, `delivers ${seen.size - 1} of 2 identifiers`);
    },
  },
  {
    id: "shared",
    title: "Shared subscriptions",
    versions: [5],
    async run(t) {
      const [publisher, one, two] = [await t.connect(), await t.connect(), await t.connect()];
      t.hope(one.server.sharedSubscriptionAvailable, "CONNACK: Shared Subscription Available 0");
      const [topic, end] = [t.name("topic"), t.name("end")];
      const boxes = [];
      const ends = [];
      for (const member of [one, two]) {
        boxes.push(await t.subscribe(member, `$share/group/${topic}`, { qos: 1 }));
        ends.push(await t.subscribe(member, end, { qos: 1 }));
      }
      for (let n = 0; n < 10; n++) await publisher.publish(topic, `${n}`, { qos: 1 });
      await publisher.publish(end, "end", { qos: 1 });
      for (const box of ends) await box.received(1);
      const texts = boxes.flatMap(({ messages }) => messages.map((message) => message.text())).toSorted();
      t.hope(texts.join() === "0,1,2,3,4,5,6,7,8,9", `delivers ${texts} of 0 to 9`);
    },
  },
  {
    id: "no-local",
    title: "No Local",
    versions: [5],
    async run(t) {
      const [other, client] = await t.pair();
      const topic = t.name("topic");
      const box = await t.subscribe(client, topic, { qos: 1, noLocal: true });
      await client.publish(topic, "own", { qos: 1 });
      await other.publish(topic, "other", { qos: 1 });
      const [first] = await box.received(1);
      t.hope(first.text() === "other", "sends back what the client itself published");
    },
  },
  {
    id: "retain-as-published",
    title: "Retain As Published",
    versions: [5],
    async run(t) {
      const publisher = await t.connect();
      const topic = t.name("topic");
      const boxes = [];
      for (const retainAsPublished of [false, true]) {
        boxes.push(await t.subscribe(await t.connect(), topic, { qos: 1, retainAsPublished }));
      }
      await publisher.publish(topic, "kept", { qos: 1, retain: true });
      const flags = [];
      for (const box of boxes) flags.push((await box.received(1))[0].retain);
      await publisher.publish(topic, "", { qos: 1, retain: true });
      t.hope(flags.join() === "false,true", `delivers the retain flags ${flags} instead of false,true`);
    },
  },
  {
    id: "retain-handling",
    title: "Retain Handling 0, 1, 2",
    versions: [5],
    async run(t) {
      const publisher = await t.connect();
      const topic = t.name("topic");
      await publisher.publish(topic, "kept", { qos: 1, retain: true });
      /** How many messages two subscriptions in a row get; another client each, so that ours does not share them. */
      const counts = async (retainHandling) => {
        const clientId = t.name("client");
        const found = [];
        for (const round of ["first", "second"]) {
          const { client, box } = await t.resume(t.kept(clientId));
          await client.subscribe(topic, { qos: 1, retainHandling });
          await publisher.publish(topic, round, { qos: 1 });
          const at = (await arrival(box, round)) - 1;
          found.push(at);
          await client.close({ sessionExpiryInterval: 300 });
        }
        return found.join();
      };
      const arrival = async ({ messages, received }, text) => {
        for (let count = 1; ; count++) {
          await received(count);
          if (messages[count - 1].text() === text) return count;
        }
      };
      const seen = [await counts(0), await counts(1), await counts(2)].join(" | ");
      await publisher.publish(topic, "", { qos: 1, retain: true });
      t.hope(seen === "1,1 | 1,0 | 0,0", `delivers ${seen} retained messages instead of 1,1 | 1,0 | 0,0`);
    },
  },
];
