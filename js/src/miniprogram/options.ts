import type { ClientOptions } from "../options.js";
import type { StoreOptions } from "../store/types.js";
import type { OperationOptions } from "../types.js";
import type { Instantiate } from "./engines.js";
import type { Host, Platform } from "./host.js";

/** The two translations of the same core: WebAssembly, and plain JavaScript for platforms without it. */
export type EngineName = "wasm" | "js";

/** Options of a client in a mini-program: those of any client, and what concerns the platform. */
export interface MiniProgramOptions extends Omit<ClientOptions, "store" | "webSocket" | "worker"> {
  /** The platform's object, for plugins, frameworks and tests. @default the one of `my`, `tt`, `swan`, `qq`, `ks`, `wx`, `uni` that is in scope, in this order */
  readonly host?: Host;
  /** Whose words `host` speaks, where it is not the platform's own object. @default that of the object, "wx" for one of your own */
  readonly platform?: Platform;
  /**
   * "wasm": WebAssembly, which WeChat and Douyin have. "js": the same core as plain JavaScript, slower and without a file to
   * load. "auto": WebAssembly where the platform offers it and it works. `client.engine` tells which it became.
   * @default "auto"
   */
  readonly engine?: "auto" | EngineName;
  /** Where the WebAssembly module lies in the code package: from its root, with a slash first; `.wasm` or `.wasm.br`. @default "/miniprogram_npm/wasmqtt/wasmqtt.wasm.br" */
  readonly wasmPath?: string;
  /** Brings the module to life in another way than WXWebAssembly and TTWebAssembly do; gets `wasmPath` and the imports, and answers an instance, or an object that has one. @default the platform's own */
  readonly instantiate?: Instantiate;
  /** Headers for the request that opens the socket; platforms set some of their own. @default none */
  readonly header?: Readonly<Record<string, string>>;
  /**
   * Where unfinished QoS 1 and 2 messages are kept, as with any client (see `clientId` there). "memory": they end with the
   * mini-program. "storage": in its key-value storage, where they survive that it is thrown away in the background. An
   * object says how, or brings a store of yours.
   * @default "memory"
   */
  readonly store?: "memory" | "storage" | StoreOptions;
}

/** Options of `connect`: those of the client, and how long to wait for the first connection. */
export interface MiniProgramConnectOptions extends MiniProgramOptions, OperationOptions {}
