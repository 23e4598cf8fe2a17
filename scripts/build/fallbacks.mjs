// Takes out of the glue what it does for browsers that could not run the module anyway: those without externref
// (Chrome 96, Firefox 79, Safari 15) are the only ones without these.
import { Failure } from "../lib/run.mjs";

const FALLBACKS = [
  // TextEncoder.encodeInto, and a heap that cannot grow an allocation
  { found: /^if \(!\('encodeInto' in cachedTextEncoder\)\) \{[\s\S]*?^\}\n/m, instead: "" },
  { found: /^ {4}if \(realloc === undefined\) \{[\s\S]*?^ {4}\}\n/m, instead: "" },
  { found: /\(typeof FinalizationRegistry === 'undefined'\)\s*\? \{.*\}\s*: /g, instead: "" },
  // where the global object is, if not in globalThis
  { found: /typeof globalThis === 'undefined' \? undefined : /, instead: "" },
  { found: /typeof (global|self|window) === 'undefined' \? undefined : \1\b/g, instead: "undefined" },
  // `using` of an engine, which TypeScript frees
  { found: /^if \(Symbol\.dispose\) .*\n/m, instead: "" },
];

/** The glue without them. */
export function withoutFallbacks(glue) {
  return FALLBACKS.reduce((code, { found, instead }) => {
    const shorter = code.replace(found, instead);
    if (shorter === code) throw new Failure(`the glue of wasm-bindgen has nothing like ${found}`);
    return shorter;
  }, glue);
}
