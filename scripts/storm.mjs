// `npm run storm`: a broker restarts, and a million clients come back. Writes docs/reconnect.md and its plot.
//   npm run storm -- [--clients 1000000]      (a million need 6 GB of memory: two runs go side by side)
import fs from "node:fs";
import { parseArgs } from "node:util";
import { at, toolEnv } from "./lib/paths.mjs";
import { exitWith, Failure, must, run, step } from "./lib/run.mjs";
import { figures, perSecond } from "./storm/figures.mjs";
import { plot } from "./storm/plot.mjs";

const RATE = 20_000; // connects that the server takes in a second, of a million clients
const LIMIT_SECONDS = 600;
const MARKS = ["<!-- figures of npm run storm -->", "<!-- end of the figures -->"];
const document = at("docs", "reconnect.md");

/** How long the server is away, in seconds, and what it does with more connections than it takes. */
const SCENARIOS = [
  { outage: 30, mode: "refuse" },
  { outage: 30, mode: "busy" },
  { outage: 5, mode: "refuse" },
];
const POLICIES = ["wasmqtt", "fixed"];

try {
  const { values } = parseArgs({ options: { clients: { type: "string", default: "1000000" } } });
  const clients = Number(values.clients);
  if (!(Number.isInteger(clients) && clients >= 1000))
    throw new Failure("--clients takes a whole number from 1000 on");
  const rate = Math.round((RATE * clients) / 1_000_000);
  const program = await step("simulation", build);
  const results = [];
  for (const scenario of SCENARIOS) {
    const { outage, mode } = scenario;
    const name = `away for ${outage} s, then ${mode === "busy" ? "busy" : "refusing"}`;
    const storm = (policy) => simulate(program, [clients, outage, rate, mode, policy], `${name}, ${policy}`);
    const [wasmqtt, fixed] = await Promise.all(POLICIES.map(storm));
    results.push({ ...scenario, wasmqtt, fixed });
    console.log(
      `${name}: at most ${peak(wasmqtt)} attempts/s when it is back, ${peak(fixed)} with a fixed second`,
    );
  }
  fs.writeFileSync(at("docs", "images", "reconnect-storm.svg"), plot(results.slice(0, 2), { clients, rate }));
  const [before, after] = surroundings();
  fs.writeFileSync(document, [before, figures(results, { clients, rate }), after].join(""));
  console.log("written: docs/reconnect.md and docs/images/reconnect-storm.svg");
} catch (error) {
  exitWith(error);
}

/** Built for speed, in a folder of its own: the package's release profile is for size. */
async function build() {
  const folder = at(".work", "storm");
  const fast = ["opt-level=3", 'lto="off"', "codegen-units=16"].flatMap((option) => [
    "--config",
    `profile.release.${option}`,
  ]);
  const env = toolEnv({ CARGO_TARGET_DIR: folder });
  await must("cargo", ["build", "--release", "--example", "storm", ...fast], { env, label: "cargo" });
  return `${folder}/release/examples/storm`;
}

async function simulate(program, args, label) {
  const { code, output } = await run(program, args.map(String), { label, limitSeconds: LIMIT_SECONDS });
  if (code !== 0) throw new Failure(`${label}: ended with ${code}\n${output}`);
  const { span, allBack, attempts, welcomes } = JSON.parse(output);
  const second = (list) => perSecond(list, 1000 / span);
  return {
    allBack,
    total: sum(attempts),
    attempts: second(attempts),
    welcomes: second(welcomes),
    outage: args[1],
  };
}

function peak({ attempts, outage }) {
  return Math.max(...attempts.slice(outage)).toLocaleString("en");
}

function sum(list) {
  return list.reduce((total, count) => total + count, 0);
}

/** What stands before and after the figures. */
function surroundings() {
  const text = fs.readFileSync(document, "utf8");
  const [start, end] = MARKS.map((mark) => text.indexOf(mark));
  if (start < 0 || end < start) throw new Failure(`docs/reconnect.md needs the lines ${MARKS.join(" and ")}`);
  return [`${text.slice(0, start)}${MARKS[0]}\n`, text.slice(end)];
}
