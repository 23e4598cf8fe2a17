// `npm run faults`: a real page over links that break, for as long as it shall be; what `npm test` does with 200 faults.
//   npm run faults -- --faults 5000 --seed 1 --engine firefox
import fs from "node:fs";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const TRACES = ".work/faults.txt";

try {
  const options = read();
  await setup("test");
  await build();
  await run(options);
} catch (error) {
  exitWith(error);
}

function read() {
  const { values } = parseArgs({
    options: {
      faults: { type: "string", default: "5000" },
      seed: { type: "string", default: `${Math.floor(Math.random() * 2 ** 32)}` },
      engine: { type: "string", default: "chromium" },
      clients: { type: "string", default: "8" },
    },
  });
  const numbers = ["faults", "seed", "clients"].map((name) => [name, Number(values[name])]);
  for (const [name, value] of numbers) {
    if (!(Number.isInteger(value) && value >= 0)) throw new Failure(`--${name} takes a whole number`);
  }
  return { engine: values.engine, ...Object.fromEntries(numbers) };
}

async function run(options) {
  // Imported only now: they use npm packages that setup has just installed.
  const { runFaults } = await import("../tests/e2e/faults/run.mjs");
  const { report } = await import("../tests/e2e/faults/report.mjs");
  const restarts = Math.ceil(options.faults / 100);
  const { figures, problems, traces } = await runFaults({ ...options, restarts, say: console.log });
  for (const line of report(figures)) console.log(line);
  if (problems.length === 0) return;
  fs.writeFileSync(TRACES, `${problems.join("\n")}\n${traces.join("\n")}\n`);
  throw new Failure(`${problems.join("\n")}\nwhat happened before is in ${TRACES}; seed ${options.seed}`);
}
