// HAProxy and Caddy with the configurations that ship in deploy/haproxy and deploy/caddy.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureCertificates } from "../../../scripts/certs.mjs";
import { which } from "../../../scripts/lib/which.mjs";
import { launch } from "../process.mjs";
import { freePort, temporaryFolder } from "../rig.mjs";
import { copyShipped } from "./copy.mjs";

/** Starts HAProxy before the broker's WebSocket listener and a web server. Resolves as `startDeployedCaddy` does. */
export async function startDeployedHaproxy({ brokerPort, pagesPort, changes = [] }) {
  const place = await open();
  const plainPort = await freePort();
  const pem = join(place.folder, "push.pem");
  writeFileSync(pem, `${readFileSync(place.cert, "utf8")}${readFileSync(place.key, "utf8")}`, {
    mode: 0o600,
  });
  copyShipped("haproxy", place.home, [
    ["maxconn 20000", "maxconn 1000"], // it does not start where so many files may not be open
    ["bind :80", `bind 127.0.0.1:${plainPort}`],
    ["bind :443", `bind 127.0.0.1:${place.port}`],
    ["/etc/haproxy/push.example.com.pem", pem],
    ["127.0.0.1:9001", `127.0.0.1:${brokerPort}`],
    ["127.0.0.1:8080", `127.0.0.1:${pagesPort}`],
    ...changes,
  ]);
  const args = ["-db", "-f", join(place.home, "haproxy.cfg")];
  return place.start(which("haproxy") ?? "haproxy", args, {});
}

/** Starts Caddy; `root` holds the pages. Resolves with `{ port, origin, web, mini, output(), stop() }`. */
export async function startDeployedCaddy({ brokerPort, root, changes = [] }) {
  const place = await open();
  // No certificates from the internet, no interface for administration, no port 80.
  const site = [
    "{\n\tadmin off\n\tauto_https disable_redirects\n}\n",
    `${place.origin} {`,
    "\tbind 127.0.0.1",
    `\ttls ${place.cert} ${place.key}`,
  ];
  copyShipped("caddy", place.home, [
    ["push.example.com {", site.join("\n")],
    ["127.0.0.1:9001", `127.0.0.1:${brokerPort}`],
    ["/var/www/push", root],
    ...changes,
  ]);
  const data = join(place.folder, "data");
  mkdirSync(data);
  const env = { ...process.env, HOME: data, XDG_DATA_HOME: data, XDG_CONFIG_HOME: data };
  const args = ["run", "--adapter", "caddyfile", "--config", join(place.home, "Caddyfile")];
  return place.start(which("caddy") ?? "caddy", args, { env });
}

async function open() {
  const folder = temporaryFolder();
  const { cert, key } = await ensureCertificates(join(folder.path, "certificates"));
  const port = await freePort();
  const origin = `https://localhost:${port}`;
  const [web, mini] = ["mqtt", "mqtt-mini"].map((path) => `wss://localhost:${port}/${path}`);
  const start = async (program, args, options) => {
    const child = await launch(program, args, { ready: port, ...options });
    const stop = async () => {
      await child.stop();
      await folder.stop();
    };
    return { port, origin, web, mini, output: child.output, stop };
  };
  return { folder: folder.path, home: join(folder.path, "etc"), cert, key, port, origin, start };
}
