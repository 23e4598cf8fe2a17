// `npm run fuzz`: coverage-guided fuzzing of what the core does with any bytes.
//   npm run fuzz -- [--seconds 3600] [target …]
// Starts from tests/vectors and from what earlier runs have found (.work/fuzz/corpus). `npm test -- fuzz` runs the same
// targets without a fuzzer, and needs neither the nightly toolchain nor a C++ compiler.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { at, root, toolEnv } from "./lib/paths.mjs";
import { exitWith, Failure, must, run, step } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const DEFAULT_SECONDS = "60"; // for each target
const LONGEST_INPUT = 4096; // bytes
const SLOWEST_INPUT = 10; // seconds
const MOST_MEMORY = 1024; // MiB
const GRACE_SECONDS = 120; // for reading the corpus before the time begins, and for the report after it

const folder = (...parts) => at(".work", "fuzz", ...parts);

try {
  const { seconds, targets } = options();
  await setup("fuzz");
  const env = toolEnv({ RUSTUP_TOOLCHAIN: await nightly() });
  await step("seeds of tests/vectors", () => writeSeeds());
  const programs = await step("targets", () => build(env));
  const results = await inParallel(targets, (target) => fuzz(target, programs, seconds));
  if (results.includes(false)) process.exitCode = 1;
} catch (error) {
  exitWith(error);
}

function options() {
  const known = fs.readdirSync(at("fuzz", "fuzz_targets")).map((file) => path.basename(file, ".rs"));
  const { values, positionals } = parseArgs({
    options: { seconds: { type: "string", default: DEFAULT_SECONDS } },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds);
  if (!(Number.isInteger(seconds) && seconds > 0)) throw new Failure("--seconds takes a whole number");
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Failure(`no target "${unknown.join('", "')}": use ${known.join(", ")}`);
  return { seconds, targets: positionals.length > 0 ? positionals : known };
}

/** The installed nightly toolchain: only such a one compiles the counters that guide the fuzzer. */
async function nightly() {
  const { output } = await must("rustup", ["toolchain", "list"]);
  const name = output.match(/^nightly\S*/m)?.[0];
  if (name) return name;
  throw new Failure(
    "a fuzzer needs a nightly toolchain: rustup toolchain install nightly --profile minimal\n" +
      "without one, `npm test -- fuzz` runs the same targets over fixed inputs",
  );
}

async function writeSeeds() {
  fs.rmSync(folder("seeds"), { recursive: true, force: true });
  const env = toolEnv({ FUZZ_SEEDS: folder("seeds") });
  await must("cargo", ["test", "--features", "fuzzing", "--test", "fuzz"], { env, label: "cargo test" });
}

/** Answers the folder with the programs. */
async function build(env) {
  const { output } = await must("rustc", ["-vV"], { env });
  const host = output.match(/^host: (.+)$/m)[1];
  await must("cargo", ["fuzz", "build", "--target", host, "--target-dir", folder("target")], {
    env,
    label: "cargo fuzz",
  });
  return folder("target", host, "release");
}

/** Runs `action` for each item, on as many processors as there are. */
async function inParallel(items, action) {
  const waiting = [...items];
  const results = [];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift())
      results.push(await action(item));
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
  return results;
}

/** Fuzzes one target; whether it found nothing. */
async function fuzz(target, programs, seconds) {
  const corpus = folder("corpus", target);
  const found = folder("found", target);
  for (const name of [corpus, found]) fs.mkdirSync(name, { recursive: true });
  const args = [
    corpus,
    folder("seeds", target),
    `-max_total_time=${seconds}`,
    `-max_len=${LONGEST_INPUT}`,
    `-timeout=${SLOWEST_INPUT}`,
    `-rss_limit_mb=${MOST_MEMORY}`,
    `-artifact_prefix=${found}${path.sep}`,
    "-print_final_stats=1",
  ];
  const limits = { label: target, limitSeconds: seconds + GRACE_SECONDS };
  const { code, output } = await run(path.join(programs, target), args, limits);
  const inputs = Number(output.match(/^stat::number_of_executed_units:\s*(\d+)/m)?.[1] ?? 0);
  const edges = output.match(/.* cov: (\d+)/s)?.[1] ?? "no";
  const kept = fs.readdirSync(corpus).length;
  const figures = `${inputs.toLocaleString("en")} inputs, ${edges} edges, corpus ${kept}`;
  console.log(`${code === 0 ? "ok  " : "FAIL"}  ${target.padEnd(8)} ${figures}`);
  if (code !== 0) console.log(complaint(target, code, output));
  return code === 0;
}

/** What a failing input broke, and how to see it again. */
function complaint(target, code, output) {
  const file = output.match(/Test unit written to (.+)$/m)?.[1];
  if (!file) return `${output.slice(-4000)}\nended with: ${code}`;
  const why =
    output.match(/^thread '.*' .*panicked at .*\n.*$/m)?.[0] ?? output.match(/^==.*ERROR: .*$/m)?.[0];
  const input = path.relative(root, file);
  const replay = `FUZZ_TARGET=${target} FUZZ_FILE=${input} cargo test --features fuzzing --test fuzz ${target}`;
  return `${why}\ninput: ${input}\nreplay with: ${replay}`;
}
