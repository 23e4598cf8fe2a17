// `npm run mutants`: changes the session and the connection rooms in one small way after the other, and names every
// change that no test notices. Takes half an hour; arguments go to cargo-mutants: `npm run mutants -- --shard 1/8`.
import fs from "node:fs";
import { toolEnv, work } from "./lib/paths.mjs";
import { exitWith, Failure, run } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

// What cargo-mutants ends with.
const MISSED = 2;
const TIMEOUT = 3; // a test that no longer ends has noticed as well

const QUICK = {
  CARGO_PROFILE_DEV_DEBUG: "none",
  CARGO_PROFILE_TEST_DEBUG: "none",
  SIM_SCHEDULES: "300",
};

try {
  await setup("mutants");
  fs.mkdirSync(work, { recursive: true });
  const args = ["mutants", "--output", work, "--colors", "never", ...process.argv.slice(2)];
  const { code, output } = await run("cargo", args, { env: toolEnv(QUICK), label: "cargo mutants" });
  console.log(output.trimEnd());
  if (code === MISSED)
    throw new Failure("no test noticed the changes above: write one, or say in docs/testing.md why none can");
  if (code !== 0 && code !== TIMEOUT) throw new Failure(`cargo mutants ended with: ${code}`);
} catch (error) {
  exitWith(error);
}
