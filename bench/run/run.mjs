// Runs the scenarios: clients take turns, every measurement in a tab of its own, what fails is told and not left out.
import { at } from "../../scripts/lib/paths.mjs";
import { startMosquitto } from "../../tests/rig/mosquitto.mjs";
import { openRig } from "../../tests/rig/rig.mjs";
import { within } from "../../tests/rig/wait.mjs";
import { measureCeiling } from "../server/ceiling.mjs";
import { startLoadServer } from "../server/control.mjs";
import { startChromium } from "./browser.mjs";
import { bundleClients, sizes, versions } from "./clients.mjs";
import { machine } from "./machine.mjs";
import { KINDS } from "./measure.mjs";
import { SCENARIOS } from "./scenarios.mjs";
import { startSite } from "./site.mjs";

/**
 * How long one measurement lasts, publishing with QoS 0 as `sustained`, since a short burst only fills buffers; how often
 * each is made, `slow` ones apart; how many messages the look at the memory takes, and when a client counts as stuck.
 */
export const PLANS = {
  full: { seconds: 1, sustained: 3, rounds: 5, slow: 3, messages: 1_000_000, limitSeconds: 60 },
  quick: { seconds: 0.15, sustained: 0.5, rounds: 1, slow: 1, messages: 100_000, limitSeconds: 10 },
  check: { seconds: 0.02, sustained: 0.02, rounds: 1, slow: 1, messages: 10_000, limitSeconds: 20 },
};
const FAILURES = 2; // of one client in one scenario: then it is left alone

/**
 * Measures scenarios by identifiers that begin so, all without any. Resolves with what report/ makes its pages of; `keep`
 * gets the same of what there is so far after each scenario.
 */
export async function runBenchmark({ plan: name, rounds, wanted = [], clients, say, keep = () => {} }) {
  const plan = { ...PLANS[name], ...(rounds && { rounds, slow: Math.min(rounds, PLANS[name].slow) }) };
  const chosen = SCENARIOS.filter(
    ({ id }) => wanted.length === 0 || wanted.some((one) => id.startsWith(one)),
  );
  const rig = openRig();
  try {
    const before = machine();
    const read = await bundleClients(clients, at(".work", "bench", "clients"));
    const site = await rig.use(startSite(read));
    const mosquitto = await rig.use(startMosquitto());
    const chromium = await rig.use(lasting(startChromium));
    const server = await rig.use(lasting(startLoadServer));
    const run = {
      date: new Date().toISOString().slice(0, 10),
      plan: { name, ...plan },
      chromium: (await chromium.get()).version,
      mosquitto: mosquitto.version,
      machine: { before },
      clients: clients.map(({ id, name }) => ({ id, name })),
      versions: versions(clients),
      sizes: await sizes(clients),
      ceiling: await ceilings(await server.get(), name),
      results: {},
    };
    let count = 0;
    const unique = () => `${process.pid}-${++count}`;
    const broker = `ws://127.0.0.1:${mosquitto.nativePort}/mqtt`;
    /** What a measurement works with; whoever ended with the one before is there again. */
    const world = async ({ broker: isThroughBroker = false }) => {
      const [browser, load] = [await chromium.get(), await server.get()];
      const url = isThroughBroker ? broker : load.url;
      const newTab = () => browser.newTab(site.origin);
      return { plan, server: load, url, broker: isThroughBroker, newTab, unique };
    };
    for (const scenario of chosen) {
      const start = performance.now();
      run.results[scenario.id] = await measureAll(world, scenario, takingPart(plan, scenario, clients));
      run.machine.after = machine();
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      say(`${scenario.id}, ${seconds} s: ${inWords(run.results[scenario.id])}`);
      keep(run);
    }
    return run;
  } finally {
    await rig.stop();
  }
}

/** Something that is started again when it has ended by itself: `get()` resolves with one that runs. */
async function lasting(start) {
  let running = await start();
  return {
    async get() {
      if (!(await running.isAlive())) {
        await running.stop().catch(() => {});
        running = await start();
      }
      return running;
    },
    stop: () => running.stop(),
  };
}

/** `{ client: { samples, error? } }`; each round begins with another client. */
async function measureAll(makeWorld, scenario, clients) {
  const { plan } = await makeWorld(scenario);
  const outcomes = Object.fromEntries(clients.map((id) => [id, { samples: [] }]));
  const failures = new Map();
  const rounds = scenario.once ? 1 : scenario.slow ? plan.slow : plan.rounds;
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < clients.length; turn++) {
      const client = clients[(round + turn) % clients.length];
      const outcome = outcomes[client];
      if (failures.get(client) >= FAILURES) continue;
      try {
        outcome.samples.push(await measure(await makeWorld(scenario), scenario, client));
      } catch (error) {
        failures.set(client, (failures.get(client) ?? 0) + 1);
        outcome.error = error.message.split("\n")[0];
      }
    }
  }
  return outcomes;
}

/** Identifiers. In a short run the slow scenarios are for ours and the bare WebSocket alone. */
function takingPart(plan, { only, slow, qos = 0 }, clients) {
  return clients
    .filter(({ highestQos = 2 }) => qos <= highestQos)
    .filter(({ id, adapter = id }) => only?.includes(adapter) ?? true)
    .filter(({ npm }) => !(npm && slow && plan.slow === 1))
    .map(({ id }) => id);
}

async function measure(world, scenario, client) {
  const { limitSeconds } = world.plan;
  const tab = await world.newTab();
  try {
    const work = KINDS[scenario.kind]({ ...world, tab }, client, scenario);
    return await within(limitSeconds * 1000, work, "no end");
  } finally {
    // A page that is busy for ever does not close its tab; the browser ends with the run.
    await within(2000, tab.close(), "no end of the tab").catch(() => {});
  }
}

async function ceilings(server, plan) {
  const messages = plan === "full" ? 400_000 : 40_000;
  const of = async (size) => [size, await measureCeiling(server, { size, messages })];
  return Object.fromEntries([await of(16), await of(256)]);
}

function inWords(outcomes) {
  const cells = Object.entries(outcomes).map(([client, { samples, error }]) => {
    if (samples.length === 0) return `${client} fails (${error})`;
    const figures = Object.entries(samples[0]).map(
      ([name, value]) => `${name} ${Number(value.toPrecision(3))}`,
    );
    return `${client} ${figures.join(" ")}`;
  });
  return cells.join("; ");
}
