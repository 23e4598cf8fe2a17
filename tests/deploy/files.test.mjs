// Pages and files through the gateway as it ships: TLS, types, compression, caching, redirects.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import tls from "node:tls";
import { brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { which } from "../../scripts/lib/which.mjs";
import { changedLines } from "../rig/deployed/copy.mjs";
import { openRig, temporaryFolder } from "../rig/rig.mjs";
import { eventually, get, handshake, startGateway } from "./support.mjs";

const MODULES = "/usr/lib/nginx/modules";
const script = `export const text = "${"a line of a script, ".repeat(200)}";\n`;
const wasm = Buffer.concat([
  Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
  Buffer.alloc(8000, "wasm code "),
]);

/** Pages as bundlers leave them. */
function pages() {
  const folder = temporaryFolder();
  mkdirSync(join(folder.path, "assets"));
  const files = {
    "index.html": "<!doctype html><title>page</title>",
    "app.js": script,
    "vendor-components.js": script,
    "module.mjs": script,
    "core.wasm": wasm,
    "app.3f9a01bc.js": script,
    "index-ABCD2345.js": script,
    "assets/index-BvT_kq9Z.js": script,
    "assets/core-x1.wasm": wasm,
    "ready.js": script,
    "ready.js.gz": gzipSync(`${script}// made in advance\n`),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder.path, name), content);
  return folder;
}

describe("nginx with the files of deploy/nginx", () => {
  const rig = openRig();
  after(rig.stop);
  let nginx;
  let root;
  before(async () => {
    root = await rig.use(Promise.resolve(pages()));
    ({ nginx } = await startGateway(rig, { root: root.path }));
  });

  it("has no complaint about them", () => {
    const { ok, text } = nginx.test();
    assert.ok(ok, text);
    // The limit of open files is the machine's matter, and so is who starts the tests.
    const complaints = text.split("\n").filter((line) => /\[(warn|error|alert|emerg)\]/.test(line));
    assert.deepEqual(
      complaints.filter((line) => !/the "user" directive makes sense only/.test(line)),
      [],
    );
  });

  it("starts them unchanged but for addresses, names, folders and the user", () => {
    assert.deepEqual(changedLines("nginx", nginx.folder), [
      "server 127.0.0.1:9001;                                                # (1) the broker's WebSocket listener",
      "listen 80;",
      "listen [::]:80;",
      "server_name push.example.com;",
      "location /.well-known/acme-challenge/ { root /var/www/html; }         # certbot --webroot -w /var/www/html",
      "location / { return 301 https://$server_name$request_uri; }",
      "listen 443 ssl;",
      "listen [::]:443 ssl;                                                  # without IPv6 remove both lines like this",
      "server_name push.example.com;                                         # (2) your name, here and above",
      "ssl_certificate /etc/letsencrypt/live/push.example.com/fullchain.pem;",
      "ssl_certificate_key /etc/letsencrypt/live/push.example.com/privkey.pem;",
      "access_log /var/log/nginx/gateway.log gateway;",
      "root /var/www/push;                                                   # (3) your pages",
      "user www-data;",
      "pid /run/nginx.pid;",
      "error_log /var/log/nginx/error.log warn;",
    ]);
  });

  describe("TLS", () => {
    const connect = (options) =>
      new Promise((resolve, reject) => {
        const socket = tls.connect({
          host: "localhost",
          port: nginx.port,
          servername: "localhost",
          ...options,
        });
        socket.once("error", reject).once("secureConnect", () => {
          resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().name });
          socket.destroy();
        });
      });
    const trusting = () => ({ ca: readFileSync(nginx.ca) });

    for (const version of ["TLSv1.2", "TLSv1.3"]) {
      it(`${version} is spoken, with a certificate that the authority vouches for`, async () => {
        const { protocol } = await connect({ ...trusting(), minVersion: version, maxVersion: version });
        assert.equal(protocol, version);
      });
    }

    for (const version of ["TLSv1", "TLSv1.1"]) {
      it(`${version} is refused`, async () => {
        // Level 0, so that it is the server who refuses.
        const old = { minVersion: version, maxVersion: version, ciphers: "ALL@SECLEVEL=0" };
        await assert.rejects(connect({ ...trusting(), ...old }), {
          code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
        });
      });
    }

    it("ciphers without forward secrecy or authentication of data are refused", async () => {
      for (const ciphers of ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA"]) {
        const options = { ...trusting(), maxVersion: "TLSv1.2", ciphers };
        await assert.rejects(connect(options), { code: "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE" }, ciphers);
      }
    });

    it("phones may choose ChaCha20", async () => {
      const ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256";
      const { cipher } = await connect({ ...trusting(), maxVersion: "TLSv1.2", ciphers });
      assert.equal(cipher, "ECDHE-ECDSA-CHACHA20-POLY1305");
    });
  });

  describe("types and compression", () => {
    const types = {
      "/": "text/html; charset=utf-8",
      "/app.js": "application/javascript; charset=utf-8",
      "/module.mjs": "text/javascript; charset=utf-8",
      "/core.wasm": "application/wasm",
    };
    for (const [path, type] of Object.entries(types)) {
      it(`${path} is ${type}`, async () => {
        const { status, headers } = await get(nginx.origin + path);
        assert.deepEqual([status, headers["content-type"]], [200, type]);
        assert.equal(headers["x-content-type-options"], "nosniff");
      });
    }

    for (const [path, content] of Object.entries({ "/app.js": Buffer.from(script), "/core.wasm": wasm })) {
      it(`${path} is compressed for who can take it, and only for them`, async () => {
        const zipped = await get(nginx.origin + path, { "Accept-Encoding": "gzip, br" });
        assert.equal(zipped.headers["content-encoding"], "gzip");
        assert.match(zipped.headers.vary, /accept-encoding/i);
        assert.ok(zipped.bytes.length < content.length / 2, `${zipped.bytes.length} bytes`);
        assert.deepEqual(gunzipSync(zipped.bytes), content);
        const plain = await get(nginx.origin + path);
        assert.equal(plain.headers["content-encoding"], undefined);
        assert.deepEqual(plain.bytes, content);
      });
    }

    it("what was compressed in advance is sent as it is", async () => {
      const { bytes } = await get(`${nginx.origin}/ready.js`, { "Accept-Encoding": "gzip" });
      assert.match(gunzipSync(bytes).toString(), /made in advance/);
    });
  });

  describe("caching", () => {
    const immutable = "public, max-age=31536000, immutable";
    const expected = {
      "/": "no-cache",
      "/app.js": "no-cache",
      "/core.wasm": "no-cache",
      "/vendor-components.js": "no-cache",
      "/app.3f9a01bc.js": immutable,
      "/index-ABCD2345.js": immutable,
      "/assets/index-BvT_kq9Z.js": immutable,
      "/assets/core-x1.wasm": immutable,
    };
    for (const [path, value] of Object.entries(expected)) {
      it(`${path}: ${value}`, async () => {
        const { headers } = await get(nginx.origin + path);
        assert.equal(headers["cache-control"], value);
      });
    }

    it("what is not there is not kept", async () => {
      const { status, headers } = await get(`${nginx.origin}/assets/gone-1.js`);
      assert.deepEqual([status, headers["cache-control"]], [404, undefined]);
    });

    it("asking again for what has not changed costs no body", async () => {
      const { headers } = await get(`${nginx.origin}/app.js`);
      const again = await get(`${nginx.origin}/app.js`, { "If-None-Match": headers.etag });
      assert.deepEqual([again.status, again.bytes.length], [304, 0]);
    });
  });

  it("HSTS is said once in every answer, errors included", async () => {
    for (const path of ["/", "/missing", "/mqtt", "/mqtt-mini"]) {
      const { headers } = await get(nginx.origin + path);
      assert.equal(headers["strict-transport-security"], "max-age=86400", path);
    }
  });

  it("plain HTTP leads to HTTPS, and serves the challenges of ACME", async () => {
    const challenges = join(nginx.folder, "..", "acme", ".well-known", "acme-challenge");
    mkdirSync(challenges, { recursive: true });
    writeFileSync(join(challenges, "token"), "proof");
    const ask = (path) =>
      new Promise((resolve, reject) => {
        http
          .get({ port: nginx.plainPort, host: "127.0.0.1", path, agent: false }, async (response) => {
            resolve([response.statusCode, response.headers.location, (await response.toArray()).join("")]);
          })
          .on("error", reject);
      });
    const [status, location] = await ask("/page?x=1");
    assert.deepEqual([status, location], [301, `${nginx.origin}/page?x=1`]);
    assert.deepEqual(await ask("/.well-known/acme-challenge/token"), [200, undefined, "proof"]);
  });

  it("logs no query string, where tokens would be", async () => {
    await get(`${nginx.origin}/app.js?token=tell-nobody`, { "User-Agent": "the one who asked" });
    const log = () => readFileSync(nginx.accessLog, "utf8");
    await eventually(() => /GET \/app\.js 200 .*"the one who asked"/.test(log()), "the line in the log");
    assert.doesNotMatch(log(), /tell-nobody/);
  });
});

