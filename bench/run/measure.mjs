// One measurement of each kind: a page without a past, one client in it, figures by name out of it.
//   rate: messages a second; ms, p50, p99, longest: milliseconds; heap, wasm, growth, wasmGrowth: bytes
//   cpu, all, io, network, server: microseconds a message of CPU time (accounts.mjs); wall: of time; left: the part of all cores that was idle
import { publish } from "../server/packets.mjs";

const TOPIC = "bench/topic";
const MICROSECONDS = 1e6;
const FLIGHT = 60_000;

/** Messages in the shortest flood: the rate of fewer says nothing, least of all how many the next flood takes. */
const LEAST = 50;

/** Messages in the first, second, … warm-up: each tells how many the next one takes. */
const WARM_UP = [50, 0.1, 0.3];
/** Messages that are unsettled at most while one that publishes warms up: who is slow has to be done with them. */
const WARM_WINDOW = 4000;

export const KINDS = { receive, publish: publishing, flight, routes, offline, latency, start, memory, loop };

async function receive(world, client, { size, qos, frameBytes }) {
  await connected(world, client);
  await world.tab.call("subscribe", TOPIC, qos, packetLength(size, qos));
  return flooded(world, { size, qos, frameBytes, topics: [TOPIC] });
}

async function routes(world, client, { filters, topics, isSplit = false }) {
  await connected(world, client);
  await world.tab.call("route", filters, isSplit);
  return flooded(world, { size: 16, topics: shuffled(topics) });
}

/** Has the server send for about the time of the plan, and takes the time of the last flood. */
async function flooded(world, { size, ...options }) {
  const { tab, server, plan } = world;
  await server.ask("prepare", { size, ...options });
  const flood = async (wanted) => {
    const messages = await server.ask("planned", { messages: Math.max(LEAST, Math.round(wanted)) });
    await tab.call("expect", messages, size);
    return accounted(world, async () => {
      await server.ask("flood", { messages });
      const rate = await tab.call("received");
      await server.ask("quiet");
      return { messages, rate };
    });
  };
  let rate = 0;
  for (const amount of WARM_UP) {
    const { result } = await flood(rate === 0 ? amount : rate * amount * plan.seconds);
    rate = result.rate;
  }
  await tab.collectGarbage();
  const { result, ...spent } = await flood(rate * plan.seconds);
  return { rate: result.rate, ...cpuOf(spent, result.messages) };
}

/** Publishes for so many seconds; resolves with how many, and how many a second. */
async function pumped({ tab, server }, { size, qos, window }, seconds) {
  await server.ask("count");
  const { count, rate } = await tab.call("pump", { topic: TOPIC, size, qos, window, ms: seconds * 1000 });
  const counted = await server.ask("counted", { total: count });
  return { count, rate: qos === 0 ? counted.rate : rate };
}

async function warmUp(world, { window, ...how }, seconds) {
  await pumped(world, { ...how, window: Math.min(window, WARM_WINDOW) }, seconds / 4);
  await world.tab.collectGarbage();
}

async function publishing(world, client, { held = false, ...how }) {
  const { plan } = world;
  await connected(world, client);
  const lasting = how.qos === 0 && !held ? plan.sustained : plan.seconds;
  await warmUp(world, how, lasting);
  const { result, ...spent } = await accounted(world, () => pumped(world, how, lasting));
  return { rate: result.rate, ...cpuOf(spent, result.count) };
}

/**
 * The server keeps back all acknowledgements but those beyond 60,000, so that 100 are on their way as with `publish-qos1`, whose
 * warm-up this has too: its rate is what this one is compared with.
 */
async function flight(world, client, { size }) {
  const { tab, server, plan } = world;
  await connected(world, client);
  await warmUp(world, { size, qos: 1, window: 100 }, plan.seconds);
  const hold = FLIGHT;
  const count = hold + Math.round(4000 * plan.seconds);
  await server.ask("count", { hold, total: count });
  const pump = { topic: TOPIC, size, qos: 1, window: hold + 100, count, hold };
  const { result, ...spent } = await accounted(world, () => tab.call("pump", pump));
  return { rate: result.rate, ...cpuOf(spent, count) };
}

async function offline(world, client, { size, qos, count }) {
  const { tab, server } = world;
  await connected(world, client, { hold: true });
  await tab.call("burst", { topic: TOPIC, size, qos, count });
  const { result, ...spent } = await accounted(world, () => tab.call("flush"));
  await server.ask("counted", { total: count });
  return { ...result, ...cpuOf(spent, count) };
}

