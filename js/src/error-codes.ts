/**
 * The part of the path to the server in which an error arose. Browsers tell a client nothing of `http`, so only
 * `wasmqtt/diagnose` uses that, and of `tls` only Firefox tells.
 */
export type ErrorLayer = "page" | "network" | "tls" | "http" | "websocket" | "mqtt" | "application";

/** The stable name of an error. Names are only ever added. */
export type ErrorCode =
  | "invalid-option"
  | "invalid-topic"
  | "invalid-filter"
  | "packet-too-large"
  | "queue-full"
  | "not-supported-by-server"
  | "client-closed"
  | "invalid-argument"
  | "unsupported-in-version"
  | "aborted"
  | "timeout"
  | "not-connected"
  | "provider-timeout"
  | "rejected-by-server"
  | "session-lost"
  | "message-expired"
  | "dropped-from-queue"
  | "poison-message"
  | "no-responder"
  | "connect-refused"
  | "disconnected-by-server"
  | "malformed-packet"
  | "protocol-error"
  | "connection-closed"
  | "connect-timeout"
  | "keep-alive-timeout"
  | "subprotocol-rejected"
  | "session-taken-over"
  | "connect-failed"
  | "connack-timeout"
  | "version-not-supported"
  | "text-frame"
  | "too-many-redirects"
  | "tls-failed"
  | "closed-before-connack"
  | "too-large-for-server"
  | "idle-timeout"
  | "client-id-in-use"
  | "worker-unavailable"
  | "insecure-url"
  | "invalid-url"
  | "blocked-by-csp"
  | "offline"
  | "socket-limit"
  | "domain-not-allowed"
  | "unknown-host"
  | "interrupted"
  | "engine-crashed"
  | "wasm-load-failed"
  | "handler-failed"
  | "provider-failed"
  | "store-unavailable"
  | "store-full"
  | "store-damaged";

/** @internal Number at the WebAssembly boundary, name, layer, whether the same call may succeed later, what to change. */
export type ErrorRow = readonly [number, ErrorCode, ErrorLayer, boolean, string];

/** @internal Those of mini-programs come to it from `miniprogram/error-codes.ts`. */
// biome-ignore format: one code per line
export const ERROR_CODES: ErrorRow[] = [
  [1, "invalid-option", "application", false, "Correct this option; its documentation gives type, unit and range."],
  [2, "invalid-topic", "application", false, "Use a topic of 1 to 65535 bytes without + # or U+0000."],
  [3, "invalid-filter", "application", false, "Use + only as a whole level and # only as the last one: home/+/lamp, home/#."],
  [4, "packet-too-large", "application", false, "Send less, or raise the limit of the side that set it (`limit`, in bytes)."],
  [5, "queue-full", "application", true, "Wait for earlier messages to leave, or change `offlineQueue`."],
  [6, "not-supported-by-server", "mqtt", false, "Do without it; `client.server` tells what the server offers."],
  [7, "client-closed", "application", false, "Call connect() or createClient() again: a closed client stays closed."],
  [8, "invalid-argument", "application", false, "Correct this argument; its documentation gives type, unit and range."],
  [9, "unsupported-in-version", "mqtt", false, "Leave it out or set `protocolVersion` to 5: MQTT 3.1.1 lacks it."],
  [11, "aborted", "application", false, "See `cause`: its `signal` was aborted."],
  [12, "timeout", "application", true, "Check the connection or raise `timeout`: no answer came."],
  [13, "not-connected", "application", true, "Call it after the `connect` event."],
  [14, "provider-timeout", "application", true, "Make `url`, `credentials`, `redirect.allow` and `authenticator` answer within `connectTimeout`."],
  [20, "rejected-by-server", "mqtt", false, "Check what this user may do with this topic."],
  [21, "session-lost", "mqtt", false, "Publish it again if a duplicate does no harm."],
  [22, "message-expired", "mqtt", false, "Raise `messageExpiryInterval`: it was too old to be sent."],
  [23, "dropped-from-queue", "application", false, "Raise the limits of `offlineQueue`; what comes: handle it sooner, or ask for QoS 1."],
  [24, "poison-message", "mqtt", false, "Correct this message, over which the server ends the connection, or set `poisonLimit` to give it up."],
  [25, "no-responder", "mqtt", true, "Start the responder or correct the topic: nobody subscribes to it."],
  [30, "connect-refused", "mqtt", false, "Check user name, password, `clientId` and the server's log."],
  [31, "disconnected-by-server", "mqtt", true, "See `reasonCode` and the server's log."],
  [32, "malformed-packet", "mqtt", true, "Check that the URL leads to an MQTT listener: the server sent bytes that are not MQTT."],
  [33, "protocol-error", "mqtt", true, "Update the server: it broke the rule in `statement`."],
  [34, "connection-closed", "websocket", true, "Check the network and that idle limits of proxies are longer than `keepAlive`."],
  [35, "connect-timeout", "network", true, "Check host, port, firewall and proxy, or raise `connectTimeout`: no answer came."],
  [36, "keep-alive-timeout", "network", true, "Check the network or raise `pingTimeout`: no answer came to a ping."],
  [37, "subprotocol-rejected", "websocket", false, "Make server and proxy accept the WebSocket subprotocol mqtt, or set `subprotocols`."],
  [38, "session-taken-over", "mqtt", false, "Give every tab and device its own `clientId`: another client has this one, or seems to (no `reasonCode`; then the client goes on)."],
  [39, "connect-failed", "network", true, "Check host, port, path, certificate and proxy; wasmqtt/diagnose finds out more."],
  [40, "connack-timeout", "mqtt", true, "Check the path and that the proxy passes Sec-WebSocket-Protocol: the WebSocket opened but MQTT stayed silent."],
  [41, "version-not-supported", "mqtt", false, "Set `protocolVersion` to the version that the server speaks, or leave it out."],
  [42, "text-frame", "websocket", true, "Make the server send binary WebSocket messages: MQTT is never text."],
  [43, "too-many-redirects", "mqtt", false, "Correct the servers, which redirect in a circle, or raise `redirect.maxRedirects`."],
  [44, "client-id-in-use", "page", false, "Close the other tab or client that has this `clientId`, give each its own, or set `whenClientIdInUse`."],
  [45, "tls-failed", "tls", true, "Check that the certificate is trusted, not expired and made for this host, and that the port speaks TLS."],
  [46, "closed-before-connack", "mqtt", true, "Check user name, password, `clientId`, `protocolVersion`, path and the server's log: the server hung up on CONNECT."],
  [47, "too-large-for-server", "websocket", true, "Send less in one packet, or raise the limit of the server or proxy: the packet was too large."],
  [48, "idle-timeout", "network", true, "Raise the idle limit of the proxy (nginx: proxy_read_timeout): connections seem to end when silent for `limit` ms. The client pings sooner from now on, unless `keepAlive` is 0."],
  [49, "worker-unavailable", "page", false, "Serve worker.js beside the script, allow it in worker-src, or pass a function as `worker` that makes the Worker; until then the client works on the page's thread."],
  [50, "insecure-url", "page", false, "Use wss://: an https: page may open ws:// only to its own machine."],
  [51, "invalid-url", "application", false, "Use an absolute URL such as wss://broker.example.com/mqtt."],
  [52, "blocked-by-csp", "page", false, "Add the server to connect-src of the page's Content-Security-Policy."],
  [53, "offline", "network", true, "Connect to a network: the device says that it is offline."],
  [60, "engine-crashed", "application", false, "Reload the page and report this with its stack: it is a bug in wasmqtt."],
  [61, "wasm-load-failed", "page", true, "Serve wasmqtt_bg.wasm beside the script, pass its location to init(), or import wasmqtt/inline."],
  [62, "handler-failed", "application", false, "Correct the handler; `cause` is what it threw."],
  [63, "provider-failed", "application", true, "Correct the `url`, `credentials` or `webSocket` function; `cause` is what it threw."],
  [64, "store-unavailable", "page", true, "Allow this site to keep data, or set another `store`; `cause` is what it threw."],
  [65, "store-full", "page", true, "Free space on this device, or set `store.fallback`: no more messages can be kept."],
  [66, "store-damaged", "application", false, "Publish again what was lost, and see who else writes to the store."],
];

