import { jsEngine } from "../engines/lazy.js";
import { wasmEngine } from "../engines/portable.js";
import { MiniProgramClient } from "../miniprogram/client.js";
import { EngineLoader } from "../miniprogram/engines.js";
import type { MiniProgramConnectOptions, MiniProgramOptions } from "../miniprogram/options.js";
import type { UrlSource } from "../options.js";

export { AbortController, type AbortListener, AbortSignal } from "../miniprogram/abort.js";
export type { MiniProgramClient } from "../miniprogram/client.js";
export type { Instantiate, Instantiated } from "../miniprogram/engines.js";
export type { Host, HostCallbacks, HostSocketTask, NetworkStatus, Platform } from "../miniprogram/host.js";
export type { EngineName, MiniProgramConnectOptions, MiniProgramOptions } from "../miniprogram/options.js";
export * from "../public.js";

const engines = new EngineLoader({ wasm: wasmEngine, js: jsEngine });

/**
 * Connects to an MQTT server from a mini-program. Resolves on the first accepted CONNACK; from then on the client comes
 * back by itself, also from the background.
 *
 * Rejects as `connect` of `wasmqtt` does, and with `unknown-host`, `socket-limit`, `domain-not-allowed` or `interrupted`
 * where the platform is the reason.
 *
 * @example
 * const client = await connect("wss://broker.example.com/mqtt", { username: "ada", password: token });
 */
export async function connect(
  url: UrlSource,
  options: MiniProgramConnectOptions = {},
): Promise<MiniProgramClient> {
  const { signal, timeout, ...rest } = Object(options) as MiniProgramConnectOptions;
  const client = createClient(url, Object(options) === options ? rest : options);
  await client.start({ ...(signal && { signal }), ...(timeout !== undefined && { timeout }) });
  return client;
}

/**
 * Makes a client that connects when `start()` is called and may be given work before that. Throws `invalid-option`,
 * `invalid-url` and `unknown-host`.
 */
export function createClient(url: UrlSource, options?: MiniProgramOptions): MiniProgramClient {
  return new MiniProgramClient(engines, url, options);
}
