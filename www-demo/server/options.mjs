import { parseArgs } from "node:util";
import { Failure } from "../../scripts/lib/run.mjs";

export const HELP = `Usage: npm run demo -- [options]

Serves the demo page over HTTPS and MQTT over WebSocket at /mqtt on the same port.

  --broker URL    use your own broker: mqtt://host:1883, mqtts://host:8883,
                  ws://host:port/path or wss://host:port/path (default: a private one)
  --port N        HTTPS port (default 8443; the next free one when it is taken)
  --host NAME     address to listen on (default 127.0.0.1; 0.0.0.0 lets a phone in your network in)
  --devices       run the simulated devices on your own broker, too
  --no-devices    no simulated devices
  --help          this text
`;

/** Port a broker URL means when it names none. */
const DEFAULT_PORTS = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443 };

/**
 * Reads the command line of the demo.
 *
 * @param {readonly string[]} argv arguments after the script's name
 * @returns {{ help: boolean, broker?: URL, port: number, host: string, devices: boolean }}
 * @throws {Failure} an option is unknown or its value does not fit
 */
export function parseOptions(argv) {
  const values = parse(argv);
  const broker = values.broker === undefined ? undefined : parseBroker(values.broker);
  return {
    help: values.help ?? false,
    broker,
    port: parsePort(values.port ?? "8443"),
    host: values.host ?? "127.0.0.1",
    // Retained test data does not belong on somebody's broker unless they ask for it.
    devices: !values["no-devices"] && (broker === undefined || (values.devices ?? false)),
  };
}

function parse(argv) {
  const options = {
    broker: { type: "string" },
    port: { type: "string" },
    host: { type: "string" },
    devices: { type: "boolean" },
    "no-devices": { type: "boolean" },
    help: { type: "boolean", short: "h" },
  };
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  } catch (error) {
    throw new Failure(`${error.message} (see --help)`);
  }
}

function parsePort(text) {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new Failure(`--port takes a number from 0 (any free port) to 65535, not "${text}".`);
  }
  return port;
}

function parseBroker(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname || !(url.protocol in DEFAULT_PORTS)) {
    throw new Failure("--broker takes a URL such as mqtt://localhost:1883 or wss://broker.example/mqtt.");
  }
  if (url.username || url.password) {
    throw new Failure("--broker takes no user name or password: type them on the page.");
  }
  return url;
}

/** @param {URL} url broker URL @returns {number} its port, the scheme's usual one when it names none */
export function brokerPort(url) {
  return url.port ? Number(url.port) : DEFAULT_PORTS[url.protocol];
}

/** @param {URL} url broker URL @returns {string} host name without the brackets of an IPv6 address */
export function brokerHost(url) {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}
