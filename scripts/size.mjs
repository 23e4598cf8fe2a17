// `npm run size`: what the user of each entry downloads, held against size-budget.json. With `--functions` where the bytes
// of the module come from.
import fs from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "./build.mjs";
import { APART, APPLICATION, RENEWAL, ROTATION, STORE } from "./lib/bundling.mjs";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { whereBytesAre } from "./size/functions.mjs";

const COLUMNS = ["raw", "gzip", "brotli"];
/** What only some clients load, by the name of its budget. */
const PARTS = {
  store: { what: "a store", files: STORE },
  worker: { what: "a worker", files: APART },
  credentials: { what: "credentials", files: RENEWAL },
  rotation: { what: "several URLs", files: ROTATION },
};

try {
  await build();
  await (process.argv.includes("--functions") ? breakDown() : report());
} catch (error) {
  exitWith(error);
}

async function report() {
  const { exports } = JSON.parse(fs.readFileSync(at("pkg", "package.json"), "utf8"));
  const { entries: budget, ...partBudgets } = JSON.parse(fs.readFileSync(at("size-budget.json"), "utf8"));
  const entries = Object.keys(exports).filter((name) => exports[name].default?.match(/^\.\/[\w-]+\.js$/));
  const module = (name) => sizes(fs.readFileSync(at("pkg", name)));
  const problems = entries.filter((name) => !budget[name]).map((name) => `${name} has no budget`);

  const rows = [];
  for (const [name, { imports, wasm, brotli }] of Object.entries(budget)) {
    const { code, parts } = await javascript(name, imports);
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
    for (const column of COLUMNS) parts.store[column] += whole[column] - fetched[column];
    for (const [part, { what }] of Object.entries(PARTS)) {
      const [size, most] = [parts[part], partBudgets[part]];
      if (size.brotli > most) problems.push(`${what} is ${size.brotli - most} bytes over its budget`);
      rows.push(["", `with ${what}, more`, ...cells(size), `${most}`]);
    }
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
  const total = (files) => sum(files.map(({ contents }) => sizes(contents)));
  const parts = Object.entries(PARTS).map(([part, { files }]) => [
    part,
    outputFiles.filter(comesFrom(files)),
  ]);
  const apart = parts.flatMap(([, files]) => files);
  return {
    code: total(outputFiles.filter((file) => !apart.includes(file))),
    parts: Object.fromEntries(parts.map(([part, files]) => [part, total(files)])),
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
