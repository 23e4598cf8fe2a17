import start from "../generated/wasmqtt.js";
import type { Glue } from "./boundary.js";

/** Brings a compiled module to life. The only place that knows the generated glue. */
export async function instantiate(module: WebAssembly.Module): Promise<Glue> {
  const { memory, decodeProperties, MqttEngine } = await start(module);
  return { memory, createEngine: (host, options) => new MqttEngine(host, options), decodeProperties };
}
