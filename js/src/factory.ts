import type { Glue } from "./boundary.js";
import { MqttClient } from "./client.js";
import { connecting } from "./connecting.js";
import { instantiate } from "./glue.js";
import { createLoader, type WasmSource } from "./loader.js";
import type { ClientOptions, ConnectOptions, UrlSource } from "./options.js";

/** Where an entry finds the WebAssembly module, or the light one, unless the application says it first. */
export type DefaultSource = (isLight: boolean) => WasmSource | undefined;

const load = /* @__PURE__ */ createLoader(instantiate); // the one thing that all clients of a page share

/** `given`: what the application says, which is then for all clients. */
export async function initFrom(source: DefaultSource, given?: WasmSource): Promise<void> {
  await loadFor(given === undefined, (isLight) => given ?? source(isLight));
}

function loadFor(isLight: boolean, source: DefaultSource): Promise<Glue> {
  return load(() => source(isLight), isLight);
}

export function createFrom(source: DefaultSource, url: UrlSource, options?: ClientOptions): MqttClient {
  const isLight = (options?.store ?? "memory") === "memory" && !options?.authenticator;
  return new MqttClient(() => loadFor(isLight, source), url, options);
}

export function connectFrom(
  source: DefaultSource,
  url: UrlSource,
  options?: ConnectOptions,
): Promise<MqttClient> {
  return connecting((rest) => createFrom(source, url, rest), options);
}
