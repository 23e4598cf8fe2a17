// The names by which the module and its glue know each other: wasm-bindgen makes them long and partly random, and a
// browser downloads each of them twice. wasm-opt shortens those of the module and says how; the glue follows here.
import fs from "node:fs";
import { toolEnv } from "../lib/paths.mjs";
import { Failure, must } from "../lib/run.mjs";
import { withoutFallbacks } from "./fallbacks.mjs";

export const OPTIONS = [
  "--minify-imports-and-exports-and-modules", // first: modules of one core then have the same names, whatever each needs
  // These make more bytes, which compress to fewer: what is small and uniform looks alike.
  "--one-caller-inline-max-function-size=30",
  "--skip-pass=local-cse",
  "--low-memory-unused", // true: the end of the stack lies there
  "--flatten", // every value in a local of its own, and
  "--rereloop", // control flow anew: both bring to light what is alike
  "-Oz",
  "-Oz", // finds more in a second run
  "--reorder-functions-by-name", // copies of generic code side by side: where order.mjs begins
  "--dealign", // hints that no engine heeds
  "--strip-debug",
  "--strip-producers",
  "--strip-target-features",
];

/** What wasm-opt calls the one module that all imports are of. */
const MODULE = "a";

/**
 * Optimises the module `from.wasm` into `to.wasm` and writes the glue that fits it to `to.glue`, with another `ending`
 * and other options than those for the web if given. `light`: a module of the same core that does less, `[from, to]`.
 */
export async function shortenNames(from, to, { ending = STARTS, options = OPTIONS, light } = {}) {
  const optimise = async (input, result) => {
    const { output } = await must("wasm-opt", [input, "-o", result, ...options], { env: toolEnv() });
    return output;
  };
  const output = await optimise(from.wasm, to.wasm);
  if (light && (await optimise(...light)) !== output) throw new Failure("the modules have different names");
  const names = JSON.parse(output);
  const needed = WebAssembly.Module.imports(new WebAssembly.Module(fs.readFileSync(to.wasm)));
  names.imports = names.imports.filter(([, , short]) => needed.some(({ name }) => name === short));
  const glue = withoutFallbacks(fs.readFileSync(from.glue, "utf8"));
  fs.writeFileSync(to.glue, renameGlue(glue, names, ending));
}

/** A default export that instantiates. All glue lies in it, so that there can be two modules, each with glue of its own. */
const STARTS = ({ glue, imports, exported }) => `
export default async function start(module) {
${glue.replace(/^export /gm, "")}
  const { exports } = await WebAssembly.instantiate(module, ${imports});
  __wbg_set_wasm(exports);
  exports.${exported("__wbindgen_start")}();
  return { MqttEngine, decodeProperties, memory: exports.${exported("memory")} };
}
`;

/** An exported function: its name, then parameters and body, which ends in its first line or where a line begins with }. */
const FUNCTION = /^export function (\w+)(\(.*\) \{(?:.*\}|[\s\S]*?\n\}.*))$/gm;

/**
 * `glue`: what `wasm-bindgen --target bundler` writes, which leaves instantiation to others. `ending` does it: it gets
 * the glue without the functions that are imported, and the object of `imports` with these as its methods.
 * `names`: imports as `[module, long, short]`, exports as `[long, short]`.
 */
export function renameGlue(glue, names, ending = STARTS) {
  const shortExports = new Map(names.exports);
  const shortExport = (long) => {
    if (shortExports.has(long)) return shortExports.get(long);
    throw new Failure(`the glue of wasm-bindgen uses an export that the module lacks: ${long}`);
  };
  const shortImports = new Map(names.imports.map(([, long, short]) => [long, short]));
  const imports = [];
  const rest = glue.replace(FUNCTION, (whole, long, body) => {
    if (!shortImports.has(long)) return whole;
    imports.push(shortImports.get(long) + body);
    shortImports.delete(long);
    return "";
  });
  if (shortImports.size > 0) {
    throw new Failure(`the glue of wasm-bindgen lacks imports of the module: ${[...shortImports.keys()]}`);
  }

  const renamed = (code) => code.replace(/\bwasm\.(\w+)/g, (_, long) => `wasm.${shortExport(long)}`);
  const methods = `{ ${MODULE}: {\n${renamed(imports.join(",\n"))}\n} }`;
  return ending({ glue: renamed(rest), imports: methods, exported: shortExport });
}
