import { text } from "../../generated/inline.js";
import type { MqttClient } from "../client.js";
import { connectFrom, createFrom, initFrom } from "../factory.js";
import type { WasmSource } from "../loader.js";
import type { ClientOptions, ConnectOptions, UrlSource } from "../options.js";
import { fromText } from "../text.js";

export * from "../public.js";

/** `connect` of `wasmqtt`, with the WebAssembly module inside this script: nothing is fetched. */
export function connect(url: UrlSource, options?: ConnectOptions): Promise<MqttClient> {
  return connectFrom(inside, url, options);
}

/** `createClient` of `wasmqtt`, with the WebAssembly module inside this script. */
export function createClient(url: UrlSource, options?: ClientOptions): MqttClient {
  return createFrom(inside, url, options);
}

/** Compiles the WebAssembly module inside this script, or that of `source`, before the first client needs it. */
export function init(source?: WasmSource): Promise<void> {
  return initFrom(inside, source);
}

function inside(): Uint8Array<ArrayBuffer> {
  return fromText(text);
}
