// The bundles for places without a modern WebAssembly: `wasmqtt/js` for browsers and React Native, and miniprogram_dist,
// the folder that the npm builders of mini-programs copy as it is.
import fs from "node:fs";
import path from "node:path";
import { brotliCompressSync } from "node:zlib";
import { at } from "../lib/paths.mjs";
import { bundle } from "./bundle.mjs";

const ENGINE = "engine-js.js";
const MODULE = "wasmqtt.wasm";
const source = (...parts) => at("js", "src", ...parts);
const STANDINS = [source("engines", "standins.ts")];
/** What mini-programs lack besides: all that belongs to a page. */
const SCOPE = [source("miniprogram", "scope.ts")];

/** `wasmqtt/js`: `name.js` of `input`, with the engine in a file of its own. */
export async function bundleJs(name, input, folder) {
  await Promise.all([
    bundle({
      entryPoints: { [name]: input },
      outdir: folder,
      splitting: true,
      chunkNames: "[name]-[hash]",
      format: "esm",
      target: "es2022",
      sourcemap: true,
      inject: STANDINS,
      plugins: [engineBeside],
    }),
    bundleEngine(folder, "esm"),
  ]);
}

/** miniprogram_dist: CommonJS in the words of ES2017, the newest that the npm builder of WeChat reads. */
export async function bundleMiniprogram(input, folder) {
  fs.mkdirSync(folder, { recursive: true });
  const write = (name, content) => fs.writeFileSync(path.join(folder, name), content);
  write("package.json", `${JSON.stringify({ type: "commonjs" })}\n`);
  write("index.d.ts", 'export * from "./types/entry/miniprogram.js";\n');
  // So that `require("wasmqtt/miniprogram")` means the same with and without the npm builder.
  write("miniprogram.js", 'module.exports = require("./index.js");\n');
  write(`${MODULE}.br`, brotliCompressSync(fs.readFileSync(at("js", "generated", "portable.wasm"))));
  await Promise.all([
    bundle({
      entryPoints: { index: input },
      outdir: folder,
      format: "cjs",
      target: "es2017",
      minify: true,
      inject: [...STANDINS, ...SCOPE],
      plugins: [engineBeside, withoutIndexedDb, plainFields],
    }),
    bundleEngine(folder, "cjs"),
  ]);
}

function bundleEngine(folder, format) {
  return bundle({
    entryPoints: [at("js", "generated", "translated.js")],
    outfile: path.join(folder, ENGINE),
    format,
    target: "es2017",
    minify: true,
  });
}

/** The translated engine is as large as all the rest: it stays a file of its own, which is read when it is needed. */
const engineBeside = {
  name: "engine-beside",
  setup({ onResolve }) {
    const beside = () => ({ path: `./${ENGINE}`, external: true });
    onResolve({ filter: /\/generated\/translated\.js$/ }, beside);
    onResolve({ filter: new RegExp(`^\\./${ENGINE}$`) }, beside);
  },
};

/** Mini-programs have another storage, which their clients bring along themselves. */
const withoutIndexedDb = {
  name: "without-indexeddb",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/indexeddb\.js$/ }, ({ path: file }) => ({ path: file, namespace: "nothing" }));
    onLoad({ filter: /./, namespace: "nothing" }, () => ({
      contents: "export const IndexedDbStore = undefined;",
    }));
  },
};

/** In ES2017 private fields become WeakMaps, which are large and slow; names that begin with _ are neither. */
const plainFields = {
  name: "plain-fields",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]js[\\/]src[\\/].*\.ts$/ }, ({ path: file }) => ({
      contents: fs.readFileSync(file, "utf8").replace(PRIVATE, "_"),
      loader: "ts",
    }));
  },
};
const PRIVATE = /(?<=\.|^ *(?:(?:readonly|static|async|get|set) +)*\*?)#(?=[a-z])/gm;
