// js/src, js/generated and pkg-template → pkg/, the folder that is published.
import fs from "node:fs";
import path from "node:path";
import { at, root } from "../lib/paths.mjs";
import { Failure, step } from "../lib/run.mjs";
import { whenChanged } from "../lib/stamp.mjs";
import { bundle } from "./bundle.mjs";
import { bundleJs, bundleMiniprogram } from "./flavours.mjs";
import { emitTypes } from "./types.mjs";

const WASM = ["wasmqtt_bg.wasm", "wasmqtt_light.wasm"];
const LICENSES = fs.readdirSync(root).filter((name) => name.startsWith("LICENSE"));
const INPUTS = [
  "js/src",
  "js/generated",
  "js/tsconfig.json",
  "pkg-template",
  "scripts/build",
  "package-lock.json",
];

/** Bundles the entries, emits their declarations and assembles the package, when something changed. */
export function buildPackage() {
  const change = { inputs: [...INPUTS, ...LICENSES, "Cargo.toml"], outputs: ["pkg"] };
  return whenChanged("package", change, () => step("npm package (esbuild, tsc)", assemble));
}

async function assemble() {
  const folder = at(".pkg");
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(at("pkg-template"), folder, { recursive: true });
  for (const name of LICENSES) fs.copyFileSync(at(name), path.join(folder, name));
  for (const name of WASM) fs.copyFileSync(at("js", "generated", name), path.join(folder, name));
  fs.copyFileSync(at("js", "generated", "portable.wasm"), path.join(folder, "miniprogram", "wasmqtt.wasm"));

  const manifest = writeManifest(path.join(folder, "package.json"));
  const entries = entryPoints(manifest);
  // What needs no client gets no chunk that clients would have to load too.
  const { inspect, js, worker, ...clients } = entries;
  const miniprogram = { miniprogram: at("js", "src", "entry", "miniprogram.ts") };
  const copied = path.join(folder, "miniprogram_dist");
  await Promise.all([
    bundleForWeb(clients, folder),
    bundleForWeb({ inspect }, folder),
    bundleForWeb({ worker }, folder), // one file, so that a worker begins with one request
    bundleJs("js", js, folder),
    bundleMiniprogram(miniprogram.miniprogram, copied),
    emitTypes([entries, path.join(folder, "types")], [miniprogram, path.join(copied, "types")]),
  ]);
  checkTargets(manifest, folder);

  // Swapped in at the end: whoever reads pkg/ meanwhile sees the old package or the new one, never half of one.
  fs.rmSync(at("pkg"), { recursive: true, force: true });
  fs.renameSync(folder, at("pkg"));
}

/** The template has no version: Cargo.toml is the one place that names it. */
function writeManifest(file) {
  const { name, ...rest } = JSON.parse(fs.readFileSync(file, "utf8"));
  const version = fs.readFileSync(at("Cargo.toml"), "utf8").match(/^version = "(.+)"$/m)[1];
  const manifest = { name, version, ...rest };
  fs.writeFileSync(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

/** Output name → source file, for every ES module the exports map promises. */
function entryPoints({ exports }) {
  const outputs = Object.values(exports).flatMap((target) => target.default?.match(/^\.\/[\w-]+\.js$/) ?? []);
  return Object.fromEntries(
    outputs.map((output) => {
      const name = path.basename(output, ".js");
      const source = [`${name}.ts`, `entry/${name}.ts`]
        .map((file) => at("js", "src", file))
        .find((file) => fs.existsSync(file));
      if (!source)
        throw new Failure(`pkg-template/package.json exports ${output}, but js/src has no ${name}.ts`);
      return [name, source];
    }),
  );
}

/**
 * One file per entry, what they share in chunks beside them. Everything lies in one folder, so that
 * `new URL("./wasmqtt_light.wasm", import.meta.url)` is right wherever it ends up.
 */
function bundleForWeb(entryPoints, outdir) {
  return bundle({
    entryPoints,
    outdir,
    splitting: true,
    chunkNames: "[name]-[hash]",
    format: "esm",
    target: "es2022",
    sourcemap: true,
  });
}

/** Everything the manifest points at must be there. */
function checkTargets({ exports }, folder) {
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  const absent = targets.filter((target) => !fs.existsSync(path.join(folder, target)));
  if (absent.length > 0) {
    throw new Failure(`pkg-template/package.json exports files that were not built: ${absent.join(", ")}`);
  }
}
