// Runs the scenarios: clients take turns, every measurement in a tab of its own, what fails is told and not left out.
import { at } from "../../scripts/lib/paths.mjs";
import { startMosquitto } from "../../tests/rig/mosquitto.mjs";
import { openRig } from "../../tests/rig/rig.mjs";
import { within } from "../../tests/rig/wait.mjs";
import { measureCeiling } from "../server/ceiling.mjs";
import { startLoadServer } from "../server/control.mjs";
import { startChromium } from "./browser.mjs";
import { bundleClients, CLIENTS, sizes, versions } from "./clients.mjs";
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

/** Measures scenarios by identifiers that begin so, all without any. Resolves with what report/ makes its pages of. */
export async function runBenchmark({ plan: name, rounds, wanted = [], say = () => {} }) {
  const plan = { ...PLANS[name], ...(rounds && { rounds }) };
  const chosen = SCENARIOS.filter(
    ({ id }) => wanted.length === 0 || wanted.some((one) => id.startsWith(one)),
  );
  const rig = openRig();
  try {
    const before = machine();
    const folder = at(".work", "bench", "clients");
    const site = await rig.use(startSite(folder, await bundleClients(folder)));
    const server = await rig.use(startLoadServer());
    const mosquitto = await rig.use(startMosquitto());
    const chromium = await rig.use(startChromium());
    const ceiling = await ceilings(server, name);
    let count = 0;
    const world = {
      plan,
      server,
      url: server.url,
      newTab: () => chromium.newTab(site.origin),
      unique: () => `${process.pid}-${++count}`,
    };
    const broker = `ws://127.0.0.1:${mosquitto.nativePort}/mqtt`;
    const results = {};
    for (const scenario of chosen) {
      const place = scenario.broker ? { ...world, url: broker, broker: true } : world;
      results[scenario.id] = await measureAll(place, scenario);
      say(`${scenario.id}: ${inWords(results[scenario.id])}`);
    }
    return {
      date: new Date().toISOString().slice(0, 10),
      plan: { name, ...plan },
      chromium: chromium.version,
      mosquitto: mosquitto.version,
      machine: { before, after: machine() },
      versions: versions(),
      sizes: await sizes(),
      ceiling,
      results,
    };
  } finally {
    await rig.stop();
  }
}

/** `{ client: { samples } or { error } }`; each round begins with another client. */
async function measureAll(world, scenario) {
  const { plan } = world;
  const clients = takingPart(plan, scenario);
  const outcomes = Object.fromEntries(clients.map((id) => [id, { samples: [] }]));
  const rounds = scenario.once ? 1 : scenario.slow ? plan.slow : plan.rounds;
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < clients.length; turn++) {
      const client = clients[(round + turn) % clients.length];
      if (outcomes[client].error) continue;
      try {
        outcomes[client].samples.push(await measure(world, scenario, client));
      } catch (error) {
        outcomes[client] = { error: error.message.split("\n")[0] };
      }
    }
  }
  return outcomes;
}

/** In a short run the slow scenarios are for ours and the bare WebSocket alone. */
function takingPart(plan, { only, slow, qos = 0 }) {
  const few = slow && plan.slow === 1 ? ["raw", "wasmqtt"] : undefined;
  return CLIENTS.filter(({ highestQos = 2 }) => qos <= highestQos)
    .map(({ id }) => id)
    .filter((id) => (only?.includes(id) ?? true) && (few?.includes(id) ?? true));
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
    if (error) return `${client} fails (${error})`;
    const figures = Object.entries(samples[0]).map(
      ([name, value]) => `${name} ${Number(value.toPrecision(3))}`,
    );
    return `${client} ${figures.join(" ")}`;
  });
  return cells.join("; ");
}
