// Runs the scenarios: clients take turns, every measurement in a tab of its own, what fails is told and not left out.
import { at } from "../../scripts/lib/paths.mjs";
import { startMosquitto } from "../../tests/rig/mosquitto.mjs";
import { openRig } from "../../tests/rig/rig.mjs";
import { within } from "../../tests/rig/wait.mjs";
import { measureCeiling } from "../server/ceiling.mjs";
import { startLoadServer } from "../server/control.mjs";
import { startChromium } from "./browser.mjs";
import { bundleClients, sizes, versions } from "./clients.mjs";
import { startFirefox } from "./firefox.mjs";
import { machine } from "./machine.mjs";
import { KINDS } from "./measure.mjs";
import { roundsOf, takingPart } from "./rounds.mjs";
import { IN_FIREFOX, SCENARIOS } from "./scenarios.mjs";
import { startSite } from "./site.mjs";

/**
 * How long one measurement lasts, publishing with QoS 0 as `sustained`, since a short burst only fills buffers; how often
 * each is made, `slow` ones apart; how many messages the look at the memory takes, and when a client counts as stuck.
 */
export const PLANS = {
  full: {
    seconds: 0.5,
    sustained: 1.2,
    rounds: 5,
    slow: 3,
    messages: 1_000_000,
    limitSeconds: 60,
    minutes: 16,
  },
  quick: { seconds: 0.15, sustained: 0.4, rounds: 1, slow: 1, messages: 100_000, limitSeconds: 15 },
  firefox: { seconds: 0.4, sustained: 1, rounds: 3, slow: 1, limitSeconds: 25, minutes: 4 },
  check: { seconds: 0.02, sustained: 0.02, rounds: 1, slow: 1, messages: 10_000, limitSeconds: 20 },
};
const BROWSERS = { chromium: startChromium, firefox: startFirefox };
const FAILURES = 2; // of one client in one scenario: then it is left alone

/**
 * Measures scenarios by identifiers that begin so, all without any, round after round, as many as the plan has and
 * `minutes` allow. Resolves with what report/ makes its pages of; `keep` gets the same of what there is so far after each
 * scenario.
 */
export async function runBenchmark({
  plan: name,
  browser = "chromium",
  rounds,
  minutes,
  wanted = [],
  clients,
  say,
  keep = () => {},
}) {
  const plan = {
    ...PLANS[name],
    ...(rounds && { rounds, slow: Math.min(rounds, PLANS[name].slow), everyone: true }),
    ...(minutes && { minutes }),
  };
  const chosen = SCENARIOS.filter(({ id }) =>
    wanted.length > 0
      ? wanted.some((one) => id.startsWith(one))
      : browser !== "firefox" || IN_FIREFOX.has(id),
  );
  const rig = openRig();
  try {
    const before = machine();
    const read = await bundleClients(clients, at(".work", "bench", "clients"));
    const site = await rig.use(startSite(read));
    const mosquitto = await rig.use(startMosquitto());
    const pages = await rig.use(lasting(BROWSERS[browser]));
    const server = await rig.use(lasting(startLoadServer));
    const run = {
      date: new Date().toISOString().slice(0, 10),
      plan: { name, ...plan },
      browser: (await pages.get()).version,
      mosquitto: mosquitto.version,
      machine: { before },
      clients: clients.map(({ id, name, isFloor }) => ({ id, name, ...(isFloor && { isFloor }) })),
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
      const [current, load] = [await pages.get(), await server.get()];
      const url = isThroughBroker ? broker : load.url;
      const newTab = () => current.newTab(site.origin);
      return { plan, server: load, url, broker: isThroughBroker, newTab, unique };
    };
    for (const round of roundsOf(plan)) {
      run.plan.rounds = round + 1;
      for (const scenario of chosen) {
        if (round >= (scenario.once ? 1 : scenario.slow ? plan.slow : plan.rounds)) continue;
        run.results[scenario.id] ??= {};
        const outcomes = run.results[scenario.id];
        const ids = takingPart(plan, scenario, clients, round);
        const seconds = await measureAll(world, scenario, ids, round, outcomes);
        run.machine.after = machine();
        say(`round ${round + 1}, ${scenario.id}, ${seconds.toFixed(1)} s: ${inWords(outcomes)}`);
        keep(run);
      }
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

/** Adds to `{ client: { samples, error? } }`; each round begins with another client. Resolves with the seconds that it took. */
async function measureAll(makeWorld, scenario, clients, round, outcomes) {
  const start = performance.now();
  for (let turn = 0; turn < clients.length; turn++) {
    const client = clients[(round + turn) % clients.length];
    outcomes[client] ??= { samples: [], failures: 0 };
    const outcome = outcomes[client];
    if (outcome.failures >= FAILURES) continue;
    try {
      outcome.samples.push(await measure(await makeWorld(scenario), scenario, client));
    } catch (error) {
      outcome.failures++;
      outcome.error = error.message.split("\n")[0];
    }
  }
  return (performance.now() - start) / 1000;
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
    const figures = Object.entries(samples.at(-1)).map(
      ([name, value]) => `${name} ${Number(value.toPrecision(3))}`,
    );
    return `${client} ${figures.join(" ")}`;
  });
  return cells.join("; ");
}
