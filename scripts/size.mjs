// `npm run size`: what the user of each entry downloads, held against size-budget.json. With `--functions` where the bytes
// of the module come from.
import fs from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { APART, APPLICATION, RENEWAL, STORE } from "./lib/bundling.mjs";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { whereBytesAre } from "./size/functions.mjs";

const COLUMNS = ["raw", "gzip", "brotli"];

try {
  await build();
  await (process.argv.includes("--functions") ? breakDown() : report());
} catch (error) {
  exitWith(error);
}

async function report() {
  const { exports } = JSON.parse(fs.readFileSync(at("pkg", "package.json"), "utf8"));
  const {
    entries: budget,
    store,
    worker,
    credentials,
  } = JSON.parse(fs.readFileSync(at("size-budget.json"), "utf8"));
  const entries = Object.keys(exports).filter((name) => exports[name].default?.match(/^\.\/[\w-]+\.js$/));
  const module = (name) => sizes(fs.readFileSync(at("pkg", name)));
  const problems = entries.filter((name) => !budget[name]).map((name) => `${name} has no budget`);

  const rows = [];
  for (const [name, { imports, wasm, brotli }] of Object.entries(budget)) {
    const { entry: code, store: stored, worker: apart, credentials: asked } = await javascript(name, imports);
    const fetched = wasm && module(wasm);
    const total = fetched ? sum([code, fetched]) : code;
    if (total.brotli > brotli) problems.push(`${name} is ${total.brotli - brotli} bytes over its budget`);
    rows.push([`wasmqtt${name.slice(1)}`, "JavaScript", ...cells(code), ""]);
    if (fetched) rows.push(["", "WebAssembly", ...cells(fetched), ""]);
    rows.push([
      "",
      "together",
      ...cells(total),
      `${brotli} (${Math.round((100 * total.brotli) / brotli)} %)`,
    ]);
    if (name !== ".") continue;
    const whole = module("wasmqtt_bg.wasm"); // instead of the light one
    const more = Object.fromEntries(
      COLUMNS.map((name) => [name, stored[name] + whole[name] - fetched[name]]),
    );
    if (more.brotli > store) problems.push(`the store is ${more.brotli - store} bytes over its budget`);
    if (apart.brotli > worker) problems.push(`worker is ${apart.brotli - worker} bytes over its budget`);
    if (asked.brotli > credentials)
      problems.push(`the code for credentials is ${asked.brotli - credentials} bytes over its budget`);
    rows.push(["", "with a store, more", ...cells(more), `${store}`]);
    rows.push(["", "with a worker, more", ...cells(apart), `${worker}`]);
    rows.push(["", "with credentials, more", ...cells(asked), `${credentials}`]);
  }
  print(["import", "bytes", ...COLUMNS, "budget"], rows);
  if (problems.length > 0) throw new Failure(`size-budget.json: ${problems.join("; ")}`);
}

async function breakDown() {
  for (const [table, rows] of Object.entries(await whereBytesAre())) {
    const cells = rows.map(([name, bytes, count]) => [name, count ? `× ${count}` : "", String(bytes)]);
    print([table, "", "bytes"], cells);
    console.log();
  }
}

/** Sizes of the files that a bundler makes of an application with this one import, apart from those that only some clients load. */
async function javascript(entry, imports) {
  const esbuild = await import("esbuild");
  const folder = at(".work", "size");
  const link = path.join(folder, "node_modules", "wasmqtt");
  fs.mkdirSync(path.dirname(link), { recursive: true });
  fs.rmSync(link, { force: true });
  fs.symlinkSync(at("pkg"), link);
  const { outputFiles, metafile } = await esbuild.build({
    // A worker's script exports nothing.
    stdin: {
      contents: `${imports ? `export { ${imports} } from` : "import"} "wasmqtt${entry.slice(1)}";`,
      resolveDir: folder,
    },
    outdir: folder,
    ...APPLICATION,
    write: false,
    metafile: true,
    absWorkingDir: at(),
  });
  const comesFrom =
    (pattern) =>
    ({ path: file }) =>
      Object.keys(metafile.outputs[path.relative(at(), file)].inputs).some((input) => pattern.test(input));
  const [isStore, isApart, isRenewal] = [STORE, APART, RENEWAL].map(comesFrom);
  const total = (files) => sum(files.map(({ contents }) => sizes(contents)));
  return {
    entry: total(outputFiles.filter((file) => ![isStore, isApart, isRenewal].some((is) => is(file)))),
    store: total(outputFiles.filter(isStore)),
    worker: total(outputFiles.filter(isApart)),
    credentials: total(outputFiles.filter(isRenewal)),
  };
}

/** Each file is downloaded, and so compressed, by itself. */
function sizes(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return {
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes, { params }).length,
  };
}

function sum(parts) {
  return Object.fromEntries(
    COLUMNS.map((name) => [name, parts.reduce((total, part) => total + part[name], 0)]),
  );
}

function cells(size) {
  return COLUMNS.map((name) => String(size[name]));
}

function print(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const left = (column) => column < 2;
  for (const row of [head, ...rows]) {
    const line = row
      .map((cell, i) => (left(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ");
    console.log(line.trimEnd());
  }
}
