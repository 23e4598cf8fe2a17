import { MqttClient } from "./client.js";
import { connecting } from "./connecting.js";
import { instantiate } from "./glue.js";
import { createLoader, type WasmSource } from "./loader.js";
import type { ClientOptions, ConnectOptions, UrlSource } from "./options.js";

/** Where an entry finds the WebAssembly module, unless the application says it first. */
export type DefaultSource = () => WasmSource | undefined;

const load = /* @__PURE__ */ createLoader(instantiate); // the one thing that all clients of a page share

export async function initFrom(source: DefaultSource): Promise<void> {
  await load(source);
}

export function createFrom(source: DefaultSource, url: UrlSource, options?: ClientOptions): MqttClient {
  return new MqttClient(() => load(source), url, options);
}

export function connectFrom(
  source: DefaultSource,
  url: UrlSource,
  options?: ConnectOptions,
): Promise<MqttClient> {
  return connecting((rest) => createFrom(source, url, rest), options);
}
