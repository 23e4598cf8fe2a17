// nginx with the configuration that ships in deploy/nginx.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ensureCertificates } from "../../../scripts/certs.mjs";
import { which } from "../../../scripts/lib/which.mjs";
import { launch } from "../process.mjs";
import { freePort, temporaryFolder } from "../rig.mjs";
import { copyShipped } from "./copy.mjs";

/**
 * Starts it before a broker's WebSocket listener on `brokerPort`; `root` is the folder of the pages and `certificates`
 * that of the certificates, made if need be. `changes` are more pairs of old and new text, to turn options on. `command`
 * is another nginx than the machine's. Resolves with `{ port, plainPort, origin, web, mini, ca, folder, accessLog,
 * output(), exited, test(), stop() }`: `web` and `mini` are the two URLs, `test` is what `nginx -t` says of the files.
 */
export async function startDeployedNginx({
  brokerPort,
  root,
  port,
  certificates,
  changes = [],
  command = [which("nginx") ?? "nginx"],
}) {
  const folder = temporaryFolder();
  const home = join(folder.path, "etc");
  const { ca, cert, key } = await ensureCertificates(certificates ?? join(folder.path, "certificates"));
  port ??= await freePort();
  const plainPort = await freePort();
  const origin = `https://localhost:${port}`;
  const accessLog = join(folder.path, "access.log");
  copyShipped("nginx", home, [
    ["user www-data;", `user ${userInfo().username};`],
    ["/run/nginx.pid", join(folder.path, "nginx.pid")],
    ["error_log /var/log/nginx/error.log warn;", "error_log stderr notice;"],
    ["/var/log/nginx/gateway.log", accessLog],
    ["http {", ["http {", ...temporaryPaths(folder.path)].join("\n  ")],
    ["127.0.0.1:9001", `127.0.0.1:${brokerPort}`],
    ["listen 80;", `listen 127.0.0.1:${plainPort};`],
    ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
    ["listen [::]:80;", ""],
    ["listen [::]:443 ssl;", ""],
    ["https://$server_name$request_uri", `${origin}$request_uri`],
    ["server_name push.example.com;", "server_name localhost;"],
    ["/etc/letsencrypt/live/push.example.com/fullchain.pem", cert],
    ["/etc/letsencrypt/live/push.example.com/privkey.pem", key],
    ["/var/www/push", root],
    ["/var/www/html", join(folder.path, "acme")],
    ...changes,
  ]);
  copyFileSync("/etc/nginx/mime.types", join(home, "mime.types"));
  for (const name of ["temporary", "logs"]) mkdirSync(join(folder.path, name));

  const [program, ...before] = command;
  const args = [...before, "-p", folder.path, "-c", join(home, "nginx.conf"), "-e", "stderr"];
  const test = () => {
    const { status, stderr } = spawnSync(program, [...args, "-t"], { encoding: "utf8" });
    return { ok: status === 0, text: stderr };
  };
  const child = await launch(program, [...args, "-g", "daemon off;"], { ready: /start worker process \d+/ });
  const stop = async () => {
    await child.stop();
    await folder.stop();
  };
  const [web, mini] = ["mqtt", "mqtt-mini"].map((path) => `wss://localhost:${port}/${path}`);
  const { pid, output, exited } = child;
  return { port, plainPort, origin, web, mini, ca, folder: home, accessLog, pid, output, exited, test, stop };
}

/** Those that are built into nginx belong to root. */
const temporaryPaths = (folder) =>
  ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${join(folder, "temporary", kind)};`,
  );
