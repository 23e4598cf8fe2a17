import type { Glue } from "../boundary.js";
import { asMqttError, MqttError } from "../errors.js";
import type { EngineName } from "./options.js";

// biome-ignore-start lint/suspicious/noExplicitAny: of each there may be none, and types differ between platforms
declare const WXWebAssembly: any;
declare const TTWebAssembly: any;
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** Brings a module of the code package to life; the answer of a platform is an instance, or an object that has one. */
export type Instantiate = (path: string, imports: WebAssembly.Imports) => Promise<Instantiated>;

export type Instantiated = WebAssembly.Instance | { readonly instance: WebAssembly.Instance };

/** The two translations of the same Rust core. */
export interface Engines {
  wasm(platform: { instantiate: Instantiate }, path: string): Promise<Glue>;
  js(): Glue | Promise<Glue>;
}

/** How one client wants its engine. */
export interface EngineChoice {
  readonly engine: "auto" | EngineName;
  readonly wasmPath: string;
  readonly instantiate: Instantiate | undefined;
}

/** The engine that was loaded, and why it is not the other one. */
export interface LoadedEngine {
  readonly name: EngineName;
  readonly glue: Glue;
  /** Why WebAssembly is not used although the platform has it. */
  readonly fallback: MqttError | undefined;
}

/** Milliseconds that a platform may take to load the module. */
const LATE = 15_000;
/** Milliseconds by which a timer is late when everything stood still. */
const MUCH = 2000;

/**
 * Loads one engine for all clients of a mini-program: the first client's choice counts, as long as it works. When none could
 * be loaded the next client tries again.
 */
export class EngineLoader {
  readonly #engines: Engines;
  #loading: Promise<LoadedEngine> | undefined;

  constructor(engines: Engines) {
    this.#engines = engines;
  }

  /** The engine that there is, or else what `choice` asks for. Rejects with `wasm-load-failed`. */
  load(choice: EngineChoice): Promise<LoadedEngine> {
    this.#loading ??= this.#load(choice).catch((error) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #load({ engine, wasmPath, instantiate = platformLoader() }: EngineChoice): Promise<LoadedEngine> {
    let fallback: MqttError | undefined;
    if (engine === "wasm" || (engine === "auto" && instantiate)) {
      try {
        if (!instantiate)
          throw failure("no WebAssembly", 'Set `engine` to "auto" or "js": this platform has none.');
        const inTime: Instantiate = (path, imports) => within(LATE, instantiate(path, imports));
        const glue = await this.#engines.wasm({ instantiate: inTime }, wasmPath);
        return { name: "wasm", glue, fallback };
      } catch (cause) {
        fallback = asMqttError(cause, "wasm-load-failed", { detail: wasmPath, hint: MISSING });
        if (engine === "wasm") throw fallback;
      }
    }
    return { name: "js", glue: await this.#engines.js(), fallback };
  }
}

const MISSING =
  'Put the module at `wasmPath` in the code package (developer tools: "Build npm"), or set `engine` to "js"; `cause` is what the platform said.';

/** WebAssembly as the platform offers it. */
function platformLoader(): Instantiate | undefined {
  const api =
    typeof WXWebAssembly !== "undefined"
      ? WXWebAssembly
      : typeof TTWebAssembly !== "undefined"
        ? TTWebAssembly
        : undefined;
  return typeof api?.instantiate === "function"
    ? (path, imports) => api.instantiate(path, imports)
    : undefined;
}

/**
 * Some platforms may say nothing at all of a file that is not there. An answer that comes later counts no more. A timer that
 * comes much too late tells of a program that stood still, and of nothing else: then once more.
 */
function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const due = Date.now() + ms;
    const refuse = () => reject(failure("no answer", MISSING));
    let timer = setTimeout(() => {
      if (Date.now() < due + MUCH) refuse();
      else timer = setTimeout(refuse, ms);
    }, ms);
    answer.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

function failure(detail: string, hint: string): MqttError {
  return new MqttError("wasm-load-failed", { detail, hint });
}
