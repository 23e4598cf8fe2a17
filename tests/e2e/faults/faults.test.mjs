// Clients in a real page over links that break in every way a seed chooses: nothing lost, nothing doubled, all settled.
// WASMQTT_ENGINE chooses the browser, WASMQTT_SEED repeats a run. `npm run faults` does the same for longer.
import assert from "node:assert/strict";
import { it } from "node:test";
import { report } from "./report.mjs";
import { runFaults } from "./run.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const seed = Number(process.env.WASMQTT_SEED ?? Math.floor(Math.random() * 2 ** 32));
const say = (line) => console.log(`# ${line}`);
const isChromium = engine === "chromium";

async function survives(options) {
  const { figures, problems, traces } = await runFaults({ engine, seed, say, ...options });
  for (const line of report(figures)) say(line);
  assert.deepEqual(problems, [], `with seed ${seed}:\n${traces.join("\n")}`);
}

it(`${engine}: faults of seed ${seed}, and a broker that restarts`, () =>
  survives({ faults: isChromium ? 200 : 60, restarts: 2 }));

it(`${engine}: the same while the page, which has a store, ${isChromium ? "crashes and " : ""}is loaded again`, () =>
  survives({ faults: isChromium ? 100 : 40, restarts: 1, reloads: 3, crashes: isChromium ? 3 : 0 }));
