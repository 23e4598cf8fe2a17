import type { MqttClient } from "../client.js";
import type { ErrorLayer } from "../error-codes.js";
import type { MqttError } from "../errors.js";
import type { ClientOptions, UrlSource } from "../options.js";

/** Options of {@link diagnose}: what the client would be given, and how long the check may take. */
export interface DiagnoseOptions
  extends Pick<
    ClientOptions,
    | "username"
    | "password"
    | "protocolVersion"
    | "subprotocols"
    | "authenticator"
    | "properties"
    | "keepAlive"
  > {
  /** Identifies the client. A real one ends the session and the connection of the client that has it. @default random */
  readonly clientId?: string;
  /** Milliseconds for everything, 300 or more; each step gets a part of them. @default 15000 */
  readonly timeout?: number;
  /** Milliseconds to stay connected, to see whether the server or another client ends the connection. At most a seventh of `timeout`. @default 1000 */
  readonly hold?: number;
  /** Ends the check: its connections are closed, and it rejects with `aborted`. */
  readonly signal?: AbortSignal;
  /** `createClient` of `wasmqtt/inline` or `wasmqtt/slim`, for pages that use those. @default that of `wasmqtt`, loaded when needed */
  readonly createClient?: (url: UrlSource, options?: ClientOptions) => MqttClient;
}

/** What a check came to: a stable name. Names are only ever added. */
export type DiagnosisCode =
  | "ok"
  // The page around it.
  | "invalid-url"
  | "insecure-url"
  | "blocked-port"
  | "blocked-by-csp"
  | "local-network-denied"
  | "wasm-load-failed"
  // The way to the server.
  | "offline"
  | "unreachable"
  | "port-unreachable"
  | "silent"
  | "tls-failed"
  | "tls-required"
  | "tls-not-spoken"
  // HTTP in place of a WebSocket.
  | "http-answer"
  | "http-status"
  | "not-found"
  | "wrong-path"
  | "forbidden"
  | "upgrade-missing"
  | "bad-gateway"
  | "not-a-websocket"
  | "redirected"
  | "connection-dropped"
  | "upgrade-silent"
  // The WebSocket.
  | "subprotocol-rejected"
  | "subprotocol-required"
  | "text-frame"
  | "unstable"
  // MQTT.
  | "not-mqtt"
  | "connack-timeout"
  | "closed-before-connack"
  | "closed-after-connack"
  | "connect-refused"
  | "version-not-supported"
  | "packet-too-large"
  | "session-taken-over"
  | "disconnected-by-server"
  | "keep-alive-timeout"
  | "protocol-error"
  | "client-error";

/** The conclusion. */
export interface Verdict {
  readonly code: DiagnosisCode;
  /** The part of the path to the server that fails; with `ok` the last one that was tried. */
  readonly layer: ErrorLayer;
  /** Whether this is proven. If not, a page cannot know more, and `checks` lists what it may be. */
  readonly certain: boolean;
  /** What is wrong, in one sentence. */
  readonly summary: string;
  /** What to change, in one sentence. */
  readonly hint: string;
  /** What to look at outside of the page, the likeliest first. */
  readonly checks: readonly string[];
  /** The error of the client, when it got as far as MQTT. */
  readonly error?: MqttError;
}

/** One thing that was looked at. */
export interface Step {
  readonly name:
    | "page"
    | "url"
    | "local-network"
    | "websocket"
    | "other-subprotocol"
    | "http"
    | "http-root"
    | "other-scheme"
    | "usual-port"
    | "other-path"
    | "mqtt";
  /** What was checked, in a few words. */
  readonly checked: string;
  /** `unknown`: it proves nothing by itself, or the page is not allowed to know. */
  readonly result: "passed" | "failed" | "unknown";
  /** What was seen. Holds no secrets. */
  readonly evidence: string;
  /** In milliseconds. */
  readonly duration: number;
}

/** What {@link diagnose} found. */
export interface Report {
  /** True: WebSocket and MQTT work from this page. */
  readonly ok: boolean;
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
  /** Where it went, without user, password and the values of the query. */
  readonly url: string;
  /** In milliseconds. */
  readonly duration: number;
  /** The report as text for a bug report or a terminal. Holds no secrets. */
  toText(): string;
  /** The same as `toText()`. */
  toString(): string;
}
