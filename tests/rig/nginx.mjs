// The gateway in front of everything: TLS, the static page under a strict CSP, and WebSocket locations good and bad.
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ensureCertificates } from "../../scripts/certs.mjs";
import { which } from "../../scripts/lib/which.mjs";
import { launch } from "./process.mjs";
import { freePort, temporaryFolder } from "./rig.mjs";

/** The policy under which the page and the package must work. */
export const contentSecurityPolicy =
  "default-src 'none'; img-src data:; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' wss://127.0.0.1:*";

/**
 * Starts nginx. `folders` maps URL paths to directories ("/" is the page); `broker` and the other upstreams are ports.
 *
 * - `/mqtt` leads to `bridge`, `/protected` to `protectedBridge`, `/native` to a broker's own WebSocket listener.
 * - `/to/PORT/…` leads to any port on loopback: a chaos proxy or a fake broker that a test has just started.
 * - `/stripped` offers the server `mqtt` but takes the subprotocol out of the answer, as gateways for mini-programs do.
 * - `/noupgrade` forgets the Upgrade headers; `/idle` gives up after one silent second, `/idle-3` after three;
 *   `/missing` answers 404.
 *
 * `http2: false` leaves HTTP/1.1 only. Resolves with `{ port, origin, wss, stop() }`.
 */
export async function startNginx({ folders, bridge, protectedBridge, native, http2 = true }) {
  const folder = temporaryFolder();
  const { cert, key } = await ensureCertificates(join(folder.path, "certificates"));
  const port = await freePort();
  for (const name of ["logs", "temporary"]) mkdirSync(join(folder.path, name));
  const config = join(folder.path, "nginx.conf");
  const text = configuration({
    folders,
    bridge,
    protectedBridge,
    native,
    http2,
    cert,
    key,
    port,
    home: folder.path,
  });
  writeFileSync(config, text);
  const child = await launch(which("nginx") ?? "nginx", ["-p", folder.path, "-c", config, "-e", "stderr"], {
    ready: /start worker process \d+/,
  });
  const stop = async () => {
    await child.stop();
    await folder.stop();
  };
  return {
    port,
    origin: `https://localhost:${port}`,
    wss: `wss://localhost:${port}`,
    output: child.output,
    stop,
  };
}

function configuration({ folders, bridge, protectedBridge, native, http2, cert, key, port, home }) {
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${home}/temporary/${kind};`,
  );
  const statics = Object.entries(folders).map(
    ([path, directory]) => `location ${path} { alias ${directory.replace(/\/?$/, "/")}; }`,
  );
  const upgrade = `
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;`;
  const to = (upstream) => `proxy_pass http://127.0.0.1:${upstream};`;
  return `
daemon off;
user ${userInfo().username};
worker_processes 1;
pid ${home}/nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  include /etc/nginx/mime.types;
  types { text/javascript mjs; }
  ${temporaryPaths.join("\n  ")}
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  server {
    listen 127.0.0.1:${port} ssl${http2 ? " http2" : ""};
    server_name localhost;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    add_header Content-Security-Policy "${contentSecurityPolicy}";
    ${statics.join("\n    ")}
    proxy_http_version 1.1;
    proxy_buffering off;${upgrade}
    location /mqtt { ${to(bridge)} }
    location /protected { ${to(protectedBridge)} }
    location /native { ${to(native)} }
    location ~ ^/to/(?<upstream>\\d+)(?<rest>/.*)?$ { proxy_pass http://127.0.0.1:$upstream$rest; }
    location /stripped {
      ${to(bridge)}${upgrade}
      proxy_set_header Sec-WebSocket-Protocol mqtt;
      proxy_hide_header Sec-WebSocket-Protocol;
    }
    location /noupgrade { ${to(bridge)} proxy_set_header Host $http_host; }
    location /idle { ${to(bridge)} proxy_read_timeout 1s; }
    location /idle-3 { ${to(bridge)} proxy_read_timeout 3s; }
    location /missing { return 404; }
  }
}
`;
}