async function latency(world, client, { size }) {
  const { tab, server, plan, broker } = world;
  await connected(world, client);
  await tab.call("subscribe", TOPIC, 0);
  if (!broker) await server.ask("count", { echo: true });
  await tab.call("roundTrips", { topic: TOPIC, size, count: 50 });
  const ask = { topic: TOPIC, size, count: Math.round(400 * plan.seconds) };
  const times = (await tab.call("roundTrips", ask)).sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { p50: at(0.5), p99: at(0.99) };
}

/** A tab, and with it a process, of its own: nothing of the client was ever loaded in it, or all of it was before. */
async function start(world, client) {
  const tag = `start-${world.unique()}`;
  const once = async () => {
    const tab = await world.newTab();
    await tab.load();
    const ms = await tab.call("startUp", client, world.url, tag);
    const heap = await tab.heap();
    const wasm = await tab.call("wasmBytes");
    await tab.close();
    return { ms, heap, wasm };
  };
  const cold = await once();
  await once(); // browsers keep compiled code only of what was loaded twice
  const warm = await once();
  return { cold: cold.ms, warm: warm.ms, ...seen("heap", warm.heap), ...seen("wasm", warm.wasm) };
}

async function memory(world, client) {
  const { tab, server, plan } = world;
  const size = 16;
  await connected(world, client);
  await tab.call("subscribe", TOPIC, 0);
  await server.ask("prepare", { topics: [TOPIC], size, frameBytes: 16_384 });
  const flood = async (messages) => {
    const exactly = await server.ask("planned", { messages });
    await tab.call("expect", exactly, size);
    await server.ask("flood", { messages });
    await tab.call("received");
  };
  const look = async () => ({ heap: await tab.heap(), wasm: await tab.call("wasmBytes") });
  await flood(plan.messages / 100);
  const before = await look();
  for (let part = 0; part < 10; part++) await flood(plan.messages / 10);
  const after = await look();
  const growth = after.heap - before.heap;
  return { growth, ...seen("wasmGrowth", after.wasm && after.wasm - before.wasm) };
}

/** Through a broker and back to the same client: the rate at which the server's acknowledgements came. */
async function loop(world, client, { size, qos, window }) {
  const { tab, plan } = world;
  await connected(world, client);
  await tab.call("subscribe", TOPIC, qos);
  const pump = async (count) => {
    await tab.call("expect", count, size);
    const pumped = await tab.call("pump", { topic: TOPIC, size, qos, window, count });
    await tab.call("received");
    return pumped;
  };
  const warm = await pump(300);
  const count = Math.round(Math.max(300, warm.rate * plan.seconds));
  const { result, ...spent } = await accounted(world, () => pump(count));
  return { rate: result.rate, ...cpuOf(spent, count) };
}

/** A figure, where somebody could see it. */
function seen(name, value) {
  return value === undefined || value === null ? {} : { [name]: value };
}

/** What `action` resolves with, the seconds of CPU time that everyone had meanwhile, the load server too, and those on the clock. */
async function accounted({ tab, server }, action) {
  let wall = 0;
  const before = await server.ask("cpu");
  const spent = await tab.cpu(async () => {
    const start = performance.now();
    const result = await action();
    wall = (performance.now() - start) / 1000;
    return result;
  });
  return { ...spent, server: (await server.ask("cpu")) - before, wall };
}

/** A message's share of them. No figure from a browser that does not tell. */
function cpuOf({ seconds, left, ...others }, messages) {
  if (seconds === undefined) return {};
  const shares = Object.entries({ cpu: seconds, ...others }).map(([name, time]) => [
    name,
    (MICROSECONDS * time) / messages,
  ]);
  return { ...Object.fromEntries(shares), left };
}

async function connected({ tab, url, unique }, client, options = {}) {
  await tab.load();
  await tab.clearStorage(); // Paho keeps unfinished messages there
  await tab.call("open", client, url, `bench-${unique()}`, options);
}

/** What the bare WebSocket has to know to count messages by their bytes. */
const packetLength = (size, qos) => publish(TOPIC, Buffer.alloc(size), qos, 1).length;

/** The same order in every run, and not the order in which the filters were subscribed. */
function shuffled(list) {
  const step = 7919; // a prime, so that every index comes once
  return list.map((_, i) => list[(i * step) % list.length]);
}
