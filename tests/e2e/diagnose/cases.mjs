// One row for each way in which a connection fails in practice, made with real parts.
//
// `cause` is the verdict that names it. Where a page cannot know, `among` is what the list of the report must contain;
// `hint` is what the hint must say; `only` names the engines in which a case can be made at all.
import { mqttCases } from "./mqtt-cases.mjs";
import { bare, cross, elsewhere, fault, port, same } from "./places.mjs";

const STRICT = ["chromium", "firefox"];
const CERTIFICATE = /^The certificate/;
const UPGRADE = /hand the upgrade on/;

export const cases = {
  "The page": [
    { name: "ws:// from a page on https:", url: () => "ws://mqtt.test/mqtt", cause: "insecure-url" },
    { name: "mqtt:// or another scheme", url: () => "mqtt://mqtt.test:1883", cause: "invalid-url" },
    { name: "user and password in the URL", url: () => "wss://ada:s3cret@mqtt.test/", cause: "invalid-url" },
    { name: "a port that browsers refuse", url: () => "wss://localhost:6667/", cause: "blocked-port" },
    {
      name: "connect-src does not list the broker",
      page: "/strict/index.html",
      url: port("untrusted"),
      cause: "blocked-by-csp",
    },
    {
      name: "script-src does not allow WebAssembly",
      page: "/nowasm/index.html",
      url: same("/mqtt"),
      cause: "wasm-load-failed",
    },
    {
      name: "a public page, a broker on this machine, no permission",
      from: "named",
      page: "/public/index.html",
      url: cross("/mqtt"),
      cause: "local-network-denied",
      among: /allow access to the local network/,
      only: ["chromium"],
    },
    {
      name: "the device is offline",
      url: port("page", "wss", "mqtt.test"),
      cause: "offline",
      only: ["chromium"],
      async setup({ driver, pages }, t) {
        await pages.https.run(({ mqtt }) => mqtt.init()); // without it connect() fails earlier, and says so
        const speed = { latency: 0, download_throughput: -1, upload_throughput: -1 };
        await driver.setNetworkConditions({ offline: true, ...speed });
        t.after(() => driver.setNetworkConditions({ offline: false, ...speed }));
      },
    },
  ],
  "The way to the server": [
    {
      name: "a name that does not exist",
      url: () => "wss://nowhere.onion/",
      among: /^The host name/,
      only: STRICT,
    },
    {
      name: "nobody listens on the port",
      url: ({ closedPort }) => `wss://localhost:${closedPort}/`,
      among: /^The server: does its WebSocket listener run/,
    },
    {
      name: "nobody listens on the port of a host that has a website",
      url: ({ closedPort }) => `wss://site.test:${closedPort}/`,
      cause: "port-unreachable",
      among: /^The server: does its WebSocket listener run/,
      only: ["chromium"],
    },
    {
      name: "the port hangs up at once (FIN)",
      from: "http",
      url: bare("finPort"),
      among: /drop it without an answer/,
    },
    {
      name: "the port hangs up at once (RST)",
      from: "http",
      url: bare("rstPort"),
      among: /drop it without an answer/,
    },
    {
      name: "ws:// to a port that says nothing",
      from: "http",
      url: bare("silentPort"),
      cause: "silent",
      among: /takes the connection and waits/,
    },
    {
      name: "wss:// to a port that says nothing",
      url: bare("silentPort", "wss"),
      cause: "silent",
      among: /takes the connection and waits/,
    },
    {
      name: "the port of MQTT over TCP",
      from: "http",
      url: ({ broker }) => `ws://127.0.0.1:${broker.tcpPort}/`,
      among: /MQTT listeners without WebSocket/,
    },
    {
      name: "the port of MQTT over TLS",
      url: ({ mqttsPort }) => `wss://localhost:${mqttsPort}/`,
      among: /MQTT listeners without WebSocket/,
    },
    {
      name: "ws:// to this machine from a page on https:, which WebKit does not allow",
      url: ({ ports }) => `ws://127.0.0.1:${ports.plain}/mqtt`,
      among: /not even to their own machine/,
      only: ["webkit"],
    },
    {
      name: "no answer, and the page may not ask further",
      page: "/strict/index.html",
      url: ({ closedPort }) => `wss://mqtt.test:${closedPort}/`,
      among: /^The server: does its WebSocket listener run/,
      only: STRICT,
    },
  ],
  TLS: [
    {
      name: "a certificate of an unknown authority",
      url: port("untrusted"),
      among: CERTIFICATE,
      only: STRICT,
    },
    {
      name: "the same, from a page on https: to another machine",
      url: port("untrusted", "wss", "mqtt.test"),
      among: CERTIFICATE,
      only: STRICT,
    },
    { name: "an expired certificate", url: port("expired"), among: CERTIFICATE, only: STRICT },
    { name: "a certificate for another name", url: port("othername"), among: CERTIFICATE, only: STRICT },
    {
      name: "wss:// with an IP address",
      url: port("page", "wss", "127.0.0.1"),
      among: /must name the IP address/,
      only: STRICT,
    },
    {
      name: "wss:// to a port without TLS",
      from: "http",
      url: port("plain"),
      cause: "tls-not-spoken",
      among: /without TLS/,
    },
    {
      name: "no TLS on the port, from a page on https: to another machine",
      url: port("plain", "wss", "mqtt.test"),
      cause: "tls-not-spoken",
      among: /without TLS/,
      only: STRICT,
    },
    { name: "ws:// to a port with TLS", from: "http", url: port("cross", "ws"), cause: "tls-required" },
    {
      name: "a client certificate is wanted",
      url: port("clientcert"),
      among: /filter|login|certificate to choose/,
    },
  ],
  "HTTP in place of a WebSocket, same origin": [
    {
      name: "404, no such path",
      url: same("/missing"),
      cause: "not-found",
      hint: /^Use \/mqtt in place of \/missing/,
    },
    { name: "401, a login", url: same("/login"), cause: "forbidden" },
    { name: "403, forbidden", url: same("/forbidden"), cause: "forbidden" },
    { name: "400", url: same("/bad"), cause: "upgrade-missing", among: UPGRADE },
    {
      name: "no Upgrade headers, the broker answers 426",
      url: same("/noupgrade-426"),
      cause: "upgrade-missing",
      among: UPGRADE,
    },
    { name: "no Upgrade headers, Mosquitto hangs up: 502", url: same("/noupgrade-502"), among: UPGRADE },
    {
      name: "502, the broker is down",
      url: same("/down"),
      cause: "bad-gateway",
      among: /broker behind the proxy/,
    },
    { name: "503, busy", url: same("/busy"), cause: "bad-gateway", among: /broker behind the proxy/ },
    { name: "500", url: same("/broken"), cause: "http-status", among: /log/ },
    { name: "200, a page", url: same("/page"), cause: "not-a-websocket" },
    { name: "301, no slash at the end", url: same("/moved"), cause: "redirected" },
    { name: "444, dropped", url: same("/dropped"), cause: "connection-dropped", among: /The path/ },
    {
      name: "the upgrade gets no answer",
      url: same("/hanging"),
      cause: "upgrade-silent",
      among: /broker behind the proxy/,
    },
  ],
  "HTTP in place of a WebSocket, another origin": [
    { name: "404, no such path", url: elsewhere("/missing"), cause: "not-found", among: /^The path/ },
    {
      name: "404, and the broker is at /ws",
      url: cross("/missing"),
      cause: "wrong-path",
      hint: /^Use \/ws in place of \/missing/,
    },
    { name: "404 with Access-Control-Allow-Origin", url: elsewhere("/missing-cors"), cause: "not-found" },
    {
      name: "no Upgrade headers",
      url: elsewhere("/noupgrade-426"),
      cause: "upgrade-missing",
      among: UPGRADE,
    },
    {
      name: "502, the broker is down",
      url: elsewhere("/down"),
      cause: "bad-gateway",
      among: /broker behind the proxy/,
    },
    {
      name: "the server's list of allowed origins does not have the page",
      url: elsewhere("/foreign"),
      cause: "forbidden",
      among: /allowed origins/,
    },
    { name: "301, no slash at the end", url: elsewhere("/moved"), cause: "redirected", among: /^The path/ },
    { name: "444, dropped", url: elsewhere("/dropped"), cause: "connection-dropped", among: /^The path/ },
  ],
  "The WebSocket": [
    {
      name: "a proxy for mini-programs: takes the subprotocol out of the answer",
      url: same("/miniprogram"),
      cause: "subprotocol-rejected",
    },
    {
      name: "the same, before a broker that insists on one",
      url: same("/stripped"),
      cause: "subprotocol-rejected",
      among: /may change the headers/,
    },
    {
      name: "the server selects another subprotocol",
      url: fault("other-subprotocol"),
      cause: "subprotocol-rejected",
      among: /may refuse the subprotocol/,
    },
    {
      name: "none is offered, and the server wants one",
      url: fault("wants-subprotocol"),
      options: { subprotocols: [] },
      cause: "subprotocol-required",
    },
    { name: "a false Sec-WebSocket-Accept", url: fault("bad-accept"), among: /answer to the handshake/ },
    {
      name: "an extension that was not offered",
      url: fault("unknown-extension"),
      among: /answer to the handshake/,
    },
    {
      name: "the handshake hangs",
      url: fault("hang"),
      cause: "upgrade-silent",
      among: /broker behind the proxy/,
    },
    { name: "text frames", url: fault("text"), cause: "text-frame" },
    {
      name: "a frame that no WebSocket may carry",
      url: fault("bad-frame"),
      among: /Another WebSocket service/,
    },
  ],
  MQTT: mqttCases,
};
