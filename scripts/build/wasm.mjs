// Rust → js/generated: the WebAssembly module, the glue that wasm-bindgen writes for it, and the module as text.
import fs from "node:fs";
import path from "node:path";
import { at, toolEnv } from "../lib/paths.mjs";
import { must, step } from "../lib/run.mjs";
import { whenChanged } from "../lib/stamp.mjs";

const INPUTS = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo", "src", "scripts/build/wasm.mjs"];
const INSTALLED = [".tools/.crates2.json", "node_modules/binaryen/package.json"]; // a new tool makes a new module
const NAME = "wasmqtt";
const OUT = at("js", "generated");

/** Compiles the crate when a source or a tool changed. */
export function buildWasm() {
  const change = { inputs: [...INPUTS, ...INSTALLED], outputs: ["js/generated"] };
  return whenChanged("wasm", change, () => step("WebAssembly (wasm-pack)", compile));
}

async function compile() {
  const folder = at(".work", "wasm");
  fs.rmSync(folder, { recursive: true, force: true });
  const args = [
    "build",
    "--release",
    "--target",
    "web",
    "--no-pack",
    "--out-dir",
    folder,
    "--out-name",
    NAME,
  ];
  await must("wasm-pack", args, { env: toolEnv(), label: "wasm-pack" });

  fs.mkdirSync(OUT, { recursive: true });
  for (const name of [`${NAME}.js`, `${NAME}.d.ts`, `${NAME}_bg.wasm`, `${NAME}_bg.wasm.d.ts`]) {
    fs.copyFileSync(path.join(folder, name), path.join(OUT, name));
  }
  const base64 = fs.readFileSync(path.join(folder, `${NAME}_bg.wasm`), "base64");
  fs.writeFileSync(path.join(OUT, "inline.js"), `export const base64 = "${base64}";\n`);
  fs.writeFileSync(path.join(OUT, "inline.d.ts"), "export declare const base64: string;\n");
}
