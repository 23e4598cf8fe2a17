import { asMqttError, MqttError } from "./errors.js";

/** Where the WebAssembly module comes from: its location, a response, its bytes, or compiled already. */
export type WasmSource = string | URL | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/** What one loader has, for another one. */
type Source = WasmSource | Promise<WebAssembly.Module> | undefined;

/**
 * @internal Loads once; every later call gets the same, whatever its source. After a failure the next call tries anew.
 * `isLight`: a module without store and authentication will do; one that has all is as good, once it is there.
 */
export type Loader<T> = (source: () => Source, isLight?: boolean) => Promise<T>;

/** @internal */
export function createLoader<T>(instantiate: (module: WebAssembly.Module) => Promise<T>): Loader<T> {
  /** The whole module, then the light one. */
  const loading: (Promise<T> | undefined)[] = [];

  async function load(source: Source, kind: number): Promise<T> {
    try {
      return await instantiate(await compile(source));
    } catch (error) {
      loading[kind] = undefined;
      throw asMqttError(error, "wasm-load-failed", explain(error));
    }
  }

  return (source, isLight) => {
    const kind = isLight && !loading[0] ? 1 : 0;
    loading[kind] ??= load(source(), kind);
    return loading[kind];
  };
}

async function compile(source: Source): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== "object") {
    throw failure("no WebAssembly", "This browser or its lockdown mode has no WebAssembly.");
  }
  if (source === undefined)
    throw failure("no module", "Call init(source) before anything else, or import wasmqtt.");
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);

  const found = await (typeof source === "string" || source instanceof URL ? fetch(source) : source);
  if ((found as unknown) instanceof WebAssembly.Module) return found;
  const response = found as Response; // TypeScript takes everything for a module
  if (!response.ok) throw failure(`HTTP ${response.status}`);
  const type = response.headers.get("content-type") ?? "";
  if (type === "application/wasm" && WebAssembly.compileStreaming)
    return WebAssembly.compileStreaming(response);

  const bytes = await response.arrayBuffer(); // works for any type, only later
  if (!isWasm(bytes)) throw failure(`got ${type || "something else"}, not WebAssembly`);
  return WebAssembly.compile(bytes);
}

/** A hint for what browsers say in their own words. */
function explain(error: unknown): { detail?: string; hint?: string } {
  const { name, message } = error as Error;
  if (/unsafe-eval|Content Security|blocked by CSP|disallowed by embedder/i.test(message)) {
    return {
      detail: "blocked by CSP",
      hint: "Add 'wasm-unsafe-eval' to script-src of the page's Content-Security-Policy.",
    };
  }
  if (globalThis.navigator?.onLine === false) {
    return { detail: "offline", hint: "Connect to a network: the module could not be fetched without one." };
  }
  if (name === "LinkError") {
    return {
      detail: name,
      hint: "Serve the wasmqtt_bg.wasm of the same version as the script; clear caches.",
    };
  }
  return { detail: name };
}

function failure(detail: string, hint?: string): MqttError {
  return new MqttError("wasm-load-failed", { detail, hint });
}

/** It begins with "\0asm". */
function isWasm(bytes: ArrayBuffer): boolean {
  return bytes.byteLength > 4 && new DataView(bytes).getUint32(0) === 0x0061736d;
}
