// The engine in its forms, each as the package carries it.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Glue } from "../../../js/src/boundary.js";
import { instantiate } from "../../../js/src/glue.js";
import { at } from "../../../scripts/lib/paths.mjs";

export interface Flavour {
  readonly name: "web" | "light" | "wasm" | "js";
  readonly glue: Glue;
}

/** What mini-programs lack. The engines are bundled with stand-ins, and come to life where there is nothing else. */
const MISSING = [
  "TextDecoder",
  "TextEncoder",
  "performance",
  "queueMicrotask",
  "FinalizationRegistry",
  "WebSocket",
];

const generated = (name: string) => at("js", "generated", name);

/** The web's module, and the one for clients without store and authentication. */
export async function webFlavours(): Promise<Flavour[]> {
  const load = async (file: string) =>
    instantiate(await WebAssembly.compile(fs.readFileSync(generated(file))));
  return [
    { name: "web", glue: await load("wasmqtt_bg.wasm") },
    { name: "light", glue: await load("wasmqtt_light.wasm") },
  ];
}

/** The module of the first WebAssembly, and the translation of that: new ones with each call. */
export async function portableFlavours(): Promise<Flavour[]> {
  const read = { instantiate: (file: string, imports: WebAssembly.Imports) => fromFile(file, imports) };
  const wasm = await (await portable("wasm")).wasmEngine(read, generated("portable.wasm"));
  const { translatedEngine, translated } = await portable("js");
  return [
    { name: "wasm", glue: wasm },
    { name: "js", glue: translatedEngine(translated) },
  ];
}

async function fromFile(file: string, imports: WebAssembly.Imports): Promise<WebAssembly.Instance> {
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(file), imports);
  return instance;
}

type Portable = typeof import("../../../js/src/engines/portable.js") & {
  translated: import("../../../js/src/engines/portable.js").Translated;
};

let copies = 0;

/** A copy of the glue of its own: one has one engine. */
async function portable(name: string): Promise<Portable> {
  const outfile = at(".work", "engines", `${name}-${process.pid}-${copies++}.mjs`);
  const contents = `export * from "./engines/portable.js"; export { default as translated } from "../generated/translated.js";`;
  await build({
    stdin: { contents, resolveDir: at("js", "src"), loader: "ts" },
    outfile,
    bundle: true,
    format: "esm",
    target: "es2017",
    inject: [at("js", "src", "engines", "standins.ts")],
    logLevel: "error",
  });
  const hidden = MISSING.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  try {
    for (const [name] of hidden) Reflect.deleteProperty(globalThis, name);
    return await import(pathToFileURL(path.resolve(outfile)).href);
  } finally {
    for (const [name, descriptor] of hidden) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    }
    fs.rmSync(outfile);
  }
}
