// Installs what the project's commands need, and only what is missing. Uses nothing but Node itself.
//   node scripts/setup.mjs [build] [demo] [test] [gateway] [bench] [coverage] [mutants] [fuzz]      (no argument: the first three)

import { withLock } from "./lib/lock.mjs";
import { at, isMain } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { aptPackages, gatewayPackages } from "./setup/apt.mjs";
import { cargoTools } from "./setup/cargo-tools.mjs";
import { toolLinks } from "./setup/links.mjs";
import { npmPackages } from "./setup/npm.mjs";
import { llvmTools, rustToolchain } from "./setup/rust.mjs";

const OLDEST_NODE = 20;

const BUILD = [npmPackages(), rustToolchain, cargoTools("build"), toolLinks("build")];
const TEST = [
  aptPackages,
  npmPackages(),
  npmPackages("tests/packaging"),
  npmPackages("tests/miniprogram/corpus"),
  npmPackages("tests/engines"),
  rustToolchain,
  cargoTools("build", "test"),
  toolLinks("build", "test"),
];
const GROUPS = {
  build: BUILD,
  demo: BUILD,
  test: TEST,
  gateway: [gatewayPackages, npmPackages()],
  bench: [npmPackages("bench")],
  coverage: [rustToolchain, llvmTools, cargoTools("coverage")],
  mutants: [rustToolchain, cargoTools("mutants")],
  fuzz: [rustToolchain, cargoTools("fuzz")],
};
const DEFAULT = ["build", "demo", "test"];

/**
 * Brings this machine to the point where the named groups work. Each part answers with the work it still has to do
 * (`undefined` for none), so that a second run costs milliseconds.
 */
export async function setup(...groups) {
  checkNode();
  const parts = new Set(groups.flatMap((name) => GROUPS[name] ?? unknown(name)));
  for (const part of parts) {
    if ((await part()) === undefined) continue;
    // Asked again under the lock: another run may have done the work meanwhile.
    await withLock(at(".tools", "setup.lock"), async () => (await part())?.());
  }
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < OLDEST_NODE) {
    throw new Failure(
      `Node.js ${process.versions.node} is too old: install ${OLDEST_NODE} or newer from https://nodejs.org`,
    );
  }
}

function unknown(name) {
  throw new Failure(`unknown group "${name}": use ${Object.keys(GROUPS).join(", ")}`);
}

if (isMain(import.meta.url)) {
  const groups = process.argv.slice(2);
  await setup(...(groups.length > 0 ? groups : DEFAULT)).catch(exitWith);
}
