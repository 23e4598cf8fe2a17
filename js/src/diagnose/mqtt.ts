import type { MqttClient } from "../client.js";
import { asMqttError, type MqttError } from "../errors.js";
import type { ServerInfo } from "../types.js";
import { pause } from "./limits.js";
import type { DiagnoseOptions } from "./types.js";

/** How far the real client got. */
export interface MqttAnswer {
  readonly error?: MqttError;
  /** What the server granted in CONNACK. */
  readonly server?: ServerInfo;
  /** Milliseconds from PINGREQ to PINGRESP. */
  readonly roundTrip?: number;
  /** WebSocket messages that the server sent. */
  readonly received: number;
  /** WebSockets that opened: more than one when the client tried both versions. */
  readonly opened: number;
}

/** Counts that grow while the client works. */
export interface Traffic {
  received: number;
  opened: number;
}

/**
 * Connects with the client of this library, pings, and stays for `options.hold`. Everything is closed when it resolves
 * or `signal` is aborted. `limit` is for one attempt to connect, in milliseconds.
 */
export async function tryMqtt(
  url: URL,
  options: DiagnoseOptions,
  limit: number,
  seen: Traffic,
  signal: AbortSignal,
): Promise<MqttAnswer> {
  let client: MqttClient | undefined;
  let server: ServerInfo | undefined;
  try {
    // Loaded this late, so that who never gets here never loads it.
    const create = options.createClient ?? (await import("../index.js")).createClient;
    client = create(url, { ...clientOptions(options, limit), webSocket: watchedSocket(seen) });
    signal.addEventListener("abort", () => client?.close({ force: true }));
    await client.start({ signal });
    server = client.server;
    const roundTrip = await client.ping({ signal, timeout: limit / 2 });
    const ended = await Promise.race([client.closed, pause(options.hold ?? 1000, signal)]);
    return { ...seen, ...(server && { server }), roundTrip, ...(ended && { error: ended }) };
  } catch (thrown) {
    const error = asMqttError(thrown, "wasm-load-failed"); // only the import throws anything else
    const cause = error.code === "client-closed" ? asMqttError(error.cause, "client-closed") : error;
    return { ...seen, error: cause, ...(server && { server }) };
  } finally {
    await client?.close({ timeout: 100 }).catch(() => {});
  }
}

/** The options of the client, without those that are ours; once, without coming back, and beside the client in question. */
function clientOptions(options: DiagnoseOptions, limit: number) {
  const { timeout: _timeout, hold: _hold, signal: _signal, createClient: _createClient, ...rest } = options;
  const whenClientIdInUse = "ignore" as const;
  return { ...rest, connectTimeout: Math.ceil(limit), reconnect: false as const, whenClientIdInUse };
}

/** Makes the browser's WebSocket and counts what comes through it. */
function watchedSocket(seen: Traffic) {
  return (url: string, subprotocols: string[]): WebSocket => {
    const socket = new WebSocket(url, subprotocols);
    socket.addEventListener("open", () => seen.opened++);
    socket.addEventListener("message", () => seen.received++);
    return socket;
  };
}
