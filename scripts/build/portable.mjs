// The same core for places without a modern WebAssembly: a module of the first version of WebAssembly without externref,
// and its translation to JavaScript for places that have none at all. Both have the same glue, js/generated/portable.js.
// They come from what cargo has made for the web: wasm-bindgen decides by one section which kind of glue it writes.
import fs from "node:fs";
import path from "node:path";
import binaryen from "binaryen";
import { at, toolEnv } from "../lib/paths.mjs";
import { Failure, must } from "../lib/run.mjs";
import { withoutFeatures } from "./features.mjs";
import { answered } from "./light.mjs";
import { OPTIONS, shortenNames } from "./names.mjs";
import { orderByLikeness } from "./order.mjs";
import { withoutPanicTexts } from "./snip.mjs";
import { translate } from "./translate.mjs";

const ENDING = ({ glue, imports, exported }) => `${glue}
export const imports = ${imports};
export function adopt(exports) {
  __wbg_set_wasm(exports);
  return { memory: exports.${exported("memory")} };
}
`;
const TYPES = `export declare const imports: WebAssembly.Imports;
export declare function adopt(exports: WebAssembly.Exports): { memory: WebAssembly.Memory };
`;

/** wasm2js heeds the hints on alignment: without them it reads words byte by byte. */
const MVP = ["--mvp-features", ...OPTIONS.filter((option) => option !== "--dealign")];

/** Newer instructions, each put in terms of older ones. */
const LOWERED = ["llvm-memory-copy-fill-lowering", "llvm-nontrapping-fptoint-lowering", "signext-lowering"];

/** Makes portable.wasm, its glue portable.js and its translation translated.js in the folder `out`. */
export async function buildPortable(name, work, out) {
  const made = (file) => path.join(work, file);
  fs.mkdirSync(work, { recursive: true });
  const target = process.env.CARGO_TARGET_DIR ?? at("target");
  const compiled = fs.readFileSync(path.join(target, "wasm32-unknown-unknown", "release", `${name}.wasm`));
  fs.writeFileSync(made("core.wasm"), withoutFeatures(compiled, ["reference-types", "multivalue"]));
  const options = ["--target", "bundler", "--out-dir", work, "--out-name", "portable", "--no-typescript"];
  await must("wasm-bindgen", [made("core.wasm"), ...options], { env: toolEnv() });

  const glue = withFreshViews(fs.readFileSync(made("portable_bg.js"), "utf8"));
  fs.writeFileSync(made("glue.js"), glue);
  fs.writeFileSync(made("lowered.wasm"), lowered(fs.readFileSync(made("portable_bg.wasm")), glue));
  const wasm = path.join(out, "portable.wasm");
  const named = { wasm: made("lowered.wasm"), glue: made("glue.js") };
  const result = { wasm, glue: path.join(out, "portable.js") };
  await shortenNames(named, result, { ending: ENDING, options: MVP });
  fs.writeFileSync(wasm, orderByLikeness(fs.readFileSync(wasm)));

  const types = fs
    .readFileSync(path.join(work, "..", `${name}.d.ts`), "utf8")
    .replace(/^export default .*\n/m, "");
  fs.writeFileSync(path.join(out, "portable.d.ts"), types + TYPES);
  await translate(wasm, path.join(out, "translated.js"));
}

/** No text of panics, nothing newer than the first version of WebAssembly, no exported global. */
function lowered(bytes, glue) {
  const module = binaryen.readBinary(withoutPanicTexts(answered(bytes, true)));
  const exported = Array.from({ length: module.getNumExports() }, (_, index) =>
    binaryen.getExportInfo(module.getExportByIndex(index)),
  );
  for (const { kind, name } of exported) if (kind === binaryen.ExternalGlobal) module.removeExport(name);
  fixStatics(module, glue);
  module.runPasses(LOWERED);
  module.setFeatures(binaryen.Features.MVP);
  if (!module.validate()) throw new Failure("the module needs more than the first version of WebAssembly");
  binaryen.setDebugInfo(true); // keeps the names, by which functions will be put in order
  return module.emitBinary();
}

/** The code asks how many slots of the table of objects are fixed, which with externref wasm-bindgen says itself. */
function fixStatics(module, glue) {
  const [, fixed] = glue.match(/if \(idx < (\d+)\) return;/) ?? [];
  const functions = Array.from({ length: module.getNumFunctions() }, (_, index) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
  );
  const asks = functions.filter(({ module: from }) => from === "__wbindgen_externref_xform__");
  if (!fixed || asks.length !== 1) throw new Failure("the glue without externref is not of the known shape");
  module.removeFunction(asks[0].name);
  module.addFunction(asks[0].name, binaryen.none, binaryen.i32, [], module.i32.const(Number(fixed)));
}

const VIEW =
  /if \((cached\w+Memory0) === null \|\| (?:\1\.byteLength === 0|\1\.buffer\.detached === true \|\| \(.*\))\) \{/g;
const NEW_VIEW = /\1? = new (?:Uint8Array|Uint32Array|DataView)\(wasm\.memory\.buffer\);/g;

/** Memory that grows detaches its old buffer; that of a translated module only has another one from then on. */
export function withFreshViews(glue) {
  const made = glue.match(NEW_VIEW)?.length;
  let checked = 0;
  const fresh = glue.replace(VIEW, (_, view) => {
    checked++;
    return `if (${view} === null || ${view}.buffer !== wasm.memory.buffer) {`;
  });
  if (!made || made !== checked) throw new Failure("the glue looks at memory in ways that are not known");
  return fresh;
}
