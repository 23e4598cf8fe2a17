// `npm run gateway`: nginx and Mosquitto on this machine, with the configuration that ships in deploy/.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";
import { at, tools } from "./lib/paths.mjs";
import { exitWith, Failure } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const HELP = `Usage: npm run gateway -- [options]

Starts nginx and Mosquitto on loopback with the files in deploy/: pages over HTTPS, MQTT over WSS for web pages and for
mini-programs. Ports, folders, names and certificates are put into a copy; everything else runs as it ships.

  --root DIR    folder of the pages (default deploy/www)
  --port N      HTTPS port (default 8444, or the next free one)
  --help        this text
`;
const PORT = 8444;
const PORT_ATTEMPTS = 20;
const USERS = ["ada", "backend"];

try {
  const options = parse(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else await gateway(options);
} catch (error) {
  exitWith(error);
}

function parse(args) {
  const options = {
    root: { type: "string" },
    port: { type: "string" },
    help: { type: "boolean", short: "h" },
  };
  try {
    const { root = at("deploy", "www"), port = "", help } = parseArgs({ args, options }).values;
    if (!existsSync(root)) throw new Error(`There is no folder ${root}`);
    if (!/^\d*$/.test(port) || Number(port) > 65535) throw new Error(`--port takes a number, not "${port}"`);
    return { help, root: path.resolve(root), port: Number(port) };
  } catch (error) {
    throw new Failure(`${error.message} (see --help)`);
  }
}

async function gateway({ root, port: wanted }) {
  await setup("gateway");
  // Imported only now: certificates need npm packages that setup has just installed.
  const { startDeployedMosquitto } = await import("../tests/rig/deployed/mosquitto.mjs");
  const { startDeployedNginx } = await import("../tests/rig/deployed/nginx.mjs");

  const port = await freePort(wanted);
  const parts = [];
  const stop = async () => {
    for (const part of parts.splice(0).reverse()) await part.stop();
  };
  const signal = new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(name, resolve);
  });
  try {
    const accounts = USERS.map((name) => [name, randomBytes(9).toString("base64url")]);
    const broker = await startDeployedMosquitto({ accounts });
    parts.push(broker);
    const nginx = await startDeployedNginx({
      brokerPort: broker.webSocketPort,
      root,
      port,
      certificates: path.join(tools, "certs"),
      // A browser that trusts our authority would keep to HTTPS on every port of localhost.
      changes: [["max-age=86400", "max-age=0"]],
    });
    parts.push(nginx);
    announce({ nginx, broker, accounts, root });
    const ended = await Promise.race([
      signal.then(() => undefined),
      broker.exited.then(() => `Mosquitto ended:\n${broker.output()}`),
      nginx.exited.then(() => `nginx ended:\n${nginx.output()}`),
    ]);
    if (ended) throw new Failure(ended);
    console.log("Stopping …");
  } finally {
    await stop();
  }
}

function announce({ nginx, broker, accounts, root }) {
  const lines = accounts.map(([name, password]) => `  ${`User ${name}`.padEnd(16)}${password}`);
  console.log(`
  Pages           ${nginx.origin}/   from ${path.relative(process.cwd(), root) || "."}
  Web pages       ${nginx.web}   with the subprotocol mqtt
  Mini-programs   ${nginx.mini}   with or without it
  Local programs  mqtt://127.0.0.1:${broker.tcpPort}   Mosquitto ${broker.version}
${lines.join("\n")}   (passwords of this run)

  Topics: ada may use user/ada/#, backend user/#; see deploy/mosquitto/acl.
  Clients must trust ${path.relative(process.cwd(), nginx.ca)}; see deploy/certificates.md.

  Ctrl+C ends it.`);
}

/** The wanted port, or without one the first free port from 8444 on. */
async function freePort(wanted) {
  for (let port = wanted || PORT; ; port++) {
    const free = await new Promise((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
    if (wanted || port === PORT + PORT_ATTEMPTS)
      throw new Failure(`Port ${port} is taken: choose another with --port.`);
  }
}
