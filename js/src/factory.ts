import type { Glue } from "./boundary.js";
import { MqttClient } from "./client.js";
import { connecting } from "./connecting.js";
import { instantiate } from "./glue.js";
import { createLoader, type WasmSource } from "./loader.js";
import type { ClientOptions, ConnectOptions, UrlSource } from "./options.js";
import type { EngineRoom } from "./runtime.js";

/** Where an entry finds the WebAssembly module, or the light one, unless the application says it first. */
export type DefaultSource = (isLight: boolean) => WasmSource | undefined;

// The two things that all clients of a page share: the module, and its instance on the page's own thread.
const compile = /* @__PURE__ */ createLoader(async (module) => module);
const instance = /* @__PURE__ */ createLoader(instantiate);

/** In a worker, with code that only such clients load; if there can be none, on the page after all. */
async function loadApart(
  isLight: boolean,
  source: DefaultSource,
  { worker, webSocket }: ClientOptions,
  { signal, notice }: EngineRoom,
): Promise<Glue> {
  const module = compile(() => source(isLight), isLight);
  module.catch(() => {}); // told below
  try {
    if (webSocket) throw new Error("`webSocket` makes sockets of the page.");
    const { openWorker } = await import("./worker/apart.js");
    return await openWorker(typeof worker === "function" ? worker : undefined, module, signal);
  } catch (cause) {
    await module; // without it there is nothing to fall back to
    if (!signal.aborted) notice("worker-unavailable", { detail: (cause as Error).message, cause });
    return loadFor(isLight, source);
  }
}

/** `given`: what the application says, which is then for all clients. */
export async function initFrom(source: DefaultSource, given?: WasmSource): Promise<void> {
  await loadFor(given === undefined, (isLight) => given ?? source(isLight));
}

function loadFor(isLight: boolean, source: DefaultSource): Promise<Glue> {
  return instance(() => compile(() => source(isLight), isLight), isLight);
}

/** Whether a client will do without store and authentication. */
const isLightEnough = (options?: ClientOptions) =>
  (options?.store ?? "memory") === "memory" && !options?.authenticator;

export function createFrom(source: DefaultSource, url: UrlSource, options?: ClientOptions): MqttClient {
  const isLight = isLightEnough(options);
  const place = (room: EngineRoom) => {
    if (options?.worker) return loadApart(isLight, source, options, room);
    const loading = loadFor(isLight, source);
    room.dial(); // meanwhile
    return loading;
  };
  return new MqttClient(place, url, options);
}

export function connectFrom(
  source: DefaultSource,
  url: UrlSource,
  options?: ConnectOptions,
): Promise<MqttClient> {
  // First of all, because it takes the longest. What comes of it is told by the client, which waits for the same.
  const isLight = isLightEnough(options);
  compile(() => source(isLight), isLight).catch(() => {});
  return connecting((rest) => createFrom(source, url, rest), options);
}
