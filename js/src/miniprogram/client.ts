import type { EngineHost, Glue } from "../boundary.js";
import { check, FUNCTION, OBJECT, oneOf, STRING } from "../check.js";
import { MqttClient } from "../client.js";
import { MqttError } from "../errors.js";
import { contain } from "../events.js";
import type { ClientOptions, PublishOptions, UrlSource } from "../options.js";
import type { Payload, PublishResult } from "../types.js";
import { ownBuffer } from "./buffers.js";
import type { EngineLoader, LoadedEngine } from "./engines.js";
import { explain } from "./explain.js";
import { type Found, findHost } from "./hosts.js";
import { followLife } from "./lifecycle.js";
import { LogStore } from "./log.js";
import type { EngineName, MiniProgramOptions } from "./options.js";
import { useRandomOf } from "./random.js";
import { HostSocket } from "./socket.js";
import { textStorage } from "./storage.js";
import { openMyWire } from "./transport-my.js";
import { openWxWire } from "./transport-wx.js";

const OWN = {
  platform: oneOf("my", "tt", "swan", "qq", "ks", "wx", "uni"),
  engine: oneOf("auto", "wasm", "js"),
  wasmPath: STRING,
  instantiate: FUNCTION,
  header: OBJECT,
};

const WASM_PATH = "/miniprogram_npm/wasmqtt/wasmqtt.wasm.br";

/** A client in a mini-program: that of every page, on the sockets, the storage and the life of its platform. */
export class MiniProgramClient extends MqttClient {
  readonly #setup: Setup;

  /** @internal Use `connect` or `createClient`. */
  constructor(loader: EngineLoader, url: UrlSource, options: MiniProgramOptions = {}) {
    const setup = prepare(loader, options);
    super(setup.load, url, setup.options);
    this.#setup = setup;
  }

  /** As in every client; bytes may come from another realm, as some platforms have them. */
  override publish(topic: string, payload: Payload, options?: PublishOptions): Promise<PublishResult> {
    return super.publish(topic, ownBuffer(payload) as Payload, options);
  }

  /** The engine that runs this client; `undefined` until it is loaded. */
  get engine(): EngineName | undefined {
    return this.#setup.loaded()?.name;
  }

  /** Why the engine is "js" although the platform has WebAssembly. */
  get engineFallback(): MqttError | undefined {
    return this.#setup.loaded()?.fallback;
  }
}

/** What a mini-program puts in place of what a page has. */
interface Setup {
  readonly options: ClientOptions;
  load(): Promise<Glue>;
  loaded(): LoadedEngine | undefined;
}

function prepare(loader: EngineLoader, given: MiniProgramOptions): Setup {
  if (Object(given) !== given) check(given, OWN); // which throws
  const { host, platform, engine = "auto", wasmPath = WASM_PATH, instantiate, ...others } = given;
  const { header = {}, store, webSocket, worker, ...rest } = others as MiniProgramOptions & ClientOptions;
  check(
    {
      platform,
      engine,
      wasmPath,
      instantiate,
      header,
      ...(webSocket && { webSocket }),
      ...(worker && { worker }),
    },
    OWN,
  );
  checkPath(wasmPath);
  checkHeader(header);
  const found = findHost(host, platform);
  followLife(found.host);
  useRandomOf(found.host);

  let loaded: LoadedEngine | undefined;
  let socket: HostSocket | undefined;
  const open = found.platform === "my" ? openMyWire : openWxWire;
  return {
    loaded: () => loaded,
    async load() {
      loaded = await loader.load({ engine, wasmPath, instantiate });
      const { fallback, glue } = loaded;
      if (fallback) warn(rest, fallback);
      const better = (error: MqttError) => (socket ? explain(error, socket) : error);
      return {
        ...glue,
        createEngine: (host, options) => glue.createEngine(withErrors(host, better), options),
      };
    },
    options: {
      ...rest,
      ...(store !== undefined && { store: storeOf(store, found) }),
      webSocket(url, protocols) {
        socket = new HostSocket(open, found.host, { url, protocols, header });
        return socket;
      },
    },
  };
}

/** The engine tells what became of a socket, the platform why. */
function withErrors(host: EngineHost, better: (error: MqttError) => MqttError): EngineHost {
  return { ...host, makeError: (...what) => better(host.makeError(...what) as MqttError) };
}

/** Other stores than those of mini-programs are for the client to judge. */
function storeOf(store: NonNullable<MiniProgramOptions["store"]>, { host, platform }: Found) {
  const open = (name: string) => new LogStore(textStorage(host, platform), name);
  if (store === "storage") return { open };
  if (store === "memory" || Object(store) !== store) return store as "memory";
  return { open, ...(store as object) };
}

function checkPath(path: string): void {
  if (/^\/.*\.wasm(\.br)?$/.test(path)) return;
  throw new MqttError("invalid-option", {
    detail: "wasmPath",
    hint: `Begin at the root of the code package and end with .wasm or .wasm.br, as in ${WASM_PATH}: other paths are looked for beside the page, if at all.`,
  });
}

function checkHeader(header: object): void {
  if (Object.keys(header).every((name) => typeof (header as Record<string, unknown>)[name] === "string"))
    return;
  throw new MqttError("invalid-option", { detail: "header", hint: "Pass an object of strings." });
}

function warn({ logger }: ClientOptions, { code, cause }: MqttError): void {
  const message = "wasmqtt: WebAssembly could not be used, so the client runs as plain JavaScript";
  contain(
    () => logger?.warn?.(message, { code, cause }),
    undefined,
    () => {},
  );
}
