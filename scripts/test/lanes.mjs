// Every lane of `npm test` in the order it runs: what it starts and how its tests are counted.
import path from "node:path";
import { at } from "../lib/paths.mjs";
import { Failure } from "../lib/run.mjs";
import { filesBelow } from "../lib/stamp.mjs";
import { cargo, check, node } from "./count.mjs";

const WASM32 = ["--target", "wasm32-unknown-unknown"];
const DENY = ["--", "-D", "warnings"];
const TEST_LIMIT = "--test-timeout=300000"; // milliseconds: a hanging test names itself instead of the whole lane
const ENGINES = [
  { engine: "chromium", flag: "--chrome" },
  { engine: "firefox", flag: "--firefox" },
  { engine: "webkit", flag: "--safari" },
];

/** Folders that some lane gives to `node --test`. */
const covered = new Set();

/**
 * `command` is one command line or a function that answers one (and throws a `Failure` when the lane cannot run).
 * `group` names lanes to run together; `display` asks for a screen, `env` adds to the environment.
 */
export const lanes = [
  {
    name: "rustfmt",
    group: "lint",
    count: check,
    command: ["cargo", "fmt", "--check", "--", "--color=never"],
  },
  { name: "clippy", group: "lint", count: check, command: ["cargo", "clippy", "--all-targets", ...DENY] },
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
  },
  { name: "cargo test", group: "rust", count: cargo, command: ["cargo", "test", "--no-fail-fast"] },
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
  { name: "js", group: "js", count: node, command: nodeTests("tests/js", "--import", "tsx") },
  { name: "size", group: "package", count: check, command: script("size") },
  { name: "api", group: "package", count: check, command: script("api", "--check") },
  { name: "packaging", group: "package", count: node, command: nodeTests("tests/packaging") },
  { name: "demo", group: "demo", count: node, command: nodeTests("tests/demo") },
  ...ENGINES.map(({ engine }) => ({
    name: `e2e ${engine}`,
    group: "e2e",
    count: node,
    command: nodeTests("tests/e2e", "--test-concurrency=1"),
    env: { WASMQTT_ENGINE: engine },
  })),
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

/** The lanes that some words select: names, groups, or the first word of a name; all of them without a word. */
export function select(words) {
  const matches = (lane, word) =>
    [lane.name, lane.name.replaceAll(" ", "-"), lane.group, lane.name.split(" ")[0]].includes(word);
  const unknown = words.filter((word) => !lanes.some((lane) => matches(lane, word)));
  if (unknown.length > 0) {
    throw new Failure(
      `no lane "${unknown.join('", "')}". Lanes: ${lanes.map(({ name }) => name).join(", ")}`,
    );
  }
  const forgotten = testFiles("tests").filter(
    (file) => ![...covered].some((folder) => file.startsWith(`${folder}/`)),
  );
  if (forgotten.length > 0)
    throw new Failure(`no lane runs ${forgotten.join(", ")}: add one to scripts/test/lanes.mjs`);
  return words.length === 0 ? lanes : lanes.filter((lane) => words.some((word) => matches(lane, word)));
}
