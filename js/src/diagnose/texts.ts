import type { ErrorLayer } from "../error-codes.js";
import type { DiagnosisCode } from "./types.js";

/** The layer, what is wrong, what to change, and what to look at outside of the page, the likeliest first. */
type Text = readonly [layer: ErrorLayer, summary: string, hint: string, ...checks: string[]];

const OPEN_TAB = "Open {https} in a tab of its own: there the browser says what it does not tell a page.";
const CERTIFICATE =
  "The certificate: expired, self-signed, of an unknown authority, incomplete chain, or made for another name than {hostname}.";
const DROPPED =
  "The server may take the connection and drop it without an answer, as MQTT listeners without WebSocket do.";
const PLAIN_PORT = "The port may speak ws:// without TLS, or no HTTP at all.";
const UPGRADE =
  "The proxy must hand the upgrade on; in nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade.";
const PATH = "The path {path}: brokers and proxies expect a certain one, often /mqtt, /ws or /.";
const UPSTREAM =
  "The broker behind the proxy: does it run, on the port and with the protocol that the proxy expects?";
const ACCESS =
  "A login, a client certificate, an IP filter or a list of allowed origins in front of the broker.";
const HANDSHAKE =
  "The answer to the handshake: the broker may refuse the subprotocol, or a proxy may change the headers of the answer.";
const THROTTLE =
  "The browser itself: Chromium holds new WebSockets back for up to 5 s after many failures; run this in a new tab.";
const SERVER_LOG = "The broker's log at the time of this check.";
const ACCOUNT = "User name, password and what this user may do.";
const SAME_ID = "Another client with the same Client Identifier.";

