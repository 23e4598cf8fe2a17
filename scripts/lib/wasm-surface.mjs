// What a WebAssembly module asks of its host and offers to it.
import { Failure } from "./run.mjs";

// wasm-bindgen appends hashes and numbers to names: they change with its version and say nothing.
const HASH = /(_|h)[0-9a-f]{16}(_\d+)?/g;

/** One sorted line per import and export name. Fails for an import that the glue does not provide. */
export async function wasmSurface(bytes) {
  const module = await WebAssembly.compile(bytes);
  const imports = WebAssembly.Module.imports(module);
  const foreign = imports.filter(({ module }) => !module.startsWith("./wasmqtt_bg"));
  if (foreign.length > 0) {
    const names = foreign.map(({ module, name }) => `${module}.${name}`);
    throw new Failure(`the WebAssembly module imports what no browser provides: ${names.join(", ")}`);
  }
  const lines = (direction, items) =>
    items.map(({ kind, name }) => `${direction} ${kind} ${name.replace(HASH, "$1…")}`);
  const all = [...lines("import", imports), ...lines("export", WebAssembly.Module.exports(module))];
  return `${[...new Set(all)].sort().join("\n")}\n`; // names that differ by their hash alone stand for one thing
}
