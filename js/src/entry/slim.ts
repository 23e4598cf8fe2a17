import type { MqttClient } from "../client.js";
import { connectFrom, createFrom, initFrom } from "../factory.js";
import type { WasmSource } from "../loader.js";
import type { ClientOptions, ConnectOptions, UrlSource } from "../options.js";

export * from "../public.js";

/** `connect` of `wasmqtt`. Call `init(source)` first: this entry brings no WebAssembly module. */
export function connect(url: UrlSource, options?: ConnectOptions): Promise<MqttClient> {
  return connectFrom(none, url, options);
}

/** `createClient` of `wasmqtt`. Call `init(source)` before the client has work to do. */
export function createClient(url: UrlSource, options?: ClientOptions): MqttClient {
  return createFrom(none, url, options);
}

/** Loads the WebAssembly module from `source`. After a failure (`wasm-load-failed`) it may be called again. */
export function init(source: WasmSource): Promise<void> {
  return initFrom(none, source);
}

function none(): undefined {}
