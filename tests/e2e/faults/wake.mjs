// Pages that wake up over a connection that died meanwhile: how long until there is another one.
import { keepSession, openWorld } from "../support/world.mjs";

const QUIET_MS = 5_100; // after which a page that is seen again asks whether its connection lives
const MOMENT_MS = 300;
const PATIENCE_MS = 60_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Connects `count` clients with the default options, and measures from each event that wakes the page. */
const connect = async ({ mqtt, state }, url, options, count) => {
  const { host } = new URL(url);
  // By a name that is not of this machine, so that the network matters.
  const webSocket = (address, protocols) => new WebSocket(address.replace("broker.example", host), protocols);
  state.samples = [];
  let woken;
  const wake = (event) => {
    if (event.type !== "visibilitychange" || document.visibilityState === "visible")
      woken = performance.now();
  };
  document.addEventListener("resume", wake);
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  const make = async (_, index) => {
    const clientId = `${options.clientId}-${index}`;
    const client = await mqtt.connect(url.replace(host, "broker.example"), {
      ...options,
      clientId,
      webSocket,
    });
    await client.subscribe("wake/#", { qos: 1 });
    client.on("connect", () => state.samples.push(performance.now() - woken));
    return client;
  };
  state.clients = await Promise.all(Array.from({ length: count }, make));
};

/** Resolves with the times once every client has one. */
const samples = ({ state }, count) => (state.samples.length < count ? null : state.samples.splice(0));

/** What browsers do by themselves, where a test cannot make them. */
const show = (_, visibility, ...events) => {
  Object.defineProperty(document, "visibilityState", { value: visibility, configurable: true });
  for (const name of ["visibilitychange", ...events]) document.dispatchEvent(new Event(name));
};

/** What happens to the page, and to its connections in between: `died` kills them. */
const scenarios = {
  "frozen by Chromium, which ends connections": ({ freeze }) => freeze(() => sleep(MOMENT_MS)),
  "frozen, connection silent since": ({ suspend }, died) => suspend(() => died("silence")),
  "offline, connection reset meanwhile": ({ offline }, died) => offline(() => died("rst")),
  "offline, connection silent since": ({ offline }, died) => offline(() => died("silence")),
  "hidden, connection silent since": ({ hide }, died) => hide(() => died("silence")),
};

/** The names of what is measured. */
export const wakeNames = Object.keys(scenarios);

/** Measures each scenario `rounds` times with `clients` clients in Chromium. Resolves with lists of milliseconds. */
export async function measureWakes({ rounds, clients = 5, say = () => {} }) {
  const world = await openWorld("chromium");
  const devTools = (command, parameters) => world.browser.driver.sendDevToolsCommand(command, parameters);
  const conditions = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
  const ways = {
    async freeze(meanwhile) {
      await devTools("Page.setWebLifecycleState", { state: "frozen" });
      await meanwhile();
      await devTools("Page.setWebLifecycleState", { state: "active" });
    },
    async suspend(meanwhile) {
      await world.page.run(show, "hidden", "freeze");
      await meanwhile();
      await world.page.run(show, "visible", "resume");
    },
    async offline(meanwhile) {
      await devTools("Network.emulateNetworkConditions", { ...conditions, offline: true });
      await meanwhile();
      await devTools("Network.emulateNetworkConditions", { ...conditions, offline: false });
    },
    async hide(meanwhile) {
      await world.page.run(show, "hidden");
      await meanwhile();
      await sleep(QUIET_MS);
      await world.page.run(show, "visible");
    },
  };
  const died = async (how) => {
    await sleep(MOMENT_MS);
    world.chaos.kill(how);
    await sleep(MOMENT_MS);
  };
  const back = async () => {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) {
      const times = await world.page.run(samples, clients);
      if (times) return times;
    }
    throw new Error("the clients did not come back");
  };
  try {
    const results = {};
    for (const [name, scenario] of Object.entries(scenarios)) {
      await world.page.load();
      await devTools("Network.enable", {});
      const options = keepSession(5, `wake-${Object.keys(results).length}`);
      await world.page.run(connect, world.to(world.chaos.port), options, clients);
      results[name] = [];
      for (let round = 0; round < rounds; round++) {
        await scenario(ways, died);
        results[name].push(...(await back()));
      }
      say(`${name}: ${summary(results[name])}`);
    }
    return results;
  } finally {
    await world.stop();
  }
}

/** Median, 95th percentile and the longest of some times. */
export function figures(times) {
  const sorted = times.slice().sort((one, other) => one - other);
  const at = (part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]);
  return { runs: sorted.length, median: at(0.5), p95: at(0.95), longest: at(1) };
}

const summary = (times) => {
  const { runs, median, p95, longest } = figures(times);
  return `${runs} times, median ${median} ms, 95 % within ${p95} ms, longest ${longest} ms`;
};
