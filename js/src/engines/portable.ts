import { adopt, decodeProperties, imports, MqttEngine } from "../../generated/portable.js";
import type { Glue } from "../boundary.js";

/** `WXWebAssembly`, `TTWebAssembly` and what is like them: modules of the code package, by path. */
export interface PathInstantiator {
  /** Some answer the instance, some an object with it. */
  instantiate(path: string, imports: WebAssembly.Imports): PromiseLike<Instantiated | WebAssembly.Instance>;
}

interface Instantiated {
  readonly instance: WebAssembly.Instance;
}

/** The module, translated to JavaScript: takes imports, answers exports. */
export type Translated = (imports: WebAssembly.Imports) => WebAssembly.Exports;

/** The engine in WebAssembly: the first version of it, no exported globals or tables. One engine per page, whichever. */
export async function wasmEngine(platform: PathInstantiator, path: string): Promise<Glue> {
  const answer = await platform.instantiate(path, imports);
  return glueOf(("instance" in answer ? answer.instance : answer).exports);
}

/** The engine in JavaScript, at once. One engine per page, whichever. */
export function translatedEngine(translated: Translated): Glue {
  return glueOf(translated(imports));
}

function glueOf(exports: WebAssembly.Exports): Glue {
  const { memory } = adopt(exports);
  return { memory, createEngine: (host, options) => new MqttEngine(host, options), decodeProperties };
}
