import { once } from "node:events";
import { readFile } from "node:fs/promises";
import https from "node:https";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createBridge } from "./bridge.mjs";
import { startBroker } from "./broker.mjs";
import { startDevices } from "./devices.mjs";
import { HELP, parseOptions } from "./options.mjs";
import { createPages } from "./pages.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MQTT_PATH = "/mqtt";
const PORT_ATTEMPTS = 20;
const SIGNALS = ["SIGINT", "SIGTERM"];

/**
 * Runs the demo until SIGINT or SIGTERM: page and MQTT over WebSocket on one HTTPS port, a broker behind it and
 * simulated devices.
 *
 * @param {object} [options]
 * @param {readonly string[]} [options.argv] command line, see `--help`
 * @param {{ ca?: string, key: string, cert: string }} [options.certificates] PEM files; default: the project's local CA
 * @param {string} [options.packageFolder] the built package, default pkg/
 * @param {(line: string) => void} [options.log] default: standard output
 * @returns {Promise<{ url: string, port: number, broker: { name: string, version: string }, close(): Promise<void> } | undefined>}
 *   undefined after `--help`
 * @throws {Error} the command line is wrong, or no port is free
 */
export async function startDemo({ argv = [], certificates, packageFolder, log = console.log } = {}) {
  const options = parseOptions(argv);
  if (options.help) {
    log(HELP);
    return undefined;
  }
  const opened = [];
  const close = async () => {
    for (const part of opened.splice(0).reverse()) await part.close();
  };
  try {
    const files = certificates ?? (await localCertificates(options.host));
    const broker = options.broker ? visitorsBroker(options.broker) : await startBroker({ log });
    opened.push(broker);
    const bridge = createBridge({ target: broker.url });

    const info = {
      broker: { name: broker.name, version: broker.version },
      wsPath: MQTT_PATH,
      simulated: options.devices,
    };
    const server = https.createServer(
      { key: await readFile(files.key), cert: await readFile(files.cert) },
      createPages({ info, packageFolder, explain: bridge.explain }),
    );
    server.on("upgrade", (request, socket, head) => {
      if (request.url.split("?", 1)[0] === MQTT_PATH) return bridge.upgrade(request, socket, head);
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    });
    const sockets = socketsOf(server);
    const port = await listen(server, options.port, options.host);
    opened.push({ close: () => closeServer(server, sockets) }, bridge);
    if (options.devices) opened.push(startDevices(broker.url.href, { log }));

    opened.push(closeOnSignal(close, log));

    const url = `https://${pageHost(options.host)}:${port}/`;
    announce({ log, url, port, options, broker, ca: files.ca });
    return { url, port, broker: info.broker, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function localCertificates(host) {
  const { ensureCertificates } = await import("../../scripts/certs.mjs");
  const hosts = [...new Set(["localhost", "127.0.0.1", "::1", ...(isEverywhere(host) ? [] : [host])])];
  return ensureCertificates(path.join(ROOT, ".tools", "certs"), { hosts });
}

function visitorsBroker(url) {
  return { name: url.host, version: "", url, close() {} };
}

/** Takes the wanted port or one of the next; 0 lets the system choose. */
async function listen(server, wanted, host) {
  for (let port = wanted; ; port++) {
    server.listen(port, host);
    try {
      await once(server, "listening");
      return server.address().port;
    } catch (error) {
      const retry = error.code === "EADDRINUSE" && port < Math.min(wanted + PORT_ATTEMPTS, 65535);
      if (!retry) throw error;
    }
  }
}

/** The open connections, upgraded ones and those that are being refused included: `http.Server` forgets these. */
function socketsOf(server) {
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}

async function closeServer(server, sockets) {
  const closed = once(server, "close");
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}

function announce({ log, url, port, options, broker, ca }) {
  if (options.port !== 0 && port !== options.port) log(`Port ${options.port} is taken: using ${port}.`);
  log("");
  log(`  Page      ${url}`);
  log(`  MQTT      ${url.replace("https:", "wss:")}mqtt  →  ${broker.name} ${broker.version}`.trimEnd());
  log(`  Devices   ${options.devices ? "simulated, publishing to demo/…" : "none"}`);
  if (ca) {
    log("");
    log(
      "  The browser warns until it trusts this machine's test authority. Either accept the warning once, or import",
    );
    log(
      `  ${path.relative(process.cwd(), ca)} as an authority (browser settings → certificates → authorities).`,
    );
  }
  log("");
  log("  Ctrl+C ends the demo.");
}

function pageHost(host) {
  if (isEverywhere(host) || host === "127.0.0.1") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

function isEverywhere(host) {
  return host === "0.0.0.0" || host === "::";
}

/** Ends the demo on Ctrl+C or SIGTERM; a second signal ends the process at once. */
function closeOnSignal(close, log) {
  const off = () => {
    for (const name of SIGNALS) process.off(name, onSignal);
  };
  const onSignal = () => {
    off();
    log("Stopping …");
    close().catch((error) => log(`While stopping: ${error.message}`));
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return { close: off };
}
