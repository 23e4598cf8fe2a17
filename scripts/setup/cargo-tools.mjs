// Command line tools built by cargo into .tools/bin, beside whatever the machine has of its own.
import fs from "node:fs";
import { at, tools } from "../lib/paths.mjs";
import { must, run, step } from "../lib/run.mjs";

/** `wasm-bindgen-cli` must be of exactly the version the crate is linked with. */
const TOOLS = [
  { name: "wasm-pack", version: () => "0.15.1", flags: [], group: "build" },
  { name: "wasm-bindgen-cli", version: lockedWasmBindgen, flags: ["--no-default-features"], group: "build" },
  { name: "geckodriver", version: () => "0.37.1", flags: [], group: "test" },
  { name: "cargo-llvm-cov", version: () => "0.9.1", flags: [], group: "coverage" },
  { name: "cargo-mutants", version: () => "27.1.0", flags: [], group: "mutants" },
  { name: "cargo-fuzz", version: () => "0.13.1", flags: [], group: "fuzz" },
];

// The tools run for seconds at most: compiling them quickly is worth more than making them fast.
const QUICK_BUILD = {
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
  CARGO_TARGET_DIR: at(".tools", "build"), // shared, so that common dependencies are compiled once
};

/** Answers a setup part that installs the tools of some groups. */
export const cargoTools =
  (...groups) =>
  async () => {
    const present = installed();
    const missing = TOOLS.filter(
      (tool) => groups.includes(tool.group) && !present.has(`${tool.name} ${tool.version()}`),
    );
    if (missing.length === 0) return undefined;
    return async () => {
      for (const tool of missing)
        await step(`${tool.name} ${tool.version()} (compiles, about a minute)`, () => install(tool));
      fs.rmSync(QUICK_BUILD.CARGO_TARGET_DIR, { recursive: true, force: true });
    };
  };

/** With the versions its authors tested; where a registry no longer has one of those, with the newest that fit. */
async function install({ name, version, flags }) {
  const args = ["install", name, "--version", version(), "--root", tools, "--force", ...flags];
  const options = { env: { ...process.env, ...QUICK_BUILD }, label: name };
  const locked = await run("cargo", [...args, "--locked"], options);
  if (locked.code !== 0) await must("cargo", args, options);
}

/** `name version` of everything cargo has installed into .tools. */
function installed() {
  const list = at(".tools", ".crates2.json");
  if (!fs.existsSync(list)) return new Set();
  const { installs } = JSON.parse(fs.readFileSync(list, "utf8"));
  return new Set(Object.keys(installs).map((id) => id.split(" ").slice(0, 2).join(" ")));
}

function lockedWasmBindgen() {
  return fs.readFileSync(at("Cargo.lock"), "utf8").match(/^name = "wasm-bindgen"\nversion = "(.+)"$/m)[1];
}
