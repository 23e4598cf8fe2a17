import translated from "../../generated/translated.js";
import type { Glue } from "../boundary.js";
import { MqttClient } from "../client.js";
import { connecting } from "../connecting.js";
import { translatedEngine } from "../engines/portable.js";
import type { ClientOptions, ConnectOptions, UrlSource } from "../options.js";
import type { EngineRoom } from "../runtime.js";

export * from "../public.js";

/** `connect` of `wasmqtt` with the engine translated to JavaScript, for places without WebAssembly. */
export function connect(url: UrlSource, options?: ConnectOptions): Promise<MqttClient> {
  return connecting((rest) => createClient(url, rest), options);
}

/**
 * `createClient` of `wasmqtt` with the engine translated to JavaScript, for places without WebAssembly. It works on the page's
 * thread: with `worker`, the `error` event tells so (`worker-unavailable`).
 */
export function createClient(url: UrlSource, options?: ClientOptions): MqttClient {
  const place = ({ notice }: EngineRoom) => {
    if (options?.worker) notice("worker-unavailable", { detail: "`wasmqtt/js` has none" });
    return load();
  };
  return new MqttClient(place, url, options);
}

/** Runs the engine, before the first client needs it. There is nothing to load: for code that calls it of `wasmqtt`. */
export async function init(): Promise<void> {
  await load();
}

let engine: Glue | undefined; // the one thing that all clients of a page share

async function load(): Promise<Glue> {
  engine ??= translatedEngine(translated);
  return engine;
}
