import type { MqttClient } from "../client.js";
import { connectFrom, createFrom, initFrom } from "../factory.js";
import type { WasmSource } from "../loader.js";
import type { ClientOptions, ConnectOptions, UrlSource } from "../options.js";

export * from "../public.js";

/**
 * Connects to an MQTT server. Resolves on the first accepted CONNACK; from then on the client comes back by itself.
 *
 * Rejects with the error as soon as each URL has failed once (`reconnect.retryInitial` goes on trying), when the server
 * refuses for good, or when `signal` or `timeout` ends the wait. The client is closed then.
 *
 * @example
 * const client = await connect("wss://broker.example.com/mqtt", { username: "ada", password: token });
 */
export function connect(url: UrlSource, options?: ConnectOptions): Promise<MqttClient> {
  return connectFrom(beside, url, options);
}

/**
 * Makes a client that connects when `start()` is called and may be given work before that. Throws `invalid-option` and
 * `invalid-url`.
 */
export function createClient(url: UrlSource, options?: ClientOptions): MqttClient {
  return createFrom(beside, url, options);
}

/**
 * Loads the WebAssembly module: early, or from `source` instead of from beside this script. The first call counts,
 * also that of the first client; after a failure (`wasm-load-failed`) the next call tries again.
 *
 * Without `source` it is `wasmqtt_light.wasm`. A client with `store` or `authenticator` loads `wasmqtt_bg.wasm`, unless
 * there was a `source`: then that is for all clients.
 */
export function init(source?: WasmSource): Promise<void> {
  return initFrom(beside, source);
}

/** Bundlers recognise these expressions, copy the files and put the right locations in. */
function beside(isLight: boolean): URL {
  return isLight
    ? new URL("./wasmqtt_light.wasm", import.meta.url)
    : new URL("./wasmqtt_bg.wasm", import.meta.url);
}
