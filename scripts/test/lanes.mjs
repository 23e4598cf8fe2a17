// Every lane of `npm test` in the order it runs: what it starts and how its tests are counted.
import path from "node:path";
import { at } from "../lib/paths.mjs";
import { Failure } from "../lib/run.mjs";
import { filesBelow } from "../lib/stamp.mjs";
import { cargo, check, node } from "./count.mjs";

const WASM32 = ["--target", "wasm32-unknown-unknown"];
const DENY = ["--", "-D", "warnings"];
const TEST_LIMIT = "--test-timeout=780000"; // milliseconds for a file: below the limit of a lane, so that node reports
const ENGINES = [
  { engine: "chromium", flag: "--chrome" },
  { engine: "firefox", flag: "--firefox" },
  { engine: "webkit", flag: "--safari" },
];

/** Of the benchmark's scenarios one of each kind that takes no long. */
const MEASURED = [
  "receive-16",
  "receive-qos2",
  "publish-256",
  "publish-qos1",
  "routes-exact",
  "offline-qos1",
  "latency",
  "start",
];

/** Folders that some lane gives to `node --test`. */
const covered = new Set();

/**
 * `command` is one command line or a function that answers one (and throws a `Failure` when the lane cannot run).
 * `group` names lanes to run together; `built` asks for the lane "build" before, `display` for a screen; `env` adds to
 * the environment; a `patient` lane leaves the processor to another one most of the time.
 */
export const lanes = [
  {
    name: "rustfmt",
    group: "lint",
    count: check,
    command: ["cargo", "fmt", "--check", "--", "--color=never"],
  },
  {
    name: "clippy",
    group: "lint",
    count: check,
    command: ["cargo", "clippy", "--all-targets", "--all-features", ...DENY],
  },
  {
    name: "clippy wasm32",
    group: "lint",
    count: check,
    command: ["cargo", "clippy", ...WASM32, "--lib", "--test", "web", ...DENY],
  },
  {
    name: "biome",
    group: "lint",
    count: check,
    command: ["biome", "ci", "--colors=off", "--error-on-warnings"],
  },
  { name: "lock file", group: "lint", count: check, command: ["npm", "ci", "--dry-run"] },
  { name: "boundary", group: "lint", count: check, command: script("boundary") },
  { name: "build", group: "build", count: check, command: script("build") },
  {
    name: "tsc",
    group: "lint",
    count: check,
    command: ["tsc", "--project", "js/tsconfig.json", "--noEmit"],
    built: true,
  },
  { name: "cargo test", group: "rust", count: cargo, command: ["cargo", "test", "--no-fail-fast"] },
  {
    name: "fuzz",
    group: "rust",
    count: cargo,
    command: ["cargo", "test", "--features", "fuzzing", "--test", "fuzz"],
  },
  {
    name: "cargo doc",
    group: "rust",
    count: check,
    command: ["cargo", "doc", "--no-deps", "--document-private-items"],
    env: { RUSTDOCFLAGS: "-D warnings" },
  },
  ...ENGINES.map(({ engine, flag }) => ({
    name: `wasm ${engine}`,
    group: "wasm",
    count: cargo,
    command: ["wasm-pack", "test", "--headless", flag, "--", "--test", "web"],
    display: engine === "webkit",
    env: { WASM_BINDGEN_TEST_TIMEOUT: "120" },
  })),
  { name: "js", group: "js", count: node, command: nodeTests("tests/js", "--import", "tsx"), built: true },
  {
    name: "engines",
    group: "engines",
    count: node,
    command: nodeTests("tests/engines", "--import", "tsx"),
    built: true,
  },
  { name: "size", group: "package", count: check, command: script("size") },
  { name: "api", group: "package", count: check, command: script("api", "--check") },
  { name: "packaging", group: "package", count: node, command: nodeTests("tests/packaging"), built: true },
  {
    name: "miniprogram",
    group: "miniprogram",
    count: node,
    command: nodeTests("tests/miniprogram"),
    built: true,
  },
  {
    name: "bench",
    group: "bench",
    count: check,
    command: script("bench", "--check", "--clients", "ours", ...MEASURED),
    built: true,
  },
  { name: "demo", group: "demo", count: node, command: nodeTests("tests/demo"), built: true },
  { name: "deploy", group: "deploy", count: node, command: nodeTests("tests/deploy") },
  ...ENGINES.map(({ engine }) => ({
    name: `e2e ${engine}`,
    group: "e2e",
    count: node,
    command: nodeTests("tests/e2e", "--test-concurrency=1"),
    built: true,
    patient: true,
    env: { WASMQTT_ENGINE: engine },
  })),
  {
    name: "e2e chromium worker",
    group: "e2e",
    count: node,
    command: ["node", "--test", "--test-reporter=spec", TEST_LIMIT, "tests/e2e/client.test.mjs"],
    built: true,
    patient: true,
    env: { WASMQTT_ENGINE: "chromium", WASMQTT_MODE: "worker" },
  },
];

function script(name, ...args) {
  return ["node", `scripts/${name}.mjs`, ...args];
}

/** `node --test` over a folder; every file is named, because Node 20 does not expand patterns. */
function nodeTests(folder, ...flags) {
  covered.add(folder);
  return () => {
    const files = testFiles(folder);
    if (files.length === 0) throw new Failure(`${folder} has no *.test.ts, *.test.mjs or *.test.js file`);
    return ["node", ...flags, "--test", "--test-reporter=spec", TEST_LIMIT, ...files];
  };
}

function testFiles(folder) {
  const files = filesBelow(at(folder)).map((file) => path.relative(at(), file));
  return files.filter((file) => /\.test\.(ts|mjs|js)$/.test(file) && !file.includes("node_modules"));
}

/**
 * The lanes that some words select: names, groups, or the first word of a name; all of them without a word. The lane
 * "build" comes along when one of them needs it.
 */
export function select(words) {
  const names = ({ name, group }) => [name, name.replaceAll(" ", "-"), name.split(" ")[0], group];
  const unknown = words.filter((word) => !lanes.some((lane) => names(lane).includes(word)));
  if (unknown.length > 0) {
    throw new Failure(
      `no lane "${unknown.join('", "')}". Lanes: ${lanes.map(({ name }) => name).join(", ")}`,
    );
  }
  const selected = (lane) => words.length === 0 || names(lane).some((name) => words.includes(name));
  const build = lanes.some((lane) => lane.built && selected(lane));
  return lanes.filter((lane) => selected(lane) || (build && lane.name === "build"));
}

/** Fails when a test file lies where no lane looks. */
export function checkCoverage() {
  const looked = (file) => [...covered].some((folder) => file.startsWith(`${folder}/`));
  const forgotten = testFiles("tests").filter((file) => !looked(file));
  if (forgotten.length > 0) {
    throw new Failure(`no lane runs ${forgotten.join(", ")}: add one to scripts/test/lanes.mjs`);
  }
}
