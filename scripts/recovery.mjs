// `npm run recovery`: how long a page that wakes up over a dead connection is without one, in Chromium on loopback.
//   npm run recovery -- --rounds 10     with five clients, so fifty times each
//   npm run recovery -- --record        writes the figures into docs/reliability.md
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { writeSection } from "./lib/section.mjs";
import { setup } from "./setup.mjs";

try {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "10" }, record: { type: "boolean", default: false } },
  });
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Failure("--rounds takes a whole number");
  await setup("test");
  await build();
  // Imported only now: they use npm packages that setup has just installed.
  const { figures, measureWakes } = await import("../tests/e2e/faults/wake.mjs");
  const results = await measureWakes({ rounds, say: console.log });
  const rows = Object.entries(results).map(([name, times]) => {
    const { runs, median, p95, longest } = figures(times);
    return `| ${name} | ${runs} | ${median} ms | ${p95} ms | ${longest} ms |`;
  });
  const head = [
    "| the page was | times | median | 95 % within | longest |",
    "| --- | ---: | ---: | ---: | ---: |",
  ];
  if (values.record) writeSection(at("docs", "reliability.md"), "recovery", [...head, ...rows].join("\n"));
  process.exit();
} catch (error) {
  exitWith(error);
}
