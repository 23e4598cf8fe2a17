// Request and response: page to page, and with mosquitto_rr, mosquitto_pub and mosquitto_sub on either side.
import assert from "node:assert/strict";
import { ack, readPublish, suback } from "../../rig/packets.mjs";
import { keepSession, promptly, versions } from "../support/world.mjs";

/** Runs in the page: a second client, `state.responder`, that answers `<root>/+` with what was asked and its topic. */
async function startResponder({ mqtt, state, describe }, url, version, root, filter = `${root}/+`) {
  state.responder = await mqtt.connect(url, { protocolVersion: version });
  state.problems = [];
  state.responder.on("error", (error) => state.problems.push(describe(error)));
  await state.responder.respond(filter, async (request) => `${request.text()} at ${request.topic}`);
}

export default function (world, it) {
  const url = () => `${world.gateway.wss}/mqtt`;

  for (const [asks, answers] of [
    [4, 4],
    [5, 5],
    [4, 5],
  ]) {
    it(`v${asks} asks v${answers}: every reply finds its request`, async () => {
      const root = world.topic();
      await world.page.run(startResponder, url(), answers, root);
      await world.connect({ protocolVersion: asks });
      const { texts, problems, unmatched } = await world.page.run(async ({ state, bounded }, root) => {
        const numbers = Array.from({ length: 50 }, (_, n) => n);
        const asking = numbers.map((n) => state.client.request(`${root}/${n % 7}`, `${n}`));
        const texts = (await bounded(Promise.all(asking), "every reply")).map((message) => message.text());
        return { texts, problems: state.problems, unmatched: state.client.stats.unmatchedReplies };
      }, root);
      assert.deepEqual(
        texts,
        Array.from({ length: 50 }, (_, n) => `${n} at ${root}/${n % 7}`),
      );
      assert.deepEqual([problems, unmatched], [[], 0]);
    });
  }

  for (const version of versions) {
    it(`v${version}: responders share the requests of a shared subscription`, async () => {
      const root = world.topic();
      await world.page.run(startResponder, url(), version, root, `$share/group/${root}/+`);
      await world.connect({ protocolVersion: version });
      const seen = await world.page.run(
        async ({ mqtt, state, bounded }, url, version, root) => {
          const other = await mqtt.connect(url, { protocolVersion: version });
          let count = 0;
          await other.respond(`$share/group/${root}/+`, () => `other ${++count}`);
          const asking = Array.from({ length: 20 }, () => state.client.request(`${root}/x`, "x"));
          const texts = (await bounded(Promise.all(asking), "every reply")).map((message) => message.text());
          return {
            others: texts.filter((text) => text.startsWith("other")).length,
            count,
            all: texts.length,
          };
        },
        url(),
        version,
        root,
      );
      assert.equal(seen.all, 20);
      assert.equal(seen.others, seen.count, "each request was answered once");
      assert.ok(seen.count > 0 && seen.count < 20, `both have worked: ${seen.count} of 20`);
    });

    it(`v${version}: a request waits over a cut`, async () => {
      const root = world.topic();
      const options = { ...keepSession(version, `ask-${version}`), reconnect: promptly };
      await world.connect(options, world.to(world.chaos.port));
      await world.page.run(
        async ({ mqtt, state, next, deferred, bounded }, url, version, root) => {
          state.responder = await mqtt.connect(url, { protocolVersion: version });
          const [asked, answer] = [deferred(), deferred()];
          await state.responder.respond(`${root}/+`, () => {
            asked.resolve();
            return answer.promise;
          });
          state.answer = answer.resolve;
          state.lost = next(state.client, "disconnect");
          state.asking = state.client.request(`${root}/x`, "x");
          state.asking.catch(() => {}); // awaited below
          await bounded(asked.promise, "the request");
        },
        url(),
        version,
        root,
      );
      world.chaos.set({ mode: "refuse" });
      world.chaos.kill("rst");
      await world.page.run(async ({ state }) => {
        await state.lost;
        state.answer("sent while nobody listened");
      });
      world.chaos.reset();
      const text = await world.page.run(async ({ state, bounded }) =>
        (await bounded(state.asking, "the reply")).text(),
      );
      assert.equal(text, "sent while nobody listened");
      await world.page.run(({ state }) => state.client.close());
    });

    it(`v${version}: mosquitto_rr asks the page`, async () => {
      const root = world.topic();
      await world.page.run(startResponder, url(), version, root);
      // With 3.1.1 it is the convention of docs/requests.md, with 5.0 the standard.
      const inbox = `${root}/inbox/rr`;
      const topic = version === 5 ? `${root}/x` : `${root}/x/reply-to/${inbox}`;
      const reply = await world.request(version, topic, inbox, "what?");
      assert.equal(reply, `what? at ${root}/x`);
      assert.deepEqual(await world.page.run(({ state }) => state.problems), []);
    });

    it(`v${version}: the page asks mosquitto_sub, and mosquitto_pub answers`, async (t) => {
      const root = world.topic();
      const [filter, format] = version === 5 ? [`${root}/x`, "%R %D"] : [`${root}/x/reply-to/#`, "%t -"];
      const peer = await world.subscriber(t, version, filter, { args: ["-F", `MSG %q %r %x ${format}`] });
      await world.connect({ protocolVersion: version });
      await world.page.run(({ state }, root) => {
        state.asking = state.client.request(`${root}/x`, "what?");
        state.asking.catch(() => {}); // awaited below
      }, root);
      const [request] = await peer.received(1);
      assert.deepEqual([request.payload.toString(), request.qos], ["what?", 1]);
      const [address, id] = request.topic.split(" ");
      const replyTopic = version === 5 ? address : address.slice(`${root}/x/reply-to/`.length);
      const args = version === 5 ? ["-D", "publish", "correlation-data", id] : [];
      await world.publish(version, replyTopic, Buffer.from("that"), { qos: 1, args });
      const text = await world.page.run(async ({ state, bounded }) =>
        (await bounded(state.asking, "the reply")).text(),
      );
      assert.equal(text, "that");
    });

    it(`v${version}: a message that does not say where to reply is told of`, async () => {
      const root = world.topic();
      await world.connect({ protocolVersion: version });
      const seen = world.page.run(async ({ state, next, describe }, root) => {
        await state.client.respond(`${root}/+`, () => "never");
        const told = next(state.client, "error");
        await state.client.publish(`${root}/x`, "x", { qos: 1 });
        return describe(await told);
      }, root);
      const { code, hint } = await seen;
      assert.equal(code, "invalid-topic");
      assert.match(hint, /reply-to/);
    });
  }

  it("v5: a request that nobody subscribes to need not wait", async () => {
    const topic = world.topic();
    await world.connect({ protocolVersion: 5 });
    const error = await world.page.run(
      ({ state, failure }, topic) => failure(state.client.request(topic, "x")),
      topic,
    );
    assert.deepEqual([error.code, error.reasonCode], ["no-responder", 0x10]);
  });

  it("v5: the address is what Response Information says", async (t) => {
    const fake = await world.fakeBroker(t, async (connection) => {
      const level = await connection.accept({ properties: [0x1a, 0, 2, 0x72, 0x2f] }); // "r/"
      const { body } = await connection.next("SUBSCRIBE");
      connection.asked = body.toString("latin1");
      connection.send(suback(level, body.readUInt16BE(0), [1]));
      connection.send(ack("PUBACK", readPublish(await connection.next("PUBLISH"), level).id));
    });
    await world.connect(
      { protocolVersion: 5, clientId: "ada", properties: { requestResponseInformation: true } },
      fake.url,
    );
    await world.page.run(({ state, failure }) => {
      state.stop = new AbortController();
      state.failed = failure(state.client.request("a", "x", { signal: state.stop.signal }));
    });
    await fake.connections[0].completed;
    const error = await world.page.run(({ state }) => {
      state.stop.abort();
      return state.failed;
    });
    assert.equal(error.code, "aborted");
    assert.match(fake.connections[0].asked, /r\/ada/);
  });
}
