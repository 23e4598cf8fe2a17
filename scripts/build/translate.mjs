// WebAssembly → JavaScript, by wasm2js of binaryen: for places that have no WebAssembly.
import fs from "node:fs";
import { toolEnv } from "../lib/paths.mjs";
import { Failure, must } from "../lib/run.mjs";

/** Around the function that wasm2js writes: what makes an ES module of it, bound to its imports once and for all. */
const START = /^import \* as \w+ from '\w+';\n/;
const END = /\nvar retasmFunc = asmFunc\(\{[\s\S]*$/;

/** Translates the module `wasm` to an ES module whose default export takes imports and answers exports. */
export async function translate(wasm, file) {
  await must("wasm2js", [wasm, "-O", "--low-memory-unused", "-o", file], { env: toolEnv() });
  const { transform } = await import("esbuild");
  const code = asFunction(fs.readFileSync(file, "utf8"));
  const { code: small } = await transform(code, { minify: true, target: "es2017", charset: "utf8" });
  fs.writeFileSync(file, small);
  fs.writeFileSync(
    file.replace(/\.js$/, ".d.ts"),
    "export default function instantiate(imports: WebAssembly.Imports): WebAssembly.Exports;\n",
  );
}

function asFunction(code) {
  if (!START.test(code) || !END.test(code)) throw new Failure("wasm2js writes another kind of module");
  return code.replace(START, "").replace(END, "\nexport default asmFunc;\n");
}
