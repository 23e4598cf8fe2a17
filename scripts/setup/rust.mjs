// The Rust toolchain that rust-toolchain.toml pins, with its wasm32 target.
import fs from "node:fs";
import path from "node:path";
import { at } from "../lib/paths.mjs";
import { Failure, must, run, step } from "../lib/run.mjs";
import { which } from "../lib/which.mjs";

const TARGET = "wasm32-unknown-unknown";

/** Installs the pinned toolchain and what it lacks, through rustup. */
export async function rustToolchain() {
  const channel = pinned();
  if (has(channel, `rust-std-${TARGET}`, "rustfmt-", "clippy-")) return undefined;
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

/** What reads coverage data, of the same LLVM as the compiler that wrote it. */
export async function llvmTools() {
  const channel = pinned();
  if (has(channel, "llvm-tools-") || (process.env.LLVM_COV && process.env.LLVM_PROFDATA)) return undefined;
  const args = ["component", "add", "llvm-tools", "--toolchain", channel];
  return () =>
    step(`llvm-tools for Rust ${channel}`, async () => {
      if (which("rustup") && (await run("rustup", args, { label: "rustup" })).code === 0) return;
      throw new Failure(
        `llvm-tools cannot be installed: run "rustup ${args.join(" ")}", or set LLVM_COV and LLVM_PROFDATA to those of rustc's LLVM`,
      );
    });
}

function pinned() {
  return fs.readFileSync(at("rust-toolchain.toml"), "utf8").match(/^channel = "(.+)"$/m)[1];
}

/** Looks at rustup's own list of installed parts: asking rustup itself would take longer than all else together. */
function has(channel, ...parts) {
  const home = process.env.RUSTUP_HOME ?? path.join(process.env.HOME ?? "", ".rustup");
  const folder = path.join(home, "toolchains");
  const name =
    fs.existsSync(folder) && fs.readdirSync(folder).find((entry) => entry.startsWith(`${channel}-`));
  if (!name) return false;
  const list = path.join(folder, name, "lib", "rustlib", "components");
  const components = fs.existsSync(list) ? fs.readFileSync(list, "utf8") : "";
  return parts.every((part) => components.includes(part));
}
