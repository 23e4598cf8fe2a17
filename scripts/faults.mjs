// `npm run faults`: a real page over links that break, for as long as it shall be; what `npm test` does with 300 faults.
//   npm run faults -- --faults 5000 --seed 1 --engine firefox --clients 8
//   npm run faults -- --record      writes the figures into docs/reliability.md
// Half of the faults happen to clients that keep messages in memory, half to clients with a store, whose page is loaded
// again and, in Chromium, crashes.
import fs from "node:fs";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { writeSection } from "./lib/section.mjs";
import { setup } from "./setup.mjs";

const TRACES = at(".work", "faults.txt");

try {
  const options = read();
  await setup("test");
  await build();
  await run(options);
  process.exit();
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
      record: { type: "boolean", default: false },
    },
  });
  const numbers = ["faults", "seed", "clients"].map((name) => [name, Number(values[name])]);
  for (const [name, value] of numbers) {
    if (!(Number.isInteger(value) && value >= 0)) throw new Failure(`--${name} takes a whole number`);
  }
  return { engine: values.engine, record: values.record, ...Object.fromEntries(numbers) };
}

async function run({ faults, engine, record, ...rest }) {
  // Imported only now: they use npm packages that setup has just installed.
  const { runFaults } = await import("../tests/e2e/faults/run.mjs");
  const { report, table } = await import("../tests/e2e/faults/report.mjs");
  const half = Math.ceil(faults / 2);
  const every = (count) => Math.ceil(half / count);
  const kinds = [
    { title: "in memory", restarts: every(100) },
    {
      title: "with a store",
      restarts: every(100),
      reloads: every(40),
      crashes: engine === "chromium" ? every(40) : 0,
    },
  ];
  const runs = [];
  for (const { title, ...kind } of kinds) {
    console.log(`${engine}, ${title}`);
    const options = { engine, faults: half, ...rest, ...kind, say: console.log };
    const { figures, problems, traces } = await runFaults(options);
    for (const line of report(figures)) console.log(line);
    if (problems.length > 0) {
      fs.writeFileSync(TRACES, `${problems.join("\n")}\n${traces.join("\n")}\n`);
      throw new Failure(`${problems.join("\n")}\nwhat happened before is in ${TRACES}; seed ${rest.seed}`);
    }
    runs.push([title, figures]);
  }
  if (!record) return;
  const page = at("docs", "reliability.md");
  writeSection(page, `faults in ${engine}`, table(runs));
  writeSection(page, "diagnosis", diagnosis());
}

/** What the tests of `wasmqtt/diagnose` have written into its own page. */
function diagnosis() {
  const text = fs.readFileSync(at("docs", "diagnosis.md"), "utf8");
  return text.match(/^- \w+: recognised .*$/gm).join("\n");
}
