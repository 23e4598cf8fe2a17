// Clients in a real page over links that break in every way a seed chooses: nothing lost, nothing doubled, all settled.
// WASMQTT_ENGINE chooses the browser, WASMQTT_SEED repeats a run. `npm run faults` does the same for longer.
import assert from "node:assert/strict";
import { it } from "node:test";
import { report } from "./report.mjs";
import { runFaults } from "./run.mjs";

const engine = process.env.WASMQTT_ENGINE ?? "chromium";
const faults = { chromium: 200, firefox: 60, webkit: 60 }[engine];
const seed = Number(process.env.WASMQTT_SEED ?? Math.floor(Math.random() * 2 ** 32));
const say = (line) => console.log(`# ${line}`);

it(`${engine}: ${faults} faults of seed ${seed}, and a broker that restarts twice`, async () => {
  const { figures, problems, traces } = await runFaults({ engine, faults, seed, restarts: 2, say });
  for (const line of report(figures)) say(line);
  assert.deepEqual(problems, [], `with seed ${seed}:\n${traces.join("\n")}`);
});
