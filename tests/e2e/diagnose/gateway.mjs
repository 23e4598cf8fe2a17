// nginx as people configure it: right once, and wrong in one way at each other location and port.
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { which } from "../../../scripts/lib/which.mjs";
import { makeCertificates } from "../../rig/badcerts.mjs";
import { launch } from "../../rig/process.mjs";
import { freePort, temporaryFolder } from "../../rig/rig.mjs";

const PORTS = ["page", "cross", "elsewhere", "plain", "expired", "othername", "untrusted", "clientcert"];

/**
 * Starts nginx with the page and all locations on `ports.page` (https) and `ports.plain` (http); `ports.cross` is the
 * same as another origin, whose page the bridge at `/mqtt` refuses and Mosquitto at `/ws` does not; `ports.elsewhere` has
 * neither. `ports.expired`, `ports.othername` and `ports.untrusted` have such a certificate, `ports.clientcert` wants one of the client. `upstreams` are ports: `bridge`, `native` and so on.
 * `http2: false` leaves HTTP/1.1 only. Resolves with `{ ports, ca, stop() }`.
 */
export async function startGateway({ folders, upstreams, http2 = true }) {
  const folder = temporaryFolder();
  const home = folder.path;
  for (const name of ["logs", "temporary", "certificates"]) mkdirSync(join(home, name));
  await makeCertificates(join(home, "certificates"));
  const ports = {};
  for (const name of PORTS) ports[name] = await freePort();
  const config = join(home, "nginx.conf");
  const page = fileURLToPath(new URL("page", import.meta.url));
  writeFileSync(
    config,
    configuration({ folders: { ...folders, "/diagnose/": page }, ports, home, upstreams, http2 }),
  );
  const child = await launch(which("nginx") ?? "nginx", ["-p", home, "-c", config, "-e", "stderr"], {
    ready: /start worker process \d+/,
  });
  const stop = async () => {
    await child.stop();
    await folder.stop();
  };
  return { ports, ca: join(home, "certificates", "ca.pem"), stop };
}

function configuration({ folders, ports, home, upstreams, http2 }) {
  const { bridge, protectedBridge, native, closed, silent, fault, mqtt311 } = upstreams;
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${home}/temporary/${kind};`,
  );
  const alias = (directory) => `alias ${directory.replace(/\/?$/, "/")};`;
  const statics = Object.entries(folders).map(
    ([path, directory]) => `location ${path} { ${alias(directory)} }`,
  );
  const page = (name, policy) => `location /${name}/ {
      ${alias(folders["/diagnose/"])} add_header Content-Security-Policy "${policy}"; }`;
  const upgrade = `
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;`;
  const to = (port) => `proxy_pass http://127.0.0.1:${port};`;
  const tls = (name) => `ssl_certificate ${home}/certificates/${name}.pem;
    ssl_certificate_key ${home}/certificates/${name}.key;`;
  const bad = (name) => `server { listen 127.0.0.1:${ports[name]} ssl; ${tls(name)} return 404; }`;
  const brokers = `location /mqtt { ${to(bridge)} }
    location /ws { ${to(native)} }`;
  const locations = `
    ${statics.join("\n    ")}
    ${page("strict", `connect-src 'self' wss://localhost:${ports.cross} wss://mqtt.test:*`)}
    ${page("nowasm", "script-src 'self'")}
    ${page("public", "treat-as-public-address")}
    proxy_http_version 1.1;
    proxy_buffering off;${upgrade}
    location /foreign { ${to(bridge)} }
    location /protected { ${to(protectedBridge)} }
    location /impatient { ${to(bridge)} proxy_read_timeout 500ms; }
    location /native { ${to(native)} }
    location /mqtt311 { ${to(mqtt311)} }
    location /fault/ { proxy_pass http://127.0.0.1:${fault}/; }
    location ~ ^/to/(?<upstream>\\d+)(?<rest>/.*)?$ { proxy_pass http://127.0.0.1:$upstream$rest; }
    location /stripped { ${to(bridge)} proxy_hide_header Sec-WebSocket-Protocol; }
    location /miniprogram { ${to(bridge)}${upgrade}
      proxy_set_header Sec-WebSocket-Protocol mqtt; proxy_hide_header Sec-WebSocket-Protocol; }
    location /unasked { ${to(native)}${upgrade} proxy_set_header Sec-WebSocket-Protocol ""; }
    location /noupgrade-426 { ${to(bridge)} proxy_set_header Host $http_host; }
    location /noupgrade-502 { ${to(native)} proxy_set_header Host $http_host; }
    location /missing { return 404; }
    location /missing-cors { add_header Access-Control-Allow-Origin * always; return 404; }
    location /page { default_type text/html; return 200 "<p>Welcome</p>"; }
    location = /moved { return 301 /moved/; }
    location /forbidden { return 403; }
    location /login { return 401; }
    location /bad { return 400; }
    location /dropped { return 444; }
    location /down { ${to(closed)} }
    location /busy { return 503; }
    location /broken { return 500; }
    location /hanging { ${to(silent)} }`;
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
    listen 127.0.0.1:${ports.page} ssl${http2 ? " http2" : ""};
    listen 127.0.0.1:${ports.cross} ssl${http2 ? " http2" : ""};
    listen 127.0.0.1:${ports.plain};
    ${tls("good")}${locations}
    ${brokers}
  }
  server {
    listen 127.0.0.1:${ports.elsewhere} ssl${http2 ? " http2" : ""};
    ${tls("good")}${locations}
  }
  ${["expired", "othername", "untrusted"].map(bad).join("\n  ")}
  server {
    listen 127.0.0.1:${ports.clientcert} ssl;
    ${tls("good")}
    ssl_client_certificate ${home}/certificates/ca.pem;
    ssl_verify_client on;
    location / { ${to(bridge)}${upgrade} }
  }
}
`;
}