/** `{…}` stands for what `explain` fills in. */
// biome-ignore format: a text per line
export const TEXTS: Readonly<Record<DiagnosisCode, Text>> = {
  ok: ["mqtt", "WebSocket and MQTT work from this page.", "There is nothing to change."],

  "invalid-url": ["application", "This is not the URL of a WebSocket.", "Use an absolute URL such as wss://broker.example.com/mqtt."],
  "insecure-url": ["page", "A page on https: may not open ws:// (mixed content).", "Use wss://, and let the broker or a proxy in front of it speak TLS."],
  "blocked-port": ["page", "Browsers connect to no server on port {port}.", "Let the server listen on another port, such as 443."],
  "blocked-by-csp": ["page", "The page's Content Security Policy forbids this address.", "Add {origin} to connect-src of the page's Content-Security-Policy."],
  "local-network-denied": ["page", "This site may not reach the local network.", "Allow local network access in the browser's settings for this site, or reload and accept the question."],
  "wasm-load-failed": ["page", "The WebSocket works, but the WebAssembly module of wasmqtt could not be loaded.", "Serve wasmqtt_bg.wasm beside the script, and allow 'wasm-unsafe-eval' in script-src."],

  offline: ["network", "The device is offline.", "Connect to a network."],
  unreachable: ["network", "No connection to {host}; the page cannot know which part of the way failed.", OPEN_TAB,
    "The host name and port {host}: a typing error, a name that does not resolve, a VPN that is off?",
    "The server: does its WebSocket listener run, and does every firewall let port {port} through?",
    CERTIFICATE, PLAIN_PORT,
    DROPPED],
  "port-unreachable": ["network", "{hostname} answers as a web server, but port {port} gives no answer that a browser can use.", "Check that the broker's WebSocket listener runs, and that every firewall lets port {port} through.",
    "The server: does its WebSocket listener run, on port {port} and not on 127.0.0.1 only?",
    "A firewall, a security group or a container that does not let port {port} through.",
    CERTIFICATE, PLAIN_PORT, DROPPED],
  silent: ["network", "{host} does not answer: no refusal and no data until time ran out.", "Check that a firewall does not swallow port {port}, and that this port speaks {protocol}.",
    "A firewall or security group that drops packets to port {port}.",
    "The address: a name that resolves to a machine that is off, or to IPv6 where only IPv4 is open.",
    "A server that takes the connection and waits: a port of another protocol, or one that hangs.",
    "A browser that waits for its user: for a certificate to choose, or a question to answer."],
  "tls-failed": ["tls", "The secure connection to {host} failed: its certificate is not trusted, or the port does not speak TLS.", OPEN_TAB, CERTIFICATE, PLAIN_PORT,
    "The server may ask for a client certificate, or offer only old versions of TLS."],
  "tls-required": ["tls", "Port {port} speaks TLS, but the URL says ws://.", "Use wss:// in place of ws://."],
  "tls-not-spoken": ["tls", "Port {port} speaks without TLS, but the URL says wss://.", "Use the server's TLS port, or put a proxy with a certificate in front of it."],

  "http-answer": ["http", "{host} answers HTTP, but no WebSocket opens; a page of another origin may not read the answer.",
    "Look at the answer in the browser's network panel, or add Access-Control-Allow-Origin to the server's error answers and run this again.",
    PATH, UPGRADE, UPSTREAM, ACCESS, HANDSHAKE],
  "http-status": ["http", "The server answers HTTP {status} in place of a WebSocket.", "Look for this status in the logs of proxy and broker.", SERVER_LOG, PATH, UPGRADE],
  "not-found": ["http", "The server has nothing at {path} (HTTP {status}).", "Correct the path of the URL, or add it to the proxy; brokers often use /mqtt, /ws or /."],
  "wrong-path": ["http", "No WebSocket opens at {path}, but one does at {found}.", "Use {found} in place of {path}, or correct what the proxy does with {path}."],
  forbidden: ["http", "The server refuses {path} before MQTT begins (HTTP {status}).", "Let the WebSocket's path pass without HTTP login, and allow the origin of this page.", ACCESS],
  "upgrade-missing": ["http", "{path} answers HTTP {status} to a plain request, as a WebSocket server may, but no WebSocket opens.", "Make the proxy hand on the headers Upgrade and Connection, with HTTP/1.1, and leave those of the answer as they are.",
    UPGRADE, HANDSHAKE, "A server that asks for a client certificate, or refuses a header that is too large (HTTP 400).", UPSTREAM],
  "bad-gateway": ["http", "The proxy got no answer from the broker (HTTP {status}).", "Check that the broker runs where the proxy looks for it, and that the proxy hands on Upgrade and Connection.",
    UPSTREAM, `${UPGRADE} Without these headers Mosquitto hangs up, which looks the same.`, "A proxy that speaks TLS to a broker without it, or the other way round."],
  "not-a-websocket": ["http", "{path} is a page or a file (HTTP {status}), not a WebSocket.", "Correct the path, or make the proxy send this path to the broker with its Upgrade headers."],
  redirected: ["http", "The server redirects {path}; WebSockets follow no redirects.", "Use the final URL: often a slash at the end is missing, or the proxy redirects to a login."],
  "connection-dropped": ["http", "{host} answers HTTP, but drops connections to {path} without an answer.", "Check what the proxy does with this path, and whether the broker behind it runs.", PATH, UPSTREAM, UPGRADE, HANDSHAKE],
  "upgrade-silent": ["http", "{host} answers HTTP, but the upgrade to a WebSocket gets no answer.", "Check that the broker behind the proxy accepts connections and speaks WebSocket on this port.",
    UPSTREAM, "A proxy that buffers or inspects: some hold back an upgrade that they do not understand.", PATH, THROTTLE],

  "subprotocol-rejected": ["websocket", "The server did not select the WebSocket subprotocol {offered} ({selected}).", "Make broker and proxy answer with Sec-WebSocket-Protocol: mqtt, or set `subprotocols: []`.",
    "A proxy that takes Sec-WebSocket-Protocol out of the answer, as set-ups for mini-programs do.", "A WebSocket server that is not an MQTT broker."],
  "subprotocol-required": ["websocket", "The server wants a WebSocket subprotocol, and none was offered.", "Leave `subprotocols` out, or set it to [\"mqtt\"]."],
  "text-frame": ["websocket", "The server sends text; MQTT is binary.", "Make the server or bridge send binary WebSocket messages, and check that the URL leads to MQTT."],
  unstable: ["network", "The first WebSocket opened, the next one to the same address did not.", "Run this again: look for limits on connections, and for one of several servers that is down.",
    "A limit on connections or on their rate.", "A load balancer with a server that is down.",
    "A slow download of wasmqtt_bg.wasm, which is needed from here on.", THROTTLE],

  "not-mqtt": ["mqtt", "The WebSocket opens, but the answer is not MQTT.", "Check that host, port and path lead to the broker and not to another WebSocket service."],
  "connack-timeout": ["mqtt", "The WebSocket opens, but CONNECT gets no answer.", "Check that the URL leads to the broker's MQTT listener, and that the proxy hands on Sec-WebSocket-Protocol: mqtt.",
    "A proxy that does not hand on Sec-WebSocket-Protocol: some brokers then stay silent for ever.",
    "Another WebSocket service than MQTT at this path.", "A broker that waits for something behind it: a user database, a cluster.", SERVER_LOG],
  "closed-before-connack": ["mqtt", "The server ends the connection after CONNECT without saying why{close}.", "Look into the broker's log: it knows.",
    "A broker that refuses the login by hanging up: user name, password, Client Identifier.",
    "A broker that does not know this version of MQTT: try protocolVersion 4 and 5.", "A proxy whose upstream went away.",
    "Another WebSocket service than MQTT at this path.", SERVER_LOG],
  "closed-after-connack": ["mqtt", "The server accepted the client and ended the connection soon after{close}.", "Look into the broker's log: it knows.",
    SAME_ID, ACCOUNT, "A limit on connections, or a proxy with a very short time limit.", SERVER_LOG],
  "connect-refused": ["mqtt", "The broker refuses the client: {reason}.", "Check user name, password, client identifier and the server's log.", SERVER_LOG],
  "version-not-supported": ["mqtt", "The broker does not speak this version of MQTT.", "Set `protocolVersion` to \"auto\" or to the version that the server speaks."],
  "packet-too-large": ["mqtt", "A packet is larger than the other side accepts{close}.", "Raise the limit of the broker or proxy, or send less in CONNECT: long tokens, user properties, a will."],
  "session-taken-over": ["mqtt", "Another client connected with the same Client Identifier and took the session over.", "Give every tab and device its own `clientId`."],
  "disconnected-by-server": ["mqtt", "The broker accepted the client and then ended the connection: {reason}.", "Look into the broker's log for why it ended the connection.", ACCOUNT, SERVER_LOG],
  "keep-alive-timeout": ["mqtt", "The broker accepted the client but did not answer its ping.", "Check what lies between: a proxy that lets only the first messages pass, a broker that hangs.", SERVER_LOG],
  "protocol-error": ["mqtt", "The broker accepted the client and then broke the rules of MQTT.", "Update the broker, or report this to its makers."],
  "client-error": ["application", "The client could not do its part.", "Correct the options given to diagnose()."],
};

/** For ports that belong to MQTT without WebSocket. */
export const RAW_PORT =
  "Port {port} is that of MQTT over TCP by custom; WebSockets have another one, often 443, 8083, 8084, 9001 or 8000.";
/** Where a WebSocket opens at another path. */
export const OTHER_PATH = "Use {found} in place of {path}: a WebSocket opens there.";
/** For `wss:` with an IP address. */
export const ADDRESS_CERTIFICATE =
  "The certificate must name the IP address itself, which few do: use the host name that it was made for.";
/** For `ws:` from a page on https. */
export const MIXED_LOOPBACK =
  "Some browsers, Safari among them, allow no ws:// from a page on https:, not even to their own machine: use wss://.";
/** Where the browser may have asked, or would ask. */
export const ASK_LOCAL_NETWORK =
  "The browser may want the user to allow access to the local network (site settings): it has not been granted.";
/** Where the page's own policy forbids to look further. */
export const PROBE_BLOCKED =
  "The page's policy lets this check not ask {https}: with it in connect-src the report can say more.";
/** Checks that make sense with `wss:` only. */
export const TLS_ONLY: readonly string[] = [CERTIFICATE, PLAIN_PORT];
