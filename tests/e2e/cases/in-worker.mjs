// `worker: true`: what only an engine in a worker can do, and what becomes of a client that can have none.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { listen } from "../../rig/rig.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";

/** Connects with `worker`, which is made in the page by `make`; resolves with what the event `error` told until then. */
const connectWith = async ({ mqtt, state, describe }, url, make) => {
  const told = [];
  const worker = {
    throws: () => {
      throw new Error("no worker today");
    },
    missing: () => new Worker("/missing.js", { type: "module" }),
    breaking: () => new Worker("/breaking-worker.js", { type: "module" }),
  }[make];
  state.client = mqtt.createClient(url, { worker: worker ?? true });
  state.client.on("error", (error) => told.push(describe(error)));
  await state.client.start();
  return told.map(({ code, layer, retryable }) => [code, layer, retryable]);
};

const rigProblems = (problems) => problems.filter((text) => !text.includes("worker-unavailable"));

export default function (world, it) {
  const run = (...args) => world.page.run(...args);
  const url = () => `${world.gateway.wss}/mqtt`;

  const goesOn = async (t) => {
    let release;
    const done = new Promise((resolve) => {
      release = resolve;
    });
    // The page asks this server synchronously, so it is blocked until the broker has seen everything.
    const asked = new Promise((resolve) => {
      const server = createServer((_request, response) => {
        resolve();
        done.then(() => response.end("go on"));
      });
      t.after(() => server.close());
      t.port = listen(server);
    });
    const fake = await world.fakeBroker(t, async (connection) => {
      await connection.accept();
      const next = async (name) => {
        for (;;) {
          const packet = await connection.next();
          if (packet.name === name) return;
          assert.equal(packet.name, "PINGREQ"); // pings come when they are due
          connection.send("d0 00");
        }
      };
      await asked;
      // PUBLISH "a", QoS 2, identifier 1, no properties, "x"
      connection.send("34 07 00 01 61 00 01 00 78");
      await next("PUBREC");
      connection.send("62 02 00 01");
      await next("PUBCOMP");
      for (let n = 0; n < 2; n++) {
        await next("PINGREQ");
        connection.send("d0 00");
      }
      release();
      await next("DISCONNECT");
    });
    const seen = await run(
      async ({ mqtt, bounded }, url, blocking) => {
        const client = await mqtt.connect(url, { worker: true, protocolVersion: 5, keepAlive: 1 });
        const messages = [];
        const arrived = new Promise((resolve) => {
          client.on("message", (message) => resolve(messages.push(message.text())));
        });
        const request = new XMLHttpRequest();
        request.open("GET", blocking, false);
        request.send();
        const before = messages.length;
        await bounded(arrived, "the message");
        await client.close();
        return { answer: request.responseText, before, messages };
      },
      fake.url,
      `${world.gateway.origin}/to/${await t.port}/`,
    );
    assert.deepEqual(seen, { answer: "go on", before: 0, messages: ["x"] });
  };
  // In WebKit a blocked page holds up the socket of a worker as well (docs/worker.md).
  if (engine !== "webkit") it("pings and QoS 2 go on while the page is blocked", goesOn);

  for (const make of ["throws", "missing"]) {
    it(`a worker that cannot be had (${make}): the page does its work, and is told`, async () => {
      assert.deepEqual(await run(connectWith, url(), make), [["worker-unavailable", "page", false]]);
      const status = await run(
        async ({ state }) => (await state.client.publish("a", "x", { qos: 1 })).status,
      );
      assert.equal(status, "acknowledged");
      await run(({ state }) => state.client.close());
      // In the mode "worker" the rig takes it for a problem, as it is everywhere else.
      const told = rigProblems(await run(() => rig.problems.splice(0)));
      assert.deepEqual(told, []);
    });
  }

  it("a worker under the strict policy takes the work, and tells nothing", async () => {
    assert.deepEqual(await run(connectWith, url()), []);
    const sockets = await run(() => performance.getEntriesByType("resource").map(({ name }) => name));
    assert.ok(sockets.some((name) => name.includes("/pkg/apart-")));
    await run(({ state }) => state.client.close());
  });

  for (const [entry, expected] of [
    ["inline", { told: [], hasWorker: true }],
    ["slim", { told: [], hasWorker: true }],
    ["js", { told: ["worker-unavailable"], hasWorker: false }],
  ]) {
    it(`wasmqtt/${entry} with a worker: ${expected.hasWorker ? "takes one" : "works on the page, and tells"}`, async () => {
      const seen = await run(
        async ({ bounded }, url, entry) => {
          const { Worker } = globalThis;
          let made = 0;
          globalThis.Worker = class extends Worker {
            constructor(...args) {
              super(...args);
              made++;
            }
          };
          const mqtt = await import(`/pkg/${entry}.js`);
          if (entry === "slim") await mqtt.init("/pkg/wasmqtt_bg.wasm");
          const told = [];
          const client = mqtt.createClient(url, { worker: true });
          client.on("error", ({ code }) => told.push(code));
          await client.start();
          const topic = `entries/${entry}/${Math.random()}`;
          const messages = [];
          const arrived = new Promise((resolve) => {
            client.on("message", (message) => resolve(messages.push(message.text())));
          });
          await client.subscribe(topic);
          const { status } = await client.publish(topic, "x", { qos: 1 });
          await bounded(arrived, "the message");
          await client.close();
          globalThis.Worker = Worker;
          return { told, hasWorker: made > 0, status, messages };
        },
        url(),
        entry,
      );
      assert.deepEqual(seen, { ...expected, status: "acknowledged", messages: ["x"] });
    });
  }

  it("a trap in the worker ends the client with a typed error, and every call settles", async () => {
    assert.deepEqual(await run(connectWith, url(), "breaking"), []);
    const codes = await run(async ({ state, failure, bounded }) => {
      new BroadcastChannel("break").postMessage(0);
      const flood = async () => {
        for (;;) await state.client.publish("a", "x", { qos: 1 });
      };
      const { code } = await failure(flood());
      const closed = await bounded(state.client.closed, "the end");
      return [code, closed.code, state.client.state];
    });
    assert.deepEqual(codes, ["engine-crashed", "engine-crashed", "closed"]);
  });
}
