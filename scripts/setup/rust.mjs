// The Rust toolchain that rust-toolchain.toml pins, with its wasm32 target.
import fs from "node:fs";
import path from "node:path";
import { at } from "../lib/paths.mjs";
import { Failure, must, step } from "../lib/run.mjs";
import { which } from "../lib/which.mjs";

const TARGET = "wasm32-unknown-unknown";

/** Installs the pinned toolchain and what it lacks, through rustup. */
export async function rustToolchain() {
  const channel = fs.readFileSync(at("rust-toolchain.toml"), "utf8").match(/^channel = "(.+)"$/m)[1];
  if (complete(channel)) return undefined;
  if (!which("rustup"))
    throw new Failure("rustup is missing: install it from https://rustup.rs and open a new terminal");
  const wanted = [
    "--profile",
    "minimal",
    "--component",
    "rustfmt",
    "--component",
    "clippy",
    "--target",
    TARGET,
  ];
  return () =>
    step(`Rust ${channel} with ${TARGET}`, () =>
      must("rustup", ["toolchain", "install", channel, "--no-self-update", ...wanted], { label: "rustup" }),
    );
}

/** Looks at rustup's own list of installed parts: asking rustup itself would take longer than all else together. */
function complete(channel) {
  const home = process.env.RUSTUP_HOME ?? path.join(process.env.HOME ?? "", ".rustup");
  const folder = path.join(home, "toolchains");
  const name =
    fs.existsSync(folder) && fs.readdirSync(folder).find((entry) => entry.startsWith(`${channel}-`));
  if (!name) return false;
  const list = path.join(folder, name, "lib", "rustlib", "components");
  const components = fs.existsSync(list) ? fs.readFileSync(list, "utf8") : "";
  return [`rust-std-${TARGET}`, "rustfmt-", "clippy-"].every((part) => components.includes(part));
}