// The reason codes from 0x80 on, in their order (5.0, section 2.4).
const REASONS =
  "Unspecified error|Malformed Packet|Protocol Error|Implementation specific error|Unsupported Protocol Version|" +
  "Client Identifier not valid|Bad User Name or Password|Not authorized|Server unavailable|Server busy|Banned|" +
  "Server shutting down|Bad authentication method|Keep Alive timeout|Session taken over|Topic Filter invalid|" +
  "Topic Name invalid|Packet Identifier in use|Packet Identifier not found|Receive Maximum exceeded|" +
  "Topic Alias invalid|Packet too large|Message rate too high|Quota exceeded|Administrative action|" +
  "Payload format invalid|Retain not supported|QoS not supported|Use another server|Server moved|" +
  "Shared Subscriptions not supported|Connection rate exceeded|Maximum connect time|" +
  "Subscription Identifiers not supported|Wildcard Subscriptions not supported";

/** @internal The standard's name of a reason code that reports a failure; `undefined` for any other number. */
export function reasonName(code: number): string | undefined {
  return REASONS.split("|")[code - 0x80];
}

/** @internal What to change, by the server's reason code, where that is more than the hint of the error's code. */
export const REASON_HINTS: Readonly<Record<number, string>> = {
  133: "Use another `clientId`: the broker allows certain ones only.",
  134: "Correct `username` and `password`.",
  135: "Correct `username` and `password`, or allow this user and `clientId` on the broker.",
  136: "Try again later: the broker says that it is not available.",
  137: "Try again later: the broker says that it is busy.",
  138: "Ask whoever runs the broker: it has banned this client.",
  140: "Use an `authenticator` with a method that the broker knows, or none.",
  149: "Send less in one packet, or raise the broker's limit (in CONNECT: tokens, user properties, a will).",
  150: "Send less often: the broker limits the rate.",
  151: "Use less, or raise the quota of this user on the broker.",
  156: "Connect to the server that the broker names, for now.",
  157: "Connect to the server that the broker names, from now on.",
  159: "Connect less often: the broker limits the rate.",
};

/** @internal The same where a connection ended without a reason as soon as it was accepted. */
export const SOON_HINT =
  "Check that no other client has this `clientId`, and what this user may do: the server ended the connection as soon as it had accepted it.";

/** @internal The same by the close code of the WebSocket (RFC 6455, section 7.4), as brokers use them. */
export const CLOSE_HINTS: Readonly<Record<number, string>> = {
  1001: "Nothing to do if this is rare: the server or a proxy restarts.",
  1002: "Check user name, password and what this user may do, or see `reasonString` and the server's log.",
  1003: "Check that the URL leads to an MQTT listener: the server takes no binary messages.",
  1008: "Check user name, password and what this user may do: the server's rules forbid it (`reasonString`).",
  1011: "See `reasonString` and the server's log: it failed, or another client has this `clientId`.",
  1012: "Nothing to do: the server restarts.",
  1013: "Connect less often: the server is busy.",
};
