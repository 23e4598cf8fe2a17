import { cp, mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Failure } from "../scripts/lib/run.mjs";

const PAGE_FOLDER = fileURLToPath(new URL(".", import.meta.url));
const PACKAGE_FOLDER = fileURLToPath(new URL("../pkg", import.meta.url));
const PAGE_PARTS = ["index.html", "css", "src"];
/** What `src/library.js` imports of the package. */
const ENTRIES = ["index.js", "diagnose.js", "inspect.js"];
const WASM = ["wasmqtt_bg.wasm", "wasmqtt_light.wasm"];

/**
 * Copies the page and the part of the built package it uses into one folder that any HTTPS host can serve.
 *
 * @param {object} [options]
 * @param {string} [options.packageFolder] the built package, default pkg/
 * @param {string} [options.out] default www-demo/dist/; emptied first
 * @returns {Promise<string>} the folder
 */
export async function buildDemo({
  packageFolder = PACKAGE_FOLDER,
  out = path.join(PAGE_FOLDER, "dist"),
} = {}) {
  const parts = [...(await modulesBehind(packageFolder, ENTRIES)), ...WASM];
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  for (const name of PAGE_PARTS)
    await cp(path.join(PAGE_FOLDER, name), path.join(out, name), { recursive: true });
  for (const name of parts) await cp(path.join(packageFolder, name), path.join(out, "pkg", name));
  return out;
}

/** The file names of modules and everything they import, as esbuild finds them. */
async function modulesBehind(folder, entries) {
  const files = entries.map((entry) => path.join(folder, entry));
  for (const file of files) {
    if (await stat(file).catch(() => undefined)) continue;
    throw new Failure(`${file} is not there: run "npm run build" first.`);
  }
  const { metafile } = await build({
    entryPoints: files,
    absWorkingDir: path.resolve(folder),
    outdir: ".",
    bundle: true,
    splitting: true,
    format: "esm",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  return Object.keys(metafile.inputs);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === path.resolve(process.argv[1])) {
  console.log(`Ready to host: ${path.relative(process.cwd(), await buildDemo())}`);
}
