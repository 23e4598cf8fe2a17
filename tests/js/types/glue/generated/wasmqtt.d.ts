// Stands in for the generated glue, so that the types can be checked before the WebAssembly module is built.
import type { EngineHost, EngineOptions, RawEngine } from "../../../../../js/src/boundary.js";

export const MqttEngine: new (host: EngineHost, options: EngineOptions) => RawEngine;
export function decodeProperties(block: Uint8Array): object;
export default function start(module: WebAssembly.Module): Promise<{ memory: WebAssembly.Memory }>;
