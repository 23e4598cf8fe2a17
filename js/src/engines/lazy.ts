import type { Glue } from "../boundary.js";
import { type Translated, translatedEngine } from "./portable.js";

/** CommonJS alone can wait with a file until it is needed and have it at once then. */
declare function require(path: "./engine-js.js"): { readonly default: Translated };

/** The engine in JavaScript, from the file beside this bundle, which is read and run only now. */
export function jsEngine(): Glue {
  return translatedEngine(require("./engine-js.js").default);
}
