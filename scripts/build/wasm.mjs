// Rust → js/generated: the WebAssembly module, the glue that wasm-bindgen writes for it, and the module as text.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { at, toolEnv } from "../lib/paths.mjs";
import { must, step } from "../lib/run.mjs";
import { whenChanged } from "../lib/stamp.mjs";
import { shortenNames } from "./names.mjs";
import { toText } from "./text.mjs";

const INPUTS = [
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  ".cargo",
  "src",
  "scripts/build/wasm.mjs",
  "scripts/build/features.mjs",
  "scripts/build/fallbacks.mjs",
  "scripts/build/light.mjs",
  "scripts/build/names.mjs",
  "scripts/build/order.mjs",
  "scripts/build/portable.mjs",
  "scripts/build/snip.mjs",
  "scripts/build/text.mjs",
  "scripts/build/translate.mjs",
];
const INSTALLED = [".tools/.crates2.json", "node_modules/binaryen/package.json"]; // a new tool makes a new module
const NAME = "wasmqtt";
/** What code looks like after compression (docs/size.md): uniform is smaller than clever, even where it has more bytes. */
const LLVM = [
  "-max-store-memcpy=1", // values above a word are copied by an instruction, not word by word
  "-enable-pre=false", // what is computed twice stays where it is, and
  "-simplifycfg-sink-common=false", // so does what two branches end with,
  "-simplifycfg-hoist-common=false", // or begin with: wasm-opt knows better
  "-disable-lsr", // a loop counts, and computes addresses from that
];
const OUT = at("js", "generated");
const START = `
interface Started {
  memory: WebAssembly.Memory;
  MqttEngine: typeof MqttEngine;
  decodeProperties: typeof decodeProperties;
}
export default function start(module: WebAssembly.Module): Promise<Started>;
`;

/** Compiles the crate when a source or a tool changed. */
export function buildWasm() {
  const change = { inputs: [...INPUTS, ...INSTALLED], outputs: [".work/wasm", "js/generated"] };
  return whenChanged("wasm", change, () => step("WebAssembly (wasm-pack)", compile));
}

async function compile() {
  const folder = at(".work", "wasm");
  fs.rmSync(folder, { recursive: true, force: true });
  const args = [
    "build",
    "--release",
    "--target",
    "bundler",
    "--no-pack",
    "--out-dir",
    folder,
    "--out-name",
    NAME,
  ];
  await must("wasm-pack", args, { env: toolEnv({ RUSTFLAGS: rustFlags() }), label: "wasm-pack" });

  const made = (name) => path.join(folder, name);
  const out = (name) => path.join(OUT, name);
  fs.rmSync(OUT, { recursive: true, force: true });
  fs.mkdirSync(OUT, { recursive: true });
  const wasm = out(`${NAME}_bg.wasm`);
  const lightWasm = out(`${NAME}_light.wasm`);
  const snipped = made("snipped.wasm");
  const lightSnipped = made("light.wasm");
  // Imported only now: they use an npm package that setup has just installed.
  const { answered } = await import("./light.mjs");
  const { withoutPanicTexts } = await import("./snip.mjs");
  const { orderByLikeness } = await import("./order.mjs");
  const bound = fs.readFileSync(made(`${NAME}_bg.wasm`));
  fs.writeFileSync(snipped, withoutPanicTexts(answered(bound, true)));
  fs.writeFileSync(lightSnipped, withoutPanicTexts(answered(bound, false)));
  const glue = { from: made(`${NAME}_bg.js`), to: out(`${NAME}.js`) };
  const light = [lightSnipped, lightWasm];
  const { buildPortable } = await import("./portable.mjs");
  const portable = buildPortable(NAME, made("portable"), OUT); // beside the rest: wasm-opt takes one processor
  portable.catch(() => {}); // told below
  await shortenNames({ wasm: snipped, glue: glue.from }, { wasm, glue: glue.to }, { light });
  for (const file of [wasm, lightWasm]) fs.writeFileSync(file, orderByLikeness(fs.readFileSync(file)));
  const types = fs.readFileSync(made(`${NAME}.d.ts`), "utf8").replace(/^export /gm, "declare ");
  fs.writeFileSync(out(`${NAME}.d.ts`), types + START);
  fs.writeFileSync(out("inline.js"), `export const text = "${toText(fs.readFileSync(wasm))}";\n`);
  fs.writeFileSync(out("inline.d.ts"), "export declare const text: string;\n");
  await portable;
}

/**
 * The stack lies below everything else: at half of the usual size, addresses are one byte shorter in code.
 * Places of panics are cut out later, but until then: where sources lie on this machine is nobody's business.
 */
function rustFlags() {
  const home = process.env.CARGO_HOME ?? path.join(os.homedir(), ".cargo");
  const flags = [
    "-Clink-arg=-zstack-size=524288",
    `--remap-path-prefix=${path.join(home, "registry", "src")}=`,
    ...LLVM.map((option) => `-Cllvm-args=${option}`),
  ];
  return [process.env.RUSTFLAGS, ...flags].filter(Boolean).join(" ");
}