describe("options of nginx for files", () => {
  const rig = openRig();
  after(rig.stop);

  it("brotli, with its modules", async () => {
    const root = await rig.use(Promise.resolve(pages()));
    const modules = ["filter", "static"].map((kind) => `${MODULES}/ngx_http_brotli_${kind}_module.so`);
    for (const file of modules) assert.ok(which(file), `${file} is missing: npm run setup`);
    const { nginx } = await startGateway(rig, {
      root: root.path,
      changes: [
        ["include modules-enabled/*.conf;", modules.map((file) => `load_module ${file};`).join("\n")],
        ["# include gateway/brotli.conf;", "include gateway/brotli.conf;"],
      ],
    });
    for (const [path, content] of Object.entries({ "/app.js": Buffer.from(script), "/core.wasm": wasm })) {
      const { headers, bytes } = await get(nginx.origin + path, { "Accept-Encoding": "gzip, br" });
      assert.equal(headers["content-encoding"], "br", path);
      assert.deepEqual(brotliDecompressSync(bytes), content);
    }
  });

  it("HTTP/2, said in the way of this nginx, beside WebSockets", async () => {
    const root = await rig.use(Promise.resolve(pages()));
    // After the values of this machine have been put in: "listen 127.0.0.1:PORT ssl;".
    const { nginx } = await startGateway(rig, { root: root.path, changes: [[" ssl;", " ssl http2;"]] });
    const session = http2.connect(nginx.origin, { rejectUnauthorized: false });
    const ask = (path) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":path": path });
        stream.on("error", reject).on("response", (headers) => resolve(headers));
        stream.resume();
      });
    try {
      assert.equal((await ask("/app.js"))[":status"], 200);
      // Header Upgrade would make the answer malformed here.
      const answer = await ask("/mqtt");
      assert.deepEqual([answer[":status"], answer.upgrade], [426, undefined]);
    } finally {
      session.close();
    }
    const { status, socket } = await handshake(nginx.web, ["mqtt"]);
    assert.equal(status, 101);
    socket.terminate();
  });
});
