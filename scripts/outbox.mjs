// `npm run outbox -- chromium firefox webkit`: what a durable outbox costs in real browsers, as docs/outbox.md tells.
import { build } from "./build.mjs";
import { exitWith } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const ROUNDS = 7;
const STORES = { none: "memory", relaxed: { durability: "relaxed" }, strict: { durability: "strict" } };

try {
  await setup("test");
  await build();
  for (const engine of process.argv.length > 2 ? process.argv.slice(2) : ["chromium"]) await report(engine);
} catch (error) {
  exitWith(error);
}

/** Rounds take turns, so that what else the machine does hits all of them. */
async function report(engine) {
  // Imported only now: it uses npm packages that setup has just installed.
  const { openWorld } = await import("../tests/e2e/support/world.mjs");
  const world = await openWorld(engine);
  const rounds = Object.fromEntries(Object.keys(STORES).map((name) => [name, []]));
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, store] of Object.entries(STORES)) {
        await world.page.load();
        rounds[name].push(await world.page.run(measure, `${world.gateway.wss}/mqtt`, `cost-${name}`, store));
      }
    }
  } finally {
    await world.stop();
  }
  const of = (name, figure) => median(rounds[name].map((values) => values[figure]));
  for (const [figure, unit] of [
    ["alone", "ms from publish to its acknowledgement, one at a time"],
    ["burst", "messages acknowledged in a second, 2000 at once"],
    ["restart", "ms from start to connection, with 2000 messages to restore"],
  ]) {
    const cells = Object.keys(STORES).map((name) => {
      const ratio = of(name, figure) / of("none", figure);
      return `${name} ${of(name, figure).toPrecision(3)} (${ratio.toFixed(2)})`;
    });
    console.log(`${engine}: ${unit}: ${cells.join(", ")}`);
  }
}

/** Runs in the page. */
async function measure({ mqtt }, url, clientId, store) {
  const options = { clientId, cleanStart: false, store, protocolVersion: 5, sessionExpiryInterval: 60 };
  const payload = new Uint8Array(100);
  const client = await mqtt.connect(url, options);
  const publish = () => client.publish("cost", payload, { qos: 1 });
  for (let i = 0; i < 20; i++) await publish();

  const first = performance.now();
  for (let i = 0; i < 200; i++) await publish();
  const start = performance.now();
  const alone = (start - first) / 200;
  await Promise.all(Array.from({ length: 2000 }, publish));
  const burst = 2000 / ((performance.now() - start) / 1000);
  await client.close();

  const waiting = mqtt.createClient(url, options);
  const until = store === "memory" ? "queued" : "stored";
  await Promise.all(Array.from({ length: 2000 }, () => waiting.publish("cost", payload, { qos: 1, until })));
  waiting.on("error", () => {}); // without a store these are lost, and told
  await waiting.close({ force: true });
  const before = performance.now();
  const next = await mqtt.connect(url, options);
  const restart = performance.now() - before;
  while (next.stats.inFlight + next.stats.queuedMessages > 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await next.close();
  return { alone, burst, restart };
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
