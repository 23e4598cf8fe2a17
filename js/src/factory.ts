import { MqttClient } from "./client.js";
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

export async function connectFrom(
  source: DefaultSource,
  url: UrlSource,
  options: ConnectOptions = {},
): Promise<MqttClient> {
  if (Object(options) !== options) return createFrom(source, url, options); // which throws
  const { signal, timeout, ...rest } = options;
  const client = createFrom(source, url, rest);
  await client.start({ ...(signal && { signal }), ...(timeout !== undefined && { timeout }) });
  return client;
}
