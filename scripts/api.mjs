// `npm run api`: refreshes the snapshots in js/etc. With `--check` it compares them and changes nothing.
//   <entry>.api.md   what each entry of the package exports, as API Extractor reports it
//   boundary.d.ts    what the WebAssembly module exports to TypeScript, as wasm-bindgen declares it
//   boundary.txt     every import and export of the WebAssembly module
import fs from "node:fs";
import path from "node:path";
import { build } from "./build.mjs";
import { showDiff } from "./lib/diff.mjs";
import { at } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { wasmSurface } from "./lib/wasm-surface.mjs";

/** Stands in for `Symbol.asyncDispose`, under that type, where a browser has none: nobody has to name it. */
const INTERNAL = "asyncDispose";
const SNAPSHOTS = at("js", "etc");

try {
  await build();
  const fresh = new Map(await reports());
  fresh.set("boundary.d.ts", fs.readFileSync(at(".work", "wasm", "wasmqtt.d.ts"), "utf8"));
  fresh.set("boundary.txt", await wasmSurface(fs.readFileSync(at(".work", "wasm", "wasmqtt_bg.wasm"))));
  if (process.argv.includes("--check")) await check(fresh);
  else refresh(fresh);
} catch (error) {
  exitWith(error);
}

/** `[file name, text]` for each entry of the package that has types. */
async function reports() {
  const { exports } = JSON.parse(fs.readFileSync(at("pkg", "package.json"), "utf8"));
  const entries = Object.entries(exports).filter(([, target]) => target.types);
  const extractor = await import("@microsoft/api-extractor");
  return entries.map(([entry, { types }]) => {
    const name = entry === "." ? "public" : entry.slice(2);
    return [`${name}.api.md`, report(extractor, name, at("pkg", types))];
  });
}

function report({ Extractor, ExtractorConfig }, name, mainEntryPointFilePath) {
  const reportFolder = at(".work", "api");
  fs.mkdirSync(reportFolder, { recursive: true });
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: at("pkg"),
      mainEntryPointFilePath,
      newlineKind: "lf",
      compiler: { overrideTsconfig: compilerOptions() },
      apiReport: { enabled: true, reportFileName: name, reportFolder, reportTempFolder: reportFolder },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          default: { logLevel: "error" },
          "ae-undocumented": { logLevel: "none" }, // the report marks what has no comment
          "ae-missing-release-tag": { logLevel: "none" }, // every export is public: there are no other releases
        },
        tsdocMessageReporting: { default: { logLevel: "none" } }, // the comments are written for editors
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: at("pkg", "package.json"),
  });
  const problems = [];
  const messageCallback = (message) => {
    const internal = message.messageId === "ae-forgotten-export" && message.text.includes(`"${INTERNAL}"`);
    if (message.logLevel === "error" && !internal)
      problems.push(`${message.sourceFilePath ?? name}: ${message.text}`);
    message.handled = true;
  };
  Extractor.invoke(config, { localBuild: true, messageCallback });
  if (problems.length > 0) throw new Failure(`API report of ${name}:\n${problems.join("\n")}`);
  return fs.readFileSync(path.join(reportFolder, `${name}.api.md`), "utf8");
}

/** The options the declarations were emitted with, without what only concerns emitting. */
function compilerOptions() {
  const { compilerOptions } = JSON.parse(fs.readFileSync(at("js", "tsconfig.json"), "utf8"));
  const { target, module, moduleResolution, lib, types, strict, exactOptionalPropertyTypes } =
    compilerOptions;
  return {
    compilerOptions: { target, module, moduleResolution, lib, types, strict, exactOptionalPropertyTypes },
  };
}

function refresh(fresh) {
  fs.mkdirSync(SNAPSHOTS, { recursive: true });
  for (const [name, text] of fresh) fs.writeFileSync(path.join(SNAPSHOTS, name), text);
  console.log(`js/etc: ${[...fresh.keys()].join(", ")}`);
}

async function check(fresh) {
  const changed = [];
  for (const [name, text] of fresh) {
    const file = path.join(SNAPSHOTS, name);
    const kept = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
    if (kept === text) continue;
    changed.push(name);
    await showDiff(`js/etc/${name}`, kept, text);
  }
  if (changed.length > 0) {
    throw new Failure(`changed: ${changed.join(", ")}. Wanted? Run \`npm run api\` and commit js/etc.`);
  }
  console.log(`js/etc: ${fresh.size} snapshots are up to date`);
}
